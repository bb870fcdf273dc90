//! What a new set-up changes, in words for the audit: which of its parts, their sizes and checksums, and the names of what
//! was added (`+`), removed (`-`) and changed (`~`).

use crate::set_up_store::{FullSetUp, Points, Table};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Display;
use watchfire_model::{Device, Site, TransmissionDevice};

/// Names of one list; the rest is counted.
const NAMES_MAX: usize = 20;
/// Bytes of a checksum that are told.
const CHECKSUM_BYTES: usize = 8;

/// What `now` is, and how it differs from what was in force before it.
pub(crate) fn told(before: Option<&FullSetUp>, now: &FullSetUp) -> String {
    let mut parts = vec![counted(now), sums(now)];
    match before {
        Some(before) => {
            let changes = changes(before, now);
            parts.push(if changes.is_empty() { "nothing changed".to_owned() } else { changes.join("; ") });
        }
        None => parts.push("what was before is not known".to_owned()),
    }
    parts.join("; ")
}

fn counted(set_up: &FullSetUp) -> String {
    let sites = &set_up.sites.sites;
    let devices: usize = sites.values().map(|site| site.devices.len() + site.transmission_devices.len()).sum();
    let points: usize = set_up.points.values().flat_map(BTreeMap::values).map(Table::len).sum();
    let (contacts, rules) = (set_up.sites.contacts.len(), set_up.rules.rules().len());
    format!("{} sites, {devices} devices, {points} points, {contacts} contacts, {rules} rules", sites.len())
}

fn sums(set_up: &FullSetUp) -> String {
    let FullSetUp { sites, rules, profiles, risk, .. } = set_up;
    [sum("sites", sites), sum("rules", rules), sum("profiles", profiles), sum("risk", risk)].join(", ")
}

/// Size and checksum of a part's JSON.
fn sum(name: &str, part: &impl Serialize) -> String {
    let text = serde_json::to_vec(part).expect("our own types always encode");
    let digest = Sha256::digest(&text);
    let digest: String = digest.iter().take(CHECKSUM_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("{name} {} B {digest}", text.len())
}

fn changes(before: &FullSetUp, now: &FullSetUp) -> Vec<String> {
    let rules = |set_up: &FullSetUp| {
        set_up.rules.rules().iter().map(|rule| (rule.name.clone(), rule.clone())).collect::<BTreeMap<_, _>>()
    };
    let lists = [
        list("sites", &sites(before), &sites(now)),
        list("devices", &devices(before), &devices(now)),
        list("transmission devices", &transmission_devices(before), &transmission_devices(now)),
        list("point tables", &tables(&before.points), &tables(&now.points)),
        list("contacts", &before.sites.contacts, &now.sites.contacts),
        list("rules", &rules(before), &rules(now)),
    ];
    let parts = [("profiles", before.profiles != now.profiles), ("risk", before.risk != now.risk)];
    let parts = parts.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| format!("{name} changed"));
    lists.into_iter().flatten().chain(parts).collect()
}

/// Sites without their devices, which are listed by themselves.
fn sites(set_up: &FullSetUp) -> BTreeMap<&str, Site> {
    let bare = |site: &Site| Site {
        name: site.name.clone(),
        kind: site.kind,
        address: site.address.clone(),
        time_zone: site.time_zone.clone(),
        zones: site.zones.clone(),
        devices: Vec::new(),
        identities: site.identities.clone(),
        ladder: site.ladder.clone(),
        transmission_devices: Vec::new(),
        premises: site.premises.clone(),
    };
    set_up.sites.sites.iter().map(|(id, site)| (id.as_str(), bare(site))).collect()
}

fn devices(set_up: &FullSetUp) -> BTreeMap<String, &Device> {
    let of_site = |(id, site)| {
        let site: &Site = site;
        site.devices.iter().map(move |device| (format!("{id}/{}", device.name), device))
    };
    set_up.sites.sites.iter().flat_map(of_site).collect()
}

fn transmission_devices(set_up: &FullSetUp) -> BTreeMap<String, &TransmissionDevice> {
    let of_site = |(id, site)| {
        let site: &Site = site;
        site.transmission_devices.iter().map(move |device| (format!("{id}/{}", device.name), device))
    };
    set_up.sites.sites.iter().flat_map(of_site).collect()
}

fn tables(points: &Points) -> BTreeMap<String, &Table> {
    let of_site = |(id, tables)| -> Vec<(String, &Table)> {
        let tables: &BTreeMap<_, Table> = tables;
        tables.iter().map(|(device, table)| (format!("{id}/{device}"), table)).collect()
    };
    points.iter().flat_map(of_site).collect()
}

fn list<K: Ord + Display, V: PartialEq>(what: &str, before: &BTreeMap<K, V>, now: &BTreeMap<K, V>) -> Option<String> {
    let added = now.keys().filter(|key| !before.contains_key(key)).map(|key| ('+', key));
    let removed = before.keys().filter(|key| !now.contains_key(key)).map(|key| ('-', key));
    let changed = now.iter().filter(|(key, value)| before.get(key).is_some_and(|before| before != *value));
    let changed = changed.map(|(key, _)| ('~', key));
    let all: Vec<(char, &K)> = added.chain(removed).chain(changed).collect();
    if all.is_empty() {
        return None;
    }
    let mut text = format!("{what}:");
    for (sign, key) in all.iter().take(NAMES_MAX) {
        text.push_str(&format!(" {sign}{key}"));
    }
    if all.len() > NAMES_MAX {
        text.push_str(&format!(" and {} more", all.len() - NAMES_MAX));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sites;
    use watchfire_rules::RuleSet;

    fn set_up(text: &str, rules: RuleSet) -> FullSetUp {
        FullSetUp { sites: sites::parse("test", text).unwrap(), rules, ..FullSetUp::default() }
    }

    fn home(devices: impl IntoIterator<Item = u32>, silent_after_s: u32) -> String {
        let device = |n| {
            format!(
                "[[sites.home.devices]]\nsource = \"watchfire\"\nname = \"d{n}\"\nsilent_after_s = {silent_after_s}\n"
            )
        };
        let devices: String = devices.into_iter().map(device).collect();
        format!("[sites.home]\nname = {{ en = \"Home\", zh = \"家\" }}\n{devices}")
    }

    fn changed(before: &FullSetUp, now: &FullSetUp) -> String {
        let told = told(Some(before), now);
        told.split_once("; ").unwrap().1.split_once("; ").unwrap().1.to_owned()
    }

    #[test]
    fn what_was_added_removed_and_changed_is_named() {
        let before = set_up(&home(1..=3, 60), RuleSet::default());
        let text = home(2..=4, 60).replace("name = \"d3\"\nsilent_after_s = 60", "name = \"d3\"\nsilent_after_s = 90");
        let now = set_up(&text, RuleSet::default());
        assert_eq!(changed(&before, &now), "devices: +home/d4 -home/d1 ~home/d3");
        assert_eq!(changed(&now, &now), "nothing changed");
        let moved = set_up(&text.replace("sites.home", "sites.house").replace("Home", "House"), RuleSet::default());
        assert_eq!(
            changed(&now, &moved),
            "sites: +house -home; devices: +house/d2 +house/d3 +house/d4 -home/d2 -home/d3 -home/d4"
        );
    }

    #[test]
    fn long_lists_are_counted() {
        let before = set_up(&home([], 60), RuleSet::default());
        let now = set_up(&home(1..=1_000, 60), RuleSet::built_in());
        let changed = changed(&before, &now);
        assert!(changed.contains(" and 980 more; rules: +"), "{changed}");
        assert!(told(Some(&before), &now).len() < 4_000);
    }

    #[test]
    fn sizes_and_sums_are_told() {
        let told = told(None, &FullSetUp::default());
        let (counts, rest) = told.split_once("; ").unwrap();
        assert_eq!(counts, "0 sites, 0 devices, 0 points, 0 contacts, 0 rules");
        assert!(rest.starts_with("sites ") && rest.ends_with("; what was before is not known"), "{rest}");
        assert_eq!(rest.matches(" B ").count(), 4, "{rest}");
    }
}
