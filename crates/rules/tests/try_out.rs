//! The tests that are shipped beside the shipped rules pass, every shipped rule file has one, and what is wrong in a test
//! file is told with its line.

#![expect(clippy::unwrap_used, reason = "tests may stop at what is wrong")]

use std::collections::BTreeSet;
use std::path::Path;
use watchfire_rules::RuleSet;
use watchfire_rules::try_out::test_file::{Side, run};

#[test]
fn the_shipped_tests_pass_and_cover_every_shipped_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/rules/tests");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (rules, mut told, mut wrong) = (RuleSet::built_in(), BTreeSet::new(), Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut outcome = run(&rules, &text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        if std::env::var_os("WATCHFIRE_BLESS").is_some() {
            std::fs::write(&file, &outcome.came_out).unwrap();
            outcome = run(&rules, &outcome.came_out).unwrap();
        }
        if !outcome.mismatches.is_empty() {
            wrong.push(format!("{}: {:#?}", file.display(), outcome.mismatches));
        }
        if file.ends_with("not-a-fire.txt") {
            assert!(!outcome.came_out.contains(" fire/"), "{}", outcome.came_out);
        }
        told.append(&mut outcome.rules);
    }
    assert!(wrong.is_empty(), "{}\nWATCHFIRE_BLESS=1 accepts what came out", wrong.join("\n"));
    let names = rules.rules().iter().filter(|rule| !rule.quiet).map(|rule| rule.name.to_string());
    let untested: Vec<String> = names.filter(|name| !told.contains(name)).collect();
    assert_eq!(untested, Vec::<String>::new(), "no shipped test tells these");
}

const HOT: &str = "[[rule]]\nname = \"hot\"\nversion = 1\nkind = \"threshold\"\nmetric = \"temperature\"\nabove = 57\n\
    unit = \"Cel\"\nclass = \"early_warning\"\n";

fn rules() -> RuleSet {
    RuleSet::parse(&[("rules.toml".into(), HOT.into())]).unwrap()
}

#[test]
fn a_test_without_reasons_does_not_ask_for_them() {
    let text = "site a home\n08:00:00 frame a watchfire/t t:temperature=60\n\
        > 08:00:00 raised #1 early_warning/major a watchfire/t t hot@1\n";
    assert_eq!(run(&rules(), text).unwrap().mismatches, []);
    let with_wrong_reason = format!("{text}>     it is cold\n>     冷\n");
    let [mismatch] = run(&rules(), &with_wrong_reason).unwrap().mismatches.try_into().unwrap();
    assert_eq!(mismatch.line, 2);
    let sides: Vec<Side> = mismatch.difference.iter().map(|(side, _)| *side).collect();
    assert_eq!(sides, [Side::Wanted, Side::CameOut]);
}

#[test]
fn what_is_missing_and_what_is_too_much_is_shown() {
    let text = "site a home\n08:00:00 frame a watchfire/t t:temperature=20\n> 08:00:00 raised #1 x\n\
        08:00:01 frame a watchfire/t t:temperature=60\n";
    let outcome = run(&rules(), text).unwrap();
    let sides: Vec<Vec<Side>> =
        outcome.mismatches.iter().map(|found| found.difference.iter().map(|(side, _)| *side).collect()).collect();
    assert_eq!(sides, [[Side::Wanted], [Side::CameOut]]);
    assert_eq!(run(&rules(), &outcome.came_out).unwrap().mismatches, [], "what came out is a test that passes");
}

#[test]
fn a_line_that_is_not_understood_is_told_with_what_to_write() {
    let cases = [
        ("nonsense", "`nonsense` says nothing"),
        ("site a castle", "use home, care_home"),
        ("device a watchfire/t", "there is no site `a`"),
        ("site a home\n08:00:00 frame a watchfire/t t:temprature=1", "did you mean `temperature`"),
        ("site a home\n08:00:00 frame a watchfire/t t:smoke_alarm=1", "true or false"),
        ("08:00:00 until\n07:00:00 until", "time never goes back"),
        ("08:00:00 until\nsite a home", "before the first time"),
        ("08:00:00 order o1 wang ack #1", "there is no alert #1 yet"),
        ("08:00:00 ramp a watchfire/t for=10 t:temperature=1..2", "every="),
        ("25:00:00 until", "neither a time"),
        (">     a reason", "`>` stands behind the line"),
    ];
    for (text, wanted) in cases {
        let why = run(&rules(), text).unwrap_err();
        assert!(why.message.contains(wanted), "{text}: {why}");
        assert_eq!(why.line, text.lines().count(), "{text}");
    }
}
