//! Alerts of the past: pages of them, and everything about one.

use super::alert_rows::read_state;
use super::link::Link;
use super::times::At;
use crate::alert_words::{decode_state, delivery_state};
use crate::alerts::{AlertHistory, AlertsPage, AlertsQuery, DELIVERIES_MAX, DeliveryRow, TRANSITIONS_MAX};
use crate::fault::Fault;
use tokio_postgres::Row;
use watchfire_model::{Alert, AlertId, AlertRecord, ChannelKind, ContactId, Seq, Timestamp, Transition};

/// A page of alerts, newest first.
pub(crate) async fn alerts(link: &Link, query: &AlertsQuery) -> Result<AlertsPage, Fault> {
    // Planned for the values that are there, so that a condition on nothing costs nothing.
    let sql = "SELECT state FROM alerts
        WHERE ($1::text IS NULL OR class = $1) AND ($2::text IS NULL OR site = $2)
          AND ($3::timestamptz IS NULL OR raised_at >= $3)
          AND ($4::timestamptz IS NULL OR (raised_at, id) < ($4, $5 COLLATE \"C\"))
        ORDER BY raised_at DESC, id DESC LIMIT $6";
    let class = query.class.map(|class| class.as_str());
    let site = query.site.as_ref().map(|site| site.as_str());
    let from = query.from.map(|from| At(from.0));
    let before = query.before.map(|before| At(before.raised_at.0));
    let before_id = query.before.map(|before| before.id.to_string()).unwrap_or_default();
    let limit = i64::try_from(query.limit() + 1).unwrap_or(i64::MAX);
    let rows = link.query(sql, &[&class, &site, &from, &before, &before_id, &limit]).await?;
    let alerts: Result<Vec<Alert>, Fault> = rows.iter().map(|row| decode_state(row.try_get(0)?)).collect();
    Ok(AlertsPage::of(alerts?, query.limit()))
}

/// Everything about one alert.
pub(crate) async fn alert(link: &Link, id: AlertId) -> Result<Option<AlertHistory>, Fault> {
    let Some(alert) = read_state(link, id).await? else { return Ok(None) };
    let transitions = list_transitions(link, id).await?;
    let deliveries = list_deliveries(link, id).await?;
    Ok(Some(AlertHistory { alert, transitions, deliveries }))
}

async fn list_transitions(link: &Link, id: AlertId) -> Result<Vec<Transition>, Fault> {
    let sql = "SELECT record FROM transitions WHERE alert = $1 ORDER BY id DESC LIMIT $2";
    let limit = i64::try_from(TRANSITIONS_MAX).unwrap_or(i64::MAX);
    let mut transitions = Vec::new();
    for row in link.query(sql, &[&id.to_string(), &limit]).await?.iter().rev() {
        let record = AlertRecord::decode(row.try_get(0)?);
        transitions.extend(record.map_err(|error| Fault::malformed("a transition", error))?.transitions);
    }
    Ok(transitions)
}

async fn list_deliveries(link: &Link, id: AlertId) -> Result<Vec<DeliveryRow>, Fault> {
    let sql = "SELECT contact, channel, attempt, cause, state, failure, wait_s, sends, started_at, changed_at, detail
        FROM deliveries WHERE alert = $1 ORDER BY started_at DESC, id DESC LIMIT $2";
    let limit = i64::try_from(DELIVERIES_MAX).unwrap_or(i64::MAX);
    let rows = link.query(sql, &[&id.to_string(), &limit]).await?;
    rows.iter().rev().map(delivery_of).collect()
}

fn delivery_of(row: &Row) -> Result<DeliveryRow, Fault> {
    let (contact, channel): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
    let known = ChannelKind::ALL.iter().find(|kind| kind.as_str() == channel);
    let wait_s: Option<i32> = row.try_get(6)?;
    Ok(DeliveryRow {
        contact: ContactId::new(contact).map_err(|error| Fault::malformed("a contact", error))?,
        channel: *known.ok_or_else(|| Fault::malformed("a channel", channel))?,
        attempt: row.try_get::<_, i32>(2)?.cast_unsigned(),
        cause: Seq(row.try_get::<_, i64>(3)?.cast_unsigned()),
        state: delivery_state(row.try_get(4)?, row.try_get(5)?, wait_s.map(i32::cast_unsigned))?,
        sends: row.try_get::<_, i32>(7)?.cast_unsigned(),
        started_at: Timestamp(row.try_get::<_, At>(8)?.0),
        changed_at: Timestamp(row.try_get::<_, At>(9)?.0),
        detail: row.try_get(10)?,
    })
}
