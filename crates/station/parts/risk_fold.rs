//! What the risk thread folds the two logs into, and how it comes back after a start.
//!
//! Snapshot: postcard of [`Saved`]. Sites and settings are not in it: the set-up's hash is.

use crate::parts::alert_log::{AlertLogError, AlertRuns};
use crate::parts::damage::{self, Log};
use crate::parts::paths::DataPaths;
use crate::parts::progress::Follower;
use crate::parts::risk::NAME;
use crate::parts::snapshots;
use crate::set_up_store::{self, SetUpError};
use serde::{Deserialize, Serialize};
use std::path::Path;
use tracing::{error, warn};
use watchfire_intake::STATION_SITE;
use watchfire_journal::{JournalId as FileId, MendError, ReadError, Reader, RealDisk, snapshot};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Decoded, Entry, Frame, Input, Seq, Setup, SiteId, Sites, Timestamp, Transition};
use watchfire_rules::risk::{Change, Risk, RiskSettings};
use watchfire_rules::{Event, RestoreError, Stamp};
use watchfire_wire::{Profiles, Sessions};

/// The risk's bytes carry their own version; this one is of the file.
const SNAPSHOT_VERSION: u32 = 1;

/// A payload at which the tests let the risk die.
#[cfg(test)]
pub(crate) const POISON: &[u8] = b"risk poison";

/// The logs that are read.
pub(crate) struct RiskLogs {
    pub(crate) paths: DataPaths,
    pub(crate) journal: FileId,
    /// How far the rules have applied the journal.
    pub(crate) applied: Follower,
    /// How far the alert log is durable.
    pub(crate) alerts: Follower,
}

/// The risk cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RiskStop {
    #[error("failed to read the journal for the risk: {0}")]
    Journal(#[from] ReadError),
    #[error("failed to read the alert log for the risk: {0}")]
    Alerts(#[from] AlertLogError),
    #[error(transparent)]
    Mend(#[from] MendError),
    #[error("failed to read the risk's snapshots: {0}")]
    Snapshot(#[source] std::io::Error),
}

/// The pure part: entries and transitions to scores.
pub(crate) struct RiskState {
    pub(crate) risk: Risk,
    sessions: Sessions,
    profiles: Profiles,
    in_force: Option<Setup>,
    draft: RiskDraft,
}

/// What a try-out puts in the place of what the journaled set-ups say.
#[derive(Default)]
pub(crate) struct RiskDraft {
    pub(crate) settings: Option<RiskSettings>,
    pub(crate) sites: Option<Sites>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    in_force: Option<Setup>,
    sessions: Sessions,
    #[serde(with = "serde_bytes")]
    risk: Vec<u8>,
}

/// A snapshot could not be taken up again.
#[derive(Debug, thiserror::Error)]
enum NotTakenUp {
    #[error("it is malformed: {0}")]
    Malformed(#[from] postcard::Error),
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    #[error(transparent)]
    Risk(#[from] RestoreError),
}

impl RiskState {
    /// Nothing is known yet.
    pub(crate) fn new(draft: RiskDraft) -> RiskState {
        RiskState {
            risk: Risk::new(&Sites::default(), &RiskSettings::built_in()),
            sessions: Sessions::default(),
            profiles: Profiles::default(),
            in_force: None,
            draft,
        }
    }

    fn restore(body: &[u8], set_ups: &Path) -> Result<RiskState, NotTakenUp> {
        let Saved { in_force, sessions, risk } = postcard::from_bytes(body)?;
        let (sites, settings, profiles) = match &in_force {
            Some(setup) => set_up_store::fetch_risk(set_ups, setup)?,
            None => (Sites::default(), RiskSettings::built_in(), Profiles::default()),
        };
        let risk = Risk::restore(&risk, &sites, &settings)?;
        Ok(RiskState { risk, sessions, profiles, in_force, draft: RiskDraft::default() })
    }

    fn snapshot(&self) -> Vec<u8> {
        let saved = Saved { in_force: self.in_force, sessions: self.sessions.clone(), risk: self.risk.snapshot() };
        postcard::to_stdvec(&saved).expect("our own types always encode")
    }

    /// Applies one entry and what the rules answered it with. `set_ups` is where set-ups lie.
    pub(crate) fn apply(
        &mut self,
        entry: &Entry<'_>,
        transitions: &[Transition],
        set_ups: &Path,
        changes: &mut Vec<Change>,
    ) {
        let stamp = Stamp { seq: entry.seq, at: entry.at };
        let event = match &entry.input {
            Input::Frame(frame) => match self.decoded(frame, entry.at) {
                Some((site, decoded)) => {
                    return self.risk.apply(
                        stamp,
                        &Event::Decoded { site: &site, decoded: &decoded },
                        transitions,
                        changes,
                    );
                }
                None => Event::Tick,
            },
            Input::Notice(notice) => Event::Notice(notice),
            Input::Setup(setup) => {
                self.set_up(entry, setup, set_ups, changes);
                Event::Tick
            }
            Input::Tick
            | Input::Order(_)
            | Input::Started(_)
            | Input::ClockStep(_)
            | Input::Outcome(_)
            | Input::Skip(_)
            | Input::Will(_)
            | Input::WillOver(_)
            | Input::Restored(_)
            | Input::Act(_) => Event::Tick,
        };
        self.risk.apply(stamp, &event, transitions, changes);
    }

    fn decoded(&mut self, frame: &Frame<'_>, at: Timestamp) -> Option<(SiteId, Decoded)> {
        #[cfg(test)]
        assert_ne!(frame.payload, POISON, "the test's poison");
        if frame.site == STATION_SITE {
            return None;
        }
        let site = SiteId::new(frame.site).ok()?;
        Some((site, watchfire_wire::decode(frame, at, &self.profiles, &mut self.sessions)))
    }

    fn set_up(&mut self, entry: &Entry<'_>, setup: &Setup, set_ups: &Path, changes: &mut Vec<Change>) {
        match set_up_store::fetch_risk(set_ups, setup) {
            Ok((sites, settings, profiles)) => {
                let sites = self.draft.sites.as_ref().unwrap_or(&sites);
                let settings = self.draft.settings.as_ref().unwrap_or(&settings);
                self.risk.configure(entry.at, sites, settings, changes);
                (self.profiles, self.in_force) = (profiles, Some(*setup));
            }
            Err(why) => error!(seq = %entry.seq, %why, "a set-up cannot be read; the risk goes on with the one before"),
        }
    }
}

/// The state with its cursors.
pub(crate) struct RiskFold {
    state: RiskState,
    entries: Reader<RealDisk>,
    alerts: AlertRuns,
    at: Timestamp,
    changes: Vec<Change>,
}

impl RiskFold {
    /// From the newest snapshot that can be taken up, else from the journal's first entry.
    pub(crate) fn restore(logs: &RiskLogs) -> Result<RiskFold, RiskStop> {
        let set_ups = logs.paths.set_ups();
        let (folder, at) = (logs.paths.snapshots(), (logs.journal, logs.applied.now()));
        let restore = |body: &[u8]| RiskState::restore(body, &set_ups);
        let restored = snapshots::newest(&folder, NAME, SNAPSHOT_VERSION, at, restore).map_err(RiskStop::Snapshot)?;
        let (state, position) = restored.unwrap_or_else(|| (RiskState::new(RiskDraft::default()), 0));
        let entries = entries_from(&logs.paths, position + 1)?;
        let alerts = alerts_after(logs, entries.position() - 1)?;
        Ok(RiskFold { state, entries, alerts, at: Timestamp::EPOCH, changes: Vec::new() })
    }

    /// The last entry that is counted.
    pub(crate) fn position(&self) -> u64 {
        self.entries.position() - 1
    }

    /// The time of the last entry that was counted since the start.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    pub(crate) fn risk(&self) -> &Risk {
        &self.state.risk
    }

    /// Folds the next entry up to `end`; how many scores changed.
    pub(crate) fn next(
        &mut self,
        logs: &RiskLogs,
        end: u64,
        passed_over: impl Fn(u64) -> bool,
    ) -> Result<u64, RiskStop> {
        let record = match self.entries.next(end) {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(0),
            Err(why) => {
                mend(why)?;
                self.entries = entries_from(&logs.paths, self.entries.position())?;
                return Ok(0);
            }
        };
        let seq = Seq(record.seq);
        let transitions = transitions_of(&mut self.alerts, logs, seq)?;
        if passed_over(seq.0) {
            return Ok(0);
        }
        match decode_entry(seq, record.bytes) {
            Ok(entry) => {
                self.at = entry.at;
                self.state.apply(&entry, &transitions, &logs.paths.set_ups(), &mut self.changes);
            }
            Err(why) => error!(%seq, %why, "an entry cannot be read; the risk goes on without it"),
        }
        let changed = u64::try_from(self.changes.len()).unwrap_or(u64::MAX);
        self.changes.clear();
        Ok(changed)
    }

    /// Keeps the state, with its history, so that the next start goes on from here.
    pub(crate) fn save(&self, logs: &RiskLogs) {
        let (folder, position) = (logs.paths.snapshots(), self.position());
        let body = self.state.snapshot();
        if let Err(error) = snapshot::save(&RealDisk, &folder, NAME, SNAPSHOT_VERSION, logs.journal, position, &body) {
            warn!(%error, "risk snapshot not saved; the older one stays");
        }
    }
}

/// What the rules answered an entry with: in the alert log before the entry counts as applied.
fn transitions_of(alerts: &mut AlertRuns, logs: &RiskLogs, seq: Seq) -> Result<Vec<Transition>, RiskStop> {
    match alerts.up_to(seq.0, logs.alerts.now()) {
        Ok(transitions) => Ok(transitions),
        Err(why) => {
            let Some(file) = damage::damaged_file_of_alerts(&why) else { return Err(why.into()) };
            damage::repair(file, Log::Alerts, 0)?;
            *alerts = AlertRuns::after(&logs.paths.alert_log(), seq.0 - 1, logs.alerts.now())?;
            Ok(alerts.up_to(seq.0, logs.alerts.now())?)
        }
    }
}

fn alerts_after(logs: &RiskLogs, seq: u64) -> Result<AlertRuns, RiskStop> {
    let open = || AlertRuns::after(&logs.paths.alert_log(), seq, logs.alerts.now());
    match open() {
        Ok(runs) => Ok(runs),
        Err(why) => {
            let Some(file) = damage::damaged_file_of_alerts(&why) else { return Err(why.into()) };
            damage::repair(file, Log::Alerts, 0)?;
            Ok(open()?)
        }
    }
}

/// The journal from an entry on; behind a gap it begins at its first entry.
fn entries_from(paths: &DataPaths, from: u64) -> Result<Reader<RealDisk>, RiskStop> {
    let open = |from: u64| Reader::open(&RealDisk, &paths.journal(), from);
    match open(from) {
        Err(ReadError::Gone { first }) => {
            warn!(first, "what happened before is not counted in the risk any more");
            Ok(open(first)?)
        }
        Err(why) => {
            mend(why)?;
            Ok(open(from)?)
        }
        Ok(reader) => Ok(reader),
    }
}

fn mend(why: ReadError) -> Result<(), RiskStop> {
    let Some(file) = damage::damaged_file(&why) else { return Err(why.into()) };
    // The rules and the desk tell of it.
    damage::repair(file, Log::Journal, 0)?;
    Ok(())
}
