//! What the rules thread folds entries into: the engine with the decoders' state, the retained messages and the set-up
//! in force. Touches no disk but to fetch a set-up by its hash.

use crate::set_up_store::{self, SetUpError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;
use watchfire_intake::{Retained, STATION_SITE};
use watchfire_model::{Decoded, Entry, Frame, Input, JournalId, Seq, Setup, SiteId, Sites};
use watchfire_rules::{Effects, Engine, Event, RestoreError, RuleSet, SetUp, Stamp};
use watchfire_wire::{Profiles, Sessions};

/// The version of [`Fold::snapshot`]'s bytes.
pub(crate) const SNAPSHOT_VERSION: u32 = 2;

/// A payload at which the tests let the rules die.
#[cfg(test)]
pub(crate) const POISON: &[u8] = b"poison";

/// See the head of this file.
pub(crate) struct Fold {
    engine: Engine,
    sessions: Sessions,
    profiles: Profiles,
    retained: Retained,
    in_force: Option<Setup>,
    set_ups: PathBuf,
    skips: BTreeSet<Seq>,
    draft: Draft,
}

/// What a try-out puts in the place of what the journaled set-ups say.
#[derive(Default)]
struct Draft {
    rules: Option<RuleSet>,
    sites: Option<Sites>,
}

/// What an entry was, for the board.
pub(crate) enum Applied {
    /// Nothing that changes what it shows by itself.
    Nothing,
    /// A frame that said something.
    Frame(Decoded),
    /// Other sites.
    SetUp(Sites),
}

#[derive(Serialize, Deserialize)]
struct Saved {
    in_force: Option<Setup>,
    #[serde(with = "serde_bytes")]
    engine: Vec<u8>,
    sessions: Sessions,
    #[serde(with = "serde_bytes")]
    retained: Vec<u8>,
}

/// A snapshot could not be taken up again; the one before it, or a replay, is used instead.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FoldError {
    #[error("the snapshot is malformed: {0}")]
    Malformed(String),
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    #[error(transparent)]
    Engine(#[from] RestoreError),
}

impl Fold {
    /// Nothing yet. `skips` are the entries that are never applied.
    pub(crate) fn new(journal: JournalId, set_ups: PathBuf, skips: BTreeSet<Seq>) -> Fold {
        Fold {
            engine: Engine::new(journal),
            sessions: Sessions::default(),
            profiles: Profiles::default(),
            retained: Retained::default(),
            in_force: None,
            set_ups,
            skips,
            draft: Draft::default(),
        }
    }

    /// Tries out other rules or sites: they take the place of those of every set-up to come.
    pub(crate) fn draft(&mut self, rules: Option<RuleSet>, sites: Option<Sites>) {
        self.draft = Draft { rules, sites };
    }

    /// From a snapshot's bytes; nothing is skipped yet.
    pub(crate) fn restore(bytes: &[u8], set_ups: PathBuf) -> Result<Fold, FoldError> {
        let saved: Saved = postcard::from_bytes(bytes).map_err(|error| FoldError::Malformed(error.to_string()))?;
        let set_up = match &saved.in_force {
            Some(setup) => set_up_store::fetch(&set_ups, setup)?,
            None => SetUp::default(),
        };
        let engine = Engine::restore(&saved.engine, &set_up)?;
        let retained = Retained::restore(&saved.retained).map_err(|error| FoldError::Malformed(error.to_string()))?;
        let profiles = Profiles::default();
        Ok(Fold {
            engine,
            sessions: saved.sessions,
            profiles,
            retained,
            in_force: saved.in_force,
            set_ups,
            skips: BTreeSet::new(),
            draft: Draft::default(),
        })
    }

    /// Entries that are never applied.
    pub(crate) fn skip(&mut self, entries: BTreeSet<Seq>) {
        self.skips = entries;
    }

    /// Whether an entry is never applied; it is then not to be read either.
    pub(crate) fn skips(&self, entry: Seq) -> bool {
        self.skips.contains(&entry)
    }

    /// The bytes from which the fold goes on.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        let saved = Saved {
            in_force: self.in_force,
            engine: self.engine.snapshot(),
            sessions: self.sessions.clone(),
            retained: self.retained.snapshot(),
        };
        postcard::to_stdvec(&saved).expect("our own types always encode")
    }

    /// Applies one entry.
    pub(crate) fn apply(&mut self, entry: &Entry<'_>, effects: &mut Effects) -> Result<Applied, SetUpError> {
        if self.skips(entry.seq) {
            return Ok(Applied::Nothing);
        }
        let stamp = Stamp { seq: entry.seq, at: entry.at };
        match &entry.input {
            Input::Frame(frame) => {
                return Ok(self.frame(stamp, frame, effects).map_or(Applied::Nothing, Applied::Frame));
            }
            Input::Tick => self.engine.apply(stamp, &Event::Tick, effects),
            Input::Order(order) => self.engine.apply(stamp, &Event::Order(order), effects),
            Input::Setup(setup) => {
                let mut set_up = set_up_store::fetch(&self.set_ups, setup)?;
                if let Some(rules) = &self.draft.rules {
                    set_up.rules = rules.clone();
                }
                if let Some(sites) = &self.draft.sites {
                    set_up.sites = sites.clone();
                }
                self.in_force = Some(*setup);
                self.engine.apply(stamp, &Event::Setup(&set_up), effects);
                return Ok(Applied::SetUp(set_up.sites));
            }
            Input::Started(started) => self.engine.apply(stamp, &Event::Started(started), effects),
            Input::ClockStep(step) => self.engine.apply(stamp, &Event::ClockStep(step), effects),
            Input::Notice(notice) => self.engine.apply(stamp, &Event::Notice(notice), effects),
            Input::Outcome(_) | Input::Skip(_) => {}
        }
        Ok(Applied::Nothing)
    }

    fn frame(&mut self, stamp: Stamp, frame: &Frame<'_>, effects: &mut Effects) -> Option<Decoded> {
        self.retained.apply(frame);
        #[cfg(test)]
        assert_ne!(frame.payload, POISON, "the test's poison");
        if frame.site == STATION_SITE {
            // The probe: it has been where it should.
            return None;
        }
        let site = SiteId::new(frame.site).ok()?;
        let decoded = watchfire_wire::decode(frame, stamp.at, &self.profiles, &mut self.sessions);
        self.engine.apply(stamp, &Event::Decoded { site: &site, decoded: &decoded }, effects);
        Some(decoded)
    }

    /// The set-up in force.
    pub(crate) fn in_force(&self) -> Option<Setup> {
        self.in_force
    }

    /// The engine, to look at.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The retained messages, to hand to the router after a start.
    pub(crate) fn retained(&self) -> &Retained {
        &self.retained
    }
}
