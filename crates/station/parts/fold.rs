//! What the rules thread folds entries into: the engine with the decoders' state, the retained messages and the set-up
//! in force. Touches no disk but to fetch a set-up by its hash.

use crate::config::dialects::Dialects;
use crate::parts::places::{Places, Told};
use crate::set_up_store::{self, FullSetUp, Points, SetUpError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;
use watchfire_intake::{Retained, STATION_SITE};
use watchfire_model::{
    Alert, AlertId, Decoded, DefectKind, Entry, Frame, Input, JournalId, Seq, Setup, SiteId, Sites, Source,
};
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
    points: Points,
    told: Told,
    retained: Retained,
    in_force: Option<Setup>,
    set_ups: PathBuf,
    skips: BTreeSet<Seq>,
    draft: Draft,
}

/// What a try-out puts in the place of what the journaled set-ups say.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) rules: Option<RuleSet>,
    pub(crate) sites: Option<Sites>,
    pub(crate) profiles: Option<Profiles>,
    pub(crate) points: Option<Points>,
    /// Dialects in the place of those of the same name: what the journal holds is decoded anew.
    pub(crate) dialects: Dialects,
}

impl Draft {
    fn put_on(&self, set_up: &mut FullSetUp) {
        let FullSetUp { sites, rules, profiles, points, .. } = set_up;
        put(&self.sites, sites);
        put(&self.rules, rules);
        put(&self.profiles, profiles);
        put(&self.points, points);
        for (name, dialect) in &mut profiles.gbt26875.dialects {
            put(&self.dialects.get(name).cloned(), dialect);
        }
    }
}

fn put<T: Clone>(draft: &Option<T>, what: &mut T) {
    if let Some(draft) = draft {
        what.clone_from(draft);
    }
}

/// What a frame said; read before its turn.
pub(crate) struct Said {
    /// `None`: its name is no id.
    site: Option<SiteId>,
    decoded: Decoded,
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
            points: Points::default(),
            told: Told::default(),
            retained: Retained::default(),
            in_force: None,
            set_ups,
            skips,
            draft: Draft::default(),
        }
    }

    /// What is applied first is of that journal.
    pub(crate) fn begin_in(&mut self, journal: JournalId) {
        self.engine.go_on_in(journal);
    }

    /// Tries out something else: it takes the place of what every set-up to come says.
    pub(crate) fn draft(&mut self, draft: Draft) {
        self.draft = draft;
    }

    /// From a snapshot's bytes; nothing is skipped yet. A draft takes the place of what the set-up in force says.
    pub(crate) fn restore(bytes: &[u8], set_ups: PathBuf, draft: Draft) -> Result<Fold, FoldError> {
        let malformed = |error: postcard::Error| FoldError::Malformed(error.to_string());
        let (saved, rest): (Saved, &[u8]) = postcard::take_from_bytes(bytes).map_err(malformed)?;
        // Builds before there were places wrote nothing behind it.
        let told = if rest.is_empty() { Told::default() } else { postcard::from_bytes(rest).map_err(malformed)? };
        let mut in_force = match &saved.in_force {
            Some(setup) => set_up_store::fetch(&set_ups, setup, &Points::default())?,
            None => FullSetUp::default(),
        };
        draft.put_on(&mut in_force);
        let FullSetUp { sites, rules, profiles, points, .. } = in_force;
        let engine = Engine::restore(&saved.engine, &SetUp { sites, rules })?;
        let retained = Retained::restore(&saved.retained).map_err(|error| FoldError::Malformed(error.to_string()))?;
        Ok(Fold {
            engine,
            sessions: saved.sessions,
            profiles,
            points,
            told,
            retained,
            in_force: saved.in_force,
            set_ups,
            skips: BTreeSet::new(),
            draft,
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
        let bytes = postcard::to_stdvec(&saved).expect("our own types always encode");
        postcard::to_extend(&self.told, bytes).expect("our own types always encode")
    }

    /// Applies one entry.
    pub(crate) fn apply(&mut self, entry: &Entry<'_>, effects: &mut Effects) -> Result<Applied, SetUpError> {
        let said = self.read(entry);
        self.apply_read(entry, said, effects)
    }

    /// What the entry says, if it is a frame. Each is read once, in the order of the entries, and with those before it that
    /// are set-ups applied: they say how frames are read.
    pub(crate) fn read(&mut self, entry: &Entry<'_>) -> Option<Said> {
        let Input::Frame(frame) = &entry.input else { return None };
        // The probe has been where it should.
        if self.skips(entry.seq) || frame.site == STATION_SITE {
            return None;
        }
        let site = SiteId::new(frame.site).ok();
        let decoded = match &site {
            Some(_) => watchfire_wire::decode(frame, entry.at, &self.profiles, &mut self.sessions),
            None => of_no_site(frame),
        };
        Some(Said { site, decoded })
    }

    /// Fetches what the rules know of the devices that speak; changes nothing.
    pub(crate) fn look_ahead(&self, said: &[Option<Said>]) {
        let frames = said.iter().flatten();
        self.engine.look_ahead(frames.filter_map(|said| Some((said.site.as_ref()?, &said.decoded))));
    }

    /// Applies one entry that was read.
    pub(crate) fn apply_read(
        &mut self,
        entry: &Entry<'_>,
        said: Option<Said>,
        effects: &mut Effects,
    ) -> Result<Applied, SetUpError> {
        let before = effects.transitions.len();
        let applied = self.judge(entry, said, effects)?;
        let places = Places { points: &self.points, profiles: &self.profiles };
        let frame = match (&entry.input, &applied) {
            (Input::Frame(frame), Applied::Frame(Decoded { device: Some(device), .. })) => {
                Some((frame, device.as_str()))
            }
            _ => None,
        };
        let by_person = matches!(entry.input, Input::Order(_));
        for transition in effects.transitions.iter_mut().skip(before) {
            places.name(transition, by_person, frame, &mut self.told);
        }
        if effects.transitions.len() > before {
            self.told.shrink(self.engine.alerts().map(|alert| alert.id));
        }
        Ok(applied)
    }

    fn judge(&mut self, entry: &Entry<'_>, said: Option<Said>, effects: &mut Effects) -> Result<Applied, SetUpError> {
        if self.skips(entry.seq) {
            return Ok(Applied::Nothing);
        }
        let stamp = Stamp { seq: entry.seq, at: entry.at };
        match &entry.input {
            Input::Frame(frame) => {
                return Ok(self.frame(stamp, frame, said, effects).map_or(Applied::Nothing, Applied::Frame));
            }
            Input::Tick => self.engine.apply(stamp, &Event::Tick, effects),
            Input::Order(order) => self.engine.apply(stamp, &Event::Order(order), effects),
            Input::Setup(setup) => {
                let mut set_up = set_up_store::fetch(&self.set_ups, setup, &self.points)?;
                self.draft.put_on(&mut set_up);
                let FullSetUp { sites, rules, profiles, points, .. } = set_up;
                (self.in_force, self.profiles, self.points) = (Some(*setup), profiles, points);
                let judged = SetUp { sites, rules };
                self.engine.apply(stamp, &Event::Setup(&judged), effects);
                return Ok(Applied::SetUp(judged.sites));
            }
            Input::Started(started) => self.engine.apply(stamp, &Event::Started(started), effects),
            Input::ClockStep(step) => self.engine.apply(stamp, &Event::ClockStep(step), effects),
            Input::Notice(notice) => self.engine.apply(stamp, &Event::Notice(notice), effects),
            Input::Will(will) => self.retained.will(will),
            Input::WillOver(over) => self.retained.will_over(over),
            Input::Restored(restored) => {
                self.engine.apply(stamp, &Event::Tick, effects);
                self.engine.go_on_in(restored.journal);
            }
            Input::Outcome(_) | Input::Skip(_) | Input::Act(_) => {}
        }
        Ok(Applied::Nothing)
    }

    fn frame(&mut self, stamp: Stamp, frame: &Frame<'_>, said: Option<Said>, effects: &mut Effects) -> Option<Decoded> {
        self.retained.apply(frame);
        #[cfg(test)]
        assert_ne!(frame.payload, POISON, "the test's poison");
        let Said { site, decoded } = said?;
        if let Some(site) = &site {
            self.engine.apply(stamp, &Event::Decoded { site, decoded: &decoded }, effects);
        }
        Some(decoded)
    }

    /// The set-up in force.
    pub(crate) fn in_force(&self) -> Option<Setup> {
        self.in_force
    }

    /// The alerts in memory, as they were told.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = Alert> {
        let places = Places { points: &self.points, profiles: &self.profiles };
        self.engine.alerts().cloned().map(move |mut alert| {
            places.name_alert(&mut alert, &self.told);
            alert
        })
    }

    /// The engine, to look at.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Takes over what the alert log says where a replay differs from it.
    pub(crate) fn take_logged<'a>(&mut self, logged: impl IntoIterator<Item = (AlertId, Option<&'a Alert>)>) {
        self.engine.take_logged(logged);
    }

    /// The replay is over: people hear of what comes next.
    pub(crate) fn go_live(&mut self) {
        self.engine.go_live();
    }

    /// The retained messages, to hand to the router after a start.
    pub(crate) fn retained(&self) -> &Retained {
        &self.retained
    }
}

/// The site of an identity is checked when it logs in; should an entry name none all the same, the frame is kept, counted
/// and shown, because nobody can be told of an alarm in it.
fn of_no_site(frame: &Frame<'_>) -> Decoded {
    let mut decoded = Decoded::new(Source::Watchfire);
    decoded.defect(DefectKind::BadName, format!("the frame's site {:?} is not an id", frame.site));
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::{Link, Timestamp};

    #[test]
    fn a_frame_of_no_site_is_a_defect_that_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let mut fold = Fold::new(JournalId([1; 16]), folder.path().to_owned(), BTreeSet::new());
        let frame = Frame {
            site: "Not An Id",
            identity: "gw",
            device: "",
            link: Link::Mqtt { qos: 1, retain: false },
            topic: "zigbee2mqtt/kitchen",
            payload: br#"{"smoke": true}"#,
        };
        let entry = Entry { seq: Seq(1), at: Timestamp::from_seconds(1), input: Input::Frame(frame) };
        let Ok(Applied::Frame(decoded)) = fold.apply(&entry, &mut Effects::default()) else { panic!("not a frame") };
        assert_eq!(decoded.defects.len(), 1);
        assert!(decoded.defects[0].detail.contains("Not An Id"), "{:?}", decoded.defects);
    }
}
