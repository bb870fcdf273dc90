//! The alerts that need somebody, in memory: a fold of the alert log, with what was done about each.
//!
//! Alerts that are over stay for a while, so that the answer to an order and the page of an alert that was just closed
//! do not need the archive.

use crate::names::Names;
use crate::view::{AlertView, DeliveryView, TransitionView};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use watchfire_model::{Alert, AlertId, AlertRecord, Class, DeviceKey, Outcome, Step, Timestamp, Transition};

/// Alerts held that are not over. Past this the least urgent, youngest ones are left to the archive.
pub const ALERTS_MAX: usize = 20_000;
/// Alerts held that are over.
pub const ALERTS_OVER_MAX: usize = 1_000;
/// Transitions and deliveries held of one alert; past this the oldest are left to the archive.
pub const STEPS_PER_ALERT_MAX: usize = 100;

/// Where an alert stands on the board: class, then the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Urgency {
    pub(crate) class: Class,
    pub(crate) raised_at: Timestamp,
    pub(crate) id: AlertId,
}

/// The alerts.
#[derive(Debug, Default)]
pub(crate) struct AlertBoard {
    held: BTreeMap<AlertId, Held>,
    open: BTreeSet<Urgency>,
    open_by_class: BTreeMap<Class, u64>,
    over: VecDeque<AlertId>,
    open_by_device: BTreeMap<DeviceKey, OpenAlerts>,
    left_out_total: u64,
    /// Incidents of alerts that are about to be raised.
    incidents: BTreeMap<AlertId, AlertId>,
}

#[derive(Debug)]
struct Held {
    alert: Alert,
    incident: Option<AlertId>,
    view: Arc<AlertView>,
    transitions: VecDeque<TransitionView>,
    deliveries: VecDeque<DeliveryView>,
}

/// The open alerts of one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenAlerts {
    /// How many.
    pub(crate) count: u32,
    /// How many of them say that it is silent, and still hold.
    pub(crate) silent: u32,
}

/// What a record changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// The alerts as they are now, each once, in the order of their first transition.
    pub(crate) alerts: Vec<ChangedAlert>,
    /// The devices whose number of open alerts may be another.
    pub(crate) devices: Vec<(DeviceKey, OpenAlerts)>,
}

/// An alert that changed.
#[derive(Debug)]
pub(crate) struct ChangedAlert {
    pub(crate) view: Arc<AlertView>,
    /// When it was raised or escalated, if that is what happened.
    pub(crate) raised_at: Option<Timestamp>,
}

/// All that is known here of one alert.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) view: Arc<AlertView>,
    pub(crate) transitions: Vec<TransitionView>,
    pub(crate) deliveries: Vec<DeliveryView>,
}

impl AlertBoard {
    /// Takes an alert as it is, without its history.
    pub(crate) fn load(&mut self, alert: Alert, names: &Names) {
        let id = alert.id;
        self.forget_open(id);
        let incident = self.incidents.remove(&id);
        self.held.insert(id, Held::new(alert, incident, names));
        self.place(id);
    }

    /// The incident that an alert belongs to, told before the record that puts it there.
    pub(crate) fn join(&mut self, alert: AlertId, incident: AlertId) {
        match self.held.get_mut(&alert) {
            Some(held) => held.incident = Some(incident),
            None => {
                self.incidents.insert(alert, incident);
            }
        }
    }

    /// Applies a record of the alert log.
    pub(crate) fn apply(&mut self, record: &AlertRecord, names: &Names) -> Changed {
        let mut touched: Vec<(AlertId, Option<Timestamp>)> = Vec::new();
        for transition in &record.transitions {
            self.apply_one(transition, names);
            let raised_at = raised_at(transition);
            match touched.iter_mut().find(|(id, _)| *id == transition.alert) {
                Some((_, earlier)) => *earlier = earlier.or(raised_at),
                None => touched.push((transition.alert, raised_at)),
            }
        }
        self.changed(&touched, names)
    }

    /// Notes what became of a send. Of an alert that is not held, the archive knows.
    pub(crate) fn outcome(&mut self, at: Timestamp, outcome: &Outcome, names: &Names) {
        let Some(held) = self.held.get_mut(&outcome.delivery().alert) else { return };
        let view = DeliveryView::new(at, outcome, names);
        match held.deliveries.iter_mut().find(|old| old.is_same_attempt(&view)) {
            Some(old) => *old = view,
            None => push_bounded(&mut held.deliveries, view),
        }
    }

    /// Gives every alert the names of a new set-up.
    pub(crate) fn rename(&mut self, names: &Names) {
        for held in self.held.values_mut() {
            held.view = held.see(names);
        }
    }

    /// The open alerts after `after`, most urgent first.
    pub(crate) fn open_after(&self, after: Option<Urgency>) -> impl Iterator<Item = (Urgency, &Arc<AlertView>)> {
        use std::ops::Bound;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let places = self.open.range((from, Bound::Unbounded));
        places.filter_map(|place| Some((*place, &self.held.get(&place.id)?.view)))
    }

    /// How many are open, by class.
    pub(crate) fn open_by_class(&self) -> &BTreeMap<Class, u64> {
        &self.open_by_class
    }

    pub(crate) fn open_by_device(&self) -> impl Iterator<Item = (&DeviceKey, OpenAlerts)> {
        self.open_by_device.iter().map(|(key, open)| (key, *open))
    }

    pub(crate) fn left_out_total(&self) -> u64 {
        self.left_out_total
    }

    /// All that is known of one.
    pub(crate) fn known(&self, id: AlertId) -> Option<Known> {
        let held = self.held.get(&id)?;
        Some(Known {
            view: Arc::clone(&held.view),
            transitions: held.transitions.iter().cloned().collect(),
            deliveries: held.deliveries.iter().cloned().collect(),
        })
    }

    fn apply_one(&mut self, transition: &Transition, names: &Names) {
        let id = transition.alert;
        self.forget_open(id);
        let held = match self.held.entry(id) {
            std::collections::btree_map::Entry::Occupied(held) => {
                let held = held.into_mut();
                held.alert.apply(transition);
                held
            }
            // A transition is complete in itself: an alert that was left out comes back with its next one.
            std::collections::btree_map::Entry::Vacant(place) => {
                let incident = self.incidents.remove(&id);
                place.insert(Held::new(Alert::new(transition), incident, names))
            }
        };
        push_bounded(&mut held.transitions, TransitionView::from(transition));
        self.place(id);
    }

    /// Takes an alert off the counts, before it changes.
    fn forget_open(&mut self, id: AlertId) {
        let Some(held) = self.held.get(&id) else { return };
        if !self.open.remove(&urgency(&held.alert)) {
            self.over.retain(|over| *over != id);
            return;
        }
        if let Some(count) = self.open_by_class.get_mut(&held.alert.class) {
            *count = count.saturating_sub(1);
        }
        let Some(key) = &held.alert.device else { return };
        if let Some(open) = self.open_by_device.get_mut(key) {
            open.count = open.count.saturating_sub(1);
            open.silent = open.silent.saturating_sub(u32::from(says_silent(&held.alert)));
            if open.count == 0 {
                self.open_by_device.remove(key);
            }
        }
    }

    /// Puts an alert on the counts, after it changed, and keeps the limits.
    fn place(&mut self, id: AlertId) {
        let Some(held) = self.held.get(&id) else { return };
        if held.alert.is_over() {
            self.over.push_back(id);
            if self.over.len() > ALERTS_OVER_MAX
                && let Some(oldest) = self.over.pop_front()
            {
                self.held.remove(&oldest);
            }
            return;
        }
        self.open.insert(urgency(&held.alert));
        *self.open_by_class.entry(held.alert.class).or_default() += 1;
        if let Some(key) = &held.alert.device {
            let open = self.open_by_device.entry(key.clone()).or_default();
            open.count += 1;
            open.silent += u32::from(says_silent(&held.alert));
        }
        if self.open.len() > ALERTS_MAX
            && let Some(least) = self.open.last().copied()
        {
            self.forget_open(least.id);
            self.held.remove(&least.id);
            self.left_out_total += 1;
        }
    }

    fn changed(&mut self, touched: &[(AlertId, Option<Timestamp>)], names: &Names) -> Changed {
        let mut changed = Changed::default();
        for (id, raised_at) in touched {
            let Some(held) = self.held.get_mut(id) else { continue };
            held.view = held.see(names);
            changed.alerts.push(ChangedAlert { view: Arc::clone(&held.view), raised_at: *raised_at });
            if let Some(key) = &held.alert.device {
                let open = self.open_by_device.get(key).copied().unwrap_or_default();
                changed.devices.push((key.clone(), open));
            }
        }
        changed
    }
}

impl Held {
    fn new(alert: Alert, incident: Option<AlertId>, names: &Names) -> Held {
        let view = seen(&alert, incident, names);
        Held { alert, incident, view, transitions: VecDeque::new(), deliveries: VecDeque::new() }
    }

    fn see(&self, names: &Names) -> Arc<AlertView> {
        seen(&self.alert, self.incident, names)
    }
}

fn seen(alert: &Alert, incident: Option<AlertId>, names: &Names) -> Arc<AlertView> {
    let incident = incident.map(|incident| incident.to_string());
    Arc::new(AlertView { incident, ..AlertView::new(alert, names) })
}

fn urgency(alert: &Alert) -> Urgency {
    Urgency { class: alert.class, raised_at: alert.raised_at, id: alert.id }
}

fn says_silent(alert: &Alert) -> bool {
    alert.class == Class::Offline && alert.condition == watchfire_model::Condition::Active
}

fn raised_at(transition: &Transition) -> Option<Timestamp> {
    matches!(transition.step, Step::Raised | Step::Escalated { .. }).then_some(transition.at)
}

fn push_bounded<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= STEPS_PER_ALERT_MAX {
        queue.pop_front();
    }
    queue.push_back(item);
}
