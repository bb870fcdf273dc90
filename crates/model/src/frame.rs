//! What a device sent, as it came: the evidence.

use serde::{Deserialize, Serialize};

/// The largest payload that is taken, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// The longest topic that is taken, in bytes.
pub const TOPIC_BYTES_MAX: usize = 512;

/// A frame as it came over the wire. Borrowed: it is written to and read from a journal record without a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame<'a> {
    /// The site that the sending identity belongs to.
    pub site: &'a str,
    /// The identity (credential) that sent it.
    pub identity: &'a str,
    /// When the identity is one device (not a gateway), that device's name; empty otherwise.
    pub device: &'a str,
    /// How it came.
    pub link: Link,
    /// The MQTT topic; for a fire panel the connection's name.
    pub topic: &'a str,
    /// The bytes.
    #[serde(borrow, with = "serde_bytes")]
    pub payload: &'a [u8],
}

/// How a frame came. The order is on disk: add at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// An MQTT PUBLISH to our listener.
    Mqtt {
        /// 0 or 1.
        qos: u8,
        /// The RETAIN flag.
        retain: bool,
    },
    /// A will that we published because its link died.
    MqttWill {
        /// The RETAIN flag of the will.
        retain: bool,
    },
    /// A GB/T 26875.3 frame over TCP.
    Gbt26875Tcp,
    /// A GB/T 26875.3 frame over UDP.
    Gbt26875Udp,
    /// A message of another broker that we subscribe to.
    MqttClient,
}
