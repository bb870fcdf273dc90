//! The files of a station: `watchfire.toml`, `sites.toml` and secrets.

use std::path::Path;

/// The password of every identity.
pub(crate) const SECRET: &str = "a-long-device-secret";
/// The user name of the gateway of site `home`, the one of site `mill`, a single device, and a listener.
pub(crate) const GATEWAY: &str = "home/gw1";
pub(crate) const OTHER_GATEWAY: &str = "mill/gw1";
pub(crate) const SINGLE_DEVICE: &str = "home/attic";
pub(crate) const LISTENER: &str = "home/panel";
/// The key of webhooks' signatures.
pub(crate) const WEBHOOK_SECRET: &str = "a-long-secret-of-webhooks";

const STATION: &str = r#"
data_dir = "data"
[log]
format = "json"
[mqtt]
listen = "127.0.0.1:0"
[console]
listen = "127.0.0.1:0"
[journal]
reserve_bytes = 1048576
[watch]
probe_interval_s = 1
"#;

/// How full the disk of the machine is that runs the tests must change nothing.
const FULL_DISK: &str = "[disk]\nfilling_percent = 100\nnearly_full_percent = 100\n";

const SITES: &str = include_str!("../data/sites.toml");

/// What the files say.
#[derive(Clone)]
pub(crate) struct SetUp {
    station: String,
    sites: String,
}

impl SetUp {
    /// Two sites, nobody to tell.
    pub(crate) fn new() -> SetUp {
        SetUp { station: format!("{STATION}{FULL_DISK}"), sites: SITES.to_owned() }
    }

    /// Adds tables to `watchfire.toml`.
    pub(crate) fn station(mut self, toml: &str) -> SetUp {
        self.station.push_str(toml);
        self
    }

    /// Adds keys before the tables of `watchfire.toml`.
    pub(crate) fn top(mut self, keys: &str) -> SetUp {
        self.station.insert_str(0, keys);
        self
    }

    /// How full the disk may be is as usual: for a disk of the test's own.
    pub(crate) fn usual_disk_limits(mut self) -> SetUp {
        self.station = self.station.replace(FULL_DISK, "");
        self
    }

    /// Adds keys to the table `[mqtt]`.
    pub(crate) fn mqtt(mut self, keys: &str) -> SetUp {
        self.station = self.station.replace("[mqtt]\n", &format!("[mqtt]\n{keys}\n"));
        self
    }

    /// Adds keys to the table `[journal]`.
    pub(crate) fn journal(mut self, keys: &str) -> SetUp {
        self.station = self.station.replace("[journal]\n", &format!("[journal]\n{keys}\n"));
        self
    }

    /// Adds tables to `sites.toml`.
    pub(crate) fn sites(mut self, toml: &str) -> SetUp {
        self.sites.push_str(toml);
        self
    }

    /// A system is called at `url` about everything at site `home`; nobody else is told, and nothing is repeated.
    pub(crate) fn told_by_webhook(self, url: &str) -> SetUp {
        self.station("[notify.webhook]\nsecret = \"file:secrets/webhook\"\n").sites(&format!(
            "[contacts.centre]\nname = {{ en = \"Centre\", zh = \"中心\" }}\nwebhook = \"{url}\"\n\
             [[sites.home.ladder]]\ncontacts = [\"centre\"]\nwait_s = 3600\n"
        ))
    }

    /// Writes the files into `folder`.
    pub(crate) fn write(&self, folder: &Path) {
        std::fs::create_dir_all(folder.join("secrets")).unwrap();
        for (name, text) in [("device", SECRET), ("webhook", WEBHOOK_SECRET)] {
            std::fs::write(folder.join("secrets").join(name), text).unwrap();
        }
        std::fs::write(folder.join("watchfire.toml"), &self.station).unwrap();
        self.write_sites(folder);
    }

    /// Writes `sites.toml` alone, as somebody does who changes it.
    pub(crate) fn write_sites(&self, folder: &Path) {
        std::fs::write(folder.join("sites.toml"), &self.sites).unwrap();
    }
}
