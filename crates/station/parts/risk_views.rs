//! The risk as the console says it.

use watchfire_console::view::{
    RiskAreaPage, RiskAreaView, RiskBands, RiskFactorView, RiskHistoryPoint, RiskHistoryView, RiskPage, RiskPartView,
    RiskPoints, RiskRankView, RiskSiteView, RiskUnitView, Text, When,
};
use watchfire_console::{RiskQuestion, kind_name};
use watchfire_model::{DistrictPath, SiteId};
use watchfire_rules::risk::{AreaView, Band, FactorView, History, PartView, Place, Ranked, Risk, UnitView};

/// Answers a question of the console.
pub(crate) fn answer(question: RiskQuestion, risk: &Risk) {
    // Who does not wait any more needs no answer.
    match question {
        RiskQuestion::Ranking { district, building, band, offset, limit, reply } => {
            let wanted = |ranked: &Ranked<'_>| {
                building.as_deref().is_none_or(|building| ranked.premises.building.as_deref() == Some(building))
                    && band.is_none_or(|band| ranked.band.as_str() == band)
            };
            let _ = reply.send(ranking(risk, district.as_ref(), wanted, (offset, limit)));
        }
        RiskQuestion::Areas { buildings, offset, limit, reply } => {
            let _ = reply.send(areas(risk, buildings, (offset, limit)));
        }
        RiskQuestion::Area { district, building, reply } => {
            let place = match (building, district) {
                (Some(building), district) => Some(Place::Building { district, building: building.into() }),
                (None, Some(district)) => Some(Place::District(district)),
                (None, None) => None,
            };
            let found = place.and_then(|place| Some(area(&risk.area(&place)?, true)));
            let _ = reply.send(found);
        }
        RiskQuestion::Site { site, reply } => {
            let _ = reply.send(whole_site(risk, &site));
        }
    }
}

fn ranking(
    risk: &Risk,
    district: Option<&DistrictPath>,
    wanted: impl Fn(&Ranked<'_>) -> bool,
    (offset, limit): (u32, u32),
) -> RiskPage {
    let counts = risk.counts();
    let found: Vec<Ranked<'_>> = risk.ranking(district).into_iter().filter(wanted).collect();
    let shown = found.iter().skip(offset as usize).take(limit as usize);
    RiskPage {
        settings_version: risk.settings_version(),
        at: risk.now().map(When),
        total: u32::try_from(found.len()).unwrap_or(u32::MAX),
        bands: RiskBands {
            red: counts.of(Band::Red),
            orange: counts.of(Band::Orange),
            yellow: counts.of(Band::Yellow),
            blue: counts.of(Band::Blue),
        },
        units: shown.filter_map(|ranked| rank(risk, ranked)).collect(),
    }
}

fn rank(risk: &Risk, ranked: &Ranked<'_>) -> Option<RiskRankView> {
    let view = risk.site(ranked.site)?;
    let points = |part: &PartView| RiskPoints {
        part: part.part.as_str(),
        label: Text::from(&part.part.words()),
        points: points(part.milli),
    };
    Some(RiskRankView {
        rank: ranked.rank,
        site: ranked.site.to_string(),
        name: Text::from(ranked.name),
        kind: kind_name(ranked.kind),
        district: ranked.premises.district.as_ref().map(ToString::to_string),
        building: ranked.premises.building.as_ref().map(ToString::to_string),
        listed: ranked.listed,
        score: ranked.score,
        standing: self::points(ranked.standing_milli),
        band: ranked.band.as_str(),
        fires: ranked.fires,
        known_percent: ranked.known_percent,
        inspected_at: ranked.inspected_at.map(When),
        parts: view.parts.iter().map(points).collect(),
        why: Text::from(&view.why),
    })
}

fn areas(risk: &Risk, buildings: Option<bool>, (offset, limit): (u32, u32)) -> RiskAreaPage {
    let is_building = |view: &AreaView<'_>| matches!(view.place, Place::Building { .. });
    let mut found: Vec<AreaView<'_>> =
        risk.areas().filter(|view| buildings.is_none_or(|buildings| is_building(view) == buildings)).collect();
    found.sort_by(|a, b| (b.fires > 0, b.milli).cmp(&(a.fires > 0, a.milli)).then_with(|| a.place.cmp(b.place)));
    let shown = found.iter().skip(offset as usize).take(limit as usize);
    RiskAreaPage {
        total: u32::try_from(found.len()).unwrap_or(u32::MAX),
        areas: shown.map(|view| area(view, false)).collect(),
    }
}

fn area(view: &AreaView<'_>, with_history: bool) -> RiskAreaView {
    let (district, building) = match view.place {
        Place::Building { district, building } => (district.as_ref(), Some(building.to_string())),
        Place::District(district) => (Some(district), None),
        Place::Site(_) | Place::Zone(..) => (None, None),
    };
    RiskAreaView {
        district: district.map(ToString::to_string),
        building,
        score: view.score,
        band: view.band.as_str(),
        units: view.units,
        fires: view.fires,
        why: Text::from(&view.why),
        history: with_history.then(|| history(view.history)),
    }
}

fn whole_site(risk: &Risk, site: &SiteId) -> Option<RiskSiteView> {
    Some(RiskSiteView {
        site: site.to_string(),
        unit: unit(&risk.site(site)?),
        zones: risk.zones(site).iter().map(unit).collect(),
    })
}

fn unit(view: &UnitView<'_>) -> RiskUnitView {
    RiskUnitView {
        zone: match &view.place {
            Place::Zone(_, zone) => Some(zone.to_string()),
            Place::Site(_) | Place::Building { .. } | Place::District(_) => None,
        },
        name: Text::from(view.name),
        score: view.score,
        standing: points(view.standing_milli),
        band: view.band.as_str(),
        fires: view.fires,
        known_percent: view.known_percent,
        settings_version: view.settings_version,
        inspected_at: view.inspected_at.map(When),
        why: Text::from(&view.why),
        parts: view.parts.iter().map(part).collect(),
        history: history(view.history),
    }
}

fn part(view: &PartView) -> RiskPartView {
    RiskPartView {
        part: view.part.as_str(),
        label: Text::from(&view.part.words()),
        points: points(view.milli),
        points_max: view.points_max,
        why: Text::from(&view.why),
        factors: view.factors.iter().map(factor).collect(),
    }
}

fn factor(view: &FactorView) -> RiskFactorView {
    RiskFactorView {
        name: view.name.clone(),
        label: Text::from(&view.label),
        points: points(view.milli),
        points_max: view.points_max,
        missing: view.missing,
        why: Text::from(&view.why),
    }
}

fn history(history: &History) -> RiskHistoryView {
    let point = |point: watchfire_rules::risk::HistoryPoint| RiskHistoryPoint {
        at: When(point.at),
        peak: point.peak,
        last: point.last,
    };
    RiskHistoryView { hours: history.hours().map(point).collect(), days: history.days().map(point).collect() }
}

/// Thousandths of a point as points with one decimal, rounded down as scores are.
fn points(milli: u32) -> f64 {
    f64::from(milli / 100) / 10.0
}
