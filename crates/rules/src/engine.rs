//! The fold itself: one entry in, what changed out.

use crate::built_in::built_in;
use crate::casebook::{Casebook, OVER_KEPT, StandingKey};
use crate::event::{Effects, Event, SetUp, Stamp};
use crate::fleet::Fleet;
use crate::fusion::{Group, Room, Rooms};
use crate::gathering::Note;
use crate::incidents::Incidents;
use crate::logged::Untold;
use crate::orders::RecentOrders;
use crate::plans::Plans;
use crate::rule::Rule;
use crate::series::Hold;
use crate::set_back::SetBack;
use crate::test_mode::Tests;
use crate::timers::{Timer, Timers};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use watchfire_model::{Alert, Bilingual, DeviceKey, JournalId, SiteId, Sites, Timestamp};

/// The rules' state: a fold over the journal's entries. See the head of the crate for what it does with them.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) journal: JournalId,
    /// Of the entry that is being applied.
    pub(crate) stamp: Stamp,
    /// So many alerts were raised by that entry.
    ordinal: u32,
    /// Silence counts from here at the earliest: the last start of the station.
    pub(crate) awake_since: Timestamp,
    pub(crate) sites: Sites,
    pub(crate) rules: Vec<Rule>,
    pub(crate) plans: Plans,
    pub(crate) fleet: Fleet,
    pub(crate) rooms: Rooms,
    /// Only the rooms where something is going on.
    pub(crate) groups: BTreeMap<(Room, u16), Group>,
    /// What rules over rules have noted; only the places where something is.
    pub(crate) notes: BTreeMap<(Room, u16), Vec<Note>>,
    /// By rule, the rules that refer to it. Follows from the set-up.
    pub(crate) watchers: Vec<Vec<u16>>,
    /// The clocks on the walls. Follows from the set-up.
    pub(crate) clocks: BTreeMap<SiteId, TimeZone>,
    pub(crate) standing: BTreeMap<StandingKey, Standing>,
    pub(crate) book: Casebook,
    pub(crate) orders: RecentOrders,
    pub(crate) tests: Tests,
    pub(crate) incidents: Incidents,
    pub(crate) timers: Timers,
    /// The devices whose stamps went back, by number.
    pub(crate) set_back: BTreeMap<u32, SetBack>,
    /// Alerts that the log does not know, found by a replay. Never in a snapshot: none is taken before they are told.
    pub(crate) withdrawn: Vec<Untold>,
    /// Those of them that the next entry tells.
    pub(crate) untold: Vec<Untold>,
}

/// A cause that is neither a series nor a silent device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) hold: Hold,
    /// When it was last said to hold.
    pub(crate) said_at: Timestamp,
}

impl Engine {
    /// Nothing known yet. Until a set-up comes, the shipped rules are in force: an alarm before it alarms.
    pub fn new(journal: JournalId) -> Engine {
        let mut engine = Engine::empty(journal);
        engine.take_set_up(&SetUp { sites: Sites::default(), rules: built_in() });
        engine
    }

    pub(crate) fn empty(journal: JournalId) -> Engine {
        Engine {
            journal,
            stamp: Stamp::default(),
            ordinal: 0,
            awake_since: Timestamp::default(),
            sites: Sites::default(),
            rules: Vec::new(),
            plans: Plans::default(),
            fleet: Fleet::default(),
            rooms: Rooms::default(),
            groups: BTreeMap::new(),
            notes: BTreeMap::new(),
            watchers: Vec::new(),
            clocks: BTreeMap::new(),
            standing: BTreeMap::new(),
            book: Casebook::default(),
            orders: RecentOrders::default(),
            tests: Tests::default(),
            incidents: Incidents::default(),
            timers: Timers::default(),
            set_back: BTreeMap::new(),
            withdrawn: Vec::new(),
            untold: Vec::new(),
        }
    }

    /// Applies one entry. First everything fires that came due until then, then the entry itself counts.
    pub fn apply(&mut self, stamp: Stamp, event: &Event<'_>, out: &mut Effects) {
        self.stamp = Stamp { seq: stamp.seq, at: stamp.at.max(self.stamp.at) };
        self.ordinal = 0;
        // Before the timers: what was silent only because nobody listened, or speaks just now, is not silent.
        let device = match event {
            Event::Decoded { site, decoded } => self.sign_of_life(site, decoded),
            Event::Started(_) => {
                self.awake_since = self.stamp.at;
                None
            }
            Event::Tick | Event::Order(_) | Event::Setup(_) | Event::ClockStep(_) | Event::Notice(_) => None,
        };
        self.fire_due(out);
        self.tell_untold(out);
        match event {
            Event::Decoded { site, decoded } => self.frame(site, device, decoded, out),
            Event::Tick => {}
            Event::Started(_) => self.station_restarted(out),
            Event::Order(order) => self.order(order, out),
            Event::Setup(set_up) => self.take_set_up(set_up),
            Event::ClockStep(step) => self.clock_step(step, out),
            Event::Notice(notice) => self.notice(notice, out),
        }
    }

    /// The alerts to come are of that journal: the one that a restore began. Those that there are keep their ids.
    pub fn go_on_in(&mut self, journal: JournalId) {
        self.journal = journal;
    }

    /// When the next timer is due. An entry at or after that time fires it; looking sooner does nothing. A timer may
    /// turn out to have nothing to do.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// Every alert in memory, in the order of their ids: those that are not over, and those that were a day ago.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.book.iter().map(|(_, case)| &case.alert)
    }

    fn fire_due(&mut self, out: &mut Effects) {
        while let Some((due, timer)) = self.timers.take_due(self.stamp.at) {
            match timer {
                Timer::TestOver { test } => self.end_test(test, None, "", out),
                Timer::Hold { series, rule } => self.held(series, rule, out),
                Timer::Clear { series, rule } => self.left(series, rule, out),
                Timer::HoldGroup { room, rule } => self.group_held(room, rule, out),
                Timer::Notes { room, rule } => self.look_at_notes(room, rule, out),
                Timer::ClearGroup { room, rule } => self.group_left(room, rule, out),
                Timer::Silence { device } => self.look_for_silence(device, due, out),
                Timer::Forget { case } => self.book.forget_over_before(case, self.stamp.at.minus(OVER_KEPT)),
            }
        }
    }

    pub(crate) fn next_ordinal(&mut self) -> u32 {
        let ordinal = self.ordinal;
        self.ordinal += 1;
        ordinal
    }

    /// What people call the device.
    pub(crate) fn label(&self, device: u32) -> Bilingual {
        let device = self.fleet.device(device);
        match device.claim.and_then(|claim| claimed(&self.sites, &device.key, claim)) {
            Some(known) => known.label.clone(),
            None => Bilingual::same(device.key.name.as_str()),
        }
    }
}

/// The device in the set-up.
pub(crate) fn claimed<'a>(sites: &'a Sites, key: &DeviceKey, claim: u32) -> Option<&'a watchfire_model::Device> {
    sites.sites.get(&key.site)?.devices.get(usize::try_from(claim).ok()?)
}
