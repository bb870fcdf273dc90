//! The rules that are shipped: the files of `config/rules`, compiled in.

use crate::rule::RuleSet;

const FILES: &[(&str, &str)] = &[
    ("battery.toml", include_str!("../../../config/rules/battery.toml")),
    ("building-systems.toml", include_str!("../../../config/rules/building-systems.toml")),
    ("care-homes.toml", include_str!("../../../config/rules/care-homes.toml")),
    ("device-alarms.toml", include_str!("../../../config/rules/device-alarms.toml")),
    ("e-bikes.toml", include_str!("../../../config/rules/e-bikes.toml")),
    ("early-warning.toml", include_str!("../../../config/rules/early-warning.toml")),
    ("electrical.toml", include_str!("../../../config/rules/electrical.toml")),
    ("fire.toml", include_str!("../../../config/rules/fire.toml")),
    ("gas-and-co.toml", include_str!("../../../config/rules/gas-and-co.toml")),
    ("kitchens.toml", include_str!("../../../config/rules/kitchens.toml")),
    ("lanes.toml", include_str!("../../../config/rules/lanes.toml")),
    ("plant-rooms.toml", include_str!("../../../config/rules/plant-rooms.toml")),
    ("pumps.toml", include_str!("../../../config/rules/pumps.toml")),
    ("sensor-faults.toml", include_str!("../../../config/rules/sensor-faults.toml")),
    ("silence.toml", include_str!("../../../config/rules/silence.toml")),
    ("water-supply.toml", include_str!("../../../config/rules/water-supply.toml")),
];

pub(crate) fn built_in() -> RuleSet {
    let files: Vec<(String, String)> =
        FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    RuleSet::parse(&files).expect("a test reads the shipped files")
}
