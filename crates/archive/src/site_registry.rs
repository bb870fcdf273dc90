//! Sites, zones, devices and the points of fire panels as the set-up in force names them, in both languages: so that
//! whoever asks the tables needs no configuration beside them.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::plain_row::{Cell, Cells, PlainRow, PlainSet, WrongCell, cells};
use crate::registry::LIST_MAX;
use std::sync::Arc;
use watchfire_model::{
    Bilingual, DeviceName, PointName, PointPlace, PointTable, Seq, Site, SiteId, SiteKind, Sites, Source, Timestamp,
    ZoneId,
};

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

/// A point of a fire panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryPoint {
    /// Its name.
    pub point: PointName,
    /// What is there.
    pub label: Bilingual,
    /// The zone of the site, where one is named.
    pub zone: Option<String>,
    /// The building, as people call it; may be empty.
    pub building: String,
    /// The floor, as people call it; may be empty.
    pub floor: String,
    /// What hangs there, by the code of GB/T 26875.3's table.
    pub component_type: u8,
    /// When the set-up ceased to list it.
    pub removed_at: Option<Timestamp>,
}

/// What a set-up lists. Rows are made of it when they are written: point tables have hundreds of thousands.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) seq: Seq,
    at: Timestamp,
    sites: Vec<Vec<Cell>>,
    zones: Vec<Vec<Cell>>,
    devices: Vec<Vec<Cell>>,
    tables: Vec<(SiteId, DeviceName, Arc<PointTable>)>,
}

/// Rows of one statement.
const SET_ROWS_MAX: usize = 10_000;

impl Batch {
    /// The set-up of that entry lists these sites, and these point tables by site and transmission device; what it lists
    /// no more has left at `at`.
    pub fn set_up<'a>(
        &mut self,
        seq: Seq,
        at: Timestamp,
        sites: &Sites,
        tables: impl IntoIterator<Item = (&'a SiteId, &'a DeviceName, Arc<PointTable>)>,
    ) {
        let tables = tables.into_iter().map(|(site, device, table)| (site.clone(), device.clone(), table)).collect();
        let mut listing = Listing { seq, at, sites: Vec::new(), zones: Vec::new(), devices: Vec::new(), tables };
        for (id, site) in &sites.sites {
            listing.sites.push(site_cells(seq, id, site));
            for (zone, named) in &site.zones {
                let (english, chinese) = (named.name.english(), named.name.chinese());
                listing.zones.push(cells![id.as_str(), zone.as_str(), english, chinese, seq]);
            }
            for device in &site.devices {
                let key = (id, device.source, &device.name);
                listing.devices.push(device_cells(seq, key, &device.label, (&device.zone, false)));
            }
            for panel in &site.transmission_devices {
                let key = (id, Source::Gbt26875, &panel.name);
                listing.devices.push(device_cells(seq, key, &panel.label, (&panel.zone, true)));
            }
        }
        self.listings.push(listing);
    }
}

impl Listing {
    /// All rows, some thousands at a time.
    pub(crate) fn sets(&self) -> impl Iterator<Item = PlainSet> + '_ {
        let seq = self.seq;
        let named = [(SITES, 1, &self.sites), (ZONES, 2, &self.zones), (DEVICES, 3, &self.devices)];
        let named = named.into_iter().flat_map(|(sql, key, rows)| {
            rows.chunks(SET_ROWS_MAX).map(move |rows| PlainSet { sql, key, rows: rows.to_vec() }.once())
        });
        let points = self.tables.iter().flat_map(move |(site, device, table)| {
            table.rows().chunks(SET_ROWS_MAX).map(move |rows| {
                let rows = rows.iter().map(|(point, place)| point_cells(seq, (site, device, point), place));
                PlainSet { sql: POINTS, key: 3, rows: rows.collect() }.once()
            })
        });
        named.chain(points)
    }

    /// What it lists no more has left.
    pub(crate) fn leave(&self) -> impl Iterator<Item = PlainRow> {
        let (seq, at) = (self.seq, self.at);
        LEAVE.iter().map(move |sql| PlainRow { entries: seq, alerts: 0, sql, cells: cells![seq, at] })
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        let points: usize = self.tables.iter().map(|(_, _, table)| table.rows().len()).sum();
        self.sites.len() + self.zones.len() + self.devices.len() + points
    }
}

const SITES: &str =
    "INSERT INTO registry_sites (site, name_en, name_zh, kind, address_en, address_zh, time_zone, district,
        building, set_up, removed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL)
    ON CONFLICT (site) DO UPDATE SET name_en = excluded.name_en, name_zh = excluded.name_zh,
        kind = excluded.kind, address_en = excluded.address_en, address_zh = excluded.address_zh,
        time_zone = excluded.time_zone, district = excluded.district, building = excluded.building,
        set_up = excluded.set_up, removed_at = NULL";
const ZONES: &str = "INSERT INTO registry_zones (site, zone, name_en, name_zh, set_up, removed_at)
    VALUES ($1, $2, $3, $4, $5, NULL)
    ON CONFLICT (site, zone) DO UPDATE SET name_en = excluded.name_en, name_zh = excluded.name_zh,
        set_up = excluded.set_up, removed_at = NULL";
const DEVICES: &str =
    "INSERT INTO registry_devices (site, source, device, label_en, label_zh, zone, panel, set_up, removed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)
    ON CONFLICT (site, source, device) DO UPDATE SET label_en = excluded.label_en, label_zh = excluded.label_zh,
        zone = excluded.zone, panel = excluded.panel, set_up = excluded.set_up, removed_at = NULL";
const POINTS: &str =
    "INSERT INTO registry_points (site, device, point, label_en, label_zh, zone, building, floor, component_type,
        set_up, removed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL)
    ON CONFLICT (site, device, point) DO UPDATE SET label_en = excluded.label_en, label_zh = excluded.label_zh,
        zone = excluded.zone, building = excluded.building, floor = excluded.floor,
        component_type = excluded.component_type, set_up = excluded.set_up, removed_at = NULL";
const LEAVE: &[&str] = &[
    "UPDATE registry_sites SET removed_at = $2 WHERE set_up <> $1 AND removed_at IS NULL",
    "UPDATE registry_zones SET removed_at = $2 WHERE set_up <> $1 AND removed_at IS NULL",
    "UPDATE registry_devices SET removed_at = $2 WHERE set_up <> $1 AND removed_at IS NULL",
    "UPDATE registry_points SET removed_at = $2 WHERE set_up <> $1 AND removed_at IS NULL",
];

fn site_cells(seq: Seq, id: &SiteId, site: &Site) -> Vec<Cell> {
    cells![
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
    ]
}

fn device_cells(
    seq: Seq,
    (site, source, name): (&SiteId, Source, &DeviceName),
    label: &Bilingual,
    (zone, panel): (&Option<ZoneId>, bool),
) -> Vec<Cell> {
    cells![
        site.as_str(),
        source.as_str(),
        name.as_str(),
        label.english(),
        label.chinese(),
        zone.as_ref().map(|zone| zone.as_str()),
        panel,
        seq,
    ]
}

fn point_cells(seq: Seq, (site, device, point): (&SiteId, &DeviceName, &PointName), place: &PointPlace) -> Vec<Cell> {
    cells![
        site.as_str(),
        device.as_str(),
        point.as_str(),
        place.label.en.as_str(),
        place.label.zh.as_str(),
        place.zone.as_ref().map(|zone| zone.as_str()),
        place.building.as_str(),
        place.floor.as_str(),
        u32::from(place.component_type),
        seq,
    ]
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

/// The points of a transmission device by name, after one.
pub(crate) fn points(site: &SiteId, device: &DeviceName, after: Option<&PointName>) -> (&'static str, Vec<Cell>) {
    let sql = "SELECT point, label_en, label_zh, zone, building, floor, component_type, removed_at FROM registry_points
        WHERE site = $1 AND device = $2 AND point > $3 ORDER BY point LIMIT $4";
    let after = after.map_or("", PointName::as_str);
    (sql, cells![site.as_str(), device.as_str(), after, i64::try_from(LIST_MAX).unwrap_or(i64::MAX)])
}

/// The points of an answer.
pub(crate) fn points_of(rows: Vec<Vec<Cell>>) -> Result<Vec<RegistryPoint>, Fault> {
    let point = |mut row: Cells| {
        Ok(RegistryPoint {
            point: PointName::new(&row.text()?).map_err(|_| WrongCell)?,
            label: Bilingual::new(row.text()?, row.text()?),
            zone: row.optional_text()?,
            building: row.text()?,
            floor: row.text()?,
            component_type: u8::try_from(row.integer()?).map_err(|_| WrongCell)?,
            removed_at: row.optional_time()?,
        })
    };
    let points = rows.into_iter().map(|row| point(Cells::new(row)));
    points.map(|point| point.map_err(|_: WrongCell| Fault::malformed("a row", "of the registry"))).collect()
}
