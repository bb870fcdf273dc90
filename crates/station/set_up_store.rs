//! Set-ups by the SHA-256 of their canonical JSON: `setups/<sha256>.json` beside the journal. A set-up is synced here
//! before the entry that names it is journaled; it holds no secrets.
//!
//! Point tables are large and seldom change: each lies by itself in `setups/<sha256>.points` (postcard of the
//! [`PointTable`]), and the set-up names it by its hash.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use watchfire_journal::{RealDisk, atomic_file};
use watchfire_model::{DeviceName, PointName, PointPlace, PointTable, Setup, SiteId, Sites};
use watchfire_rules::RuleSet;
use watchfire_rules::risk::RiskSettings;
use watchfire_wire::Profiles;

/// Everything that is journaled by one hash.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FullSetUp {
    /// What is guarded, and who is told.
    pub(crate) sites: Sites,
    /// How it is judged.
    pub(crate) rules: RuleSet,
    /// How devices differ from the standards.
    pub(crate) profiles: Profiles,
    /// Where the points of fire panels are.
    pub(crate) points: Points,
    /// How risk is scored; `None` in set-ups from before there was risk: as built in.
    pub(crate) risk: Option<RiskSettings>,
}

/// The point tables of transmission devices, by site and device.
pub(crate) type Points = BTreeMap<SiteId, BTreeMap<DeviceName, Table>>;

/// A point table and the hash that names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    sha256: [u8; 32],
    rows: Arc<PointTable>,
}

impl Table {
    /// Of these rows.
    pub(crate) fn new(rows: PointTable) -> Table {
        Table { sha256: Sha256::digest(encoded(&rows)).into(), rows: Arc::new(rows) }
    }

    /// The place of a point.
    pub(crate) fn place(&self, point: &PointName) -> Option<&PointPlace> {
        self.rows.place(point)
    }

    /// Every point.
    pub(crate) fn rows(&self) -> Arc<PointTable> {
        Arc::clone(&self.rows)
    }

    /// How many points it has.
    pub(crate) fn len(&self) -> usize {
        self.rows.rows().len()
    }
}

/// A set-up could not be stored or fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetUpError {
    /// The disk.
    #[error("failed to {doing} the set-up {}: {source}", file.display())]
    Disk { doing: &'static str, file: PathBuf, source: std::io::Error },
    /// It could not be written.
    #[error("failed to store a set-up: {0}")]
    Store(#[source] atomic_file::WriteError),
    /// The content is not what its name says.
    #[error("the set-up {} is damaged or of another version: {why}; restore the file from a backup", file.display())]
    Damaged { file: PathBuf, why: String },
}

impl SetUpError {
    /// Whether there is no room: the same again works when there is some.
    pub(crate) fn is_disk_full(&self) -> bool {
        match self {
            SetUpError::Store(error) => matches!(error, atomic_file::WriteError::DiskFull { .. }),
            SetUpError::Disk { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            SetUpError::Damaged { .. } => false,
        }
    }
}

/// What the JSON holds. What is not there is left out, so that a set-up without it keeps its hash.
#[derive(Serialize, Deserialize)]
struct Stored {
    sites: Sites,
    rules: RuleSet,
    #[serde(default, skip_serializing_if = "is_standard")]
    profiles: Profiles,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    points: BTreeMap<SiteId, BTreeMap<DeviceName, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    risk: Option<RiskSettings>,
}

fn is_standard(profiles: &Profiles) -> bool {
    *profiles == Profiles::default()
}

/// Stores a set-up; storing the same one twice changes nothing.
pub(crate) fn store(folder: &Path, set_up: &FullSetUp) -> Result<Setup, SetUpError> {
    let mut points = BTreeMap::new();
    std::fs::create_dir_all(folder).map_err(|source| SetUpError::Disk {
        doing: "store",
        file: folder.to_owned(),
        source,
    })?;
    for (site, tables) in &set_up.points {
        let mut named = BTreeMap::new();
        for (device, table) in tables {
            let file = table_file(folder, &hex(&table.sha256));
            // One that is there was synced, or its content will not fit its name.
            if !is_whole(&file, &table.sha256) {
                atomic_file::write(&RealDisk, &file, &encoded(&table.rows)).map_err(SetUpError::Store)?;
            }
            named.insert(device.clone(), hex(&table.sha256));
        }
        points.insert(site.clone(), named);
    }
    let FullSetUp { sites, rules, profiles, risk, .. } = set_up.clone();
    let text = canonical(&Stored { sites, rules, profiles, points, risk });
    let sha256: [u8; 32] = Sha256::digest(&text).into();
    let setup = Setup { sha256 };
    // Also when it is there: a process that was killed may have left it in the page cache only.
    atomic_file::write(&RealDisk, &file_of(folder, &setup), &text).map_err(SetUpError::Store)?;
    Ok(setup)
}

/// Fetches a set-up that was stored. Tables that are among the `known` ones are not read again.
pub(crate) fn fetch(folder: &Path, setup: &Setup, known: &Points) -> Result<FullSetUp, SetUpError> {
    let mut stored = fetch_stored(folder, setup)?;
    let mut points = Points::default();
    for (site, tables) in std::mem::take(&mut stored.points) {
        for (device, name) in tables {
            let table = match known.values().flat_map(BTreeMap::values).find(|table| hex(&table.sha256) == name) {
                Some(table) => table.clone(),
                None => fetch_table(folder, &name)?,
            };
            points.entry(site.clone()).or_default().insert(device, table);
        }
    }
    let Stored { sites, rules, profiles, risk, .. } = stored;
    Ok(FullSetUp { sites, rules, profiles, points, risk })
}

/// Fetches only the sites of a set-up.
pub(crate) fn fetch_sites(folder: &Path, setup: &Setup) -> Result<Sites, SetUpError> {
    fetch_stored(folder, setup).map(|stored| stored.sites)
}

/// Fetches only the profiles of a set-up.
pub(crate) fn fetch_profiles(folder: &Path, setup: &Setup) -> Result<Profiles, SetUpError> {
    fetch_stored(folder, setup).map(|stored| stored.profiles)
}

/// Fetches what the risk goes by: the sites, how they are scored, and how their devices are decoded.
pub(crate) fn fetch_risk(folder: &Path, setup: &Setup) -> Result<(Sites, RiskSettings, Profiles), SetUpError> {
    let Stored { sites, risk, profiles, .. } = fetch_stored(folder, setup)?;
    Ok((sites, risk.unwrap_or_else(RiskSettings::built_in), profiles))
}

fn fetch_stored(folder: &Path, setup: &Setup) -> Result<Stored, SetUpError> {
    let file = file_of(folder, setup);
    let text = read(&file, &setup.sha256)?;
    serde_json::from_slice(&text).map_err(|error| SetUpError::Damaged { file, why: error.to_string() })
}

fn fetch_table(folder: &Path, name: &str) -> Result<Table, SetUpError> {
    let file = table_file(folder, name);
    let damaged = |why: String| SetUpError::Damaged { file: file.clone(), why };
    let sha256 = unhex(name).ok_or_else(|| damaged("its name is no hash".into()))?;
    let bytes = read(&file, &sha256)?;
    let rows: PointTable = postcard::from_bytes(&bytes).map_err(|error| damaged(error.to_string()))?;
    Ok(Table { sha256, rows: Arc::new(rows) })
}

fn read(file: &Path, sha256: &[u8; 32]) -> Result<Vec<u8>, SetUpError> {
    let bytes =
        std::fs::read(file).map_err(|source| SetUpError::Disk { doing: "read", file: file.to_owned(), source })?;
    if <[u8; 32]>::from(Sha256::digest(&bytes)) != *sha256 {
        return Err(SetUpError::Damaged { file: file.to_owned(), why: "its hash is not its name".into() });
    }
    Ok(bytes)
}

fn is_whole(file: &Path, sha256: &[u8; 32]) -> bool {
    // Synced again, for the same reason as a set-up.
    read(file, sha256).is_ok() && std::fs::File::open(file).and_then(|file| file.sync_all()).is_ok()
}

/// The same set-up gives the same bytes: fields in their order, maps sorted.
fn canonical(stored: &Stored) -> Vec<u8> {
    serde_json::to_vec(stored).expect("our own types always encode")
}

fn encoded(rows: &PointTable) -> Vec<u8> {
    postcard::to_stdvec(rows).expect("our own types always encode")
}

fn file_of(folder: &Path, setup: &Setup) -> PathBuf {
    folder.join(format!("{}.json", hex(&setup.sha256)))
}

fn table_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.points"))
}

fn hex(sha256: &[u8; 32]) -> String {
    sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes = pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_wire::gbt26875::Dialect;

    fn table(floor: &str) -> Table {
        let place = PointPlace { floor: floor.into(), ..PointPlace::default() };
        Table::new(PointTable::new(vec![(PointName::new("1.1/5-1").unwrap(), place)]).unwrap())
    }

    #[test]
    fn what_was_stored_is_fetched_and_a_table_lies_there_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut set_up = FullSetUp::default();
        let site = SiteId::new("tower").unwrap();
        let bare = store(folder.path(), &set_up).unwrap();
        set_up.profiles.gbt26875.dialects.insert("x".into(), Dialect { text_prefix_bytes: 1, ..Dialect::default() });
        let device = |name: &str| DeviceName::new(name).unwrap();
        set_up
            .points
            .insert(site.clone(), BTreeMap::from([(device("889"), table("3F")), (device("890"), table("3F"))]));
        let setup = store(folder.path(), &set_up).unwrap();
        assert_ne!(setup, bare);
        assert_eq!(store(folder.path(), &set_up).unwrap(), setup);
        assert_eq!(fetch(folder.path(), &setup, &Points::default()).unwrap(), set_up);
        assert_eq!(fetch(folder.path(), &bare, &Points::default()).unwrap(), FullSetUp::default());
        let tables = |folder: &Path| {
            let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            names.filter(|path| path.extension().is_some_and(|end| end == "points")).collect::<Vec<_>>()
        };
        let [lone] = tables(folder.path()).try_into().unwrap();
        std::fs::write(&lone, b"rubbish").unwrap();
        assert!(matches!(fetch(folder.path(), &setup, &Points::default()), Err(SetUpError::Damaged { .. })));
        assert_eq!(fetch(folder.path(), &setup, &set_up.points).unwrap(), set_up, "what is known is not read");
        store(folder.path(), &set_up).unwrap();
        assert_eq!(fetch(folder.path(), &setup, &Points::default()).unwrap(), set_up, "and what was damaged is mended");
    }

    #[test]
    fn a_set_up_without_profiles_and_points_is_what_it_was_before_there_were_any() {
        let old = serde_json::to_vec(&watchfire_rules::SetUp::default()).unwrap();
        let stored = Stored {
            sites: Sites::default(),
            rules: RuleSet::default(),
            profiles: Profiles::default(),
            points: BTreeMap::new(),
            risk: None,
        };
        assert_eq!(canonical(&stored), old);
    }
}
