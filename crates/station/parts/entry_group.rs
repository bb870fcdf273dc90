//! Entries that are taken up together, so that what they are about is fetched from memory at once and not one after the
//! other (`watchfire_rules`' `look_ahead`). They are applied one by one, in their order.

use crate::parts::fold::Fold;
use crate::parts::poison;
use crate::parts::rules::RulesStop;
use std::ops::Range;
use tracing::warn;
use watchfire_journal::{Reader, RealDisk};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Entry, Seq};
use watchfire_rules::limits::LOOK_AHEAD_MAX;

/// So many bytes are taken up together: an alarm in the first entry waits until the others are decoded.
const BYTES_MAX: usize = 32 * 1024;

/// The entries' records.
#[derive(Default)]
pub(crate) struct EntryGroup {
    bytes: Vec<u8>,
    records: Vec<(Seq, Range<usize>)>,
    /// The last entry taken up, also one that is skipped.
    last: Option<Seq>,
}

impl EntryGroup {
    /// Takes up the next entries, up to and including number `durable`; those that are never applied are passed over.
    pub(crate) fn fill(&mut self, from: &mut Reader<RealDisk>, durable: u64, fold: &Fold) -> Result<(), RulesStop> {
        self.bytes.clear();
        self.records.clear();
        self.last = None;
        while self.records.len() < LOOK_AHEAD_MAX && self.bytes.len() < BYTES_MAX {
            let Some(record) = from.next(durable).map_err(RulesStop::Read)? else { break };
            let seq = Seq(record.seq);
            self.last = Some(seq);
            if fold.skips(seq) {
                // Not even read: it may be what cannot be.
                warn!(%seq, "entry is skipped");
                continue;
            }
            let begin = self.bytes.len();
            self.bytes.extend_from_slice(record.bytes);
            self.records.push((seq, begin..self.bytes.len()));
        }
        Ok(())
    }

    /// The last entry taken up; `None`: there was none.
    pub(crate) fn last(&self) -> Option<Seq> {
        self.last
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The entries that are to be applied.
    pub(crate) fn entries(&self) -> Result<Vec<Entry<'_>>, RulesStop> {
        let entry = |(seq, range): &(Seq, Range<usize>)| {
            poison::applying(*seq);
            let bytes = self.bytes.get(range.clone()).unwrap_or_default();
            decode_entry(*seq, bytes).map_err(|source| RulesStop::Decode { seq: *seq, source })
        };
        let entries = self.records.iter().map(entry).collect::<Result<_, _>>()?;
        poison::applied();
        Ok(entries)
    }
}
