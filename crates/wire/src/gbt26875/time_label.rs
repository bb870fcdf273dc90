//! Six bytes of time: second, minute, hour, day, month, year since 2000. No zone stands in it; the devices mean China's
//! (UTC+8, without summer time).
//!
//! The standard writes plain binary. Some makers write BCD; a device's dialect says so. A label that no calendar has is
//! not repaired but where it proves to be written the other way than the dialect has it: a month byte of 0x10 to 0x12
//! with decimal digits everywhere proves BCD, a half that is no decimal digit proves binary.

use crate::rfc3339;
use compact_str::{CompactString, format_compact};
use serde::{Deserialize, Serialize};
use watchfire_model::Timestamp;

const MICROS: i64 = 1_000_000;
const DAY_S: i64 = 86_400;
const ZONE_S: i64 = 8 * 3600;

/// How a number stands in a byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Digits {
    /// As it is: 58 is 0x3A.
    #[default]
    Binary,
    /// A decimal digit in each half: 58 is 0x58.
    Bcd,
}

/// A time label as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeLabel(pub [u8; 6]);

#[derive(Clone, Copy)]
struct Civil {
    year: i64,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl TimeLabel {
    /// What a device without a clock sends.
    pub const UNKNOWN: TimeLabel = TimeLabel([0; 6]);

    /// The label for a time; [`TimeLabel::UNKNOWN`] outside of the years 2000 to 2099.
    pub fn of(at: Timestamp, digits: Digits) -> TimeLabel {
        let seconds = at.as_micros().div_euclid(MICROS).saturating_add(ZONE_S);
        let (days, second_of_day) = (seconds.div_euclid(DAY_S), seconds.rem_euclid(DAY_S));
        let (year, month, day) = rfc3339::civil(days);
        if !(2000..2100).contains(&year) {
            return TimeLabel::UNKNOWN;
        }
        let fields = [second_of_day % 60, second_of_day / 60 % 60, second_of_day / 3600, day, month, year - 2000];
        TimeLabel(fields.map(|field| {
            let field = u8::try_from(field).expect("every field of a civil time is below 100");
            match digits {
                Digits::Binary => field,
                Digits::Bcd => field / 10 * 16 + field % 10,
            }
        }))
    }

    /// The time, if the label is one.
    pub fn time(self, digits: Digits) -> Option<Timestamp> {
        let Civil { year, month, day, hour, minute, second } = self.civil(digits)?;
        let days = rfc3339::days(year, i64::from(month), i64::from(day));
        let second_of_day = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
        Some(Timestamp::from_seconds(days * DAY_S + second_of_day - ZONE_S))
    }

    /// As RFC 3339 with the devices' offset, if the label is a time.
    pub fn text(self, digits: Digits) -> Option<CompactString> {
        let Civil { year, month, day, hour, minute, second } = self.civil(digits)?;
        Some(format_compact!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+08:00"))
    }

    fn civil(self, digits: Digits) -> Option<Civil> {
        let proves_bcd = matches!(self.0, [_, _, _, _, 0x10..=0x12, _]);
        match digits {
            Digits::Binary if proves_bcd => civil(self.0.map(from_bcd)),
            Digits::Binary => civil(self.0),
            Digits::Bcd if !self.0.into_iter().all(is_decimal) => civil(self.0),
            Digits::Bcd => civil(self.0.map(from_bcd)),
        }
    }
}

fn is_decimal(byte: u8) -> bool {
    byte >> 4 <= 9 && byte & 0x0f <= 9
}

/// 255, which no field holds, when a half is no decimal digit.
fn from_bcd(byte: u8) -> u8 {
    if is_decimal(byte) { (byte >> 4) * 10 + (byte & 0x0f) } else { u8::MAX }
}

fn civil([second, minute, hour, day, month, year]: [u8; 6]) -> Option<Civil> {
    let sound = second < 60 && minute < 60 && hour < 24 && year < 100 && (1..=days_in(month, year)).contains(&day);
    sound.then(|| Civil { year: 2000 + i64::from(year), month, day, hour, minute, second })
}

/// Every fourth year of 2000 to 2099 is a leap year. No days in what is no month.
fn days_in(month: u8, year: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_times_both_ways() {
        let at: Timestamp = "2012-09-26T09:58:32+08:00".parse().unwrap();
        let label = TimeLabel([0x20, 0x3a, 9, 26, 9, 12]);
        assert_eq!(TimeLabel::of(at, Digits::Binary), label);
        assert_eq!(label.time(Digits::Binary), Some(at));
        assert_eq!(label.text(Digits::Binary).unwrap(), "2012-09-26T09:58:32+08:00");
        let bcd = TimeLabel([0x32, 0x58, 0x09, 0x26, 0x09, 0x12]);
        assert_eq!(TimeLabel::of(at, Digits::Bcd), bcd);
        assert_eq!(bcd.time(Digits::Bcd), Some(at));
        for days in 0..36_525 {
            let at = Timestamp::from_seconds(946_684_800 - ZONE_S + days * DAY_S + days * 13 % DAY_S);
            for digits in [Digits::Binary, Digits::Bcd] {
                assert_eq!(TimeLabel::of(at, digits).time(digits), Some(at));
            }
        }
        assert_eq!(TimeLabel::of(Timestamp::EPOCH, Digits::Binary), TimeLabel::UNKNOWN);
        assert_eq!(TimeLabel::of(Timestamp(i64::MAX), Digits::Binary), TimeLabel::UNKNOWN);
    }

    #[test]
    fn what_no_calendar_has_is_no_time() {
        for junk in [
            [0, 0, 0, 0, 0, 0],
            [1, 0, 0, 0, 0, 0],
            [60, 0, 0, 1, 1, 20],
            [0, 60, 0, 1, 1, 20],
            [0, 0, 24, 1, 1, 20],
            [0, 0, 0, 30, 2, 20],
            [0, 0, 0, 29, 2, 21],
            [0, 0, 0, 31, 4, 21],
            [0, 0, 0, 1, 13, 21],
            [0, 0, 0, 1, 1, 100],
            [255; 6],
        ] {
            assert_eq!(TimeLabel(junk).time(Digits::Binary), None, "{junk:?}");
        }
    }

    #[test]
    fn a_half_that_is_no_decimal_digit_proves_binary_even_of_a_device_that_should_write_bcd() {
        let label = TimeLabel([0x1a, 0x3b, 0x17, 0x1f, 0x0c, 0x18]);
        assert_eq!(label.text(Digits::Bcd).unwrap(), "2024-12-31T23:59:26+08:00");
        assert_eq!(TimeLabel([0x6a, 0x59, 0x23, 0x31, 0x12, 0x24]).text(Digits::Bcd), None);
    }

    #[test]
    fn a_month_byte_of_0x10_to_0x12_proves_bcd_even_of_a_device_that_should_write_binary() {
        let label = TimeLabel([0x59, 0x58, 0x23, 0x31, 0x12, 0x24]);
        assert_eq!(label.text(Digits::Binary).unwrap(), "2024-12-31T23:58:59+08:00");
        assert_eq!(TimeLabel([0x5a, 0x58, 0x23, 0x31, 0x12, 0x24]).text(Digits::Binary), None);
    }
}
