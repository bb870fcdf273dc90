//! Which devices there are, what was ordered, what was wrong, and how much there is of everything.

use super::schema;
use crate::fault::Fault;
use crate::registry::{Counts, DefectCount, DeviceRow, LIST_MAX, OrderRow};
use rusqlite::Connection;
use watchfire_model::{DefectKind, DeviceKey, DeviceName, OrderId, Seq, SiteId, Timestamp, UserName};

/// The devices of a site, by source and name, after the one given.
pub(crate) fn devices(
    connection: &Connection,
    site: &SiteId,
    after: Option<&DeviceKey>,
) -> Result<Vec<DeviceRow>, Fault> {
    let (source, name) = after.map_or(("", ""), |key| (key.source.as_str(), key.name.as_str()));
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
}

/// How much there is of everything.
pub(crate) fn counts(connection: &Connection) -> Result<Counts, Fault> {
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
}

fn limit() -> i64 {
    i64::try_from(LIST_MAX).unwrap_or(i64::MAX)
}

/// Orders before that entry, newest first.
pub(crate) fn orders(connection: &Connection, before: i64) -> Result<Vec<OrderRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, id, person, kind, alert, verdict, cause, coalesce(note, forward) FROM orders
         WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let mut rows = statement.query((before, limit()))?;
    let mut orders = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, by, alert): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(5)?);
        let alert = (!alert.is_empty()).then(|| alert.parse()).transpose();
        orders.push(OrderRow {
            seq: Seq(row.get::<_, i64>(0)?.cast_unsigned()),
            at: Timestamp(row.get(1)?),
            id: OrderId::new(&id).map_err(|error| Fault::malformed("an order's id", error))?,
            by: UserName::new(&by).map_err(|error| Fault::malformed("an operator's name", error))?,
            kind: row.get(4)?,
            alert: alert.map_err(|error| Fault::malformed("an order's alert", error))?,
            verdict: row.get(6)?,
            cause: row.get(7)?,
            note: row.get(8)?,
        });
    }
    Ok(orders)
}

/// Defects of the days from that time on.
pub(crate) fn defects(connection: &Connection, from: Timestamp) -> Result<Vec<DefectCount>, Fault> {
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
