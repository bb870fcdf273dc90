//! Devices that are not heard from. A reading only moves `last_seen`; the one timer of a device looks again when it
//! comes due, so that a million lively devices cost nothing.

use crate::casebook::{Case, Cause, Ground};
use crate::engine::{Engine, claimed};
use crate::event::Effects;
use crate::room_words;
use crate::rule::Kind;
use crate::series::Phase;
use crate::timers::Timer;
use crate::wording;
use std::time::Duration;
use watchfire_model::{Bilingual, Presence, Severity, Timestamp};

/// When a device counts as silent, and why.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: Timestamp,
    why: Why,
}

#[derive(Clone, Copy, Debug)]
enum Why {
    /// Nothing came for so long.
    Unheard { for_s: u32 },
    /// Its status topic or its will said so then.
    Gone { since: Timestamp },
}

impl Engine {
    /// Clears an alert that no longer holds and sees to it that the device's timer runs.
    pub(crate) fn watch_silence(&mut self, device: u32, out: &mut Effects) {
        let due = self.silence_due(device);
        if self.fleet.device(device).silence().phase == Phase::Holding && due.is_none_or(|due| due.at > self.stamp.at) {
            let reason = wording::heard_again(&self.label(device));
            if let Some(ground) = self.silence_ground(device, reason) {
                self.end(&Cause::Silence { device }, ground, out);
            }
        }
        self.arm_silence(device);
    }

    /// The device's timer came due: silent now, or look again later.
    pub(crate) fn look_for_silence(&mut self, device: u32, timer_at: Timestamp, out: &mut Effects) {
        self.fleet.device_mut(device).silence_timer = None.into();
        let Some(due) = self.silence_due(device) else { return };
        if due.at > timer_at {
            return self.arm_silence(device);
        }
        if self.fleet.device(device).silence().phase == Phase::Holding {
            return;
        }
        let label = self.label(device);
        let site = &self.fleet.device(device).key.site;
        let reason = match due.why {
            Why::Unheard { for_s } => wording::silent(
                &label,
                for_s,
                self.fleet.device(device).last_seen.get().map(|at| self.wall_time(site, at)),
            ),
            Why::Gone { since } => wording::gone(&label, &self.wall_time(site, since)),
        };
        if let Some(mut ground) = self.silence_ground(device, reason) {
            let because = self.explanation(device);
            if !because.is_empty() {
                ground.severity = Severity::Info;
                room_words::add_explanation(&mut ground.reason, &because);
            }
            self.begin(Cause::Silence { device }, ground, out);
        }
    }

    /// Sets the timer, unless one runs that comes soon enough or the device is silent already.
    pub(crate) fn arm_silence(&mut self, device: u32) {
        let due = self.silence_due(device);
        let state = self.fleet.device_mut(device);
        let Some(due) = due.filter(|_| state.silence().phase != Phase::Holding) else { return };
        match state.silence_timer.get() {
            Some(running) if running <= due.at => {}
            running => {
                state.silence_timer = Some(due.at).into();
                if let Some(running) = running {
                    self.timers.cancel(running, Timer::Silence { device });
                }
                self.timers.set(due.at, Timer::Silence { device });
            }
        }
    }

    fn silence_due(&self, device: u32) -> Option<Due> {
        let state = self.fleet.device(device);
        let Kind::Silent { after_s, gone_hold_s } = self.rule(state.silence_rule?).kind else { return None };
        let known = state.claim.and_then(|claim| claimed(&self.sites, &state.key, claim));
        let after_s = known.and_then(|known| known.silent_after_s).or(after_s);
        let unheard = after_s.map(|for_s| {
            let heard = state.last_seen.get().unwrap_or(state.known_since).max(self.awake_since);
            Due { at: later(heard, for_s), why: Why::Unheard { for_s } }
        });
        let gone = state.presence.filter(|(presence, _)| *presence == Presence::Offline).map(|(_, since)| {
            let counted = since.max(self.awake_since);
            Due { at: later(counted, gone_hold_s), why: Why::Gone { since } }
        });
        [gone, unheard].into_iter().flatten().min_by_key(|due| due.at)
    }

    pub(crate) fn silence_ground(&self, device: u32, reason: Bilingual) -> Option<Ground> {
        let state = self.fleet.device(device);
        let rule = self.rule(state.silence_rule?);
        Some(Ground {
            class: rule.class,
            severity: rule.severity,
            rule: rule.reference(),
            site: state.key.site.clone(),
            zone: self.zone(device).cloned(),
            device: Some(state.key.clone()),
            point: None,
            reason,
            evidence: Vec::new(),
            late: false,
        })
    }
}

/// The device whose silence an alert is about.
pub(crate) fn silence_of(case: &Case) -> Option<u32> {
    case.causes.iter().find_map(|cause| match cause {
        Cause::Silence { device } => Some(*device),
        Cause::Series { .. } | Cause::Group { .. } | Cause::Standing(_) => None,
    })
}

fn later(at: Timestamp, seconds: u32) -> Timestamp {
    at.plus(Duration::from_secs(u64::from(seconds)))
}
