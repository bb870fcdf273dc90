//! Devices and series by number. What is here is read from the server and thrown away with the connection, so that a
//! transaction that fails leaves no number behind that the server does not have. A batch asks for all that it does not
//! know at once: the way to the server is long.

use super::link::Link;
use super::times::{At, clean};
use crate::batch::BatchFrame;
use crate::fault::Fault;
use crate::readings::{SERIES_PER_SITE_MAX, unit_of};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use watchfire_model::{DeviceName, Metric, PointName, Reading, SiteId, Source, Value};

/// Everything named so far over this connection.
#[derive(Default)]
pub(crate) struct Names {
    sites: HashMap<SiteId, SiteNames>,
    /// The last receive time of devices that is not at the server yet.
    last_received: HashMap<i32, i64>,
}

#[derive(Default)]
struct SiteNames {
    series: usize,
    devices: BTreeMap<Source, HashMap<DeviceName, DeviceNames>>,
}

struct DeviceNames {
    id: i32,
    points: HashMap<PointName, Vec<SeriesName>>,
}

struct SeriesName {
    metric: Metric,
    unit: String,
    is_boolean: bool,
    id: i32,
}

/// A frame and its readings.
pub(crate) type Named<'a> = (&'a BatchFrame, &'a [Reading]);
type DeviceId<'a> = (&'a SiteId, Source, &'a DeviceName);
/// A series that is not known: its device, what identifies it there.
type Missing<'a> = (DeviceId<'a>, &'a PointName, &'a Metric, &'a str, bool);

impl Names {
    /// Learns every device and series of these frames; new ones get their rows.
    pub(crate) async fn learn(&mut self, link: &Link, frames: &[Named<'_>]) -> Result<(), Fault> {
        self.learn_sites(link, frames).await?;
        self.learn_devices(link, frames).await?;
        self.learn_series(link, frames).await
    }

    /// The number of the frame's device and, for each reading, that of its series; `None`: the site has as many as it
    /// may. To be called after [`Names::learn`].
    pub(crate) fn numbers(&mut self, frame: &BatchFrame, readings: &[Reading], out: &mut Vec<Option<i32>>) -> i32 {
        let device = self.device(&key_of(frame)).expect("it was learned before");
        out.extend(readings.iter().map(|reading| device.series(reading)));
        let id = device.id;
        let last = self.last_received.entry(id).or_insert(frame.received.0);
        *last = frame.received.0.max(*last);
        id
    }

    /// Writes when devices were heard last.
    pub(crate) async fn store_states(&mut self, link: &Link) -> Result<(), Fault> {
        if self.last_received.is_empty() {
            return Ok(());
        }
        let mut heard: Vec<(i32, At)> = self.last_received.drain().map(|(id, at)| (id, At(at))).collect();
        heard.sort_unstable_by_key(|(id, _)| *id);
        let (ids, times): (Vec<i32>, Vec<At>) = heard.into_iter().unzip();
        let sql = "UPDATE devices SET last_received = heard.at
                   FROM unnest($1::integer[], $2::timestamptz[]) AS heard (id, at)
                   WHERE devices.id = heard.id AND devices.last_received < heard.at";
        link.execute(sql, &[&ids, &times]).await?;
        Ok(())
    }

    fn device(&self, key: &DeviceId<'_>) -> Option<&DeviceNames> {
        self.sites.get(key.0)?.devices.get(&key.1)?.get(key.2)
    }

    async fn learn_sites(&mut self, link: &Link, frames: &[Named<'_>]) -> Result<(), Fault> {
        for (frame, _) in frames {
            if !self.sites.contains_key(&frame.site) {
                let sql = "SELECT count(*) FROM series JOIN devices ON devices.id = series.device WHERE site = $1";
                let row = link.row(sql, &[&frame.site.as_str()]).await?;
                let count: i64 = row.map_or(Ok(0), |row| row.try_get(0))?;
                let series = usize::try_from(count).unwrap_or(usize::MAX);
                self.sites.insert(frame.site.clone(), SiteNames { series, ..SiteNames::default() });
            }
        }
        Ok(())
    }

    async fn learn_devices(&mut self, link: &Link, frames: &[Named<'_>]) -> Result<(), Fault> {
        let mut missing = BTreeMap::<DeviceId<'_>, At>::new();
        for (frame, _) in frames {
            if self.device(&key_of(frame)).is_none() {
                missing.entry(key_of(frame)).or_insert(At(frame.received.0));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let sites: Vec<&str> = missing.keys().map(|key| key.0.as_str()).collect();
        let sources: Vec<&str> = missing.keys().map(|key| key.1.as_str()).collect();
        let names: Vec<&str> = missing.keys().map(|key| key.2.as_str()).collect();
        let first: Vec<At> = missing.values().copied().collect();
        let sql = "INSERT INTO devices (site, source, name, first_received, last_received)
                   SELECT site, source, name, first, first
                   FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS one (site, source, name, first)
                   WHERE NOT EXISTS (SELECT FROM devices AS known WHERE known.site = one.site COLLATE \"C\"
                       AND known.source = one.source COLLATE \"C\" AND known.name = one.name COLLATE \"C\")
                   ON CONFLICT DO NOTHING";
        link.execute(sql, &[&sites, &sources, &names, &first]).await?;
        let sql = "SELECT one.number, devices.id
                   FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS one (site, source, name, number)
                   JOIN devices ON devices.site = one.site COLLATE \"C\" AND devices.source = one.source COLLATE \"C\"
                       AND devices.name = one.name COLLATE \"C\"
                   ORDER BY one.number";
        let rows = link.query(sql, &[&sites, &sources, &names]).await?;
        if rows.len() != missing.len() {
            return Err(Fault::malformed("the devices", "some are not there after they were made"));
        }
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            ids.push(row.try_get::<_, i32>(1)?);
        }
        let mut points = load_series(link, &ids).await?;
        for ((site, source, name), id) in missing.into_keys().zip(ids) {
            let device = DeviceNames { id, points: points.remove(&id).unwrap_or_default() };
            let site = self.sites.get_mut(site).expect("learned just before");
            site.devices.entry(source).or_default().insert(name.clone(), device);
        }
        Ok(())
    }

    async fn learn_series(&mut self, link: &Link, frames: &[Named<'_>]) -> Result<(), Fault> {
        let missing = self.missing_series(frames);
        if missing.is_empty() {
            return Ok(());
        }
        let number = |key: &DeviceId<'_>| self.device(key).expect("learned just before").id;
        let devices: Vec<i32> = missing.iter().map(|one| number(&one.0)).collect();
        let points: Vec<&str> = missing.iter().map(|one| one.1.as_str()).collect();
        let metrics: Vec<String> = missing.iter().map(|one| clean(&one.2.to_string()).into_owned()).collect();
        let units: Vec<_> = missing.iter().map(|one| clean(one.3)).collect();
        let units: Vec<&str> = units.iter().map(AsRef::as_ref).collect();
        let booleans: Vec<bool> = missing.iter().map(|one| one.4).collect();
        let sql = "INSERT INTO series (device, point, metric, unit, is_boolean)
                   SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::boolean[])
                   ON CONFLICT DO NOTHING";
        link.execute(sql, &[&devices, &points, &metrics, &units, &booleans]).await?;
        let sql = "SELECT series.id
                   FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::boolean[]) WITH ORDINALITY
                       AS one (device, point, metric, unit, is_boolean, number)
                   JOIN series ON series.device = one.device AND series.point = one.point COLLATE \"C\"
                       AND series.metric = one.metric COLLATE \"C\" AND series.unit = one.unit COLLATE \"C\"
                       AND series.is_boolean = one.is_boolean
                   ORDER BY one.number";
        let rows = link.query(sql, &[&devices, &points, &metrics, &units, &booleans]).await?;
        if rows.len() != missing.len() {
            return Err(Fault::malformed("the series", "some are not there after they were made"));
        }
        for (row, ((site, source, name), point, metric, unit, is_boolean)) in rows.iter().zip(missing) {
            let site = self.sites.get_mut(site).expect("learned before");
            let device = site.devices.get_mut(&source).and_then(|devices| devices.get_mut(name));
            let device = device.expect("learned before");
            let series = SeriesName { metric: metric.clone(), unit: unit.to_owned(), is_boolean, id: row.try_get(0)? };
            device.points.entry(point.clone()).or_default().push(series);
            site.series += 1;
        }
        Ok(())
    }

    /// The series of these frames that are not known, as far as their sites may have more.
    fn missing_series<'a>(&self, frames: &[Named<'a>]) -> BTreeSet<Missing<'a>> {
        let mut missing = BTreeSet::new();
        let mut growth = HashMap::<&SiteId, usize>::new();
        for (frame, readings) in frames {
            let device = self.device(&key_of(frame)).expect("learned just before");
            let known = self.sites.get(&frame.site).map_or(0, |site| site.series);
            for reading in readings.iter().filter(|reading| device.series(reading).is_none()) {
                let grown = growth.entry(&frame.site).or_default();
                if known + *grown >= SERIES_PER_SITE_MAX {
                    continue;
                }
                let is_boolean = matches!(reading.value, Value::Bool(_));
                let one = (key_of(frame), &reading.point, &reading.metric, unit_of(reading), is_boolean);
                if missing.insert(one) {
                    *grown += 1;
                }
            }
        }
        missing
    }
}

fn key_of(frame: &BatchFrame) -> DeviceId<'_> {
    (&frame.site, frame.source, &frame.device)
}

impl DeviceNames {
    fn series(&self, reading: &Reading) -> Option<i32> {
        let (unit, is_boolean) = (unit_of(reading), matches!(reading.value, Value::Bool(_)));
        let at_point = self.points.get(&reading.point)?;
        let same = |one: &&SeriesName| one.is_boolean == is_boolean && one.metric == reading.metric && one.unit == unit;
        at_point.iter().find(same).map(|series| series.id)
    }
}

async fn load_series(link: &Link, devices: &[i32]) -> Result<HashMap<i32, HashMap<PointName, Vec<SeriesName>>>, Fault> {
    let sql = "SELECT device, point, metric, unit, is_boolean, id FROM series WHERE device = ANY($1)";
    let mut found = HashMap::<i32, HashMap<PointName, Vec<SeriesName>>>::new();
    for row in link.query(sql, &[&devices]).await? {
        let (point, metric): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
        let point = PointName::new(point).map_err(|error| Fault::malformed("a point's name", error))?;
        let metric = Metric::from_name(metric).ok_or_else(|| Fault::malformed("a metric", metric))?;
        let series = SeriesName { metric, unit: row.try_get(3)?, is_boolean: row.try_get(4)?, id: row.try_get(5)? };
        found.entry(row.try_get(0)?).or_default().entry(point).or_default().push(series);
    }
    Ok(found)
}
