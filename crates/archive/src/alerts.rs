//! Questions about alerts of the past, and their answers.

use std::fmt;
use std::str::FromStr;
use watchfire_model::{Alert, AlertId, ChannelKind, Class, ContactId, Failure, Seq, SiteId, Timestamp, Transition};

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

impl AlertsQuery {
    /// How many the answer may hold.
    pub(crate) fn limit(&self) -> usize {
        self.limit.clamp(1, ALERTS_MAX)
    }
}

impl AlertsPage {
    /// The page of the first `limit` of what was found, of which there is one more when another page follows.
    pub(crate) fn of(mut alerts: Vec<Alert>, limit: usize) -> AlertsPage {
        let more = alerts.len() > limit;
        alerts.truncate(limit);
        let next = alerts.last().filter(|_| more);
        let next = next.map(|last| AlertsCursor { raised_at: last.raised_at, id: last.id });
        AlertsPage { alerts, next }
    }
}
