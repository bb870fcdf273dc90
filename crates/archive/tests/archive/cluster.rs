//! A PostgreSQL server of a test's own: made by initdb in a directory that is removed with it, reached by a socket in
//! that directory, with fsync on, owned by an unprivileged user, and gone when the test is.
//!
//! Where the server is not installed the tests say so and pass, unless `WATCHFIRE_REQUIRE_PEERS` is set.

use std::num::NonZeroU16;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use watchfire_archive::Server;

/// The user of the station; not a superuser.
pub(crate) const USER: &str = "watchfire";
pub(crate) const SUPERUSER: &str = "postgres";

/// A server that tests make databases on.
pub(crate) trait Peer {
    /// A new database; its name.
    fn make_database(&self) -> String;

    /// The address of a database.
    fn url(&self, database: &str) -> String;

    /// Runs statements as the superuser; their answer, a line a row, columns parted by `|`.
    fn sql(&self, database: &str, sql: &str) -> String;

    /// How many connections may write to it.
    fn connections(&self) -> NonZeroU16;
}

/// Between two looks, and how many before it is given up: a minute.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS_MAX: u32 = 3_000;

/// Waits until something holds.
pub(crate) fn await_that(what: &str, holds: impl FnMut() -> bool) {
    assert!(is_soon(holds), "it did not come to this in {:?}: {what}", LOOK * LOOKS_MAX);
}

fn is_soon(mut holds: impl FnMut() -> bool) -> bool {
    (0..LOOKS_MAX).any(|_| {
        let is_so = holds();
        if !is_so {
            std::thread::sleep(LOOK);
        }
        is_so
    })
}

pub(crate) struct Cluster {
    directory: tempfile::TempDir,
    binaries: PathBuf,
    owner: Option<(u32, u32)>,
    settings: Vec<String>,
    process: Option<Child>,
    databases: AtomicU32,
}

impl Cluster {
    /// `None` where it is not installed.
    pub(crate) fn start() -> Option<Cluster> {
        Cluster::start_in(tempfile::tempdir().unwrap(), &[])
    }

    /// With its data under that directory and settings such as `port=5433`.
    pub(crate) fn start_in(directory: tempfile::TempDir, settings: &[&str]) -> Option<Cluster> {
        let Some(binaries) = find_binaries() else {
            assert!(std::env::var_os("WATCHFIRE_REQUIRE_PEERS").is_none(), "install postgresql-15");
            println!("SKIPPED: PostgreSQL is not installed; install postgresql-15");
            return None;
        };
        let owner = unprivileged();
        if let Some((user, group)) = owner {
            chown(directory.path(), Some(user), Some(group)).unwrap();
        }
        let settings = settings.iter().map(|one| (*one).to_owned()).collect();
        let databases = AtomicU32::new(0);
        let mut cluster = Cluster { directory, binaries, owner, settings, process: None, databases };
        let options = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username", SUPERUSER];
        let mut initdb = cluster.command("initdb");
        let made = initdb.args(options).arg("--pgdata").arg(cluster.data()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        cluster.begin();
        cluster.sql("postgres", &format!("CREATE ROLE {USER} LOGIN"));
        Some(cluster)
    }

    /// A stand-by of it, which follows it and may only be read.
    pub(crate) fn stand_by(&self) -> Cluster {
        let directory = tempfile::tempdir().unwrap();
        if let Some((user, group)) = self.owner {
            chown(directory.path(), Some(user), Some(group)).unwrap();
        }
        let (binaries, settings) = (self.binaries.clone(), self.settings.clone());
        let databases = AtomicU32::new(0);
        let mut cluster = Cluster { directory, binaries, owner: self.owner, settings, process: None, databases };
        let mut copy = self.command("pg_basebackup");
        copy.args(["--no-sync", "--checkpoint=fast", "--write-recovery-conf", "--username", SUPERUSER]);
        copy.args(["--port", self.port(), "--host"]).arg(self.directory.path());
        let copied = copy.arg("--pgdata").arg(cluster.data()).output().unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        cluster.begin();
        cluster
    }

    /// Makes a stand-by the server.
    pub(crate) fn promote(&self) {
        let promoted = self.command("pg_ctl").arg("promote").arg("--pgdata").arg(self.data()).output().unwrap();
        assert!(promoted.status.success(), "{}", String::from_utf8_lossy(&promoted.stderr));
    }

    /// A new database of the station's user.
    pub(crate) fn database(&self) -> Server {
        Server::new(&self.url(&self.make_database()), None, None).unwrap()
    }

    /// A new database; its name.
    pub(crate) fn make_database(&self) -> String {
        let name = format!("archive_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER {USER} TEMPLATE template0"));
        name
    }

    /// Where the server may write.
    pub(crate) fn directory(&self) -> std::path::Display<'_> {
        self.directory.path().display()
    }

    /// The address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&user={USER}", self.directory())
    }

    /// Runs statements as the superuser; their answer, a line a row, columns parted by `|`.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.command("psql");
        psql.args(["--port", self.port(), "--host"]).arg(self.directory.path());
        answer_of(psql, SUPERUSER, database, sql)
    }

    /// Puts the archive of a database into another one, as an operator does it with a dump.
    pub(crate) fn dump_into(&self, from: &str, to: &str) {
        let file = self.directory.path().join("dump");
        let run = |program: &str, database: &str, arguments: &[&str]| {
            let mut command = self.command(program);
            command.args(["--username", SUPERUSER, "--port", self.port(), "--dbname", database, "--host"]);
            let done = command.arg(self.directory.path()).args(arguments).output().unwrap();
            assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
        };
        let file = file.to_str().unwrap();
        run("pg_dump", from, &["--schema", "watchfire", "--format", "custom", "--file", file]);
        run("pg_restore", to, &["--exit-on-error", file]);
    }

    /// A setting for the next start.
    pub(crate) fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// Gives a file in its directory to the server's user, whom alone it lets read it.
    pub(crate) fn own(&self, file: &str) {
        let path = self.directory.path().join(file);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        if let Some((user, group)) = self.owner {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }

    /// Starts the server after it was stopped.
    pub(crate) fn begin(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let mut server = self.command("postgres");
        server.arg("-D").arg(self.data()).arg("-k").arg(self.directory.path());
        server.args(["-c", "listen_addresses=", "-c", "port=5432", "-c", "fsync=on"]);
        for setting in &self.settings {
            server.args(["-c", setting]);
        }
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        self.process = Some(server.stderr(log).spawn().unwrap());
        let answers = || {
            let mut ask = self.command("pg_isready");
            ask.args(["--port", self.port(), "--host"]).arg(self.directory.path()).stdout(Stdio::null());
            ask.status().unwrap().success()
        };
        assert!(is_soon(answers), "it does not start: {}", std::fs::read_to_string(self.log()).unwrap_or_default());
    }

    /// Stops it as an operator does: connections are ended.
    pub(crate) fn stop(&mut self) {
        self.end("fast");
    }

    /// Stops it as a crash does: what was not synced is gone.
    pub(crate) fn crash(&mut self) {
        self.end("immediate");
    }

    fn end(&mut self, mode: &str) {
        let Some(mut process) = self.process.take() else { return };
        let mut stop = self.command("pg_ctl");
        let stopped = stop.args(["stop", "--mode", mode, "--pgdata"]).arg(self.data()).output().unwrap();
        if !stopped.status.success() {
            // Already ending; or it must.
            let _ = process.kill();
        }
        process.wait().unwrap();
    }

    fn port(&self) -> &str {
        self.settings.iter().find_map(|setting| setting.strip_prefix("port=")).unwrap_or("5432")
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.join(program));
        command.stdin(Stdio::null()).current_dir("/").env("LC_ALL", "C");
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Peer for Cluster {
    fn make_database(&self) -> String {
        Cluster::make_database(self)
    }

    fn url(&self, database: &str) -> String {
        Cluster::url(self, database)
    }

    fn sql(&self, database: &str, sql: &str) -> String {
        Cluster::sql(self, database, sql)
    }

    fn connections(&self) -> NonZeroU16 {
        NonZeroU16::new(3).unwrap()
    }
}

/// What `psql`, which is told where the server is, says to statements of a user.
pub(crate) fn answer_of(mut psql: Command, user: &str, database: &str, sql: &str) -> String {
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
    let done = psql.args(["--username", user, "--dbname", database, "--command", sql]).output().unwrap();
    assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end("immediate");
    }
}

/// Debian's place for each version, newest first, then the path.
pub(crate) fn find_binaries() -> Option<PathBuf> {
    let has = |folder: &Path| folder.join("initdb").is_file();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).filter(|path| has(path)).collect();
    folders.sort();
    folders.pop().or_else(|| std::env::split_paths(&std::env::var_os("PATH")?).find(|path| has(path)))
}

/// The server does not run as root: the user and group to run it as, when we are root.
fn unprivileged() -> Option<(u32, u32)> {
    let id = |what: &[&str]| -> Option<u32> {
        let said = Command::new("id").args(what).output().ok().filter(|said| said.status.success())?;
        String::from_utf8_lossy(&said.stdout).trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let user = ["postgres", "nobody"].into_iter().find(|user| id(&["-u", user]).is_some()).unwrap();
    Some((id(&["-u", user]).unwrap(), id(&["-g", user]).unwrap()))
}
