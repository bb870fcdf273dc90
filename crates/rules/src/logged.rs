//! What the alert log says is what people were told. After an upgrade a replay may find other alerts than those; then the
//! log's are put in the place of ours. An alert that only the log knows stays until a person closes it or its cause comes
//! back and ends. One that only we know was never told to anybody: it is taken out, and raised anew at the first entry
//! after the replay if it still goes on, so that somebody hears.

use crate::casebook::{Case, CaseKey, Cause, Ground, is_active};
use crate::engine::Engine;
use crate::event::Effects;
use watchfire_model::{Alert, AlertId};

/// An alert that nobody was told of.
#[derive(Clone, Debug)]
pub(crate) struct Untold {
    alert: Alert,
    pub(crate) causes: Vec<Cause>,
    latched: bool,
}

impl Engine {
    /// Takes over what the alert log says of some alerts; `None`: it does not know that one. Only between two entries of a
    /// replay whose transitions are told to nobody.
    pub fn take_logged<'a>(&mut self, logged: impl IntoIterator<Item = (AlertId, Option<&'a Alert>)>) {
        let (mut unknown, mut known) = (Vec::new(), Vec::new());
        for (id, alert) in logged {
            let key = (id.cause, id.ordinal);
            let ours = self.book.get(key).map(|case| &case.alert);
            match (ours, alert) {
                (Some(ours), Some(alert)) if ours == alert => {}
                // The same entry may have raised another alert with us.
                (Some(ours), Some(alert)) if same_subject(ours, alert) => known.push((key, alert)),
                (ours, alert) => {
                    unknown.extend(ours.is_some().then_some(key));
                    known.extend(alert.map(|alert| (key, alert)));
                }
            }
        }
        for key in unknown {
            self.withdraw(key);
        }
        for (key, alert) in known {
            if self.book.get(key).is_some() { self.correct(key, alert) } else { self.put_in(key, alert) }
        }
    }

    /// The replay is over: the next entry tells what nobody was told of.
    pub fn go_live(&mut self) {
        self.untold = std::mem::take(&mut self.withdrawn);
    }

    fn withdraw(&mut self, key: CaseKey) {
        if let Some(device) = self.device_of_case(key) {
            self.fleet.device_mut(device).remove_case(key);
        }
        let Some(case) = self.book.remove(key) else { return };
        for cause in &case.causes {
            if let Some(hold) = self.hold_mut(cause).filter(|hold| hold.case == Some(key)) {
                hold.case = None;
            }
        }
        if is_active(&case.alert) {
            self.withdrawn.push(Untold { latched: case.is_latched(), alert: case.alert, causes: case.causes });
        }
    }

    fn put_in(&mut self, key: CaseKey, alert: &Alert) {
        self.book.insert(key, Case { alert: alert.clone(), causes: Vec::new(), latched: false, incident: None });
        self.news_of(key);
        if let Some(device) = self.device_of_case(key).filter(|_| !alert.is_over()) {
            self.fleet.device_mut(device).add_case(key);
        }
        // Ours came at another entry: its causes belong to the log's.
        if let Some(place) = self.withdrawn.iter().position(|untold| same_subject(&untold.alert, alert)) {
            let untold = self.withdrawn.swap_remove(place);
            for cause in &untold.causes {
                self.make_hold(cause);
                if self.hold(cause).is_some_and(|hold| hold.case.is_none()) {
                    self.attach(key, cause);
                }
            }
            if let Some(case) = self.book.get_mut(key) {
                case.latched = untold.latched;
            }
        }
        self.settle_logged(key);
    }

    fn correct(&mut self, key: CaseKey, alert: &Alert) {
        let Some(case) = self.book.get_mut(key) else { return };
        let ours = std::mem::replace(&mut case.alert, alert.clone());
        let (causes, latched) = (case.causes.clone(), case.is_latched());
        let holds = causes.iter().any(|cause| self.hold(cause).is_some_and(|hold| hold.phase.holds()));
        if ours.is_over() && !alert.is_over() {
            // A cause that another alert has by now stays there.
            let _ = self.reattach(key);
        }
        if holds && is_active(&ours) && !is_active(alert) {
            self.withdrawn.push(Untold { alert: ours, causes, latched });
        }
        self.settle_logged(key);
    }

    /// Nothing holds an alert that only the log knows to go on: a person ends it. One that is over leaves its causes.
    fn settle_logged(&mut self, key: CaseKey) {
        let Some(case) = self.book.get(key) else { return };
        if case.alert.is_over() {
            self.book.note_reopened(key);
            return self.retire_if_over(key);
        }
        let unheld = is_active(&case.alert) && self.holding_causes(case).is_empty();
        if let Some(case) = self.book.get_mut(key) {
            case.latched |= unheld;
        }
    }

    /// Raises what nobody was told of and still goes on.
    pub(crate) fn tell_untold(&mut self, out: &mut Effects) {
        for untold in std::mem::take(&mut self.untold) {
            let holds = |cause: &Cause| self.hold(cause).is_some_and(|hold| hold.phase.holds());
            if !untold.latched && !untold.causes.iter().any(holds) {
                continue;
            }
            let ground = ground_of(&untold.alert);
            match untold.causes.iter().find_map(|cause| self.hold(cause)?.case) {
                // Somebody was told of it otherwise since; or was told that it is over, which it is not.
                Some(key) => {
                    if self.book.get(key).is_some_and(|case| !is_active(&case.alert)) {
                        let test =
                            untold.alert.marks.test && self.test_of_case(&untold.alert, &untold.causes).is_some();
                        self.again(key, ground, test, out);
                    }
                }
                None => self.raise_untold(untold, ground, out),
            }
        }
    }

    fn raise_untold(&mut self, untold: Untold, ground: Ground, out: &mut Effects) {
        let ordinal = self.next_ordinal();
        let test = untold.alert.marks.test && self.test_of_case(&untold.alert, &untold.causes).is_some();
        let key = self.book.raise(self.journal, ordinal, self.stamp, (ground, test), out);
        if let Some(device) = self.device_of_case(key) {
            self.fleet.device_mut(device).add_case(key);
        }
        for cause in &untold.causes {
            self.make_hold(cause);
            self.attach(key, cause);
        }
        if let Some(case) = self.book.get_mut(key) {
            case.latched = untold.latched;
        }
        self.news_of(key);
    }
}

/// Whether both tell of the same thing. Alerts about no device are told apart by what they say.
fn same_subject(one: &Alert, other: &Alert) -> bool {
    one.rule.name == other.rule.name
        && (&one.site, &one.device, &one.point) == (&other.site, &other.device, &other.point)
        && (one.device.is_some() || one.id == other.id || one.reason == other.reason)
}

pub(crate) fn ground_of(alert: &Alert) -> Ground {
    Ground {
        class: alert.class,
        severity: alert.severity,
        rule: alert.rule.clone(),
        site: alert.site.clone(),
        zone: alert.zone.clone(),
        device: alert.device.clone(),
        point: alert.point.clone(),
        reason: alert.reason.clone(),
        evidence: alert.evidence.clone(),
        late: alert.marks.late,
    }
}
