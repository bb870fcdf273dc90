//! The journal and the alert log, folded together into the desk in the order of the entries.

use crate::parts::alert_log::{AlertLogError, AlertRuns};
use crate::parts::paths::DataPaths;
use crate::set_up_store;
use tracing::error;
use watchfire_journal::{ReadError, Reader, RealDisk};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Bilingual, Entry, Input, Seq, Timestamp};
use watchfire_notify::{Desk, DeskEvent};

/// The logs cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskLogsError {
    #[error("failed to read the journal for the desk: {0}")]
    Journal(#[from] ReadError),
    #[error(transparent)]
    AlertLog(#[from] AlertLogError),
}

/// See the head of this file.
pub(crate) struct DeskLogs {
    paths: DataPaths,
    entries: Reader<RealDisk>,
    alerts: AlertRuns,
}

impl DeskLogs {
    /// Opens both after `position`. When what follows has left the journal they begin at its first entry; what is to be
    /// told of that comes with them.
    pub(crate) fn open(
        paths: &DataPaths,
        position: u64,
        alerts: u64,
    ) -> Result<(DeskLogs, Option<Bilingual>), DeskLogsError> {
        let (entries, gap) = match Reader::open(&RealDisk, &paths.journal(), position + 1) {
            Err(ReadError::Gone { first }) => (Reader::open(&RealDisk, &paths.journal(), first)?, Some(first)),
            opened => (opened?, None),
        };
        let alerts = AlertRuns::after(&paths.alert_log(), entries.position() - 1, alerts)?;
        let gap = gap.map(|first| {
            Bilingual::new(
                format!("who was told before entry {first} is not known any more: its snapshots and entries are gone"),
                format!("记录 {first} 之前的通知情况已无法得知：其快照和记录均已不存在"),
            )
        });
        Ok((DeskLogs { paths: paths.clone(), entries, alerts }, gap))
    }

    /// The last entry folded in.
    pub(crate) fn position(&self) -> u64 {
        self.entries.position() - 1
    }

    /// Folds everything up to an entry, and the alerts up to a record, into the desk; the time of the last entry, or
    /// `since` without one.
    pub(crate) fn fold(
        &mut self,
        desk: &mut Desk,
        (entry, alert): (u64, u64),
        since: Timestamp,
    ) -> Result<Timestamp, DeskLogsError> {
        let mut at = since;
        while let Some(record) = self.entries.next(entry)? {
            let seq = Seq(record.seq);
            match decode_entry(seq, record.bytes) {
                Ok(entry) => {
                    at = entry.at;
                    apply(desk, &entry, &self.paths);
                }
                // The rules have skipped it, or this would not be reached.
                Err(why) => error!(%seq, %why, "an entry cannot be read; the desk goes on without it"),
            }
            for transition in self.alerts.up_to(seq.0, alert)? {
                desk.apply(&DeskEvent::Transition(&transition));
            }
        }
        Ok(at)
    }
}

fn apply(desk: &mut Desk, entry: &Entry<'_>, paths: &DataPaths) {
    match &entry.input {
        Input::Tick => desk.apply(&DeskEvent::Time(entry.at)),
        Input::Outcome(outcome) => desk.apply(&DeskEvent::Outcome { at: entry.at, outcome }),
        Input::Notice(notice) => desk.apply(&DeskEvent::Notice(notice)),
        Input::Setup(setup) => match set_up_store::fetch(&paths.set_ups(), setup) {
            Ok(set_up) => desk.apply(&DeskEvent::Setup(&set_up.sites)),
            // As above; the contacts before it stay.
            Err(why) => error!(seq = %entry.seq, %why, "a set-up cannot be read; the desk goes on with the one before"),
        },
        Input::Frame(_) | Input::Order(_) | Input::Started(_) | Input::Skip(_) | Input::ClockStep(_) => {}
    }
}
