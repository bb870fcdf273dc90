//! A journal, a schedule that folds it, and devices that speak when the test says so.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use watchfire_inspection::{Inspection, InspectionEvent, PanelCommand, Refusal, Stamp};
use watchfire_model::{
    Bilingual, DeviceKey, DeviceName, Frame, JournalId, Link, Notice, Order, OrderId, OrderKind, Seq, Site, SiteId,
    SiteKind, Sites, Source, Started, Timestamp, TransmissionDevice, UserName,
};
use watchfire_wire::gbt26875::{
    Address, Command, Dialect, Dialects, Digits, Envelope, Kind, Object, TimeLabel, Unit, Version,
};

/// The journal of every test.
pub(crate) const JOURNAL: JournalId = JournalId([7; 16]);
/// What the devices call us.
const CENTRE: u64 = 1;

/// An entry as the journal keeps it.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Frame(SiteId, Vec<u8>),
    Tick,
    Order(Order),
    Setup(Box<Sites>),
    Started,
    Notice(Notice),
}

/// The schedule with its journal.
pub(crate) struct Play {
    pub(crate) inspection: Inspection,
    pub(crate) journal: Vec<(Stamp, Kept)>,
    pub(crate) now: Timestamp,
}

impl Play {
    pub(crate) fn new(begin: Timestamp) -> Play {
        Play { inspection: Inspection::new(JOURNAL), journal: Vec::new(), now: begin }
    }

    /// Journals an entry and applies it.
    pub(crate) fn keep(&mut self, entry: Kept) -> Option<Refusal> {
        let stamp = Stamp { seq: Seq(self.journal.len() as u64 + 1), at: self.now };
        let refusal = apply(&mut self.inspection, stamp, &entry);
        self.journal.push((stamp, entry));
        refusal
    }

    /// What the device of that name sends.
    pub(crate) fn says(&mut self, site: &SiteId, name: &str, serial: u16, command: Command, unit: &[u8]) {
        let sent = TimeLabel::of(self.now, digits_of(name));
        let bytes = frame(name, serial, command, unit, sent);
        self.keep(Kept::Frame(site.clone(), bytes));
    }

    /// Lets time pass up to `to`, with a tick at every second at which something is due; `seen` gets what is to be sent.
    pub(crate) fn run(&mut self, to: Timestamp, mut seen: impl FnMut(&mut Play, Vec<PanelCommand>, Vec<Notice>)) {
        loop {
            let wake = self.inspection.wake_at().map(|wake| whole_second(wake.max(self.now)));
            let Some(wake) = wake.filter(|wake| *wake <= to) else { break };
            self.now = wake;
            self.keep(Kept::Tick);
            let (due, notices) = (self.inspection.due(), self.inspection.notices());
            seen(self, due, notices);
        }
        self.now = self.now.max(to);
        self.keep(Kept::Tick);
        let (due, notices) = (self.inspection.due(), self.inspection.notices());
        seen(self, due, notices);
    }

    /// The process dies; another begins from the journal, or from a snapshot and the journal behind it.
    pub(crate) fn restart(&mut self, from: Option<(usize, Vec<u8>)>) {
        let (begin, mut inspection) = match from {
            Some((begin, bytes)) => (begin, Inspection::restore(JOURNAL, &bytes).unwrap()),
            None => (0, Inspection::new(JOURNAL)),
        };
        for (stamp, entry) in self.journal.iter().skip(begin) {
            apply(&mut inspection, *stamp, entry);
        }
        self.inspection = inspection;
        self.keep(Kept::Started);
    }
}

pub(crate) fn apply(inspection: &mut Inspection, stamp: Stamp, entry: &Kept) -> Option<Refusal> {
    let dialects = dialects();
    match entry {
        Kept::Frame(site, payload) => {
            let (identity, device, topic, link) = ("panels", "", "panels/1", Link::Gbt26875Tcp);
            let frame = Frame { site: site.as_str(), identity, device, link, topic, payload };
            inspection.apply(stamp, &InspectionEvent::Frame(&frame))
        }
        Kept::Tick => inspection.apply(stamp, &InspectionEvent::Tick),
        Kept::Order(order) => inspection.apply(stamp, &InspectionEvent::Order(order)),
        Kept::Setup(sites) => inspection.apply(stamp, &InspectionEvent::Setup { sites, dialects: &dialects }),
        Kept::Started => inspection.apply(stamp, &InspectionEvent::Started(&started(stamp.at))),
        Kept::Notice(notice) => inspection.apply(stamp, &InspectionEvent::Notice(notice)),
    }
}

/// Devices from 9000 on write their times in BCD.
fn dialects() -> Dialects {
    let bcd = Dialect { time: Digits::Bcd, ..Dialect::default() };
    let spoken: BTreeMap<_, _> = [("9001".into(), "bcd".into())].into();
    Dialects { dialects: [("bcd".into(), bcd)].into(), spoken_by: [("tower".into(), spoken)].into() }
}

pub(crate) fn digits_of(name: &str) -> Digits {
    if name == "9001" { Digits::Bcd } else { Digits::Binary }
}

pub(crate) fn frame(name: &str, serial: u16, command: Command, unit: &[u8], sent: TimeLabel) -> Vec<u8> {
    let envelope = Envelope {
        serial,
        version: Version { major: 1, user: 1 },
        sent,
        source: Address::new(name.parse().unwrap()).unwrap(),
        destination: Address::new(CENTRE).unwrap(),
        command,
        unit,
    };
    envelope.write().unwrap()
}

/// The answer of a device to a read: everything in it is plain. `None` for a command.
pub(crate) fn answer(kind: Kind, now: Timestamp, digits: Digits) -> Option<Vec<u8>> {
    use watchfire_wire::gbt26875::System;
    let (system, at) = (System { kind: 1, address: 0 }, TimeLabel::of(now, digits));
    let object = match kind {
        Kind::ReadSystemState => Object::SystemState { system, state: 1, at },
        Kind::ReadUitdState => Object::UitdState { state: 1, at: Some(at) },
        Kind::ReadUitdVersion => Object::UitdVersion { version: [2, 4] },
        Kind::ReadUitdConfiguration => Object::UitdConfiguration { text: b"8 loops" },
        Kind::ReadUitdTime => Object::UitdTime { at },
        _ => return None,
    };
    Some(Unit::of(kind.answer()?, vec![object]).write())
}

/// The guard's key press.
pub(crate) fn key_press(operator: u8, now: Timestamp, digits: Digits) -> Vec<u8> {
    let at = TimeLabel::of(now, digits);
    Unit::of(Kind::UitdOperation, vec![Object::UitdOperation { operations: 1 << 5, operator, at }]).write()
}

fn started(wall: Timestamp) -> Started {
    Started { build: String::new(), engine_version: 1, wall, boot_id: [0; 16], boot_us: 0, down_us: 0 }
}

pub(crate) fn site_id(name: &str) -> SiteId {
    SiteId::new(name).unwrap()
}

pub(crate) fn key(site: &str, name: &str) -> DeviceKey {
    DeviceKey { site: site_id(site), source: Source::Gbt26875, name: DeviceName::new(name).unwrap() }
}

pub(crate) fn order(id: &str, kind: OrderKind) -> Kept {
    Kept::Order(Order { id: OrderId::new(id).unwrap(), by: UserName::new("wang").unwrap(), kind })
}

/// Site → its devices.
pub(crate) fn sites(devices: &[(SiteId, Vec<TransmissionDevice>)]) -> Kept {
    let site = |devices: &Vec<TransmissionDevice>| Site {
        name: Bilingual::new("Tower", "大厦"),
        kind: SiteKind::Building,
        address: Bilingual::default(),
        time_zone: "Asia/Shanghai".to_owned(),
        zones: BTreeMap::new(),
        devices: Vec::new(),
        identities: BTreeMap::new(),
        ladder: Vec::new(),
        transmission_devices: devices.clone(),
        premises: Default::default(),
    };
    let sites = devices.iter().map(|(id, devices)| (id.clone(), site(devices))).collect();
    Kept::Setup(Box::new(Sites { sites, contacts: BTreeMap::new() }))
}

fn whole_second(at: Timestamp) -> Timestamp {
    let micros = at.as_micros();
    Timestamp(micros.div_euclid(1_000_000) * 1_000_000 + if micros.rem_euclid(1_000_000) > 0 { 1_000_000 } else { 0 })
}
