//! One message to one person by one way, complete: whoever sends it needs nothing else.

use serde::{Deserialize, Serialize};
use watchfire_model::sites::Language;
use watchfire_model::{
    AlertId, Bilingual, Class, DeliveryId, DeviceName, Seq, Severity, SiteId, Source, Step, Timestamp, UserName,
    Verdict, ZoneId,
};

/// A message that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which attempt about which alert.
    pub id: DeliveryId,
    /// The first attempt at this message. Message-ID and idempotency key are made of it: what a far side took without our
    /// hearing of it is not taken twice.
    pub key: DeliveryId,
    /// An e-mail address, a phone number or a URL, as the contact's channel wants it.
    pub address: String,
    /// The language of the texts below.
    pub language: Language,
    /// Why this person is told.
    pub telling: Telling,
    /// The facts, for channels that hand on data rather than text.
    pub facts: Facts,
    /// Other alerts that this message tells too; empty unless `telling` is [`Telling::Summary`].
    pub covers: Vec<AlertId>,
    /// One line.
    pub subject: String,
    /// The whole message as plain text.
    pub body: String,
    /// The whole message as HTML.
    pub html: String,
    /// The message for a telephone: at most three parts, the essential first.
    pub short: String,
    /// The alert's page in the console.
    pub link: Option<String>,
    /// When this attempt was handed out, by the station's clock.
    pub at: Timestamp,
}

/// Why a person is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Telling {
    /// It is this person's turn on the ladder.
    Alarm,
    /// The same, for several alerts that came in a burst.
    Summary,
    /// This person was told before, and something has changed since.
    Update(News),
}

/// What has changed since a person was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// Somebody has taken it on.
    Acknowledged {
        /// Who.
        by: UserName,
    },
    /// It is known what it was.
    Verified {
        /// Who found out.
        by: UserName,
        /// The finding.
        verdict: Verdict,
        /// In the operator's words.
        note: String,
    },
    /// The cause is over.
    Cleared,
    /// Done with, without having been acknowledged first.
    Closed {
        /// Who.
        by: UserName,
        /// In the operator's words.
        note: String,
    },
}

/// What a message says of an alert, with every name looked up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// The alert.
    pub id: AlertId,
    /// Its class.
    pub class: Class,
    /// Its severity.
    pub severity: Severity,
    /// The transition that is told: `raised`, `escalated`, `reopened`, or the news.
    pub transition: &'static str,
    /// The entry of that transition.
    pub seq: Seq,
    /// The time of that transition.
    pub at: Timestamp,
    /// The site.
    pub site: SiteFacts,
    /// The zone, when known.
    pub zone: Option<ZoneFacts>,
    /// The device, when one is at the root of it.
    pub device: Option<DeviceFacts>,
    /// The rule, as `name@version`.
    pub rule: String,
    /// One sentence with the figures that decided.
    pub reason: Bilingual,
    /// The deciding reading came late.
    pub late: bool,
    /// When the alert began.
    pub raised_at: Timestamp,
    /// When its cause ended, if it has.
    pub cleared_at: Option<Timestamp>,
}

/// The site, for a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteFacts {
    /// Its id.
    pub id: SiteId,
    /// Its name; the id when it has none.
    pub name: Bilingual,
    /// Where it is; empty when not known.
    pub address: Bilingual,
    /// IANA time zone; `UTC` when the site is not known.
    pub time_zone: String,
}

/// The zone, for a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZoneFacts {
    /// Its id.
    pub id: ZoneId,
    /// Its name; the id when it has none.
    pub name: Bilingual,
}

/// The device, for a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceFacts {
    /// Whose naming `name` follows.
    pub source: Source,
    /// The name its protocol gives it.
    pub name: DeviceName,
    /// What people call it; the name when it is not claimed.
    pub label: Bilingual,
}

impl News {
    /// The news in a transition of an alert; `None` when it is told by the ladder or not at all.
    pub fn of(step: &Step) -> Option<News> {
        match step {
            Step::Acknowledged { by } => Some(News::Acknowledged { by: by.clone() }),
            Step::Verified { by, verdict, note } => {
                Some(News::Verified { by: by.clone(), verdict: *verdict, note: note.clone() })
            }
            Step::Cleared => Some(News::Cleared),
            Step::Closed { by, note } => Some(News::Closed { by: by.clone(), note: note.clone() }),
            Step::Raised | Step::Escalated { .. } | Step::Forwarded { .. } | Step::Reopened { .. } => None,
        }
    }

    /// The transition's name.
    pub fn as_str(&self) -> &'static str {
        match self {
            News::Acknowledged { .. } => "acknowledged",
            News::Verified { .. } => "verified",
            News::Cleared => "cleared",
            News::Closed { .. } => "closed",
        }
    }
}
