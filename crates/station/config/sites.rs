//! `sites.toml` → [`Sites`].

use std::collections::{BTreeMap, BTreeSet};
use watchfire_intake::STATION_SITE;
use watchfire_model::sites::Language;
use watchfire_model::{
    Bilingual, ChannelKind, Class, Contact, ContactId, Device, Identity, IdentityName, IdentityRole, Rung, Site,
    SiteId, SiteKind, Sites, Zone, ZoneId,
};
use watchfire_settings::{Problem, Section};

use super::transmission::{self, Registry};
use super::{premises, secrets};

/// Where a site lies that does not say so.
const TIME_ZONE: &str = "Asia/Shanghai";

/// Devices by source and name.
pub(super) type Taken = BTreeSet<(String, String)>;

/// Reads and checks the whole file; what it refers to in other files is believed.
pub(crate) fn parse(file: &str, text: &str) -> Result<Sites, Vec<Problem>> {
    parse_among(file, text, &mut Registry::new(None, None))
}

/// Reads and checks the whole file, with what it may refer to.
pub(super) fn parse_among(file: &str, text: &str, registry: &mut Registry<'_>) -> Result<Sites, Vec<Problem>> {
    watchfire_settings::read(file, text, |root| {
        let contacts: BTreeMap<ContactId, Contact> = root.tables("contacts", contact).into_iter().collect();
        let mut sites: BTreeMap<SiteId, Site> =
            root.tables("sites", |name, section| site(name, section, &contacts, registry)).into_iter().collect();
        let time_zone = sites.values().next().map_or(TIME_ZONE, |first| first.time_zone.as_str()).to_owned();
        sites.entry(SiteId::new(STATION_SITE).ok()?).or_insert_with(|| station_itself(time_zone));
        Some(Sites { sites, contacts })
    })
}

fn contact(name: &str, section: &mut Section<'_>) -> Option<(ContactId, Contact)> {
    let id = id::<ContactId>(name, section);
    let label = bilingual(section, "name");
    let language = section.choice_or("language", Language::Zh, &[("zh", Language::Zh), ("en", Language::En)]);
    let mut channels = BTreeMap::new();
    for kind in ChannelKind::ALL {
        let address = section.optional_text(kind.as_str());
        channels.extend(address.and_then(|address| checked_address(section, *kind, address)).map(|to| (*kind, to)));
    }
    if channels.is_empty() {
        section.problem("", "has no way to be told; give at least one of email, sms, webhook");
    }
    Some((id?, Contact { name: label?, language, channels }))
}

fn checked_address(section: &mut Section<'_>, kind: ChannelKind, address: String) -> Option<String> {
    let fault = match kind {
        ChannelKind::Email => (!address.contains('@')).then_some("is not an e-mail address"),
        ChannelKind::Sms => {
            let digits = address.strip_prefix('+').unwrap_or(&address);
            let good = (3..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            (!good).then_some("is not a phone number; use digits with an optional leading +")
        }
        ChannelKind::Webhook => {
            let good = address.starts_with("http://") || address.starts_with("https://");
            (!good).then_some("is not an http:// or https:// address")
        }
    };
    match fault {
        Some(fault) => {
            section.problem(kind.as_str(), format!("`{address}` {fault}"));
            None
        }
        None => Some(address),
    }
}

fn site(
    name: &str,
    section: &mut Section<'_>,
    contacts: &BTreeMap<ContactId, Contact>,
    registry: &mut Registry<'_>,
) -> Option<(SiteId, Site)> {
    let id = id::<SiteId>(name, section);
    let strange = ["devices", "identities", "transmission_devices"].into_iter().any(|key| section.has(key));
    if name == STATION_SITE && strange {
        section
            .problem("", "is the station itself: it has a name, a time zone and a ladder, no devices and identities");
    }
    let kinds = [
        ("home", SiteKind::Home),
        ("care_home", SiteKind::CareHome),
        ("building", SiteKind::Building),
        ("other", SiteKind::Other),
    ];
    let label = bilingual(section, "name");
    let kind = section.choice_or("kind", SiteKind::Other, &kinds);
    let address = optional_bilingual(section, "address").unwrap_or_default();
    let time_zone = section.text_or("time_zone", TIME_ZONE);
    if jiff::tz::TimeZone::get(&time_zone).is_err() {
        section.problem("time_zone", format!("`{time_zone}` is not an IANA time zone such as Asia/Shanghai"));
    }
    let zones: BTreeMap<ZoneId, Zone> = section.tables("zones", zone).into_iter().collect();
    let mut taken = BTreeSet::new();
    let mut devices = section.array("devices", |device_section| device(device_section, &zones, &mut taken));
    let transmission = section.tables("transmission_devices", |called, section| {
        transmission::read(called, section, (name, &zones), &mut taken, registry)
    });
    let (transmission_devices, of_panels): (Vec<_>, Vec<_>) = transmission.into_iter().unzip();
    devices.extend(of_panels);
    let identities = section.tables("identities", identity).into_iter().collect();
    let ladder = section.array("ladder", |rung_section| rung(rung_section, contacts));
    let premises = section.optional_table("premises", premises::read).unwrap_or_default();
    let name = label?;
    let site =
        Site { name, kind, address, time_zone, zones, devices, identities, ladder, transmission_devices, premises };
    Some((id?, site))
}

/// The site under which the station speaks of itself: disk, archive, channels, attacks.
fn station_itself(time_zone: String) -> Site {
    Site {
        name: Bilingual::new("Watchfire itself", "本平台"),
        kind: SiteKind::Other,
        address: Bilingual::default(),
        time_zone,
        zones: BTreeMap::new(),
        devices: Vec::new(),
        identities: BTreeMap::new(),
        ladder: Vec::new(),
        transmission_devices: Vec::new(),
        premises: Default::default(),
    }
}

fn zone(name: &str, section: &mut Section<'_>) -> Option<(ZoneId, Zone)> {
    let id = id::<ZoneId>(name, section);
    let label = bilingual(section, "name");
    Some((id?, Zone { name: label? }))
}

fn device(section: &mut Section<'_>, zones: &BTreeMap<ZoneId, Zone>, taken: &mut Taken) -> Option<Device> {
    let source = section.parsed("source");
    let name: Option<watchfire_model::DeviceName> = section.parsed("name");
    let label = optional_bilingual(section, "label");
    let zone: Option<ZoneId> = section.optional_parsed("zone");
    if let Some(zone) = zone.as_ref().filter(|zone| !zones.contains_key(*zone)) {
        section.problem("zone", format!("`{zone}` is not a zone of this site"));
    }
    let silent_after_s = section.optional_integer("silent_after_s", 1..=31_536_000);
    let tags = section.list("tags", |tag| Ok(tag.to_owned())).into_iter().collect();
    let (source, name): (watchfire_model::Source, _) = (source?, name?);
    if !taken.insert((source.to_string(), name.to_string())) {
        section.problem("name", format!("`{name}` of source {source} is listed twice"));
    }
    let label = label.unwrap_or_else(|| Bilingual::same(name.as_str()));
    let silent_after_s = silent_after_s.and_then(|seconds| u32::try_from(seconds).ok());
    Some(Device { source, name, label, zone, silent_after_s, tags })
}

fn identity(name: &str, section: &mut Section<'_>) -> Option<(IdentityName, Identity)> {
    let id = id::<IdentityName>(name, section);
    let role = section.choice("role", &[("device", 'd'), ("gateway", 'g'), ("subscriber", 's')]);
    let device = section.optional_parsed("device");
    let secret = secrets::required(section, "secret");
    let publish = section.list("publish", topic_filter);
    let subscribe = section.list("subscribe", topic_filter);
    let role = match (role?, device) {
        ('d', Some(name)) => IdentityRole::Device { name },
        ('d', None) => {
            section.problem("device", "is missing: an identity of role `device` names its device");
            return None;
        }
        (_, Some(_)) => {
            section.problem("device", "belongs to role `device` only");
            return None;
        }
        ('g', None) => IdentityRole::Gateway,
        (_, None) => IdentityRole::Subscriber,
    };
    Some((id?, Identity { role, secret: secret?.to_string(), publish, subscribe }))
}

fn topic_filter(text: &str) -> Result<String, String> {
    let levels: Vec<&str> = text.split('/').collect();
    let wild = |level: &str| level.contains(['+', '#']);
    let hash_last = levels.iter().rev().skip(1).all(|level| *level != "#");
    let whole = levels.iter().all(|level| !wild(level) || *level == "+" || *level == "#");
    if text.is_empty() || text.starts_with('$') || text.chars().any(char::is_control) || !hash_last || !whole {
        return Err(format!("`{text}` is not a topic filter"));
    }
    Ok(text.to_owned())
}

fn rung(section: &mut Section<'_>, contacts: &BTreeMap<ContactId, Contact>) -> Option<Rung> {
    let mut named = 0;
    let told = section.list("contacts", |text| {
        named += 1;
        let id = ContactId::new(text).map_err(|error| error.to_string())?;
        if contacts.contains_key(&id) { Ok(id) } else { Err(format!("`{text}` is not under [contacts]")) }
    });
    if named == 0 {
        section.problem("contacts", "names nobody");
    }
    let channels = section.list("channels", |text| {
        let found = ChannelKind::ALL.iter().find(|kind| kind.as_str() == text);
        found.copied().ok_or_else(|| format!("`{text}` is not one of email, sms, webhook"))
    });
    let classes = section.list("classes", |text| {
        let found = Class::ALL.iter().find(|class| class.as_str() == text);
        found.copied().ok_or_else(|| format!("`{text}` is not a class"))
    });
    let wait_s = section.integer_or("wait_s", 60, 5..=86_400);
    let wait_s = u32::try_from(wait_s).unwrap_or(60);
    Some(Rung { contacts: told, channels, wait_s, classes: classes.into_iter().collect() })
}

fn id<T: std::str::FromStr<Err: std::fmt::Display>>(name: &str, section: &mut Section<'_>) -> Option<T> {
    name.parse().map_err(|error: T::Err| section.problem("", error.to_string())).ok()
}

fn bilingual(section: &mut Section<'_>, key: &str) -> Option<Bilingual> {
    section.table(key, both_languages)
}

pub(super) fn optional_bilingual(section: &mut Section<'_>, key: &str) -> Option<Bilingual> {
    section.optional_table(key, both_languages)
}

pub(super) fn both_languages(section: &mut Section<'_>) -> Option<Bilingual> {
    let en = section.text("en");
    let zh = section.text("zh");
    Some(Bilingual { en: en?, zh: zh? })
}
