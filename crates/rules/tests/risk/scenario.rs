//! Scenarios: what comes in, and behind `>` what comes out. Form:
//!
//! ```text
//! site ID KIND [district=D] [building=B] [built=Y] [height=M] [resistance=N] [walls=true|false] [residents=N] [zones=a,b]
//! devices SITE[/ZONE] PREFIX COUNT                           so many devices
//! unsite ID
//! settings KEY=VALUE…                                        points of factors by name, for a small change
//! TIME setup | TIME journaled                                the sites so far come into force; the second as an entry
//! TIME frame SITE DEVICE [POINT:]METRIC=VALUE… [at=TIME]     a frame; the point is the metric's name unless said
//! TIME alert #N PLACE STEP [CLASS]                           a transition: raise escalate clear ack false real test
//!                                                            forward close reopen return; with in-test at its end
//!                                                            it is marked as belonging to a test
//! TIME unanswered SITE/SOURCE/NAME                           the station's notice of a missed duty check
//! TIME until                                                 a tick
//! restart                                                    snapshot and restore
//! show SITE | zones SITE | areas | ranking [DISTRICT] | history SITE
//! ```
//! Every change of a score is printed as it comes. `WATCHFIRE_BLESS=1` writes what comes out into the files.

use crate::stage::{Stage, clock, time};
use std::fmt::Write;
use std::path::Path;
use watchfire_model::*;
use watchfire_rules::Event;
use watchfire_rules::risk::{Change, Place, UnitView};

#[test]
fn scenarios_come_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/risk/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let got = Scenario { stage: Stage::new(), out: String::new() }.run(&text);
        if std::env::var_os("WATCHFIRE_BLESS").is_some() {
            std::fs::write(&file, &got).unwrap();
        } else if got != text {
            wrong.push(format!("{}:\n{}", file.display(), first_difference(&text, &got)));
        }
    }
    assert!(wrong.is_empty(), "{}\nWATCHFIRE_BLESS=1 accepts what came out", wrong.join("\n"));
}

fn first_difference(wanted: &str, got: &str) -> String {
    let mut lines = wanted.lines().zip(got.lines()).enumerate().filter(|(_, (wanted, got))| wanted != got);
    match lines.next() {
        Some((line, (wanted, got))) => format!("line {}\n  wanted: {wanted}\n  got:    {got}", line + 1),
        None => format!("wanted {} lines, got {}", wanted.lines().count(), got.lines().count()),
    }
}

struct Scenario {
    stage: Stage,
    out: String,
}

impl Scenario {
    fn run(mut self, text: &str) -> String {
        for line in text.lines().filter(|line| !line.starts_with('>')) {
            writeln!(self.out, "{line}").unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [word, ..] if word.starts_with('#') => {}
                ["site", id, kind, details @ ..] => self.site(id, kind, details),
                ["devices", place, prefix, count] => {
                    let (site, zone) = place.split_once('/').map_or((*place, None), |(site, zone)| (site, Some(zone)));
                    self.stage.devices(site, zone, prefix, count.parse().unwrap());
                }
                ["unsite", id] => drop(self.stage.sites.sites.remove(*id)),
                ["settings", pairs @ ..] => self.settings(pairs),
                ["restart"] => self.stage.restart(),
                ["show", site] => self.show(site),
                ["zones", site] => self.zones(site),
                ["areas"] => self.areas(),
                ["ranking", within @ ..] => self.ranking(within.first().copied()),
                ["history", site] => self.history(site),
                [at, command, rest @ ..] => self.timed(time(at), command, rest),
                _ => panic!("not understood: {line}"),
            }
        }
        self.out
    }

    fn site(&mut self, id: &str, kind: &str, details: &[&str]) {
        let kind = match kind {
            "home" => SiteKind::Home,
            "care_home" => SiteKind::CareHome,
            "building" => SiteKind::Building,
            _ => SiteKind::Other,
        };
        let site = self.stage.site(id, kind);
        for (key, value) in details.iter().map(|detail| detail.split_once('=').unwrap()) {
            let premises = &mut site.premises;
            match key {
                "district" => premises.district = Some(value.parse().unwrap()),
                "building" => premises.building = Some(value.into()),
                "built" => premises.built = Some(value.parse().unwrap()),
                "height" => premises.height_m = Some(value.parse().unwrap()),
                "resistance" => premises.fire_resistance = Some(value.parse().unwrap()),
                "walls" => premises.combustible_walls = Some(value.parse().unwrap()),
                "residents" => premises.residents = Some(value.parse().unwrap()),
                "zones" => {
                    let zones = value.split(',');
                    site.zones = zones.map(|id| (id.parse().unwrap(), Zone { name: Bilingual::same(id) })).collect();
                }
                _ => panic!("not understood: {key}"),
            }
        }
    }

    fn settings(&mut self, pairs: &[&str]) {
        self.stage.settings.version += 1;
        for (name, points) in pairs.iter().map(|pair| pair.split_once('=').unwrap()) {
            let factor = self.stage.settings.factors.iter_mut().find(|factor| factor.name == name).unwrap();
            factor.points = points.parse().unwrap();
        }
    }

    fn timed(&mut self, at: Timestamp, command: &str, rest: &[&str]) {
        match command {
            "setup" => self.stage.set_up(at),
            "journaled" => self.stage.journaled_set_up(at),
            "frame" => self.frame(at, rest),
            "alert" => self.stage.alert(at, rest[0].trim_start_matches('#').parse().unwrap(), rest[1], &rest[2..]),
            "unanswered" => {
                let (kind, subject) = (NoticeKind::DutyUnanswered, rest[0].to_owned());
                let notice = Notice { kind, subject, detail: Bilingual::default(), active: true };
                self.stage.apply(at, &Event::Notice(&notice), &[]);
            }
            "until" => self.stage.apply(at, &Event::Tick, &[]),
            _ => panic!("not understood: {command}"),
        }
        for change in std::mem::take(&mut self.stage.changes) {
            self.print(&change);
        }
    }

    fn frame(&mut self, at: Timestamp, rest: &[&str]) {
        let said_at = rest.iter().find_map(|word| word.strip_prefix("at=")).map_or(at, time);
        let words = rest[2..].iter().filter(|word| !word.starts_with("at="));
        let said: Vec<_> = words
            .map(|word| {
                let (what, value) = word.split_once('=').unwrap();
                let (point, metric) = what.split_once(':').unwrap_or((what, what));
                let value = match value {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    number => Value::Number(number.parse().unwrap()),
                };
                (point, metric, value, said_at)
            })
            .collect();
        self.stage.frame(at, rest[0], rest[1], &said);
    }

    fn print(&mut self, change: &Change) {
        let from = change.from.map_or("-".to_owned(), |from| from.to_string());
        let fires = if change.fires > 0 { format!(" fires {}", change.fires) } else { String::new() };
        let moved = change.moved.map_or(String::new(), |part| format!(" by {}", part.as_str()));
        let place = place(&change.place);
        writeln!(self.out, "> {} {place} {from} -> {}{fires}{moved}", clock(change.at), change.to).unwrap();
    }

    fn show(&mut self, site: &str) {
        let site: SiteId = site.parse().unwrap();
        let view = self.stage.risk().site(&site).unwrap();
        let out = &mut self.out;
        heading(out, &view);
        for part in &view.parts {
            writeln!(out, ">   {} {} of {}", part.part.as_str(), points(part.milli), part.points_max).unwrap();
            if part.factors.is_empty() {
                writeln!(out, ">     {}\n>     {}", part.why.en, part.why.zh).unwrap();
            }
            for factor in &part.factors {
                let missing = if factor.missing { " missing" } else { "" };
                let (en, zh) = (&factor.why.en, &factor.why.zh);
                let given = points(factor.milli);
                writeln!(out, ">     {given}/{} {}{missing}: {en} | {zh}", factor.points_max, factor.name).unwrap();
            }
        }
        let sum: u32 = view.parts.iter().map(|part| part.milli).sum();
        assert_eq!(sum, view.milli, "the parts of {site} add up");
    }

    fn zones(&mut self, site: &str) {
        let site: SiteId = site.parse().unwrap();
        for view in self.stage.risk().zones(&site) {
            heading(&mut self.out, &view);
        }
    }

    fn areas(&mut self) {
        for area in self.stage.risk().areas() {
            let (place, points, band) = (place(area.place), points(area.milli), area.band.as_str());
            writeln!(self.out, "> {place} {points} {band} units {} fires {}", area.units, area.fires).unwrap();
            writeln!(self.out, ">   {}\n>   {}", area.why.en, area.why.zh).unwrap();
        }
    }

    fn ranking(&mut self, within: Option<&str>) {
        let within = within.map(|district| district.parse().unwrap());
        for unit in self.stage.risk().ranking(within.as_ref()) {
            let inspected = unit.inspected_at.map_or("never".to_owned(), clock);
            let (points, known, band) = (points(unit.milli), unit.known_percent, unit.band.as_str());
            let listed = if unit.listed { "" } else { " unlisted" };
            let site = unit.site;
            writeln!(self.out, "> {}. {site} {points} {band} known {known} % inspected {inspected}{listed}", unit.rank)
                .unwrap();
        }
    }

    fn history(&mut self, site: &str) {
        let view = self.stage.risk().site(&site.parse().unwrap()).unwrap();
        for (name, points) in
            [("hour", view.history.hours().collect::<Vec<_>>()), ("day", view.history.days().collect())]
        {
            for point in points {
                writeln!(self.out, "> {name} {} peak {} last {}", clock(point.at), point.peak, point.last).unwrap();
            }
        }
    }
}

fn heading(out: &mut String, view: &UnitView<'_>) {
    let (place, milli, standing) = (place(&view.place), points(view.milli), points(view.standing_milli));
    let (band, known, version) = (view.band.as_str(), view.known_percent, view.settings_version);
    writeln!(out, "> {place} {milli} {band} standing {standing} known {known} % settings {version}").unwrap();
    writeln!(out, ">   {}\n>   {}", view.why.en, view.why.zh).unwrap();
}

fn place(place: &Place) -> String {
    match place {
        Place::Site(site) => format!("site {site}"),
        Place::Zone(site, zone) => format!("zone {site}/{zone}"),
        Place::Building { district: Some(district), building } => format!("building {district}/{building}"),
        Place::Building { district: None, building } => format!("building {building}"),
        Place::District(district) => format!("district {district}"),
    }
}

fn points(milli: u32) -> String {
    format!("{}.{:03}", milli / 1_000, milli % 1_000)
}
