//! What the gateway is told by the configuration, and every limit, named with its unit.

use crate::limits::Limits;
use crate::share::Load;
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;
use watchfire_model::{DeviceName, SiteId};
use watchfire_wire::gbt26875::{Address, Digits, UNFRAMED_BYTES_MAX};

/// A device repeats three times after at most 10 s each: a duplicate is known for at least this long.
pub const DUPLICATE_WINDOW_MIN: Duration = Duration::from_secs(40);

/// Ports, transmission devices, limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewaySettings {
    /// The ports that are listened on.
    pub listeners: Vec<ListenerSettings>,
    /// The allow-list.
    pub transmitters: Vec<TransmitterSettings>,
    /// The limits.
    pub limits: GatewayLimits,
}

/// One port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerSettings {
    /// What it is called; the identity of every frame that comes in here.
    pub name: CompactString,
    /// Where it listens; port 0 takes a free one.
    pub addr: SocketAddr,
    /// TCP or UDP.
    pub transport: Transport,
    /// The protocol has neither authentication nor encryption: anything but loopback must be wanted.
    pub insecure: bool,
    /// The site of devices that are in no list.
    pub site: Option<SiteId>,
    /// What becomes of them.
    pub unlisted: Unlisted,
}

/// How frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// A stream.
    Tcp,
    /// Datagrams, each with whole frames.
    Udp,
}

impl Transport {
    /// The name in the configuration and as a metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        }
    }
}

/// What becomes of a transmission device that is in no list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// It is denied and shown as a trouble; nothing of it is kept.
    #[default]
    Refuse,
    /// It is an unclaimed device of the listener's site, and its alarms count.
    Accept,
}

/// One transmission device of the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransmitterSettings {
    /// Its site.
    pub site: SiteId,
    /// Its name: the address in decimal, or any name for one without an address.
    pub device: DeviceName,
    /// Its source address; [`Address::NONE`] for one that was never given one.
    pub address: Address,
    /// The only listener at which it may appear. One without address and token is whoever sends no address there.
    pub listener: Option<CompactString>,
    /// What it registers with: the body of a private type of application unit, for one without an address.
    pub token: Option<CompactString>,
    /// How it writes times.
    pub digits: Digits,
}

/// The limits of the gateway. `Default` gives the figures of the documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayLimits {
    /// Connections in all; over UDP each address and port of a sender counts as one.
    pub connections_max: usize,
    /// Connections from one address. Mobile networks put many devices behind one.
    pub connections_per_address_max: usize,
    /// New connections a second from one address, sustained.
    pub connects_per_address_per_s: u32,
    /// New connections from one address at once, before the sustained rate applies.
    pub connects_per_address_burst: u32,
    /// A new connection must bring a sound frame within this time.
    pub first_frame_timeout: Duration,
    /// A begun frame must be whole within this time, else another beginning is looked for in it.
    pub frame_timeout: Duration,
    /// A connection without a sound frame for this long is closed. Longer than the longest inspection interval (2 h).
    pub idle_max: Duration,
    /// Bytes since the last sound frame that belong to none.
    pub unframed_bytes_max: usize,
    /// Frames a second from one connection, sustained; a faster one is read more slowly.
    pub frames_per_s: u32,
    /// Frames of one connection at once, before the sustained rate applies.
    pub frames_burst: u32,
    /// Frames of one connection that are not yet durable.
    pub unacked_max: u16,
    /// Frames of one device, over all its connections, that are not yet durable.
    pub device_unacked_max: usize,
    /// Bytes of those.
    pub device_unacked_bytes_max: usize,
    /// Bytes of all devices' frames that are not yet durable.
    pub queue_bytes_max: usize,
    /// Frames that one connection hands on at once; the unit of the fair share.
    pub chunk_frames: usize,
    /// A repetition is known as such for this long after the first; at least [`DUPLICATE_WINDOW_MIN`].
    pub duplicate_window: Duration,
    /// A socket that takes no byte of ours for this long is closed.
    pub write_timeout: Duration,
    /// Bytes waiting to be written to one socket before it is no longer read.
    pub write_buffer_bytes_max: usize,
    /// Commands waiting for one connection.
    pub commands_waiting_max: usize,
    /// Datagrams of one sender waiting to be read; more are dropped, and the device repeats.
    pub datagrams_waiting_max: usize,
    /// How long a stop waits for what is under way to become durable.
    pub stop_grace: Duration,
}

impl Default for GatewayLimits {
    fn default() -> GatewayLimits {
        GatewayLimits {
            connections_max: 20_000,
            connections_per_address_max: 12_000,
            connects_per_address_per_s: 500,
            connects_per_address_burst: 12_000,
            first_frame_timeout: Duration::from_secs(300),
            frame_timeout: Duration::from_secs(10),
            idle_max: Duration::from_secs(3 * 3_600),
            unframed_bytes_max: UNFRAMED_BYTES_MAX,
            frames_per_s: 200,
            frames_burst: 1_000,
            unacked_max: 256,
            device_unacked_max: 1_024,
            device_unacked_bytes_max: 1024 * 1024,
            queue_bytes_max: 16 * 1024 * 1024,
            chunk_frames: 64,
            duplicate_window: Duration::from_secs(60),
            write_timeout: Duration::from_secs(10),
            write_buffer_bytes_max: 16 * 1024,
            commands_waiting_max: 16,
            datagrams_waiting_max: 64,
            stop_grace: Duration::from_secs(5),
        }
    }
}

impl GatewayLimits {
    /// What one device may have under way to the disk.
    pub(crate) fn device_load_max(&self) -> Load {
        Load { frames: self.device_unacked_max, bytes: self.device_unacked_bytes_max }
    }

    /// What all may; the frames are bounded by the queue itself.
    pub(crate) fn queue_load_max(&self) -> Load {
        Load { frames: usize::MAX, bytes: self.queue_bytes_max }
    }

    /// The part of it that counts connections by address, as the other listener has it.
    pub(crate) fn of_addresses(&self) -> Limits {
        Limits {
            connections_max: self.connections_max,
            connections_per_address_max: self.connections_per_address_max,
            connects_per_address_per_s: self.connects_per_address_per_s,
            connects_per_address_burst: self.connects_per_address_burst,
            // A panel need not say anything before it has something to say.
            unauthenticated_max: usize::MAX,
            unauthenticated_per_address_max: usize::MAX,
            ..Limits::default()
        }
    }
}

/// One thing that cannot be as it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Which listener or device, and which key.
    pub key: String,
    /// What to put right.
    pub problem: String,
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

impl GatewaySettings {
    /// Everything that cannot be as it is set; nothing when the gateway can start.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Problems(Vec::new());
        self.check_listeners(&mut problems);
        self.check_transmitters(&mut problems);
        self.limits.check(&mut problems);
        problems.0
    }

    fn check_listeners(&self, problems: &mut Problems) {
        let (mut names, mut places) = (BTreeSet::new(), BTreeSet::new());
        for listener in &self.listeners {
            let mut wrong =
                |key: &str, problem: &str| problems.add(&format!("listener {}: {key}", listener.name), problem);
            if listener.name.is_empty() || !names.insert(&listener.name) {
                wrong("name", "must be there and be no other listener's");
            }
            if listener.addr.port() != 0 && !places.insert((listener.transport, listener.addr)) {
                wrong("addr", "another listener is there");
            }
            if !listener.addr.ip().is_loopback() && !listener.insecure {
                wrong("addr", "the protocol is neither authenticated nor encrypted: use loopback, or set insecure");
            }
            if listener.unlisted == Unlisted::Accept && listener.site.is_none() {
                wrong("unlisted", "can be accepted only where the listener names a site");
            }
        }
    }

    fn check_transmitters(&self, problems: &mut Problems) {
        let (mut addresses, mut ports, mut tokens) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for device in &self.transmitters {
            let mut wrong = |problem: &str| problems.add(&format!("device {}/{}", device.site, device.device), problem);
            let known = |name: &CompactString| self.listeners.iter().any(|listener| listener.name == *name);
            if device.listener.as_ref().is_some_and(|name| !known(name)) {
                wrong("no listener has that name");
            }
            let place = device.listener.as_ref();
            if device.address != Address::NONE {
                if device.device.as_str() != device.address.to_string() {
                    wrong("must be called by its address in decimal, as its frames name it");
                }
                if !addresses.insert((place, device.address)) {
                    wrong("another device has that address there");
                }
            } else if let Some(token) = &device.token {
                if token.is_empty() || !tokens.insert((place, token)) {
                    wrong("its token must be there and be no other device's");
                }
            } else if place.is_none() {
                wrong("has no address: give it a listener of its own, or the token that it registers with");
            } else if !ports.insert(place) {
                wrong("another device without address and token is at that listener");
            }
        }
    }
}

impl GatewayLimits {
    fn check(&self, problems: &mut Problems) {
        if self.duplicate_window < DUPLICATE_WINDOW_MIN {
            problems.add("duplicate_window", "must be at least 40 s: three repetitions after 10 s each");
        }
        if self.chunk_frames == 0 || self.unacked_max == 0 || self.frames_per_s == 0 || self.frames_burst == 0 {
            problems.add("limits", "chunk_frames, unacked_max, frames_per_s and frames_burst must be at least 1");
        }
    }
}

struct Problems(Vec<SettingsProblem>);

impl Problems {
    fn add(&mut self, key: &str, problem: &str) {
        self.0.push(SettingsProblem { key: key.to_owned(), problem: problem.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(name: &str, addr: &str) -> ListenerSettings {
        ListenerSettings {
            name: name.into(),
            addr: addr.parse().unwrap(),
            transport: Transport::Tcp,
            insecure: false,
            site: None,
            unlisted: Unlisted::Refuse,
        }
    }

    fn device(name: &str, address: u64) -> TransmitterSettings {
        TransmitterSettings {
            site: SiteId::new("tower").unwrap(),
            device: DeviceName::new(name).unwrap(),
            address: Address::new(address).unwrap(),
            listener: None,
            token: None,
            digits: Digits::Binary,
        }
    }

    #[test]
    fn every_problem_is_told_with_its_key() {
        let settings = GatewaySettings {
            listeners: vec![
                listener("a", "127.0.0.1:5000"),
                listener("a", "127.0.0.1:5000"),
                listener("b", "0.0.0.0:5001"),
                ListenerSettings { unlisted: Unlisted::Accept, ..listener("c", "127.0.0.1:0") },
            ],
            transmitters: vec![
                device("7", 7),
                device("7", 7),
                device("eight", 8),
                device("nobody", 0),
                TransmitterSettings { listener: Some("b".into()), ..device("first", 0) },
                TransmitterSettings { listener: Some("b".into()), ..device("second", 0) },
                TransmitterSettings { listener: Some("d".into()), ..device("9", 9) },
                TransmitterSettings { token: Some("".into()), ..device("t", 0) },
            ],
            limits: GatewayLimits { duplicate_window: Duration::from_secs(39), chunk_frames: 0, ..Default::default() },
        };
        let told: Vec<String> = settings.problems().iter().map(ToString::to_string).collect();
        let beginnings = [
            "listener a: name",
            "listener a: addr: another",
            "listener b: addr: the protocol",
            "listener c: unlisted",
            "device tower/7: another",
            "device tower/eight: must be called",
            "device tower/nobody: has no address",
            "device tower/second: another device without",
            "device tower/9: no listener",
            "device tower/t: its token",
            "duplicate_window",
            "limits",
        ];
        assert_eq!(told.len(), beginnings.len(), "{told:#?}");
        for (told, beginning) in told.iter().zip(beginnings) {
            assert!(told.starts_with(beginning), "{told} / {beginning}");
        }
        assert_eq!(GatewaySettings::default().problems(), []);
    }
}
