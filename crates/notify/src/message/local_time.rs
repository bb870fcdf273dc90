//! A time as the people at the site read it.

use jiff::tz::TimeZone;
use watchfire_model::Timestamp;
use watchfire_model::sites::Language;

/// Date and time at the site, with what tells a reader elsewhere which time it is.
pub(super) fn local_time(at: Timestamp, time_zone: &str, language: Language) -> String {
    let Some(zoned) = zoned(at, time_zone) else { return at.to_string() };
    let time = zoned.strftime("%Y-%m-%d %H:%M:%S");
    match (language, time_zone) {
        (Language::Zh, "Asia/Shanghai") => format!("{time}（北京时间）"),
        (Language::Zh, _) => format!("{time}（{}）", zoned.strftime("UTC%:z")),
        (Language::En, _) => format!("{time} ({})", zoned.strftime("UTC%:z")),
    }
}

/// The time of day at the site.
pub(super) fn clock_time(at: Timestamp, time_zone: &str) -> String {
    zoned(at, time_zone).map_or_else(|| at.to_string(), |zoned| zoned.strftime("%H:%M:%S").to_string())
}

/// UTC when the zone is not known: the offset stands beside it, so that nobody is misled.
fn zoned(at: Timestamp, time_zone: &str) -> Option<jiff::Zoned> {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    Some(jiff::Timestamp::from_microsecond(at.as_micros()).ok()?.to_zoned(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_the_sites_own() {
        let at: Timestamp = "2026-03-01T08:00:05.7Z".parse().unwrap();
        let cases = [
            (Language::Zh, "Asia/Shanghai", "2026-03-01 16:00:05（北京时间）"),
            (Language::En, "Asia/Shanghai", "2026-03-01 16:00:05 (UTC+08:00)"),
            (Language::En, "Europe/London", "2026-03-01 08:00:05 (UTC+00:00)"),
            (Language::Zh, "Asia/Urumqi", "2026-03-01 14:00:05（UTC+06:00）"),
            (Language::En, "Nowhere/Else", "2026-03-01 08:00:05 (UTC+00:00)"),
        ];
        for (language, zone, expected) in cases {
            assert_eq!(local_time(at, zone, language), expected, "{zone}");
        }
        assert_eq!(local_time(Timestamp(i64::MAX), "UTC", Language::En), Timestamp(i64::MAX).to_string());
    }
}
