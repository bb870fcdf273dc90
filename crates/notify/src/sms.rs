//! Text messages through an HTTP gateway in the form of Kannel's `sendsms`.
//!
//! # Request
//! `GET <url>?username=…&password=…&from=…&to=…&coding=…&charset=UTF-8&text=…`. `coding` is 0 for texts of the GSM
//! 7-bit alphabet and 2 for all others. The gateway splits long texts: Kannel needs `concatenation = true` and
//! `max-messages = 3` in its `sendsms-user` group.
//!
//! # Answer
//! | status, text | meaning for us |
//! |---|---|
//! | 2xx `0: Accepted for delivery` | delivered to the gateway |
//! | 2xx `3: Queued for later delivery` | the gateway has no line to the network: it will send it some day. Refused: the contact's next way is tried at once and a person looks at the gateway, but the message is not queued a second time |
//! | 2xx other | delivered to the gateway; what it said is kept |
//! | 503, other 5xx, no connection | unreachable |
//! | 429, or 503 with `Retry-After` | throttled |
//! | 403, 401 | refused: user name, password or sender |
//! | other 4xx | refused: the number |

use crate::Delivery;
use crate::channel::{Channel, DeliveryError, Receipt, Refuser};
use crate::gateway_http::{ChannelSetupError, answer, checked_url, client};
use crate::message::short::{Coding, parts};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Client, Url};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use watchfire_model::ChannelKind;

/// How to reach the gateway.
#[derive(Clone)]
pub struct SmsOptions {
    /// The `sendsms` address, e.g. `http://127.0.0.1:13013/cgi-bin/sendsms`.
    pub url: String,
    /// The gateway's user.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The sender that people see, as far as the network lets it pass.
    pub from: Option<String>,
    /// Allow `http` to another machine.
    pub insecure: bool,
    /// Trust the certificates in this PEM file, too.
    pub ca_file: Option<PathBuf>,
    /// For the whole request.
    pub timeout: Duration,
}

impl fmt::Debug for SmsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsOptions")
            .field("url", &self.url)
            .field("username", &self.username)
            .field("password", &"***")
            .field("from", &self.from)
            .field("insecure", &self.insecure)
            .field("ca_file", &self.ca_file)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// The text message channel.
#[derive(Debug)]
pub struct Sms {
    options: SmsOptions,
    url: Url,
    client: Client,
}

impl Sms {
    /// Checks the options. Connects only when there is something to send.
    ///
    /// # Errors
    /// When the options cannot work.
    pub fn new(options: SmsOptions) -> Result<Sms, ChannelSetupError> {
        let url = checked_url(&options.url, options.insecure)
            .map_err(|problem| ChannelSetupError::Option { option: "sms.url", problem })?;
        let client = client(options.timeout, options.ca_file.as_deref())?;
        Ok(Sms { options, url, client })
    }

    async fn send(&self, delivery: &Delivery) -> Result<Receipt, DeliveryError> {
        let to = number(&delivery.address)?;
        let coding = match parts(&delivery.short).0 {
            Coding::Gsm7 => "0",
            Coding::Ucs2 => "2",
        };
        let mut query = vec![
            ("username", self.options.username.as_str()),
            ("password", self.options.password.as_str()),
            ("to", to.as_str()),
            ("coding", coding),
            ("charset", "UTF-8"),
            ("text", delivery.short.as_str()),
        ];
        query.extend(self.options.from.as_deref().map(|from| ("from", from)));
        let answer = answer(self.client.get(self.url.clone()).query(&query).send().await).await?;
        if !answer.status.is_success() {
            return Err(answer.error());
        }
        if answer.text.starts_with("3:") {
            return Err(DeliveryError::Refused { by: Refuser::Server, detail: answer.text });
        }
        Ok(Receipt { text: answer.text })
    }
}

impl Channel for Sms {
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        self.send(delivery).boxed()
    }

    fn kind(&self) -> ChannelKind {
        ChannelKind::Sms
    }
}

/// The number as gateways take it: digits with a `+` before an international one.
fn number(address: &str) -> Result<String, DeliveryError> {
    let digits: String = address.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let bare = digits.strip_prefix('+').unwrap_or(&digits);
    if (3..=15).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(digits);
    }
    let detail = "the contact's number is not 3 to 15 digits".to_owned();
    Err(DeliveryError::Refused { by: Refuser::Recipient, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits() {
        assert_eq!(number("+86 138-0000-0000").unwrap(), "+8613800000000");
        assert_eq!(number("119").unwrap(), "119");
        for bad in ["", "+", "12", "call me", "+861380000000012345", "138;0000"] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_password_is_not_shown() {
        let options = SmsOptions {
            url: "http://127.0.0.1:1/".to_owned(),
            username: "u".to_owned(),
            password: "hunter2".to_owned(),
            from: None,
            insecure: false,
            ca_file: None,
            timeout: Duration::from_secs(1),
        };
        assert!(!format!("{:?}", Sms::new(options).unwrap()).contains("hunter2"));
    }
}
