//! What people read, pinned as golden files in `tests/data/messages`. `WATCHFIRE_BLESS=1` writes them anew: read the
//! difference as the person who is woken by it would.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/sample.rs"]
#[expect(dead_code, reason = "the channels use the rest")]
mod sample;

use sample::facts;
use std::path::Path;
use watchfire_model::sites::Language;
use watchfire_model::{Bilingual, Class, FalseCause, UserName, Verdict};
use watchfire_notify::{Coding, DeviceFacts, Facts, News, PARTS_MAX, Telling, parts, render};

const LINK: &str = "https://fire.example.org/alerts/5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a-7-0";

fn check(name: &str, facts: &Facts, covered: &[Facts], telling: &Telling) {
    for (language, suffix) in [(Language::En, "en"), (Language::Zh, "zh")] {
        let message = render(facts, covered, telling, language, Some(LINK));
        let (coding, count) = parts(&message.short);
        assert!(count <= PARTS_MAX, "{}", message.short);
        let text = format!(
            "Subject: {}\n\n{}\n== SMS, {coding:?}, {count} part(s)\n{}\n",
            message.subject, message.body, message.short
        );
        golden(&format!("{name}.{suffix}.txt"), &text);
        if name == "summary" {
            golden(&format!("{name}.{suffix}.html"), &message.html);
        }
    }
}

fn golden(name: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/messages").join(name);
    if std::env::var_os("WATCHFIRE_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, got).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(got, expected, "{name}: if this is better, run again with WATCHFIRE_BLESS=1");
}

#[test]
fn every_class() {
    for class in Class::ALL {
        check(class.as_str(), &facts(*class, 7), &[], &Telling::Alarm);
    }
}

#[test]
fn several_at_once() {
    let mut other = facts(Class::Fire, 8);
    other.device = other
        .device
        .map(|device| DeviceFacts { label: Bilingual::new("Smoke detector <202>", "202号烟感"), ..device });
    let covered: Vec<Facts> = std::iter::once(other).chain((9..31).map(|cause| facts(Class::Fire, cause))).collect();
    check("summary", &facts(Class::Fire, 7), &covered, &Telling::Summary);
}

#[test]
fn news() {
    let by = UserName::new("wang").unwrap();
    let note = "锅烧干了，已通风".to_owned();
    let cases = [
        ("acknowledged", News::Acknowledged { by: by.clone() }),
        ("verified-false", News::Verified { by: by.clone(), verdict: Verdict::False(FalseCause::Cooking), note }),
        ("verified-real", News::Verified { by: by.clone(), verdict: Verdict::Real, note: String::new() }),
        ("cleared", News::Cleared),
        ("closed", News::Closed { by, note: String::new() }),
    ];
    for (name, news) in cases {
        check(name, &facts(Class::Fire, 7), &[], &Telling::Update(news));
    }
}

#[test]
fn an_unclaimed_device_of_an_unknown_site_late_and_already_over() {
    let mut facts = facts(Class::Gas, 7);
    facts.site.name = Bilingual::same("sunshine");
    facts.site.address = Bilingual::default();
    facts.site.time_zone = "UTC".to_owned();
    facts.zone = None;
    facts.device = facts.device.map(|device| DeviceFacts { label: Bilingual::same(device.name.as_str()), ..device });
    facts.late = true;
    facts.cleared_at = Some(facts.raised_at);
    check("unclaimed-late-cleared", &facts, &[], &Telling::Alarm);
}

#[test]
fn an_escalation_gives_its_own_time() {
    let mut facts = facts(Class::Fire, 7);
    facts.transition = "escalated";
    facts.at = "2026-03-01T18:24:30Z".parse().unwrap();
    check("escalated", &facts, &[], &Telling::Alarm);
}

#[test]
fn an_early_warning_never_asks_for_the_fire_brigade() {
    for (language, never) in [(Language::En, "not passed to the fire brigade"), (Language::Zh, "不上报119")] {
        let message = render(&facts(Class::EarlyWarning, 7), &[], &Telling::Alarm, language, None);
        assert!(message.body.contains(never), "{}", message.body);
        assert!(!message.short.contains("119"), "{}", message.short);
    }
}

#[test]
fn a_text_message_keeps_the_essential_whatever_the_names() {
    for length in [1, 10, 40, 80, 200, 1000] {
        for unit in ["楼", "x", "é", "😀", "€"] {
            let mut facts = facts(Class::Fire, 7);
            facts.site.name = Bilingual::same(unit.repeat(length));
            facts.reason = Bilingual::same(unit.repeat(length));
            for language in [Language::En, Language::Zh] {
                let message = render(&facts, &[], &Telling::Alarm, language, Some(LINK));
                let (_, count) = parts(&message.short);
                assert!(count <= PARTS_MAX, "{count} parts: {}", message.short);
                let class = if language == Language::En { "[Fire alarm]" } else { "【火警】" };
                assert!(message.short.starts_with(class), "{}", message.short);
                assert!(length > 40 || message.short.contains("119"), "{}", message.short);
            }
        }
    }
}

#[test]
fn english_stays_in_the_small_alphabet() {
    let message = render(&facts(Class::EarlyWarning, 7), &[], &Telling::Alarm, Language::En, Some(LINK));
    assert_eq!(parts(&message.short).0, Coding::Gsm7, "{}", message.short);
}
