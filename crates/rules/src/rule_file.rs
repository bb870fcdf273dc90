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
//! name = "cover"
//! version = 1
//! kind = "device_alarm"
//! metrics = ["tamper"]          # any of these being true
//! hold_s = 0                    # must last that long (0); fire, gas and carbon monoxide alarms alarm at once
//! clear_after_s = 10            # clears only when over for so long (10; fire, gas and carbon monoxide: 0, always)
//! class = "supervisory"
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

use crate::alarm_keys::read_device_alarm;
use crate::cusum::read_cusum;
use crate::departure_keys::{read_departure_rule, read_fusion};
use crate::dose::read_dose;
use crate::expression::read_expression;
use crate::flapping::read_flapping;
use crate::gathering_keys::{read_coincidence, read_combination, read_count};
use crate::metric_limits::nearest;
use crate::rise_keys::read_rise;
use crate::rule::{Kind, RULES_MAX, Rule, RuleSet, Scope};
use crate::schedule::{Hours, read_hours};
use crate::scope_keys::read_scope;
use crate::silent_keys::read_silent;
use crate::standard_alarms::complete;
use crate::stuck::read_stuck;
use crate::threshold_keys::{read_impossible, read_threshold};
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use watchfire_model::{Class, Metric, Severity};
use watchfire_settings::{Problem, Section};

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

/// What rules may be: the word, the class unless one is said (`None`: it must be), and who reads the rest.
const KINDS: [(&str, KindRow); 15] = [
    ("device_alarm", KindRow { class: None, read: read_device_alarm }),
    ("threshold", KindRow { class: None, read: read_threshold }),
    ("departure", KindRow { class: None, read: read_departure_rule }),
    ("rate_of_rise", KindRow { class: None, read: read_rise }),
    ("fusion", KindRow { class: None, read: read_fusion }),
    ("dose", KindRow { class: Some(Class::Co), read: read_dose }),
    ("coincidence", KindRow { class: None, read: read_coincidence }),
    ("count", KindRow { class: None, read: read_count }),
    ("combination", KindRow { class: None, read: read_combination }),
    ("expression", KindRow { class: None, read: read_expression }),
    ("cusum", KindRow { class: None, read: read_cusum }),
    ("impossible", KindRow { class: Some(Class::Fault), read: read_impossible }),
    ("stuck", KindRow { class: Some(Class::Fault), read: read_stuck }),
    ("flapping", KindRow { class: Some(Class::Fault), read: read_flapping }),
    ("silent", KindRow { class: Some(Class::Offline), read: read_silent }),
];

#[derive(Clone, Copy)]
struct KindRow {
    class: Option<Class>,
    read: fn(&mut Section<'_>, &mut Draft<'_>) -> Option<Kind>,
}

/// What is known of a rule before the keys of its kind are read.
pub(crate) struct Draft<'d> {
    pub(crate) file: &'d str,
    pub(crate) name: Option<&'d str>,
    pub(crate) class: Option<Class>,
    pub(crate) scope: &'d Scope,
    pub(crate) hours: Option<&'d Hours>,
    /// It raises nothing: other rules refer to it.
    pub(crate) quiet: bool,
    pub(crate) seen: &'d mut Seen,
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
        if problems.is_empty() {
            check_references(std::mem::take(&mut seen.references), &rules, &mut problems);
        }
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
pub(crate) struct Seen {
    names: BTreeMap<String, String>,
    pub(crate) alarms: BTreeMap<Metric, String>,
    /// The rules that rules refer to: looked for when all have been read.
    references: Vec<Reference>,
}

/// A rule's name in another rule.
pub(crate) struct Reference {
    /// Where it stands; without its message.
    problem: Problem,
    name: String,
}

impl Draft<'_> {
    /// Reads the names of other rules.
    pub(crate) fn rule_names(&mut self, section: &mut Section<'_>, key: &str) -> BTreeSet<CompactString> {
        let line = section.line(key);
        let names: BTreeSet<CompactString> =
            section.list(key, |name| Ok(CompactString::from(name))).into_iter().collect();
        for name in &names {
            let problem = Problem { file: self.file.to_owned(), line, key: key.to_owned(), message: String::new() };
            self.seen.references.push(Reference { problem, name: name.to_string() });
        }
        names
    }
}

/// Rules that name rules which are not there, or which are made of other rules themselves.
fn check_references(references: Vec<Reference>, rules: &[Rule], problems: &mut Vec<Problem>) {
    for Reference { problem, name } in references {
        let message = match rules.iter().find(|rule| rule.name == name) {
            Some(Rule { kind: Kind::Gathering(_), .. }) => {
                format!("`{name}` is made of other rules itself; name those")
            }
            Some(_) => continue,
            None => {
                let near = nearest(&name, rules.iter().map(|rule| rule.name.to_string()));
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                format!("there is no rule `{name}` in the set{hint}")
            }
        };
        problems.push(Problem { message, ..problem });
    }
}

fn read_rule(section: &mut Section<'_>, file: &str, seen: &mut Seen) -> Option<Rule> {
    let name = section.text("name");
    let name = name.and_then(|name| checked_name(section, name, file, seen));
    let version = section.integer("version", 1..=u64::from(u32::MAX));
    let row = section.choice("kind", &KINDS);
    let quiet = !section.flag_or("tells", true);
    let usual = row.map_or(Some(Class::Information), |row| row.class).or(quiet.then_some(Class::Information));
    let class = match usual {
        None => section.choice("class", &CLASSES),
        Some(usual) => Some(section.choice_or("class", usual, &CLASSES)),
    };
    let severity = section.choice_or("severity", class.map_or(Severity::Info, |class| class.severity()), &SEVERITIES);
    let (scope, hours) = (read_scope(section), read_hours(section));
    // Nothing more is asked of a rule whose kind is not known: its keys could be any.
    let Some(row) = row else { return ignore_rest(section) };
    let mut draft = Draft { file, name: name.as_deref(), class, scope: &scope, hours: hours.as_ref(), quiet, seen };
    let explained_by = draft.rule_names(section, "explained_by");
    let kind = (row.read)(section, &mut draft);
    check_common(section, class, kind.as_ref(), hours.is_some(), !explained_by.is_empty());
    Some(Rule {
        name: CompactString::from(name?),
        version: u32::try_from(version?).ok()?,
        class: class?,
        severity,
        scope,
        kind: kind?,
        hours,
        quiet,
        explained_by,
    })
}

/// What does not go together.
fn check_common(section: &mut Section<'_>, class: Option<Class>, kind: Option<&Kind>, hours: bool, explained: bool) {
    let silent = matches!(kind, Some(Kind::Silent { .. }));
    if silent && hours {
        section.problem("hours", "does not go with kind = \"silent\": a silence is longer than a night");
    }
    if explained && kind.is_some() && !silent {
        section.problem("explained_by", "goes with kind = \"silent\" only");
    }
    if explained && class.is_some_and(|class| class < Class::Supervisory) {
        section.problem("explained_by", "goes with the classes supervisory, fault, offline and below only");
    }
}

/// Asks for every key that any kind has, so that the unknown kind is the only problem told.
fn ignore_rest(section: &mut Section<'_>) -> Option<Rule> {
    for key in ["metric", "unit", "direction", "across", "when"] {
        section.optional_text(key);
    }
    for key in ["metrics", "of", "all", "any", "none", "explained_by"] {
        section.list(key, |_| Ok(()));
    }
    let numbers = ["above", "below", "hysteresis", "hold_s", "clear_after_s", "after_s", "gone_hold_s", "by"];
    let more = ["by_share", "noise_factor", "fast_s", "usual_s", "long_s", "together_s", "per_min", "rise", "devices"];
    let rest = [
        "times",
        "window_s",
        "within_s",
        "within",
        "for_s",
        "forget_s",
        "over_s",
        "sure",
        "usual_above",
        "usual_below",
    ];
    for key in numbers.into_iter().chain(more).chain(rest) {
        section.optional_number(key);
    }
    for key in ["senses", "discounts", "steps"] {
        section.array(key, |_| Some(()));
    }
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
