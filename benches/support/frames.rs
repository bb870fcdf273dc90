//! Messages of 120 bytes in our own scheme, and the sites that list their devices.

use crate::support::Fault;
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{Bilingual, Device, DeviceName, Frame, Link, Site, SiteId, SiteKind, Sites, Source};

const PAYLOAD_BYTES: usize = 120;

/// Frames that are ready to be lent out.
pub(crate) struct Readings {
    texts: Vec<(String, String)>,
}

impl Readings {
    /// `count` temperatures of `devices` devices in turn.
    pub(crate) fn new(devices: u32, count: u32) -> Readings {
        Readings { texts: (0..count).map(|number| text(number % devices, number)).collect() }
    }

    /// The frames.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Frame<'_>> {
        self.texts.iter().map(|(topic, payload)| Frame {
            site: "load",
            identity: "gw0",
            device: "",
            link: Link::Mqtt { qos: 1, retain: false },
            topic,
            payload: payload.as_bytes(),
        })
    }
}

fn text(device: u32, number: u32) -> (String, String) {
    let tenths = 200 + number % 50;
    let mut payload = format!(
        r#"{{"id":"load-{device}-{number}","readings":[{{"point":"air","metric":"temperature","value":{}.{},"unit":"Cel"}}]"#,
        tenths / 10,
        tenths % 10
    );
    while payload.len() + 1 < PAYLOAD_BYTES {
        payload.push(' ');
    }
    payload.push('}');
    (format!("wf/v1/load/load-{device}/readings"), payload)
}

/// A site that lists them.
pub(crate) fn sites(site: &str, devices: u32) -> Result<Sites, Fault> {
    let device = |number: u32| -> Result<Device, Fault> {
        Ok(Device {
            source: Source::Watchfire,
            name: DeviceName::new(&format!("load-{number}"))?,
            label: Bilingual::default(),
            zone: None,
            silent_after_s: None,
            tags: BTreeSet::new(),
        })
    };
    let listed = Site {
        name: Bilingual::same(site),
        kind: SiteKind::Building,
        address: Bilingual::default(),
        time_zone: "UTC".into(),
        zones: BTreeMap::new(),
        devices: (0..devices).map(device).collect::<Result<_, _>>()?,
        identities: BTreeMap::new(),
        ladder: Vec::new(),
        transmission_devices: Vec::new(),
        premises: Default::default(),
    };
    Ok(Sites { sites: BTreeMap::from([(SiteId::new(site)?, listed)]), contacts: BTreeMap::new() })
}
