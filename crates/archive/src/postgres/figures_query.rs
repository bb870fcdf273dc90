//! Alerts and outages of a span, and how things stood at a time.

use super::link::Link;
use super::times::At;
use crate::alert_lives::{AlertLife, LIVES_MAX, SpanQuery};
use crate::alerts::AlertsCursor;
use crate::availability::{AVAILABILITY_DEVICES_MAX, KnownDevice};
use crate::fault::Fault;
use crate::state_at::THEN_ALERTS_MAX;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use watchfire_model::{AlertId, AlertRecord, DeviceKey, DeviceName, SiteId, Timestamp, Transition};

/// A page of alerts raised in the span, oldest first.
pub(crate) async fn lives(
    link: &Link,
    query: &SpanQuery,
    after: Option<AlertsCursor>,
) -> Result<Vec<AlertLife>, Fault> {
    let sql = "SELECT state,
            (SELECT min(at) FROM transitions WHERE alert = alerts.id AND step = 'verified'),
            (SELECT min(at) FROM transitions WHERE alert = alerts.id AND step = 'forwarded'),
            (SELECT min(at) FROM transitions WHERE alert = alerts.id AND step = 'closed')
        FROM alerts
        WHERE raised_at >= $1 AND raised_at < $2 AND ($3::text IS NULL OR site = $3)
          AND ($4::timestamptz IS NULL OR (raised_at, id) > ($4, $5 COLLATE \"C\"))
        ORDER BY raised_at, id LIMIT $6";
    let limit = i64::try_from(LIVES_MAX).unwrap_or(i64::MAX);
    let (from, to, site) = (At(query.from.0), At(query.to.0), query.site.as_ref().map(SiteId::as_str));
    let after_at = after.map(|after| At(after.raised_at.0));
    let after_id = after.map(|after| after.id.to_string()).unwrap_or_default();
    let rows = link.query(sql, &[&from, &to, &site, &after_at, &after_id, &limit]).await?;
    rows.iter().map(life_of).collect()
}

/// The alerts that an incident ever had, oldest first.
pub(crate) async fn incident_lives(link: &Link, incident: AlertId) -> Result<Vec<AlertLife>, Fault> {
    let sql = "SELECT state,
            (SELECT min(at) FROM transitions WHERE alert = alerts.id AND step = 'verified'),
            (SELECT min(at) FROM transitions WHERE alert = alerts.id AND step = 'forwarded'),
            (SELECT min(at) FROM transitions WHERE alert = alerts.id AND step = 'closed')
        FROM alerts WHERE id IN (SELECT alert FROM incident_alerts WHERE incident = $1)
        ORDER BY raised_at, id LIMIT $2";
    let limit = i64::try_from(LIVES_MAX).unwrap_or(i64::MAX);
    link.query(sql, &[&incident.to_string(), &limit]).await?.iter().map(life_of).collect()
}

fn life_of(row: &Row) -> Result<AlertLife, Fault> {
    let time = |column: usize| Ok::<_, Fault>(row.try_get::<_, Option<At>>(column)?.map(|at| at.0));
    AlertLife::of(row.try_get(0)?, [time(1)?, time(2)?, time(3)?])
}

/// Transitions of the alerts that say that something was offline in the span, those of each alert together.
pub(crate) async fn offline_transitions(link: &Link, query: &SpanQuery) -> Result<Vec<Transition>, Fault> {
    let sql = "SELECT record FROM alerts JOIN transitions ON transitions.alert = alerts.id
        WHERE alerts.class = 'offline' AND raised_at < $1 AND (condition = 'active' OR changed_at >= $2)
          AND ($3::text IS NULL OR site = $3)
        ORDER BY raised_at, alerts.id, transitions.id";
    let site = query.site.as_ref().map(SiteId::as_str);
    read_transitions(link, sql, &[&At(query.to.0), &At(query.from.0), &site]).await
}

/// Devices first heard before the end of the span, in order. When they were heard last is as of the last
/// [`crate::Store::sync`].
pub(crate) async fn known_devices(link: &Link, query: &SpanQuery) -> Result<Vec<KnownDevice>, Fault> {
    let sql = "SELECT site, source, name, first_received, last_received FROM devices
        WHERE first_received < $1 AND ($2::text IS NULL OR site = $2) ORDER BY site, source, name LIMIT $3";
    let limit = i64::try_from(AVAILABILITY_DEVICES_MAX + 1).unwrap_or(i64::MAX);
    let site = query.site.as_ref().map(SiteId::as_str);
    let rows = link.query(sql, &[&At(query.to.0), &site, &limit]).await?;
    if rows.len() > AVAILABILITY_DEVICES_MAX {
        return Err(Fault::Limit("there are too many devices"));
    }
    rows.iter().map(device_of).collect()
}

fn device_of(row: &Row) -> Result<KnownDevice, Fault> {
    let (site, source, name): (&str, &str, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let key = DeviceKey {
        site: SiteId::new(site).map_err(|error| Fault::malformed("a site", error))?,
        source: source.parse().map_err(|error| Fault::malformed("a source", error))?,
        name: DeviceName::new(name).map_err(|error| Fault::malformed("a device's name", error))?,
    };
    let time = |column: usize| Ok::<_, Fault>(Timestamp(row.try_get::<_, At>(column)?.0));
    Ok(KnownDevice { key, first: time(3)?, last: time(4)? })
}

/// Transitions up to a time of the alerts that were not over then, those of each alert together.
pub(crate) async fn transitions_until(
    link: &Link,
    site: Option<&SiteId>,
    at: Timestamp,
) -> Result<Vec<Transition>, Fault> {
    let sql = "SELECT record FROM transitions JOIN (
            SELECT id AS wanted FROM alerts
            WHERE raised_at <= $1 AND ($2::text IS NULL OR site = $2)
              AND NOT (condition = 'cleared' AND handling = 'closed' AND changed_at <= $1)
            ORDER BY raised_at DESC, id DESC LIMIT $3) AS open_then ON alert = wanted
        WHERE at <= $1 ORDER BY alert, transitions.id";
    let limit = i64::try_from(THEN_ALERTS_MAX).unwrap_or(i64::MAX);
    read_transitions(link, sql, &[&At(at.0), &site.map(SiteId::as_str), &limit]).await
}

async fn read_transitions(
    link: &Link,
    sql: &'static str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Transition>, Fault> {
    let mut transitions = Vec::new();
    for row in link.query(sql, values).await? {
        let record = AlertRecord::decode(row.try_get(0)?);
        transitions.extend(record.map_err(|error| Fault::malformed("a transition", error))?.transitions);
    }
    Ok(transitions)
}
