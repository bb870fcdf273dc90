//! Answers about devices, orders, defects, and how much there is of everything.

use watchfire_model::{AlertId, DefectKind, DeviceKey, OrderId, Seq, SiteId, Source, Timestamp, UserName};

/// Most devices, orders or counts of one answer.
pub const LIST_MAX: usize = 1_000;

/// A device that has sent readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Which.
    pub key: DeviceKey,
    /// The receive time of its first reading.
    pub first_received: Timestamp,
    /// The receive time of its last reading as of the last fold of a file, or the last sync with a server. The live board
    /// knows better.
    pub last_received: Timestamp,
}

/// An order that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Its entry.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// Its idempotency key.
    pub id: OrderId,
    /// Who.
    pub by: UserName,
    /// The order's name ([`OrderKind::as_str`](watchfire_model::OrderKind::as_str)).
    pub kind: String,
    /// About which alert; `None` when it was for transmission devices.
    pub alert: Option<AlertId>,
    /// The finding of a verification.
    pub verdict: Option<String>,
    /// Why it was false.
    pub cause: Option<String>,
    /// The operator's words, to whom it was forwarded, or the whole order to transmission devices as JSON.
    pub note: Option<String>,
}

/// Defects of one kind on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefectCount {
    /// The UTC day's beginning.
    pub day: Timestamp,
    /// In frames of which site.
    pub site: SiteId,
    /// In which form.
    pub source: Source,
    /// Which kind.
    pub kind: DefectKind,
    /// How many.
    pub count: u64,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Readings held. A repeat that came a fold later than the first counts until they share a block; answers never
    /// hold it.
    pub readings: u64,
    /// Alerts.
    pub alerts: u64,
    /// Transitions of alerts.
    pub transitions: u64,
    /// Attempts to tell somebody.
    pub deliveries: u64,
    /// Orders.
    pub orders: u64,
    /// Devices.
    pub devices: u64,
    /// Series of readings.
    pub series: u64,
    /// Entries that were given up before they were archived.
    pub entries_given_up: u64,
    /// Bytes of the file that hold something.
    pub bytes_used: u64,
    /// Bytes of the file.
    pub bytes: u64,
}
