//! The back-test.

use crate::stage::{Stage, time};
use std::time::Duration;
use watchfire_model::SiteKind;
use watchfire_rules::risk::back_test;

const DAY: Duration = Duration::from_secs(86_400);

/// Ten homes, the last with faults; then fires.
fn stage() -> Stage {
    let mut stage = Stage::new();
    for number in 0..10 {
        let id = format!("s{number}");
        stage.site(&id, SiteKind::Home);
        stage.devices(&id, None, "d", 2);
    }
    stage.set_up(time("00:00"));
    stage.alert(time("01:00"), 1, "s9", &["raise", "fault"]);
    stage.alert(time("01:00"), 2, "s8", &["raise", "fault"]);
    stage.alert(time("02:00"), 3, "s8", &["raise", "offline"]);
    stage
}

#[test]
fn a_fire_where_risk_was_seen_stands_high() {
    let mut stage = stage();
    stage.alert(time("9d12:00"), 10, "s8", &["raise", "early_warning"]);
    stage.alert(time("9d12:01"), 10, "s8", &["escalate", "fire"]);
    stage.alert(time("9d12:30"), 10, "s8", &["real"]);
    // The same fire in another room, a false one, and one that nobody found out about.
    stage.alert(time("9d12:05"), 11, "s8", &["raise", "fire"]);
    stage.alert(time("9d12:31"), 11, "s8", &["real"]);
    stage.alert(time("9d13:00"), 12, "s1", &["raise", "fire"]);
    stage.alert(time("9d13:01"), 12, "s1", &["false"]);
    stage.alert(time("9d14:00"), 13, "s2", &["raise", "fire"]);
    stage.alert(time("20d00:00"), 14, "s9", &["raise", "fire"]);
    stage.alert(time("20d00:10"), 14, "s9", &["real"]);
    stage.alert(time("21d00:00"), 15, "s0", &["raise", "fire"]);
    stage.alert(time("21d00:10"), 15, "s0", &["real"]);
    stage.alert(time("22d00:00"), 16, "elsewhere", &["raise", "fire"]);
    stage.alert(time("22d00:10"), 16, "elsewhere", &["real"]);
    let found = back_test(&stage.changes, &stage.transitions, DAY);
    let expected = "\
2026-03-10T12:01:00Z s8 score 20 rank 1 of 10 percentile 100.0
2026-03-21T00:00:00Z s9 score 13 rank 3 of 10 percentile 77.7
2026-03-22T00:00:00Z s0 score 6 rank 5 of 10 percentile 27.7
2026-03-23T00:00:00Z elsewhere had no score yet
3 of 4 real fires judged 24 h before: mean percentile 68.4 (chance gives 50), 1 among the first tenth of the units
真实火灾 4 起，可评价 3 起（提前 24 小时）：平均百分位 68.4（随机为 50），1 起位于风险前 10% 的单位
";
    assert_eq!(found.to_string(), expected);
}

#[test]
fn without_fires_nothing_is_claimed() {
    let found = back_test(&stage().changes, &[], DAY);
    assert_eq!(found.mean_percentile(), None);
    assert!(found.to_string().starts_with("0 real fires"));
}
