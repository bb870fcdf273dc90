//! `watchfire.toml` → [`StationConfig`]. `config/watchfire.toml` shows every key with its default; a test keeps the two
//! alike.

use super::archive::{self, ArchiveConfig};
use super::gateway::{self, GatewayConfig};
use super::reports::{self, ReportsConfig};
use super::secrets::{self, SecretRef};
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use watchfire_settings::{Problem, Section};

/// The checked `watchfire.toml`. Paths are resolved against the file's folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct StationConfig {
    /// Where the file was; secrets and other paths are relative to it.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    /// Everything that the station writes.
    pub(crate) data_dir: PathBuf,
    /// `sites.toml`.
    pub(crate) sites: PathBuf,
    /// The rules folder; `None`: the rules built in.
    pub(crate) rules: Option<PathBuf>,
    /// The folder of a draft of rules that runs beside those in force and tells nobody; `None`: there is none.
    pub(crate) shadow_rules: Option<PathBuf>,
    /// The folder of further dialects of fire panels; `None`: only those built in.
    pub(crate) profiles: Option<PathBuf>,
    /// `risk.toml`; `None`: the settings built in.
    pub(crate) risk: Option<PathBuf>,
    /// `[log]`.
    pub(crate) log: LogConfig,
    /// `[mqtt]`.
    pub(crate) mqtt: MqttConfig,
    /// `[gbt26875]`.
    pub(crate) gbt26875: GatewayConfig,
    /// `[journal]`.
    pub(crate) journal: JournalConfig,
    /// `[archive]`.
    pub(crate) archive: ArchiveConfig,
    /// `[disk]`.
    pub(crate) disk: DiskConfig,
    /// `[console]`.
    pub(crate) console: ConsoleConfig,
    /// `[notify]`.
    pub(crate) notify: NotifyConfig,
    /// `[reports.NAME]`.
    pub(crate) reports: ReportsConfig,
    /// `[watch]`.
    pub(crate) watch: WatchConfig,
}

/// How the log is written to stderr.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct LogConfig {
    /// JSON lines instead of text.
    pub(crate) json: bool,
    /// A `tracing` filter, e.g. `info` or `info,watchfire_intake=debug`.
    pub(crate) filter: String,
}

/// The MQTT listener.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MqttConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) insecure: bool,
    pub(crate) connections_max: u64,
    pub(crate) connections_per_address_max: u64,
    pub(crate) unauthenticated_max: u64,
    pub(crate) unauthenticated_per_address_max: u64,
    pub(crate) connects_per_address_per_s: u64,
    pub(crate) packet_bytes_max: u64,
    pub(crate) filters_per_client_max: u64,
    pub(crate) unacknowledged_max: u64,
    pub(crate) connect_timeout_s: u64,
    pub(crate) write_timeout_s: u64,
    pub(crate) queue_frames_max: u64,
}

/// The journal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct JournalConfig {
    pub(crate) segment_bytes: u64,
    pub(crate) keep_days: u64,
    pub(crate) keep_bytes_max: u64,
    pub(crate) reserve_bytes: u64,
    pub(crate) evidence_keep_days: u64,
}

/// How full the disk may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct DiskConfig {
    /// Percent used at which a person is told.
    pub(crate) filling_percent: u64,
    /// Percent used at which a person is told again and room is made.
    pub(crate) nearly_full_percent: u64,
}

/// The console.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ConsoleConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) insecure: bool,
    pub(crate) public_url: Option<String>,
    pub(crate) behind_tls_proxy: bool,
    pub(crate) connections_max: u64,
}

/// How people are told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct NotifyConfig {
    pub(crate) email: Option<EmailConfig>,
    pub(crate) sms: Option<SmsConfig>,
    pub(crate) webhook: Option<WebhookConfig>,
}

/// The outgoing mail server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct EmailConfig {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: MailTls,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretRef>,
    pub(crate) from: String,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailTls {
    /// TLS from the first byte (port 465).
    Implicit,
    /// STARTTLS, required (port 587).
    Starttls,
    /// Nothing: to this machine only.
    None,
}

/// The SMS gateway, in the form of Kannel's `sendsms`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SmsConfig {
    pub(crate) url: String,
    pub(crate) user: String,
    pub(crate) password: SecretRef,
    pub(crate) from: String,
    pub(crate) insecure: bool,
}

/// The webhook's signature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct WebhookConfig {
    pub(crate) secret: SecretRef,
    pub(crate) insecure: bool,
}

/// How the station watches itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct WatchConfig {
    pub(crate) probe_interval_s: u64,
    pub(crate) probe_limit_ms: u64,
    pub(crate) ping_url: Option<String>,
}

const MEBIBYTE: u64 = 1024 * 1024;
const LIMIT: u64 = 1 << 50;

/// The files that `watchfire.toml` names.
pub(crate) struct NamedFiles {
    pub(crate) sites: PathBuf,
    pub(crate) rules: Option<PathBuf>,
    pub(crate) profiles: Option<PathBuf>,
    pub(crate) risk: Option<PathBuf>,
}

/// Reads and checks the text of the file called `file` that lies in `folder`. The files it names are told also when
/// something else is wrong.
pub(crate) fn parse(
    file: &str,
    text: &str,
    folder: &Path,
) -> (Result<StationConfig, Vec<Problem>>, Option<NamedFiles>) {
    let mut named = None;
    let read = watchfire_settings::read(file, text, |root| {
        let path = |text: String| folder.join(text);
        let data_dir = path(root.text_or("data_dir", "watchfire-data"));
        let sites = path(root.text_or("sites", "sites.toml"));
        let rules = root.optional_text("rules").map(path);
        let shadow_rules = root.optional_text("shadow_rules").map(path);
        let profiles = root.optional_text("profiles").map(path);
        let risk = root.optional_text("risk").map(path);
        named = Some(NamedFiles {
            sites: sites.clone(),
            rules: rules.clone(),
            profiles: profiles.clone(),
            risk: risk.clone(),
        });
        let log = in_table(root, "log", log);
        let mqtt = in_table(root, "mqtt", mqtt);
        let gbt26875 = in_table(root, "gbt26875", gateway::read);
        let journal = in_table(root, "journal", journal);
        let archive = in_table(root, "archive", |section| archive::read(section, folder));
        let disk = in_table(root, "disk", disk);
        let console = in_table(root, "console", console);
        let notify = in_table(root, "notify", |section| notify(section, folder));
        let reports = reports::read(root, notify.as_ref().is_none_or(|notify| notify.email.is_some()));
        let watch = in_table(root, "watch", watch);
        Some(StationConfig {
            folder: folder.to_owned(),
            data_dir,
            sites,
            rules,
            shadow_rules,
            profiles,
            risk,
            log: log?,
            mqtt: mqtt?,
            gbt26875: gbt26875?,
            journal: journal?,
            archive: archive?,
            disk: disk?,
            console: console?,
            notify: notify?,
            reports,
            watch: watch?,
        })
    });
    (read, named)
}

/// Reads a table that may be absent: its keys then have their defaults.
fn in_table<T>(root: &mut Section<'_>, key: &str, build: impl FnOnce(&mut Section<'_>) -> Option<T>) -> Option<T> {
    if root.has(key) {
        return root.table(key, build);
    }
    root.absent_table(key, build)
}

fn log(section: &mut Section<'_>) -> Option<LogConfig> {
    let json = section.choice_or("format", false, &[("text", false), ("json", true)]);
    let filter = section.text_or("filter", "info,rumqttd=warn");
    if let Err(error) = tracing_subscriber::EnvFilter::builder().parse(&filter) {
        section.problem("filter", error.to_string());
    }
    Some(LogConfig { json, filter })
}

fn mqtt(section: &mut Section<'_>) -> Option<MqttConfig> {
    let insecure = section.flag_or("insecure", false);
    Some(MqttConfig {
        listen: listen(section, "127.0.0.1:1883", insecure)?,
        insecure,
        connections_max: section.integer_or("connections_max", 20_000, 1..=1_000_000),
        connections_per_address_max: section.integer_or("connections_per_address_max", 12_000, 1..=1_000_000),
        unauthenticated_max: section.integer_or("unauthenticated_max", 4_000, 1..=1_000_000),
        unauthenticated_per_address_max: section.integer_or("unauthenticated_per_address_max", 2_000, 1..=1_000_000),
        connects_per_address_per_s: section.integer_or("connects_per_address_per_s", 500, 1..=1_000_000),
        packet_bytes_max: section.integer_or("packet_bytes_max", 65_536, 1_024..=266_240),
        filters_per_client_max: section.integer_or("filters_per_client_max", 64, 1..=10_000),
        unacknowledged_max: section.integer_or("unacknowledged_max", 1_024, 1..=65_535),
        connect_timeout_s: section.integer_or("connect_timeout_s", 10, 1..=120),
        write_timeout_s: section.integer_or("write_timeout_s", 10, 1..=600),
        queue_frames_max: section.integer_or("queue_frames_max", 8_192, 256..=1_000_000),
    })
}

fn journal(section: &mut Section<'_>) -> Option<JournalConfig> {
    Some(JournalConfig {
        segment_bytes: section.integer_or("segment_bytes", 64 * MEBIBYTE, MEBIBYTE..=4096 * MEBIBYTE),
        keep_days: section.integer_or("keep_days", 7, 1..=3_650),
        keep_bytes_max: section.integer_or("keep_bytes_max", 51_200 * MEBIBYTE, 128 * MEBIBYTE..=LIMIT),
        reserve_bytes: section.integer_or("reserve_bytes", 64 * MEBIBYTE, MEBIBYTE..=LIMIT),
        evidence_keep_days: section.integer_or("evidence_keep_days", 400, 1..=36_500),
    })
}

fn disk(section: &mut Section<'_>) -> Option<DiskConfig> {
    let filling_percent = section.integer_or("filling_percent", 85, 1..=100);
    let nearly_full_percent = section.integer_or("nearly_full_percent", 95, 2..=100);
    if filling_percent > nearly_full_percent {
        section.problem("filling_percent", format!("is above nearly_full_percent, {nearly_full_percent}"));
    }
    Some(DiskConfig { filling_percent, nearly_full_percent })
}

fn console(section: &mut Section<'_>) -> Option<ConsoleConfig> {
    let insecure = section.flag_or("insecure", false);
    let public_url = section.optional_text("public_url");
    if public_url.as_ref().is_some_and(|url| !is_http(url)) {
        section.problem("public_url", "is not an http:// or https:// address");
    }
    let behind_tls_proxy = section.flag_or("behind_tls_proxy", false);
    Some(ConsoleConfig {
        listen: listen(section, "127.0.0.1:8080", insecure)?,
        insecure,
        public_url,
        behind_tls_proxy,
        connections_max: section.integer_or("connections_max", 1_024, 1..=100_000),
    })
}

fn notify(section: &mut Section<'_>, folder: &Path) -> Option<NotifyConfig> {
    Some(NotifyConfig {
        email: section.optional_table("email", |email| email_server(email, folder)),
        sms: section.optional_table("sms", sms_gateway),
        webhook: section.optional_table("webhook", webhook),
    })
}

fn email_server(section: &mut Section<'_>, folder: &Path) -> Option<EmailConfig> {
    let modes = [("implicit", MailTls::Implicit), ("starttls", MailTls::Starttls), ("none", MailTls::None)];
    let host = section.text("host");
    let tls = section.choice_or("tls", MailTls::Starttls, &modes);
    let default_port = match tls {
        MailTls::Implicit => 465,
        MailTls::Starttls => 587,
        MailTls::None => 25,
    };
    let port = u16::try_from(section.integer_or("port", default_port, 1..=65_535)).unwrap_or(25);
    if tls == MailTls::None && host.as_deref().is_some_and(|host| !is_this_machine(host)) {
        section.problem("tls", "`none` is only for a mail server on this machine; use starttls or implicit");
    }
    let ca_file = section.optional_text("ca_file").map(|text| folder.join(text));
    let user = section.optional_text("user");
    let password = if section.has("password") { secrets::required(section, "password") } else { None };
    if user.is_some() != password.is_some() {
        section.problem("user", "`user` and `password` go together");
    }
    Some(EmailConfig { host: host?, port, tls, ca_file, user, password, from: section.text("from")? })
}

fn sms_gateway(section: &mut Section<'_>) -> Option<SmsConfig> {
    let url = section.text("url");
    if url.as_ref().is_some_and(|url| !is_http(url)) {
        section.problem("url", "is not an http:// or https:// address");
    }
    let user = section.text("user");
    let password = secrets::required(section, "password");
    let from = section.text_or("from", "watchfire");
    let insecure = section.flag_or("insecure", false);
    Some(SmsConfig { url: url?, user: user?, password: password?, from, insecure })
}

fn webhook(section: &mut Section<'_>) -> Option<WebhookConfig> {
    let secret = secrets::required(section, "secret");
    let insecure = section.flag_or("insecure", false);
    Some(WebhookConfig { secret: secret?, insecure })
}

fn watch(section: &mut Section<'_>) -> Option<WatchConfig> {
    let ping_url = section.optional_text("ping_url");
    if ping_url.as_ref().is_some_and(|url| !is_http(url)) {
        section.problem("ping_url", "is not an http:// or https:// address");
    }
    Some(WatchConfig {
        probe_interval_s: section.integer_or("probe_interval_s", 5, 1..=60),
        probe_limit_ms: section.integer_or("probe_limit_ms", 5_000, 100..=60_000),
        ping_url,
    })
}

/// Without TLS a listener stays on this machine unless `insecure = true` says that somebody thought about it.
pub(super) fn listen(section: &mut Section<'_>, default: &str, insecure: bool) -> Option<SocketAddr> {
    let text = section.text_or("listen", default);
    let Ok(address) = SocketAddr::from_str(&text) else {
        section.problem("listen", format!("`{text}` is not an address and port such as {default}"));
        return None;
    };
    if !address.ip().is_loopback() && !insecure {
        section.problem("listen", format!("{address} is reachable from outside without TLS; use 127.0.0.1, or set insecure = true if the network is yours alone"));
    }
    Some(address)
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || IpAddr::from_str(host).is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../config/watchfire.toml");

    /// The shipped file shows the defaults: read as it is, and with every commented key removed, it is the same.
    #[test]
    fn the_shipped_file_says_the_defaults() {
        let shipped = parse("watchfire.toml", SHIPPED, Path::new("/etc/watchfire")).0.unwrap();
        let empty =
            parse("watchfire.toml", "rules = \"rules\"\nrisk = \"risk.toml\"", Path::new("/etc/watchfire")).0.unwrap();
        assert_eq!(shipped, empty);
    }

    /// Every key that is shown commented out is a key that exists.
    #[test]
    fn the_commented_keys_exist() {
        let uncommented: Vec<&str> = SHIPPED.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)).collect();
        parse("watchfire.toml", &uncommented.join("\n"), Path::new("/etc/watchfire")).0.unwrap();
    }

    #[test]
    fn a_listener_is_not_opened_to_the_world_by_accident() {
        let problems = parse("w.toml", "[mqtt]\nlisten = \"0.0.0.0:1883\"\n", Path::new(".")).0.unwrap_err();
        assert!(
            problems[0].to_string().starts_with("w.toml:2: mqtt.listen: 0.0.0.0:1883 is reachable"),
            "{problems:?}"
        );
        assert!(parse("w.toml", "[mqtt]\nlisten = \"0.0.0.0:1883\"\ninsecure = true", Path::new(".")).0.is_ok());
    }
}
