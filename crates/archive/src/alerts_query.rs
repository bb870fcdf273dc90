//! Alerts of the past: pages of them, and everything about one.

use crate::alert_rows::decode_state;
use crate::fault::Fault;
use crate::history::{History, QueryError};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Row, params_from_iter};
use std::fmt;
use std::str::FromStr;
use watchfire_model::{
    Alert, AlertId, AlertRecord, ChannelKind, Class, ContactId, Failure, Seq, SiteId, Timestamp, Transition,
};

/// Most alerts of a page.
pub const ALERTS_MAX: usize = 500;
/// Most transitions of an alert's history; the last ones.
pub const TRANSITIONS_MAX: usize = 1_000;
/// Most deliveries of an alert's history; the last ones.
pub const DELIVERIES_MAX: usize = 1_000;

/// Which alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertsQuery {
    /// Only of this class.
    pub class: Option<Class>,
    /// Only of this site.
    pub site: Option<SiteId>,
    /// Only those raised at or after this.
    pub from: Option<Timestamp>,
    /// Only those that come after this one in the order of the answer, which is newest first.
    pub before: Option<AlertsCursor>,
    /// At most so many, up to [`ALERTS_MAX`].
    pub limit: usize,
}

/// A place in the order of alerts, newest first: where the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertsCursor {
    /// When the last alert of the page was raised.
    pub raised_at: Timestamp,
    /// That alert.
    pub id: AlertId,
}

/// `<raised_at in µs>,<id>`.
impl fmt::Display for AlertsCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.raised_at.0, self.id)
    }
}

/// The text is not one that an [`AlertsPage`] gave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a place in the list of alerts: use `next` of the page before")]
pub struct NotACursor(pub String);

impl FromStr for AlertsCursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<AlertsCursor, NotACursor> {
        let parse = || {
            let (raised_at, id) = text.split_once(',')?;
            Some(AlertsCursor { raised_at: Timestamp(raised_at.parse().ok()?), id: id.parse().ok()? })
        };
        parse().ok_or_else(|| NotACursor(text.to_owned()))
    }
}

/// Some alerts, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertsPage {
    /// As they are now.
    pub alerts: Vec<Alert>,
    /// Where the next page begins; `None` when this is the last.
    pub next: Option<AlertsCursor>,
}

/// Everything about one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertHistory {
    /// As it is now.
    pub alert: Alert,
    /// Its changes, oldest first.
    pub transitions: Vec<Transition>,
    /// Who was told of it, oldest first.
    pub deliveries: Vec<DeliveryRow>,
}

/// One attempt to tell somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Whom.
    pub contact: ContactId,
    /// How.
    pub channel: ChannelKind,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The entry whose transition was told.
    pub cause: Seq,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was sent: more than once only when the station was killed between send and record.
    pub sends: u32,
    /// The first send.
    pub started_at: Timestamp,
    /// The last news of it.
    pub changed_at: Timestamp,
    /// The receipt, or what went wrong.
    pub detail: String,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// No answer yet.
    Sending,
    /// The far side took it.
    Delivered,
    /// It did not.
    Failed(Failure),
}

impl DeliveryState {
    /// The name in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Sending => "sending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Failed(_) => "failed",
        }
    }
}

impl History {
    /// A page of alerts, newest first.
    ///
    /// # Errors
    /// As the variants say.
    pub fn alerts(&self, query: &AlertsQuery) -> Result<AlertsPage, QueryError> {
        let limit = query.limit.clamp(1, ALERTS_MAX);
        self.ask(|connection| {
            let mut alerts = list_alerts(connection, query, limit + 1)?;
            let more = alerts.len() > limit;
            alerts.truncate(limit);
            let next = alerts.last().filter(|_| more);
            let next = next.map(|last| AlertsCursor { raised_at: last.raised_at, id: last.id });
            Ok(AlertsPage { alerts, next })
        })
    }

    /// Everything about one alert; `None` when it is not in the archive.
    ///
    /// # Errors
    /// As the variants say.
    pub fn alert(&self, id: AlertId) -> Result<Option<AlertHistory>, QueryError> {
        self.ask(|connection| {
            let Some(alert) = crate::alert_rows::read_state(connection, id)? else { return Ok(None) };
            let transitions = list_transitions(connection, id)?;
            let deliveries = list_deliveries(connection, id)?;
            Ok(Some(AlertHistory { alert, transitions, deliveries }))
        })
    }
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
        state: state_of(row)?,
        sends: row.get(7)?,
        started_at: Timestamp(row.get(8)?),
        changed_at: Timestamp(row.get(9)?),
        detail: row.get(10)?,
    })
}

fn state_of(row: &Row<'_>) -> Result<DeliveryState, Fault> {
    let (state, failure): (String, Option<String>) = (row.get(4)?, row.get(5)?);
    match (state.as_str(), failure.as_deref()) {
        ("sending", _) => Ok(DeliveryState::Sending),
        ("delivered", _) => Ok(DeliveryState::Delivered),
        ("failed", Some("throttled")) => Ok(DeliveryState::Failed(Failure::Throttled { wait_s: row.get(6)? })),
        ("failed", Some("unreachable")) => Ok(DeliveryState::Failed(Failure::Unreachable)),
        ("failed", Some("refused")) => Ok(DeliveryState::Failed(Failure::Refused)),
        _ => Err(Fault::malformed("a delivery's state", format!("{state} {failure:?}"))),
    }
}
