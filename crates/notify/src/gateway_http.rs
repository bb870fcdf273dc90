//! What the channels that speak HTTP have in common: a client that follows no redirect, and answers with a bound.

use crate::channel::{DeliveryError, Refuser, detail};
use reqwest::{Client, Response, StatusCode, Url, header, redirect};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most of an answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4096;
/// Without a word on how long to wait, a throttled sender waits this long.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(30);
/// Idle connections are kept this long for the next message.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// A channel could not be set up. The configuration has to change.
#[derive(Debug, thiserror::Error)]
pub enum ChannelSetupError {
    /// The option's value cannot be used.
    #[error("{option}: {problem}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A file could not be read.
    #[error("failed to read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The TLS client could not be made.
    #[error("TLS: {0}")]
    Tls(String),
}

/// A client for one gateway, or for all webhooks.
pub(crate) fn client(timeout: Duration, ca_file: Option<&Path>) -> Result<Client, ChannelSetupError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been faster: then there is one, and that is all that is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut builder = Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout)
        .pool_idle_timeout(IDLE_MAX)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("watchfire/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = ca_file {
        let pem = read(path)?;
        let certs =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| ChannelSetupError::Tls(error.to_string()))?;
        builder = builder.tls_certs_merge(certs);
    }
    builder.build().map_err(|error| ChannelSetupError::Tls(chain(&error)))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ChannelSetupError> {
    std::fs::read(path).map_err(|source| ChannelSetupError::File { path: path.to_owned(), source })
}

/// Whether a message may go there unencrypted: only to this machine, unless the operator said otherwise.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Checks an `http(s)` URL. `http` only to this machine, unless `insecure`.
pub(crate) fn checked_url(text: &str, insecure: bool) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("`{text}` is not a URL ({error})"))?;
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => Ok(url),
        "http" if insecure || is_loopback(host) => Ok(url),
        "http" => Err(format!("`{host}` would be sent to unencrypted: use https, or set insecure = true")),
        other => Err(format!("`{other}` is not a way to send: use https")),
    }
}

/// What a gateway answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// One line, bounded.
    pub(crate) text: String,
    retry_after: Option<Duration>,
}

/// Reads an answer, at most its first [`ANSWER_BYTES_MAX`] bytes.
pub(crate) async fn answer(sent: Result<Response, reqwest::Error>) -> Result<Answer, DeliveryError> {
    let mut response = sent.map_err(unreachable)?;
    let mut body = Vec::new();
    while body.len() < ANSWER_BYTES_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            // The status has come: that decides. A body that breaks off only costs the detail.
            Err(_) => break,
        }
    }
    body.truncate(ANSWER_BYTES_MAX);
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    Ok(Answer {
        status: response.status(),
        text: detail(&String::from_utf8_lossy(&body)),
        // The other form is a date; a gateway that sends one waits for the default.
        retry_after: retry_after.map(|text| text.trim().parse().map_or(RETRY_AFTER_DEFAULT, Duration::from_secs)),
    })
}

impl Answer {
    /// The next step after an answer that is not a success.
    pub(crate) fn error(&self) -> DeliveryError {
        let detail = detail(&format!("HTTP {}: {}", self.status.as_u16(), self.text));
        let wait = self.retry_after.unwrap_or(RETRY_AFTER_DEFAULT);
        match self.status.as_u16() {
            408 | 425 | 429 => DeliveryError::Throttled { wait, detail },
            503 if self.retry_after.is_some() => DeliveryError::Throttled { wait, detail },
            500..=599 => DeliveryError::Unreachable { detail },
            300..=399 => DeliveryError::Refused {
                by: Refuser::Server,
                detail: crate::channel::detail(&format!("{detail} (redirects are not followed: change the address)")),
            },
            401 | 403 | 407 => DeliveryError::Refused { by: Refuser::Server, detail },
            _ => DeliveryError::Refused { by: Refuser::Recipient, detail },
        }
    }
}

/// The network's word, without the URL: that may hold a password.
fn unreachable(error: reqwest::Error) -> DeliveryError {
    DeliveryError::Unreachable { detail: detail(&chain(&error.without_url())) }
}

/// An error with its causes: reqwest's own text hides them.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unencrypted_only_to_this_machine() {
        for fine in ["https://example.org/x", "http://127.0.0.1:1/x", "http://[::1]/x", "http://localhost/x"] {
            assert!(checked_url(fine, false).is_ok(), "{fine}");
        }
        for bad in ["http://example.org/x", "http://127.0.0.1.example.org/", "ftp://127.0.0.1/", "nonsense", ""] {
            assert!(checked_url(bad, false).is_err(), "{bad}");
        }
        assert!(checked_url("http://example.org/x", true).is_ok());
    }

    #[test]
    fn a_status_is_a_next_step() {
        let step = |status: u16, retry_after: Option<u64>| {
            let answer = Answer {
                status: StatusCode::from_u16(status).unwrap(),
                text: "x".to_owned(),
                retry_after: retry_after.map(Duration::from_secs),
            };
            answer.error().to_string()
        };
        assert_eq!(step(429, Some(7)), "asked to wait 7 s: HTTP 429: x");
        assert_eq!(step(429, None), "asked to wait 30 s: HTTP 429: x");
        assert_eq!(step(503, Some(9)), "asked to wait 9 s: HTTP 503: x");
        assert_eq!(step(503, None), "unreachable: HTTP 503: x");
        assert_eq!(step(500, None), "unreachable: HTTP 500: x");
        assert_eq!(step(404, None), "refused by the recipient: HTTP 404: x");
        assert_eq!(step(401, None), "refused by the server: HTTP 401: x");
        assert!(step(302, None).starts_with("refused by the server: HTTP 302: x (redirects"));
    }
}
