//! One random schedule and the model that it is compared with.

mod beside;

use super::lying_disk::{Lie, LyingDisk};
use std::collections::BTreeMap;
use std::path::PathBuf;
use watchfire_journal::sim_disk::{Fault, Random, SimDisk};
use watchfire_journal::{
    AppendError, JournalId, Limits, OpenError, ReadError, Reader, ReserveState, SurveyError, SyncError, Writer, survey,
};

const FAULTS: [Fault; 4] = [Fault::PowerLoss, Fault::Kill, Fault::SyncFails, Fault::WriteFails];

pub(crate) struct Run {
    disk: LyingDisk,
    sim: SimDisk,
    dir: PathBuf,
    limits: Limits,
    random: Random,
    writer: Option<Writer<LyingDisk>>,
    reader: Option<Reader<LyingDisk>>,
    journal_id: Option<JournalId>,
    /// What was reported durable or recovered: it can never change.
    truth: BTreeMap<u64, Vec<u8>>,
    durable: u64,
    /// What was appended since: it may be lost, from some number on.
    open: BTreeMap<u64, Vec<u8>>,
    /// The position of the last snapshot that was reported saved.
    saved: u64,
    /// What the content file may hold: what was last reported written, and every attempt since.
    content: Vec<Option<Vec<u8>>>,
    /// Segments were removed below this number.
    removed: u64,
    is_limited: bool,
    /// How often what happened, so that a simulation that tests nothing is noticed.
    pub(crate) tally: BTreeMap<&'static str, u64>,
}

impl Run {
    pub(crate) fn new(seed: u64, lie: Lie) -> Run {
        let mut random = Random::new(seed);
        let sim = SimDisk::new(random.number());
        let segment_bytes = [400, 1_500, 60_000][random.length_below(3)];
        let ahead_bytes = [0, 1_000][random.length_below(2)];
        Run {
            disk: LyingDisk { disk: sim.clone(), lie },
            sim,
            dir: PathBuf::from("/data/journal"),
            limits: Limits {
                segment_bytes,
                record_bytes_max: 200,
                pending_bytes_max: 1_000,
                ahead_bytes,
                reserve_bytes: 500,
            },
            random,
            writer: None,
            reader: None,
            journal_id: None,
            truth: BTreeMap::new(),
            durable: 0,
            open: BTreeMap::new(),
            saved: 0,
            content: vec![None],
            removed: 0,
            is_limited: false,
            tally: BTreeMap::new(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable
    }

    pub(crate) fn calls(&self) -> u64 {
        self.sim.calls()
    }

    /// One random action, and a reopening if it ended the process.
    pub(crate) fn step(&mut self) -> Result<(), String> {
        match self.random.below(100) {
            0..30 => self.append()?,
            30..52 => self.sync()?,
            52..64 => self.read()?,
            64..68 => self.open_reader()?,
            68..73 => self.retain()?,
            73..75 => self.look_at_evidence()?,
            75..80 => self.save_snapshot()?,
            80..83 => self.write_content()?,
            83..91 => {
                let fault = FAULTS[self.random.length_below(4)];
                self.sim.fail_after(self.random.below(12), fault);
            }
            91..94 => self.change_capacity(),
            94..96 => self.crash(Fault::PowerLoss),
            96..98 => self.crash(Fault::Kill),
            _ => self.close(),
        }
        if self.writer.is_none() || !self.sim.is_up() { self.reopen() } else { Ok(()) }
    }

    /// Ends with a power cut after which everything must be there.
    pub(crate) fn finish(&mut self) -> Result<(), String> {
        self.sim.clear_fault();
        self.crash(Fault::PowerLoss);
        self.reopen()?;
        self.look_at_evidence()
    }

    fn crash(&mut self, fault: Fault) {
        self.close();
        if fault == Fault::PowerLoss { self.sim.power_loss() } else { self.sim.kill() }
    }

    fn close(&mut self) {
        self.writer = None;
        self.reader = None;
    }

    /// An error is in order when something was made to fail. The process then ends and another starts.
    fn fails(&mut self, had_fault: bool, error: &dyn std::fmt::Display) -> Result<(), String> {
        let is_up = self.sim.is_up();
        self.close();
        if is_up {
            self.sim.kill();
        }
        self.count(if is_up { "errors" } else { "crashes in a call" });
        if had_fault { Ok(()) } else { Err(format!("failed without a reason: {error}")) }
    }

    pub(crate) fn reopen(&mut self) -> Result<(), String> {
        self.close();
        if !self.sim.is_up() {
            self.sim.restart();
        }
        for _ in 0..5 {
            let had_fault = self.sim.has_fault();
            self.look_without_writer(had_fault)?;
            match Writer::open(&self.disk, &self.dir, self.limits) {
                Ok((writer, recovered)) => {
                    self.writer = Some(writer);
                    return self.check_recovered(&recovered, had_fault);
                }
                Err(OpenError::DiskFull { .. }) if self.is_limited => self.lift_capacity(),
                Err(OpenError::Io { .. }) if had_fault => {
                    self.sim.kill();
                    self.sim.restart();
                }
                Err(error) => return Err(format!("does not open: {error}")),
            }
        }
        Err("does not open after five attempts".to_owned())
    }

    fn look_without_writer(&mut self, had_fault: bool) -> Result<(), String> {
        match survey(&self.disk, &self.dir) {
            Ok(survey) if survey.last < self.durable => Err(format!("survey ends at {}", survey.last)),
            Ok(_) => Ok(()),
            Err(SurveyError::NoJournal { .. }) if self.durable == 0 => Ok(()),
            Err(SurveyError::Io { .. }) if had_fault => Ok(()),
            Err(error) => Err(format!("survey: {error}")),
        }
    }

    fn check_recovered(&mut self, recovered: &watchfire_journal::Recovered, had_fault: bool) -> Result<(), String> {
        let last = recovered.last;
        for (what, happened) in [
            ("recoveries", true),
            ("recoveries with a torn tail", recovered.torn_bytes > 0),
            ("recoveries of records not reported durable", last > self.durable),
            ("recoveries that lost records not reported durable", last < self.durable + crate::length(&self.open)),
            ("recoveries of a whole segment", recovered.rewritten > 0 && last - recovered.rewritten < recovered.first),
            ("recoveries of a tail", recovered.rewritten > 0 && last - recovered.rewritten >= recovered.first),
        ] {
            if happened {
                self.count(what);
            }
        }
        check(recovered.damaged.is_empty(), || format!("damaged: {:?}", recovered.damaged))?;
        let known = *self.journal_id.get_or_insert(recovered.journal_id);
        check(known == recovered.journal_id, || "the journal has another id".to_owned())?;
        check(last >= self.durable, || format!("durable up to {}, recovered up to {last}", self.durable))?;
        for seq in self.durable + 1..=last {
            let bytes = self.open.get(&seq).ok_or_else(|| format!("record {seq} is invented"))?;
            self.truth.insert(seq, bytes.clone());
        }
        self.open.clear();
        self.durable = last;
        check(recovered.first <= self.removed.max(1), || format!("begins at {}", recovered.first))?;
        self.check_snapshot(had_fault)?;
        self.check_content(had_fault)?;
        let from = recovered.first.max(last.saturating_sub(40));
        self.read_from(from, had_fault || self.sim.has_fault())
    }

    fn read_from(&mut self, from: u64, had_fault: bool) -> Result<(), String> {
        if !self.sim.is_up() {
            return Ok(());
        }
        let reader = Reader::open(&self.disk, &self.dir, from);
        match reader {
            Ok(reader) => self.reader = Some(reader),
            Err(error) if had_fault && !self.sim.is_up() => return self.fails(had_fault, &error),
            Err(error) => return Err(format!("reader from {from}: {error}")),
        }
        self.read_up_to(usize::MAX)
    }

    fn append(&mut self) -> Result<(), String> {
        for _ in 0..=self.random.below(6) {
            let record = self.record();
            let Some(writer) = &mut self.writer else { return Ok(()) };
            match writer.append(&record) {
                Ok(seq) => {
                    let due = self.durable + crate::length(&self.open) + 1;
                    check(seq == due, || format!("record {due} was called {seq}"))?;
                    self.open.insert(seq, record);
                }
                Err(AppendError::BatchFull) => return self.sync(),
                Err(error) => return Err(format!("append: {error}")),
            }
        }
        Ok(())
    }

    /// Random bytes, some of which look like the format's own.
    fn record(&mut self) -> Vec<u8> {
        let length_max = if self.random.once_in(8) { 200 } else { 40 };
        let length = 1 + self.random.length_below(length_max);
        match self.random.below(8) {
            0 => vec![0; length],
            1 => vec![0xFF; length],
            2 => self.truth.values().next_back().cloned().unwrap_or_else(|| vec![1]),
            _ => (0..length).map(|_| self.random.number().to_le_bytes()[0]).collect(),
        }
    }

    fn sync(&mut self) -> Result<(), String> {
        let had_fault = self.sim.has_fault();
        let Some(writer) = &mut self.writer else { return Ok(()) };
        match writer.sync() {
            Ok(durable) => {
                let last = self.open.keys().next_back().copied().unwrap_or(self.durable);
                check(durable == last, || format!("durable is {durable}, appended was {last}"))?;
                let has_reserve = writer.reserve_state() == ReserveState::Held;
                let did_write = !self.open.is_empty();
                check(has_reserve || self.is_limited || had_fault || !did_write, || "no reserve".to_owned())?;
                if !has_reserve {
                    *self.tally.entry("syncs without a reserve").or_default() += 1;
                }
                self.durable = durable;
                self.truth.append(&mut self.open);
                Ok(())
            }
            Err(SyncError::DiskFull) if self.is_limited => {
                *self.tally.entry("full disks").or_default() += 1;
                let kept = writer.next() == self.durable + crate::length(&self.open) + 1;
                check(kept && writer.durable() == self.durable, || "a full disk lost the batch".to_owned())?;
                check(writer.reserve_state() == ReserveState::Released, || "the reserve was kept".to_owned())
            }
            Err(error) => {
                check(writer.append(b"x") == Err(AppendError::Failed) || is_full(&error), || {
                    "not poisoned".to_owned()
                })?;
                check(writer.sync().is_err(), || "a failed writer syncs".to_owned())?;
                self.fails(had_fault, &error)
            }
        }
    }

    fn open_reader(&mut self) -> Result<(), String> {
        let had_fault = self.sim.has_fault();
        let from = self.removed.max(1) + self.random.below(self.durable + 3 - self.removed.min(self.durable));
        match Reader::open(&self.disk, &self.dir, from) {
            Ok(reader) => {
                check(reader.position() == from, || "the reader is elsewhere".to_owned())?;
                self.reader = Some(reader);
                Ok(())
            }
            Err(error) if had_fault => self.fails(had_fault, &error),
            Err(error) => Err(format!("reader from {from}: {error}")),
        }
    }

    fn read(&mut self) -> Result<(), String> {
        let count = self.random.length_below(60);
        self.read_up_to(count)
    }

    fn read_up_to(&mut self, count: usize) -> Result<(), String> {
        let had_fault = self.sim.has_fault();
        let Some(reader) = &mut self.reader else { return Ok(()) };
        for _ in 0..count {
            let due = reader.position();
            match reader.next(self.durable) {
                Ok(None) if due > self.durable => break,
                Ok(None) => return Err(format!("the reader ends before {due}, durable is {}", self.durable)),
                Ok(Some(record)) => {
                    check(record.seq == due, || format!("read {}, due was {due}", record.seq))?;
                    let is_right = self.truth.get(&due).is_some_and(|bytes| bytes == record.bytes);
                    check(is_right, || format!("record {due} has changed"))?;
                }
                Err(ReadError::Gone { first }) if due < first && first <= self.removed => {
                    self.reader = None;
                    self.count("readers overrun");
                    break;
                }
                Err(error) if had_fault || !self.sim.is_up() => return self.fails(true, &error),
                Err(error) => return Err(format!("reading {due}: {error}")),
            }
        }
        Ok(())
    }

    fn change_capacity(&mut self) {
        if self.is_limited {
            self.lift_capacity();
        } else {
            self.sim.set_capacity(self.sim.used() + self.random.below(1_500));
            self.is_limited = true;
        }
    }

    fn lift_capacity(&mut self) {
        self.sim.set_capacity(u64::MAX);
        self.is_limited = false;
    }
}

fn is_full(error: &SyncError) -> bool {
    matches!(error, SyncError::DiskFull)
}

fn check(holds: bool, violation: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(violation()) }
}
