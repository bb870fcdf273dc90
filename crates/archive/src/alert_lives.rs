//! Alerts of a span of time with the times at which people got further with them: what figures are counted from, and
//! what is exported.

use crate::alert_words::decode_state;
use crate::alerts::AlertsCursor;
use crate::fault::Fault;
use watchfire_model::{Alert, SiteId, Timestamp};

/// Most alerts of a page of lives.
pub const LIVES_MAX: usize = 5_000;
/// Most alerts that one question counts, or one export holds.
pub const COUNTED_MAX: usize = 500_000;

/// A span of time, of one site or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanQuery {
    /// `None`: of all.
    pub site: Option<SiteId>,
    /// From here on, itself included.
    pub from: Timestamp,
    /// Up to here, itself left out: spans that follow each other count everything once.
    pub to: Timestamp,
}

/// An alert, and when people first got so far with it.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertLife {
    /// As it is now. `acknowledged_at` is its first acknowledgement.
    pub alert: Alert,
    /// The first finding.
    pub verified_at: Option<Timestamp>,
    /// The first time that it was handed on.
    pub forwarded_at: Option<Timestamp>,
    /// The first time that it was closed.
    pub closed_at: Option<Timestamp>,
}

/// Some alerts, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct LivesPage {
    /// With their times.
    pub lives: Vec<AlertLife>,
    /// Where the next page begins; `None` when this is the last.
    pub next: Option<AlertsCursor>,
}

impl AlertLife {
    pub(crate) fn of(state: &[u8], [verified, forwarded, closed]: [Option<i64>; 3]) -> Result<AlertLife, Fault> {
        Ok(AlertLife {
            alert: decode_state(state)?,
            verified_at: verified.map(Timestamp),
            forwarded_at: forwarded.map(Timestamp),
            closed_at: closed.map(Timestamp),
        })
    }

    pub(crate) fn place(&self) -> AlertsCursor {
        AlertsCursor { raised_at: self.alert.raised_at, id: self.alert.id }
    }
}

impl LivesPage {
    pub(crate) fn of(lives: Vec<AlertLife>) -> LivesPage {
        let next = lives.last().filter(|_| lives.len() >= LIVES_MAX).map(AlertLife::place);
        LivesPage { lives, next }
    }
}
