//! What the archive notes of readings beside their rows: how many a day holds, and the minutes that are to be rolled up.

use super::copy::Copy;
use super::link::Link;
use super::times::Day;
use crate::fault::Fault;
use crate::point::day_of;
use std::collections::BTreeMap;

const MINUTE_US: i64 = 60_000_000;

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Noted {
    days: BTreeMap<i64, i64>,
    series: Vec<i32>,
    minutes: Vec<i32>,
}

impl Noted {
    /// Of sorted rows.
    pub(crate) fn of(sorted: &Copy) -> Noted {
        let mut noted = Noted::default();
        let mut last = None;
        for (series, at) in sorted.times() {
            *noted.days.entry(day_of(at)).or_default() += 1;
            let minute = i32::try_from(at.div_euclid(MINUTE_US)).unwrap_or(i32::MAX);
            if last != Some((series, minute)) {
                last = Some((series, minute));
                noted.series.push(series);
                noted.minutes.push(minute);
            }
        }
        noted
    }

    /// Writes both; the days last, oldest first: others that write to these wait from then on.
    pub(crate) async fn write(&self, link: &Link) -> Result<(), Fault> {
        self.write_minutes(link).await?;
        for (day, count) in &self.days {
            link.execute("UPDATE days SET readings = readings + $2 WHERE day = $1", &[&Day(*day), count]).await?;
        }
        Ok(())
    }

    /// Writes the minutes alone.
    pub(crate) async fn write_minutes(&self, link: &Link) -> Result<(), Fault> {
        if !self.series.is_empty() {
            let sql = "INSERT INTO rollups_due (series, minutes) VALUES ($1, $2)";
            link.execute(sql, &[&self.series, &self.minutes]).await?;
        }
        Ok(())
    }
}
