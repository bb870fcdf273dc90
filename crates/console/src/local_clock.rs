//! Times by the clock of a site.

use jiff::civil::Date;
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

/// Date and time of day, to the minute.
pub(crate) fn day_and_minute(at: Timestamp, zone: &TimeZone) -> String {
    match jiff::Timestamp::from_microsecond(at.as_micros()) {
        Ok(time) => time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at.to_string(),
    }
}

/// The date there.
pub(crate) fn date(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    Some(jiff::Timestamp::from_microsecond(at.as_micros()).ok()?.to_zoned(zone.clone()).date())
}

/// The first moment of a date there; where the clock is moved at midnight, the first that there is.
pub(crate) fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let first = date.to_zoned(zone.clone()).ok()?;
    Some(Timestamp(first.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_has_its_own_midnight() {
        let of = |date: &str, name: &str| midnight(date.parse().unwrap(), &zone(name)).unwrap().to_string();
        assert_eq!(of("2026-03-01", "Asia/Shanghai"), "2026-02-28T16:00:00Z");
        assert_eq!(of("2026-03-01", "Nowhere/Else"), "2026-03-01T00:00:00Z");
        // The clock of Santiago goes forward at midnight: that day begins at one.
        assert_eq!(of("2026-09-06", "America/Santiago"), "2026-09-06T04:00:00Z");
        let at: Timestamp = "2026-02-28T16:00:00.5Z".parse().unwrap();
        assert_eq!(date(at, &zone("Asia/Shanghai")).unwrap().to_string(), "2026-03-01");
        assert_eq!(day_and_minute(at, &zone("Asia/Shanghai")), "2026-03-01 00:00");
        assert_eq!(local_seconds(at, &zone("Asia/Shanghai")), 1_772_323_200.5);
    }
}
