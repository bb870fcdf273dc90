//! The ways to tell people that the configuration names.

use crate::config::StationConfig;
use crate::config::secrets::SecretRef;
use crate::config::station::{EmailConfig, MailTls, SmsConfig, WebhookConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use watchfire_notify::{Channel, Email, EmailOptions, EmailTls, Sms, SmsOptions, Webhook, WebhookOptions};

/// Builds them; an error names the table and what is wrong.
pub(crate) fn build(config: &StationConfig) -> Result<Vec<Arc<dyn Channel>>, String> {
    let mut channels: Vec<Arc<dyn Channel>> = Vec::new();
    let folder = &config.folder;
    if let Some(email) = &config.notify.email {
        channels.push(Arc::new(email_channel(email, folder).map_err(|why| format!("[notify.email]: {why}"))?));
    }
    if let Some(sms) = &config.notify.sms {
        channels.push(Arc::new(sms_channel(sms, folder).map_err(|why| format!("[notify.sms]: {why}"))?));
    }
    if let Some(webhook) = &config.notify.webhook {
        let built = webhook_channel(webhook, folder).map_err(|why| format!("[notify.webhook]: {why}"))?;
        channels.push(Arc::new(built));
    }
    Ok(channels)
}

/// A way to the mail server for what is no alert, with connections of its own; `None` where there is no mail server.
pub(crate) fn letters(config: &StationConfig) -> Result<Option<Email>, String> {
    let email = config.notify.email.as_ref();
    let built = email.map(|email| email_channel(email, &config.folder)).transpose();
    built.map_err(|why| format!("[notify.email]: {why}"))
}

/// A mail server, an SMS gateway or a webhook has this long for one message.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Connections to the mail server that are kept for the next mail.
const MAIL_CONNECTIONS_KEPT_MAX: usize = 2;

fn email_channel(config: &EmailConfig, folder: &Path) -> Result<Email, String> {
    let tls = match config.tls {
        MailTls::Implicit => EmailTls::Implicit,
        MailTls::Starttls => EmailTls::StartTls,
        MailTls::None => EmailTls::None,
    };
    let password = config.password.as_ref().map(|password| fetch(password, folder)).transpose()?;
    let options = EmailOptions {
        host: config.host.clone(),
        port: Some(config.port),
        tls,
        insecure: false,
        ca_file: config.ca_file.clone(),
        credentials: config.user.clone().zip(password),
        from: config.from.clone(),
        hello_name: None,
        timeout: TIMEOUT,
        connections_kept_max: MAIL_CONNECTIONS_KEPT_MAX,
    };
    Email::new(options).map_err(|error| error.to_string())
}

fn sms_channel(config: &SmsConfig, folder: &Path) -> Result<Sms, String> {
    let options = SmsOptions {
        url: config.url.clone(),
        username: config.user.clone(),
        password: fetch(&config.password, folder)?,
        from: Some(config.from.clone()).filter(|from| !from.is_empty()),
        insecure: config.insecure,
        ca_file: None,
        timeout: TIMEOUT,
    };
    Sms::new(options).map_err(|error| error.to_string())
}

fn webhook_channel(config: &WebhookConfig, folder: &Path) -> Result<Webhook, String> {
    let secret = fetch(&config.secret, folder)?;
    let options = WebhookOptions { secret, insecure: config.insecure, ca_file: None, timeout: TIMEOUT };
    Webhook::new(options).map_err(|error| error.to_string())
}

fn fetch(secret: &SecretRef, folder: &Path) -> Result<String, String> {
    secret.fetch(folder).map(|secret| secret.expose().to_owned())
}
