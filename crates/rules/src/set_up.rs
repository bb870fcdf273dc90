//! A change of the set-up. Timers, latches and open alerts go on: state belongs to the rule of that name and to the
//! device of that key. What a removed rule or device had raised stays until a person closes it.

use crate::casebook::Cause;
use crate::engine::Engine;
use crate::event::SetUp;
use crate::levels::{clearing_time, hold_time};
use crate::rule::Rule;
use crate::series::{Hold, Phase, Slot};
use crate::tally::Tally;
use crate::timers::Timer;
use watchfire_model::{DeviceKey, Sites};

impl Engine {
    pub(crate) fn take_set_up(&mut self, set_up: &SetUp) {
        let before = std::mem::replace(&mut self.rules, set_up.rules.rules().to_vec());
        let moved: Vec<Option<u16>> = before.iter().map(|rule| self.rule_named(&rule.name)).collect();
        self.sites = set_up.sites.clone();
        self.clocks = crate::wall_clock::clocks(&set_up.sites);
        self.watchers = watchers(&self.rules);
        self.claim_devices(&set_up.sites);
        self.plans = crate::plans::Plans::default();
        self.renumber_groups(&moved);
        for series in self.fleet.series_numbers() {
            self.replan(series, &moved);
        }
        for device in self.fleet.device_numbers() {
            self.rewatch(device);
        }
        self.renumber_causes(&moved);
        self.renumber_notes(&moved);
        self.restart_timers();
    }

    pub(crate) fn rule_named(&self, name: &str) -> Option<u16> {
        self.rules.iter().zip(0u16..).find(|(rule, _)| rule.name == name).map(|(_, number)| number)
    }

    /// Timers follow from the state.
    pub(crate) fn restart_timers(&mut self) {
        self.timers.clear();
        for number in self.fleet.series_numbers() {
            for slot in self.fleet.series(number).slots() {
                let rule = slot.rule;
                match slot.hold.phase {
                    Phase::Idle | Phase::Holding => {}
                    Phase::Pending { since } => {
                        let counted = self.fleet.series(number).tally(rule).map(Tally::due);
                        let due = counted.unwrap_or_else(|| Some(since.plus(hold_time(self.rule(rule)))));
                        if let Some(due) = due {
                            self.timers.set(due, Timer::Hold { series: number, rule });
                        }
                    }
                    Phase::Leaving { since } => {
                        let due = since.plus(clearing_time(self.rule(rule)));
                        self.timers.set(due, Timer::Clear { series: number, rule });
                    }
                }
            }
        }
        for device in self.fleet.device_numbers() {
            self.fleet.device_mut(device).silence_timer = None.into();
            self.arm_silence(device);
        }
        self.restart_group_timers();
        self.restart_note_timers();
        for (end, test) in self.tests.ends() {
            self.timers.set(end, Timer::TestOver { test });
        }
        for (case, at) in self.book.over() {
            self.timers.set(at, Timer::Forget { case });
        }
    }

    fn claim_devices(&mut self, sites: &Sites) {
        for number in self.fleet.device_numbers() {
            self.fleet.device_mut(number).claim = None;
        }
        for (site, details) in &sites.sites {
            for (device, claim) in details.devices.iter().zip(0u32..) {
                let known = self.fleet.find_device(site, device.source, &device.name);
                let number = match known {
                    Some(number) => Ok(number),
                    None => {
                        let key = DeviceKey { site: site.clone(), source: device.source, name: device.name.clone() };
                        self.fleet.add(key, self.stamp.at)
                    }
                };
                if let Ok(number) = number {
                    self.fleet.device_mut(number).claim = Some(claim);
                }
            }
        }
        self.fleet.recount_unclaimed();
    }

    fn replan(&mut self, number: u32, moved: &[Option<u16>]) {
        let series = self.fleet.series(number);
        let (device, metric) = (series.device, self.fleet.metric(series).clone());
        let plan = self.plan_for(device, &metric);
        let judged_by = self.plans.get(plan).clone();
        let series = self.fleet.series_mut(number);
        series.plan = plan;
        let (tallies, slots) = series.take_beside();
        let mut kept = Vec::with_capacity(slots.len());
        for slot in slots {
            match moved.get(usize::from(slot.rule)).copied().flatten().filter(|rule| judged_by.has(*rule)) {
                Some(rule) => kept.push(Slot { rule, ..slot }),
                None => self.orphan(slot.hold),
            }
        }
        let series = self.fleet.series_mut(number);
        series.put_slots(kept);
        let still = |(rule, tally)| moved.get(usize::from(rule)).copied().flatten().map(|rule| (rule, tally));
        let tallies = tallies.into_iter().filter_map(still).filter(|(rule, _)| judged_by.tallies.contains(rule));
        series.put_tallies(tallies.collect());
    }

    /// The rule that watches for the device's silence, again.
    fn rewatch(&mut self, device: u32) {
        let rule = self.silence_rule_for(device);
        let room = self.room_of(device);
        let state = self.fleet.device_mut(device);
        state.silence_rule = rule;
        state.room = room;
        if rule.is_none() && state.silence() != Hold::default() {
            let hold = std::mem::take(state.silence_mut());
            self.orphan(hold);
        }
    }

    /// An alert whose cause nobody judges any more stays active until a person closes it.
    pub(crate) fn orphan(&mut self, hold: Hold) {
        if let Some(case) = hold.case.and_then(|key| self.book.get_mut(key)) {
            case.latched |= hold.phase.holds();
        }
    }

    fn renumber_causes(&mut self, moved: &[Option<u16>]) {
        let (fleet, rules) = (&self.fleet, &self.rules);
        let untold = self.withdrawn.iter_mut().map(|untold| &mut untold.causes);
        for place in self.book.iter_mut().map(|case| &mut case.causes).chain(untold) {
            let causes = std::mem::take(place);
            let kept = causes.into_iter().filter_map(|cause| match cause {
                Cause::Series { series, rule } => {
                    let rule = moved.get(usize::from(rule)).copied().flatten()?;
                    fleet.series(series).slot(rule).map(|_| Cause::Series { series, rule })
                }
                Cause::Group { room, rule } => {
                    let rule = moved.get(usize::from(rule)).copied().flatten()?;
                    rules.get(usize::from(rule))?.is_of_a_room().then_some(Cause::Group { room, rule })
                }
                Cause::Silence { device } => {
                    fleet.device(device).silence_rule.is_some().then_some(Cause::Silence { device })
                }
                standing @ Cause::Standing(_) => Some(standing),
            });
            *place = kept.collect();
        }
    }
}

/// By rule, the rules that refer to it.
fn watchers(rules: &[Rule]) -> Vec<Vec<u16>> {
    let of = |watched: &Rule| -> Vec<u16> {
        let watching = rules.iter().zip(0u16..).filter(|(rule, _)| rule.refers_to(&watched.name));
        watching.map(|(_, number)| number).collect()
    };
    rules.iter().map(of).collect()
}
