//! Duty checks (查岗) and rounds of questions to transmission devices: written as the schedule tells them, read by month.

use crate::alert_lives::SpanQuery;
use crate::batch::Batch;
use crate::fault::Fault;
use crate::plain_row::{Cell, Cells, PlainRow, WrongCell, cells};
use std::collections::BTreeMap;
use watchfire_model::{DeviceKey, DeviceName, DutyFigures, DutyOutcome, DutyTally, JournalId, Seq, SiteId, Timestamp};

/// Most duty checks, and rounds of questions, of one answer; the newest.
pub const DUTY_CHECKS_MAX: usize = 5_000;

/// A duty check that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyCheckRow {
    /// The entry that caused it: of an order, or of the moment that was drawn for it.
    pub cause: Seq,
    /// At which transmission device.
    pub device: DeviceKey,
    /// Who ordered it; `None` by plan.
    pub by: Option<String>,
    /// The month that it counts in, by the clocks of the site, e.g. `2026-03`.
    pub month: String,
    /// When the guard was asked.
    pub asked_at: Timestamp,
    /// How long he has, in minutes.
    pub answer_min: u32,
    /// When the device said that it rings.
    pub confirmed_at: Option<Timestamp>,
    /// When the guard answered.
    pub answered_at: Option<Timestamp>,
    /// After how many whole seconds.
    pub answer_s: Option<u32>,
    /// The number of the operator who answered.
    pub operator: Option<u32>,
    /// When his time was up and a notice said so.
    pub escalated_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: DutyOutcome,
}

/// A round of questions to a transmission device that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectionRow {
    /// Which device.
    pub device: DeviceKey,
    /// `inspection`, `clock` or `initialisation`.
    pub kind: String,
    /// Who ordered it; `None` by schedule.
    pub by: Option<String>,
    /// When it began.
    pub asked_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Questions that were answered in time.
    pub answered: u32,
    /// Questions that were denied.
    pub denied: u32,
    /// `answered`, `late`, `denied`, `unanswered`, `unreachable` or `interrupted`.
    pub outcome: String,
}

/// Which duty checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyQuery {
    /// Of this month, by the clocks of the sites.
    pub month: String,
    /// Only of this site.
    pub site: Option<SiteId>,
}

/// Which rounds of questions: those that began in that time, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectionsQuery {
    /// Only of this site.
    pub site: Option<SiteId>,
    /// From here ...
    pub from: Timestamp,
    /// ... to here.
    pub to: Timestamp,
}

/// What the duty checks of one transmission device, of a month or another span, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyOfDevice {
    /// Which.
    pub device: DeviceKey,
    /// The figures.
    pub figures: DutyFigures,
}

impl Batch {
    /// A duty check as it is after that entry.
    pub fn duty_check(&mut self, journal: JournalId, seq: Seq, row: &DutyCheckRow) {
        let DeviceKey { site, source, name } = &row.device;
        let sql = "INSERT INTO duty_checks (journal, cause, site, source, device, person, month, asked_at, answer_min,
                confirmed_at, answered_at, answer_s, operator, escalated_at, outcome)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (cause, journal, site, source, device) DO UPDATE SET confirmed_at = excluded.confirmed_at,
                answered_at = excluded.answered_at, answer_s = excluded.answer_s, operator = excluded.operator,
                escalated_at = coalesce(excluded.escalated_at, duty_checks.escalated_at), outcome = excluded.outcome";
        let cells = cells![
            journal.to_string(),
            row.cause,
            site.as_str(),
            source.as_str(),
            name.as_str(),
            row.by.clone(),
            row.month.as_str(),
            row.asked_at,
            row.answer_min,
            row.confirmed_at,
            row.answered_at,
            row.answer_s,
            row.operator,
            row.escalated_at,
            row.outcome.as_str(),
        ];
        self.plain.push(PlainRow { entries: seq, alerts: 0, sql, cells });
    }

    /// A round that ended at that entry.
    pub fn inspection(&mut self, journal: JournalId, seq: Seq, row: &InspectionRow) {
        let DeviceKey { site, source, name } = &row.device;
        let sql = "INSERT INTO inspections (journal, site, source, device, kind, person, asked_at, ended_at, answered,
                denied, outcome)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (site, device, asked_at, kind, source, journal) DO UPDATE SET ended_at = excluded.ended_at,
                answered = CASE excluded.outcome WHEN 'late' THEN inspections.answered ELSE excluded.answered END,
                denied = CASE excluded.outcome WHEN 'late' THEN inspections.denied ELSE excluded.denied END,
                outcome = excluded.outcome";
        let cells = cells![
            journal.to_string(),
            site.as_str(),
            source.as_str(),
            name.as_str(),
            row.kind.as_str(),
            row.by.clone(),
            row.asked_at,
            row.ended_at,
            row.answered,
            row.denied,
            row.outcome.as_str(),
        ];
        self.plain.push(PlainRow { entries: seq, alerts: 0, sql, cells });
    }
}

impl DutyQuery {
    /// The checks, newest first.
    pub(crate) fn checks(&self) -> (&'static str, Vec<Cell>) {
        let sql = "SELECT cause, site, source, device, person, month, asked_at, answer_min, confirmed_at, answered_at,
                answer_s, operator, escalated_at, outcome
            FROM duty_checks WHERE month = $1 AND (CAST($2 AS text) IS NULL OR site = $2)
            ORDER BY asked_at DESC, site, source, device, cause DESC LIMIT $3";
        let limit = i64::try_from(DUTY_CHECKS_MAX).unwrap_or(i64::MAX);
        (sql, cells![self.month.as_str(), self.site.as_ref().map(|site| site.as_str()), limit])
    }

    /// How often what came of the checks of each device, and after how many seconds they were answered.
    pub(crate) fn counts(&self) -> (&'static str, Vec<Cell>) {
        let sql = "SELECT site, source, device, outcome, answer_s, count(*)
            FROM duty_checks WHERE month = $1 AND (CAST($2 AS text) IS NULL OR site = $2)
            GROUP BY site, source, device, outcome, answer_s";
        (sql, cells![self.month.as_str(), self.site.as_ref().map(|site| site.as_str())])
    }
}

/// The same of the checks that were asked in a span.
pub(crate) fn counts_of_span(query: &SpanQuery) -> (&'static str, Vec<Cell>) {
    let sql = "SELECT site, source, device, outcome, answer_s, count(*)
        FROM duty_checks WHERE asked_at >= $1 AND asked_at < $2 AND (CAST($3 AS text) IS NULL OR site = $3)
        GROUP BY site, source, device, outcome, answer_s";
    (sql, cells![query.from, query.to, query.site.as_ref().map(|site| site.as_str())])
}

impl InspectionsQuery {
    /// The rounds, newest first.
    pub(crate) fn statement(&self) -> (&'static str, Vec<Cell>) {
        let sql = "SELECT site, source, device, kind, person, asked_at, ended_at, answered, denied, outcome
            FROM inspections WHERE asked_at >= $1 AND asked_at <= $2 AND (CAST($3 AS text) IS NULL OR site = $3)
            ORDER BY asked_at DESC, site, source, device, kind LIMIT $4";
        let limit = i64::try_from(DUTY_CHECKS_MAX).unwrap_or(i64::MAX);
        (sql, cells![self.from, self.to, self.site.as_ref().map(|site| site.as_str()), limit])
    }
}

/// The rounds of an answer.
pub(crate) fn rounds_of(rows: Vec<Vec<Cell>>) -> Result<Vec<InspectionRow>, Fault> {
    let round = |mut row: Cells| {
        Ok(InspectionRow {
            device: device_of(&mut row)?,
            kind: row.text()?,
            by: row.optional_text()?,
            asked_at: row.time()?,
            ended_at: row.time()?,
            answered: narrow(row.integer()?)?,
            denied: narrow(row.integer()?)?,
            outcome: row.text()?,
        })
    };
    rows.into_iter().map(|row| round(Cells::new(row)).map_err(|_: WrongCell| malformed("a round"))).collect()
}

/// The checks of an answer.
pub(crate) fn checks_of(rows: Vec<Vec<Cell>>) -> Result<Vec<DutyCheckRow>, Fault> {
    rows.into_iter().map(|row| check_of(Cells::new(row)).map_err(|_| malformed("a row"))).collect()
}

fn check_of(mut row: Cells) -> Result<DutyCheckRow, WrongCell> {
    Ok(DutyCheckRow {
        cause: Seq(row.integer()?.cast_unsigned()),
        device: device_of(&mut row)?,
        by: row.optional_text()?,
        month: row.text()?,
        asked_at: row.time()?,
        answer_min: narrow(row.integer()?)?,
        confirmed_at: row.optional_time()?,
        answered_at: row.optional_time()?,
        answer_s: row.optional_integer()?.map(narrow).transpose()?,
        operator: row.optional_integer()?.map(narrow).transpose()?,
        escalated_at: row.optional_time()?,
        outcome: outcome_of(&row.text()?)?,
    })
}

/// The figures of an answer, by device.
pub(crate) fn figures_of(rows: Vec<Vec<Cell>>) -> Result<Vec<DutyOfDevice>, Fault> {
    let mut tallies = BTreeMap::<DeviceKey, DutyTally>::new();
    for row in rows {
        let mut row = Cells::new(row);
        let mut count = || {
            let device = device_of(&mut row)?;
            let outcome = outcome_of(&row.text()?)?;
            let answer_s = row.optional_integer()?.map(narrow).transpose()?;
            let tally = tallies.entry(device).or_default();
            (0..row.integer()?).for_each(|_| tally.add(outcome, answer_s));
            Ok::<(), WrongCell>(())
        };
        count().map_err(|_| malformed("a count"))?;
    }
    let figures = tallies.into_iter();
    Ok(figures.map(|(device, tally)| DutyOfDevice { device, figures: tally.figures() }).collect())
}

pub(crate) fn device_of(row: &mut Cells) -> Result<DeviceKey, WrongCell> {
    let (site, source, name) = (row.text()?, row.text()?, row.text()?);
    Ok(DeviceKey {
        site: SiteId::new(&site).map_err(|_| WrongCell)?,
        source: source.parse().map_err(|_| WrongCell)?,
        name: DeviceName::new(&name).map_err(|_| WrongCell)?,
    })
}

fn outcome_of(word: &str) -> Result<DutyOutcome, WrongCell> {
    DutyOutcome::ALL.into_iter().find(|known| known.as_str() == word).ok_or(WrongCell)
}

pub(crate) fn narrow(value: i64) -> Result<u32, WrongCell> {
    u32::try_from(value).map_err(|_| WrongCell)
}

fn malformed(what: &'static str) -> Fault {
    Fault::malformed(what, "of duty checks")
}
