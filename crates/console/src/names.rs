//! The set-up in force, arranged for looking up what things are called. What is not listed is called by its id.

use crate::view::{AlertSite, AlertZone, DeviceSite, DeviceZone, Label, SitePage, SiteView, Text, ZoneView};
use std::collections::BTreeMap;
use watchfire_model::{ContactId, Device, DeviceKey, DeviceName, Site, SiteId, SiteKind, Sites, Source, ZoneId};

/// The time zone of a station without a site.
const TIME_ZONE_DEFAULT: &str = "Asia/Shanghai";

/// Names of sites, zones, devices and contacts.
#[derive(Debug, Default)]
pub(crate) struct Names {
    sites: BTreeMap<SiteId, SiteNames>,
    contacts: BTreeMap<ContactId, Text>,
}

#[derive(Debug)]
struct SiteNames {
    view: SiteView,
    zones: BTreeMap<ZoneId, DeviceZone>,
    devices: BTreeMap<(Source, DeviceName), KnownDevice>,
}

/// What the set-up says of a device.
#[derive(Clone, Debug)]
pub(crate) struct KnownDevice {
    pub(crate) label: Text,
    pub(crate) zone: Option<ZoneId>,
    pub(crate) silent_after_s: Option<u32>,
}

impl Names {
    /// Arranges a set-up.
    pub(crate) fn new(sites: &Sites) -> Names {
        Names {
            sites: sites.sites.iter().map(|(id, site)| (id.clone(), SiteNames::new(id, site))).collect(),
            contacts: sites.contacts.iter().map(|(id, contact)| (id.clone(), Text::from(&contact.name))).collect(),
        }
    }

    pub(crate) fn page(&self) -> SitePage {
        SitePage { sites: self.sites.values().map(|site| site.view.clone()).collect() }
    }

    pub(crate) fn has_site(&self, id: &SiteId) -> bool {
        self.sites.contains_key(id)
    }

    pub(crate) fn alert_site(&self, id: &SiteId) -> AlertSite {
        let DeviceSite { name, time_zone, .. } = self.device_site(id);
        AlertSite { id: id.to_string(), name, time_zone }
    }

    pub(crate) fn device_site(&self, id: &SiteId) -> DeviceSite {
        match self.sites.get(id) {
            Some(site) => DeviceSite {
                id: site.view.id.clone(),
                name: site.view.name.clone(),
                time_zone: site.view.time_zone.clone(),
            },
            None => DeviceSite {
                id: Label::new(id.as_str()),
                name: Text::same(id.as_str()),
                time_zone: Label::new("Etc/UTC"),
            },
        }
    }

    /// The time zone of a site; without one that of the first.
    pub(crate) fn time_zone(&self, site: Option<&SiteId>) -> String {
        let found = site.map(|site| self.device_site(site).time_zone);
        let first = || self.sites.values().next().map(|site| site.view.time_zone.clone());
        found.or_else(first).map_or_else(|| TIME_ZONE_DEFAULT.to_owned(), |zone| zone.as_str().to_owned())
    }

    pub(crate) fn alert_zone(&self, site: &SiteId, zone: &ZoneId) -> AlertZone {
        AlertZone { id: zone.to_string(), name: self.device_zone(site, zone).name }
    }

    pub(crate) fn device_zone(&self, site: &SiteId, zone: &ZoneId) -> DeviceZone {
        let known = self.sites.get(site).and_then(|site| site.zones.get(zone));
        known.cloned().unwrap_or_else(|| DeviceZone { id: Label::new(zone.as_str()), name: Text::same(zone.as_str()) })
    }

    pub(crate) fn device(&self, key: &DeviceKey) -> Option<&KnownDevice> {
        self.sites.get(&key.site)?.devices.get(&(key.source, key.name.clone()))
    }

    /// Every listed device.
    pub(crate) fn devices(&self) -> impl Iterator<Item = (&SiteId, Source, &DeviceName, &KnownDevice)> {
        self.sites
            .iter()
            .flat_map(|(id, site)| site.devices.iter().map(move |((source, name), device)| (id, *source, name, device)))
    }

    pub(crate) fn contact(&self, id: &ContactId) -> Text {
        self.contacts.get(id).cloned().unwrap_or_else(|| Text::same(id.as_str()))
    }
}

impl SiteNames {
    fn new(id: &SiteId, site: &Site) -> SiteNames {
        let zone = |(id, zone): (&ZoneId, &watchfire_model::Zone)| {
            (id.clone(), DeviceZone { id: Label::new(id.as_str()), name: Text::from(&zone.name) })
        };
        let zones: BTreeMap<ZoneId, DeviceZone> = site.zones.iter().map(zone).collect();
        let device = |device: &Device| ((device.source, device.name.clone()), KnownDevice::new(device));
        SiteNames {
            view: SiteView {
                id: Label::new(id.as_str()),
                name: Text::from(&site.name),
                kind: kind_name(site.kind),
                address: Text::from(&site.address),
                time_zone: Label::new(&site.time_zone),
                zones: zones.values().map(|zone| ZoneView { id: zone.id.clone(), name: zone.name.clone() }).collect(),
            },
            zones,
            devices: site.devices.iter().map(device).collect(),
        }
    }
}

impl KnownDevice {
    fn new(device: &Device) -> KnownDevice {
        KnownDevice {
            label: Text::from(&device.label),
            zone: device.zone.clone(),
            silent_after_s: device.silent_after_s,
        }
    }
}

/// What the interface calls that kind of site.
pub fn kind_name(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Home => "home",
        SiteKind::CareHome => "care_home",
        SiteKind::Building => "building",
        SiteKind::Other => "other",
    }
}
