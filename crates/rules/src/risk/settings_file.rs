//! `risk.toml` to checked settings. Every problem is reported at once, with its line and key. The shipped file explains
//! each key where it stands.
//!
//! ```toml
//! version = 1                        # counted by the author, shown with every score
//! [bands]                            # the least score of each colour; below yellow is blue
//! red = 60
//! orange = 40
//! yellow = 20
//! [live]                             # open alerts by class: how far one closes the gap to 100, in percent; a fire: 100
//! gas = 85
//! [night]
//! from = "22:00"
//! until = "06:00"
//! [time_zones."Asia/Shanghai"]       # a time zone of sites; in one that is not here night is not known
//! offset = "+08:00"
//! [weather]                          # may be left out
//! sites = ["met-office"]             # whose weather also speaks for their district
//! [districts]
//! worst_percent = 10                 # a district is the mean of this worst share of its units
//! [[factor]]                         # the points of all add up to 100
//! name = "overdue-hazards"           # an id, unique
//! label = { en = "…", zh = "…" }
//! part = "hazards"                   # faults | false_alarms | duty | hazards | water | electrical | occupants |
//!                                    # weather | premises
//! points = 12
//! neutral_percent = 25               # of the points, while it is not known (25)
//! measure = "reading"                # or one of those in `MEASURES` below
//! none_at = 0                        # no points up to here
//! half_at = 3                        # half of them here; below none_at where less is worse
//! site_kinds = ["building"]          # at all kinds when absent
//! metric = "vendor.risk.overdue_hazards"      # these five for measure = "reading" only
//! unit = "Cel"                       # of a canonical metric with a unit
//! from = "site"                      # site | weather | device
//! join = "sum"                       # worst | sum (worst)
//! stale_after_h = 6                  # not known any more after this (it stays)
//! classes = ["water"]                # for measure = "open_alerts" only
//! percent = { care_home = 80 }       # for measure = "site_kind" only, instead of none_at and half_at
//! ```

use super::settings::{Bands, FACTORS_MAX, Factor, Join, Measure, Night, Origin, POINTS, Part, RiskSettings, Scale};
use crate::metric_keys::known_metric;
use crate::metric_limits::possible;
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{Bilingual, Class, Metric, SiteId, SiteKind, Unit};
use watchfire_settings::{Problem, Section};

/// What an unknown factor gives unless it is said otherwise, in percent of its points.
const NEUTRAL_PERCENT: u64 = 25;
/// A figure older than a year is nobody's business any more.
const STALE_H_MAX: u64 = 8_784;
/// No alert but a fire may reach 100.
const LIVE_PERCENT_MAX: u64 = 95;

const KINDS: [(&str, SiteKind); 4] = [
    ("home", SiteKind::Home),
    ("care_home", SiteKind::CareHome),
    ("building", SiteKind::Building),
    ("other", SiteKind::Other),
];
const ORIGINS: [(&str, Origin); 3] = [("site", Origin::Site), ("weather", Origin::Weather), ("device", Origin::Device)];
const JOINS: [(&str, Join); 2] = [("worst", Join::Worst), ("sum", Join::Sum)];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    OpenFaults,
    OfflineHours,
    FalseAlarms,
    PastFires,
    MissedDutyChecks,
    OpenAlerts,
    HelpedPerNightStaff,
    SiteKind,
    Age,
    Height,
    FireResistance,
    CombustibleWalls,
    Residents,
    Reading,
}

const MEASURES: [(&str, Word); 14] = [
    ("open_faults", Word::OpenFaults),
    ("offline_hours", Word::OfflineHours),
    ("false_alarms", Word::FalseAlarms),
    ("past_fires", Word::PastFires),
    ("missed_duty_checks", Word::MissedDutyChecks),
    ("open_alerts", Word::OpenAlerts),
    ("helped_per_night_staff", Word::HelpedPerNightStaff),
    ("site_kind", Word::SiteKind),
    ("age", Word::Age),
    ("height", Word::Height),
    ("fire_resistance", Word::FireResistance),
    ("combustible_walls", Word::CombustibleWalls),
    ("residents", Word::Residents),
    ("reading", Word::Reading),
];

impl RiskSettings {
    /// Reads the settings; `file` is the name in problems.
    ///
    /// # Errors
    /// Every problem of the file.
    pub fn parse(file: &str, text: &str) -> Result<RiskSettings, Vec<Problem>> {
        watchfire_settings::read(file, text, |root| {
            let version = root.integer("version", 1..=u64::from(u32::MAX));
            let bands = root.table("bands", read_bands);
            let live = root.table("live", read_live);
            let night = root.table("night", read_night);
            let time_zones = root.tables("time_zones", read_time_zone).into_iter().collect();
            let weather_sites = root.optional_table("weather", |section| Some(section.list("sites", site)));
            let worst = root.table("districts", |section| section.integer("worst_percent", 1..=100));
            let mut names = BTreeSet::new();
            let factors = root.array("factor", |section| read_factor(section, &mut names));
            let points: u32 = factors.iter().map(|factor| u32::from(factor.points)).sum();
            if points != POINTS && !factors.is_empty() {
                root.problem("factor", format!("the points add up to {points}; make them {POINTS}"));
            }
            if factors.is_empty() || factors.len() > FACTORS_MAX {
                root.problem("factor", format!("there are {}; use 1 to {FACTORS_MAX}", factors.len()));
            }
            Some(RiskSettings {
                version: u32::try_from(version?).ok()?,
                bands: bands?,
                live: live?,
                night: night?,
                time_zones,
                weather_sites: weather_sites.unwrap_or_default().into_iter().collect(),
                district_worst_percent: u8::try_from(worst?).ok()?,
                factors,
            })
        })
    }
}

fn read_bands(section: &mut Section<'_>) -> Option<Bands> {
    let mut band = |key| section.integer(key, 1..=100).and_then(|score| u8::try_from(score).ok());
    let (red, orange, yellow) = (band("red"), band("orange"), band("yellow"));
    let bands = Bands { red: red?, orange: orange?, yellow: yellow? };
    if bands.red <= bands.orange || bands.orange <= bands.yellow {
        section.problem("red", "must be more than orange, and orange more than yellow");
    }
    Some(bands)
}

fn read_live(section: &mut Section<'_>) -> Option<BTreeMap<Class, u8>> {
    if section.optional_integer("fire", 0..=100).is_some_and(|percent| percent != 100) {
        section.problem("fire", "is always 100: leave it out");
    }
    let mut live = BTreeMap::new();
    for class in Class::ALL.iter().filter(|class| **class != Class::Fire) {
        let percent = section.optional_integer(class.as_str(), 0..=LIVE_PERCENT_MAX);
        let percent = percent.and_then(|percent| u8::try_from(percent).ok());
        live.extend(percent.filter(|percent| *percent > 0).map(|percent| (*class, percent)));
    }
    Some(live)
}

fn read_night(section: &mut Section<'_>) -> Option<Night> {
    let mut clock = |key: &str| {
        let text = section.text(key)?;
        let minutes = minutes(&text);
        if minutes.is_none() {
            section.problem(key, format!("`{text}` is not a time of day such as 22:00"));
        }
        minutes
    };
    let (from, until) = (clock("from"), clock("until"));
    let night = Night { from_min: from?, until_min: until? };
    if night.until_min >= night.from_min {
        section.problem("until", "must be before `from`: the night goes over midnight");
    }
    Some(night)
}

fn read_time_zone(name: &str, section: &mut Section<'_>) -> Option<(String, i32)> {
    let text = section.text("offset")?;
    let offset = offset(&text);
    if offset.is_none() {
        section.problem("offset", format!("`{text}` is not an offset such as +08:00"));
    }
    Some((name.to_owned(), offset?))
}

fn offset(text: &str) -> Option<i32> {
    let (sign, rest) =
        text.strip_prefix('+').map(|rest| (1, rest)).or(text.strip_prefix('-').map(|rest| (-1, rest)))?;
    let minutes = minutes(rest).filter(|minutes| *minutes <= 14 * 60)?;
    Some(sign * i32::from(minutes) * 60)
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn read_factor(section: &mut Section<'_>, names: &mut BTreeSet<String>) -> Option<Factor> {
    let name = section.text("name");
    if let Some(name) = &name {
        if watchfire_model::SiteId::new(name).is_err() {
            section.problem("name", format!("`{name}` is not an id: use a-z, 0-9, `_` and `-`"));
        }
        if !names.insert(name.clone()) {
            section.problem("name", format!("`{name}` is there twice"));
        }
    }
    let label = section.table("label", |label| {
        let (en, zh) = (label.text("en"), label.text("zh"));
        Some(Bilingual { en: en?, zh: zh? })
    });
    let parts: Vec<(&str, Part)> =
        Part::ALL.iter().filter(|part| **part != Part::Live).map(|part| (part.as_str(), *part)).collect();
    let part = section.choice("part", &parts);
    let points = section.integer("points", 1..=u64::from(POINTS));
    let neutral = section.integer_or("neutral_percent", NEUTRAL_PERCENT, 0..=100);
    let site_kinds = section.list("site_kinds", site_kind);
    let word = section.choice("measure", &MEASURES);
    let measure = word.and_then(|word| read_measure(section, word));
    let scale = read_scale(section, word, measure.as_ref());
    Some(Factor {
        name: name?.into(),
        label: label?,
        part: part?,
        points: u8::try_from(points?).ok()?,
        neutral_percent: u8::try_from(neutral).ok()?,
        measure: measure?,
        scale: scale?,
        site_kinds: site_kinds.into_iter().collect(),
    })
}

fn site(text: &str) -> Result<SiteId, String> {
    SiteId::new(text).map_err(|error| error.to_string())
}

fn site_kind(text: &str) -> Result<SiteKind, String> {
    let found = KINDS.iter().find(|(word, _)| *word == text).map(|(_, kind)| *kind);
    found.ok_or_else(|| format!("`{text}` is not a kind of site; use home, care_home, building or other"))
}

fn read_measure(section: &mut Section<'_>, word: Word) -> Option<Measure> {
    Some(match word {
        Word::OpenFaults => Measure::OpenFaults,
        Word::OfflineHours => Measure::OfflineHours,
        Word::FalseAlarms => Measure::FalseAlarms,
        Word::PastFires => Measure::PastFires,
        Word::MissedDutyChecks => Measure::MissedDutyChecks,
        Word::HelpedPerNightStaff => Measure::HelpedPerNightStaff,
        Word::Age => Measure::Age,
        Word::Height => Measure::Height,
        Word::FireResistance => Measure::FireResistance,
        Word::CombustibleWalls => Measure::CombustibleWalls,
        Word::Residents => Measure::Residents,
        Word::OpenAlerts => return read_open_alerts(section),
        Word::SiteKind => return read_site_kind(section),
        Word::Reading => return read_reading(section),
    })
}

fn read_open_alerts(section: &mut Section<'_>) -> Option<Measure> {
    let classes = section.list("classes", |text| {
        let found = Class::ALL.iter().find(|class| class.as_str() == text);
        found.copied().ok_or_else(|| format!("`{text}` is not a class"))
    });
    if classes.is_empty() {
        section.problem("classes", "names no class");
        return None;
    }
    Some(Measure::OpenAlerts { classes: classes.into_iter().collect() })
}

fn read_site_kind(section: &mut Section<'_>) -> Option<Measure> {
    let percent = section.table("percent", |table| {
        let shares = KINDS.iter().filter_map(|(word, kind)| Some((*kind, table.optional_integer(word, 0..=100)?)));
        Some(shares.filter_map(|(kind, percent)| Some((kind, u8::try_from(percent).ok()?))).collect())
    });
    Some(Measure::SiteKind { percent: percent? })
}

fn read_reading(section: &mut Section<'_>) -> Option<Measure> {
    let text = section.text("metric");
    let unit = section.optional_text("unit");
    let from = section.choice("from", &ORIGINS);
    let join = section.choice_or("join", Join::Worst, &JOINS);
    let stale_after_h = section.optional_integer("stale_after_h", 1..=STALE_H_MAX);
    let metric = match known_metric(&text?) {
        Ok(metric) => metric,
        Err(message) => {
            section.problem("metric", message);
            return None;
        }
    };
    check_unit(section, &metric, unit.as_deref());
    let stale_after_h = stale_after_h.and_then(|hours| u32::try_from(hours).ok());
    Some(Measure::Reading { metric, from: from?, join, stale_after_h })
}

fn check_unit(section: &mut Section<'_>, metric: &Metric, said: Option<&str>) {
    match (metric.unit().map(Unit::code), said) {
        (Some(code), None) => section.problem("unit", format!("is missing: `{metric}` is in `{code}`")),
        (Some(code), Some(said)) if said != code => {
            section.problem("unit", format!("is `{said}`; `{metric}` is in `{code}`"));
        }
        (None, Some(_)) => section.problem("unit", format!("`{metric}` has no unit here; leave it out")),
        _ => {}
    }
}

fn read_scale(section: &mut Section<'_>, word: Option<Word>, measure: Option<&Measure>) -> Option<Scale> {
    if word == Some(Word::SiteKind) {
        return Some(Scale { none_at: 0, half_at: 1 });
    }
    let (none_at, half_at) = (section.number("none_at"), section.number("half_at"));
    let scale = Scale { none_at: milli(none_at?), half_at: milli(half_at?) };
    if scale.none_at == scale.half_at {
        section.problem("half_at", "is the same as none_at: say in which direction it gets worse");
    }
    if !matches!(measure, Some(Measure::Reading { .. }) | None) && (scale.none_at < 0 || scale.half_at < scale.none_at)
    {
        section
            .problem("half_at", "must be more than none_at, and that not below 0: this figure is worse the more it is");
    }
    let possible = measure.and_then(|measure| match measure {
        Measure::Reading { metric, .. } => possible(metric),
        _ => None,
    });
    if let Some((least, most)) = possible {
        for (key, figure) in [("none_at", none_at?), ("half_at", half_at?)] {
            if figure < least || figure > most {
                section.problem(key, format!("is {figure}, which cannot be; use {least} to {most}"));
            }
        }
    }
    Some(scale)
}

/// In thousandths.
#[expect(clippy::cast_possible_truncation, reason = "clamped far inside the range of i64 before")]
fn milli(number: f64) -> i64 {
    (number * 1_000.0).clamp(-1e15, 1e15).round() as i64
}
