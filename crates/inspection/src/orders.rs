//! Operators' orders to transmission devices: what is allowed, and why not otherwise.

use crate::clockwork::{Timer, next_turn};
use crate::event::Refusal;
use crate::exchange::Task;
use crate::inspection::Inspection;
use crate::limits::{ANSWER_MIN_MAX, BEGINS_PER_S, INSPECTION_S_MIN, ORDERS_KEPT, WAITING_MAX};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use watchfire_model::panel_read::OPERATIONS_MAX;
use watchfire_model::transmission::{INSPECTION_S_MAX, READS_MAX, TARGETS_MAX};
use watchfire_model::{
    Addressee, Bilingual, DeviceKey, Order, OrderId, OrderKind, PanelRead, PanelTargets, SystemRead, UserName,
};

/// The orders that were carried out lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecentOrders {
    in_order: VecDeque<OrderId>,
    ids: BTreeSet<OrderId>,
}

impl RecentOrders {
    fn remember(&mut self, id: OrderId) {
        if self.in_order.len() == ORDERS_KEPT
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.in_order.push_back(id.clone());
        self.ids.insert(id);
    }
}

impl Inspection {
    pub(crate) fn order(&mut self, order: &Order) -> Option<Refusal> {
        if order.kind.addressee() != Addressee::Inspection || self.state.orders.ids.contains(&order.id) {
            return None;
        }
        match self.carry_out(&order.kind, &order.by) {
            Ok(()) => {
                self.state.orders.remember(order.id.clone());
                None
            }
            Err(why) => Some(Refusal { order: order.id.clone(), why }),
        }
    }

    fn carry_out(&mut self, kind: &OrderKind, by: &UserName) -> Result<(), Bilingual> {
        match kind {
            OrderKind::DutyCheck { targets, answer_min } => self.order_duty_check(targets, *answer_min, by),
            OrderKind::Inspect { targets, reads } => self.order_inspection(targets, reads, by),
            OrderKind::SetInspection { targets, period_s } => self.order_period(targets, *period_s),
            OrderKind::SyncClock { targets } => {
                let keys = self.devices_of(targets)?;
                self.one_by_one(&keys, |inspection, key| inspection.set_clock(key, Some(by)));
                Ok(())
            }
            OrderKind::Initialise { device } => self.order_initialisation(device, by),
            OrderKind::Acknowledge { .. }
            | OrderKind::Verify { .. }
            | OrderKind::Forward { .. }
            | OrderKind::Close { .. }
            | OrderKind::Reopen { .. }
            | OrderKind::StartTest { .. }
            | OrderKind::ApproveTest { .. }
            | OrderKind::EndTest { .. } => Ok(()),
        }
    }

    fn order_duty_check(&mut self, targets: &PanelTargets, answer_min: u8, by: &UserName) -> Result<(), Bilingual> {
        if !(1..=ANSWER_MIN_MAX).contains(&answer_min) {
            return Err(Bilingual::new(
                format!("give the guard 1 to {ANSWER_MIN_MAX} minutes to answer"),
                format!("应答时限应为 1 至 {ANSWER_MIN_MAX} 分钟"),
            ));
        }
        let mut keys = self.devices_of(targets)?;
        keys.retain(|key| !self.is_checking(key));
        if keys.is_empty() {
            return Err(Bilingual::new(
                "a duty check is under way there already: wait for its answer",
                "该处正在查岗，请等待应答",
            ));
        }
        self.one_by_one(&keys, |inspection, key| inspection.check_duty(key, answer_min, Some(by)));
        Ok(())
    }

    fn order_inspection(
        &mut self,
        targets: &PanelTargets,
        reads: &[PanelRead],
        by: &UserName,
    ) -> Result<(), Bilingual> {
        if reads.len() > READS_MAX {
            return Err(Bilingual::new(
                format!("one order may read at most {READS_MAX} things"),
                format!("一次最多读取 {READS_MAX} 项"),
            ));
        }
        if !reads.iter().all(is_possible) {
            return Err(Bilingual::new(
                format!("1 to {OPERATIONS_MAX} operation records can be read at once"),
                format!("一次可读取 1 至 {OPERATIONS_MAX} 条操作记录"),
            ));
        }
        let keys = self.devices_of(targets)?;
        let full = |key: &DeviceKey| {
            self.state.devices.get(key).is_some_and(|device| device.queue.len() + reads.len() > WAITING_MAX)
        };
        if keys.iter().any(full) {
            return Err(Bilingual::new(
                format!("more than {WAITING_MAX} questions would wait at one device: let it answer first"),
                format!("装置待询问项将超过 {WAITING_MAX} 项，请稍后再试"),
            ));
        }
        self.one_by_one(&keys, |inspection, key| {
            let Some(device) = inspection.state.devices.get_mut(key) else { return };
            // A person asks: what did not work before is tried again.
            device.unsupported.clear();
            let reads = if reads.is_empty() { device.usual_reads(true) } else { reads.to_vec() };
            inspection.inspect(key, reads, Some(by));
        });
        Ok(())
    }

    fn order_period(&mut self, targets: &PanelTargets, period_s: Option<u32>) -> Result<(), Bilingual> {
        if period_s.is_some_and(|period_s| !(INSPECTION_S_MIN..=INSPECTION_S_MAX).contains(&period_s)) {
            return Err(Bilingual::new(
                format!("the period is {INSPECTION_S_MIN} to {INSPECTION_S_MAX} s"),
                format!("巡检周期应为 {INSPECTION_S_MIN} 至 {INSPECTION_S_MAX} 秒"),
            ));
        }
        for key in self.devices_of(targets)? {
            if let Some(device) = self.state.devices.get_mut(&key) {
                device.period_s = period_s;
            }
            self.begin_periods(&key);
        }
        Ok(())
    }

    fn order_initialisation(&mut self, key: &DeviceKey, by: &UserName) -> Result<(), Bilingual> {
        let device = self.state.devices.get_mut(key).ok_or_else(|| unknown(key))?;
        let open = device.open.as_ref().is_some_and(|open| open.task == Task::Initialise);
        if open || device.queue.contains(&Task::Initialise) {
            return Err(Bilingual::new(
                "the device is being initialised already: wait for its answer",
                "该装置正在初始化，请等待应答",
            ));
        }
        device.initialised.by = Some(by.clone());
        device.hold_until = None;
        device.queue.insert(Task::Initialise);
        self.begin_next(key);
        Ok(())
    }

    /// The device's turns by its period as it is now.
    pub(crate) fn begin_periods(&mut self, key: &DeviceKey) {
        let now = self.now();
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let period = device.period();
        device.next_inspection = period.map(|period| next_turn(key, period, now));
        device.next_clock = period.map(|_| next_turn(key, crate::limits::DAY, now));
        self.arm(Timer::Inspection, key);
        self.arm(Timer::Clock, key);
    }

    /// Does it to each; beyond the first second's worth of devices, their turns come one after another.
    fn one_by_one(&mut self, keys: &[DeviceKey], mut act: impl FnMut(&mut Inspection, &DeviceKey)) {
        let now = self.now();
        for (number, key) in keys.iter().enumerate() {
            let wait_s = u64::try_from(number).unwrap_or(u64::MAX) / BEGINS_PER_S;
            let until = (wait_s > 0).then(|| now.plus(Duration::from_secs(wait_s)));
            if let Some(device) = self.state.devices.get_mut(key) {
                device.hold_until = until;
            }
            self.arm(Timer::Hold, key);
            act(self, key);
        }
    }

    fn devices_of(&self, targets: &PanelTargets) -> Result<Vec<DeviceKey>, Bilingual> {
        let keys: Vec<DeviceKey> = match targets {
            PanelTargets::Devices(keys) => {
                if keys.len() > TARGETS_MAX {
                    return Err(Bilingual::new(
                        format!("one order may name at most {TARGETS_MAX} devices; name a site, or all"),
                        format!("一次最多指定 {TARGETS_MAX} 台装置，可改为按单位或全部"),
                    ));
                }
                let keys: BTreeSet<&DeviceKey> = keys.iter().collect();
                if let Some(key) = keys.iter().find(|key| !self.state.devices.contains_key(**key)) {
                    return Err(unknown(key));
                }
                keys.into_iter().cloned().collect()
            }
            PanelTargets::Site(site) => self.state.devices.keys().filter(|key| key.site == *site).cloned().collect(),
            PanelTargets::All => self.state.devices.keys().cloned().collect(),
        };
        if keys.is_empty() {
            return Err(Bilingual::new(
                "there is no transmission device there: list it in sites.toml",
                "该处没有用户信息传输装置，请先在 sites.toml 中登记",
            ));
        }
        Ok(keys)
    }
}

fn is_possible(read: &PanelRead) -> bool {
    match read {
        PanelRead::Operations { count } | PanelRead::System { what: SystemRead::Operations(count), .. } => {
            (1..=OPERATIONS_MAX).contains(count)
        }
        _ => true,
    }
}

fn unknown(key: &DeviceKey) -> Bilingual {
    Bilingual::new(
        format!("there is no transmission device {key}: list it in sites.toml"),
        format!("没有用户信息传输装置 {key}，请先在 sites.toml 中登记"),
    )
}
