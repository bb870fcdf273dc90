//! The devices' side of the network: an MQTT 3.1.1 and 5 listener that acknowledges what the journal has on disk.
//!
//! ```text
//! socket → listener → link → Submission → (bounded queue) → journal thread
//!                      ▲ PUBACK              │ Ticket::durable after fdatasync
//!                      └─────────────────────┘
//!                      └ then, best effort → rumqttd's router → other links
//! ```
//! Of rumqttd 0.20 we use the router and the codecs (`fanout/mod.rs` says how it is kept alive); its server is not
//! used: it acknowledges before anything is on disk. The link (`link/mod.rs`), the rules of who may do what
//! (`identity.rs`), the fair share (`flow.rs`, `share.rs`) and the limits (`limits.rs`) are ours.
//!
//! | what a client does | v5 | 3.1.1 |
//! |---|---|---|
//! | no CONNECT in time, not MQTT | closed | closed |
//! | other protocol level | CONNACK 0x01 of 3.1.1 | the same |
//! | wrong credentials | CONNACK 0x86 | CONNACK 4 |
//! | bad client id | CONNACK 0x85 | CONNACK 2 |
//! | will: foreign topic, QoS 2 | CONNACK 0x87, 0x9B | CONNACK 5, closed |
//! | malformed packet | DISCONNECT 0x81 | closed |
//! | packet that a client may not send | DISCONNECT 0x82 | closed |
//! | PUBLISH: QoS 2 | DISCONNECT 0x9B | closed |
//! | PUBLISH: foreign topic | QoS 1: PUBACK 0x87; QoS 0: DISCONNECT 0x87 | closed |
//! | PUBLISH: topic with wildcards, controls, too long | DISCONNECT 0x90 | closed |
//! | packet too large | DISCONNECT 0x95 | closed |
//! | alias out of range | DISCONNECT 0x94 | – |
//! | over Receive Maximum | DISCONNECT 0x93 | the socket is not read |
//! | SUBSCRIBE: foreign, malformed or `$` filter; too many | 0x87, 0x8F, 0x97 | 0x80 |
//! | PUBACK out of order | DISCONNECT 0x82 | closed |
//! | silent for 1.5 × keep-alive | DISCONNECT 0x8D | closed |
//! | does not read, does not acknowledge | DISCONNECT 0x97 | closed |
//! | its client id connects again | DISCONNECT 0x8E | closed |
//! | its identity is removed or changed | DISCONNECT 0x98 | closed |
//! | the station stops | DISCONNECT 0x8B | closed |
//!
//! Absent on purpose: QoS 2 (the station knows duplicates by their key), sessions over a restart, a client's `$` topics.

mod addresses;
mod clients;
mod clock;
mod close;
mod doubles;
mod fanout;
mod flow;
mod gate;
pub mod gbt26875;
mod greeting;
mod guesses;
mod identity;
mod interest;
mod limits;
mod link;
mod listener;
mod message;
mod metrics;
mod packet;
mod parting;
pub mod probe;
mod reply;
mod share;
mod shared;
mod topics;
mod troubles;
mod wills;

pub use fanout::outlet::AlertOutlet;
pub use fanout::retained::{NotASnapshot, Retained};
pub use fanout::router::RouterGone;
pub use flow::{Flow, LAG_ENTRIES_MAX, STALL_MAX, WAIT_MAX};
pub use gate::{Submission, Ticket};
pub use identity::{Credentials, Identities, SCHEMES, STATION_SITE};
pub use limits::Limits;
pub use listener::{serve, serve_with};
#[doc(hidden)]
pub use packet::{Version, read_all};
pub use shared::{MqttParts, MqttShared, StartError};
pub use troubles::{Trouble, TroubleKind, Troubles};
