//! Devices and series by number. What is here is read from the file and thrown away with the connection, so that a
//! transaction that fails leaves no number behind that the file does not have.

use crate::fault::Fault;
use crate::readings::{SERIES_PER_SITE_MAX, unit_of};
use crate::recent_keys::{KEEP_US, RecentKeys};
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, HashMap};
use watchfire_model::{DeviceName, Metric, PointName, Reading, SiteId, Source};

/// Everything named so far over this connection.
#[derive(Default)]
pub(crate) struct Names {
    sites: HashMap<SiteId, SiteNames>,
    devices: HashMap<i64, DeviceState>,
}

#[derive(Default)]
struct SiteNames {
    series: usize,
    devices: BTreeMap<Source, HashMap<DeviceName, DeviceNames>>,
}

#[derive(Default)]
struct DeviceNames {
    /// Its number, once it has one.
    id: Option<i64>,
    points: HashMap<PointName, Vec<SeriesName>>,
}

struct SeriesName {
    metric: Metric,
    unit: String,
    id: i64,
}

/// What changes with every frame of a device; written to its row by a fold.
#[derive(Default)]
struct DeviceState {
    keys: RecentKeys,
    last_received: i64,
    changed: bool,
}

impl Names {
    /// The device's number and, for each reading, the number of its series. A new device or series gets its row.
    /// `None` in place of a number: the site has as many series as it may.
    pub(crate) fn resolve(
        &mut self,
        connection: &Connection,
        frame: (&SiteId, Source, &DeviceName, i64),
        readings: &[Reading],
        out: &mut Vec<Option<i64>>,
    ) -> Result<Option<i64>, Fault> {
        let (site_id, source, name, received) = frame;
        if !self.sites.contains_key(site_id) {
            let site = SiteNames { series: count_series(connection, site_id)?, ..SiteNames::default() };
            self.sites.insert(site_id.clone(), site);
        }
        let site = self.sites.get_mut(site_id).expect("inserted just above");
        let devices = site.devices.entry(source).or_default();
        if !devices.contains_key(name) {
            devices.insert(name.clone(), load_device(connection, site_id, source, name)?);
        }
        let device = devices.get_mut(name).expect("inserted just above");
        for reading in readings {
            let known = device.series(reading);
            if known.is_some() || site.series >= SERIES_PER_SITE_MAX {
                out.push(known);
                continue;
            }
            let id = match device.id {
                Some(id) => id,
                None => *device.id.insert(insert_device(connection, site_id, source, name, received)?),
            };
            out.push(Some(device.insert_series(connection, id, reading)?));
            site.series += 1;
        }
        Ok(device.id)
    }

    /// Notes a frame of the device. Whether its fingerprint repeats one of late.
    pub(crate) fn repeats(
        &mut self,
        connection: &Connection,
        device: i64,
        received: i64,
        fingerprint: Option<u64>,
    ) -> Result<bool, Fault> {
        let state = match self.devices.entry(device) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(load_state(connection, device)?),
        };
        if fingerprint.is_some_and(|fingerprint| state.keys.repeats(received, fingerprint)) {
            return Ok(true);
        }
        state.last_received = state.last_received.max(received);
        state.changed = true;
        Ok(false)
    }

    /// Writes what changed of the devices to their rows, and forgets those that have been quiet.
    pub(crate) fn store_states(&mut self, connection: &Connection) -> Result<(), Fault> {
        let mut update =
            connection.prepare_cached("UPDATE devices SET last_received = ?2, recent_keys = ?3 WHERE id = ?1")?;
        let newest = self.devices.values().map(|state| state.last_received).max().unwrap_or(0);
        for (id, state) in &mut self.devices {
            if state.changed {
                state.keys.forget_before(newest.saturating_sub(KEEP_US));
                update.execute((id, state.last_received, state.keys.encode()))?;
                state.changed = false;
            }
        }
        self.devices.retain(|_, state| {
            state.keys.forget_before(newest.saturating_sub(KEEP_US));
            !state.keys.is_empty()
        });
        Ok(())
    }
}

impl DeviceNames {
    fn series(&self, reading: &Reading) -> Option<i64> {
        let at_point = self.points.get(&reading.point)?;
        let unit = unit_of(reading);
        at_point.iter().find(|series| series.metric == reading.metric && series.unit == unit).map(|series| series.id)
    }

    fn insert_series(&mut self, connection: &Connection, device: i64, reading: &Reading) -> Result<i64, Fault> {
        let unit = unit_of(reading).to_owned();
        // Not new to the file after all when somebody restored a month into it meanwhile.
        let sql = "INSERT INTO series (device, point, metric, unit) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (device, point, metric, unit) DO UPDATE SET unit = unit RETURNING id";
        let values = (device, reading.point.as_str(), reading.metric.to_string(), &unit);
        let id = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
        let series = SeriesName { metric: reading.metric.clone(), unit, id };
        self.points.entry(reading.point.clone()).or_default().push(series);
        Ok(id)
    }
}

fn count_series(connection: &Connection, site: &SiteId) -> Result<usize, Fault> {
    let sql = "SELECT count(*) FROM series JOIN devices ON devices.id = series.device WHERE site = ?1";
    let count: i64 = connection.query_row(sql, [site.as_str()], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn load_device(
    connection: &Connection,
    site: &SiteId,
    source: Source,
    name: &DeviceName,
) -> Result<DeviceNames, Fault> {
    let id: Option<i64> = connection
        .prepare_cached("SELECT id FROM devices WHERE site = ?1 AND source = ?2 AND name = ?3")?
        .query_row((site.as_str(), source.as_str(), name.as_str()), |row| row.get(0))
        .optional()?;
    let mut device = DeviceNames { id, ..DeviceNames::default() };
    let Some(id) = id else { return Ok(device) };
    let mut statement = connection.prepare_cached("SELECT point, metric, unit, id FROM series WHERE device = ?1")?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        let (point, metric): (String, String) = (row.get(0)?, row.get(1)?);
        let point = PointName::new(&point).map_err(|error| Fault::malformed("a point's name", error))?;
        let metric = Metric::from_name(&metric).ok_or_else(|| Fault::malformed("a metric", &metric))?;
        let series = SeriesName { metric, unit: row.get(2)?, id: row.get(3)? };
        device.points.entry(point).or_default().push(series);
    }
    Ok(device)
}

fn insert_device(
    connection: &Connection,
    site: &SiteId,
    source: Source,
    name: &DeviceName,
    received: i64,
) -> Result<i64, Fault> {
    let sql = "INSERT INTO devices (site, source, name, first_received, last_received, recent_keys)
               VALUES (?1, ?2, ?3, ?4, ?4, ?5)
               ON CONFLICT (site, source, name) DO UPDATE SET name = name RETURNING id";
    let keys = RecentKeys::default().encode();
    let values = (site.as_str(), source.as_str(), name.as_str(), received, keys);
    Ok(connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
}

fn load_state(connection: &Connection, device: i64) -> Result<DeviceState, Fault> {
    let (last_received, keys): (i64, Vec<u8>) = connection
        .prepare_cached("SELECT last_received, recent_keys FROM devices WHERE id = ?1")?
        .query_row([device], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let keys = RecentKeys::decode(&keys).ok_or_else(|| Fault::malformed("a device's recent keys", device))?;
    Ok(DeviceState { keys, last_received, changed: false })
}
