//! Roll-ups of a minute, an hour and a day, made again wherever a batch wrote to. Each round is a transaction: it takes
//! what is due off the list and writes what comes of it. A row of a batch that is not committed yet is not seen, and is
//! on a later list.
//!
//! A minute is made from its readings, an hour from its minutes, a day from its hours. Repeats count once. Of several
//! values at one time the largest is the last.

use super::link::Link;
use super::times::At;
use crate::fault::Fault;

/// Batches whose notes one round takes.
const BATCHES_MAX: i64 = 100;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Round {
    /// Minutes of series that were made.
    pub(crate) minutes: u64,
    /// Whether nothing is left on the list.
    pub(crate) is_last: bool,
}

/// What a session needs before its first round.
pub(crate) async fn prepare(link: &Link) -> Result<(), Fault> {
    link.batch("CREATE TEMPORARY TABLE IF NOT EXISTS due_now (series integer, at timestamptz) ON COMMIT DELETE ROWS")
        .await
}

/// How long the oldest note has been waiting, in seconds; 0 when none waits.
pub(crate) async fn lag_s(link: &Link) -> Result<f64, Fault> {
    let sql = "SELECT coalesce(date_part('epoch', clock_timestamp() - min(noted_at)), 0) FROM rollups_due";
    Ok(link.row(sql, &[]).await?.map_or(Ok(0.0), |row| row.try_get(0))?)
}

/// Rounds until nothing is due.
pub(crate) async fn finish(link: &Link) -> Result<(), Fault> {
    prepare(link).await?;
    while !round(link).await?.is_last {}
    Ok(())
}

/// Makes the days of hours that are there.
pub(crate) async fn days_of_hours(link: &Link, (first, last): (At, At)) -> Result<(), Fault> {
    link.batch("BEGIN").await?;
    let due = "INSERT INTO due_now SELECT series, at FROM readings_1h WHERE at >= $1 AND at <= $2";
    link.execute(due, &[&first, &last]).await?;
    link.execute(DAYS, &[&first, &last]).await?;
    link.batch("COMMIT").await
}

/// One round.
pub(crate) async fn round(link: &Link) -> Result<Round, Fault> {
    link.batch("BEGIN").await?;
    let taken = take_due(link).await?;
    let mut round = Round { minutes: 0, is_last: taken < BATCHES_MAX.unsigned_abs() };
    let span = link.row("SELECT min(at), max(at) FROM due_now", &[]).await?;
    let (first, last): (Option<At>, Option<At>) = match &span {
        Some(row) => (row.try_get(0)?, row.try_get(1)?),
        None => (None, None),
    };
    if let (Some(first), Some(last)) = (first, last) {
        round.minutes = link.execute(MINUTES, &[&first, &last]).await?;
        link.execute(HOURS, &[&first, &last]).await?;
        link.execute(DAYS, &[&first, &last]).await?;
    }
    link.batch("COMMIT").await?;
    Ok(round)
}

/// Takes notes off the list into `due_now`; how many. Of days that were given up nothing is due: a roll-up that was made of
/// readings which are gone is never made of those that came late.
async fn take_due(link: &Link) -> Result<u64, Fault> {
    let sql = "WITH gone AS (
            DELETE FROM rollups_due WHERE id IN (SELECT id FROM rollups_due ORDER BY id LIMIT $1)
            RETURNING id, series, minutes
        ), noted AS (
            INSERT INTO due_now
            SELECT DISTINCT one.series, to_timestamp(one.minute * 60.0)
            FROM gone, unnest(gone.series, gone.minutes) AS one (series, minute)
            WHERE EXISTS (SELECT FROM days WHERE day = (to_timestamp(one.minute * 60.0) AT TIME ZONE 'UTC')::date)
              AND NOT EXISTS (
                  SELECT FROM rolled_days WHERE day = (to_timestamp(one.minute * 60.0) AT TIME ZONE 'UTC')::date)
        )
        SELECT count(*) FROM gone";
    let row = link.row(sql, &[&BATCHES_MAX]).await?;
    let taken: i64 = row.map_or(Ok(0), |row| row.try_get(0))?;
    Ok(taken.unsigned_abs())
}

/// The bounds let the planner leave out the days that are not in question.
const MINUTES: &str = "
    INSERT INTO readings_1m AS old (series, at, first_at, last_at, min, max, mean, last, true_s, count)
    SELECT due.series, due.at, made.first_at, made.last_at, made.min, made.max, made.mean, made.last,
           CASE WHEN series.is_boolean THEN made.true_s END, made.count
    FROM due_now AS due
    JOIN series ON series.id = due.series
    CROSS JOIN LATERAL (
        SELECT min(at) AS first_at, max(at) AS last_at, min(value) AS min, max(value) AS max,
               -- avg() squares and sums: what a broken sensor says must not stop the roll-ups of all.
               avg(CASE WHEN abs(value) < 1e-100 THEN 0 WHEN abs(value) > 1e100 THEN sign(value) * 1e100 ELSE value END)
                   AS mean,
               max(value) FILTER (WHERE next IS NULL) AS last, count(*) AS count,
               coalesce(sum(date_part('epoch', next - at)) FILTER (WHERE value <> 0), 0) AS true_s
        FROM (
            SELECT at, value, lead(at) OVER (ORDER BY at, value) AS next
            FROM (
                SELECT DISTINCT at, value FROM readings
                WHERE readings.series = due.series
                  AND readings.at >= due.at AND readings.at < due.at + interval '1 minute'
                  AND readings.at >= $1 AND readings.at < $2::timestamptz + interval '1 minute'
            ) AS once
        ) AS followed
    ) AS made
    WHERE made.count > 0
    ON CONFLICT (series, at) DO UPDATE SET
        first_at = excluded.first_at, last_at = excluded.last_at, min = excluded.min, max = excluded.max,
        mean = excluded.mean, last = excluded.last, true_s = excluded.true_s, count = excluded.count";

macro_rules! from_shorter {
    ($longer:literal, $shorter:literal, $unit:literal, $step:literal) => {
        concat!(
            "
    INSERT INTO ", $longer, " AS old (series, at, first_at, last_at, min, max, mean, last, true_s, count)
    SELECT due.series, due.at, made.first_at, made.last_at, made.min, made.max, made.mean, made.last, made.true_s,
           made.count
    FROM (SELECT DISTINCT series, date_trunc('", $unit, "', at, 'UTC') AS at FROM due_now) AS due
    CROSS JOIN LATERAL (
        SELECT min(first_at) AS first_at, max(last_at) AS last_at, min(min) AS min, max(max) AS max,
               sum(mean * count) / sum(count) AS mean, max(last) FILTER (WHERE next IS NULL) AS last,
               sum(true_s) + coalesce(sum(date_part('epoch', next - last_at)) FILTER (WHERE last <> 0), 0) AS true_s,
               sum(count)::bigint AS count
        FROM (
            SELECT *, lead(first_at) OVER (ORDER BY at) AS next FROM ", $shorter, " AS part
            WHERE part.series = due.series AND part.at >= due.at AND part.at < due.at + interval '", $step, "'
              AND part.at >= date_trunc('", $unit, "', $1::timestamptz, 'UTC')
              AND part.at < date_trunc('", $unit, "', $2::timestamptz, 'UTC') + interval '", $step, "'
        ) AS followed
    ) AS made
    WHERE made.count > 0
    ON CONFLICT (series, at) DO UPDATE SET
        first_at = excluded.first_at, last_at = excluded.last_at, min = excluded.min, max = excluded.max,
        mean = excluded.mean, last = excluded.last, true_s = excluded.true_s, count = excluded.count"
        )
    };
}

const HOURS: &str = from_shorter!("readings_1h", "readings_1m", "hour", "1 hour");
const DAYS: &str = from_shorter!("readings_1d", "readings_1h", "day", "1 day");
