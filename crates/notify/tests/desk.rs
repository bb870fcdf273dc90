//! What the desk sends, when, and instead: scripts in, what goes out as text.

#[path = "support/script.rs"]
mod script;

use script::{Kept, Play, rungs, sites};
use std::collections::BTreeMap;
use watchfire_model::{DeliveryId, Outcome, Timestamp};
use watchfire_notify::DeskOptions;

const LADDER: &str = "night: sms,email: 60\n day: sms: 90\n boss: : 120";

/// Runs a script on a site with that ladder, and compares what went out.
fn check(ladder: &str, script: &str, expected: &str) {
    check_with(ladder, DeskOptions::default(), &BTreeMap::new(), script, expected);
}

fn check_with(
    ladder: &str,
    options: DeskOptions,
    setups: &BTreeMap<&str, watchfire_model::Sites>,
    script: &str,
    expected: &str,
) {
    let mut play = Play::new(&sites(ladder), options);
    script.lines().map(str::trim).filter(|line| !line.is_empty()).for_each(|line| play.line(line, setups));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let got: Vec<&str> = play.log.lines().collect();
    assert_eq!(got, expected, "\n--- went out:\n{}", play.log);
}

#[test]
fn rung_after_rung_until_somebody_answers() {
    check(
        LADDER,
        "0 raise a1 fire corridor\n 100 ack a1\n 9999 run",
        "
        0 sms night a1 alarm #1
        60 sms day a1 alarm #1
        100 sms day a1 acknowledged #1
        100 sms night a1 acknowledged #1",
    );
}

#[test]
fn an_unanswered_danger_to_life_is_told_until_somebody_answers_and_then_to_the_station_too() {
    let station = DeskOptions { ladder: rungs("boss: sms: 60"), ..DeskOptions::default() };
    check_with(
        "night: sms: 60\n day: sms: 10",
        station,
        &BTreeMap::new(),
        "0 raise a1 fire\n 2300 ack a1\n 9999 run",
        "
        0 sms night a1 alarm #1
        60 sms day a1 alarm #1
        120 sms night a1 alarm #2
        180 sms day a1 alarm #2
        240 sms night a1 alarm #3
        300 sms day a1 alarm #3
        1200 sms night a1 alarm #4
        1260 sms day a1 alarm #4
        1270 sms boss a1 alarm #1
        2170 sms night a1 alarm #5
        2230 sms day a1 alarm #5
        2240 sms boss a1 alarm #2
        2300 sms boss a1 acknowledged #1
        2300 sms day a1 acknowledged #1
        2300 sms night a1 acknowledged #1",
    );
    check("night: sms: 60", "0 raise a1 early_warning\n 9999 run", "0 sms night a1 alarm #1");
}

#[test]
fn verified_forwarded_and_closed_stop_the_ladder_too() {
    for (verb, news) in [("verify", "verified"), ("close", "closed")] {
        check(
            "night: sms: 60\n day: sms: 10",
            &format!("0 raise a1 gas\n 5 {verb} a1 gas\n 999 run"),
            &format!("0 sms night a1 alarm #1\n 5 sms night a1 {news} #1"),
        );
    }
    check("night: sms: 60\n day: sms: 10", "0 raise a1 gas\n 5 forward a1 gas\n 999 run", "0 sms night a1 alarm #1");
}

#[test]
fn everybody_on_a_rung_is_told_at_once_by_every_way_when_none_is_named() {
    check(
        "night,day: : 60",
        "0 raise a1 early_warning\n 0 run",
        "
        0 email day a1 alarm #1
        0 sms day a1 alarm #1
        0 email night a1 alarm #1
        0 sms night a1 alarm #1",
    );
}

#[test]
fn an_escalation_begins_the_ladder_anew_even_after_an_acknowledgement() {
    check(
        LADDER,
        "0 raise a1 early_warning\n 10 ack a1 early_warning\n 100 escalate a1 fire\n 165 run",
        "
        0 sms night a1 alarm #1
        10 sms night a1 acknowledged #1
        100 sms night a1 alarm #1
        160 sms day a1 alarm #1",
    );
}

#[test]
fn a_reopened_alert_is_told_again() {
    check(
        LADDER,
        "0 raise a1 fire\n 1 ack a1\n 2 close a1\n 50 reopen a1 fire\n 51 run",
        "
        0 sms night a1 alarm #1
        1 sms night a1 acknowledged #1
        50 sms night a1 alarm #1",
    );
}

#[test]
fn what_belongs_to_a_test_is_told_to_nobody_until_it_leaves_the_test() {
    check(
        LADDER,
        "0 test-raise a1 fire\n 1 test-escalate a1 fire\n 2 test-clear a1\n 9 crash\n 10 raise a2 fire\n 11 ack a2
        50 reopen a1 fire\n 51 ack a1\n 60 test-raise a3 fire\n 61 test-verify a3\n 62 test-close a3\n 99 run",
        "
        10 sms night a2 alarm #1
        11 sms night a2 acknowledged #1
        50 sms night a1 alarm #1
        51 sms night a1 acknowledged #1",
    );
}

#[test]
fn a_fault_that_comes_and_goes_is_told_once_a_minute_and_a_danger_each_time() {
    let script = |class: &str| {
        let mut script = format!("0 raise a1 {class}\n");
        for flap in 1..=12 {
            script += &format!("{} clear a1 {class}\n {} reopen a1 {class}\n", flap * 12 - 6, flap * 12);
        }
        script + "400 run\n"
    };
    check(
        "night: sms: 60: fault",
        &script("fault"),
        "
        0 sms night a1 alarm #1
        6 sms night a1 cleared #1
        60 sms night a1 alarm #1
        66 sms night a1 cleared #1
        120 sms night a1 alarm #1
        126 sms night a1 cleared #1
        180 sms night a1 alarm #1",
    );
    // The crash forgets nothing of it.
    check(
        "night: sms: 60: fault",
        "0 raise a1 fault\n 6 clear a1 fault\n 7 crash\n 12 reopen a1 fault\n 13 crash\n 20 clear a1 fault\n 99 run\n \
         100 reopen a1 fault\n 101 run",
        "
        0 sms night a1 alarm #1
        6 sms night a1 cleared #1
        100 sms night a1 alarm #1",
    );
    // Gone for good, forgotten after that minute.
    check(
        "night: sms: 60: fault",
        "0 raise a1 fault\n 6 clear a1 fault\n 99 run\n 100 reopen a1 fault\n 101 run",
        "
        0 sms night a1 alarm #1
        6 sms night a1 cleared #1
        100 sms night a1 alarm #1",
    );
    check(
        "night: sms: 60",
        "0 raise a1 gas\n 6 clear a1 gas\n 12 reopen a1 gas\n 13 run",
        "
        0 sms night a1 alarm #1
        6 sms night a1 cleared #1
        12 sms night a1 alarm #1",
    );
}

#[test]
fn what_clears_ends_the_ladder_but_fire_gas_and_carbon_monoxide_want_an_answer() {
    check(
        LADDER,
        "0 raise a1 early_warning\n 30 clear a1 early_warning\n 999 run",
        "
        0 sms night a1 alarm #1
        30 sms night a1 cleared #1",
    );
    check(
        LADDER,
        "0 raise a1 co\n 30 clear a1 co\n 99 ack a1 co\n 999 run",
        "
        0 sms night a1 alarm #1
        30 sms night a1 cleared #1
        60 sms day a1 alarm #1
        99 sms day a1 acknowledged #1
        99 sms night a1 acknowledged #1",
    );
    check(
        "night: sms: 60\n day: sms: 60",
        "0 raise a1 fire\n 30 clear a1\n 61 run",
        "
        0 sms night a1 alarm #1
        60 sms day a1 alarm #1",
    );
}

#[test]
fn what_clears_before_anybody_was_reached_is_still_told() {
    check(
        "night: sms: 60\n day: sms: 60",
        "0 way night sms unreachable\n 0 way day sms unreachable\n 0 raise a1 early_warning
        5 clear a1 early_warning\n 6 way night sms ok\n 99 run",
        "
        0 sms night a1 alarm #1
        0 sms day a1 alarm #1
        10 sms day a1 alarm #2
        10 sms night a1 alarm #2",
    );
}

#[test]
fn a_way_that_fails_gives_way_at_once_and_is_retried_with_growing_pauses() {
    check(
        "night: sms,email: 300",
        "0 way night sms unreachable\n 0 raise a1 early_warning\n 200 run",
        "
        0 sms night a1 alarm #1
        0 email night a1 alarm #1
        10 sms night a1 alarm #2
        30 sms night a1 alarm #3
        30 notice begins: sms
        70 sms night a1 alarm #4
        150 sms night a1 alarm #5",
    );
}

#[test]
fn a_way_that_works_again_ends_its_notice() {
    check(
        "night: sms: 300",
        "0 way night sms unreachable\n 0 raise a1 early_warning\n 40 way night sms ok\n 99 run",
        "
        0 sms night a1 alarm #1
        10 sms night a1 alarm #2
        30 sms night a1 alarm #3
        30 notice begins: sms
        70 sms night a1 alarm #4
        70 notice ends: sms",
    );
}

#[test]
fn when_nobody_of_a_rung_can_be_reached_the_next_begins_at_once() {
    check(
        LADDER,
        "0 way night sms unreachable\n 0 way night email unreachable\n 0 raise a1 early_warning\n 5 run",
        "
        0 sms night a1 alarm #1
        0 email night a1 alarm #1
        0 sms day a1 alarm #1",
    );
}

#[test]
fn a_refusal_is_never_repeated_and_a_person_is_told() {
    check(
        "night: sms: 60\n day: sms: 60\n night: sms: 60",
        "0 way night sms refused\n 0 raise a1 early_warning\n 999 run",
        "
        0 sms night a1 alarm #1
        0 notice begins: sms/night
        0 sms day a1 alarm #1",
    );
}

#[test]
fn a_short_wait_is_kept_and_a_long_one_tries_the_next_way() {
    check(
        "night: sms,email: 60",
        "0 way night sms throttled:12\n 0 raise a1 early_warning\n 13 run",
        "
        0 sms night a1 alarm #1
        12 sms night a1 alarm #2",
    );
    check(
        "night: sms,email: 60",
        "0 way night sms throttled:40\n 0 raise a1 early_warning\n 41 run",
        "
        0 sms night a1 alarm #1
        0 email night a1 alarm #1
        40 sms night a1 alarm #2",
    );
}

#[test]
fn retries_end() {
    let mut play = Play::new(&sites("night: sms: 60"), DeskOptions::default());
    let none = BTreeMap::new();
    for line in ["0 way night sms unreachable", "0 raise a1 early_warning", "100000 run"] {
        play.line(line, &none);
    }
    let last: Vec<&str> = play.log.lines().rev().take(2).collect();
    assert_eq!(last, ["3310 notice begins: site/home", "3310 sms night a1 alarm #16"]);
    assert_eq!(play.desk.wake_at(), None);
}

#[test]
fn a_silence_that_a_power_cut_explains_calls_nobody_until_it_counts_in_full() {
    check(
        "night: sms: 60: offline,fire",
        "0 explained-raise a1 offline\n 9 crash\n 50 escalate a1 offline\n 51 ack a1\n 60 explained-raise a2 fire
        61 ack a2\n 70 raise a3 offline\n 71 clear a3\n 72 explained-reopen a3 offline\n 999 run",
        "
        50 sms night a1 alarm #1
        51 sms night a1 acknowledged #1
        60 sms night a2 alarm #1
        61 sms night a2 acknowledged #1
        70 sms night a3 alarm #1
        71 sms night a3 cleared #1",
    );
}

#[test]
fn only_those_who_asked_are_told_of_lesser_things() {
    check("night: sms: 60\n day: email: 60: fault,fire", "0 raise a1 fault\n 999 run", "0 email day a1 alarm #1");
    check("night: sms: 60", "0 raise a1 fault\n 1 ack a1 fault\n 999 run", "");
}

#[test]
fn nobody_to_tell_is_said_until_somebody_is_named() {
    let setups = BTreeMap::from([("better", sites("boss: sms: 60"))]);
    for ladder in ["", "ghost: sms: 60", "nobody-known: sms: 60"] {
        check_with(
            ladder,
            DeskOptions::default(),
            &setups,
            "0 raise a1 gas\n 40 setup better\n 41 run",
            "
            0 notice begins: site/home
            40 sms boss a1 alarm #1
            40 notice ends: site/home",
        );
    }
    check("", "0 raise a1 fire\n 9 close a1", "0 notice begins: site/home\n 9 notice ends: site/home");
    check("", "0 raise a1 offline\n 9 run", "");
}

#[test]
fn the_stations_own_ladder_stands_in() {
    let options = DeskOptions { ladder: rungs("boss: sms: 60"), ..DeskOptions::default() };
    for ladder in ["", "ghost: sms: 60", "night: sms: 60: fault"] {
        check_with(
            ladder,
            options.clone(),
            &BTreeMap::new(),
            "0 raise a1 early_warning\n 9 run",
            "0 sms boss a1 alarm #1",
        );
    }
}

#[test]
fn a_burst_in_one_zone_is_told_together_another_zone_or_class_at_once() {
    check(
        "night: sms: 600",
        "0 raise a1 fire corridor\n 1 raise a2 fire corridor\n 2 raise a3 fire corridor
        3 raise a4 fire kitchen\n 4 raise a5 gas corridor\n 70 run",
        "
        0 sms night a1 alarm #1
        3 sms night a4 alarm #1
        4 sms night a5 alarm #1
        60 sms night a2 alarm with 1 more #1",
    );
}

#[test]
fn a_burst_ends_with_the_alert_that_began_it() {
    check(
        "night: sms: 600",
        "0 raise a1 fire corridor\n 1 raise a2 fire corridor\n 5 ack a1\n 6 raise a3 fire corridor\n 7 run",
        "
        0 sms night a1 alarm #1
        5 sms night a2 alarm #1
        5 sms night a1 acknowledged #1
        6 sms night a3 alarm #1",
    );
}

#[test]
fn who_acknowledges_in_a_burst_is_not_told_of_that_alert() {
    check(
        "night: sms: 600",
        "0 raise a1 fire corridor\n 1 raise a2 fire corridor\n 2 raise a3 fire corridor\n 9 ack a2\n 70 run",
        "
        0 sms night a1 alarm #1
        60 sms night a3 alarm #1",
    );
}

#[test]
fn a_failed_summary_goes_on_without_its_first_alert() {
    check(
        "night: sms: 600",
        "0 raise a1 fire corridor\n 1 raise a2 fire corridor\n 2 raise a3 fire corridor
        3 way night sms unreachable\n 61 way night sms ok\n 62 ack a2\n 99 run",
        "
        0 sms night a1 alarm #1
        60 sms night a2 alarm with 1 more #1
        62 sms night a3 alarm #1",
    );
}

#[test]
fn lesser_alerts_of_a_site_are_told_together_whatever_their_zone() {
    check(
        "night: sms: 600: fault",
        "0 raise a1 fault corridor\n 1 raise a2 fault kitchen\n 2 raise a3 fault\n 400 run",
        "
        0 sms night a1 alarm #1
        300 sms night a2 alarm with 1 more #1",
    );
}

#[test]
fn a_few_alerts_without_a_zone_are_told_one_by_one() {
    let raises: String = (1..=8).map(|n| format!("0 raise a{n} gas\n")).collect();
    check(
        "night: sms: 600",
        &format!("{raises} 60 run"),
        "
        0 sms night a1 alarm #1
        0 sms night a2 alarm #1
        0 sms night a3 alarm #1
        0 sms night a4 alarm #1
        0 sms night a5 alarm #1
        60 sms night a6 alarm with 2 more #1",
    );
}

#[test]
fn systems_get_every_alert_by_itself() {
    check(
        "system: webhook: 600",
        "0 raise a1 fire corridor\n 1 raise a2 fire corridor\n 2 run",
        "
        0 webhook system a1 alarm #1
        1 webhook system a2 alarm #1",
    );
}

#[test]
fn what_had_no_outcome_is_sent_again_under_the_same_number() {
    check(
        "night: sms: 60\n day: sms: 60",
        "0 way night sms silent\n 0 raise a1 fire\n 10 crash\n 20 way night sms ok\n 20 crash\n 21 crash\n 30 run",
        "
        0 sms night a1 alarm #1
        10 sms night a1 alarm #1
        20 sms night a1 alarm #1",
    );
}

#[test]
fn an_acknowledgement_calls_back_what_is_on_its_way() {
    check(
        "night: sms: 60\n day: sms: 60",
        "0 way night sms silent\n 0 raise a1 fire\n 10 ack a1\n 11 crash\n 999 run",
        "0 sms night a1 alarm #1",
    );
}

#[test]
fn who_is_reached_late_hears_the_news_too() {
    let mut play = Play::new(&sites("night: sms: 60"), DeskOptions::default());
    let none = BTreeMap::new();
    ["0 way night sms silent", "0 raise a1 fire", "5 ack a1"].iter().for_each(|line| play.line(line, &none));
    let attempt = play.journal.iter().find_map(|event| match event {
        script::Kept::Outcome(_, outcome) => Some(outcome.delivery().clone()),
        _ => None,
    });
    let delivered = watchfire_model::Outcome::Delivered { delivery: attempt.unwrap(), receipt: String::new() };
    assert!(!play.desk.wants(delivered.delivery()));
    play.keep(script::Kept::Outcome(play.now, delivered));
    play.line("6 run", &none);
    assert_eq!(play.log, "0 sms night a1 alarm #1\n5 sms night a1 acknowledged #1\n");
}

#[test]
fn a_contact_that_is_gone_is_a_refusal() {
    let mut without = sites("night: sms: 60\n day: sms: 60");
    without.contacts.remove("night");
    let setups = BTreeMap::from([("without", without)]);
    let script = "0 way night sms unreachable\n 0 raise a1 early_warning\n 5 setup without\n 11 run";
    check_with(
        "night: sms: 60\n day: sms: 60",
        DeskOptions::default(),
        &setups,
        script,
        "
        0 sms night a1 alarm #1
        0 sms day a1 alarm #1
        10 notice begins: sms/night",
    );
}

#[test]
fn a_thousand_detectors_of_one_zone_make_few_messages_and_the_first_at_once() {
    let mut play = Play::new(&sites("night,day: sms,email: 60\n boss: sms: 60"), DeskOptions::default());
    let none = BTreeMap::new();
    for number in 1..=1000 {
        play.line(&format!("{} raise a{number} fire corridor", number / 100), &none);
    }
    play.line("100 run", &none);
    let log: Vec<&str> = play.log.lines().collect();
    assert_eq!(
        log,
        [
            "0 sms day a1 alarm #1",
            "0 sms night a1 alarm #1",
            "60 sms boss a1 alarm #1",
            "60 sms day a2 alarm with 998 more #1",
            "60 sms night a2 alarm with 998 more #1",
        ]
    );
}

/// From here the time until somebody is told is counted, and not from what else was journaled last.
#[test]
fn a_delivery_knows_when_the_run_began_that_it_tells_of() {
    let mut play = Play::new(&sites(LADDER), DeskOptions::default());
    let mut began = |lines: &[&str]| {
        lines.iter().for_each(|line| play.line(line, &BTreeMap::new()));
        let attempt = |kept: &Kept| match kept {
            Kept::Outcome(_, Outcome::Attempt { delivery }) => Some(delivery.clone()),
            _ => None,
        };
        let attempts: Vec<DeliveryId> = play.journal.iter().filter_map(attempt).collect();
        attempts.iter().map(|id| (id.contact.to_string(), play.desk.run_began_at(id))).collect::<Vec<_>>()
    };
    // The night's message is delivered, the day's of 60 s later is on its way.
    let told = began(&["0 way day sms silent", "10 raise a1 fire corridor", "100 run"]);
    let raised = Some(Timestamp::from_seconds(10));
    assert_eq!(told, [("night".to_owned(), None), ("day".to_owned(), raised)]);
    let news = began(&["110 ack a1", "111 run"]);
    assert!(news.iter().all(|(_, began)| began.is_none()), "news has no run of its own: {news:?}");
}

#[test]
fn a_snapshot_of_another_build_is_not_read() {
    let desk = watchfire_notify::Desk::new(DeskOptions::default());
    let mut bytes = desk.snapshot();
    assert!(watchfire_notify::Desk::restore(DeskOptions::default(), &bytes).is_ok());
    bytes[0] = 9;
    let error = watchfire_notify::Desk::restore(DeskOptions::default(), &bytes).unwrap_err();
    assert!(error.to_string().contains("version 9"), "{error}");
    assert!(watchfire_notify::Desk::restore(DeskOptions::default(), &[]).is_err());
    assert!(watchfire_notify::Desk::restore(DeskOptions::default(), &[1, 255]).is_err());
}

#[test]
fn a_retry_has_the_key_of_its_message_and_the_next_round_one_of_its_own() {
    let mut play = Play::new(&sites("night: sms: 60"), DeskOptions::default());
    for line in ["0 way night sms unreachable", "0 raise a1 fire", "29 way night sms ok", "100 run"] {
        play.line(line, &BTreeMap::new());
    }
    let attempts: Vec<&str> = play.keys.iter().map(|key| key.rsplit('/').next().unwrap()).collect();
    assert_eq!(attempts, ["1", "1", "1", "4"], "{}", play.log);
}
