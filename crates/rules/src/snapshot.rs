//! The engine's state as bytes.
//!
//! ```text
//! byte 0      version = 5
//! bytes 1..   postcard of `Image`, of the clocks that were set back, of what is counted, of `Since5`
//! ```
//! Version 4, which is still read, ends before `Since5`.
//!
//! Sites and rules are not in it: they are the set-up in force at the snapshot's position, which the caller has. Slots
//! and groups name their rules by position in `rule_names`. Timers, plans and indexes follow from the state and are made anew.

use crate::casebook::Cause;
use crate::casebook::{CaseKey, Casebook, StandingKey};
use crate::device_state::Device;
use crate::engine::{Engine, Standing};
use crate::event::{SetUp, Stamp};
use crate::fleet::Fleet;
use crate::fusion::{Group, Room, Rooms};
use crate::gathering::Note;
use crate::incidents::{Incidents, Membership};
use crate::kinds::Kinds;
use crate::orders::RecentOrders;
use crate::rule::{Kind, Rule};
use crate::series::Series;
use crate::set_back::SetBack;
use crate::table::Table;
use crate::tally::Tally;
use crate::test_mode::Tests;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use watchfire_model::{Class, JournalId, Timestamp};

const VERSION: u8 = 5;
/// Of the build before: without tests and incidents.
const VERSION_4: u8 = 4;

/// A snapshot could not be taken up. Fall back to the one before it, else to a replay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Written by another build.
    #[error("snapshot version {0} is not known: fall back to an older snapshot or replay the journal")]
    UnknownVersion(u8),
    /// Not a snapshot, or a damaged one.
    #[error("the snapshot is malformed: {0}; fall back to an older snapshot or replay the journal")]
    Malformed(String),
}

#[derive(Serialize, Deserialize)]
struct Image<'a> {
    journal: JournalId,
    stamp: Stamp,
    awake_since: Timestamp,
    rule_names: Vec<CompactString>,
    devices: Cow<'a, Table<Device>>,
    kinds: Cow<'a, Kinds>,
    series: Cow<'a, Table<Series>>,
    rooms: Cow<'a, Rooms>,
    /// In the order of the keys.
    groups: Vec<((Room, u16), Group)>,
    /// In the order of the keys.
    standing: Vec<(StandingKey, Standing)>,
    book: Cow<'a, Casebook>,
    orders: Cow<'a, RecentOrders>,
}

/// What came with version 5.
#[derive(Default, Serialize, Deserialize)]
struct Since5<'a> {
    tests: Cow<'a, Tests>,
    incidents: Cow<'a, Incidents>,
    /// In the order of the alerts.
    members: Vec<(CaseKey, Membership)>,
}

/// What rules count and note.
#[derive(Serialize, Deserialize)]
struct Counted {
    /// The series that have any, in the order of their numbers.
    tallies: Vec<(u32, Vec<(u16, Tally)>)>,
    /// In the order of the keys.
    notes: Vec<((Room, u16), Vec<Note>)>,
}

impl Engine {
    /// The state after the last applied entry.
    pub fn snapshot(&self) -> Vec<u8> {
        let image = Image {
            journal: self.journal,
            stamp: self.stamp,
            awake_since: self.awake_since,
            rule_names: self.rules.iter().map(|rule| rule.name.clone()).collect(),
            devices: Cow::Borrowed(self.fleet.devices()),
            kinds: Cow::Borrowed(self.fleet.kinds()),
            series: Cow::Borrowed(self.fleet.all_series()),
            rooms: Cow::Borrowed(&self.rooms),
            groups: self.groups.iter().map(|(key, group)| (*key, group.clone())).collect(),
            standing: self.standing.iter().map(|(key, standing)| (key.clone(), *standing)).collect(),
            book: Cow::Borrowed(&self.book),
            orders: Cow::Borrowed(&self.orders),
        };
        let series = self.fleet.all_series().iter().zip(0u32..).filter(|(series, _)| !series.tallies().is_empty());
        let counted = Counted {
            tallies: series.map(|(series, number)| (number, series.tallies().to_vec())).collect(),
            notes: self.notes.iter().map(|(key, notes)| (*key, notes.clone())).collect(),
        };
        let since = Since5 {
            tests: Cow::Borrowed(&self.tests),
            incidents: Cow::Borrowed(&self.incidents),
            members: self.book.iter().filter_map(|(key, case)| Some((key, case.incident?))).collect(),
        };
        postcard::to_extend(&(image, &self.set_back, counted, since), vec![VERSION])
            .expect("our own types always encode")
    }

    /// The engine of a snapshot. `set_up` is the one in force at its position; another one is taken as a change.
    ///
    /// # Errors
    /// When the snapshot is of another version or damaged.
    pub fn restore(bytes: &[u8], set_up: &SetUp) -> Result<Engine, RestoreError> {
        let malformed = |why: &str| RestoreError::Malformed(why.to_owned());
        let (version, body) = bytes.split_first().ok_or_else(|| malformed("it is empty"))?;
        let wrong = |error: postcard::Error| RestoreError::Malformed(error.to_string());
        let (image, set_back, counted, since): (Image<'_>, BTreeMap<u32, SetBack>, Counted, Since5<'_>) = match *version
        {
            VERSION => postcard::from_bytes(body).map_err(wrong)?,
            VERSION_4 => {
                let (image, set_back, counted) = postcard::from_bytes(body).map_err(wrong)?;
                (image, set_back, counted, Since5::default())
            }
            other => return Err(RestoreError::UnknownVersion(other)),
        };
        Engine::of(image, set_back, counted, since, set_up)
    }

    fn of(
        image: Image<'_>,
        set_back: BTreeMap<u32, SetBack>,
        counted: Counted,
        since: Since5<'_>,
        set_up: &SetUp,
    ) -> Result<Engine, RestoreError> {
        let malformed = |why: &str| RestoreError::Malformed(why.to_owned());
        let mut engine = Engine::empty(image.journal);
        engine.stamp = image.stamp;
        engine.awake_since = image.awake_since;
        engine.rules = image.rule_names.into_iter().map(name_only).collect();
        let fleet = Fleet::restore(image.devices.into_owned(), image.series.into_owned(), image.kinds.into_owned());
        engine.fleet = fleet.ok_or_else(|| malformed("devices and series do not fit together"))?;
        engine.rooms = image.rooms.into_owned();
        engine.groups = image.groups.into_iter().collect();
        engine.standing = image.standing.into_iter().collect::<BTreeMap<_, _>>();
        engine.book = image.book.into_owned();
        engine.orders = image.orders.into_owned();
        engine.tests = since.tests.into_owned();
        engine.incidents = since.incidents.into_owned();
        for (key, membership) in since.members {
            let case = engine.book.get_mut(key).ok_or_else(|| malformed("what is in an incident is not there"))?;
            case.incident = Some(membership);
        }
        engine.set_back = set_back;
        for (series, tallies) in counted.tallies {
            if !engine.fleet.series_numbers().contains(&series) {
                return Err(malformed("what is counted belongs to no series"));
            }
            engine.fleet.series_mut(series).put_tallies(tallies);
        }
        engine.notes = counted.notes.into_iter().collect();
        if !engine.causes_fit() || !engine.groups_fit() || !engine.notes_fit() || !engine.tests_fit() {
            return Err(malformed("alerts and devices do not fit together"));
        }
        engine.take_set_up(set_up);
        Ok(engine)
    }

    /// Whether every cause names a device or series that is there.
    fn causes_fit(&self) -> bool {
        let mut causes = self.book.iter().flat_map(|(_, case)| &case.causes);
        causes.all(|cause| match cause {
            Cause::Series { series, .. } => self.fleet.series_numbers().contains(series),
            // A group where nothing is going on any more is not kept; reopening its alert makes it anew.
            Cause::Group { rule, .. } => usize::from(*rule) < self.rules.len(),
            Cause::Silence { device } => self.fleet.device_numbers().contains(device),
            Cause::Standing(_) => true,
        })
    }
}

/// Stands for a rule of the snapshot until the set-up brings the rule itself: only its name is looked at.
fn name_only(name: CompactString) -> Rule {
    let kind = Kind::Silent { after_s: None, gone_hold_s: 0 };
    Rule::plain(name, 0, Class::Information, kind)
}
