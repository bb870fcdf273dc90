//! What comes from devices: answers to what was asked, guards' answers, clocks, and signs of life.

use crate::device::Run;
use crate::ended::Question;
use crate::exchange::{Outcome, Task};
use crate::inspection::Inspection;
use crate::limits::{CLOCK_SKEW_MAX, LABEL_SKEW_MAX};
use crate::notices::End;
use crate::recorded::RoundKind;
use std::time::Duration;
use watchfire_model::{DeviceKey, DeviceName, Frame, Link, NoticeKind, PanelRead, SiteId, Source, Timestamp};
use watchfire_wire::gbt26875::{
    Command, Dialect, Digits, Envelope, Kind, Object, Operation, Unit, device_name, is_set, operation_bits,
};

impl Inspection {
    pub(crate) fn frame(&mut self, frame: &Frame<'_>) {
        if !matches!(frame.link, Link::Gbt26875Tcp | Link::Gbt26875Udp) {
            return;
        }
        let Ok(envelope) = Envelope::read(frame.payload) else { return };
        let name = device_name(frame, envelope.source);
        let (Ok(site), Ok(name)) = (SiteId::new(frame.site), DeviceName::new(&name)) else { return };
        let key = DeviceKey { site, source: Source::Gbt26875, name };
        self.hear(&key, frame);
        let serial = envelope.serial;
        match envelope.command {
            Command::CONFIRM => self.answered(&key, serial, |task| !task.is_read(), Outcome::Answered),
            Command::DENY => self.answered(&key, serial, |_| true, Outcome::Denied),
            Command::RESPONSE => self.response(&key, &envelope),
            Command::SEND => self.report(&key, &envelope),
            _ => {}
        }
        if let Some(device) = self.state.devices.get(&key) {
            let sent = envelope.sent.time(device.digits);
            self.mind_clock(&key, sent, LABEL_SKEW_MAX);
        }
    }

    /// Every frame is a sign of life, and may come by an identity with a dialect.
    fn hear(&mut self, key: &DeviceKey, frame: &Frame<'_>) {
        let now = self.now();
        let spoken = self.state.digits.get(frame.site);
        let digits = spoken.and_then(|spoken| spoken.get(key.name.as_str()).or_else(|| spoken.get(frame.identity)));
        let digits = digits.copied().unwrap_or_default();
        let Some(device) = self.state.devices.get_mut(key) else { return };
        device.heard_at = Some(now);
        if device.line.dialect.is_none() {
            device.digits = digits;
        }
        if let Some(open) = &mut device.open {
            open.heard = true;
        }
    }

    /// An answer belongs to the open exchange when it has its number and fits what was asked.
    fn answered(&mut self, key: &DeviceKey, serial: u16, fits: impl Fn(Task) -> bool, outcome: Outcome) {
        let open = self.state.devices.get(key).and_then(|device| device.open.as_ref());
        if open.is_some_and(|open| open.serial == serial && fits(open.task)) {
            self.end_exchange(key, outcome);
        }
    }

    fn response(&mut self, key: &DeviceKey, envelope: &Envelope<'_>) {
        let now = self.now();
        let unit = Unit::read(envelope.unit, Dialect::standard());
        let Some(kind) = unit.kind else { return };
        let answers = |read: PanelRead| Task::Read(read).kind().answer() == Some(kind);
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let open = device.open.as_ref().is_some_and(
            |open| matches!(open.task, Task::Read(read) if open.serial == envelope.serial && answers(read)),
        );
        let given_up = device.given_up.take_if(|late| late.serial == envelope.serial && answers(late.read));
        let late = given_up.filter(|late| now <= late.until);
        if !open && late.is_none() {
            return;
        }
        let digits = device.digits;
        device.findings.take(&unit, digits, now);
        match late {
            Some(late) => self.answered_late(key, late.read),
            None => self.end_exchange(key, Outcome::Answered),
        }
        self.mind_clocks_in(key, &unit, digits);
    }

    /// Late is better than never: what was said of the device is taken back.
    fn answered_late(&mut self, key: &DeviceKey, read: PanelRead) {
        let now = self.now();
        let Some(device) = self.state.devices.get_mut(key) else { return };
        device.unsupported.remove(&read);
        self.ended.exchange(Question::Read, Outcome::Late);
        device.inspected.answered_at = Some(now);
        if device.inspected.outcome.is_some_and(|outcome| outcome != Outcome::Answered) {
            device.inspected.outcome = Some(Outcome::Late);
            let asked = device.inspected.clone();
            self.record_round(key, RoundKind::Inspection, &asked, Run::default(), Outcome::Late);
        }
        self.notice_over(NoticeKind::InspectionUnanswered, key, End::Answered);
    }

    fn report(&mut self, key: &DeviceKey, envelope: &Envelope<'_>) {
        let [code, _, body @ ..] = envelope.unit else { return };
        match (Kind::from_code(*code), body) {
            (Some(Kind::SystemState | Kind::ComponentState | Kind::ComponentAnalogue), [kind, address, ..]) => {
                if let Some(device) = self.state.devices.get_mut(key) {
                    device.meet_system(*kind, *address);
                }
            }
            (Some(Kind::UitdOperation | Kind::UitdTime), _) => {
                let digits = self.state.devices.get(key).map(|device| device.digits).unwrap_or_default();
                let unit = Unit::read(envelope.unit, Dialect::standard());
                for object in &unit.objects {
                    if let Object::UitdOperation { operations, operator, at } = *object
                        && says_here(operations)
                        && !self.is_of_before(key, at.time(digits), envelope.sent.time(digits))
                    {
                        self.guard_answers(key, operator);
                    }
                }
                self.mind_clocks_in(key, &unit, digits);
            }
            _ => {}
        }
    }

    /// Whether the guard pressed the key before he was asked: a record that was kept while the link was lost. Only a device
    /// whose clock is right can tell.
    fn is_of_before(&self, key: &DeviceKey, pressed: Option<Timestamp>, sent: Option<Timestamp>) -> bool {
        let now = self.now();
        let is_right = sent.is_some_and(|sent| sent.since(now).max(now.since(sent)) <= LABEL_SKEW_MAX);
        let duty = self.state.devices.get(key).and_then(|device| device.duty.as_ref());
        let before = |asked_at: Timestamp| pressed.is_some_and(|pressed| asked_at.since(pressed) > LABEL_SKEW_MAX);
        is_right && duty.is_some_and(|check| before(check.record.asked_at))
    }

    fn mind_clocks_in(&mut self, key: &DeviceKey, unit: &Unit<'_>, digits: Digits) {
        for object in &unit.objects {
            if let Object::UitdTime { at } = *object {
                self.mind_clock(key, at.time(digits), CLOCK_SKEW_MAX);
            }
        }
    }

    fn mind_clock(&mut self, key: &DeviceKey, shown: Option<Timestamp>, skew_max: Duration) {
        let now = self.now();
        if shown.is_some_and(|shown| shown.since(now).max(now.since(shown)) > skew_max) {
            self.clock_is_off(key);
        }
    }
}

fn says_here(operations: u8) -> bool {
    let reply = operation_bits::UITD.iter().position(|operation| *operation == Operation::DutyCheckReply);
    reply.is_some_and(|bit| is_set(u16::from(operations), bit))
}
