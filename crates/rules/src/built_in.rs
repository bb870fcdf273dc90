//! The rules that are shipped: the files of `config/rules`, compiled in.

use crate::rule::RuleSet;

const FILES: &[(&str, &str)] = &[
    ("battery.toml", include_str!("../../../config/rules/battery.toml")),
    ("device-alarms.toml", include_str!("../../../config/rules/device-alarms.toml")),
    ("early-warning.toml", include_str!("../../../config/rules/early-warning.toml")),
    ("electrical.toml", include_str!("../../../config/rules/electrical.toml")),
    ("fire.toml", include_str!("../../../config/rules/fire.toml")),
    ("gas-and-co.toml", include_str!("../../../config/rules/gas-and-co.toml")),
    ("pumps.toml", include_str!("../../../config/rules/pumps.toml")),
    ("sensor-faults.toml", include_str!("../../../config/rules/sensor-faults.toml")),
    ("silence.toml", include_str!("../../../config/rules/silence.toml")),
];

pub(crate) fn built_in() -> RuleSet {
    let files: Vec<(String, String)> =
        FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    RuleSet::parse(&files).expect("a test reads the shipped files")
}
