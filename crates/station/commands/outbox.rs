//! The demo's way to tell people: each message is written to a file and said on the terminal, so that a visitor sees
//! what the duty officer would get.

use super::output;
use futures_util::future::BoxFuture;
use std::path::{Path, PathBuf};
use watchfire_model::ChannelKind;
use watchfire_notify::{Channel, Delivery, DeliveryError, Receipt};

/// Stands in for one channel.
pub(crate) struct Outbox {
    kind: ChannelKind,
    folder: PathBuf,
}

impl Outbox {
    /// Writes into `folder`.
    pub(crate) fn new(kind: ChannelKind, folder: &Path) -> Outbox {
        Outbox { kind, folder: folder.to_owned() }
    }

    async fn write(&self, delivery: &Delivery) -> std::io::Result<String> {
        let text = match self.kind {
            ChannelKind::Sms => delivery.short.clone(),
            ChannelKind::Email | ChannelKind::Webhook => format!("{}\n\n{}", delivery.subject, delivery.body),
        };
        let name = format!("{}-{}-{}.txt", delivery.facts.seq, delivery.id.contact, self.kind.as_str());
        let file = self.folder.join(&name);
        let whole = format!("{} → {}\n\n{text}\n", self.kind.as_str(), delivery.address);
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(folder)?;
            std::fs::write(file, whole)
        });
        written.await.map_err(std::io::Error::other)??;
        let first_line = if self.kind == ChannelKind::Sms { &delivery.short } else { &delivery.subject };
        output::say(format_args!("  ✉ {} → {}: {first_line}", self.kind.as_str(), delivery.address));
        Ok(name)
    }
}

impl Channel for Outbox {
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        Box::pin(async move {
            let written = self.write(delivery).await;
            let receipt = |name| Receipt { text: format!("demo outbox {name}") };
            written.map(receipt).map_err(|error| DeliveryError::Unreachable { detail: error.to_string() })
        })
    }

    fn kind(&self) -> ChannelKind {
        self.kind
    }
}
