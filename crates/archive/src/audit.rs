//! Who did what and when. Orders are written down by themselves, with everything else that changes what follows.

use crate::alert_words::order_words;
use crate::batch::Batch;
use crate::fault::Fault;
use crate::plain_row::{Cell, Cells, PlainRow, WrongCell, cells};
use crate::registry::LIST_MAX;
use watchfire_model::{Act, JournalId, Order, OrderKind, Seq, Timestamp};

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its entry.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// Who; `os:NAME` is an account of the machine. `None`: the station itself, or nobody known.
    pub by: Option<String>,
    /// An order's or act's name, or `set_up`, `started`, `restored`, `entry_skipped`.
    pub action: String,
    /// The alert, the test, the devices or the user that it was about; of a log-in the address.
    pub subject: String,
    /// The rest in words.
    pub detail: String,
}

/// Which lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only those that come after this one in the order of the answer, which is newest first: when, and its entry.
    /// Entries alone are no order: after a restore another journal counts anew from where the backup ended.
    pub before: Option<(Timestamp, Seq)>,
    /// Only at or after this.
    pub from: Option<Timestamp>,
    /// Only before this.
    pub to: Option<Timestamp>,
    /// Only of this person.
    pub by: Option<String>,
    /// Only this action.
    pub action: Option<String>,
}

impl Batch {
    /// What is not an order and changes what follows.
    pub fn audit(&mut self, journal: JournalId, row: &AuditRow) {
        let sql = "INSERT INTO audit (journal, seq, at, person, action, subject, detail)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (seq, journal) DO NOTHING";
        let AuditRow { seq, at, by, action, subject, detail } = row;
        let cells =
            cells![journal.to_string(), *seq, *at, by.clone(), action.as_str(), subject.as_str(), detail.as_str(),];
        self.plain.push(PlainRow { entries: *seq, alerts: 0, sql, cells });
    }

    /// What somebody did that changes no alert.
    pub fn audit_act(&mut self, journal: JournalId, seq: Seq, at: Timestamp, act: &Act) {
        let Act { kind, by, address, subject, detail, times } = act;
        let subject = address.map_or_else(|| subject.to_string(), |address| address.to_string());
        let times = (*times > 1).then(|| format!("{times} times"));
        let said = [times.as_deref(), Some(detail.as_str()).filter(|detail| !detail.is_empty())];
        let detail = said.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let by = by.as_ref().map(ToString::to_string);
        self.audit(journal, &AuditRow { seq, at, by, action: kind.as_str().to_owned(), subject, detail });
    }

    /// An order, whether or not it was carried out.
    pub fn audit_order(&mut self, journal: JournalId, seq: Seq, at: Timestamp, order: &Order) {
        let words = order_words(order);
        let said = [words.verdict, words.cause, words.note.as_deref(), words.forward];
        let (subject, detail) = match &order.kind {
            OrderKind::ApproveTest { test } => (format!("test {test}"), String::new()),
            OrderKind::EndTest { test, note } => (format!("test {test}"), note.clone()),
            OrderKind::StartTest { scope, reason, .. } => (scope.site().to_string(), reason.clone()),
            _ => (words.alert.clone(), said.into_iter().flatten().collect::<Vec<_>>().join(": ")),
        };
        let (by, action) = (Some(order.by.to_string()), words.kind.to_owned());
        self.audit(journal, &AuditRow { seq, at, by, action, subject, detail });
    }
}

impl AuditQuery {
    /// The lines, newest first.
    pub(crate) fn statement(&self) -> (&'static str, Vec<Cell>) {
        let sql = "SELECT seq, at, person, action, subject, detail FROM audit
            WHERE (CAST($7 AS timestamptz) IS NULL OR at < $7 OR (at = $7 AND seq < $1))
              AND (CAST($2 AS timestamptz) IS NULL OR at >= $2)
              AND (CAST($3 AS text) IS NULL OR person = $3) AND (CAST($4 AS text) IS NULL OR action = $4)
              AND (CAST($6 AS timestamptz) IS NULL OR at < $6)
            ORDER BY at DESC, seq DESC LIMIT $5";
        let (before_at, before) = self.before.unzip();
        let before = before.unwrap_or_default();
        let limit = i64::try_from(LIST_MAX).unwrap_or(i64::MAX);
        (sql, cells![before, self.from, self.by.clone(), self.action.clone(), limit, self.to, before_at])
    }
}

/// The lines of an answer.
pub(crate) fn lines_of(rows: Vec<Vec<Cell>>) -> Result<Vec<AuditRow>, Fault> {
    let line = |mut row: Cells| {
        Ok(AuditRow {
            seq: Seq(row.integer()?.cast_unsigned()),
            at: row.time()?,
            by: row.optional_text()?,
            action: row.text()?,
            subject: row.text()?,
            detail: row.text()?,
        })
    };
    let lines = rows.into_iter().map(|row| line(Cells::new(row)));
    lines.map(|line| line.map_err(|_: WrongCell| Fault::malformed("a row", "of the audit"))).collect()
}
