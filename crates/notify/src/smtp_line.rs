//! Connections to one mail server, kept for the next mail.
//!
//! lettre's own pool is not used: it detaches tasks, and dropping it outside of a runtime aborts the process. Nor is
//! its `send`, which does not say whether the sender or the recipient was refused.

use crate::email::EmailTls;
use lettre::Message;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use std::sync::Mutex;
use std::time::Duration;

/// A kept connection that does not answer within this time is dead.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// What did not work, and at which command.
#[derive(Debug, thiserror::Error)]
#[error("{stage}: {source}")]
pub(crate) struct SmtpError {
    stage: &'static str,
    source: smtp::Error,
}

impl SmtpError {
    /// The server's reply code, if it replied.
    pub(crate) fn code(&self) -> Option<u16> {
        self.source.status().map(u16::from)
    }

    pub(crate) fn is_about_recipient(&self) -> bool {
        self.stage == RCPT
    }
}

const RCPT: &str = "RCPT TO";

fn at(stage: &'static str) -> impl Fn(smtp::Error) -> SmtpError {
    move |source| SmtpError { stage, source }
}

pub(crate) struct SmtpLines {
    server: (String, u16),
    tls: Option<(EmailTls, TlsParameters)>,
    credentials: Option<Credentials>,
    hello_name: ClientId,
    kept_max: usize,
    kept: Mutex<Vec<AsyncSmtpConnection>>,
}

impl SmtpLines {
    pub(crate) fn new(
        server: (String, u16),
        tls: Option<(EmailTls, TlsParameters)>,
        credentials: Option<Credentials>,
        hello_name: ClientId,
        kept_max: usize,
    ) -> SmtpLines {
        SmtpLines { server, tls, credentials, hello_name, kept_max, kept: Mutex::new(Vec::new()) }
    }

    /// Sends a mail and gives the server's word for it.
    pub(crate) async fn send(&self, message: &Message) -> Result<String, SmtpError> {
        let mut line = match self.take_living().await {
            Some(line) => line,
            None => self.connect().await?,
        };
        match transact(&mut line, message).await {
            Ok(response) => {
                self.keep(line);
                Ok(format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" ")))
            }
            Err(error) => {
                // The state of the conversation is not worth saving; the peer is told, if it still listens.
                let _ = tokio::time::timeout(PROBE_TIMEOUT, line.abort()).await;
                Err(error)
            }
        }
    }

    async fn take_living(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let mut line = self.lock().pop()?;
            if tokio::time::timeout(PROBE_TIMEOUT, line.test_connected()).await == Ok(true) {
                return Some(line);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let (host, port) = (self.server.0.as_str(), self.server.1);
        let implicit =
            self.tls.as_ref().filter(|(tls, _)| *tls == EmailTls::Implicit).map(|(_, parameters)| parameters);
        let mut line =
            AsyncSmtpConnection::connect_tokio1((host, port), None, &self.hello_name, implicit.cloned(), None)
                .await
                .map_err(at("connect"))?;
        if let Some((EmailTls::StartTls, parameters)) = &self.tls {
            line.starttls(parameters.clone(), &self.hello_name).await.map_err(at("STARTTLS"))?;
        }
        if let Some(credentials) = &self.credentials {
            line.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await.map_err(at("AUTH"))?;
        }
        Ok(line)
    }

    fn keep(&self, line: AsyncSmtpConnection) {
        let mut kept = self.lock();
        if kept.len() < self.kept_max {
            kept.push(line);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<AsyncSmtpConnection>> {
        // Whoever panicked held a list that is whole at every moment.
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn transact(line: &mut AsyncSmtpConnection, message: &Message) -> Result<Response, SmtpError> {
    let envelope = message.envelope();
    line.command(Mail::new(envelope.from().cloned(), Vec::new())).await.map_err(at("MAIL FROM"))?;
    for recipient in envelope.to() {
        line.command(Rcpt::new(recipient.clone(), Vec::new())).await.map_err(at(RCPT))?;
    }
    line.command(Data).await.map_err(at("DATA"))?;
    line.message(&message.formatted()).await.map_err(at("message"))
}
