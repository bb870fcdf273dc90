//! Times by the clock of a site.

use jiff::tz::TimeZone;
use watchfire_model::Timestamp;

/// UTC when the zone is not known.
pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The site's clock as seconds since 1970-01-01 00:00 of that clock.
pub(crate) fn local_seconds(at: Timestamp, zone: &TimeZone) -> f64 {
    let offset = jiff::Timestamp::from_microsecond(at.as_micros()).map_or(0, |at| zone.to_offset(at).seconds());
    let micros = at.as_micros().saturating_add(i64::from(offset) * 1_000_000);
    // Whole seconds and the rest apart, so that nothing is lost.
    let whole = i32::try_from(micros.div_euclid(1_000_000)).unwrap_or(i32::MAX);
    f64::from(whole) + f64::from(u32::try_from(micros.rem_euclid(1_000_000)).unwrap_or(0)) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_a_site() {
        let at: Timestamp = "2026-02-28T16:00:00.5Z".parse().unwrap();
        assert_eq!(local_seconds(at, &zone("Asia/Shanghai")), 1_772_323_200.5);
        assert_eq!(local_seconds(at, &zone("Nowhere/Else")), 1_772_294_400.5);
    }
}
