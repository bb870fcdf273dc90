//! What is known of one device. Three lines of the processor's cache hold it; what only a device in trouble has lies beside.

use crate::casebook::CaseKey;
use crate::duplicates::RecentKeys;
use crate::fusion::Room;
use crate::maybe_time::MaybeTime;
use crate::series::Hold;
use serde::{Deserialize, Deserializer, Serialize};
use watchfire_model::{DeviceKey, Presence, Timestamp, ZoneId};

/// See the head of this file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[repr(align(64))]
pub(crate) struct Device {
    pub(crate) key: DeviceKey,
    /// Its place in the site's list of devices; `None`: unclaimed. Follows from the set-up.
    #[serde(skip)]
    pub(crate) claim: Option<u32>,
    /// The zone, where something other than the set-up said so (a replayed line).
    pub(crate) told_zone: Option<Box<ZoneId>>,
    /// When it was first listed or heard: silence counts from there.
    pub(crate) known_since: Timestamp,
    pub(crate) last_seen: MaybeTime,
    /// What its status topic or its will said last, and when.
    pub(crate) presence: Option<(Presence, Timestamp)>,
    pub(crate) recent_keys: RecentKeys,
    /// The rule that watches for its silence. Follows from the set-up.
    #[serde(skip)]
    pub(crate) silence_rule: Option<u16>,
    /// The timer that runs for it.
    #[serde(skip)]
    pub(crate) silence_timer: MaybeTime,
    /// The zone that it hangs in, or itself: whose evidence is added up. Follows from the set-up.
    #[serde(skip)]
    pub(crate) room: Room,
    trouble: Trouble,
    /// Its series, each behind the number of its kind, in the order of those.
    #[serde(skip)]
    pub(crate) series: Vec<(u32, u32)>,
}

const _: () = assert!(size_of::<Device>() == 192, "there may be a million of them");

#[derive(Clone, Debug, Default, PartialEq)]
struct Trouble(Option<Box<Troubled>>);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Troubled {
    /// Whether it is silent.
    silence: Hold,
    /// Its alerts that are not over.
    cases: Vec<CaseKey>,
}

/// As if it were always there.
impl Serialize for Trouble {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(troubled) => troubled.serialize(serializer),
            None => Troubled::default().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Trouble {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Trouble, D::Error> {
        let troubled = Troubled::deserialize(deserializer)?;
        Ok(Trouble((troubled != Troubled::default()).then(|| Box::new(troubled))))
    }
}

impl Device {
    /// Of which nothing is known but who it is.
    pub(crate) fn new(key: DeviceKey, number: u32, now: Timestamp) -> Device {
        Device {
            key,
            claim: None,
            told_zone: None,
            known_since: now,
            last_seen: MaybeTime::default(),
            presence: None,
            recent_keys: RecentKeys::default(),
            silence_rule: None,
            silence_timer: MaybeTime::default(),
            room: Room::Device(number),
            trouble: Trouble::default(),
            series: Vec::new(),
        }
    }

    /// Whether it is silent.
    pub(crate) fn silence(&self) -> Hold {
        self.trouble.0.as_ref().map_or_else(Hold::default, |troubled| troubled.silence)
    }

    pub(crate) fn silence_mut(&mut self) -> &mut Hold {
        &mut self.trouble.0.get_or_insert_default().silence
    }

    /// Its alerts that are not over.
    pub(crate) fn cases(&self) -> &[CaseKey] {
        self.trouble.0.as_ref().map_or(&[], |troubled| &troubled.cases)
    }

    /// One more.
    pub(crate) fn add_case(&mut self, case: CaseKey) {
        self.trouble.0.get_or_insert_default().cases.push(case);
    }

    /// It is over.
    pub(crate) fn remove_case(&mut self, case: CaseKey) {
        if let Some(troubled) = &mut self.trouble.0 {
            troubled.cases.retain(|other| *other != case);
            self.trouble.0.take_if(|troubled| **troubled == Troubled::default());
        }
    }

    /// What a frame will look at.
    pub(crate) fn touch(&self) -> usize {
        let first = self.key.site.as_str().len() ^ self.key.name.as_str().len();
        let seen = usize::from(self.last_seen.get().is_some()) ^ usize::from(self.silence_timer.get().is_some());
        first
            ^ seen
            ^ usize::from(self.presence.is_some())
            ^ usize::from(self.silence_rule.is_some())
            ^ self.series.len()
    }
}
