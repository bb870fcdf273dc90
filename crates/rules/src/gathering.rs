//! Rules over other rules (`gathering_keys.rs`), and what one rule explains of another. Whoever begins or ends to hold is
//! noted for the rules that refer to it; a note costs a look-up, and a reading that changes nothing costs nothing.
//!
//! A note that is kept is looked at again whenever something is judged: whether its cause holds is asked of the cause, so
//! that no order, no change of the set-up and no restore can make the two differ.

use crate::casebook::{Cause, Ground};
use crate::engine::Engine;
use crate::event::Effects;
use crate::fusion::Room;
use crate::gathering_keys::{Across, Gathering, Want};
use crate::levels::evidence;
use crate::room_words;
use crate::rule::Kind;
use crate::timers::Timer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use watchfire_model::{Bilingual, Evidence, Timestamp, Value};

/// So many notes are kept for one rule at one place; the oldest that no longer hold go first.
pub const NOTES_MAX: usize = 64;
/// What a rule explained stays explained for so long after that rule's cause ended: devices need time to come back.
pub const EXPLAINED_AFTER: Duration = Duration::from_secs(300);

/// That a rule began to be met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) cause: Cause,
    pub(crate) device: u32,
    pub(crate) began_at: Timestamp,
    /// The value with which it began, of a rule that judges a series.
    value: Option<Value>,
    /// When it ended; `None`: it goes on.
    over_at: Option<Timestamp>,
}

impl Engine {
    /// A cause began or ended to hold: told to the rules that refer to its rule.
    pub(crate) fn noticed(&mut self, cause: &Cause, began: bool, out: &mut Effects) {
        let Some(rule) = self.rule_of(cause) else { return };
        let Some(device) = self.device_of(cause) else { return };
        let watchers = self.watchers.get(usize::from(rule)).cloned().unwrap_or_default();
        for watcher in watchers {
            let Some(room) = self.room_across(device, watcher) else { continue };
            self.note(room, watcher, cause, device, began);
            self.look_at_notes(room, watcher, out);
        }
    }

    /// The place at which a watching rule takes notes of a device; `None`: the device is not in its scope.
    pub(crate) fn room_across(&self, device: u32, watcher: u16) -> Option<Room> {
        let rule = self.rule(watcher);
        let across = match &rule.kind {
            Kind::Gathering(gathering) if rule.scope.fits(self.place(device)) => gathering.across,
            Kind::Gathering(_) => return None,
            // What explains a silence may hang anywhere on the site.
            _ => Across::Site,
        };
        Some(match across {
            Across::Device => Room::Device(device),
            Across::Zone => self.fleet.device(device).room,
            Across::Site => Room::Site(self.fleet.first_of_site(device)),
        })
    }

    fn note(&mut self, room: Room, watcher: u16, cause: &Cause, device: u32, began: bool) {
        let now = self.stamp.at;
        let counts = matches!(&self.rule(watcher).kind, Kind::Gathering(Gathering { want: Want::Count { .. }, .. }));
        let value = match cause {
            Cause::Series { series, .. } => Some(self.fleet.series(*series).value()),
            Cause::Group { .. } | Cause::Silence { .. } | Cause::Standing(_) => None,
        };
        let notes = self.notes.entry((room, watcher)).or_default();
        if !began {
            for note in notes.iter_mut().filter(|note| note.cause == *cause && note.over_at.is_none()) {
                note.over_at = Some(now);
            }
            return;
        }
        if !counts {
            notes.retain(|note| note.cause != *cause);
        }
        if notes.len() >= NOTES_MAX {
            let oldest = notes.iter().position(|note| note.over_at.is_some()).unwrap_or(0);
            notes.remove(oldest);
        }
        notes.push(Note { cause: cause.clone(), device, began_at: now, value, over_at: None });
    }

    /// Judges what is noted at a place; also when a window runs out.
    pub(crate) fn look_at_notes(&mut self, room: Room, watcher: u16, out: &mut Effects) {
        self.prune_notes(room, watcher);
        let notes = self.notes.get(&(room, watcher)).map_or(&[][..], Vec::as_slice);
        let lead = notes.last().map(|note| note.device);
        let next =
            notes.iter().filter_map(|note| self.note_ends(watcher, note)).filter(|end| *end > self.stamp.at).min();
        if let Some(next) = next {
            self.timers.set(next, Timer::Notes { room, rule: watcher });
        }
        let Kind::Gathering(gathering) = &self.rule(watcher).kind else {
            return self.look_at_explanation(room, watcher, out);
        };
        let met = self.is_gathered(gathering, notes);
        let lead = lead.or_else(|| self.groups.get(&(room, watcher)).and_then(|group| group.lead));
        if let Some(lead) = lead {
            self.room_level(room, watcher, met, lead, out);
        }
        if self.notes.get(&(room, watcher)).is_some_and(Vec::is_empty) {
            self.notes.remove(&(room, watcher));
        }
    }

    fn is_gathered(&self, gathering: &Gathering, notes: &[Note]) -> bool {
        let met = |name: &compact_str::CompactString| {
            notes.iter().any(|note| note.over_at.is_none() && self.note_rule(note) == Some(name.as_str()))
        };
        match &gathering.want {
            Want::Coincidence { devices, .. } => {
                let there: BTreeSet<u32> = notes.iter().map(|note| note.device).collect();
                there.len() >= usize::from(*devices)
            }
            Want::Count { times, .. } => notes.len() >= usize::from(*times),
            Want::Combination { all, any, none } => {
                all.iter().all(met) && (any.is_empty() || any.iter().any(met)) && !none.iter().any(met)
            }
        }
    }

    /// Forgets notes that no longer count.
    fn prune_notes(&mut self, room: Room, watcher: u16) {
        let Some(mut notes) = self.notes.remove(&(room, watcher)) else { return };
        let now = self.stamp.at;
        for note in &mut notes {
            let holds = self.hold(&note.cause).is_some_and(|hold| hold.phase.holds());
            if !holds {
                note.over_at.get_or_insert(now);
            }
        }
        notes.retain(|note| match self.note_ends(watcher, note) {
            Some(end) => end > now,
            None => true,
        });
        self.notes.insert((room, watcher), notes);
    }

    /// When a note stops to count, if nothing changes; `None`: not by itself.
    fn note_ends(&self, watcher: u16, note: &Note) -> Option<Timestamp> {
        let window = |seconds: u32| note.began_at.plus(Duration::from_secs(u64::from(seconds)));
        match &self.rule(watcher).kind {
            Kind::Gathering(gathering) => match &gathering.want {
                Want::Coincidence { window_s, .. } => note.over_at.map(|_| window(*window_s)),
                Want::Count { window_s, .. } => Some(window(*window_s)),
                Want::Combination { .. } => note.over_at,
            },
            _ => note.over_at.map(|over| over.plus(EXPLAINED_AFTER)),
        }
    }

    fn note_rule(&self, note: &Note) -> Option<&str> {
        self.rule_of(&note.cause).map(|rule| self.rule(rule).name.as_str())
    }

    /// The rule behind a cause.
    pub(crate) fn rule_of(&self, cause: &Cause) -> Option<u16> {
        match cause {
            Cause::Series { rule, .. } | Cause::Group { rule, .. } => Some(*rule),
            Cause::Silence { device } => self.fleet.device(*device).silence_rule,
            Cause::Standing(_) => None,
        }
    }

    /// What the notes of a place say, with the readings behind them.
    pub(crate) fn told_by_notes(&self, room: Room, watcher: u16) -> (Vec<Bilingual>, Vec<Evidence>) {
        let (mut told, mut shown) = (Vec::new(), Vec::new());
        for note in self.notes.get(&(room, watcher)).into_iter().flatten() {
            let label = self.label(note.device);
            let began = self.wall_time(&self.fleet.device(note.device).key.site, note.began_at);
            match &note.cause {
                Cause::Series { series, .. } => {
                    let (mut reading, time) = self.newest(*series);
                    reading.value = note.value.unwrap_or(reading.value);
                    told.push(room_words::noted(&label, &reading, &began));
                    let device = self.fleet.device(note.device).key.clone();
                    let at =
                        if note.value == Some(self.fleet.series(*series).value()) { time.at } else { note.began_at };
                    let one = evidence(device, &reading, at);
                    if !shown.contains(&one) {
                        shown.push(one);
                    }
                }
                Cause::Silence { .. } => told.push(room_words::noted_silence(&label, &began)),
                Cause::Group { .. } | Cause::Standing(_) => {
                    let name = self.note_rule(note).unwrap_or_default();
                    told.push(room_words::noted_rule(&label, name, &began));
                }
            }
        }
        (told, shown)
    }

    /// The ground of a rule over other rules.
    pub(crate) fn gathering_ground(&self, room: Room, watcher: u16, lead: u32, met: bool) -> Ground {
        let (told, shown) = self.told_by_notes(room, watcher);
        let place = self.zone(lead).map_or_else(|| self.label(lead), |zone| self.zone_name(lead, zone));
        let reason = match &self.rule(watcher).kind {
            Kind::Gathering(gathering) if met => room_words::gathered(&place, gathering, &told),
            _ => room_words::gathered_over(&place),
        };
        self.room_ground(watcher, lead, reason, shown)
    }

    /// The rules and causes have other numbers now; notes of what is gone are forgotten.
    pub(crate) fn renumber_notes(&mut self, moved: &[Option<u16>]) {
        let now_is = |rule: u16| moved.get(usize::from(rule)).copied().flatten();
        for ((room, watcher), notes) in std::mem::take(&mut self.notes) {
            let Some(watcher) = now_is(watcher) else { continue };
            let kept = notes.into_iter().filter_map(|note| {
                let cause = match note.cause {
                    Cause::Series { series, rule } => Cause::Series { series, rule: now_is(rule)? },
                    Cause::Group { room, rule } => Cause::Group { room, rule: now_is(rule)? },
                    silence @ Cause::Silence { .. } => silence,
                    Cause::Standing(_) => return None,
                };
                let named = self.rule_of(&cause).map(|rule| &self.rule(rule).name)?;
                self.rule(watcher).refers_to(named).then_some(Note { cause, ..note })
            });
            let kept: Vec<Note> = kept.collect();
            if !kept.is_empty() {
                self.notes.insert((room, watcher), kept);
            }
        }
    }

    pub(crate) fn restart_note_timers(&mut self) {
        let mut ends = Vec::new();
        for ((room, rule), notes) in &self.notes {
            let timer = Timer::Notes { room: *room, rule: *rule };
            ends.extend(notes.iter().filter_map(|note| Some((self.note_ends(*rule, note)?, timer))));
        }
        for (end, timer) in ends {
            self.timers.set(end, timer);
        }
    }

    /// Whether every note names what is there.
    pub(crate) fn notes_fit(&self) -> bool {
        let rules = self.rules.len();
        self.notes.iter().all(|((_, watcher), notes)| {
            usize::from(*watcher) < rules
                && notes.iter().all(|note| {
                    self.fleet.device_numbers().contains(&note.device)
                        && match &note.cause {
                            Cause::Series { series, rule } => {
                                self.fleet.series_numbers().contains(series) && usize::from(*rule) < rules
                            }
                            Cause::Group { rule, .. } => usize::from(*rule) < rules,
                            Cause::Silence { device } => self.fleet.device_numbers().contains(device),
                            Cause::Standing(_) => false,
                        }
                })
        })
    }
}
