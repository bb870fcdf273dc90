//! Alerts of the past: pages of them, and everything about one.

use super::alert_rows::read_state;
use crate::alert_words::{decode_state, delivery_state};
use crate::alerts::{AlertHistory, AlertsPage, AlertsQuery, DELIVERIES_MAX, DeliveryRow, TRANSITIONS_MAX};
use crate::fault::Fault;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Row, params_from_iter};
use watchfire_model::{Alert, AlertId, AlertRecord, ChannelKind, ContactId, Seq, Timestamp, Transition};

/// A page of alerts, newest first.
pub(crate) fn alerts(connection: &Connection, query: &AlertsQuery) -> Result<AlertsPage, Fault> {
    Ok(AlertsPage::of(list_alerts(connection, query, query.limit() + 1)?, query.limit()))
}

/// Everything about one alert.
pub(crate) fn alert(connection: &Connection, id: AlertId) -> Result<Option<AlertHistory>, Fault> {
    let Some(alert) = read_state(connection, id)? else { return Ok(None) };
    let transitions = list_transitions(connection, id)?;
    let deliveries = list_deliveries(connection, id)?;
    Ok(Some(AlertHistory { alert, transitions, deliveries }))
}

fn list_alerts(connection: &Connection, query: &AlertsQuery, limit: usize) -> Result<Vec<Alert>, Fault> {
    let mut wanted = vec!["1"];
    let mut values = Vec::<SqlValue>::new();
    if let Some(class) = query.class {
        wanted.push("class = ?");
        values.push(class.as_str().to_owned().into());
    }
    if let Some(site) = &query.site {
        wanted.push("site = ?");
        values.push(site.as_str().to_owned().into());
    }
    if let Some(from) = query.from {
        wanted.push("raised_at >= ?");
        values.push(from.0.into());
    }
    if let Some(before) = query.before {
        wanted.push("(raised_at, id) < (?, ?)");
        values.push(before.raised_at.0.into());
        values.push(before.id.to_string().into());
    }
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let wanted = wanted.join(" AND ");
    let sql = format!("SELECT state FROM alerts WHERE {wanted} ORDER BY raised_at DESC, id DESC LIMIT ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut alerts = Vec::new();
    while let Some(row) = rows.next()? {
        alerts.push(decode_state(&row.get::<_, Vec<u8>>(0)?)?);
    }
    Ok(alerts)
}

fn list_transitions(connection: &Connection, id: AlertId) -> Result<Vec<Transition>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT record FROM transitions WHERE alert = ?1 ORDER BY id DESC LIMIT ?2")?;
    let limit = i64::try_from(TRANSITIONS_MAX).unwrap_or(i64::MAX);
    let mut rows = statement.query((id.to_string(), limit))?;
    let mut transitions = Vec::new();
    while let Some(row) = rows.next()? {
        let record = AlertRecord::decode(&row.get::<_, Vec<u8>>(0)?);
        transitions.extend(record.map_err(|error| Fault::malformed("a transition", error))?.transitions);
    }
    transitions.reverse();
    Ok(transitions)
}

fn list_deliveries(connection: &Connection, id: AlertId) -> Result<Vec<DeliveryRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT contact, channel, attempt, cause, state, failure, wait_s, sends, started_at, changed_at, detail
         FROM deliveries WHERE alert = ?1 ORDER BY started_at DESC, id DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(DELIVERIES_MAX).unwrap_or(i64::MAX);
    let mut rows = statement.query((id.to_string(), limit))?;
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next()? {
        deliveries.push(delivery_of(row)?);
    }
    deliveries.reverse();
    Ok(deliveries)
}

fn delivery_of(row: &Row<'_>) -> Result<DeliveryRow, Fault> {
    let (contact, channel): (String, String) = (row.get(0)?, row.get(1)?);
    let known = ChannelKind::ALL.iter().find(|kind| kind.as_str() == channel);
    Ok(DeliveryRow {
        contact: ContactId::new(&contact).map_err(|error| Fault::malformed("a contact", error))?,
        channel: *known.ok_or_else(|| Fault::malformed("a channel", &channel))?,
        attempt: row.get(2)?,
        cause: Seq(row.get::<_, i64>(3)?.cast_unsigned()),
        state: delivery_state(&row.get::<_, String>(4)?, row.get::<_, Option<String>>(5)?.as_deref(), row.get(6)?)?,
        sends: row.get(7)?,
        started_at: Timestamp(row.get(8)?),
        changed_at: Timestamp(row.get(9)?),
        detail: row.get(10)?,
    })
}
