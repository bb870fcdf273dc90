//! E-mail by SMTP.
//!
//! Encrypted from the first byte (`implicit`, port 465) or by STARTTLS that must succeed (port 587). Without TLS only
//! to this machine, unless `insecure`. Connections are kept and reused.
//!
//! The Message-ID is made of the delivery's id: a repeat after a crash carries the same one, and a mail system that
//! knows it drops the second. All messages about one alert name the same ancestor, so that they stand together.
//!
//! | answer | next step |
//! |---|---|
//! | 2xx | delivered to the server; its text, with the queue id, is the receipt |
//! | 450, 451, 452 | throttled: grey-listing, too much at once |
//! | other 4xx, no connection, broken TLS | unreachable |
//! | 5xx to the recipient | refused by the recipient |
//! | 5xx to anything else: log-in, sender, message | refused by the server |

use crate::Delivery;
use crate::channel::{Channel, DeliveryError, Receipt, Refuser, detail};
use crate::gateway_http::{ChannelSetupError, is_loopback, read};
use crate::letter::Letter;
use crate::smtp_line::{SmtpError, SmtpLines};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lettre::Message;
use lettre::message::MessageBuilder;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use watchfire_model::{ChannelKind, Severity, Timestamp};

/// How long a server that is busy is left alone.
const BUSY_WAIT: Duration = Duration::from_secs(60);

/// How to reach the mail server.
#[derive(Clone)]
pub struct EmailOptions {
    /// Its name, which its certificate must bear.
    pub host: String,
    /// Its port; by default 465 with implicit TLS, 587 with STARTTLS, 25 without.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub tls: EmailTls,
    /// Allow a connection without TLS to another machine.
    pub insecure: bool,
    /// Trust the certificates in this PEM file, too.
    pub ca_file: Option<PathBuf>,
    /// User name and password.
    pub credentials: Option<(String, String)>,
    /// The sender, e.g. `Watchfire <watchfire@example.org>`.
    pub from: String,
    /// The name we greet with; by default our address.
    pub hello_name: Option<String>,
    /// For one mail, connecting included.
    pub timeout: Duration,
    /// At most so many connections are kept for the next mail.
    pub connections_kept_max: usize,
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailTls {
    /// From the first byte.
    Implicit,
    /// By STARTTLS, which must succeed.
    StartTls,
    /// Not at all.
    None,
}

impl fmt::Debug for EmailOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailOptions")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("insecure", &self.insecure)
            .field("ca_file", &self.ca_file)
            .field("credentials", &self.credentials.as_ref().map(|(user, _)| (user, "***")))
            .field("from", &self.from)
            .field("hello_name", &self.hello_name)
            .field("timeout", &self.timeout)
            .field("connections_kept_max", &self.connections_kept_max)
            .finish()
    }
}

/// The e-mail channel.
pub struct Email {
    from: Mailbox,
    lines: SmtpLines,
    timeout: Duration,
}

impl Email {
    /// Checks the options. Connects only when there is something to send.
    ///
    /// # Errors
    /// When the options cannot work.
    pub fn new(options: EmailOptions) -> Result<Email, ChannelSetupError> {
        let from: Mailbox = options.from.parse().map_err(|error| ChannelSetupError::Option {
            option: "email.from",
            problem: format!(
                "`{}` is not a sender such as `Watchfire <watchfire@example.org>` ({error})",
                options.from
            ),
        })?;
        if options.tls == EmailTls::None && !options.insecure && !is_loopback(&options.host) {
            let problem = format!("`{}` is another machine: use TLS, or set insecure = true", options.host);
            return Err(ChannelSetupError::Option { option: "email.tls", problem });
        }
        let (port, parameters) = match options.tls {
            EmailTls::Implicit => (465, Some(tls_parameters(&options)?)),
            EmailTls::StartTls => (587, Some(tls_parameters(&options)?)),
            EmailTls::None => (25, None),
        };
        let lines = SmtpLines::new(
            (options.host, options.port.unwrap_or(port)),
            parameters.map(|parameters| (options.tls, parameters)),
            options.credentials.map(|(user, password)| Credentials::new(user, password)),
            options.hello_name.map_or_else(ClientId::default, ClientId::Domain),
            options.connections_kept_max,
        );
        Ok(Email { from, lines, timeout: options.timeout })
    }

    async fn send(&self, delivery: &Delivery) -> Result<Receipt, DeliveryError> {
        self.post(&self.message(delivery)?).await
    }

    /// Hands a mail that is no alert to the mail server.
    ///
    /// # Errors
    /// As with a delivery.
    pub async fn send_letter(&self, letter: &Letter) -> Result<Receipt, DeliveryError> {
        let parts = self.parts(&letter.text, &letter.html, format!("watchfire-{}", letter.id));
        let builder = self.builder(&letter.to, &letter.subject, letter.at)?.message_id(Some(format!(
            "<{}@{}>",
            letter.id,
            self.from.email.domain()
        )));
        let message = builder.multipart(parts).map_err(|error| refused(&error.to_string()))?;
        self.post(&message).await
    }

    async fn post(&self, message: &Message) -> Result<Receipt, DeliveryError> {
        match tokio::time::timeout(self.timeout, self.lines.send(message)).await {
            Ok(Ok(text)) => Ok(Receipt { text: detail(&text) }),
            Ok(Err(error)) => Err(next_step(&error)),
            Err(_) => {
                let detail = format!("no answer from the mail server within {} s", self.timeout.as_secs_f32());
                Err(DeliveryError::Unreachable { detail })
            }
        }
    }

    fn message(&self, delivery: &Delivery) -> Result<Message, DeliveryError> {
        let domain = self.from.email.domain();
        let ancestor = format!("<{}@{domain}>", delivery.id.alert);
        // The same repeat has the same bytes: not even the boundary is random.
        let boundary = format!("watchfire-{}-{}", delivery.id.cause, delivery.id.attempt);
        let parts = self.parts(&delivery.body, &delivery.html, boundary);
        // When the told thing happened: a repeat says the same.
        let mut builder = self
            .builder(&delivery.address, &delivery.subject, delivery.facts.at)?
            .message_id(Some(message_id(delivery, domain)))
            .in_reply_to(ancestor.clone())
            .references(ancestor);
        if delivery.facts.severity == Severity::Critical {
            builder = builder.header(Importance);
        }
        builder.multipart(parts).map_err(|error| refused(&error.to_string()))
    }

    /// What every mail has.
    fn builder(&self, to: &str, subject: &str, at: Timestamp) -> Result<MessageBuilder, DeliveryError> {
        let mailbox: Mailbox =
            to.parse().map_err(|error| refused(&format!("`{to}` is not an e-mail address ({error})")))?;
        if !to.is_ascii() {
            return Err(refused(&format!("`{to}` is not plain ASCII, which many servers refuse")));
        }
        let builder = Message::builder().from(self.from.clone()).to(mailbox).subject(one_line(subject));
        Ok(builder.date(date(at)).header(AutoSubmitted))
    }

    fn parts(&self, text: &str, html: &str, boundary: String) -> MultiPart {
        let parts = MultiPart::alternative().boundary(boundary).singlepart(SinglePart::plain(text.to_owned()));
        parts.singlepart(SinglePart::html(html.to_owned()))
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("from", &self.from.to_string()).finish_non_exhaustive()
    }
}

impl Channel for Email {
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        self.send(delivery).boxed()
    }

    fn kind(&self) -> ChannelKind {
        ChannelKind::Email
    }
}

fn tls_parameters(options: &EmailOptions) -> Result<TlsParameters, ChannelSetupError> {
    let failed = |error: smtp::Error| ChannelSetupError::Tls(error.to_string());
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(path) = &options.ca_file {
        builder = builder.add_root_certificate(Certificate::from_pem(&read(path)?).map_err(failed)?);
    }
    builder.build().map_err(failed)
}

/// `<alert.cause.contact.email.attempt@domain>`: every part is of characters that an identifier may hold.
fn message_id(delivery: &Delivery, domain: &str) -> String {
    format!("<{}@{domain}>", delivery.key.to_string().replace('/', "."))
}

fn refused(problem: &str) -> DeliveryError {
    DeliveryError::Refused { by: Refuser::Recipient, detail: detail(problem) }
}

fn date(at: Timestamp) -> SystemTime {
    let seconds = u64::try_from(at.as_micros().div_euclid(1_000_000)).unwrap_or(0);
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Names come from people: a line break in one must not begin another header.
fn one_line(text: &str) -> String {
    text.split(['\r', '\n']).collect::<Vec<_>>().join(" ")
}

fn next_step(error: &SmtpError) -> DeliveryError {
    let detail = detail(&error.to_string());
    match error.code() {
        Some(450..=452) => DeliveryError::Throttled { wait: BUSY_WAIT, detail },
        Some(500..=599) => {
            let by = if error.is_about_recipient() { Refuser::Recipient } else { Refuser::Server };
            DeliveryError::Refused { by, detail }
        }
        _ => DeliveryError::Unreachable { detail },
    }
}

/// RFC 3834: nobody's out-of-office answers this.
#[derive(Clone)]
struct AutoSubmitted;

/// What mail programs mark as urgent.
#[derive(Clone)]
struct Importance;

macro_rules! constant_header {
    ($name:ident, $header:literal, $value:literal) => {
        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($header)
            }

            fn parse(_: &str) -> Result<$name, Box<dyn std::error::Error + std::marker::Send + Sync>> {
                Ok($name)
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new($name::name(), $value.to_owned())
            }
        }
    };
}

constant_header!(AutoSubmitted, "Auto-Submitted", "auto-generated");
constant_header!(Importance, "Importance", "high");
