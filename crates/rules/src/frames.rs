//! A frame that was understood: whose it is, whether it came before, and which of its readings are in their turn. What
//! they mean for the rules is in `levels.rs`.

use crate::engine::Engine;
use crate::event::Effects;
use crate::event_time::{EventTime, OVERTAKEN_WITHIN};
use crate::risk;
use crate::rule::Kind;
use crate::series::{Phase, Series};
use watchfire_model::{Decoded, DeviceKey, Presence, Reading, SiteId, Timestamp, Value};

impl Engine {
    /// Notes that the device spoke. `None`: it is not known yet, or the frame names none.
    pub(crate) fn sign_of_life(&mut self, site: &SiteId, decoded: &Decoded) -> Option<u32> {
        let device = self.fleet.find_device(site, decoded.source, decoded.device.as_ref()?)?;
        if decoded.presence != Some(Presence::Offline) {
            self.fleet.device_mut(device).last_seen = Some(self.stamp.at).into();
        }
        Some(device)
    }

    pub(crate) fn frame(&mut self, site: &SiteId, known: Option<u32>, decoded: &Decoded, out: &mut Effects) {
        let Some(name) = &decoded.device else { return };
        let device = match known {
            Some(device) => device,
            None if risk::is_figures(decoded) => return,
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
        let repeated = decoded
            .key
            .as_ref()
            .is_some_and(|key| self.fleet.device_mut(device).recent_keys.is_repeat(key, decoded, now));
        for reading in &decoded.readings {
            self.reading(device, reading, repeated, out);
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
        if watched
            && (state.silence().phase == Phase::Holding || presence.is_some() || state.silence_timer.get().is_none())
        {
            self.watch_silence(device, out);
        }
    }

    /// `repeated`: the frame has a key and content that came before.
    fn reading(&mut self, device: u32, reading: &Reading, repeated: bool, out: &mut Effects) {
        let now = self.stamp.at;
        let time = EventTime::judge(reading.at, now);
        let Some(number) = self.fleet.find_series(device, &reading.metric, &reading.point) else {
            return self.first_reading(device, reading, time, out);
        };
        let series = self.fleet.series(number);
        let newest_is_recent = now.since(series.received_at) <= OVERTAKEN_WITHIN;
        let again = repeated || (newest_is_recent && series.at == time.at);
        // Where it is still the newest that is known; an alarm of a device that goes on adds nothing by itself.
        if again && series.value() == reading.value && !self.is_alarm(series, reading.value) {
            return;
        }
        let older = newest_is_recent && time.at < series.at;
        let in_turn = self.in_its_turn(device, time.at, older);
        let overtaken = older && (self.was_told(number, time.at) || !(in_turn || self.begins(number, reading.value)));
        if !overtaken {
            self.fleet.series_mut(number).take(reading.value, time.at, now);
            if !self.is_impossible(number, reading.value) {
                self.observe(number, reading.value, time.at);
            }
        }
        self.judge(number, reading, time, overtaken, out);
    }

    /// Whether the value is an alarm of the device's own.
    fn is_alarm(&self, series: &Series, value: Value) -> bool {
        let rules = self.plans.get(series.plan).levels.iter().map(|rule| self.rule(*rule));
        rules.into_iter().any(|rule| matches!(rule.kind, Kind::DeviceAlarm { .. }) && rule.met_by(value, false))
    }

    /// Whether a reading of that very time has met a rule.
    fn was_told(&self, number: u32, said: Timestamp) -> bool {
        self.fleet.series(number).slots().iter().any(|slot| slot.met_at == said)
    }

    /// Whether a value beyond a limit finds nothing going on yet. Its stamp may be older than the newest because the clock
    /// was set back, and danger does not wait until that is known; if it was overtaken, the next reading ends it.
    fn begins(&self, number: u32, value: Value) -> bool {
        let series = self.fleet.series(number);
        let idle = |rule: u16| series.slot(rule).is_none_or(|slot| slot.hold.phase == Phase::Idle);
        let plan = self.plans.get(series.plan);
        !self.is_impossible(number, value)
            && plan.levels.iter().copied().any(|rule| {
                let limit = self.rule(rule);
                matches!(limit.kind, Kind::Threshold { .. }) && limit.met_by(value, false) && idle(rule)
            })
    }

    fn first_reading(&mut self, device: u32, reading: &Reading, time: EventTime, out: &mut Effects) {
        let plan = self.plan_for(device, &reading.metric);
        let mut series = Series::new(device, reading.value, time.at, self.stamp.at);
        series.plan = plan;
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
}
