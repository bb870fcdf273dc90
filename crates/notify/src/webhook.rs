//! Alerts to another system: a signed HTTP POST of JSON.
//!
//! # Request
//! ```text
//! POST <the contact's URL>
//! Content-Type: application/json
//! Idempotency-Key: <id of the first delivery of this message>
//! Watchfire-Signature: t=<unix seconds>,v1=<hex of HMAC-SHA-256(secret, t + "." + body)>
//!
//! {"version": 1,
//!  "delivery": {"id": "…", "attempt": 1, "contact": "…"},
//!  "transition": "raised|escalated|reopened|acknowledged|verified|cleared|closed", "seq": 7, "at": "…",
//!  "alert": {"id", "class", "severity", "site": {"id", "name": {"en", "zh"}, "address", "time_zone"}, "zone": {"id", "name"}|null,
//!            "device": {"source", "name", "label"}|null, "rule": "name@version", "reason": {"en", "zh"}, "late", "raised_at", "cleared_at"|null},
//!  "news": null | {"acknowledged": {"by"}} | {"verified": {"by", "verdict", "note"}} | "cleared" | {"closed": {"by", "note"}},
//!  "text": {"subject", "body"}, "link": "…"|null}
//! ```
//! `t` is the station's time. A receiver checks the signature over the bytes it got, refuses a `t` that is minutes
//! off, and takes an `Idempotency-Key` once: after a crash of ours, or an answer that did not reach us, the same one comes
//! again. The ladder's next round has a key of its own; `transition`, `seq` and the alert's id tell that it is about the same.
//!
//! # Answer
//! Any 2xx is taken. 408, 425, 429, and 503 with `Retry-After`: later. Other 5xx: back off. Anything else, redirects
//! among it: refused. At most 4 KiB of the answer are read.

use crate::Delivery;
use crate::channel::{Channel, DeliveryError, Receipt, Refuser, detail};
use crate::delivery::{Facts, Telling};
use crate::gateway_http::{ChannelSetupError, answer, checked_url, client};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use serde_json::{Value, json};
use sha2::Sha256;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use watchfire_model::{ChannelKind, Timestamp};

/// The shortest secret that is accepted, in bytes.
const SECRET_BYTES_MIN: usize = 16;

/// How webhooks are sent.
#[derive(Clone)]
pub struct WebhookOptions {
    /// The key of the signature; at least 16 bytes.
    pub secret: String,
    /// Allow `http` to another machine.
    pub insecure: bool,
    /// Trust the certificates in this PEM file, too.
    pub ca_file: Option<PathBuf>,
    /// For the whole request.
    pub timeout: Duration,
}

impl fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookOptions")
            .field("secret", &"***")
            .field("insecure", &self.insecure)
            .field("ca_file", &self.ca_file)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// The webhook channel.
#[derive(Debug)]
pub struct Webhook {
    options: WebhookOptions,
    client: Client,
}

impl Webhook {
    /// Checks the options. Connects only when there is something to send.
    ///
    /// # Errors
    /// When the options cannot work.
    pub fn new(options: WebhookOptions) -> Result<Webhook, ChannelSetupError> {
        if options.secret.len() < SECRET_BYTES_MIN {
            let problem = format!("the secret is shorter than {SECRET_BYTES_MIN} bytes: use a random one");
            return Err(ChannelSetupError::Option { option: "webhook.secret", problem });
        }
        let client = client(options.timeout, options.ca_file.as_deref())?;
        Ok(Webhook { options, client })
    }

    async fn send(&self, delivery: &Delivery) -> Result<Receipt, DeliveryError> {
        let url = checked_url(&delivery.address, self.options.insecure)
            .map_err(|problem| DeliveryError::Refused { by: Refuser::Recipient, detail: detail(&problem) })?;
        let body = body(delivery).to_string();
        let request = self
            .client
            .post(url)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", delivery.key.to_string())
            .header("Watchfire-Signature", signature(&self.options.secret, delivery.at, &body))
            .body(body);
        let answer = answer(request.send().await).await?;
        if answer.status.is_success() {
            return Ok(Receipt { text: detail(&format!("HTTP {} {}", answer.status.as_u16(), answer.text)) });
        }
        Err(answer.error())
    }
}

impl Channel for Webhook {
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        self.send(delivery).boxed()
    }

    fn kind(&self) -> ChannelKind {
        ChannelKind::Webhook
    }
}

fn body(delivery: &Delivery) -> Value {
    let facts = &delivery.facts;
    let news = match &delivery.telling {
        Telling::Update(news) => json!(news),
        Telling::Alarm | Telling::Summary => Value::Null,
    };
    json!({
        "version": 1,
        "delivery": {
            "id": delivery.id.to_string(),
            "attempt": delivery.id.attempt,
            "contact": delivery.id.contact,
        },
        "transition": facts.transition,
        "seq": facts.seq,
        "at": facts.at.to_string(),
        "alert": alert(facts),
        "news": news,
        "text": {"subject": delivery.subject, "body": delivery.body},
        "link": delivery.link,
    })
}

fn alert(facts: &Facts) -> Value {
    json!({
        "id": facts.id,
        "class": facts.class,
        "severity": facts.severity,
        "site": facts.site,
        "zone": facts.zone,
        "device": facts.device,
        "rule": facts.rule,
        "reason": facts.reason,
        "late": facts.late,
        "raised_at": facts.raised_at.to_string(),
        "cleared_at": facts.cleared_at.map(|at| at.to_string()),
    })
}

fn signature(secret: &str, at: Timestamp, body: &str) -> String {
    let t = at.as_micros().div_euclid(1_000_000);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{t}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={t},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected value was made with `printf '1772352005.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    #[test]
    fn the_signature_is_what_openssl_makes() {
        let at = Timestamp::from_millis(1_772_352_005_700);
        let expected = "t=1772352005,v1=54b3427cea6c1a70829b6d5182c6708b6dc0f6b40a3cf6ab045b7baa198132ad";
        assert_eq!(signature("0123456789abcdef", at, r#"{"a":1}"#), expected);
    }

    #[test]
    fn short_secrets_are_refused_and_none_is_shown() {
        let options = |secret: &str| WebhookOptions {
            secret: secret.to_owned(),
            insecure: false,
            ca_file: None,
            timeout: Duration::from_secs(1),
        };
        assert!(Webhook::new(options("short")).is_err());
        assert!(!format!("{:?}", Webhook::new(options("0123456789abcdef")).unwrap()).contains("0123456789abcdef"));
    }
}
