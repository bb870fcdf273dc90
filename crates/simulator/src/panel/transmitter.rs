//! A transmission device without sockets and clocks: it is told what happens, what it hears and what time it is, and says
//! what it sends.
//!
//! One exchange is under way at a time. It is sent, and sent again after each [`PanelOptions::confirm_timeout`] until it
//! is confirmed; after the last repetition the link is given up, and what was not confirmed goes first on the next one,
//! with the same serial number. A fire goes before everything else that waits.

use super::answers::{self, Knowledge};
use super::facility::{FIRE, Facility, NORMAL, RESET};
use super::options::{Happening, Heartbeat, PanelOptions, PanelReport};
use std::collections::VecDeque;
use std::time::Duration;
use watchfire_model::Timestamp;
use watchfire_wire::gbt26875::{
    Address, Command, Dialect, Envelope, Kind, Object, Piece, Reassembler, System, TimeLabel, Unit,
};

/// Bit 5 of the transmission device's operation record: the guard answers a duty check.
const DUTY_ANSWER: u8 = 1 << 5;
/// Bit 2: manual alarm.
const MANUAL_ALARM: u8 = 1 << 2;
/// Bit 0 of a facility's: reset.
const RESET_OPERATION: u8 = 1;
/// Bit 5 of its own state: the channel to the centre is faulty.
const CHANNEL_FAULT: u8 = 1 << 5;
/// Records that are kept for the centre's questions.
const RECORDS_MAX: usize = 102;
/// The guard's number.
const OPERATOR: u8 = 3;

/// What it wants done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Frames to be sent, in order.
    pub frames: Vec<Vec<u8>>,
    /// The link is given up: connect anew.
    pub hang_up: bool,
}

/// Something that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The operation byte.
    pub operations: u8,
    /// Who.
    pub operator: u8,
    /// When.
    pub at: TimeLabel,
}

#[derive(Clone, Debug)]
struct Message {
    command: Command,
    unit: Vec<u8>,
    is_event: bool,
}

#[derive(Clone, Debug)]
struct UnderWay {
    message: Message,
    serial: u16,
    sent: u8,
    /// When it is repeated.
    again_at: Timestamp,
}

/// The device.
#[derive(Debug)]
pub struct Transmitter {
    options: PanelOptions,
    stream: Reassembler,
    connected: bool,
    serial: u16,
    urgent: VecDeque<Message>,
    waiting: VecDeque<Message>,
    under_way: Option<UnderWay>,
    uitd_state: u8,
    facility_records: Vec<(System, Record)>,
    uitd_records: Vec<Record>,
    beat_at: Timestamp,
    guard_at: Option<Timestamp>,
    clock_ahead_us: i64,
    report: PanelReport,
}

impl Transmitter {
    /// A device that is not connected.
    pub fn new(options: PanelOptions) -> Transmitter {
        Transmitter {
            stream: Reassembler::new(),
            connected: false,
            serial: 0,
            urgent: VecDeque::new(),
            waiting: VecDeque::new(),
            under_way: None,
            uitd_state: 1,
            facility_records: Vec::new(),
            uitd_records: Vec::new(),
            beat_at: Timestamp::EPOCH,
            guard_at: None,
            clock_ahead_us: options.clock_ahead_s.saturating_mul(1_000_000),
            report: PanelReport::default(),
            options,
        }
    }

    /// A link is there; what is under way is sent again on it.
    pub fn connected(&mut self, now: Timestamp) {
        self.stream = Reassembler::new();
        self.connected = true;
        self.report.links += 1;
        self.uitd_state &= !CHANNEL_FAULT;
        // It shows itself at once.
        self.beat_at = now;
        if let Some(under_way) = &mut self.under_way {
            under_way.again_at = now;
            under_way.sent = 0;
        }
    }

    /// The link is gone.
    pub fn disconnected(&mut self) {
        self.connected = false;
        self.uitd_state |= CHANNEL_FAULT;
    }

    /// Something happens at the panel.
    pub fn happens(&mut self, happening: Happening, now: Timestamp) {
        let at = self.label(now);
        match happening {
            Happening::State { address, state } => {
                let Some(part) = self.options.facility.part_mut(address) else { return };
                part.state = state;
                let (component, text) = (part.component, part.text_field());
                let object = Object::ComponentState { component, state, text: Some(&text), at };
                let unit = Unit::of(Kind::ComponentState, vec![object]).write();
                self.report_event(unit, state & FIRE != 0);
            }
            Happening::Value { address, raw } => {
                let Some(part) = self.options.facility.part_mut(address) else { return };
                let quantity = part.analogue.map_or(0, |(quantity, _)| quantity);
                part.analogue = Some((quantity, raw));
                let object = Object::Analogue { component: part.component, quantity, raw, at };
                self.report_event(Unit::of(Kind::ComponentAnalogue, vec![object]).write(), false);
            }
            Happening::Reset { system } => {
                self.options.facility.reset(system);
                let record = Record { operations: RESET_OPERATION, operator: OPERATOR, at };
                keep(&mut self.facility_records, (system, record));
                let operations = RESET_OPERATION;
                let object = Object::SystemOperation { system, operations, operator: OPERATOR, at };
                self.report_event(Unit::of(Kind::SystemOperation, vec![object]).write(), false);
                let object = Object::SystemState { system, state: NORMAL | RESET, at };
                self.report_event(Unit::of(Kind::SystemState, vec![object]).write(), false);
            }
            Happening::ManualAlarm => self.operate(MANUAL_ALARM, at, true),
            Happening::OwnState { state } => {
                self.uitd_state = state;
                let object = Object::UitdState { state, at: Some(at) };
                self.report_event(Unit::of(Kind::UitdState, vec![object]).write(), false);
            }
            Happening::LinkLost { .. } => self.disconnected(),
        }
    }

    /// Bytes come from the centre.
    pub fn hear(&mut self, bytes: &[u8], now: Timestamp) -> Output {
        let mut stream = std::mem::take(&mut self.stream);
        stream.feed(bytes);
        let mut output = Output::default();
        while let Some(piece) = stream.next() {
            match piece {
                Piece::Frame { envelope, .. } => self.heard(&envelope, now, &mut output),
                Piece::Damaged { envelope, .. } | Piece::Misframed { envelope } => {
                    output.frames.extend(self.answer(&envelope, Command::DENY, &[], now));
                }
            }
        }
        self.stream = stream;
        self.send_due(now, &mut output);
        output
    }

    /// What is to be sent now.
    pub fn due(&mut self, now: Timestamp) -> Output {
        let mut output = Output::default();
        self.send_due(now, &mut output);
        output
    }

    /// When [`Transmitter::due`] is to be asked next.
    pub fn wake_at(&self) -> Timestamp {
        let again = self.under_way.as_ref().map(|under_way| under_way.again_at);
        [again, self.guard_at, Some(self.beat_at)].into_iter().flatten().min().unwrap_or(self.beat_at)
    }

    /// What came of it so far.
    pub fn report(&self) -> PanelReport {
        self.report
    }

    /// Whether the guard is about to answer a duty check.
    pub fn guard_is_awaited(&self) -> bool {
        self.guard_at.is_some()
    }

    /// The panel as it is now.
    pub fn facility(&self) -> &Facility {
        &self.options.facility
    }

    fn heard(&mut self, envelope: &Envelope<'_>, now: Timestamp, output: &mut Output) {
        match envelope.command {
            Command::CONFIRM => self.confirmed(envelope.serial),
            Command::DENY => {
                if let Some(under_way) = self.under_way.as_mut().filter(|sent| sent.serial == envelope.serial) {
                    under_way.again_at = now;
                    self.report.denied += 1;
                }
            }
            Command::REQUEST => {
                let request = Unit::read(envelope.unit, Dialect::standard());
                let knowledge = Knowledge {
                    facility: &self.options.facility,
                    uitd_state: self.uitd_state,
                    facility_records: &self.facility_records,
                    uitd_records: &self.uitd_records,
                    now: self.label(now),
                };
                let frame = match answers::answer(&request, &knowledge) {
                    Some(unit) => {
                        self.report.inspected += 1;
                        self.answer(envelope, Command::RESPONSE, &unit, now)
                    }
                    None => self.refuse(envelope, now),
                };
                output.frames.extend(frame);
            }
            Command::CONTROL => {
                let frame = self.control(envelope, now);
                output.frames.extend(frame);
            }
            _ => output.frames.extend(self.refuse(envelope, now)),
        }
    }

    fn confirmed(&mut self, serial: u16) {
        if let Some(done) = self.under_way.take_if(|under_way| under_way.serial == serial) {
            if done.message.is_event {
                self.report.confirmed += 1;
            } else {
                self.report.beats_confirmed += 1;
            }
        }
    }

    fn control(&mut self, envelope: &Envelope<'_>, now: Timestamp) -> Option<Vec<u8>> {
        let unit = Unit::read(envelope.unit, Dialect::standard());
        match (unit.kind, unit.objects.first()) {
            (Some(Kind::SetUitdClock), Some(Object::SetClock { to })) => {
                let Some(to) = to.time(self.options.digits) else { return self.refuse(envelope, now) };
                self.clock_ahead_us = to.as_micros().saturating_sub(now.as_micros());
                self.report.clock_sets += 1;
            }
            (Some(Kind::InitialiseUitd), Some(_)) => {
                self.report.initialisations += 1;
                (self.facility_records, self.uitd_records) = (Vec::new(), Vec::new());
                self.guard_at = None;
            }
            (Some(Kind::DutyCheck), Some(Object::DutyCheck { timeout_min })) => {
                self.report.duty_checks += 1;
                let in_time = |after: &Duration| *after <= Duration::from_secs(60 * u64::from(*timeout_min));
                self.guard_at = self.options.guard_answers_after.filter(in_time).map(|after| now.plus(after));
            }
            _ => return self.refuse(envelope, now),
        }
        self.answer(envelope, Command::CONFIRM, &[], now)
    }

    fn refuse(&mut self, envelope: &Envelope<'_>, now: Timestamp) -> Option<Vec<u8>> {
        self.report.refused += 1;
        self.answer(envelope, Command::DENY, &[], now)
    }

    fn answer(&self, heard: &Envelope<'_>, command: Command, unit: &[u8], now: Timestamp) -> Option<Vec<u8>> {
        self.frame(heard.serial, command, unit, now)
    }

    fn send_due(&mut self, now: Timestamp, output: &mut Output) {
        if self.guard_at.is_some_and(|at| at <= now) {
            self.guard_at = None;
            self.report.duty_answers += 1;
            let at = self.label(now);
            self.operate(DUTY_ANSWER, at, false);
        }
        if self.beat_at <= now {
            self.beat_at = now.plus(self.options.heartbeat_every);
            let quiet = self.under_way.is_none() && self.urgent.is_empty() && self.waiting.is_empty();
            if quiet {
                let beat = self.beat(now);
                self.waiting.push_back(beat);
            }
        }
        if !self.connected {
            return;
        }
        if let Some(under_way) = &mut self.under_way {
            if under_way.again_at > now {
                return;
            }
            if under_way.sent > self.options.repeats {
                // Not confirmed for all the repetitions: the link is no good.
                under_way.again_at = now.plus(self.options.confirm_timeout);
                output.hang_up = true;
                return self.disconnected();
            }
        } else {
            let Some(message) = self.urgent.pop_front().or_else(|| self.waiting.pop_front()) else { return };
            self.under_way = Some(UnderWay { message, serial: self.serial, sent: 0, again_at: now });
            self.serial = self.serial.wrapping_add(1);
        }
        output.frames.extend(self.send_under_way(now));
    }

    fn send_under_way(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        let timeout = self.options.confirm_timeout;
        let under_way = self.under_way.as_mut()?;
        under_way.sent = under_way.sent.saturating_add(1);
        under_way.again_at = now.plus(timeout);
        self.report.repeated += u64::from(under_way.sent > 1);
        let under_way = self.under_way.as_ref()?;
        self.frame(under_way.serial, under_way.message.command, &under_way.message.unit, now)
    }

    fn frame(&self, serial: u16, command: Command, unit: &[u8], now: Timestamp) -> Option<Vec<u8>> {
        let frame = Envelope {
            serial,
            version: self.options.version,
            sent: self.label(now),
            source: Address::new(self.options.address)?,
            destination: Address::new(self.options.centre)?,
            command,
            unit,
        };
        frame.write().ok()
    }

    fn beat(&self, now: Timestamp) -> Message {
        let at = self.label(now);
        let unit = |kind, object| Unit::of(kind, vec![object]).write();
        let (command, unit) = match self.options.heartbeat {
            Heartbeat::Empty => (Command::SEND, Vec::new()),
            Heartbeat::State => {
                (Command::SEND, unit(Kind::UitdState, Object::UitdState { state: self.uitd_state, at: Some(at) }))
            }
            Heartbeat::KeepAlive => (Command::KEEP_ALIVE, Vec::new()),
            Heartbeat::Greeting => (Command::SEND, vec![0x16]),
            Heartbeat::Version => (Command::SEND, unit(Kind::UitdVersion, Object::UitdVersion { version: [1, 7] })),
            Heartbeat::Clock => (Command::SEND, unit(Kind::UitdTime, Object::UitdTime { at })),
        };
        Message { command, unit, is_event: false }
    }

    fn operate(&mut self, operations: u8, at: TimeLabel, urgent: bool) {
        keep(&mut self.uitd_records, Record { operations, operator: OPERATOR, at });
        let object = Object::UitdOperation { operations, operator: OPERATOR, at };
        self.report_event(Unit::of(Kind::UitdOperation, vec![object]).write(), urgent);
    }

    fn report_event(&mut self, unit: Vec<u8>, urgent: bool) {
        self.report.happened += 1;
        let message = Message { command: Command::SEND, unit, is_event: true };
        if urgent {
            self.urgent.push_back(message);
        } else {
            self.waiting.push_back(message);
        }
    }

    fn label(&self, now: Timestamp) -> TimeLabel {
        TimeLabel::of(Timestamp(now.as_micros().saturating_add(self.clock_ahead_us)), self.options.digits)
    }
}

fn keep<T>(records: &mut Vec<T>, record: T) {
    if records.len() >= RECORDS_MAX {
        records.remove(0);
    }
    records.push(record);
}
