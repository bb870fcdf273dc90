//! Who may speak at which port: the allow-list as a snapshot, and devices that are in no list.
//!
//! A frame's device is, in this order:
//! 1. the listed device of its source address, at this listener or at any;
//! 2. without an address: the device whose token this frame brings, or another brought before on this connection; else
//!    the first device of this connection; else the one that the listener is provisioned for;
//! 3. where the listener accepts the unlisted: an unclaimed device, called by its address, or by the network address of
//!    its connection. The second of that name that is there at the same time is another device: `10.0.0.7#2`.
//!
//! The destination address is not looked at: devices put the centre's address there, or its IP address and port.

use crate::gbt26875::recent::Recent;
use crate::gbt26875::settings::{ListenerSettings, TransmitterSettings, Unlisted};
use crate::share::Share;
use compact_str::{CompactString, ToCompactString, format_compact};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use watchfire_model::{DeviceKey, DeviceName, SiteId, Source};
use watchfire_wire::gbt26875::{Address, Digits, Kind};

/// The key of a transmission device.
pub(crate) fn key(site: &SiteId, name: DeviceName) -> DeviceKey {
    DeviceKey { site: site.clone(), source: Source::Gbt26875, name }
}

/// A transmission device, ready for the hot path.
#[derive(Debug)]
pub(crate) struct Transmitter {
    pub(crate) key: DeviceKey,
    pub(crate) digits: Digits,
    pub(crate) is_listed: bool,
    pub(crate) memory: Arc<Memory>,
}

/// What is remembered of a device over its connections and over changes of the list.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) share: Arc<Share>,
    pub(crate) recent: Mutex<Recent>,
}

/// An immutable snapshot of the allow-list.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    /// By the listener's name (empty: any) and the address.
    by_address: HashMap<(CompactString, Address), Arc<Transmitter>>,
    /// By the listener's name (empty: any) and the token.
    by_token: HashMap<(CompactString, CompactString), Arc<Transmitter>>,
    /// By the listener that is theirs alone.
    by_port: HashMap<CompactString, Arc<Transmitter>>,
}

impl Roster {
    /// The snapshot of checked settings; devices that `before` knew keep what is remembered of them.
    pub(crate) fn new(settings: &[TransmitterSettings], before: &Roster) -> Roster {
        let kept: BTreeMap<&DeviceKey, &Arc<Memory>> = before.all().map(|known| (&known.key, &known.memory)).collect();
        let mut roster = Roster::default();
        for device in settings {
            let key = key(&device.site, device.device.clone());
            let memory = kept.get(&key).map(|memory| Arc::clone(memory)).unwrap_or_default();
            let transmitter = Arc::new(Transmitter { key, digits: device.digits, is_listed: true, memory });
            let place = device.listener.clone().unwrap_or_default();
            match &device.token {
                _ if device.address != Address::NONE => {
                    roster.by_address.insert((place, device.address), transmitter);
                }
                Some(token) => {
                    roster.by_token.insert((place, bare(token).into()), transmitter);
                }
                None => {
                    roster.by_port.insert(place, transmitter);
                }
            }
        }
        roster
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Transmitter>> {
        self.by_address.values().chain(self.by_token.values()).chain(self.by_port.values())
    }

    /// The listed device of that address at that listener.
    pub(crate) fn of_address(&self, listener: &str, address: Address) -> Option<&Arc<Transmitter>> {
        let here = self.by_address.get(&(CompactString::new(listener), address));
        here.or_else(|| self.by_address.get(&(CompactString::default(), address)))
    }

    /// The listed device that registers with that token at that listener.
    pub(crate) fn of_token(&self, listener: &str, token: &CompactString) -> Option<&Arc<Transmitter>> {
        if self.by_token.is_empty() {
            return None;
        }
        let here = self.by_token.get(&(CompactString::new(listener), token.clone()));
        here.or_else(|| self.by_token.get(&(CompactString::default(), token.clone())))
    }

    /// The device that a listener is provisioned for.
    pub(crate) fn of_port(&self, listener: &str) -> Option<&Arc<Transmitter>> {
        self.by_port.get(listener)
    }
}

/// The token that an application unit registers with: the body of a private type. Some begin it with bytes of their own
/// that are no text (the address of a system, say), and fill it up.
pub(crate) fn token_of(unit: &[u8]) -> Option<CompactString> {
    let [code, _count, body @ ..] = unit else { return None };
    if Kind::from_code(*code).is_some() {
        return None;
    }
    std::str::from_utf8(body).ok().map(|body| bare(body).into())
}

fn bare(token: &str) -> &str {
    token.trim_matches(|c: char| c.is_control() || c == ' ')
}

/// A listener, and the unlisted that are there now.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) settings: ListenerSettings,
    /// All its unlisted devices share one share: no number of invented addresses takes more.
    share: Arc<Share>,
    strangers: Mutex<HashMap<CompactString, Weak<Transmitter>>>,
}

impl Port {
    pub(crate) fn new(settings: ListenerSettings) -> Port {
        Port { settings, share: Arc::default(), strangers: Mutex::default() }
    }

    /// The unlisted device of that address, or of a connection from there; `None` where none is accepted.
    pub(crate) fn stranger(&self, address: Address, from: IpAddr) -> Option<Arc<Transmitter>> {
        let site = self.settings.site.as_ref().filter(|_| self.settings.unlisted == Unlisted::Accept)?;
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if strangers.len() >= 2 * strangers.capacity() / 3 {
            strangers.retain(|_, stranger| stranger.strong_count() > 0);
        }
        let name = if address == Address::NONE {
            let is_free = |name: &CompactString| strangers.get(name).is_none_or(|there| there.strong_count() == 0);
            let numbered =
                |number| if number == 1 { from.to_compact_string() } else { format_compact!("{from}#{number}") };
            (1..).map(numbered).find(is_free)?
        } else {
            address.to_compact_string()
        };
        if let Some(there) = strangers.get(&name).and_then(Weak::upgrade) {
            return Some(there);
        }
        let device = DeviceName::new(&name).ok()?;
        let memory = Arc::new(Memory { share: Arc::clone(&self.share), recent: Mutex::default() });
        let key = key(site, device);
        let stranger = Arc::new(Transmitter { key, digits: Digits::Binary, is_listed: false, memory });
        strangers.insert(name, Arc::downgrade(&stranger));
        Some(stranger)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbt26875::settings::Transport;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn address(number: u64) -> Address {
        Address::new(number).unwrap()
    }

    fn listed(device: &str, number: u64, listener: Option<&str>, token: Option<&str>) -> TransmitterSettings {
        TransmitterSettings {
            site: SiteId::new("tower").unwrap(),
            device: DeviceName::new(device).unwrap(),
            address: address(number),
            listener: listener.map(Into::into),
            token: token.map(Into::into),
            digits: Digits::Binary,
        }
    }

    #[test]
    fn a_listed_device_is_found_by_address_token_or_port() {
        let settings = [
            listed("7", 7, None, None),
            listed("7", 7, Some("b"), None),
            listed("east", 0, Some("c"), None),
            listed("west", 0, None, Some("A23FEC")),
        ];
        let roster = Roster::new(&settings, &Roster::default());
        let here = |listener| Arc::as_ptr(roster.of_address(listener, address(7)).unwrap());
        assert!(here("a") != here("b") && here("a") == here("c"));
        assert!(roster.of_address("a", address(8)).is_none());
        assert_eq!(roster.of_port("c").unwrap().key.to_string(), "tower/gbt26875/east");
        assert!(roster.of_port("a").is_none());
        let west = roster.of_token("a", &token_of(b"\x3c\x01A23FEC\0").unwrap()).unwrap();
        assert_eq!(west.key.name.as_str(), "west");
        assert!(roster.of_token("a", &"A23FED".into()).is_none());
        let again = Roster::new(&settings[3..], &roster);
        assert!(Arc::ptr_eq(&west.memory, &again.of_token("a", &"A23FEC".into()).unwrap().memory));
    }

    #[test]
    fn a_token_is_the_text_of_a_private_type() {
        // As one maker's log-in has it: two bytes that are no text before 32 characters.
        assert_eq!(token_of(b"\x3c\x01\x01\x02A23FEC17C46FDD4F").unwrap(), "A23FEC17C46FDD4F");
        assert_eq!(token_of(b"\xc8\x01 SN-0001\0\0").unwrap(), "SN-0001");
        assert_eq!(token_of(b"\x02\x01A23FEC"), None, "an alarm is no registration");
        assert_eq!(token_of(b"\x3c\x01\xff\xfe"), None);
        assert_eq!(token_of(b"\x3c"), None);
    }

    #[test]
    fn the_unlisted_without_an_address_are_told_apart() {
        let settings = ListenerSettings {
            name: "a".into(),
            addr: "127.0.0.1:0".parse().unwrap(),
            transport: Transport::Tcp,
            insecure: false,
            site: Some(SiteId::new("tower").unwrap()),
            unlisted: Unlisted::Accept,
        };
        let port = Port::new(settings.clone());
        let name = |stranger: &Arc<Transmitter>| stranger.key.name.to_string();
        let first = port.stranger(Address::NONE, PEER).unwrap();
        let second = port.stranger(Address::NONE, PEER).unwrap();
        assert_eq!((name(&first), name(&second)), ("127.0.0.1".to_owned(), "127.0.0.1#2".to_owned()));
        drop(first);
        assert_eq!(name(&port.stranger(Address::NONE, PEER).unwrap()), "127.0.0.1");
        let nine = port.stranger(address(9), PEER).unwrap();
        assert!(Arc::ptr_eq(&nine, &port.stranger(address(9), PEER).unwrap()));
        let strict = Port::new(ListenerSettings { unlisted: Unlisted::Refuse, ..settings });
        assert!(strict.stranger(address(9), PEER).is_none());
    }
}
