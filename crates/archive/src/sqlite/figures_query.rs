//! Alerts and outages of a span, and how things stood at a time.

use super::tail;
use crate::alert_lives::{AlertLife, LIVES_MAX, SpanQuery};
use crate::alerts::AlertsCursor;
use crate::availability::{AVAILABILITY_DEVICES_MAX, KnownDevice};
use crate::fault::Fault;
use crate::state_at::THEN_ALERTS_MAX;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params, params_from_iter};
use std::collections::HashMap;
use watchfire_model::{AlertId, AlertRecord, DeviceKey, DeviceName, SiteId, Timestamp, Transition};

/// A page of alerts raised in the span, oldest first.
pub(crate) fn lives(
    connection: &Connection,
    query: &SpanQuery,
    after: Option<AlertsCursor>,
) -> Result<Vec<AlertLife>, Fault> {
    let mut wanted = "raised_at >= ? AND raised_at < ?".to_owned();
    let mut values: Vec<SqlValue> = vec![query.from.0.into(), query.to.0.into()];
    if let Some(site) = &query.site {
        wanted.push_str(" AND site = ?");
        values.push(site.as_str().to_owned().into());
    }
    if let Some(after) = after {
        wanted.push_str(" AND (raised_at, id) > (?, ?)");
        values.push(after.raised_at.0.into());
        values.push(after.id.to_string().into());
    }
    read_lives(connection, &wanted, params_from_iter(values))
}

/// The alerts that an incident ever had, oldest first.
pub(crate) fn incident_lives(connection: &Connection, incident: AlertId) -> Result<Vec<AlertLife>, Fault> {
    let wanted = "id IN (SELECT alert FROM incident_alerts WHERE incident = ?1)";
    read_lives(connection, wanted, [incident.to_string()])
}

fn read_lives(connection: &Connection, wanted: &str, values: impl rusqlite::Params) -> Result<Vec<AlertLife>, Fault> {
    let first = |step: &str| format!("(SELECT min(at) FROM transitions WHERE alert = alerts.id AND step = '{step}')");
    let [verified, forwarded, closed] = ["verified", "forwarded", "closed"].map(first);
    let sql = format!(
        "SELECT state, {verified}, {forwarded}, {closed} FROM alerts
         WHERE {wanted} ORDER BY raised_at, id LIMIT {LIVES_MAX}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let mut lives = Vec::new();
    while let Some(row) = rows.next()? {
        let times = [row.get(1)?, row.get(2)?, row.get(3)?];
        lives.push(AlertLife::of(&row.get::<_, Vec<u8>>(0)?, times)?);
    }
    Ok(lives)
}

/// Transitions of the alerts that say that something was offline in the span, those of each alert together.
pub(crate) fn offline_transitions(connection: &Connection, query: &SpanQuery) -> Result<Vec<Transition>, Fault> {
    let sql = "SELECT record FROM alerts JOIN transitions ON transitions.alert = alerts.id
        WHERE alerts.class = 'offline' AND raised_at < ?1 AND (condition = 'active' OR changed_at >= ?2)
          AND (?3 IS NULL OR site = ?3)
        ORDER BY raised_at, alerts.id, transitions.id";
    let site = query.site.as_ref().map(SiteId::as_str);
    read_transitions(connection, sql, params![query.to.0, query.from.0, site])
}

/// Devices first heard before the end of the span, in order.
pub(crate) fn known_devices(connection: &Connection, query: &SpanQuery) -> Result<Vec<KnownDevice>, Fault> {
    let heard = heard_since_folding(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT site, source, name, first_received, last_received, id FROM devices
         WHERE first_received < ?1 AND (?2 IS NULL OR site = ?2) ORDER BY site, source, name",
    )?;
    let mut rows = statement.query(params![query.to.0, query.site.as_ref().map(SiteId::as_str)])?;
    let mut devices = Vec::new();
    while let Some(row) = rows.next()? {
        if devices.len() >= AVAILABILITY_DEVICES_MAX {
            return Err(Fault::Limit("there are too many devices"));
        }
        let (site, source, name): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let key = DeviceKey {
            site: SiteId::new(&site).map_err(|error| Fault::malformed("a site", error))?,
            source: source.parse().map_err(|error| Fault::malformed("a source", error))?,
            name: DeviceName::new(&name).map_err(|error| Fault::malformed("a device's name", error))?,
        };
        let (last, id): (i64, i64) = (row.get(4)?, row.get(5)?);
        let last = heard.get(&id).map_or(last, |heard| last.max(*heard));
        devices.push(KnownDevice { key, first: Timestamp(row.get(3)?), last: Timestamp(last) });
    }
    Ok(devices)
}

/// When the devices of the tail were heard last: their rows learn it with the next folding only.
fn heard_since_folding(connection: &Connection) -> Result<HashMap<i64, i64>, Fault> {
    let mut heard = HashMap::new();
    tail::for_each_frame(connection, (i64::MIN, i64::MAX), |frame| {
        let last = heard.entry(frame.device).or_insert(frame.received);
        *last = frame.received.max(*last);
        Ok(())
    })?;
    Ok(heard)
}

/// Transitions up to a time of the alerts that were not over then, those of each alert together.
pub(crate) fn transitions_until(
    connection: &Connection,
    site: Option<&SiteId>,
    at: Timestamp,
) -> Result<Vec<Transition>, Fault> {
    let sql = format!(
        "SELECT record FROM transitions JOIN (
            SELECT id AS wanted FROM alerts
            WHERE raised_at <= ?1 AND (?2 IS NULL OR site = ?2)
              AND NOT (condition = 'cleared' AND handling = 'closed' AND changed_at <= ?1)
            ORDER BY raised_at DESC, id DESC LIMIT {THEN_ALERTS_MAX}) ON alert = wanted
         WHERE at <= ?1 ORDER BY alert, transitions.id"
    );
    read_transitions(connection, &sql, params![at.0, site.map(SiteId::as_str)])
}

fn read_transitions(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<Transition>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut transitions = Vec::new();
    while let Some(row) = rows.next()? {
        let record = AlertRecord::decode(&row.get::<_, Vec<u8>>(0)?);
        transitions.extend(record.map_err(|error| Fault::malformed("a transition", error))?.transitions);
    }
    Ok(transitions)
}
