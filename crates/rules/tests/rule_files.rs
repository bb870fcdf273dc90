//! Rule files: what is shipped reads, and what is wrong is told with file, line, key and what to write instead.

use std::path::Path;
use watchfire_model::{Class, Metric};
use watchfire_rules::{Kind, RuleSet};

fn parse(text: &str) -> Result<RuleSet, String> {
    RuleSet::parse(&[("rules.toml".into(), text.into())])
        .map_err(|problems| problems.iter().map(|problem| format!("{problem}\n")).collect())
}

#[test]
fn problems_are_told_all_at_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let text = std::fs::read_to_string(folder.join("wrong_rules.toml")).unwrap();
    let got = parse(&text).unwrap_err();
    let golden = folder.join("wrong_rules.txt");
    if std::env::var_os("WATCHFIRE_BLESS").is_some() {
        std::fs::write(&golden, &got).unwrap();
    }
    assert_eq!(got, std::fs::read_to_string(&golden).unwrap(), "WATCHFIRE_BLESS=1 accepts what came out");
}

#[test]
fn every_shipped_file_is_compiled_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/rules");
    let files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap()))
        .collect();
    let read = RuleSet::parse(&files).unwrap();
    assert_eq!(read, RuleSet::built_in());
    let json = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<RuleSet>(&json).unwrap(), read, "the set-up is stored as JSON");
}

#[test]
fn a_rule_set_that_leaves_alarms_out_gets_them_back() {
    let empty = parse("").unwrap();
    let shipped = RuleSet::built_in();
    let alarms = |set: &RuleSet| -> Vec<(Metric, Class)> {
        let standard = set.rules().iter().filter(|rule| rule.scope.is_everywhere() && !rule.quiet);
        let rows = standard.filter_map(|rule| match &rule.kind {
            Kind::DeviceAlarm { metrics, hold_s: 0, .. } => {
                Some(metrics.iter().map(|metric| (metric.clone(), rule.class)))
            }
            _ => None,
        });
        let mut rows: Vec<_> = rows.flatten().collect();
        rows.sort();
        rows
    };
    assert_eq!(alarms(&empty), alarms(&shipped), "the table in the code and the shipped file say the same");
    let scoped = "[[rule]]\nname = \"device-fire\"\nversion = 1\nkind = \"device_alarm\"\nmetrics = [\"smoke_alarm\"]\n\
        class = \"fire\"\nsites = [\"a\"]\n";
    let set = parse(scoped).unwrap();
    let names: Vec<&str> = set.rules().iter().map(|rule| rule.name.as_str()).collect();
    assert!(names.contains(&"device-fire") && names.contains(&"device-fire-standard"), "{names:?}");
}

#[test]
fn a_reference_to_no_rule_names_the_nearest() {
    let rule = |name: &str, of: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nversion = 1\nkind = \"count\"\nof = [\"{of}\"]\ntimes = 2\nwindow_s = 60\n\
            class = \"fault\"\n"
        )
    };
    let text = format!("{}{}", rule("a", "device-fires"), rule("b", "zzz"));
    let wanted = "rules.toml:5: of: there is no rule `device-fires` in the set; did you mean `device-fire`?\n\
        rules.toml:13: of: there is no rule `zzz` in the set\n";
    assert_eq!(parse(&text).unwrap_err(), wanted);
}
