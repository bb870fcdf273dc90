//! Which devices there are, what was ordered, what was wrong, and how much there is of everything.

use super::link::Link;
use super::retention;
use super::times::{At, Day};
use crate::fault::Fault;
use crate::point::day_of;
use crate::registry::{Counts, DefectCount, DeviceRow, LIST_MAX, OrderRow};
use watchfire_model::{DefectKind, DeviceKey, DeviceName, OrderId, Seq, SiteId, Timestamp, UserName};

/// The devices of a site, by source and name, after the one given.
pub(crate) async fn devices(link: &Link, site: &SiteId, after: Option<&DeviceKey>) -> Result<Vec<DeviceRow>, Fault> {
    let (source, name) = after.map_or(("", ""), |key| (key.source.as_str(), key.name.as_str()));
    let sql = "SELECT source, name, first_received, last_received FROM devices
        WHERE site = $1 AND (source, name) > ($2 COLLATE \"C\", $3 COLLATE \"C\") ORDER BY source, name LIMIT $4";
    let mut devices = Vec::new();
    for row in link.query(sql, &[&site.as_str(), &source, &name, &limit()]).await? {
        let (source, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let source = source.parse().map_err(|error| Fault::malformed("a source", error))?;
        let name = DeviceName::new(name).map_err(|error| Fault::malformed("a device's name", error))?;
        devices.push(DeviceRow {
            key: DeviceKey { site: site.clone(), source, name },
            first_received: Timestamp(row.try_get::<_, At>(2)?.0),
            last_received: Timestamp(row.try_get::<_, At>(3)?.0),
        });
    }
    Ok(devices)
}

/// How much there is of everything.
pub(crate) async fn counts(link: &Link) -> Result<Counts, Fault> {
    let sql = "SELECT (SELECT coalesce(sum(readings), 0)::bigint FROM days) + (SELECT count(*) FROM stray_readings),
        (SELECT count(*) FROM alerts), (SELECT count(*) FROM transitions), (SELECT count(*) FROM deliveries),
        (SELECT count(*) FROM orders), (SELECT count(*) FROM devices), (SELECT count(*) FROM series),
        (SELECT coalesce(sum(to_seq - from_seq + 1), 0)::bigint FROM gaps)";
    let row = link.row(sql, &[]).await?.ok_or_else(|| Fault::malformed("the counts", "no answer"))?;
    let count = |column: usize| Ok::<u64, Fault>(row.try_get::<_, i64>(column)?.unsigned_abs());
    let bytes = retention::bytes_used(link).await?;
    Ok(Counts {
        readings: count(0)?,
        alerts: count(1)?,
        transitions: count(2)?,
        deliveries: count(3)?,
        orders: count(4)?,
        devices: count(5)?,
        series: count(6)?,
        entries_given_up: count(7)?,
        bytes_used: bytes,
        bytes,
    })
}

/// Orders before that entry, newest first.
pub(crate) async fn orders(link: &Link, before: i64) -> Result<Vec<OrderRow>, Fault> {
    let sql = "SELECT seq, at, id, person, kind, alert, verdict, cause, coalesce(note, forward) FROM orders
        WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
    let mut orders = Vec::new();
    for row in link.query(sql, &[&before, &limit()]).await? {
        let (id, by, alert): (&str, &str, &str) = (row.try_get(2)?, row.try_get(3)?, row.try_get(5)?);
        let alert = (!alert.is_empty()).then(|| alert.parse()).transpose();
        orders.push(OrderRow {
            seq: Seq(row.try_get::<_, i64>(0)?.cast_unsigned()),
            at: Timestamp(row.try_get::<_, At>(1)?.0),
            id: OrderId::new(id).map_err(|error| Fault::malformed("an order's id", error))?,
            by: UserName::new(by).map_err(|error| Fault::malformed("an operator's name", error))?,
            kind: row.try_get(4)?,
            alert: alert.map_err(|error| Fault::malformed("an order's alert", error))?,
            verdict: row.try_get(6)?,
            cause: row.try_get(7)?,
            note: row.try_get(8)?,
        });
    }
    Ok(orders)
}

/// Defects of the days from that time on.
pub(crate) async fn defects(link: &Link, from: Timestamp) -> Result<Vec<DefectCount>, Fault> {
    let sql = "SELECT day, site, source, kind, count FROM defects WHERE day >= $1
        ORDER BY day, site, source, kind LIMIT $2";
    let mut counts = Vec::new();
    for row in link.query(sql, &[&Day(day_of(from.0)), &limit()]).await? {
        let (site, source, kind): (&str, &str, &str) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let known = DefectKind::ALL.iter().find(|known| known.as_str() == kind);
        counts.push(DefectCount {
            day: Timestamp(row.try_get::<_, Day>(0)?.start()),
            site: SiteId::new(site).map_err(|error| Fault::malformed("a site", error))?,
            source: source.parse().map_err(|error| Fault::malformed("a source", error))?,
            kind: *known.ok_or_else(|| Fault::malformed("a kind of defect", kind))?,
            count: row.try_get::<_, i64>(4)?.unsigned_abs(),
        });
    }
    Ok(counts)
}

fn limit() -> i64 {
    i64::try_from(LIST_MAX).unwrap_or(i64::MAX)
}
