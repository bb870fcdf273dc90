//! From causes to alerts: raise, join, escalate, return, clear. The one place where a cause meets the book.

use crate::casebook::{Case, CaseKey, Cause, Ground, is_active, is_untouched};
use crate::engine::Engine;
use crate::event::Effects;
use crate::series::{Hold, Phase};
use crate::timers::Timer;
use std::collections::BTreeSet;
use watchfire_model::{Alert, Class, Evidence, Metric, PointName, RuleRef, Source, Step};

impl Engine {
    /// A cause begins to hold.
    pub(crate) fn begin(&mut self, cause: Cause, ground: Ground, out: &mut Effects) {
        let Some(hold) = self.hold_mut(&cause) else { return };
        hold.phase = Phase::Holding;
        let own = hold.case;
        if self.rule_of(&cause).is_some_and(|rule| self.rule(rule).quiet) {
            return self.noticed(&cause, true, out);
        }
        let device = self.device_of(&cause);
        let neighbours = match &cause {
            Cause::Group { room, rule } => self.devices_of_group(*room, *rule),
            Cause::Series { .. } | Cause::Silence { .. } | Cause::Standing(_) => device.into_iter().collect(),
        };
        let test = self.test_for(&cause, &ground);
        if let Some(test) = test {
            self.report_tested(test, &ground);
        }
        let test = test.is_some();
        match own.or_else(|| neighbours.iter().find_map(|device| self.to_join(*device, &ground))) {
            Some(key) => {
                self.attach(key, &cause);
                self.again(key, ground, test, out);
            }
            None => {
                let ordinal = self.next_ordinal();
                let key = self.book.raise(self.journal, ordinal, self.stamp, (ground, test), out);
                if let Some(device) = device {
                    self.fleet.device_mut(device).add_case(key);
                }
                self.attach(key, &cause);
                self.news_of(key);
            }
        }
        self.noticed(&cause, true, out);
    }

    /// A cause no longer holds.
    pub(crate) fn end(&mut self, cause: &Cause, ground: Ground, out: &mut Effects) {
        let Some(hold) = self.hold_mut(cause) else { return };
        hold.phase = Phase::Idle;
        if let Some(key) = hold.case {
            self.clear_if_over(key, ground, out);
        }
        self.noticed(cause, false, out);
    }

    fn clear_if_over(&mut self, key: CaseKey, ground: Ground, out: &mut Effects) {
        let Some(case) = self.book.get(key) else { return };
        if is_active(&case.alert) && !case.is_latched() && self.holding_causes(case).is_empty() {
            self.book.step_by_ground(key, Step::Cleared, self.stamp, ground, out);
            self.retire_if_over(key);
        }
    }

    /// A cause joined an alert or came back to its own; `test`: it belongs to one.
    pub(crate) fn again(&mut self, key: CaseKey, ground: Ground, test: bool, out: &mut Effects) {
        let Some(case) = self.book.get(key) else { return };
        let (from, severity) = (case.alert.class, case.alert.severity);
        let handled = !is_untouched(&case.alert);
        let leaves_test = case.alert.marks.test && !test;
        if leaves_test {
            self.book.unmark(key);
        }
        let Some(case) = self.book.get(key) else { return };
        let more_urgent = ground.class == from && ground.severity < severity;
        let escalates = ground.class < from;
        let returned = if escalates || more_urgent {
            self.book.step_by_ground(key, Step::Escalated { from }, self.stamp, ground.clone(), out);
            handled
        } else {
            // A lesser cause beside an alert that goes on says nothing new.
            leaves_test || !is_active(&case.alert) || (handled && ground.class == from)
        };
        if returned {
            let note = ground.reason.english().to_owned();
            self.book.step_by_ground(key, Step::Reopened { by: None, note }, self.stamp, ground, out);
        }
        if returned || more_urgent || escalates {
            self.news_of(key);
        }
    }

    /// The alert of the same device that this ground belongs to: the same rule and point (another metric there), or the
    /// early warning or fire that is going on there, whichever of its senses tells more of it.
    fn to_join(&self, device: u32, ground: &Ground) -> Option<CaseKey> {
        let cases = self.fleet.device(device).cases();
        cases.iter().copied().find(|key| {
            self.book.get(*key).is_some_and(|case| {
                same_place(&case.alert, &ground.rule, ground.point.as_ref())
                    || (is_active(&case.alert)
                        && fire_family(case.alert.class, ground.class)
                        && one_sensor_head(&case.alert, ground)
                        && !self.hang_apart(device, case.alert.point.as_ref(), ground.point.as_ref()))
            })
        })
    }

    /// Whether two points of a device hang in different places: the device is a panel or a hub. They do when they measure
    /// the same, or when their names differ in nothing but numbers. The senses of one head measure different things and are
    /// named after them.
    fn hang_apart(&self, device: u32, one: Option<&PointName>, other: Option<&PointName>) -> bool {
        let (Some(one), Some(other)) = (one, other) else { return false };
        if one == other {
            return false;
        }
        let measured = |point: &PointName| {
            let kinds = self.fleet.device(device).series.iter().map(|(kind, _)| *kind);
            let there: BTreeSet<&Metric> = kinds
                .filter(|kind| self.fleet.kinds().point(*kind) == point)
                .map(|kind| self.fleet.kinds().metric(kind))
                .filter(|metric| tells_a_place(metric))
                .collect();
            there
        };
        differ_in_numbers(one.as_str(), other.as_str()) || !measured(one).is_disjoint(&measured(other))
    }

    pub(crate) fn attach(&mut self, key: CaseKey, cause: &Cause) {
        if let Some(hold) = self.hold_mut(cause) {
            hold.case = Some(key);
        }
        if let Some(case) = self.book.get_mut(key)
            && !case.causes.contains(cause)
        {
            case.causes.push(cause.clone());
        }
    }

    /// Frees the causes of an alert that is over, and starts its time to leave.
    pub(crate) fn retire_if_over(&mut self, key: CaseKey) {
        let Some(case) = self.book.get(key).filter(|case| case.alert.is_over()) else { return };
        let causes = case.causes.clone();
        for cause in &causes {
            if let Some(hold) = self.hold_mut(cause).filter(|hold| hold.case == Some(key)) {
                hold.case = None;
            }
            self.drop_idle(cause);
        }
        // By the alert, not by its causes: a rule that was removed has left none.
        if let Some(device) = self.device_of_case(key) {
            self.fleet.device_mut(device).remove_case(key);
        }
        for leaving in self.book.note_over(key) {
            self.book.forget(leaving);
        }
        self.timers.set(self.stamp.at.plus(crate::casebook::OVER_KEPT), Timer::Forget { case: key });
    }

    /// Whether a case that is over can have its causes back: `Err` names the alert that has one of them now.
    pub(crate) fn reattach(&mut self, key: CaseKey) -> Result<(), CaseKey> {
        let Some(case) = self.book.get(key) else { return Ok(()) };
        let causes = case.causes.clone();
        if let Some(other) = causes.iter().filter_map(|cause| self.hold(cause)?.case).find(|other| *other != key) {
            return Err(other);
        }
        for cause in &causes {
            self.make_hold(cause);
            self.attach(key, cause);
        }
        if let Some(device) = self.device_of_case(key) {
            self.fleet.device_mut(device).add_case(key);
        }
        self.book.note_reopened(key);
        Ok(())
    }

    /// The causes of a case that hold now.
    pub(crate) fn holding_causes(&self, case: &Case) -> Vec<Cause> {
        let holds = |cause: &&Cause| self.hold(cause).is_some_and(|hold| hold.phase.holds());
        case.causes.iter().filter(holds).cloned().collect()
    }

    pub(crate) fn hold(&self, cause: &Cause) -> Option<Hold> {
        match cause {
            Cause::Series { series, rule } => self.fleet.series(*series).slot(*rule).map(|slot| slot.hold),
            Cause::Group { room, rule } => self.groups.get(&(*room, *rule)).map(|group| group.hold),
            Cause::Silence { device } => Some(self.fleet.device(*device).silence()),
            Cause::Standing(key) => self.standing.get(key).map(|standing| standing.hold),
        }
    }

    pub(crate) fn hold_mut(&mut self, cause: &Cause) -> Option<&mut Hold> {
        match cause {
            Cause::Series { series, rule } => self.fleet.series_mut(*series).slot_mut(*rule).map(|slot| &mut slot.hold),
            Cause::Group { room, rule } => self.groups.get_mut(&(*room, *rule)).map(|group| &mut group.hold),
            Cause::Silence { device } => Some(self.fleet.device_mut(*device).silence_mut()),
            Cause::Standing(key) => self.standing.get_mut(key).map(|standing| &mut standing.hold),
        }
    }

    pub(crate) fn make_hold(&mut self, cause: &Cause) {
        match cause {
            Cause::Series { series, rule } => {
                self.fleet.series_mut(*series).slot_or_new(*rule);
            }
            Cause::Group { room, rule } => {
                self.groups.entry((*room, *rule)).or_default();
            }
            Cause::Silence { .. } => {}
            Cause::Standing(key) => {
                self.standing.entry(key.clone()).or_default();
            }
        }
    }

    /// A standing cause or a group that neither holds nor has an alert is not kept. Slots are: they remember what was
    /// told.
    fn drop_idle(&mut self, cause: &Cause) {
        if let Cause::Group { room, rule } = cause {
            self.drop_idle_group(*room, *rule);
        }
        if let Cause::Standing(key) = cause
            && self.standing.get(key).is_some_and(|standing| standing.hold == Hold::default())
        {
            self.standing.remove(key);
        }
    }

    pub(crate) fn device_of(&self, cause: &Cause) -> Option<u32> {
        match cause {
            Cause::Series { series, .. } => Some(self.fleet.series(*series).device),
            Cause::Group { room, rule } => self.groups.get(&(*room, *rule)).and_then(|group| group.lead),
            Cause::Silence { device } => Some(*device),
            Cause::Standing(_) => None,
        }
    }

    pub(crate) fn device_of_case(&self, key: CaseKey) -> Option<u32> {
        let device = self.book.get(key)?.alert.device.as_ref()?;
        self.fleet.find_device(&device.site, device.source, &device.name)
    }
}

fn same_place(alert: &Alert, rule: &RuleRef, point: Option<&PointName>) -> bool {
    alert.rule.name == rule.name && alert.point.as_ref() == point
}

/// Two fires are two alerts: each of a panel's detectors is told.
fn fire_family(open: Class, new: Class) -> bool {
    matches!((open, new), (Class::EarlyWarning, Class::Fire | Class::EarlyWarning) | (Class::Fire, Class::EarlyWarning))
}

/// What every head of a hub may report of itself says nothing of where it hangs.
fn tells_a_place(metric: &Metric) -> bool {
    !matches!(
        metric,
        Metric::Fault
            | Metric::Tamper
            | Metric::Test
            | Metric::Silenced
            | Metric::Battery
            | Metric::BatteryVoltage
            | Metric::BatteryLow
            | Metric::Signal
            | Metric::MainsLost
    )
}

/// `p3` and `p17`, `loop1-4` and `loop2-9`: numbers of one series of names.
fn differ_in_numbers(one: &str, other: &str) -> bool {
    let letters = |name: &str| name.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    one != other && letters(one) == letters(other)
}

/// Whether both speak of one place: a fire panel's points, and points that measure the same, hang in different rooms.
fn one_sensor_head(alert: &Alert, ground: &Ground) -> bool {
    let panel = ground.device.as_ref().is_some_and(|device| device.source == Source::Gbt26875);
    if panel {
        return alert.point == ground.point;
    }
    let elsewhere =
        |old: &Evidence, new: &Evidence| old.device == new.device && old.metric == new.metric && old.point != new.point;
    !alert.evidence.iter().any(|old| ground.evidence.iter().any(|new| elsewhere(old, new)))
}
