//! Who is told, when, again, and instead: the pure [`Desk`], the texts people read, and the [`Channel`]s that deliver.
//!
//! The way of one message: a transition makes the desk plan a send ([`Desk::due`]); the station journals
//! `Outcome::Attempt` and hands the [`Delivery`] to the [`Dispatcher`]; what comes back is journaled and applied to the
//! desk. Nothing here waits for anything else: a slow gateway holds up its own channel and no other.

mod channel;
mod delivery;
mod desk;
mod dispatcher;
mod email;
mod gateway_http;
mod letter;
mod message;
mod sms;
mod smtp_line;
mod webhook;

pub use channel::{Channel, DETAIL_BYTES_MAX, DeliveryError, Receipt, Refuser};
pub use delivery::{Delivery, DeviceFacts, Facts, News, SiteFacts, Telling, ZoneFacts};
pub use desk::{Desk, DeskEvent, DeskOptions, RestoreError, limits};
pub use dispatcher::{Dispatcher, DispatcherOptions};
pub use email::{Email, EmailOptions, EmailTls};
pub use gateway_http::ChannelSetupError;
pub use letter::Letter;
pub use message::short::{Coding, PARTS_MAX, parts};
pub use message::{Message, render};
pub use sms::{Sms, SmsOptions};
pub use webhook::{Webhook, WebhookOptions};
