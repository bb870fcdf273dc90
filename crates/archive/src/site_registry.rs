//! Sites, zones and devices as the set-up in force names them, in both languages: so that whoever asks the tables needs
//! no configuration beside them.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::plain::{Cell, Cells, PlainRow, WrongCell, cells};
use crate::registry::LIST_MAX;
use watchfire_model::{Bilingual, DeviceName, Seq, Site, SiteId, SiteKind, Sites, Source, Timestamp, ZoneId};

/// A device of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryDevice {
    /// Whose naming `name` follows.
    pub source: Source,
    /// The name its protocol gives it.
    pub name: DeviceName,
    /// What people call it.
    pub label: Bilingual,
    /// Where it hangs.
    pub zone: Option<String>,
    /// What people call that place.
    pub zone_name: Option<Bilingual>,
    /// When the set-up ceased to list it.
    pub removed_at: Option<Timestamp>,
}

impl Batch {
    /// The set-up of that entry lists these sites; what it lists no more has left at `at`.
    pub fn set_up(&mut self, seq: Seq, at: Timestamp, sites: &Sites) {
        for (id, site) in &sites.sites {
            self.list_site(seq, id, site);
            for (zone, named) in &site.zones {
                self.list_zone(seq, id, zone, &named.name);
            }
            for device in &site.devices {
                self.list_device(seq, (id, device.source, &device.name), &device.label, (&device.zone, false));
            }
            for panel in &site.transmission_devices {
                self.list_device(seq, (id, Source::Gbt26875, &panel.name), &panel.label, (&panel.zone, true));
            }
        }
        for sql in [
            "UPDATE registry_sites SET removed_at = $2 WHERE set_up <> $1 AND removed_at IS NULL",
            "UPDATE registry_zones SET removed_at = $2 WHERE set_up <> $1 AND removed_at IS NULL",
            "UPDATE registry_devices SET removed_at = $2 WHERE set_up <> $1 AND removed_at IS NULL",
        ] {
            self.plain.push(PlainRow { entries: seq, alerts: 0, sql, cells: cells![seq, at] });
        }
    }

    fn list_site(&mut self, seq: Seq, id: &SiteId, site: &Site) {
        let sql =
            "INSERT INTO registry_sites (site, name_en, name_zh, kind, address_en, address_zh, time_zone, district,
                building, set_up, removed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL)
            ON CONFLICT (site) DO UPDATE SET name_en = excluded.name_en, name_zh = excluded.name_zh,
                kind = excluded.kind, address_en = excluded.address_en, address_zh = excluded.address_zh,
                time_zone = excluded.time_zone, district = excluded.district, building = excluded.building,
                set_up = excluded.set_up, removed_at = NULL";
        let cells = cells![
            id.as_str(),
            site.name.english(),
            site.name.chinese(),
            kind_word(site.kind),
            site.address.english(),
            site.address.chinese(),
            site.time_zone.as_str(),
            site.premises.district.as_ref().map(|district| district.as_str()),
            site.premises.building.as_deref(),
            seq,
        ];
        self.plain.push(PlainRow { entries: seq, alerts: 0, sql, cells });
    }

    fn list_zone(&mut self, seq: Seq, site: &SiteId, zone: &ZoneId, name: &Bilingual) {
        let sql = "INSERT INTO registry_zones (site, zone, name_en, name_zh, set_up, removed_at)
            VALUES ($1, $2, $3, $4, $5, NULL)
            ON CONFLICT (site, zone) DO UPDATE SET name_en = excluded.name_en, name_zh = excluded.name_zh,
                set_up = excluded.set_up, removed_at = NULL";
        let cells = cells![site.as_str(), zone.as_str(), name.english(), name.chinese(), seq];
        self.plain.push(PlainRow { entries: seq, alerts: 0, sql, cells });
    }

    fn list_device(
        &mut self,
        seq: Seq,
        (site, source, name): (&SiteId, Source, &DeviceName),
        label: &Bilingual,
        (zone, panel): (&Option<ZoneId>, bool),
    ) {
        let sql =
            "INSERT INTO registry_devices (site, source, device, label_en, label_zh, zone, panel, set_up, removed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)
            ON CONFLICT (site, source, device) DO UPDATE SET label_en = excluded.label_en, label_zh = excluded.label_zh,
                zone = excluded.zone, panel = excluded.panel, set_up = excluded.set_up, removed_at = NULL";
        let cells = cells![
            site.as_str(),
            source.as_str(),
            name.as_str(),
            label.english(),
            label.chinese(),
            zone.as_ref().map(|zone| zone.as_str()),
            panel,
            seq,
        ];
        self.plain.push(PlainRow { entries: seq, alerts: 0, sql, cells });
    }
}

fn kind_word(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Home => "home",
        SiteKind::CareHome => "care_home",
        SiteKind::Building => "building",
        SiteKind::Other => "other",
    }
}

/// The devices of a site, by source and name, with the names of their places.
pub(crate) fn devices(site: &SiteId) -> (&'static str, Vec<Cell>) {
    let sql = "SELECT d.source, d.device, d.label_en, d.label_zh, d.zone, z.name_en, z.name_zh, d.removed_at
        FROM registry_devices d LEFT JOIN registry_zones z ON z.site = d.site AND z.zone = d.zone
        WHERE d.site = $1 ORDER BY d.source, d.device LIMIT $2";
    (sql, cells![site.as_str(), i64::try_from(LIST_MAX).unwrap_or(i64::MAX)])
}

/// The devices of an answer.
pub(crate) fn devices_of(rows: Vec<Vec<Cell>>) -> Result<Vec<RegistryDevice>, Fault> {
    let device = |mut row: Cells| {
        let (source, name) = (row.text()?, row.text()?);
        let label = Bilingual::new(row.text()?, row.text()?);
        let zone = row.optional_text()?;
        let zone_name = match (row.optional_text()?, row.optional_text()?) {
            (Some(en), Some(zh)) => Some(Bilingual::new(en, zh)),
            _ => None,
        };
        let source = source.parse().map_err(|_| WrongCell)?;
        let name = DeviceName::new(&name).map_err(|_| WrongCell)?;
        Ok(RegistryDevice { source, name, label, zone, zone_name, removed_at: row.optional_time()? })
    };
    let devices = rows.into_iter().map(|row| device(Cells::new(row)));
    devices.map(|device| device.map_err(|_: WrongCell| Fault::malformed("a row", "of the registry"))).collect()
}
