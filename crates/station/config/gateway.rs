//! `[gbt26875]` of `watchfire.toml`: the ports where fire panels' transmission devices connect, and the limits.

use compact_str::CompactString;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use watchfire_model::{SiteId, Sites};
use watchfire_settings::{Problem, Section};

/// The gateway for fire panels; without listeners it is off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct GatewayConfig {
    pub(crate) listeners: BTreeMap<CompactString, ListenerConfig>,
    pub(crate) connections_max: u64,
    pub(crate) connections_per_address_max: u64,
    pub(crate) connects_per_address_per_s: u64,
    pub(crate) first_frame_timeout_s: u64,
    pub(crate) frame_timeout_s: u64,
    pub(crate) idle_max_s: u64,
    pub(crate) unframed_bytes_max: u64,
    pub(crate) frames_per_s: u64,
    pub(crate) frames_burst: u64,
    pub(crate) unacknowledged_max: u64,
    pub(crate) device_unacknowledged_max: u64,
    pub(crate) device_unacknowledged_bytes_max: u64,
    pub(crate) queue_bytes_max: u64,
    pub(crate) duplicate_window_s: u64,
    pub(crate) write_timeout_s: u64,
    pub(crate) datagrams_waiting_max: u64,
}

/// One port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ListenerConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) transport: TransportConfig,
    pub(crate) insecure: bool,
    /// The site of devices that are in no list.
    pub(crate) site: Option<SiteId>,
    /// Whether they are taken.
    pub(crate) unlisted: UnlistedConfig,
    /// The dialect that they speak.
    pub(crate) dialect: Option<CompactString>,
    #[serde(skip)]
    line: usize,
}

/// How frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TransportConfig {
    Tcp,
    Udp,
}

/// What becomes of a transmission device that is in no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnlistedConfig {
    /// It is denied.
    Refuse,
    /// It is an unclaimed device of the listener's site.
    Accept,
}

impl GatewayConfig {
    /// The names of the listeners.
    pub(crate) fn listener_names(&self) -> BTreeSet<CompactString> {
        self.listeners.keys().cloned().collect()
    }

    /// Listeners whose site is none, or whose dialect is none. `file` is the one that they stand in.
    pub(crate) fn unknown(&self, file: &str, sites: &Sites, dialects: &BTreeSet<CompactString>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, listener) in &self.listeners {
            let mut problem = |key: &str, message: String| {
                let key = format!("gbt26875.listeners.{name}.{key}");
                problems.push(Problem { file: file.to_owned(), line: listener.line, key, message });
            };
            if let Some(site) = listener.site.as_ref().filter(|site| !sites.sites.contains_key(*site)) {
                problem("site", format!("`{site}` is not a site of the sites file"));
            }
            if let Some(dialect) = listener.dialect.as_ref().filter(|dialect| !dialects.contains(*dialect)) {
                problem("dialect", format!("`{dialect}` is not a profile"));
            }
        }
        problems
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<GatewayConfig> {
    let mut places = BTreeMap::new();
    let listeners = section.tables("listeners", |name, listener| read_listener(name, listener, &mut places));
    Some(GatewayConfig {
        listeners: listeners.into_iter().collect(),
        connections_max: section.integer_or("connections_max", 20_000, 1..=1_000_000),
        connections_per_address_max: section.integer_or("connections_per_address_max", 12_000, 1..=1_000_000),
        connects_per_address_per_s: section.integer_or("connects_per_address_per_s", 500, 1..=1_000_000),
        first_frame_timeout_s: section.integer_or("first_frame_timeout_s", 300, 1..=86_400),
        frame_timeout_s: section.integer_or("frame_timeout_s", 10, 1..=600),
        idle_max_s: section.integer_or("idle_max_s", 10_800, 60..=604_800),
        unframed_bytes_max: section.integer_or("unframed_bytes_max", 8_192, 1_054..=1_048_576),
        frames_per_s: section.integer_or("frames_per_s", 200, 1..=1_000_000),
        frames_burst: section.integer_or("frames_burst", 1_000, 1..=1_000_000),
        unacknowledged_max: section.integer_or("unacknowledged_max", 256, 1..=65_535),
        device_unacknowledged_max: section.integer_or("device_unacknowledged_max", 1_024, 1..=1_000_000),
        device_unacknowledged_bytes_max: section.integer_or(
            "device_unacknowledged_bytes_max",
            1_048_576,
            1_054..=1_073_741_824,
        ),
        queue_bytes_max: section.integer_or("queue_bytes_max", 16_777_216, 1_054..=1_073_741_824),
        duplicate_window_s: section.integer_or("duplicate_window_s", 60, 40..=3_600),
        write_timeout_s: section.integer_or("write_timeout_s", 10, 1..=600),
        datagrams_waiting_max: section.integer_or("datagrams_waiting_max", 64, 1..=65_536),
    })
}

fn read_listener(
    name: &str,
    section: &mut Section<'_>,
    places: &mut BTreeMap<(TransportConfig, SocketAddr), String>,
) -> Option<(CompactString, ListenerConfig)> {
    let id = name.parse::<watchfire_model::IdentityName>().map_err(|error| section.problem("", error.to_string())).ok();
    let insecure = section.flag_or("insecure", false);
    section.text("listen");
    let listen = section.has("listen").then(|| super::station::listen(section, "127.0.0.1:5201", insecure)).flatten();
    let transports = [("tcp", TransportConfig::Tcp), ("udp", TransportConfig::Udp)];
    let transport = section.choice_or("transport", TransportConfig::Tcp, &transports);
    let site: Option<SiteId> = section.optional_parsed("site");
    let words = [("refuse", UnlistedConfig::Refuse), ("accept", UnlistedConfig::Accept)];
    let unlisted = section.choice_or("unlisted", UnlistedConfig::Refuse, &words);
    if unlisted == UnlistedConfig::Accept && site.is_none() {
        section.problem("unlisted", "can be `accept` only where `site` says whose devices they are");
    }
    let dialect = section.optional_text("dialect").map(CompactString::from);
    let listen = listen?;
    let first = if listen.port() == 0 { None } else { places.insert((transport, listen), name.to_owned()) };
    if let Some(first) = first {
        section.problem("listen", format!("{listen} is where listener {first} is"));
    }
    let line = section.line("");
    Some((id?.as_str().into(), ListenerConfig { listen, transport, insecure, site, unlisted, dialect, line }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<GatewayConfig, Vec<String>> {
        let read = watchfire_settings::read("w.toml", text, read);
        read.map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn everything_wrong_with_listeners_is_told_with_its_line() {
        let text = "\
duplicate_window_s = 10
[listeners.a]
listen = \"127.0.0.1:5201\"
[listeners.b]
listen = \"127.0.0.1:5201\"
unlisted = \"accept\"
[listeners.c]
listen = \"0.0.0.0:5202\"
transport = \"udp\"
[listeners.D]
site = \"Bad\"
";
        let told = parse(text).unwrap_err();
        let wanted = [
            "w.toml:1: duplicate_window_s: is 10; use 40 to 3600",
            "w.toml:5: listeners.b.listen: 127.0.0.1:5201 is where listener a is",
            "w.toml:6: listeners.b.unlisted: can be `accept` only",
            "w.toml:8: listeners.c.listen: 0.0.0.0:5202 is reachable from outside",
            "w.toml:10: listeners.D: ",
            "w.toml:10: listeners.D.listen: is missing",
            "w.toml:11: listeners.D.site: ",
        ];
        assert_eq!(told.len(), wanted.len(), "{told:#?}");
        for (told, wanted) in told.iter().zip(wanted) {
            assert!(told.starts_with(wanted), "{told}\n{wanted}");
        }
    }

    #[test]
    fn a_listener_of_an_unknown_site_or_dialect_is_told() {
        let config =
            parse("[listeners.a]\nlisten = \"127.0.0.1:0\"\nsite = \"tower\"\ndialect = \"klingon\"\n").unwrap();
        let told = config.unknown("w.toml", &Sites::default(), &BTreeSet::new());
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told[0], "w.toml:1: gbt26875.listeners.a.site: `tower` is not a site of the sites file");
        assert_eq!(told[1], "w.toml:1: gbt26875.listeners.a.dialect: `klingon` is not a profile");
    }
}
