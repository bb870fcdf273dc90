//! `[sites.<id>.transmission_devices.<name>]` of `sites.toml`: the transmission devices (用户信息传输装置) through which a
//! site's fire panels are heard. Each is a device of the site, too.

use super::sites::{Taken, optional_bilingual};
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use watchfire_model::transmission::{ANSWER_MIN, INSPECTION_S, INSPECTION_S_MAX, READS_MAX, RETRIES, RETRY_S_MAX};
use watchfire_model::{
    Bilingual, Device, DeviceName, DutyPlan, IdentityName, PanelRead, SiteId, Source, TransmissionDevice, Zone, ZoneId,
};
use watchfire_settings::Section;
use watchfire_wire::gbt26875::Address;

/// The inspection of a device is heard at most this often.
const INSPECTION_S_MIN: u64 = 60;
/// The longest token of a registration, in bytes.
const TOKEN_BYTES_MAX: usize = 200;
/// An answer to a duty check may take so long, in minutes.
const ANSWER_MIN_MAX: u64 = 60;

/// What the devices of a station's sites may refer to, and what of them must be unlike all others.
pub(super) struct Registry<'a> {
    /// The listeners of the gateway; `None` where they could not be read.
    pub(super) listeners: Option<&'a BTreeSet<CompactString>>,
    /// The dialects; `None` where they could not be read.
    pub(super) dialects: Option<&'a BTreeSet<CompactString>>,
    /// Address or token, and where it is taken: the listener, and the device.
    known: BTreeMap<String, Vec<(Option<CompactString>, String)>>,
    /// Point tables to be read.
    pub(super) tables: Vec<TableFile>,
}

/// A point table that a device names.
pub(super) struct TableFile {
    pub(super) site: SiteId,
    pub(super) device: DeviceName,
    pub(super) listener: Option<CompactString>,
    pub(super) dialect: Option<CompactString>,
    pub(super) zones: BTreeSet<ZoneId>,
    pub(super) path: PathBuf,
    /// Where it is named.
    pub(super) line: usize,
    pub(super) key: String,
}

impl<'a> Registry<'a> {
    pub(super) fn new(
        listeners: Option<&'a BTreeSet<CompactString>>,
        dialects: Option<&'a BTreeSet<CompactString>>,
    ) -> Registry<'a> {
        Registry { listeners, dialects, known: BTreeMap::new(), tables: Vec::new() }
    }

    /// Notes who sends that; names the device that sends it at the same listener already.
    fn take(&mut self, what: String, listener: Option<&CompactString>, who: &str) -> Option<String> {
        let taken = self.known.entry(what).or_default();
        let apart =
            |there: &Option<CompactString>| matches!((there, listener), (Some(there), Some(here)) if there != here);
        let first = taken.iter().find(|(there, _)| !apart(there)).map(|(_, who)| who.clone());
        taken.push((listener.cloned(), who.to_owned()));
        first
    }
}

/// Reads one device, and its entry in the site's list of devices.
pub(super) fn read(
    called: &str,
    section: &mut Section<'_>,
    (site, zones): (&str, &BTreeMap<ZoneId, Zone>),
    taken: &mut Taken,
    registry: &mut Registry<'_>,
) -> Option<(TransmissionDevice, Device)> {
    let id = called.parse::<IdentityName>().map_err(|error| section.problem("", error.to_string())).ok();
    let address = address(section);
    let listener = known(section, "listener", registry.listeners, "a listener of [gbt26875] in watchfire.toml");
    let dialect = known(section, "dialect", registry.dialects, "a profile");
    let token = section.optional_text("token").map(CompactString::from);
    let label = optional_bilingual(section, "label");
    let zone: Option<ZoneId> = section.optional_parsed("zone");
    if let Some(zone) = zone.as_ref().filter(|zone| !zones.contains_key(*zone)) {
        section.problem("zone", format!("`{zone}` is not a zone of this site"));
    }
    let inspection_s = inspection(section);
    let retry_s = section.integer_or("retry_s", u64::from(RETRY_S_MAX), 1..=u64::from(RETRY_S_MAX));
    let retries = section.integer_or("retries", u64::from(RETRIES), 0..=10);
    let reads = section.list("reads", |text| text.parse::<PanelRead>().map_err(|error| error.to_string()));
    if reads.len() > READS_MAX {
        section.problem("reads", format!("are {}; use at most {READS_MAX}", reads.len()));
    }
    let duty = section.optional_table("duty", duty);
    let silent_after_s = section.optional_integer("silent_after_s", 1..=31_536_000);
    let tags = section.list("tags", |tag| Ok(tag.to_owned())).into_iter().collect();
    let points = section.optional_text("points");
    let address = address?;
    let name = device_name(&id?, address);
    unlike_others(
        section,
        (&format!("{site}.{called}"), &name),
        address,
        (listener.as_ref(), token.as_ref()),
        taken,
        registry,
    );
    if let (Some(path), Ok(of)) = (points, SiteId::new(site)) {
        registry.tables.push(TableFile {
            site: of,
            device: name.clone(),
            listener: listener.clone(),
            dialect: dialect.clone(),
            zones: zones.keys().cloned().collect(),
            path: PathBuf::from(path),
            line: section.line("points"),
            key: format!("sites.{site}.transmission_devices.{called}.points"),
        });
    }
    let label = label.unwrap_or_else(|| Bilingual::same(called));
    let device = Device {
        source: Source::Gbt26875,
        name: name.clone(),
        label: label.clone(),
        zone: zone.clone(),
        silent_after_s: silent_after_s.and_then(|seconds| u32::try_from(seconds).ok()),
        tags,
    };
    let transmission = TransmissionDevice {
        name,
        address: address.get(),
        listener,
        token,
        dialect,
        label,
        zone,
        inspection_s: u32::try_from(inspection_s).ok()?,
        retry_s: u8::try_from(retry_s).ok()?,
        retries: u8::try_from(retries).ok()?,
        reads,
        duty,
    };
    Some((transmission, device))
}

/// Its frames name a device by its address; one without, by what it is called here.
fn device_name(id: &IdentityName, address: Address) -> DeviceName {
    let text = if address == Address::NONE { id.to_string() } else { address.to_string() };
    DeviceName::new(&text).expect("a number and an id are names")
}

fn inspection(section: &mut Section<'_>) -> u64 {
    let period = section.integer_or("inspection_s", u64::from(INSPECTION_S), 0..=u64::from(INSPECTION_S_MAX));
    if (1..INSPECTION_S_MIN).contains(&period) {
        section.problem(
            "inspection_s",
            format!("is {period}; use {INSPECTION_S_MIN} to {INSPECTION_S_MAX}, or 0 for never"),
        );
    }
    period
}

/// A name that is in a list, where the list is known.
fn known(
    section: &mut Section<'_>,
    key: &str,
    list: Option<&BTreeSet<CompactString>>,
    what: &str,
) -> Option<CompactString> {
    let name = CompactString::from(section.optional_text(key)?);
    if let Some(list) = list.filter(|list| !list.contains(&name)) {
        let there = list.iter().map(CompactString::as_str).collect::<Vec<_>>().join(", ");
        let there = if there.is_empty() { "there is none".to_owned() } else { format!("there are {there}") };
        section.problem(key, format!("`{name}` is not {what}; {there}"));
    }
    Some(name)
}

/// No two devices may be taken for each other.
fn unlike_others(
    section: &mut Section<'_>,
    (who, name): (&str, &DeviceName),
    address: Address,
    (listener, token): (Option<&CompactString>, Option<&CompactString>),
    taken: &mut Taken,
    registry: &mut Registry<'_>,
) {
    if !taken.insert((Source::Gbt26875.to_string(), name.to_string())) {
        section.problem("", format!("`{name}` of source gbt26875 is listed twice"));
    }
    if token.is_some_and(|token| token.trim().is_empty() || token.len() > TOKEN_BYTES_MAX) {
        section.problem("token", format!("must be text of 1 to {TOKEN_BYTES_MAX} bytes"));
    }
    let (key, what) = match (address, token, listener) {
        (Address::NONE, Some(token), _) => ("token", format!("token {token}")),
        (Address::NONE, None, Some(_)) => ("listener", "no address".to_owned()),
        (Address::NONE, None, None) => {
            let message = "is missing or 0: then give a `listener` of its own, or the `token` that it registers with";
            return section.problem("address", message);
        }
        (address, ..) => ("address", format!("address {address}")),
    };
    if let Some(first) = registry.take(what.clone(), listener, who) {
        section.problem(key, format!("{what} is {first}'s already; they could not be told apart"));
    }
}

/// A number; or text: a decimal number, `0x` and hex digits, or the six bytes in the order in which frames write them.
fn address(section: &mut Section<'_>) -> Option<Address> {
    const MOST: u64 = (1 << 48) - 1;
    let number = if section.is_text("address") {
        let text = section.text("address")?;
        let read = address_text(text.trim());
        if read.is_none() {
            let form = "is not an address: use a number, or its six bytes as the frames write them, such as \
                        79-03-00-00-00-00";
            section.problem("address", format!("`{text}` {form}"));
        }
        read?
    } else if section.has("address") {
        section.integer("address", 0..=MOST)?
    } else {
        section.optional_integer("address", 0..=MOST).unwrap_or(0)
    };
    Address::new(number)
}

fn address_text(text: &str) -> Option<u64> {
    let number = if let Some(hex) = text.strip_prefix("0x") {
        u64::from_str_radix(hex, 16).ok()
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        let byte = |part: &str| (part.len() == 2).then(|| u8::from_str_radix(part, 16).ok()).flatten();
        let bytes = text.split(['-', ' ', ':']).map(byte).collect::<Option<Vec<u8>>>()?;
        let [a, b, c, d, e, f] = *bytes.as_slice() else { return None };
        Some(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    };
    number.filter(|number| Address::new(*number).is_some())
}

fn duty(section: &mut Section<'_>) -> Option<DutyPlan> {
    let from_min = time_of_day(section, "from");
    let until_min = time_of_day(section, "until");
    let checks = section.integer("checks", 1..=24);
    let answer_min = section.integer_or("answer_min", u64::from(ANSWER_MIN), 1..=ANSWER_MIN_MAX);
    Some(DutyPlan {
        from_min: from_min?,
        until_min: until_min?,
        checks: u8::try_from(checks?).ok()?,
        answer_min: u8::try_from(answer_min).ok()?,
    })
}

/// `22:00`, as minutes after midnight.
fn time_of_day(section: &mut Section<'_>, key: &str) -> Option<u16> {
    let text = section.text(key)?;
    let read = text.split_once(':').and_then(|(hour, minute)| {
        let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    });
    if read.is_none() {
        section.problem(key, format!("`{text}` is not a time of day such as 22:00"));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_have_it() {
        for (text, number) in [
            ("889", 889),
            ("0x379", 889),
            ("79-03-00-00-00-00", 889),
            ("79 03 00 00 00 00", 889),
            ("ff:ff:ff:ff:ff:ff", 281_474_976_710_655),
        ] {
            assert_eq!(address_text(text), Some(number), "{text}");
        }
        for text in ["", "0x1000000000000", "281474976710656", "79-03", "7-9-0-3-0-0", "zz"] {
            assert_eq!(address_text(text), None, "{text}");
        }
    }
}
