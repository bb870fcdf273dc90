//! Which devices there are, what was ordered, what was wrong, and how much there is of everything.

use crate::fault::Fault;
use crate::history::{History, QueryError};
use crate::schema;
use rusqlite::Connection;
use watchfire_model::{AlertId, DefectKind, DeviceKey, DeviceName, OrderId, Seq, SiteId, Source, Timestamp, UserName};

/// Most devices, orders or counts of one answer.
pub const LIST_MAX: usize = 1_000;

/// A device that has sent readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Which.
    pub key: DeviceKey,
    /// The receive time of its first reading.
    pub first_received: Timestamp,
    /// The receive time of its last reading as of the last fold: up to some minutes old. The live board knows better.
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
    /// `acknowledge`, `verify`, `forward`, `close` or `reopen`.
    pub kind: String,
    /// About which alert.
    pub alert: AlertId,
    /// The finding of a verification.
    pub verdict: Option<String>,
    /// Why it was false.
    pub cause: Option<String>,
    /// The operator's words, or to whom it was forwarded.
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

impl History {
    /// The devices of a site, by source and name, after the one given.
    ///
    /// # Errors
    /// As the variants say.
    pub fn devices(&self, site: &SiteId, after: Option<&DeviceKey>) -> Result<Vec<DeviceRow>, QueryError> {
        let (source, name) = after.map_or(("", ""), |key| (key.source.as_str(), key.name.as_str()));
        self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT source, name, first_received, last_received FROM devices
                 WHERE site = ?1 AND (source, name) > (?2, ?3) ORDER BY source, name LIMIT ?4",
            )?;
            let mut rows = statement.query((site.as_str(), source, name, limit()))?;
            let mut devices = Vec::new();
            while let Some(row) = rows.next()? {
                let (source, name): (String, String) = (row.get(0)?, row.get(1)?);
                let source = source.parse().map_err(|error| Fault::malformed("a source", error))?;
                let name = DeviceName::new(&name).map_err(|error| Fault::malformed("a device's name", error))?;
                devices.push(DeviceRow {
                    key: DeviceKey { site: site.clone(), source, name },
                    first_received: Timestamp(row.get(2)?),
                    last_received: Timestamp(row.get(3)?),
                });
            }
            Ok(devices)
        })
    }

    /// Orders before that entry, newest first.
    ///
    /// # Errors
    /// As the variants say.
    pub fn orders(&self, before: Option<Seq>) -> Result<Vec<OrderRow>, QueryError> {
        let before = before.map_or(i64::MAX, |seq| seq.0.cast_signed());
        self.ask(|connection| list_orders(connection, before))
    }

    /// Defects of the days from that time on, counted by site, source and kind.
    ///
    /// # Errors
    /// As the variants say.
    pub fn defects(&self, from: Timestamp) -> Result<Vec<DefectCount>, QueryError> {
        self.ask(|connection| list_defects(connection, from))
    }

    /// How much there is of everything.
    ///
    /// # Errors
    /// As the variants say.
    pub fn counts(&self) -> Result<Counts, QueryError> {
        self.ask(|connection| {
            let count = |sql: &str| {
                let found: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
                Ok::<u64, Fault>(found.cast_unsigned())
            };
            let (bytes_used, bytes) = schema::file_bytes(connection)?;
            Ok(Counts {
                readings: count("SELECT coalesce(sum(readings), 0) FROM days")?
                    + count("SELECT coalesce(sum(readings), 0) FROM tail")?,
                alerts: count("SELECT count(*) FROM alerts")?,
                transitions: count("SELECT count(*) FROM transitions")?,
                deliveries: count("SELECT count(*) FROM deliveries")?,
                orders: count("SELECT count(*) FROM orders")?,
                devices: count("SELECT count(*) FROM devices")?,
                series: count("SELECT count(*) FROM series")?,
                entries_given_up: count("SELECT coalesce(sum(to_seq - from_seq + 1), 0) FROM gaps")?,
                bytes_used,
                bytes,
            })
        })
    }
}

fn limit() -> i64 {
    i64::try_from(LIST_MAX).unwrap_or(i64::MAX)
}

fn list_orders(connection: &Connection, before: i64) -> Result<Vec<OrderRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, id, person, kind, alert, verdict, cause, coalesce(note, forward) FROM orders
         WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let mut rows = statement.query((before, limit()))?;
    let mut orders = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, by, alert): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(5)?);
        orders.push(OrderRow {
            seq: Seq(row.get::<_, i64>(0)?.cast_unsigned()),
            at: Timestamp(row.get(1)?),
            id: OrderId::new(&id).map_err(|error| Fault::malformed("an order's id", error))?,
            by: UserName::new(&by).map_err(|error| Fault::malformed("an operator's name", error))?,
            kind: row.get(4)?,
            alert: alert.parse().map_err(|error| Fault::malformed("an order's alert", error))?,
            verdict: row.get(6)?,
            cause: row.get(7)?,
            note: row.get(8)?,
        });
    }
    Ok(orders)
}

fn list_defects(connection: &Connection, from: Timestamp) -> Result<Vec<DefectCount>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT day, site, source, kind, count FROM defects WHERE day >= ?1 ORDER BY day, site, source, kind LIMIT ?2",
    )?;
    let mut rows = statement.query((crate::point::day_of(from.0), limit()))?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let (day, site, source, kind): (i64, String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let known = DefectKind::ALL.iter().find(|known| known.as_str() == kind);
        counts.push(DefectCount {
            day: Timestamp(day.saturating_mul(crate::point::DAY_US)),
            site: SiteId::new(&site).map_err(|error| Fault::malformed("a site", error))?,
            source: source.parse().map_err(|error| Fault::malformed("a source", error))?,
            kind: *known.ok_or_else(|| Fault::malformed("a kind of defect", &kind))?,
            count: row.get::<_, i64>(4)?.cast_unsigned(),
        });
    }
    Ok(counts)
}
