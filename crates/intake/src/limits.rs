//! Every limit of the MQTT listener, named with its unit.

use crate::share::Load;
use std::time::Duration;
use watchfire_model::frame::{PAYLOAD_BYTES_MAX, TOPIC_BYTES_MAX};

/// The limits of the listener and its links. `Default` gives the figures of the documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub connections_max: usize,
    /// Connections from one address.
    pub connections_per_address_max: usize,
    /// Connections in all that have not yet logged in: who says nothing keeps no device out.
    pub unauthenticated_max: usize,
    /// The same from one address.
    pub unauthenticated_per_address_max: usize,
    /// New connections a second from one address, sustained.
    pub connects_per_address_per_s: u32,
    /// New connections from one address at once, before the sustained rate applies.
    pub connects_per_address_burst: u32,
    /// From the accepted socket to the end of its CONNECT.
    pub connect_timeout: Duration,
    /// The largest packet after CONNECT, in bytes, fixed header included.
    pub packet_bytes_max: usize,
    /// The largest CONNECT, in bytes: will, user name and password included.
    pub connect_bytes_max: usize,
    /// Bytes of packets over 16 KiB that are not yet finished, or wait for their place in the queue, over all links.
    pub unfinished_bytes_max: usize,
    /// The same of one identity.
    pub identity_unfinished_bytes_max: usize,
    /// An unfinished packet must be complete after this long.
    pub packet_timeout: Duration,
    /// Subscriptions of one client.
    pub filters_per_client_max: usize,
    /// Publishes of one link that are not yet durable; also the Receive Maximum we announce.
    pub unacked_max: u16,
    /// Publishes of one identity, over all its links, that are not yet durable.
    pub identity_unacked_max: usize,
    /// Bytes of those: what another identity's fire may find before it on its way to the disk.
    pub identity_unacked_bytes_max: usize,
    /// Bytes of all identities' publishes that are not yet durable.
    pub queue_bytes_max: usize,
    /// Publishes that one link hands on at once; the unit of the fair share.
    pub chunk_frames: usize,
    /// A chunk of so many bytes takes no further publish.
    pub chunk_bytes: usize,
    /// A socket that takes no byte of ours for this long is closed.
    pub write_timeout: Duration,
    /// A QoS 1 delivery that is not acknowledged for this long closes the link.
    pub delivery_ack_timeout: Duration,
    /// Bytes waiting to be written to one socket before we stop reading from it and delivering to it.
    pub write_buffer_bytes_max: usize,
    /// Deliveries waiting for one subscriber.
    pub deliveries_per_client_max: usize,
    /// QoS 1 deliveries to one subscriber that are not yet acknowledged.
    pub deliveries_unacked_max: u16,
    /// A client that announces keep-alive 0 is closed after this long without a byte.
    pub idle_max: Duration,
    /// The longest time a session without a connection is kept.
    pub session_expiry_max: Duration,
    /// Sessions that outlive their connection.
    pub sessions_max: usize,
    /// Subscribers that are connected: each has a link to the router.
    pub subscribers_max: usize,
    /// Different filters that the router is given; it never forgets one.
    pub router_filters_max: usize,
    /// Different topics that the router is given; it never forgets one.
    pub router_topics_max: usize,
    /// Messages on their way to the router.
    pub router_queue_len: usize,
    /// Topic aliases of one v5 client.
    pub topic_aliases_max: u16,
    /// The longest will delay that is kept; a longer one is cut to it.
    pub will_delay_max: Duration,
    /// After a restart a client has at least this long to come back before its will is published.
    pub will_grace_min: Duration,
    /// And at most this long, besides its will's delay: also when it has no keep-alive.
    pub will_grace_max: Duration,
    /// How long a stop waits for what is pending to become durable.
    pub stop_grace: Duration,
    /// Refused log-ins from one address within a minute that raise a notice.
    pub refused_logins_per_min: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 20_000,
            connections_per_address_max: 12_000,
            unauthenticated_max: 4_000,
            unauthenticated_per_address_max: 2_000,
            connects_per_address_per_s: 500,
            connects_per_address_burst: 12_000,
            connect_timeout: Duration::from_secs(10),
            packet_bytes_max: PAYLOAD_BYTES_MAX + TOPIC_BYTES_MAX + 4_096,
            connect_bytes_max: 32 * 1024,
            unfinished_bytes_max: 64 * 1024 * 1024,
            identity_unfinished_bytes_max: 16 * 1024 * 1024,
            packet_timeout: Duration::from_secs(30),
            filters_per_client_max: 64,
            unacked_max: 1_024,
            identity_unacked_max: 8_192,
            identity_unacked_bytes_max: 4 * 1024 * 1024,
            queue_bytes_max: 64 * 1024 * 1024,
            chunk_frames: 256,
            chunk_bytes: 256 * 1024,
            write_timeout: Duration::from_secs(10),
            delivery_ack_timeout: Duration::from_secs(30),
            write_buffer_bytes_max: 64 * 1024,
            deliveries_per_client_max: 256,
            deliveries_unacked_max: 64,
            idle_max: Duration::from_secs(24 * 3_600),
            session_expiry_max: Duration::from_secs(24 * 3_600),
            sessions_max: 1_024,
            subscribers_max: 4_096,
            router_filters_max: 1_024,
            router_topics_max: 65_536,
            router_queue_len: 8_192,
            topic_aliases_max: 16,
            will_delay_max: Duration::from_secs(300),
            will_grace_min: Duration::from_secs(10),
            will_grace_max: Duration::from_secs(180),
            stop_grace: Duration::from_secs(5),
            refused_logins_per_min: 10,
        }
    }
}

impl Limits {
    /// What one identity may have under way to the disk.
    pub(crate) fn identity_load_max(&self) -> Load {
        Load { frames: self.identity_unacked_max, bytes: self.identity_unacked_bytes_max }
    }

    /// What all may; the frames are bounded by the queue itself.
    pub(crate) fn queue_load_max(&self) -> Load {
        Load { frames: usize::MAX, bytes: self.queue_bytes_max }
    }
}
