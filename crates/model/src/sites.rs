//! What is guarded and who is told: sites, zones, devices, contacts, identities. Checked by `station` from
//! `config/sites.toml`; part of the set-up that is journaled by its hash. Holds references to secrets, never secrets.

use crate::{
    Bilingual, ChannelKind, Class, ContactId, DeviceName, IdentityName, Premises, SiteId, Source, TransmissionDevice,
    ZoneId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Every site of the station.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sites {
    /// By id.
    pub sites: BTreeMap<SiteId, Site>,
    /// People and systems that can be told, for all sites.
    pub contacts: BTreeMap<ContactId, Contact>,
}

/// A home, a care home, a building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Its name.
    pub name: Bilingual,
    /// What it is.
    pub kind: SiteKind,
    /// Where it is, for the person who drives there.
    pub address: Bilingual,
    /// IANA time zone, e.g. `Asia/Shanghai`.
    pub time_zone: String,
    /// Rooms, corridors, floors.
    pub zones: BTreeMap<ZoneId, Zone>,
    /// The devices that are known. One that is not is "unclaimed": it is shown, and its alarms still alarm.
    pub devices: Vec<Device>,
    /// The credentials of this site.
    pub identities: BTreeMap<IdentityName, Identity>,
    /// Who is told, in order.
    pub ladder: Vec<Rung>,
    /// What speaks for its fire panels.
    #[serde(default)]
    pub transmission_devices: Vec<TransmissionDevice>,
    /// What is known of the premises.
    #[serde(default)]
    pub premises: Premises,
}

/// What a site is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// A flat or house.
    Home,
    /// A care home.
    CareHome,
    /// A building with a fire panel.
    Building,
    /// Anything else.
    Other,
}

/// A part of a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Its name.
    pub name: Bilingual,
}

/// A known device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Whose naming `name` follows.
    pub source: Source,
    /// The name its protocol gives it.
    pub name: DeviceName,
    /// What people call it.
    pub label: Bilingual,
    /// Where it hangs.
    pub zone: Option<ZoneId>,
    /// Silent for longer than this is offline, in seconds. `None`: not watched.
    pub silent_after_s: Option<u32>,
    /// Free words that rules may scope by.
    pub tags: BTreeSet<String>,
}

/// A credential with which a device or a gateway logs in. The user name is `<site>/<identity>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// One device, or a gateway for many.
    pub role: IdentityRole,
    /// Where the secret is: `env:NAME` or `file:PATH`.
    pub secret: String,
    /// Topic filters it may publish to, besides those its role implies.
    pub publish: Vec<String>,
    /// Topic filters it may subscribe to, besides those its role implies.
    pub subscribe: Vec<String>,
}

/// What an identity stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityRole {
    /// One device: may publish `wf/v1/{site}/{device}/…` only.
    Device {
        /// Its name.
        name: DeviceName,
    },
    /// A gateway of the site: may publish for any device of it, in any known scheme.
    Gateway,
    /// Only listens: to `wf/v1/{site}/alerts` and what `subscribe` names.
    Subscriber,
}

/// A person, a desk or a system that can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Who.
    pub name: Bilingual,
    /// `en` or `zh`: the language of messages to this contact.
    pub language: Language,
    /// Where, per channel: an e-mail address, a phone number, a URL.
    pub channels: BTreeMap<ChannelKind, String>,
}

/// A language that we speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    #[default]
    Zh,
}

/// One rung of a ladder: these are told, and after `wait_s` without an acknowledgement the next rung too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// Who.
    pub contacts: Vec<ContactId>,
    /// By which ways, tried in this order when one fails; empty: every way the contact has, at once.
    pub channels: Vec<ChannelKind>,
    /// Seconds until the next rung.
    pub wait_s: u32,
    /// For which classes; empty: fire, gas, co and early_warning.
    pub classes: BTreeSet<Class>,
}

impl Site {
    /// The known device of that key.
    pub fn device(&self, source: Source, name: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.source == source && device.name.as_str() == name)
    }
}
