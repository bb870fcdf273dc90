//! RFC 3339 times in the form that nearly every sender uses, `2026-03-01T08:00:00Z` with or without a fraction, read
//! without a general parser: it is a third of the cost of a small frame. Every other form is left to the model.

use watchfire_model::Timestamp;

/// Reads a time.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    utc(text.as_bytes()).or_else(|| text.parse().ok())
}

fn utc(text: &[u8]) -> Option<Timestamp> {
    let (head, tail) = text.split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2] = head else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let (month, day) = (number(&[*mo1, *mo2])?, number(&[*d1, *d2])?);
    let (hour, minute, second) = (number(&[*h1, *h2])?, number(&[*mi1, *mi2])?, number(&[*s1, *s2])?);
    // Days beyond the 28th and leap seconds need the calendar; years before 1970 a sign.
    if year < 1970 || !(1..=12).contains(&month) || !(1..=28).contains(&day) || hour > 23 || minute > 59 || second > 59
    {
        return None;
    }
    let micros = fraction(tail)?;
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some(Timestamp(seconds * 1_000_000 + micros))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

/// Microseconds of `Z`, `.5Z`, `.000001Z`; finer ones are left to the model.
fn fraction(tail: &[u8]) -> Option<i64> {
    match tail {
        [b'Z'] => Some(0),
        [b'.', digits @ .., b'Z'] if (1..=6).contains(&digits.len()) => {
            let scale = (digits.len()..6).fold(1, |scale, _| scale * 10);
            number(digits).map(|number| number * scale)
        }
        _ => None,
    }
}

/// Days since 1970-01-01, with years that begin in March so that the leap day is the last.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    let leap_days = year / 4 - year / 100 + year / 400;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + day_of_year - 719_468
}

/// The year, month and day of a count of days since 1970-01-01: the inverse of [`days`].
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let days = days + 719_468;
    let day_of_era = days.rem_euclid(DAYS_OF_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12 + 1;
    let year = year_of_era + days.div_euclid(DAYS_OF_400_YEARS) * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_both_ways() {
        for day in -800_000..800_000 {
            let (year, month, date) = civil(day);
            // The count of days is for years from 1 on, which is all that times need.
            assert!(year < 1 || days(year, month, date) == day, "{year}-{month}-{date}");
        }
    }

    #[test]
    fn as_the_model_reads_it() {
        for year in [1970, 1972, 1999, 2000, 2024, 2026, 2100, 2400, 9999] {
            for month in 1..=12 {
                for day in [1, 28] {
                    let text = format!("{year}-{month:02}-{day:02}T23:59:07.25Z");
                    assert_eq!(utc(text.as_bytes()), Some(text.parse().unwrap()), "{text}");
                }
            }
        }
        for text in
            ["2026-03-31T08:00:00Z", "2026-03-01T08:00:00+08:00", "2026-02-29T08:00:00Z", "1969-01-01T00:00:00Z"]
        {
            assert_eq!(utc(text.as_bytes()), None);
            assert_eq!(parse(text), text.parse().ok(), "{text}");
        }
        for text in ["", "noon", "2026-13-01T08:00:00Z", "2026-03-01T24:00:01Z", "2026-03-01T08:00:00.Z", "2026-03-01"]
        {
            assert_eq!(parse(text), text.parse().ok(), "{text}");
        }
    }
}
