//! What a city of units costs. `WATCHFIRE_CITY=100000` builds a large one and says what it takes; meant for a release build.

use crate::stage::Stage;
use std::time::{Duration, Instant};
use watchfire_model::*;

const UNITS: usize = 400;
const DAYS: u64 = 366;
/// A year in which the score of each unit changes daily and, at its end, hourly.
const BYTES_PER_UNIT_MAX: usize = 4_096;

fn units() -> usize {
    std::env::var("WATCHFIRE_CITY").ok().map_or(UNITS, |units| units.parse().unwrap())
}

fn city(units: usize) -> Stage {
    let mut stage = Stage::new();
    stage.site("office", SiteKind::Other).premises.district = Some("city".parse().unwrap());
    for number in 0..units {
        let id = format!("home-{number}");
        let kinds = [SiteKind::Home, SiteKind::Home, SiteKind::Building, SiteKind::CareHome];
        let premises = &mut stage.site(&id, kinds[number % 4]).premises;
        premises.district = Some(format!("city/d{}", number % 40).parse().unwrap());
        premises.built = Some(1970 + u16::try_from(number % 50).unwrap());
        stage.devices(&id, None, "d", 3);
    }
    stage
}

/// Kilobytes of this process, where the machine tells.
fn resident_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it says how long things take, and asserts nothing of it")]
fn a_year_of_a_city_is_bounded() {
    let units = units();
    let mut stage = city(units);
    let begin: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let before = resident_kb();
    stage.set_up(begin);
    let hours = |hours: u64| begin.plus(Duration::from_secs(hours * 3_600));
    let weather = |stage: &mut Stage, at: Timestamp, is_bad: bool| {
        let values = if is_bad { [5.0, 25.0, 90.0] } else { [90.0, 1.0, 0.0] };
        let [humidity, wind, dry] = values.map(Value::Number);
        let said =
            [("w", "humidity", humidity, at), ("w", "air_speed", wind, at), ("w", "vendor.risk.dry_days", dry, at)];
        stage.frame(at, "office", "weather", &said);
        stage.changes.clear();
    };
    let started = Instant::now();
    for day in 0..DAYS {
        weather(&mut stage, hours(day * 24), day % 2 == 0);
    }
    let spent = started.elapsed();
    for hour in 0..100 {
        weather(&mut stage, hours(DAYS * 24 + hour), hour % 2 == 0);
    }
    let history = stage.risk().site(&"home-1".parse().unwrap()).unwrap().history.clone();
    assert!(history.days().count() > 300, "{} days", history.days().count());
    let (after, bytes) = (resident_kb(), stage.risk().snapshot().len());
    let started = Instant::now();
    let order = stage.risk().ranking(None).len();
    println!(
        "{order} units: {:?} a weather change, {:?} to rank, {bytes} B snapshot, {before:?} to {after:?} kB resident",
        spent / u32::try_from(DAYS).unwrap(),
        started.elapsed()
    );
    assert!(bytes / units < BYTES_PER_UNIT_MAX, "{} B for each unit", bytes / units);
}
