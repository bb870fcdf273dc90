//! Rule files: TOML to checked rules. Every problem is reported at once, with its file, line and key.
//!
//! ```toml
//! [[rule]]
//! name = "hot-room"             # an id, unique in the set; timers and alerts belong to it
//! version = 1                   # counted by the author; shown as hot-room@1
//! kind = "threshold"            # threshold | device_alarm | silent, and those of `departure_keys.rs`
//! metric = "temperature"
//! above = 57                    # or: below = …   (the limit itself counts)
//! unit = "Cel"                  # the metric's canonical unit, said so that nobody errs; none for vendor metrics
//! hysteresis = 3                # clears only when back by that much (0)
//! hold_s = 10                   # must last that long (0)
//! clear_after_s = 60            # clears only when back for so long (60), so that a flickering value does not flap
//! class = "early_warning"
//! severity = "major"            # the class's own unless said
//! sources = ["zigbee2mqtt"]     # scope: every list that is there must fit
//! sites = []
//! site_kinds = ["care_home"]    # home | care_home | building | other
//! zones = []
//! tags = ["kitchen"]
//!
//! [[rule]]
//! name = "device-fire"
//! version = 1
//! kind = "device_alarm"
//! metrics = ["smoke_alarm"]     # any of these being true
//! class = "fire"
//!
//! [[rule]]
//! name = "broken-wire"
//! version = 1
//! kind = "impossible"           # class is fault unless said; no other rule judges such a value
//! metric = "temperature"
//! unit = "Cel"
//! below = -60                   # what is less, or
//! above = 1200                  # what is more, cannot be
//! hold_s = 10
//!
//! [[rule]]
//! name = "device-silent"
//! version = 1
//! kind = "silent"               # class is offline unless said; the first that fits a device watches it
//! after_s = 90000               # for devices whose set-up names no time; absent: those are not watched
//! gone_hold_s = 60              # after the device's status or will says that it is offline (60)
//! ```

use crate::departure_keys::{read_departure_rule, read_fusion};
use crate::metric_limits::{nearest_metric, possible};
use crate::rule::{Kind, Level, RULES_MAX, Rule, RuleSet, Scope};
use crate::standard_alarms::{complete, life_class, never_raises};
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use watchfire_model::{Class, Metric, Severity, SiteKind, Unit};
use watchfire_settings::{Problem, Section};

/// A hold of more than a day is a slip of the keyboard.
pub(crate) const HOLD_S_MAX: u64 = 86_400;
/// A value that flickers about its limit must not tell the people on duty "warning, over, warning" every other second.
const CLEAR_AFTER_S: u64 = 60;
/// A silence of more than 31 days is never noticed in time (EN 50136-1 SP1 allows 32 d).
const SILENT_S_MAX: u64 = 31 * 86_400;

const CLASSES: [(&str, Class); 11] = [
    ("fire", Class::Fire),
    ("gas", Class::Gas),
    ("co", Class::Co),
    ("early_warning", Class::EarlyWarning),
    ("water", Class::Water),
    ("electrical", Class::Electrical),
    ("supervisory", Class::Supervisory),
    ("fault", Class::Fault),
    ("offline", Class::Offline),
    ("security", Class::Security),
    ("information", Class::Information),
];
const SEVERITIES: [(&str, Severity); 4] = [
    ("critical", Severity::Critical),
    ("major", Severity::Major),
    ("minor", Severity::Minor),
    ("info", Severity::Info),
];

const KINDS: [(&str, KindWord); 6] = [
    ("device_alarm", KindWord::DeviceAlarm),
    ("threshold", KindWord::Threshold),
    ("departure", KindWord::Departure),
    ("fusion", KindWord::Fusion),
    ("impossible", KindWord::Impossible),
    ("silent", KindWord::Silent),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum KindWord {
    DeviceAlarm,
    Threshold,
    Departure,
    Fusion,
    Impossible,
    Silent,
}

impl RuleSet {
    /// Reads rule files, given as name and text. Rows of the table of devices' own alarms that no rule covers are
    /// added.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn parse(files: &[(String, String)]) -> Result<RuleSet, Vec<Problem>> {
        let mut seen = Seen::default();
        let mut problems = Vec::new();
        let mut rules = Vec::new();
        for (name, text) in files {
            let read = watchfire_settings::read(name, text, |file| {
                Some(file.array("rule", |section| read_rule(section, name, &mut seen)))
            });
            match read {
                Ok(read) => rules.extend(read),
                Err(found) => problems.extend(found),
            }
        }
        complete(&mut rules);
        if rules.len() > RULES_MAX {
            let file = files.first().map_or("rules", |(name, _)| name);
            problems
                .push(Problem::whole_file(file, format!("there are {} rules; use at most {RULES_MAX}", rules.len())));
        }
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        if problems.is_empty() { Ok(RuleSet { rules }) } else { Err(problems) }
    }

    /// The rules that are shipped.
    pub fn built_in() -> RuleSet {
        crate::built_in::built_in()
    }
}

/// What earlier rules have taken, with where.
#[derive(Default)]
struct Seen {
    names: BTreeMap<String, String>,
    alarms: BTreeMap<Metric, String>,
}

fn read_rule(section: &mut Section<'_>, file: &str, seen: &mut Seen) -> Option<Rule> {
    let name = section.text("name");
    let name = name.and_then(|name| checked_name(section, name, file, seen));
    let version = section.integer("version", 1..=u64::from(u32::MAX));
    let word = section.choice("kind", &KINDS);
    let class = match word {
        Some(KindWord::DeviceAlarm | KindWord::Threshold | KindWord::Departure | KindWord::Fusion) => {
            section.choice("class", &CLASSES)
        }
        Some(KindWord::Impossible) => Some(section.choice_or("class", Class::Fault, &CLASSES)),
        Some(KindWord::Silent) | None => Some(section.choice_or("class", Class::Offline, &CLASSES)),
    };
    let severity = section.has("severity").then(|| section.choice("severity", &SEVERITIES));
    let scope = read_scope(section);
    let kind = match word {
        // Nothing more is asked of a rule whose kind is not known: its keys could be any.
        None => return ignore_rest(section),
        Some(KindWord::DeviceAlarm) => read_device_alarm(section, class, &scope, name.as_deref(), seen),
        Some(KindWord::Threshold) => read_threshold(section),
        Some(KindWord::Departure) => read_departure_rule(section),
        Some(KindWord::Fusion) => read_fusion(section),
        Some(KindWord::Impossible) => read_impossible(section),
        Some(KindWord::Silent) => read_silent(section),
    };
    let class = class?;
    let severity = match severity {
        Some(said) => said?,
        None => class.severity(),
    };
    Some(Rule {
        name: CompactString::from(name?),
        version: u32::try_from(version?).ok()?,
        class,
        severity,
        scope,
        kind: kind?,
    })
}

/// Asks for every key that any kind has, so that the unknown kind is the only problem told.
fn ignore_rest(section: &mut Section<'_>) -> Option<Rule> {
    for key in ["metric", "unit"] {
        section.optional_text(key);
    }
    section.list("metrics", |_| Ok(()));
    let numbers = ["above", "below", "hysteresis", "hold_s", "clear_after_s", "after_s", "gone_hold_s"];
    for key in
        numbers.into_iter().chain(["by", "by_share", "noise_factor", "fast_s", "usual_s", "long_s", "together_s"])
    {
        section.optional_number(key);
    }
    section.optional_text("direction");
    section.array("senses", |_| Some(()));
    section.array("discounts", |_| Some(()));
    None
}

fn checked_name(section: &mut Section<'_>, name: String, file: &str, seen: &mut Seen) -> Option<String> {
    // A rule's name has the form of the other ids.
    if let Err(error) = watchfire_model::ContactId::from_str(&name) {
        section.problem("name", error.to_string());
        return None;
    }
    let place = format!("{file}:{}", section.line("name"));
    match seen.names.insert(name.clone(), place) {
        None => Some(name),
        Some(first) => {
            section.problem("name", format!("`{name}` is taken by the rule at {first}; rename one of them"));
            None
        }
    }
}

fn read_device_alarm(
    section: &mut Section<'_>,
    class: Option<Class>,
    scope: &Scope,
    name: Option<&str>,
    seen: &mut Seen,
) -> Option<Kind> {
    let mut named = 0;
    let metrics = section.list("metrics", |text| {
        named += 1;
        let metric = known_metric(text)?;
        if never_raises(&metric) {
            return Err(format!("`{text}` never raises an alert; leave it out"));
        }
        if metric.is_boolean() == Some(false) {
            return Err(format!("`{text}` is a measured value, not an alarm; use kind = \"threshold\""));
        }
        Ok(metric)
    });
    let hold_s = section.integer_or("hold_s", 0, 0..=HOLD_S_MAX);
    if named == 0 {
        section.problem("metrics", "names no metric; name at least one, such as \"smoke_alarm\"");
        return None;
    }
    for metric in &metrics {
        check_life(section, metric, class, hold_s);
        if scope.is_everywhere()
            && let Some(first) = seen.alarms.insert(metric.clone(), name.unwrap_or("?").to_owned())
        {
            section.problem(
                "metrics",
                format!("`{metric}` is covered by rule `{first}` already; leave it in one of them"),
            );
        }
    }
    Some(Kind::DeviceAlarm { metrics: metrics.into_iter().collect(), hold_s: u32::try_from(hold_s).ok()? })
}

/// No rule weakens or delays an alarm about life.
fn check_life(section: &mut Section<'_>, metric: &Metric, class: Option<Class>, hold_s: u64) {
    let Some(least) = life_class(metric) else { return };
    if class.is_some_and(|class| class > least) {
        section.problem("class", format!("`{metric}` raises at least `{}`; use that", least.as_str()));
    }
    if hold_s > 0 {
        section.problem("hold_s", format!("`{metric}` alarms at once; leave hold_s out"));
    }
}

fn read_threshold(section: &mut Section<'_>) -> Option<Kind> {
    let metric = measured_metric(section);
    let (above, below) = (section.optional_number("above"), section.optional_number("below"));
    let unit = section.optional_text("unit");
    let hysteresis = section.optional_number("hysteresis").unwrap_or(0.0);
    let hold_s = section.integer_or("hold_s", 0, 0..=HOLD_S_MAX);
    let clear_after_s = section.integer_or("clear_after_s", CLEAR_AFTER_S, 0..=HOLD_S_MAX);
    let both = (section.has("above"), section.has("below"));
    let level = match both {
        (true, true) => {
            section.problem("below", "stands beside `above`; write two rules, one for each side");
            None
        }
        (false, false) => {
            section.problem("", "has no limit: add `above` or `below`");
            None
        }
        _ => above.map(Level::Above).or(below.map(Level::Below)),
    };
    let metric = metric?;
    check_unit(section, &metric, unit.as_deref());
    let level = level?;
    check_level(section, &metric, level, hysteresis);
    Some(Kind::Threshold {
        metric,
        level,
        hysteresis,
        hold_s: u32::try_from(hold_s).ok()?,
        clear_after_s: u32::try_from(clear_after_s).ok()?,
    })
}

pub(crate) fn check_unit(section: &mut Section<'_>, metric: &Metric, said: Option<&str>) {
    let canonical = metric.unit().map(Unit::code);
    match (said, canonical) {
        (Some(said), Some(code)) if said != code => {
            section.problem(
                "unit",
                format!(
                    "`{metric}` is judged in `{code}`, not in `{said}`; convert the limit and write unit = \"{code}\""
                ),
            );
        }
        (None, Some(code)) => {
            section.problem("unit", format!("is missing: write unit = \"{code}\", and the limit in it"));
        }
        // A maker's own unit is not known: what is written is for the reader.
        _ => {}
    }
}

/// The rule's metric, when it is one that is measured.
pub(crate) fn measured_metric(section: &mut Section<'_>) -> Option<Metric> {
    let text = section.text("metric")?;
    match known_metric(&text) {
        Ok(metric) if metric.is_boolean() == Some(true) => {
            section.problem("metric", format!("`{metric}` is true or false; use kind = \"device_alarm\""));
            None
        }
        Ok(metric) => Some(metric),
        Err(message) => {
            section.problem("metric", message);
            None
        }
    }
}

/// Limits that no reading can pass, and ways back that no reading can reach, are slips.
fn check_level(section: &mut Section<'_>, metric: &Metric, level: Level, hysteresis: f64) {
    let (key, limit) = match level {
        Level::Above(limit) => ("above", limit),
        Level::Below(limit) => ("below", limit),
    };
    let unit = metric.unit().map_or("", Unit::code);
    if hysteresis < 0.0 {
        section.problem("hysteresis", format!("is {hysteresis}; use 0 or more"));
        return;
    }
    let Some((least, most)) = possible(metric) else { return };
    if limit <= least && matches!(level, Level::Below(_)) || limit >= most && matches!(level, Level::Above(_)) {
        section.problem(key, format!("is {limit}: {metric} goes from {least} to {most} {unit}; use a limit between"));
        return;
    }
    if limit < least || limit > most {
        section.problem(key, format!("is {limit}: every {metric} from {least} to {most} {unit} would alarm"));
        return;
    }
    let back = level.way_back(hysteresis);
    let beyond_zero = matches!(level, Level::Above(_)) && limit > 0.0 && back <= 0.0;
    if hysteresis > 0.0 && (beyond_zero || back <= least || back >= most) {
        section
            .problem("hysteresis", format!("is {hysteresis}: the alert would clear only at {back} {unit}; use less"));
    }
}

fn read_impossible(section: &mut Section<'_>) -> Option<Kind> {
    let metric = measured_metric(section);
    let (below, above) = (section.optional_number("below"), section.optional_number("above"));
    let unit = section.optional_text("unit");
    let hold_s = section.integer_or("hold_s", 0, 0..=HOLD_S_MAX);
    let clear_after_s = section.integer_or("clear_after_s", CLEAR_AFTER_S, 0..=HOLD_S_MAX);
    let metric = metric?;
    check_unit(section, &metric, unit.as_deref());
    match (below, above) {
        (None, None) => section.problem("", "has no limit: add `above` or `below`, or both"),
        (Some(below), Some(above)) if below >= above => {
            section.problem("below", format!("is {below}, not less than above = {above}: nothing would be possible"));
        }
        _ => {}
    }
    let (hold_s, clear_after_s) = (u32::try_from(hold_s).ok()?, u32::try_from(clear_after_s).ok()?);
    Some(Kind::Impossible { metric, below, above, hold_s, clear_after_s })
}

fn read_silent(section: &mut Section<'_>) -> Option<Kind> {
    let after_s = section.optional_integer("after_s", 10..=SILENT_S_MAX);
    let gone_hold_s = section.integer_or("gone_hold_s", 60, 0..=HOLD_S_MAX);
    Some(Kind::Silent {
        after_s: after_s.and_then(|seconds| u32::try_from(seconds).ok()),
        gone_hold_s: u32::try_from(gone_hold_s).ok()?,
    })
}

fn read_scope(section: &mut Section<'_>) -> Scope {
    Scope {
        sources: set(section, "sources", parse),
        sites: set(section, "sites", parse),
        site_kinds: set(section, "site_kinds", |text| match text {
            "home" => Ok(SiteKind::Home),
            "care_home" => Ok(SiteKind::CareHome),
            "building" => Ok(SiteKind::Building),
            "other" => Ok(SiteKind::Other),
            _ => Err(format!("`{text}` is not a kind of site; use home, care_home, building or other")),
        }),
        zones: set(section, "zones", parse),
        tags: set(section, "tags", |text| Ok(text.to_owned())),
    }
}

fn set<T: Ord>(section: &mut Section<'_>, key: &str, item: impl FnMut(&str) -> Result<T, String>) -> BTreeSet<T> {
    section.list(key, item).into_iter().collect()
}

fn parse<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

pub(crate) fn known_metric(text: &str) -> Result<Metric, String> {
    Metric::from_name(text).ok_or_else(|| match nearest_metric(text) {
        Some(near) => format!("`{text}` is not a metric; did you mean `{near}`?"),
        None => format!("`{text}` is not a metric; a maker's own is written `vendor.{text}`"),
    })
}
