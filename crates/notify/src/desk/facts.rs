//! Looks up the names of what a message speaks of.

use super::Desk;
use super::case::Case;
use crate::delivery::{DeviceFacts, Facts, SiteFacts, Telling, ZoneFacts};
use watchfire_model::{AlertId, Bilingual, DeviceKey, Site, ZoneId};

impl Desk {
    pub(super) fn facts(&self, alert: AlertId, case: &Case, telling: &Telling) -> Facts {
        let site = self.state.sites.sites.get(&case.site);
        let (transition, seq, at) = match (telling, &case.news) {
            (Telling::Update(news), Some((seq, at, _))) => (news.as_str(), *seq, *at),
            _ => (case.run.start.as_str(), case.run.cause, case.run.at),
        };
        Facts {
            id: alert,
            class: case.class,
            severity: case.severity,
            transition,
            seq,
            at,
            site: SiteFacts {
                id: case.site.clone(),
                name: named(site.map(|site| &site.name), case.site.as_str()),
                address: site.map(|site| site.address.clone()).unwrap_or_default(),
                time_zone: site.map_or_else(|| "UTC".to_owned(), |site| site.time_zone.clone()),
            },
            zone: case.zone.as_ref().map(|zone| zone_facts(site, zone)),
            device: case.device.as_ref().map(|device| device_facts(site, device)),
            rule: case.rule.to_string(),
            reason: case.reason.clone(),
            late: case.late,
            raised_at: case.raised_at,
            cleared_at: case.cleared_at,
        }
    }
}

fn zone_facts(site: Option<&Site>, zone: &ZoneId) -> ZoneFacts {
    let known = site.and_then(|site| site.zones.get(zone));
    ZoneFacts { id: zone.clone(), name: named(known.map(|known| &known.name), zone.as_str()) }
}

fn device_facts(site: Option<&Site>, device: &DeviceKey) -> DeviceFacts {
    let known = site.and_then(|site| site.device(device.source, device.name.as_str()));
    let label = named(known.map(|known| &known.label), device.name.as_str());
    DeviceFacts { source: device.source, name: device.name.clone(), label }
}

/// The name, or the id where there is none.
fn named(name: Option<&Bilingual>, id: &str) -> Bilingual {
    name.filter(|name| !name.english().is_empty()).cloned().unwrap_or_else(|| Bilingual::same(id))
}
