//! What the archive keeps besides readings, alerts, deliveries and orders: duty checks, rounds of questions, incidents,
//! the audit, the registry. Rows come out of the same pure parts as everything that people see live: the schedule of the
//! fire panels' transmission devices, and the fold that makes incidents.
//!
//! Both are folds with a memory, kept in snapshots at or before the archive's cursors; what the logs say from there to the
//! cursors is folded in again, and gives no rows. Without a snapshot they begin at the cursors with the set-up in force:
//! what was under way before is then not recorded.

use crate::clock;
use crate::parts::archive::ArchiveNeeds;
use crate::parts::inspecting;
use crate::parts::set_up_changes;
use crate::parts::snapshots;
use crate::set_up_store::{self, FullSetUp, Points};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tracing::{error, warn};
use watchfire_archive::{AuditRow, Batch, Cursors, DutyCheckRow, IncidentAlert, IncidentRow, InspectionRow};
use watchfire_inspection::{Inspection, RecordedDuty, Round, Stamp};
use watchfire_journal::{JournalId as FileId, ReadError, Reader, RealDisk, snapshot};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{ActKind, AlertRecord, Entry, Input, JournalId, Seq, Setup, Timestamp};
use watchfire_rules::{IncidentChanges, IncidentRecord, IncidentState};

/// The name of the snapshots.
const NAME: &str = "records";
const VERSION: u32 = 2;

/// See the head of this file.
pub(crate) struct Records {
    journal: JournalId,
    inspection: Inspection,
    incidents: IncidentRecord,
    /// Records whose entries are not read yet, with their positions.
    waiting: VecDeque<(u64, AlertRecord)>,
    /// The last entry read, and its time.
    read_to: (Seq, Timestamp),
    /// The last record read.
    alerts_to: u64,
    saved_at: Timestamp,
    /// The set-up in force at the last entry read; `None` when that is not known.
    in_force: Option<Setup>,
    /// The next set-up comes from a reload.
    reloaded: bool,
    /// To be listed in the registry with the next entry: nobody knows whether it is.
    listed: Option<FullSetUp>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    #[serde(with = "serde_bytes")]
    inspection: Vec<u8>,
    incidents: IncidentRecord,
    waiting: Vec<(u64, Vec<u8>)>,
    at: Timestamp,
    alerts_to: u64,
    in_force: Option<Setup>,
    reloaded: bool,
}

impl Records {
    /// As they are at the archive's cursors.
    pub(crate) fn at(needs: &ArchiveNeeds, cursors: Cursors) -> Result<Records, ReadError> {
        let (journal, folder) = (needs.logs.0, needs.paths.snapshots());
        let last = (FileId(journal.0), cursors.entries.0);
        let restore = |body: &[u8]| Records::restore(journal, body, cursors);
        let kept = snapshots::newest(&folder, NAME, VERSION, last, restore).unwrap_or_else(|error| {
            warn!(%error, "what the archive's records began with cannot be read");
            None
        });
        if let Some((mut records, position)) = kept {
            records.read_to.0 = Seq(position);
            records.go_on(needs, cursors)?;
            return Ok(records);
        }
        let restore = |body: &[u8]| Inspection::restore(journal, body);
        // At a first start the schedule may be ahead already: nothing is passed over, because there is nothing before it.
        let schedule = match cursors.entries {
            Seq(0) => None,
            _ => {
                snapshots::newest(&folder, inspecting::NAME, inspecting::SNAPSHOT_VERSION, last, restore).ok().flatten()
            }
        };
        let mut records = Records::new(journal);
        (records.read_to.0, records.alerts_to) = (cursors.entries, cursors.alerts);
        match schedule {
            Some((inspection, position)) => {
                records.inspection = inspection.recording();
                records.read_to.0 = Seq(position);
                records.go_on(needs, cursors)?;
            }
            None => records.begin_with(needs, cursors),
        }
        records.list(needs);
        Ok(records)
    }

    fn new(journal: JournalId) -> Records {
        Records {
            journal,
            inspection: Inspection::new(journal).recording(),
            incidents: IncidentRecord::default(),
            waiting: VecDeque::new(),
            read_to: (Seq(0), Timestamp::EPOCH),
            alerts_to: 0,
            saved_at: Timestamp::EPOCH,
            in_force: None,
            reloaded: false,
            listed: None,
        }
    }

    /// In the midst of a journal whose past is not known.
    fn begin_with(&mut self, needs: &ArchiveNeeds, cursors: Cursors) {
        let Some(setup) = needs.in_force.filter(|_| cursors.entries.0 > 0) else { return };
        let stamp = Stamp { seq: cursors.entries, at: Timestamp::EPOCH };
        inspecting::set_up(&mut self.inspection, stamp, &setup, &needs.paths);
    }

    fn list(&mut self, needs: &ArchiveNeeds) {
        self.in_force = self.in_force.or(needs.in_force);
        self.listed = needs.in_force.and_then(|setup| fetch(needs, &setup));
        if let Some(set_up) = &self.listed {
            self.incidents.set_up(&set_up.sites);
        }
    }

    fn restore(journal: JournalId, body: &[u8], cursors: Cursors) -> Result<Records, String> {
        let saved: Saved = postcard::from_bytes(body).map_err(|error| error.to_string())?;
        if saved.alerts_to > cursors.alerts {
            return Err(format!("it is of alert record {}, ahead of the archive", saved.alerts_to));
        }
        let inspection = Inspection::restore(journal, &saved.inspection).map_err(|error| error.to_string())?;
        let mut waiting = VecDeque::new();
        for (position, bytes) in saved.waiting {
            waiting.push_back((position, AlertRecord::decode(&bytes).map_err(|error| error.to_string())?));
        }
        Ok(Records {
            inspection: inspection.recording(),
            incidents: saved.incidents,
            waiting,
            read_to: (Seq(0), saved.at),
            alerts_to: saved.alerts_to,
            saved_at: saved.at,
            in_force: saved.in_force,
            reloaded: saved.reloaded,
            ..Records::new(journal)
        })
    }

    /// Folds in what both logs say up to the cursors. It is archived: there are no rows of it.
    fn go_on(&mut self, needs: &ArchiveNeeds, cursors: Cursors) -> Result<(), ReadError> {
        let mut nothing = Batch::default();
        if let Some(mut alerts) = open(&needs.paths.alert_log(), self.alerts_to + 1)? {
            while let Some(record) = alerts.next(cursors.alerts)? {
                if let Ok(alert) = AlertRecord::decode(record.bytes) {
                    self.record(record.seq, alert, &mut nothing);
                }
            }
        }
        self.alerts_to = cursors.alerts;
        if let Some(mut entries) = open(&needs.paths.journal(), self.read_to.0.0 + 1)? {
            while let Some(record) = entries.next(cursors.entries.0)? {
                if let Ok(entry) = decode_entry(Seq(record.seq), record.bytes) {
                    self.entry(&entry, needs, &mut nothing);
                    nothing.clear();
                }
            }
        }
        self.read_to.0 = cursors.entries;
        Ok(())
    }

    /// An entry that the batch has, too. Entries come in order, each after the records that were read before it.
    pub(crate) fn entry(&mut self, entry: &Entry<'_>, needs: &ArchiveNeeds, batch: &mut Batch) {
        self.read_to = (entry.seq, entry.at);
        if let Some(set_up) = self.listed.take().filter(|_| !matches!(entry.input, Input::Setup(_))) {
            list(batch, (entry.seq, clock::wall()), &set_up);
        }
        inspecting::fold(&mut self.inspection, entry, &needs.paths);
        let recorded = self.inspection.recorded();
        for duty in recorded.duty_checks {
            batch.duty_check(self.journal, entry.seq, &duty_row(duty));
        }
        for round in recorded.rounds {
            batch.inspection(self.journal, entry.seq, &round_row(round));
        }
        self.audit(entry, needs, batch);
        self.incidents_due(batch);
    }

    /// A record of the alert log. It waits for its entry.
    pub(crate) fn record(&mut self, position: u64, record: AlertRecord, batch: &mut Batch) {
        self.alerts_to = position;
        self.waiting.push_back((position, record));
        self.incidents_due(batch);
    }

    fn incidents_due(&mut self, batch: &mut Batch) {
        while let Some((position, record)) = self.waiting.pop_front_if(|(_, record)| record.seq <= self.read_to.0) {
            let at = (self.read_to.0, position);
            let IncidentChanges { incidents, members } = self.incidents.apply(&record);
            for state in incidents {
                batch.incident(at, &incident_row(state));
            }
            for member in members {
                let left_at = member.left.then_some(member.at);
                let row = IncidentAlert { alert: member.alert, joined_at: member.at, left_at };
                batch.incident_alert(at, member.incident, row);
            }
        }
    }

    fn audit(&mut self, entry: &Entry<'_>, needs: &ArchiveNeeds, batch: &mut Batch) {
        let (seq, at) = (entry.seq, entry.at);
        let (action, subject, detail) = match &entry.input {
            Input::Order(order) => return batch.audit_order(self.journal, seq, at, order),
            Input::Setup(setup) => {
                let hash: String = setup.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
                let from = if std::mem::take(&mut self.reloaded) { "reloaded" } else { "at a start" };
                let changes = self.set_up(entry, setup, needs, batch).unwrap_or_default();
                ("set_up", hash, format!("{from}: {changes}"))
            }
            Input::Act(act) => {
                self.reloaded |= act.kind == ActKind::Reloaded;
                return batch.audit_act(self.journal, seq, at, act);
            }
            Input::Started(started) => {
                self.reloaded = false;
                ("started", started.build.clone(), format!("down for {} s", started.down_us / 1_000_000))
            }
            Input::Restored(restored) => {
                ("restored", restored.journal.to_string(), format!("from {}", restored.before))
            }
            Input::Skip(skipped) => ("entry_skipped", skipped.to_string(), String::new()),
            Input::Frame(_)
            | Input::Tick
            | Input::Outcome(_)
            | Input::ClockStep(_)
            | Input::Notice(_)
            | Input::Will(_)
            | Input::WillOver(_) => return,
        };
        let action = action.to_owned();
        batch.audit(self.journal, &AuditRow { seq, at, by: None, action, subject, detail });
    }

    /// A set-up comes into force; what it changes, in words.
    fn set_up(&mut self, entry: &Entry<'_>, setup: &Setup, needs: &ArchiveNeeds, batch: &mut Batch) -> Option<String> {
        let folder = needs.paths.set_ups();
        let before = self.in_force.replace(*setup);
        let now = fetch(needs, setup)?;
        self.incidents.set_up(&now.sites);
        list(batch, (entry.seq, entry.at), &now);
        let before = before.and_then(|before| set_up_store::fetch(&folder, &before, &now.points).ok());
        Some(set_up_changes::told(before.as_ref(), &now))
    }

    /// Keeps them at the archive's cursors, now and then and at the end.
    pub(crate) fn save(&mut self, needs: &ArchiveNeeds, at_end: bool) {
        let (seq, at) = self.read_to;
        if !at_end && at.since(self.saved_at) < inspecting::SNAPSHOT_INTERVAL {
            return;
        }
        self.saved_at = at;
        let saved = Saved {
            inspection: self.inspection.snapshot(),
            incidents: self.incidents.clone(),
            waiting: self.waiting.iter().map(|(position, record)| (*position, record.encode())).collect(),
            at,
            alerts_to: self.alerts_to,
            in_force: self.in_force,
            reloaded: self.reloaded,
        };
        let body = postcard::to_stdvec(&saved).expect("our own types always encode");
        let (folder, journal) = (needs.paths.snapshots(), FileId(self.journal.0));
        if let Err(error) = snapshot::save(&RealDisk, &folder, NAME, VERSION, journal, seq.0, &body) {
            warn!(%error, "what the archive's records go by is not saved; the older state stays");
        }
    }
}

fn fetch(needs: &ArchiveNeeds, setup: &Setup) -> Option<FullSetUp> {
    let set_up = set_up_store::fetch(&needs.paths.set_ups(), setup, &Points::default());
    set_up
        .map_err(|why| error!(%why, "a set-up cannot be read; the archive's registry goes on with the one before"))
        .ok()
}

/// Lists what a set-up names in the registry.
fn list(batch: &mut Batch, (seq, at): (Seq, Timestamp), set_up: &FullSetUp) {
    let tables = set_up
        .points
        .iter()
        .flat_map(|(site, tables)| tables.iter().map(move |(device, table)| (site, device, table.rows())));
    batch.set_up(seq, at, &set_up.sites, tables);
}

/// A log from a position on; `None` when that has left it.
fn open(folder: &std::path::Path, from: u64) -> Result<Option<Reader<RealDisk>>, ReadError> {
    match Reader::open(&RealDisk, folder, from) {
        Err(ReadError::Gone { .. }) => Ok(None),
        opened => opened.map(Some),
    }
}

fn duty_row(duty: RecordedDuty) -> DutyCheckRow {
    let RecordedDuty { record, month, escalated_at } = duty;
    DutyCheckRow {
        cause: record.cause,
        answer_s: record.answer_s(),
        device: record.device,
        by: record.by.map(|by| by.to_string()),
        month: month.to_string(),
        asked_at: record.asked_at,
        answer_min: record.answer_min.into(),
        confirmed_at: record.confirmed_at,
        answered_at: record.answered_at,
        operator: record.operator.map(Into::into),
        escalated_at,
        outcome: record.outcome,
    }
}

fn round_row(round: Round) -> InspectionRow {
    let Round { device, kind, by, asked_at, ended_at, answered, denied, outcome } = round;
    let (kind, by, outcome) = (kind.as_str().to_owned(), by.map(|by| by.to_string()), outcome.as_str().to_owned());
    InspectionRow { device, kind, by, asked_at, ended_at, answered, denied, outcome }
}

fn incident_row(state: IncidentState) -> IncidentRow {
    let IncidentState {
        id,
        site,
        building,
        class,
        severity,
        test,
        opened_at,
        news_at,
        closed_at,
        reopened,
        reopened_at,
        alerts,
    } = state;
    IncidentRow {
        id,
        site,
        building,
        class,
        severity,
        test,
        opened_at,
        news_at,
        closed_at,
        reopened,
        reopened_at,
        alerts,
    }
}
