//! The settings file.

use watchfire_rules::risk::RiskSettings;

#[test]
fn the_shipped_file_is_read() {
    let settings = RiskSettings::built_in();
    assert_eq!(settings.factors.iter().map(|factor| u32::from(factor.points)).sum::<u32>(), 100);
    let bytes = serde_json::to_vec(&settings).unwrap();
    assert_eq!(serde_json::from_slice::<RiskSettings>(&bytes).unwrap(), settings, "it can be journaled");
}

#[test]
fn problems_are_told_all_at_once() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/risk/data");
    let text = std::fs::read_to_string(folder.join("wrong.toml")).unwrap();
    let problems = RiskSettings::parse("wrong.toml", &text).unwrap_err();
    let got: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    let file = folder.join("wrong.txt");
    if std::env::var_os("WATCHFIRE_BLESS").is_some() {
        std::fs::write(&file, &got).unwrap();
    }
    assert_eq!(got, std::fs::read_to_string(&file).unwrap_or_default());
}
