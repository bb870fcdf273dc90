//! The time on the walls of the sites: for hours of rules, and for sentences that people read.

use crate::engine::Engine;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::BTreeMap;
use watchfire_model::{SiteId, Sites, Timestamp};

impl Engine {
    /// The clock on a site's wall.
    pub(crate) fn clock(&self, site: &SiteId) -> TimeZone {
        self.clocks.get(site).cloned().unwrap_or_else(china)
    }

    /// Day and time on a site's wall, for a sentence: `2026-03-01 08:00:00`.
    pub(crate) fn wall_time(&self, site: &SiteId, at: Timestamp) -> String {
        match jiff::Timestamp::from_microsecond(at.0) {
            Ok(instant) => self.clock(site).to_datetime(instant).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            Err(_) => at.to_string(),
        }
    }
}

/// The clocks of the sites. China's time where a zone is not known.
pub(crate) fn clocks(sites: &Sites) -> BTreeMap<SiteId, TimeZone> {
    let table = TimeZoneDatabase::bundled();
    let zone = |name: &str| table.get(name).unwrap_or_else(|_| china());
    sites.sites.iter().map(|(id, site)| (id.clone(), zone(&site.time_zone))).collect()
}

fn china() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(8))
}

/// The day of the week, 0 being Monday, and the minute of the day.
pub(crate) fn day_and_minute(at: Timestamp, zone: &TimeZone) -> (u8, u16) {
    let Ok(at) = jiff::Timestamp::from_microsecond(at.0) else { return (0, 0) };
    let local = zone.to_datetime(at);
    let day = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
    let number = |part: i8| u16::try_from(part).unwrap_or(0);
    (day, number(local.hour()) * 60 + number(local.minute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_counts() {
        let berlin = TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
        let at = |text: &str| day_and_minute(text.parse().unwrap(), &berlin);
        assert_eq!(at("2026-01-01T21:30:00Z"), (3, 22 * 60 + 30));
        assert_eq!(at("2026-07-01T20:30:00Z"), (2, 22 * 60 + 30));
    }
}
