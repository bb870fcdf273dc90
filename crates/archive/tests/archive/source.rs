//! Logs made of data: entries and alert records that can be delivered to an archive from any position, as often as one
//! likes; and the text of what an archive answers.

use crate::cluster::Peer;
use std::fmt::Write as _;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use watchfire_archive::{
    AlertsQuery, Batch, Cursors, History, ReadingsQuery, Server, ServerOptions, Store, StoreOptions,
};
use watchfire_model::{
    AlertId, AlertRecord, Bilingual, ChannelKind, Class, ContactId, Decoded, Defect, DefectKind, DeliveryId, DeviceKey,
    DeviceName, Evidence, Failure, JournalId, Metric, Order, OrderId, OrderKind, Outcome, PointName, Reading, RuleRef,
    Seq, SiteId, Source, Step, Timestamp, Transition, UserName, Value, Verdict,
};

pub(crate) const JOURNAL: JournalId = JournalId([1; 16]);
pub(crate) const ALERT_JOURNAL: JournalId = JournalId([2; 16]);
/// 2026-03-01T08:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_772_352_000);

/// An entry as the archive sees it.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Frame(SiteId, Decoded),
    Order(Order),
    Outcome(Outcome),
    Tick,
}

/// Both logs of a station.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logs {
    /// Entry n + 1 at index n.
    pub(crate) entries: Vec<(Timestamp, Item)>,
    /// Record n + 1 at index n.
    pub(crate) records: Vec<AlertRecord>,
}

impl Logs {
    pub(crate) fn push(&mut self, second: i64, item: Item) -> Seq {
        self.entries.push((Timestamp(START.0 + second * 1_000_000), item));
        Seq(self.entries.len() as u64)
    }

    /// As [`Logs::transition`], with what the test wants otherwise.
    pub(crate) fn transition_with(
        &mut self,
        alert: AlertId,
        second: i64,
        class: Class,
        step: Step,
        otherwise: impl FnOnce(&mut Transition),
    ) {
        self.transition(alert, second, class, step);
        otherwise(&mut self.records.last_mut().unwrap().transitions[0]);
    }

    pub(crate) fn transition(&mut self, alert: AlertId, second: i64, class: Class, step: Step) {
        let seq = Seq(self.entries.len() as u64);
        let transition = transition(alert, seq, Timestamp(START.0 + second * 1_000_000), class, step);
        self.records.push(AlertRecord { seq, journal: JOURNAL, transitions: vec![transition] });
    }

    /// Puts entries and records into a batch: those after `from`, at most `count` of each.
    pub(crate) fn fill(&self, batch: &mut Batch, from: Cursors, count: usize) {
        let first = usize::try_from(from.entries.0).unwrap();
        for (index, (at, item)) in self.entries.iter().enumerate().skip(first).take(count) {
            let seq = Seq(index as u64 + 1);
            match item {
                Item::Frame(site, decoded) => batch.decoded(seq, *at, site, decoded),
                Item::Order(order) => batch.order(seq, *at, order),
                Item::Outcome(outcome) => batch.outcome(seq, *at, outcome),
                Item::Tick => batch.entry(seq),
            }
        }
        let first = usize::try_from(from.alerts).unwrap();
        for (index, record) in self.records.iter().enumerate().skip(first).take(count) {
            batch.alert(index as u64 + 1, record);
        }
    }

    /// Writes everything that the store does not have yet.
    pub(crate) fn deliver(&self, store: &mut Store) {
        let mut batch = Batch::default();
        self.fill(&mut batch, store.cursors(), usize::MAX);
        store.write(&mut batch).unwrap();
    }
}

/// An archive in a directory or a database of its own.
pub(crate) struct Archive {
    _directory: tempfile::TempDir,
    /// Of one in a file.
    pub(crate) path: PathBuf,
    /// Of one on a server.
    pub(crate) server: Option<Server>,
    options: ServerOptions,
    pub(crate) store: Store,
    pub(crate) history: History,
}

impl Archive {
    pub(crate) fn new(options: StoreOptions) -> Archive {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive.sqlite");
        let store = open(&path, options);
        let history = History::open(&path);
        Archive { _directory: directory, path, server: None, options: SPREAD, store, history }
    }

    pub(crate) fn on_server(server: Server) -> Archive {
        Archive::kept(server, SPREAD)
    }

    /// On a server, with options.
    pub(crate) fn kept(server: Server, options: ServerOptions) -> Archive {
        let store = open_with_lanes(&server, options);
        let history = History::on_server(&server);
        let (directory, path) = (tempfile::tempdir().unwrap(), PathBuf::new());
        Archive { _directory: directory, path, server: Some(server), options, store, history }
    }

    /// In a database that there is.
    pub(crate) fn on_peer(peer: &dyn Peer, database: &str) -> Archive {
        Archive::kept(Server::new(&peer.url(database), None, None).unwrap(), options_of(peer))
    }

    /// The store once more.
    pub(crate) fn again(&self) -> Store {
        let in_file = || open(&self.path, StoreOptions::default());
        self.server.as_ref().map_or_else(in_file, |server| open_with_lanes(server, self.options))
    }
}

/// Every reading over the connection of its device, however few there are.
pub(crate) const SPREAD: ServerOptions =
    ServerOptions { bytes_max: None, connections: NonZeroU16::new(3).unwrap(), spread_readings_min: 1 };

pub(crate) fn open_on(server: &Server) -> Store {
    open_with_lanes(server, SPREAD)
}

pub(crate) fn options_of(peer: &dyn Peer) -> ServerOptions {
    ServerOptions { connections: peer.connections(), ..SPREAD }
}

pub(crate) fn open_with_lanes(server: &Server, options: ServerOptions) -> Store {
    Store::on_server(server, JOURNAL, ALERT_JOURNAL, options).unwrap()
}

pub(crate) fn open(path: &Path, options: StoreOptions) -> Store {
    Store::open_with(path, JOURNAL, ALERT_JOURNAL, options).unwrap()
}

pub(crate) fn site(id: &str) -> SiteId {
    SiteId::new(id).unwrap()
}

pub(crate) fn reading(metric: Metric, value: Value, at: Timestamp) -> Reading {
    Reading { point: PointName::new("main").unwrap(), metric, value, vendor_unit: None, at }
}

/// A frame of a device of site `care` with temperatures at some seconds after the start.
pub(crate) fn temperatures(device: &str, key: Option<&str>, values: &[(i64, f64)]) -> Item {
    let mut decoded = Decoded::new(Source::Watchfire);
    decoded.device = Some(DeviceName::new(device).unwrap());
    decoded.key = key.map(Into::into);
    for (second, value) in values {
        let at = Timestamp(START.0 + second * 1_000_000);
        decoded.readings.push(reading(Metric::Temperature, Value::Number(*value), at));
    }
    Item::Frame(site("care"), decoded)
}

pub(crate) fn defective() -> Item {
    let mut decoded = Decoded::new(Source::Generic);
    decoded.defects.push(Defect { kind: DefectKind::BadJson, detail: "at 0".into() });
    Item::Frame(site("care"), decoded)
}

pub(crate) fn alert_id(cause: Seq) -> AlertId {
    AlertId { journal: JOURNAL, cause, ordinal: 0 }
}

pub(crate) fn key(name: &str) -> DeviceKey {
    DeviceKey { site: site("care"), source: Source::Watchfire, name: DeviceName::new(name).unwrap() }
}

fn transition(alert: AlertId, seq: Seq, at: Timestamp, class: Class, step: Step) -> Transition {
    let evidence = Evidence {
        device: key("smoke-1"),
        point: PointName::new("main").unwrap(),
        metric: Metric::SmokeAlarm,
        value: Value::Bool(true),
        at,
    };
    Transition {
        alert,
        seq,
        at,
        step,
        class,
        severity: class.severity(),
        site: site("care"),
        zone: None,
        device: Some(key("smoke-1")),
        point: Some(PointName::new("main").unwrap()),
        rule: RuleRef { name: "own_alarm".into(), version: 1 },
        reason: Bilingual::new("smoke at 08:00", "八点有烟"),
        evidence: vec![evidence],
        marks: Default::default(),
    }
}

pub(crate) fn delivery(alert: AlertId, attempt: u32) -> DeliveryId {
    let contact = ContactId::new("night-desk").unwrap();
    DeliveryId { alert, cause: alert.cause, contact, channel: ChannelKind::Sms, attempt }
}

pub(crate) fn by() -> UserName {
    UserName::new("li").unwrap()
}

/// A fire from its alarm to its end, with everybody who was told.
pub(crate) fn a_fire() -> Logs {
    let mut logs = Logs::default();
    let mut smoke = Decoded::new(Source::Watchfire);
    smoke.device = Some(DeviceName::new("smoke-1").unwrap());
    smoke.readings.push(reading(Metric::SmokeAlarm, Value::Bool(true), START));
    let cause = logs.push(0, Item::Frame(site("care"), smoke));
    let alert = alert_id(cause);
    logs.transition(alert, 0, Class::Fire, Step::Raised);
    logs.push(1, Item::Tick);
    logs.push(1, Item::Outcome(Outcome::Attempt { delivery: delivery(alert, 1) }));
    let failure = Failure::Throttled { wait_s: 5 };
    logs.push(2, Item::Outcome(Outcome::Failed { delivery: delivery(alert, 1), failure, detail: "queue full".into() }));
    logs.push(7, Item::Outcome(Outcome::Attempt { delivery: delivery(alert, 2) }));
    logs.push(8, Item::Outcome(Outcome::Attempt { delivery: delivery(alert, 2) }));
    logs.push(9, Item::Outcome(Outcome::Delivered { delivery: delivery(alert, 2), receipt: "0: accepted".into() }));
    let order = |id: &str, kind| Item::Order(Order { id: OrderId::new(id).unwrap(), by: by(), kind });
    logs.push(20, order("o-1", OrderKind::Acknowledge { alert }));
    logs.transition(alert, 20, Class::Fire, Step::Acknowledged { by: by() });
    let (verdict, note) = (Verdict::Real, "flames seen 见火".to_owned());
    logs.push(60, order("o-2", OrderKind::Verify { alert, verdict, note: note.clone() }));
    logs.transition(alert, 60, Class::Fire, Step::Verified { by: by(), verdict, note });
    logs.push(61, order("o-3", OrderKind::Forward { alert, to: "119".into() }));
    logs.transition(alert, 61, Class::Fire, Step::Forwarded { by: by(), to: "119".into() });
    logs.push(90, defective());
    logs.push(3_600, order("o-4", OrderKind::Close { alert, note: "out".into() }));
    logs.transition(alert, 3_600, Class::Fire, Step::Cleared);
    logs.transition(alert, 3_600, Class::Fire, Step::Closed { by: by(), note: "out".into() });
    logs
}

/// All readings of a device, or as few as asked for.
pub(crate) fn ask(device: &str, points_max: usize) -> ReadingsQuery {
    let device = DeviceName::new(device).unwrap();
    let (from, to) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    ReadingsQuery { site: site("care"), source: Source::Watchfire, device, from, to, points_max }
}

/// The readings of a device as `seconds after the start=value`.
pub(crate) fn show_readings(history: &History, query: &ReadingsQuery) -> String {
    let mut out = String::new();
    for series in history.readings(query).unwrap() {
        write!(out, "{} {} [{}]:", series.point, series.metric, series.unit.unwrap_or_default()).unwrap();
        for point in series.points {
            let second = (point.at.0 - START.0) as f64 / 1e6;
            match point.value {
                Value::Bool(value) => write!(out, " {second}={value}"),
                Value::Number(value) => write!(out, " {second}={value}"),
            }
            .unwrap();
        }
        out.push('\n');
    }
    out
}

/// Everything that an archive of few things answers.
pub(crate) fn show(history: &History) -> String {
    let mut out = String::new();
    let page = history.alerts(&AlertsQuery { limit: 100, ..AlertsQuery::default() }).unwrap();
    for alert in page.alerts {
        let found = history.alert(alert.id).unwrap().unwrap();
        assert_eq!(found.alert, alert);
        let (class, reason) = (alert.class.as_str(), &alert.reason);
        writeln!(out, "alert {} {class} {:?} {:?} {:?}", alert.id, alert.condition, alert.handling, alert.verdict)
            .unwrap();
        writeln!(out, "  {} / {} raised {} changed {}", reason.en, reason.zh, alert.raised_at, alert.changed_at)
            .unwrap();
        for transition in found.transitions {
            writeln!(out, "  {} {} {:?}", transition.at, transition.seq, transition.step).unwrap();
        }
        for row in found.deliveries {
            let (to, how, state) = (&row.contact, row.channel.as_str(), row.state);
            write!(out, "  to {to} by {how}, attempt {}, sends {}: {state:?} ", row.attempt, row.sends).unwrap();
            writeln!(out, "{} {} {}", row.started_at, row.changed_at, row.detail).unwrap();
        }
    }
    for row in history.orders(None).unwrap() {
        write!(out, "order {} {} {} by {} {} ", row.seq, row.at, row.id, row.by, row.kind).unwrap();
        writeln!(out, "{} {:?} {:?} {:?}", row.alert.unwrap(), row.verdict, row.cause, row.note).unwrap();
    }
    for row in history.defects(Timestamp(0)).unwrap() {
        writeln!(out, "defects {} {} {} {}: {}", row.day, row.site, row.source, row.kind.as_str(), row.count).unwrap();
    }
    for row in history.devices(&site("care"), None).unwrap() {
        writeln!(out, "device {} first {}", row.key, row.first_received).unwrap();
        out.push_str(&show_readings(history, &ask(row.key.name.as_str(), 20_000)));
    }
    out
}
