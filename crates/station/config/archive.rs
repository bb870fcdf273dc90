//! `[archive]` of `watchfire.toml`: where history is kept, and for how long.

use super::secrets::{self, SecretRef};
use serde::Serialize;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use watchfire_archive::{CONNECTIONS, Server};
use watchfire_settings::Section;

const MEBIBYTE: u64 = 1024 * 1024;
/// Most bytes of a file unless it says otherwise.
const FILE_BYTES_MAX: u64 = 102_400 * MEBIBYTE;
/// Five years.
const ROLL_UPS_KEEP_DAYS: u64 = 1_830;

/// The history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ArchiveConfig {
    #[serde(flatten)]
    pub(crate) kind: ArchiveKind,
    /// Readings and counts of defects.
    pub(crate) keep_days: u64,
    /// Roll-ups of minutes; a file has none.
    pub(crate) minutes_keep_days: u64,
    /// Roll-ups of hours and days.
    pub(crate) rollups_keep_days: u64,
    /// Alerts with their transitions and deliveries, and incidents.
    pub(crate) alerts_keep_days: u64,
    /// Orders, the audit, duty checks and inspections.
    pub(crate) audit_keep_days: u64,
    /// The folder to whose files readings are written before they are dropped; `None`: they are dropped without.
    pub(crate) files: Option<PathBuf>,
    /// `None`: as the server has.
    pub(crate) bytes_max: Option<u64>,
}

/// Where it is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum ArchiveKind {
    /// In a file of the data directory.
    Sqlite,
    /// On a server.
    Postgresql(ServerConfig),
}

/// A PostgreSQL server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ServerConfig {
    pub(crate) url: String,
    pub(crate) password: Option<SecretRef>,
    /// Who signed its certificate; `None`: one whom the system trusts.
    pub(crate) ca_file: Option<PathBuf>,
    /// How many connections write readings.
    pub(crate) connections: NonZeroU16,
}

/// Reads the table.
pub(super) fn read(section: &mut Section<'_>, folder: &Path) -> Option<ArchiveConfig> {
    let on_server = section.choice_or("kind", false, &[("sqlite", false), ("postgresql", true)]);
    let range = 16 * MEBIBYTE..=1 << 50;
    let bytes_max = section.optional_integer("bytes_max", range).or((!on_server).then_some(FILE_BYTES_MAX));
    let keep_days = section.integer_or("keep_days", 400, 1..=36_500);
    let minutes_keep_days = section.optional_integer("minutes_keep_days", 1..=36_500).unwrap_or(keep_days);
    let rollups_keep_days = section.optional_integer("rollups_keep_days", 1..=36_500);
    let rollups_keep_days = rollups_keep_days.unwrap_or(ROLL_UPS_KEEP_DAYS.max(minutes_keep_days));
    if minutes_keep_days < keep_days {
        section.problem("minutes_keep_days", "roll-ups outlive their readings: not below keep_days".to_owned());
    }
    if rollups_keep_days < minutes_keep_days {
        section.problem(
            "rollups_keep_days",
            "hours outlive minutes and readings: not below keep_days and minutes_keep_days".to_owned(),
        );
    }
    let alerts_keep_days = section.optional_integer("alerts_keep_days", 1..=36_500).unwrap_or(keep_days);
    let audit_keep_days = section.optional_integer("audit_keep_days", 1..=36_500).unwrap_or(alerts_keep_days);
    let files = section.optional_text("files").map(|text| folder.join(text));
    let kind = if on_server { ArchiveKind::Postgresql(server(section, folder)?) } else { ArchiveKind::Sqlite };
    Some(ArchiveConfig {
        kind,
        keep_days,
        minutes_keep_days,
        rollups_keep_days,
        alerts_keep_days,
        audit_keep_days,
        files,
        bytes_max,
    })
}

fn server(section: &mut Section<'_>, folder: &Path) -> Option<ServerConfig> {
    let url = section.text("url");
    if let Some(Err(error)) = url.as_deref().map(|url| Server::new(url, None, None)) {
        section.problem("url", error.to_string());
    }
    let password = if section.has("password") { secrets::required(section, "password") } else { None };
    let ca_file = section.optional_text("ca_file").map(|text| folder.join(text));
    let connections = section.integer_or("connections", CONNECTIONS.get().into(), 1..=16);
    let connections = u16::try_from(connections).ok().and_then(NonZeroU16::new).unwrap_or(CONNECTIONS);
    Some(ServerConfig { url: url?, password, ca_file, connections })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(toml: &str) -> Result<ArchiveConfig, String> {
        let read = |root: &mut Section<'_>| root.table("archive", |section| read(section, Path::new("/etc/watchfire")));
        watchfire_settings::read("w.toml", toml, read)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn a_file_is_limited_and_a_server_is_not() {
        assert_eq!(parse("[archive]").unwrap().bytes_max, Some(FILE_BYTES_MAX));
        let server = parse(
            "[archive]\nkind = \"postgresql\"\nurl = \"postgresql://w@db.example.org/w\"\npassword = \"env:DB\"\n\
             ca_file = \"ca.pem\"",
        )
        .unwrap();
        assert_eq!(server.bytes_max, None);
        let ArchiveKind::Postgresql(server) = server.kind else { panic!("it says so") };
        assert_eq!(server.ca_file, Some(PathBuf::from("/etc/watchfire/ca.pem")));
        assert_eq!(server.connections, CONNECTIONS);
    }

    #[test]
    fn files_of_readings_lie_beside_the_configuration_unless_the_path_is_whole() {
        let of = |toml: &str| parse(toml).unwrap().files;
        assert_eq!(of("[archive]"), None);
        assert_eq!(of("[archive]\nfiles = \"history\""), Some(PathBuf::from("/etc/watchfire/history")));
        assert_eq!(of("[archive]\nfiles = \"/srv/history\""), Some(PathBuf::from("/srv/history")));
    }

    #[test]
    fn the_audit_is_kept_as_long_as_alerts_unless_it_says_otherwise() {
        let of = |toml: &str| parse(toml).map(|config| (config.alerts_keep_days, config.audit_keep_days));
        assert_eq!(of("[archive]\nalerts_keep_days = 1830"), Ok((1_830, 1_830)));
        assert_eq!(of("[archive]\nalerts_keep_days = 400\naudit_keep_days = 3660"), Ok((400, 3_660)));
        assert!(of("[archive]\naudit_keep_days = 0").unwrap_err().starts_with("w.toml:2: archive.audit_keep_days"));
    }

    #[test]
    fn roll_ups_outlive_their_readings() {
        let of = |toml: &str| {
            parse(toml).map(|config| (config.keep_days, config.minutes_keep_days, config.rollups_keep_days))
        };
        assert_eq!(of("[archive]"), Ok((400, 400, 1_830)));
        assert_eq!(of("[archive]\nkeep_days = 3660"), Ok((3_660, 3_660, 3_660)));
        assert_eq!(of("[archive]\nkeep_days = 40\nminutes_keep_days = 90\nrollups_keep_days = 400"), Ok((40, 90, 400)));
        let wrong = of("[archive]\nminutes_keep_days = 399\nrollups_keep_days = 398").unwrap_err();
        assert!(wrong.contains("w.toml:2: archive.minutes_keep_days: roll-ups outlive"), "{wrong}");
        assert!(wrong.contains("w.toml:3: archive.rollups_keep_days: hours outlive"), "{wrong}");
    }

    #[test]
    fn alerts_are_kept_as_long_as_readings_unless_it_says_otherwise() {
        let of = |toml: &str| parse(toml).map(|config| (config.keep_days, config.alerts_keep_days));
        assert_eq!(of("[archive]"), Ok((400, 400)));
        assert_eq!(of("[archive]\nkeep_days = 500"), Ok((500, 500)));
        assert_eq!(of("[archive]\nkeep_days = 370\nalerts_keep_days = 1830"), Ok((370, 1_830)));
        assert!(of("[archive]\nalerts_keep_days = 0").unwrap_err().starts_with("w.toml:2: archive.alerts_keep_days"));
    }

    #[test]
    fn what_is_wrong_with_a_server_is_told_at_its_key_and_no_secret_with_it() {
        let with = |url: &str| parse(&format!("[archive]\nkind = \"postgresql\"\nurl = \"{url}\"")).unwrap_err();
        assert!(with("postgresql://w:hush@db/w").starts_with("w.toml:3: archive.url: holds a password"));
        assert!(!with("postgresql://w:hush@db/w").contains("hush"));
        assert!(with("postgresql://w@db/w?sslmode=disable").contains("switches TLS off"));
        assert!(parse("[archive]\nkind = \"postgresql\"").unwrap_err().contains("url"));
        assert!(parse("[archive]\nkind = \"oracle\"").is_err());
    }
}
