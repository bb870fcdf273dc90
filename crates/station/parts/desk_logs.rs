//! The journal and the alert log, folded together into the desk in the order of the entries.

use crate::parts::alert_log::{AlertLogError, AlertRuns};
use crate::parts::damage::{self, Log};
use crate::parts::paths::DataPaths;
use crate::set_up_store;
use tracing::error;
use watchfire_journal::{MendError, ReadError, Reader, RealDisk};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Bilingual, Entry, Input, Seq, Timestamp, Transition};
use watchfire_notify::{Desk, DeskEvent};

/// The logs cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskLogsError {
    #[error("failed to read the journal for the desk: {0}")]
    Journal(#[from] ReadError),
    #[error(transparent)]
    AlertLog(#[from] AlertLogError),
    #[error(transparent)]
    Mend(#[from] MendError),
}

/// See the head of this file.
pub(crate) struct DeskLogs {
    paths: DataPaths,
    entries: Reader<RealDisk>,
    alerts: AlertRuns,
    /// To be told.
    told: Vec<Bilingual>,
}

impl DeskLogs {
    /// Opens both after `position`. When what follows has left the journal they begin at its first entry.
    pub(crate) fn open(paths: &DataPaths, position: u64, alerts: u64) -> Result<DeskLogs, DeskLogsError> {
        let mut told = Vec::new();
        let entries = entries_from(paths, position + 1, &mut told)?;
        let alerts = alerts_after(paths, entries.position() - 1, alerts, &mut told)?;
        Ok(DeskLogs { paths: paths.clone(), entries, alerts, told })
    }

    /// The last entry folded in.
    pub(crate) fn position(&self) -> u64 {
        self.entries.position() - 1
    }

    /// What people are to be told of the logs since the last call.
    pub(crate) fn take_told(&mut self) -> Vec<Bilingual> {
        std::mem::take(&mut self.told)
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
        loop {
            let seq = match self.entries.next(entry) {
                Ok(None) => return Ok(at),
                Ok(Some(record)) => {
                    let seq = Seq(record.seq);
                    match decode_entry(seq, record.bytes) {
                        Ok(entry) => {
                            at = entry.at;
                            apply(desk, &entry, &self.paths);
                        }
                        // The rules have skipped it, or this would not be reached.
                        Err(why) => error!(%seq, %why, "an entry cannot be read; the desk goes on without it"),
                    }
                    seq
                }
                Err(why) => {
                    self.told.extend(mended(why)?);
                    self.entries = entries_from(&self.paths, self.entries.position(), &mut self.told)?;
                    continue;
                }
            };
            for transition in self.transitions_of(seq.0, alert)? {
                desk.apply(&DeskEvent::Transition(&transition));
            }
        }
    }

    fn transitions_of(&mut self, seq: u64, alert: u64) -> Result<Vec<Transition>, DeskLogsError> {
        match self.alerts.up_to(seq, alert) {
            Err(why) => {
                self.told.extend(mended_alerts(why)?);
                self.alerts = alerts_after(&self.paths, seq - 1, alert, &mut self.told)?;
                Ok(self.alerts.up_to(seq, alert)?)
            }
            read => Ok(read?),
        }
    }
}

/// The journal from an entry on, mended where it is opened; behind a gap it begins at its first entry.
fn entries_from(paths: &DataPaths, from: u64, told: &mut Vec<Bilingual>) -> Result<Reader<RealDisk>, DeskLogsError> {
    match Reader::open(&RealDisk, &paths.journal(), from) {
        Err(ReadError::Gone { first }) => {
            told.push(Bilingual::new(
                format!("who was told before entry {first} is not known any more: its snapshots and entries are gone"),
                format!("记录 {first} 之前的通知情况已无法得知：其快照和记录均已不存在"),
            ));
            Ok(Reader::open(&RealDisk, &paths.journal(), first)?)
        }
        Err(why) => {
            told.extend(mended(why)?);
            Ok(Reader::open(&RealDisk, &paths.journal(), from)?)
        }
        Ok(reader) => Ok(reader),
    }
}

fn alerts_after(paths: &DataPaths, seq: u64, end: u64, told: &mut Vec<Bilingual>) -> Result<AlertRuns, DeskLogsError> {
    let folder = paths.alert_log();
    // As often as there are damaged segments; each is mended once.
    let mut before = None;
    loop {
        match AlertRuns::after(&folder, seq, end) {
            Err(why) if before.as_ref() != Some(&why.to_string()) => {
                before = Some(why.to_string());
                told.extend(mended_alerts(why)?);
            }
            opened => return Ok(opened?),
        }
    }
}

fn mended(why: ReadError) -> Result<Option<Bilingual>, DeskLogsError> {
    match damage::damaged_file(&why) {
        Some(file) => Ok(damage::repair(file, Log::Journal, 0)?),
        None => Err(why.into()),
    }
}

fn mended_alerts(why: AlertLogError) -> Result<Option<Bilingual>, DeskLogsError> {
    match damage::damaged_file_of_alerts(&why) {
        Some(file) => Ok(damage::repair(file, Log::Alerts, 0)?),
        None => Err(why.into()),
    }
}

fn apply(desk: &mut Desk, entry: &Entry<'_>, paths: &DataPaths) {
    match &entry.input {
        Input::Tick => desk.apply(&DeskEvent::Time(entry.at)),
        Input::Outcome(outcome) => desk.apply(&DeskEvent::Outcome { at: entry.at, outcome }),
        Input::Notice(notice) => desk.apply(&DeskEvent::Notice(notice)),
        Input::Setup(setup) => match set_up_store::fetch_sites(&paths.set_ups(), setup) {
            Ok(sites) => desk.apply(&DeskEvent::Setup(&sites)),
            // As above; the contacts before it stay.
            Err(why) => error!(seq = %entry.seq, %why, "a set-up cannot be read; the desk goes on with the one before"),
        },
        Input::Frame(_)
        | Input::Order(_)
        | Input::Started(_)
        | Input::Skip(_)
        | Input::ClockStep(_)
        | Input::Will(_)
        | Input::WillOver(_)
        | Input::Restored(_)
        | Input::Act(_) => {}
    }
}
