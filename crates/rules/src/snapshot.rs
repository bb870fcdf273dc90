//! The engine's state as bytes.
//!
//! ```text
//! byte 0      version = 2
//! bytes 1..   postcard of `Image`
//! ```
//! Sites and rules are not in it: they are the set-up in force at the snapshot's position, which the caller has. Slots
//! and groups name their rules by position in `rule_names`. Timers, plans and indexes follow from the state and are made anew.

use crate::casebook::Cause;
use crate::casebook::{Casebook, StandingKey};
use crate::engine::{Engine, Standing};
use crate::event::{SetUp, Stamp};
use crate::fleet::{Device, Fleet, Series};
use crate::fusion::{Group, Room, Rooms};
use crate::kinds::Kinds;
use crate::orders::RecentOrders;
use crate::rule::{Kind, Rule, Scope};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use watchfire_model::{Class, JournalId, Timestamp};

const VERSION: u8 = 2;

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
    devices: Cow<'a, [Device]>,
    kinds: Cow<'a, Kinds>,
    series: Cow<'a, [Series]>,
    rooms: Cow<'a, Rooms>,
    /// In the order of the keys.
    groups: Vec<((Room, u16), Group)>,
    /// In the order of the keys.
    standing: Vec<(StandingKey, Standing)>,
    book: Cow<'a, Casebook>,
    orders: Cow<'a, RecentOrders>,
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
        postcard::to_extend(&image, vec![VERSION]).expect("our own types always encode")
    }

    /// The engine of a snapshot. `set_up` is the one in force at its position; another one is taken as a change.
    ///
    /// # Errors
    /// When the snapshot is of another version or damaged.
    pub fn restore(bytes: &[u8], set_up: &SetUp) -> Result<Engine, RestoreError> {
        let malformed = |why: &str| RestoreError::Malformed(why.to_owned());
        let (version, body) = bytes.split_first().ok_or_else(|| malformed("it is empty"))?;
        if *version != VERSION {
            return Err(RestoreError::UnknownVersion(*version));
        }
        let image: Image<'_> =
            postcard::from_bytes(body).map_err(|error| RestoreError::Malformed(error.to_string()))?;
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
        if !engine.causes_fit() || !engine.groups_fit() {
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
            Cause::Group { room, rule } => self.groups.contains_key(&(*room, *rule)),
            Cause::Silence { device } => self.fleet.device_numbers().contains(device),
            Cause::Standing(_) => true,
        })
    }
}

/// Stands for a rule of the snapshot until the set-up brings the rule itself: only its name is looked at.
fn name_only(name: CompactString) -> Rule {
    let kind = Kind::Silent { after_s: None, gone_hold_s: 0 };
    let class = Class::Information;
    Rule { name, version: 0, class, severity: class.severity(), scope: Scope::default(), kind }
}
