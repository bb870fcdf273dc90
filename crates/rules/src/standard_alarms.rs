//! What a device's own alarm means, unless a rule says more: the table that is always in force. A rule set that leaves a
//! row out gets it from here, so that no draft and no slip of an editor can make a smoke detector mute.

use crate::rule::{Kind, Rule};
use compact_str::format_compact;
use std::collections::BTreeSet;
use watchfire_model::{Class, Metric};

/// Metric by metric, what its being true raises.
pub(crate) const TABLE: &[(Metric, Class)] = &[
    (Metric::SmokeAlarm, Class::Fire),
    (Metric::HeatAlarm, Class::Fire),
    (Metric::FlameAlarm, Class::Fire),
    (Metric::ManualAlarm, Class::Fire),
    (Metric::FlowSwitch, Class::Fire),
    (Metric::FireAlarm, Class::Fire),
    (Metric::GasAlarm, Class::Gas),
    (Metric::CoAlarm, Class::Co),
    (Metric::WaterLeak, Class::Water),
    (Metric::Tamper, Class::Supervisory),
    (Metric::ValveOpen, Class::Supervisory),
    (Metric::DoorOpen, Class::Supervisory),
    (Metric::LaneBlocked, Class::Supervisory),
    (Metric::Shielded, Class::Supervisory),
    (Metric::Supervisory, Class::Supervisory),
    (Metric::ManualMode, Class::Supervisory),
    (Metric::Delay, Class::Supervisory),
    (Metric::Started, Class::Supervisory),
    (Metric::Feedback, Class::Supervisory),
    (Metric::Fault, Class::Fault),
    (Metric::BatteryLow, Class::Fault),
    (Metric::MainsLost, Class::Fault),
    (Metric::Fall, Class::Information),
    (Metric::ForeignDialect, Class::Information),
];

/// The class that the table gives a metric whose alarm is about life: no rule may weaken or delay it.
pub(crate) fn life_class(metric: &Metric) -> Option<Class> {
    let row = TABLE.iter().find(|(row, _)| row == metric);
    row.map(|(_, class)| *class).filter(|class| matches!(class, Class::Fire | Class::Gas | Class::Co))
}

/// How long a device's own alarm of that class must be over before its alert clears, unless its rule says so, in seconds.
/// A loose tamper switch must not tell "opened, closed, opened" five times a second; but that gas or carbon monoxide is
/// over, or there again, is said at once.
pub(crate) fn alarm_clear_after_s(class: Class) -> u32 {
    match class {
        Class::Fire | Class::Gas | Class::Co => 0,
        Class::EarlyWarning
        | Class::Water
        | Class::Electrical
        | Class::Supervisory
        | Class::Fault
        | Class::Offline
        | Class::Security
        | Class::Information => 10,
    }
}

/// Metrics that never raise.
pub(crate) fn never_raises(metric: &Metric) -> bool {
    matches!(metric, Metric::Test | Metric::Silenced)
}

/// Adds the rows that no rule without a scope covers.
pub(crate) fn complete(rules: &mut Vec<Rule>) {
    let mut covered = BTreeSet::new();
    for rule in rules.iter().filter(|rule| rule.scope.is_everywhere() && rule.hours.is_none() && !rule.quiet) {
        if let Kind::DeviceAlarm { metrics, .. } = &rule.kind {
            covered.extend(metrics.iter().cloned());
        }
    }
    for class in Class::ALL {
        let missing = TABLE.iter().filter(|(metric, row)| row == class && !covered.contains(metric));
        let metrics: BTreeSet<Metric> = missing.map(|(metric, _)| metric.clone()).collect();
        if metrics.is_empty() {
            continue;
        }
        let mut name = format_compact!("device-{}", class.as_str());
        while rules.iter().any(|rule| rule.name == name) {
            name.push_str("-standard");
        }
        let kind = Kind::DeviceAlarm { metrics, hold_s: 0, clear_after_s: alarm_clear_after_s(*class) };
        rules.push(Rule::plain(name, 1, *class, kind));
    }
}
