//! Files with faults in, all their problems out.

use watchfire_settings::{Section, read};

#[derive(Debug, PartialEq)]
struct Rule {
    name: String,
    above: f64,
}

fn build(section: &mut Section<'_>) -> Option<(u64, bool, Vec<Rule>, Vec<String>)> {
    let days = section.integer_or("keep_days", 7, 1..=3650);
    let on = section.flag_or("on", false);
    let rules = section.array("rule", |rule| {
        let name = rule.text("name");
        let above = rule.number("above");
        rule.choice_or("class", 'f', &[("fire", 'f'), ("gas", 'g')]);
        rule.list("tags", |tag| if tag.is_empty() { Err("holds an empty tag".to_owned()) } else { Ok(()) });
        Some(Rule { name: name?, above: above? })
    });
    let sites = section.tables("sites", |name, site| {
        site.optional_table("place", |place| place.text("street"));
        Some(name.to_owned())
    });
    Some((days, on, rules, sites))
}

fn check(text: &str, expected: &[&str]) {
    let problems: Vec<String> =
        read("t.toml", text, build).err().into_iter().flatten().map(|problem| problem.to_string()).collect();
    assert_eq!(problems, expected, "{text}");
}

#[test]
fn a_good_file_is_read() {
    let text = "keep_days = 0x10\n[[rule]]\nname = \"a\"\nabove = 3\n[sites.b]\n[sites.a]\n";
    let (days, on, rules, sites) = read("t.toml", text, build).unwrap();
    assert_eq!((days, on), (16, false));
    assert_eq!(rules, [Rule { name: "a".into(), above: 3.0 }]);
    assert_eq!(sites, ["a", "b"]);
}

#[test]
fn every_problem_is_told_with_its_line() {
    check("", &[]);
    check("keep_days = 0", &["t.toml:1: keep_days: is 0; use 1 to 3650"]);
    check("keep_days = -1", &["t.toml:1: keep_days: is -1; use 1 to 3650"]);
    check(
        "keep_days = \"7\"\non = 1",
        &[
            "t.toml:1: keep_days: must be a whole number, not string",
            "t.toml:2: on: must be true or false, not integer",
        ],
    );
    check(
        "[[rule]]\nnane = \"x\"\nabove = nan\n\n[[rule]]\nname=\"b\"\nabove=1\nclass = \"fir\"\ntags = [\"\", 1]",
        &[
            "t.toml:1: rule[0].name: is missing",
            "t.toml:2: rule[0].nane: is not a known key; did you mean `name`?",
            "t.toml:3: rule[0].above: is nan; use a finite number",
            "t.toml:8: rule[1].class: is `fir`; use one of: fire, gas",
            "t.toml:9: rule[1].tags: holds an empty tag",
            "t.toml:9: rule[1].tags: holds something that is not text in quotes",
        ],
    );
    check(
        "[sites.x.place]\nstret = \"a\"",
        &[
            "t.toml:1: sites.x.place.street: is missing",
            "t.toml:2: sites.x.place.stret: is not a known key; did you mean `street`?",
        ],
    );
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let problems = read("t.toml", "a = 1\nb = = 2\n", build).unwrap_err();
    assert_eq!(problems.first().map(|problem| problem.line), Some(2), "{problems:?}");
}
