//! What goes into one transaction.

use crate::plain_row::PlainRow;
use crate::recent_keys::Fingerprint;
use crate::site_registry::Listing;
use crate::store::Cursors;
use std::ops::Range;
use watchfire_model::{
    AlertRecord, Decoded, DefectKind, DeviceName, Order, Outcome, Reading, Seq, SiteId, Source, Timestamp,
};

/// Rows at which a batch is full. At 100,000 readings a second it fills five times a second; more would make the
/// archive lag in leaps, fewer would spend the time on commits.
pub const BATCH_ROWS_MAX: usize = 20_000;
/// The same for a server: the way there is longer, and more rows of a series meet in its index.
pub(crate) const BATCH_ROWS_MAX_SERVER: usize = 60_000;

/// Entries and alert records in the order of their logs, to be written together. It can be filled again after it was
/// written and keeps its memory.
///
/// Every entry goes in by one of [`Batch::decoded`], [`Batch::outcome`], [`Batch::order`], [`Batch::entry`] or
/// [`Batch::gap`]; the position of the last one becomes the cursor.
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) frames: Vec<BatchFrame>,
    pub(crate) readings: Vec<Reading>,
    pub(crate) defects: Vec<BatchDefect>,
    pub(crate) outcomes: Vec<(Seq, Timestamp, Outcome)>,
    pub(crate) orders: Vec<(Seq, Timestamp, Order)>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) records: Vec<(u64, AlertRecord)>,
    pub(crate) plain: Vec<PlainRow>,
    pub(crate) listings: Vec<Listing>,
    /// The first entry of the batch, and the first of a gap when that begins it.
    pub(crate) entries_from: Option<Seq>,
    pub(crate) entries_to: Option<Seq>,
    pub(crate) alerts_to: Option<u64>,
    /// Beyond [`BATCH_ROWS_MAX`].
    pub(crate) rows_more: usize,
}

#[derive(Debug)]
pub(crate) struct BatchFrame {
    pub(crate) seq: Seq,
    pub(crate) received: Timestamp,
    pub(crate) site: SiteId,
    pub(crate) source: Source,
    pub(crate) device: DeviceName,
    pub(crate) key: Option<Fingerprint>,
    pub(crate) readings: Range<usize>,
}

#[derive(Debug)]
pub(crate) struct BatchDefect {
    pub(crate) seq: Seq,
    pub(crate) at: Timestamp,
    pub(crate) site: SiteId,
    pub(crate) source: Source,
    pub(crate) kind: DefectKind,
}

/// Entries that were given up before they were archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub from: Seq,
    /// The last of them.
    pub to: Seq,
    /// When that was found.
    pub noted_at: Timestamp,
}

impl Batch {
    /// An empty one that is full at so many rows.
    pub(crate) fn of_rows(rows_max: usize) -> Batch {
        Batch { rows_more: rows_max.saturating_sub(BATCH_ROWS_MAX), ..Batch::default() }
    }

    /// A frame's entry: its readings and the count of its defects.
    pub fn decoded(&mut self, seq: Seq, received: Timestamp, site: &SiteId, decoded: &Decoded) {
        self.entry(seq);
        let source = decoded.source;
        let defects = decoded.defects.iter();
        self.defects.extend(defects.map(|one| BatchDefect {
            seq,
            at: received,
            site: site.clone(),
            source,
            kind: one.kind,
        }));
        let Some(device) = &decoded.device else { return };
        if decoded.readings.is_empty() {
            return;
        }
        let start = self.readings.len();
        self.readings.extend_from_slice(&decoded.readings);
        self.frames.push(BatchFrame {
            seq,
            received,
            site: site.clone(),
            source,
            device: device.clone(),
            key: decoded.key.as_deref().map(Fingerprint::of_key),
            readings: start..self.readings.len(),
        });
    }

    /// The entry of an attempt or its outcome.
    pub fn outcome(&mut self, seq: Seq, at: Timestamp, outcome: &Outcome) {
        self.entry(seq);
        self.outcomes.push((seq, at, outcome.clone()));
    }

    /// The entry of an order.
    pub fn order(&mut self, seq: Seq, at: Timestamp, order: &Order) {
        self.entry(seq);
        self.orders.push((seq, at, order.clone()));
    }

    /// An entry without rows: the cursor moves over it.
    ///
    /// # Panics
    /// When it is before one that is already in the batch; all the others do so too.
    pub fn entry(&mut self, seq: Seq) {
        assert!(
            self.entries_to.is_none_or(|last| last <= seq),
            "entries come in order: {seq} after {:?}",
            self.entries_to
        );
        self.entries_from.get_or_insert(seq);
        self.entries_to = Some(seq);
    }

    /// Entries that the journal gave up before they were archived: written down, and the cursor moves over them.
    pub fn gap(&mut self, gap: Gap) {
        assert!(gap.from <= gap.to, "a gap has a beginning and an end: {gap:?}");
        self.entries_from.get_or_insert(gap.from);
        self.entry(gap.to);
        self.gaps.push(gap);
    }

    /// A record of the alert log, at its position there (1 for the first).
    ///
    /// # Panics
    /// When it is not after those already in the batch.
    pub fn alert(&mut self, position: u64, record: &AlertRecord) {
        let last = self.alerts_to;
        assert!(last.is_none_or(|last| last < position), "alert records come in order: {position} after {last:?}");
        self.alerts_to = Some(position);
        self.records.push((position, record.clone()));
    }

    /// The rows of plain tables that came about beyond the cursors.
    pub(crate) fn plain_beyond(&self, cursors: Cursors) -> impl Iterator<Item = &PlainRow> {
        self.plain.iter().filter(move |row| row.entries > cursors.entries || row.alerts > cursors.alerts)
    }

    /// What set-ups list beyond the cursors.
    pub(crate) fn listings_beyond(&self, cursors: Cursors) -> impl Iterator<Item = &Listing> {
        self.listings.iter().filter(move |listing| listing.seq > cursors.entries)
    }

    /// Rows that this batch will write, transitions and defects included.
    pub fn rows(&self) -> usize {
        let transitions: usize = self.records.iter().map(|(_, record)| record.transitions.len()).sum();
        self.readings.len()
            + self.defects.len()
            + self.outcomes.len()
            + self.orders.len()
            + self.plain.len()
            + self.listings.iter().map(Listing::len).sum::<usize>()
            + transitions
    }

    /// Whether it is time to write it: at [`BATCH_ROWS_MAX`] rows, and later for one of [`crate::Store::batch`].
    pub fn is_full(&self) -> bool {
        let rows_max = BATCH_ROWS_MAX + self.rows_more;
        self.readings.len() >= rows_max || self.rows() >= rows_max
    }

    /// Whether there is nothing to write, not even a cursor to move.
    pub fn is_empty(&self) -> bool {
        self.entries_to.is_none() && self.alerts_to.is_none()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.readings.clear();
        self.defects.clear();
        self.outcomes.clear();
        self.orders.clear();
        self.gaps.clear();
        self.records.clear();
        self.plain.clear();
        self.listings.clear();
        self.entries_from = None;
        self.entries_to = None;
        self.alerts_to = None;
    }
}
