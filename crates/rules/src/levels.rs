//! What a reading means for the rules that judge a series by itself: from a value to a cause that begins, holds, leaves
//! and ends.

use crate::casebook::{Cause, Ground};
use crate::engine::Engine;
use crate::event::Effects;
use crate::event_time::EventTime;
use crate::room_words;
use crate::rule::{Departure, Kind, Rule};
use crate::series::{Phase, Series};
use crate::tally::Tally;
use crate::timers::Timer;
use crate::trend::{Leaving, Trend};
use crate::wording;
use std::time::Duration;
use watchfire_model::{Bilingual, DeviceKey, Evidence, Reading, SiteId, Timestamp, Value};

/// A departure is over when it is back to half of what raised it.
pub(crate) const WAY_BACK: f64 = 0.5;

impl Engine {
    pub(crate) fn judge(
        &mut self,
        number: u32,
        reading: &Reading,
        time: EventTime,
        overtaken: bool,
        out: &mut Effects,
    ) {
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
            self.calculate(number, out);
        }
    }

    /// Whether a rule says that the value cannot be.
    pub(crate) fn is_impossible(&self, number: u32, value: Value) -> bool {
        let plan = self.plans.get(self.fleet.series(number).plan);
        plan.limits.iter().any(|rule| self.rule(*rule).met_by(value, false))
    }

    /// Takes a reading into the means that the series' plan asks for.
    pub(crate) fn observe(&mut self, number: u32, value: Value, at: Timestamp) {
        let plan = self.plans.get(self.fleet.series(number).plan);
        if !plan.tallies.is_empty() {
            self.count(number, value, at);
        }
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

    /// Takes a reading into what the rules of the series' plan count.
    fn count(&mut self, number: u32, value: Value, at: Timestamp) {
        let series = self.fleet.series_mut(number);
        for rule in &self.plans.get(series.plan).tallies {
            let kind = &rule_of(&self.rules, *rule).kind;
            match series.tally_mut(*rule) {
                Some(tally) => tally.observe(kind, value, at),
                None => {
                    if let Some(tally) = Tally::begin(kind, value, at) {
                        series.add_tally(*rule, tally);
                    }
                }
            }
        }
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
    fn met(&self, series: &Series, number: u16, value: Value, held: bool) -> bool {
        let rule = self.rule(number);
        let met = match &rule.kind {
            Kind::Departure { departure, .. } => {
                departure.part(series.trend(departure.spec)) >= if held { WAY_BACK } else { 1.0 }
            }
            kind @ (Kind::Dose(_) | Kind::Stuck(_) | Kind::Flapping(_) | Kind::Cusum(_)) => {
                series.tally(number).is_some_and(|tally| tally.is_met(kind, held))
            }
            Kind::DeviceAlarm { .. }
            | Kind::Threshold { .. }
            | Kind::Impossible { .. }
            | Kind::Fusion(_)
            | Kind::Gathering(_)
            | Kind::Expression(_)
            | Kind::Silent { .. } => rule.met_by(value, held),
        };
        met && self.in_hours(rule.hours.as_ref(), &self.fleet.device(series.device).key.site)
    }

    /// A reading in its turn, for a rule that judges levels.
    fn level(&mut self, number: u32, rule: u16, reading: &Reading, time: EventTime, out: &mut Effects) {
        let now = self.stamp.at;
        let phase = self.fleet.series(number).slot(rule).map_or(Phase::Idle, |slot| slot.hold.phase);
        if matches!(self.rule(rule).kind, Kind::Dose(_)) && !phase.holds() {
            return self.fill(number, rule, reading, time, out);
        }
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
            (Phase::Holding, false) => self.leave(number, rule),
            (Phase::Leaving { .. }, false) => {}
        }
    }

    /// A level is back: over when it stays so for the clearing time.
    fn leave(&mut self, number: u32, rule: u16) {
        let (now, clearing) = (self.stamp.at, clearing_time(self.rule(rule)));
        self.fleet.series_mut(number).slot_or_new(rule).hold.phase = Phase::Leaving { since: now };
        self.timers.set(now.plus(clearing), Timer::Clear { series: number, rule });
    }

    /// A reading that a newer one of its series overtook. It can neither clear nor start a hold, but a device's own
    /// alarm is told, late as it is; unless that very alarm was told already. Then it is over, after the clearing time.
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
        if pending == Phase::Idle && !clearing_time(self.rule(rule)).is_zero() {
            return self.leave(number, rule);
        }
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
            value: series.value(),
            vendor_unit: None,
            at: series.at,
        };
        let late = series.received_at.since(series.at) > crate::event_time::LATE_AFTER;
        (reading, EventTime { at: series.at, disbelieved: None, late })
    }

    pub(crate) fn ground(
        &self,
        number: u32,
        rule: u16,
        reading: &Reading,
        time: EventTime,
        telling: Telling,
    ) -> Ground {
        let series = self.fleet.series(number);
        let (rule_number, rule) = (rule, self.rule(rule));
        let label = self.label(series.device);
        let leaving = rule.departure().and_then(|(departure, _)| leaving(series, departure));
        let mut reason = match telling {
            Telling::Met => match series.tally(rule_number) {
                Some(tally) => room_words::counted(&label, rule, reading, tally, self.stamp.at),
                None => wording::met(&label, rule, reading, leaving),
            },
            Telling::Over => wording::over(&label, rule, reading),
            Telling::Overtaken => wording::overtaken(&label, reading),
        };
        let device = self.fleet.device(series.device).key.clone();
        self.add_time(&mut reason, &device.site, time);
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
        rule_of(&self.rules, number)
    }
}

fn rule_of(rules: &[Rule], number: u16) -> &Rule {
    rules.get(usize::from(number)).expect("plans and slots are redone when the rules change")
}

/// How far the series has left what is usual for it.
pub(crate) fn leaving(series: &Series, departure: &Departure) -> Option<Leaving> {
    series.trend(departure.spec).and_then(|trend| trend.leaving(departure.direction))
}

/// What a reading's ground tells.
#[derive(Clone, Copy)]
pub(crate) enum Telling {
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

impl Engine {
    /// Says so when the reading is late or its stamp is not believed.
    pub(crate) fn add_time(&self, reason: &mut Bilingual, site: &SiteId, time: EventTime) {
        match time.disbelieved {
            Some(said) => wording::add_disbelieved(reason, &self.wall_time(site, said)),
            None if time.late => {
                wording::add_late(reason, &self.wall_time(site, time.at), self.stamp.at.since(time.at));
            }
            None => {}
        }
    }
}
