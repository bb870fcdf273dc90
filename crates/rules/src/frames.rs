//! A frame that was understood: whose it is, whether it came before, and what each of its readings means for the rules
//! that judge levels (a device's own alarm, a threshold).

use crate::casebook::{Cause, Ground};
use crate::engine::Engine;
use crate::event::Effects;
use crate::event_time::{EventTime, OVERTAKEN_WITHIN};
use crate::fleet::{Phase, Series};
use crate::rule::{Departure, Kind, Rule};
use crate::timers::Timer;
use crate::trend::{Leaving, Trend};
use crate::wording;
use std::time::Duration;
use watchfire_model::{Bilingual, Decoded, DeviceKey, Evidence, Presence, Reading, SiteId, Timestamp, Value};

/// A departure is over when it is back to half of what raised it.
pub(crate) const WAY_BACK: f64 = 0.5;

impl Engine {
    /// Notes that the device spoke. `None`: it is not known yet, or the frame names none.
    pub(crate) fn sign_of_life(&mut self, site: &SiteId, decoded: &Decoded) -> Option<u32> {
        let device = self.fleet.find_device(site, decoded.source, decoded.device.as_ref()?)?;
        if decoded.presence != Some(Presence::Offline) {
            self.fleet.device_mut(device).last_seen = Some(self.stamp.at);
        }
        Some(device)
    }

    pub(crate) fn frame(&mut self, site: &SiteId, known: Option<u32>, decoded: &Decoded, out: &mut Effects) {
        let Some(name) = &decoded.device else { return };
        let device = match known {
            Some(device) => device,
            None => {
                let key = DeviceKey { site: site.clone(), source: decoded.source, name: name.clone() };
                let Some(device) = self.meet(key.clone(), out) else {
                    return self.stranger(&key, &decoded.readings, out);
                };
                self.sign_of_life(site, decoded);
                device
            }
        };
        self.hear(device, decoded.presence, out);
        let now = self.stamp.at;
        let repeated = decoded.key.as_ref().is_some_and(|key| {
            let recent = self.fleet.device_mut(device).recent_keys.get_or_insert_default();
            recent.is_repeat(key, decoded, now)
        });
        if !repeated {
            for reading in &decoded.readings {
                self.reading(device, reading, out);
            }
        }
    }

    /// A device that is not in the set-up speaks for the first time.
    fn meet(&mut self, key: DeviceKey, out: &mut Effects) -> Option<u32> {
        let site = key.site.clone();
        match self.fleet.add_unclaimed(key, self.stamp.at) {
            Ok(device) => {
                self.fleet.device_mut(device).silence_rule = self.silence_rule_for(device);
                Some(device)
            }
            Err(_) => {
                self.too_many_devices(&site, out);
                None
            }
        }
    }

    /// The device spoke, or was said to be gone.
    fn hear(&mut self, device: u32, presence: Option<Presence>, out: &mut Effects) {
        let now = self.stamp.at;
        let state = self.fleet.device_mut(device);
        // It speaks, so it is there, whatever its will said; and being gone counts from the first time it was said.
        let said = presence.unwrap_or(Presence::Online);
        if state.presence.map_or(presence.is_some(), |(before, _)| before != said) {
            state.presence = Some((said, now));
        }
        let watched = state.silence_rule.is_some();
        if watched && (state.silence.phase == Phase::Holding || presence.is_some() || state.silence_timer.is_none()) {
            self.watch_silence(device, out);
        }
    }

    fn reading(&mut self, device: u32, reading: &Reading, out: &mut Effects) {
        let now = self.stamp.at;
        let time = EventTime::judge(reading.at, now);
        let Some(number) = self.fleet.find_series(device, &reading.metric, &reading.point) else {
            return self.first_reading(device, reading, time, out);
        };
        let series = self.fleet.series_mut(number);
        let newest_is_recent = now.since(series.received_at) <= OVERTAKEN_WITHIN;
        if newest_is_recent && series.at == time.at && series.value == reading.value {
            return;
        }
        let overtaken = newest_is_recent && time.at < series.at;
        if !overtaken {
            series.value = reading.value;
            series.at = time.at;
            series.received_at = now;
            if !self.is_impossible(number, reading.value) {
                self.observe(number, reading.value, time.at);
            }
        }
        self.judge(number, reading, time, overtaken, out);
    }

    fn first_reading(&mut self, device: u32, reading: &Reading, time: EventTime, out: &mut Effects) {
        let plan = self.plan_for(device, &reading.metric);
        let series = Series {
            device,
            kind: 0,
            value: reading.value,
            at: time.at,
            received_at: self.stamp.at,
            plan,
            trends: Box::default(),
            slots: Vec::new(),
        };
        match self.fleet.add_series(series, &reading.metric, &reading.point) {
            Ok(number) => {
                if !self.is_impossible(number, reading.value) {
                    self.observe(number, reading.value, time.at);
                }
                self.judge(number, reading, time, false, out);
            }
            Err(_) => {
                let key = self.fleet.device(device).key.clone();
                self.too_many_series(&key, out);
                self.stranger(&key, std::slice::from_ref(reading), out);
            }
        }
    }

    fn judge(&mut self, number: u32, reading: &Reading, time: EventTime, overtaken: bool, out: &mut Effects) {
        let mut from = 0;
        while let Some((place, rule)) = self.next_concerned(number, from, reading) {
            from = place + 1;
            if overtaken {
                self.overtaken(number, rule, reading, time, out);
            } else {
                self.level(number, rule, reading, time, out);
            }
        }
        if !overtaken && !self.is_impossible(number, reading.value) {
            self.weigh(number, out);
        }
    }

    /// Whether a rule says that the value cannot be.
    fn is_impossible(&self, number: u32, value: Value) -> bool {
        let plan = self.plans.get(self.fleet.series(number).plan);
        plan.limits.iter().any(|rule| self.rule(*rule).met_by(value, false))
    }

    /// Takes a reading into the means that the series' plan asks for.
    fn observe(&mut self, number: u32, value: Value, at: Timestamp) {
        let plan = self.plans.get(self.fleet.series(number).plan);
        let Value::Number(value) = value else { return };
        if plan.trends.is_empty() {
            return;
        }
        let trends = &mut self.fleet.series_mut(number).trends;
        if trends.len() == plan.trends.len() && trends.iter().zip(&plan.trends).all(|(trend, spec)| trend.spec == *spec)
        {
            for trend in trends {
                trend.observe(value, at);
            }
            return;
        }
        // The rules have changed: means that are still asked for go on.
        let mut known = std::mem::take(trends).into_vec();
        let go_on = plan.trends.iter().map(|spec| match known.iter().position(|trend| trend.spec == *spec) {
            Some(place) => {
                let mut trend = known.swap_remove(place);
                trend.observe(value, at);
                trend
            }
            None => Trend::begin(*spec, value, at),
        });
        *trends = go_on.collect();
    }

    /// The next rule of the series' plan for which the reading means anything: it is met, or something is going on.
    fn next_concerned(&self, number: u32, from: usize, reading: &Reading) -> Option<(usize, u16)> {
        let series = self.fleet.series(number);
        let plan = self.plans.get(series.plan);
        let impossible = plan.limits.iter().any(|rule| self.rule(*rule).met_by(reading.value, false));
        let judging = plan.levels.iter().copied().enumerate().skip(from);
        let mut judging = judging.filter(|(_, rule)| !impossible || self.rule(*rule).judges_the_impossible());
        judging.find(|(_, rule)| {
            self.met(series, *rule, reading.value, false)
                || series.slot(*rule).is_some_and(|slot| slot.hold.phase != Phase::Idle)
        })
    }

    /// Whether a series with that newest value is what the rule waits for.
    fn met(&self, series: &Series, rule: u16, value: Value, held: bool) -> bool {
        let rule = self.rule(rule);
        match rule.departure() {
            Some((departure, _)) => departure.part(series.trend(departure.spec)) >= if held { WAY_BACK } else { 1.0 },
            None => rule.met_by(value, held),
        }
    }

    /// A reading in its turn, for a rule that judges levels.
    fn level(&mut self, number: u32, rule: u16, reading: &Reading, time: EventTime, out: &mut Effects) {
        let now = self.stamp.at;
        let phase = self.fleet.series(number).slot(rule).map_or(Phase::Idle, |slot| slot.hold.phase);
        let met = self.met(self.fleet.series(number), rule, reading.value, phase.holds());
        let by_readings = self.rule(rule).departure().is_some();
        let (hold, clearing) = (hold_time(self.rule(rule)), clearing_time(self.rule(rule)));
        let cause = Cause::Series { series: number, rule };
        match (phase, met) {
            (Phase::Idle, false) => {}
            (Phase::Idle, true) => {
                let slot = self.fleet.series_mut(number).slot_or_new(rule);
                slot.met_at = time.at;
                if hold.is_zero() && !by_readings {
                    let ground = self.ground(number, rule, reading, time, Telling::Met);
                    self.begin(cause, ground, out);
                } else {
                    slot.hold.phase = Phase::Pending { since: now };
                    if !by_readings {
                        self.timers.set(now.plus(hold), Timer::Hold { series: number, rule });
                    }
                }
            }
            (Phase::Pending { since }, true) if by_readings && now > since && now.since(since) >= hold => {
                let ground = self.ground(number, rule, reading, time, Telling::Met);
                self.begin(cause, ground, out);
            }
            (Phase::Pending { .. } | Phase::Holding, true) => {
                self.fleet.series_mut(number).slot_or_new(rule).met_at = time.at;
            }
            (Phase::Pending { since }, false) => {
                self.fleet.series_mut(number).slot_or_new(rule).hold.phase = Phase::Idle;
                self.timers.cancel(since.plus(hold), Timer::Hold { series: number, rule });
            }
            (Phase::Leaving { since }, true) => {
                let slot = self.fleet.series_mut(number).slot_or_new(rule);
                slot.met_at = time.at;
                slot.hold.phase = Phase::Holding;
                self.timers.cancel(since.plus(clearing), Timer::Clear { series: number, rule });
            }
            (Phase::Holding, false) if clearing.is_zero() => {
                let ground = self.ground(number, rule, reading, time, Telling::Over);
                self.end(&cause, ground, out);
            }
            (Phase::Holding, false) => {
                self.fleet.series_mut(number).slot_or_new(rule).hold.phase = Phase::Leaving { since: now };
                self.timers.set(now.plus(clearing), Timer::Clear { series: number, rule });
            }
            (Phase::Leaving { .. }, false) => {}
        }
    }

    /// A reading that a newer one of its series overtook. It can neither clear nor start a hold, but a device's own
    /// alarm is told, late as it is; unless that very alarm was told already.
    fn overtaken(&mut self, number: u32, rule: u16, reading: &Reading, time: EventTime, out: &mut Effects) {
        let alarm = matches!(self.rule(rule).kind, Kind::DeviceAlarm { .. });
        if !alarm || !self.rule(rule).met_by(reading.value, false) {
            return;
        }
        let slot = self.fleet.series_mut(number).slot_or_new(rule);
        if slot.hold.phase.holds() || slot.met_at == time.at {
            return;
        }
        slot.met_at = slot.met_at.max(time.at);
        let pending = slot.hold.phase;
        let cause = Cause::Series { series: number, rule };
        let ground = self.ground(number, rule, reading, time, Telling::Met);
        self.begin(cause.clone(), ground, out);
        let ground = self.ground(number, rule, reading, time, Telling::Overtaken);
        self.end(&cause, ground, out);
        if let Some(hold) = self.hold_mut(&cause) {
            hold.phase = pending;
        }
    }

    /// A level held long enough.
    pub(crate) fn held(&mut self, number: u32, rule: u16, out: &mut Effects) {
        let phase = self.fleet.series(number).slot(rule).map(|slot| slot.hold.phase);
        if matches!(phase, Some(Phase::Pending { .. })) {
            let (reading, time) = self.newest(number);
            let ground = self.ground(number, rule, &reading, time, Telling::Met);
            self.begin(Cause::Series { series: number, rule }, ground, out);
        }
    }

    /// A level was back long enough.
    pub(crate) fn left(&mut self, number: u32, rule: u16, out: &mut Effects) {
        let phase = self.fleet.series(number).slot(rule).map(|slot| slot.hold.phase);
        if matches!(phase, Some(Phase::Leaving { .. })) {
            let (reading, time) = self.newest(number);
            let ground = self.ground(number, rule, &reading, time, Telling::Over);
            self.end(&Cause::Series { series: number, rule }, ground, out);
        }
    }

    /// The newest reading of a series, as far as it is kept.
    pub(crate) fn newest(&self, number: u32) -> (Reading, EventTime) {
        let series = self.fleet.series(number);
        let reading = Reading {
            point: self.fleet.point(series).clone(),
            metric: self.fleet.metric(series).clone(),
            value: series.value,
            vendor_unit: None,
            at: series.at,
        };
        let late = series.received_at.since(series.at) > crate::event_time::LATE_AFTER;
        (reading, EventTime { at: series.at, disbelieved: None, late })
    }

    fn ground(&self, number: u32, rule: u16, reading: &Reading, time: EventTime, telling: Telling) -> Ground {
        let series = self.fleet.series(number);
        let rule = self.rule(rule);
        let label = self.label(series.device);
        let leaving = rule.departure().and_then(|(departure, _)| leaving(series, departure));
        let mut reason = match telling {
            Telling::Met => wording::met(&label, rule, reading, leaving),
            Telling::Over => wording::over(&label, rule, reading),
            Telling::Overtaken => wording::overtaken(&label, reading),
        };
        add_time(&mut reason, time, self.stamp.at);
        let device = self.fleet.device(series.device).key.clone();
        Ground {
            class: rule.class,
            severity: rule.severity,
            rule: rule.reference(),
            site: device.site.clone(),
            zone: self.zone(series.device).cloned(),
            point: Some(reading.point.clone()),
            evidence: vec![evidence(device.clone(), reading, time.at)],
            device: Some(device),
            reason,
            late: time.late,
        }
    }

    pub(crate) fn rule(&self, number: u16) -> &Rule {
        self.rules.get(usize::from(number)).expect("plans and slots are redone when the rules change")
    }
}

/// How far the series has left what is usual for it.
pub(crate) fn leaving(series: &Series, departure: &Departure) -> Option<Leaving> {
    series.trend(departure.spec).and_then(|trend| trend.leaving(departure.direction))
}

/// What a reading's ground tells.
#[derive(Clone, Copy)]
enum Telling {
    Met,
    Over,
    Overtaken,
}

pub(crate) fn hold_time(rule: &Rule) -> Duration {
    Duration::from_secs(u64::from(rule.hold_s()))
}

pub(crate) fn clearing_time(rule: &Rule) -> Duration {
    Duration::from_secs(u64::from(rule.clear_after_s()))
}

pub(crate) fn evidence(device: DeviceKey, reading: &Reading, at: Timestamp) -> Evidence {
    Evidence { device, point: reading.point.clone(), metric: reading.metric.clone(), value: reading.value, at }
}

/// Says so when the reading is late or its stamp is not believed.
pub(crate) fn add_time(reason: &mut Bilingual, time: EventTime, now: Timestamp) {
    match time.disbelieved {
        Some(said) => wording::add_disbelieved(reason, said),
        None if time.late => wording::add_late(reason, time.at, now.since(time.at)),
        None => {}
    }
}
