//! Operators' orders: what is allowed in which state, and why not otherwise.

use crate::casebook::{Case, CaseKey, Cause};
use crate::duplicates::Fnv;
use crate::engine::Engine;
use crate::event::{Effects, Refusal};
use crate::series::Phase;
use crate::wording;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use watchfire_model::{
    Addressee, AlertId, Bilingual, Class, Condition, Handling, Order, OrderId, OrderKind, Step, Timestamp, UserName,
    Verdict,
};

/// So many orders that were carried out are remembered, so that a repeat changes nothing.
pub const ORDERS_KEPT: usize = 1_024;
/// A detector that says "alarm" and is not heard from for so long has been silenced, removed or burnt: its fire may
/// then be closed.
pub const DETECTOR_GONE_AFTER: Duration = Duration::from_secs(900);

/// The orders that were carried out lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecentOrders {
    in_order: VecDeque<OrderId>,
    /// Each with a hash of what was ordered by whom.
    ids: BTreeMap<OrderId, Option<u64>>,
}

impl RecentOrders {
    /// Whether an order of that id was carried out; `Err`: another one.
    fn contains(&self, order: &Order) -> Result<bool, Bilingual> {
        match self.ids.get(&order.id) {
            None => Ok(false),
            Some(known) if known.is_none_or(|known| known == content_hash(order)) => Ok(true),
            Some(_) => Err(wording::order_id_taken(&order.id)),
        }
    }

    fn remember(&mut self, order: &Order) {
        if self.in_order.len() == ORDERS_KEPT
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.in_order.push_back(order.id.clone());
        self.ids.insert(order.id.clone(), Some(content_hash(order)));
    }
}

/// A hash of what was ordered by whom. It is in the snapshot: the encoding of orders never changes.
fn content_hash(order: &Order) -> u64 {
    let mut hash = Fnv::default();
    hash.add(&postcard::to_stdvec(&(&order.by, &order.kind)).expect("our own types always encode"));
    hash.0
}

impl Engine {
    pub(crate) fn order(&mut self, order: &Order, out: &mut Effects) {
        if order.kind.addressee() != Addressee::Rules {
            return;
        }
        let done = match self.orders.contains(order) {
            Ok(true) => Ok(()),
            Ok(false) => self.carry_out(order, out).map(|()| self.orders.remember(order)),
            Err(why) => Err(why),
        };
        if let Err(why) = done {
            out.refusals.push(Refusal { order: order.id.clone(), why });
        }
    }

    fn carry_out(&mut self, order: &Order, out: &mut Effects) -> Result<(), Bilingual> {
        let Some(id) = order.kind.alert() else { return self.order_test(order, out) };
        let key = (id.cause, id.ordinal);
        let known = self.book.get(key).filter(|case| case.alert.id == id);
        let handling = known.ok_or_else(|| wording::unknown_alert(id))?.alert.handling;
        let by = &order.by;
        match &order.kind {
            OrderKind::Acknowledge { .. } => self.acknowledge(key, handling, by, out),
            OrderKind::Verify { verdict, note, .. } => self.verify(key, handling, by, *verdict, note, out),
            OrderKind::Forward { to, .. } => self.forward(key, handling, by, to, out),
            OrderKind::Close { note, .. } => self.close(key, by, note, out),
            OrderKind::Reopen { note, .. } => self.reopen(key, handling, by, note, out),
            OrderKind::DutyCheck { .. }
            | OrderKind::Inspect { .. }
            | OrderKind::SetInspection { .. }
            | OrderKind::SyncClock { .. }
            | OrderKind::Initialise { .. }
            | OrderKind::StartTest { .. }
            | OrderKind::ApproveTest { .. }
            | OrderKind::EndTest { .. } => Ok(()),
        }
    }

    fn acknowledge(
        &mut self,
        key: CaseKey,
        handling: Handling,
        by: &UserName,
        out: &mut Effects,
    ) -> Result<(), Bilingual> {
        if handling != Handling::Open {
            let first = self.book.get(key).and_then(|case| case.alert.acknowledged_by.clone());
            return Err(wording::already_handled(handling, first.as_ref()));
        }
        self.book.step_by_person(
            key,
            Step::Acknowledged { by: by.clone() },
            self.stamp,
            wording::acknowledged(by),
            out,
        );
        Ok(())
    }

    /// Who finds out what it was has seen it: an open alert is acknowledged by the same order.
    fn see(&mut self, key: CaseKey, handling: Handling, by: &UserName, out: &mut Effects) {
        if handling == Handling::Open {
            let step = Step::Acknowledged { by: by.clone() };
            self.book.step_by_person(key, step, self.stamp, wording::acknowledged(by), out);
        }
    }

    fn verify(
        &mut self,
        key: CaseKey,
        handling: Handling,
        by: &UserName,
        verdict: Verdict,
        note: &str,
        out: &mut Effects,
    ) -> Result<(), Bilingual> {
        if handling == Handling::Closed {
            return Err(wording::closed_already());
        }
        if matches!(verdict, Verdict::Real | Verdict::Unreachable) {
            self.book.unmark(key);
            self.news_of(key);
        }
        self.see(key, handling, by, out);
        let step = Step::Verified { by: by.clone(), verdict, note: note.to_owned() };
        self.book.step_by_person(key, step, self.stamp, wording::verified(by, verdict, note), out);
        Ok(())
    }

    fn forward(
        &mut self,
        key: CaseKey,
        handling: Handling,
        by: &UserName,
        to: &str,
        out: &mut Effects,
    ) -> Result<(), Bilingual> {
        let alert = self.book.get(key).map(|case| (case.alert.class, case.alert.verdict));
        match (alert, handling) {
            (Some((Class::EarlyWarning, _)), _) => return Err(wording::never_forwarded()),
            (Some((_, Some(Verdict::Real | Verdict::Unreachable))), Handling::Verified | Handling::Forwarded) => {}
            _ => return Err(wording::verify_before_forwarding()),
        }
        let step = Step::Forwarded { by: by.clone(), to: to.to_owned() };
        self.book.step_by_person(key, step, self.stamp, wording::forwarded(by, to), out);
        Ok(())
    }

    fn close(&mut self, key: CaseKey, by: &UserName, note: &str, out: &mut Effects) -> Result<(), Bilingual> {
        let Some(case) = self.book.get(key) else { return Ok(()) };
        let (handling, class, active) =
            (case.alert.handling, case.alert.class, case.alert.condition == Condition::Active);
        if handling == Handling::Closed {
            return Err(wording::closed_already());
        }
        let holding = self.holding_causes(case);
        if endangers_life(class) {
            self.may_close_danger(case, &holding)?;
            // What holds only because a detector is gone holds no longer: when it speaks again, it alarms again.
            for cause in &holding {
                if let Some(hold) = self.hold_mut(cause) {
                    hold.phase = Phase::Idle;
                }
                self.noticed(cause, false, out);
            }
        }
        self.see(key, handling, by, out);
        if active && (endangers_life(class) || holding.is_empty()) {
            self.book.step_by_person(key, Step::Cleared, self.stamp, wording::cleared_by_closing(by), out);
        }
        let step = Step::Closed { by: by.clone(), note: note.to_owned() };
        self.book.step_by_person(key, step, self.stamp, wording::closed(by, note), out);
        self.retire_if_over(key);
        Ok(())
    }

    /// A fire, gas or carbon monoxide alarm is closed only when somebody found out what it was and no detector says
    /// so any more.
    fn may_close_danger(&self, case: &Case, holding: &[Cause]) -> Result<(), Bilingual> {
        if !matches!(case.alert.handling, Handling::Verified | Handling::Forwarded) {
            return Err(wording::verify_before_closing());
        }
        let now = self.stamp.at;
        let heard = holding.iter().filter_map(|cause| self.last_heard(cause).map(|at| (cause, at)));
        match heard.max_by_key(|(_, at)| *at).filter(|(_, at)| now.since(*at) < DETECTOR_GONE_AFTER) {
            None => Ok(()),
            Some((cause, at)) => {
                let label = match cause {
                    Cause::Series { .. } | Cause::Group { .. } | Cause::Silence { .. } => {
                        self.device_of(cause).map(|device| self.label(device))
                    }
                    Cause::Standing(key) => Some(Bilingual::same(key.subject.as_str())),
                };
                Err(wording::still_alarming(&label.unwrap_or_default(), now.since(at), DETECTOR_GONE_AFTER))
            }
        }
    }

    fn last_heard(&self, cause: &Cause) -> Option<Timestamp> {
        match cause {
            Cause::Series { .. } | Cause::Group { .. } | Cause::Silence { .. } => {
                self.fleet.device(self.device_of(cause)?).last_seen.get()
            }
            Cause::Standing(key) => self.standing.get(key).map(|standing| standing.said_at),
        }
    }

    fn reopen(
        &mut self,
        key: CaseKey,
        handling: Handling,
        by: &UserName,
        note: &str,
        out: &mut Effects,
    ) -> Result<(), Bilingual> {
        if handling == Handling::Open {
            return Err(wording::already_open());
        }
        if self.book.get(key).is_some_and(|case| case.alert.is_over())
            && let Err(other) = self.reattach(key)
        {
            return Err(wording::open_again_as(AlertId { journal: self.journal, cause: other.0, ordinal: other.1 }));
        }
        let step = Step::Reopened { by: Some(by.clone()), note: note.to_owned() };
        self.book.step_by_person(key, step, self.stamp, wording::reopened(by, note), out);
        Ok(())
    }
}

fn endangers_life(class: Class) -> bool {
    matches!(class, Class::Fire | Class::Gas | Class::Co)
}
