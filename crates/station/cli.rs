//! The command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use watchfire_model::{Source, UserName};

/// IoT ingestion and early warning for smart fire protection. 智慧消防物联接入与早期预警。
#[derive(Debug, Parser)]
#[command(
    name = "watchfire",
    version,
    after_help = "Exit codes: 0 fine, 1 the input is wrong or a check failed, 2 usage."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything in one process, with simulated sites and a recorded house fire; needs no set-up.
    Demo(DemoOptions),
    /// The service.
    #[command(after_help = "Example:\n  watchfire run --config /etc/watchfire/watchfire.toml")]
    Run(ConfigOption),
    /// Print the effective configuration, or every problem with its key and line.
    #[command(after_help = "Example:\n  watchfire check --config /etc/watchfire/watchfire.toml")]
    Check(ConfigOption),
    /// Messages on stdin to readings on stdout, one JSON object a line.
    Decode(DecodeOptions),
    /// Readings or a journal to alert transitions, as fast as the machine allows.
    Replay(ReplayOptions),
    /// Work on rules.
    Rules(RulesOptions),
    /// Load against any broker or station.
    Simulate(SimulateOptions),
    /// Operators of the console.
    Users(UsersOptions),
    /// Back the data directory up into a folder, also while the station runs.
    Backup(BackupOptions),
    /// Restore a backup into a data directory that is empty; a new journal begins with it.
    Restore(RestoreOptions),
    /// Look at every record of a data directory or a backup; exit 1 with what is wrong.
    Verify(VerifyOptions),
    /// Work on history.
    Archive(ArchiveOptions),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  watchfire backup --config /etc/watchfire/watchfire.toml --to /backup/watchfire-$(date +%F)\n\nNot in it: configuration, secrets, and history that is on a PostgreSQL server."
)]
pub(crate) struct BackupOptions {
    /// watchfire.toml
    #[arg(long)]
    pub(crate) config: PathBuf,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  watchfire restore --config /etc/watchfire/watchfire.toml --from /backup/watchfire-2026-03-01"
)]
pub(crate) struct RestoreOptions {
    /// watchfire.toml
    #[arg(long)]
    pub(crate) config: PathBuf,
    /// The backup.
    #[arg(long, value_name = "DIR")]
    pub(crate) from: PathBuf,
    /// Restore what can be restored of a backup that is damaged; what is lost is passed over.
    #[arg(long)]
    pub(crate) even_damaged: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  watchfire verify --config /etc/watchfire/watchfire.toml\n  watchfire verify --backup /backup/watchfire-2026-03-01"
)]
pub(crate) struct VerifyOptions {
    /// watchfire.toml: its data directory and its archive, also while the station runs.
    #[arg(long, required_unless_present = "backup")]
    pub(crate) config: Option<PathBuf>,
    /// A backup.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub(crate) backup: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ArchiveOptions {
    #[command(subcommand)]
    pub(crate) command: ArchiveCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ArchiveCommand {
    /// Copy history from the file in the data directory to the PostgreSQL server of `[archive]`, while the station goes on
    /// with the file. Then restart the station.
    #[command(after_help = "Example:\n  watchfire archive migrate --config /etc/watchfire/watchfire.toml")]
    Migrate {
        /// watchfire.toml, with the server in `[archive]`
        #[arg(long)]
        config: PathBuf,
    },
    /// Read every file that retention wrote (`[archive] files`) and hold it against the manifest of its month.
    #[command(after_help = "Example:\n  watchfire archive verify-files /srv/watchfire-files")]
    VerifyFiles {
        /// The folder of `[archive] files`, or a copy of it.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Read a month of such files back into history, where charts then answer as before. What is there is not added again.
    #[command(
        after_help = "Examples:\n  watchfire archive restore-files /srv/watchfire-files --month 2026-03 --into /tmp/march.sqlite\n  watchfire archive restore-files /srv/watchfire-files --month 2026-03 --config /etc/watchfire/watchfire.toml"
    )]
    RestoreFiles {
        /// The folder of `[archive] files`, or a copy of it.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Which: YYYY-MM, or wrong-clocks for readings of times that no clock that is right gave.
        #[arg(long, value_name = "MONTH")]
        month: String,
        /// An archive in a file of its own, which is made where there is none.
        #[arg(long, value_name = "FILE", required_unless_present = "config")]
        into: Option<PathBuf>,
        /// watchfire.toml: into the archive of the station. Raise `archive.keep_days` first, or the next retention drops it
        /// again.
        #[arg(long, conflicts_with = "into")]
        config: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  watchfire demo\n  watchfire demo --data /tmp/demo")]
pub(crate) struct DemoOptions {
    /// Where the demo keeps its data; a second start goes on where it stopped.
    #[arg(long, default_value = "watchfire-data/demo")]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigOption {
    /// watchfire.toml
    #[arg(long)]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  echo '{\"topic\":\"zigbee2mqtt/kitchen\",\"payload\":{\"smoke\":true}}' | watchfire decode\n  echo '{\"hex\":\"4040…\"}' | watchfire decode --source gbt26875 --profile hikvision"
)]
pub(crate) struct DecodeOptions {
    /// The format; without it topic and shape decide.
    #[arg(long)]
    pub(crate) source: Option<Source>,
    /// The dialect of fire panels: the name of a shipped one, or a file.
    #[arg(long)]
    pub(crate) profile: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  watchfire replay --rules config/rules readings.jsonl\n  watchfire replay --rules config/rules watchfire-data/journal\n  watchfire replay --rules my-draft --diff watchfire-data/journal\n  watchfire replay --profiles my-profiles watchfire-data/journal\n  watchfire replay --risk watchfire-data/journal\n  watchfire replay --risk=my-risk.toml --lead-hours 48 watchfire-data/journal\n  cat readings.jsonl | watchfire replay --rules config/rules"
)]
pub(crate) struct ReplayOptions {
    /// The rules folder; without it the rules built in (for a journal: those in force when it was written).
    #[arg(long)]
    pub(crate) rules: Option<PathBuf>,
    /// watchfire.toml, for its sites and profiles.
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// A folder of dialects of fire panels, in the place of those of the same names: a journal is decoded anew.
    #[arg(long)]
    pub(crate) profiles: Option<PathBuf>,
    /// Hold what would have been told against the alert log beside the journal: new, missing, earlier and later alerts.
    #[arg(long, requires = "files")]
    pub(crate) diff: bool,
    /// Judge the risk score of a journal by its real fires: how each fire's site stood in the order before it. By the
    /// settings in force then, or by those of a file: --risk=risk.toml.
    #[arg(long, value_name = "RISK.TOML", num_args = 0..=1, require_equals = true, requires = "files", conflicts_with = "diff")]
    pub(crate) risk: Option<Option<PathBuf>>,
    /// How long before each fire the order of risk is looked at, in hours.
    #[arg(long, default_value_t = 24, requires = "risk")]
    pub(crate) lead_hours: u32,
    /// Files of readings (JSON lines), or one journal directory; none: stdin.
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RulesOptions {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Run the test files beside the rules (DIR/tests/*.txt), and say which rules have none.
    #[command(after_help = "Example:\n  watchfire rules test config/rules")]
    Test {
        /// The rules folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  watchfire simulate --target mqtt://home1/gateway1:secret@127.0.0.1:1883 --devices 100 --rate 1000 --seconds 30"
)]
pub(crate) struct SimulateOptions {
    /// The broker: mqtt://USER:PASSWORD@HOST:PORT (the user's `/` may be written as it is).
    #[arg(long)]
    pub(crate) target: String,
    /// Connections, one device each.
    #[arg(long, default_value_t = 10)]
    pub(crate) devices: u32,
    /// Publishes per second in all; 0: as fast as acknowledged.
    #[arg(long, default_value_t = 100)]
    pub(crate) rate: u32,
    /// How long.
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u32,
    /// Publishes of one connection that wait for their acknowledgement.
    #[arg(long, default_value_t = 10)]
    pub(crate) in_flight: u16,
    /// 0 or 1.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub(crate) qos: u8,
    /// Write the idempotency key of every acknowledged publish to this file, one a line.
    #[arg(long)]
    pub(crate) acknowledged: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  watchfire users add --config watchfire.toml li\n  watchfire users list --config watchfire.toml"
)]
pub(crate) struct UsersOptions {
    #[command(subcommand)]
    pub(crate) command: UsersCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// Add an operator, or give one a new password (asked for on stdin).
    #[command(after_help = "Example:\n  watchfire users add --config watchfire.toml li < password-file")]
    Add {
        /// watchfire.toml
        #[arg(long)]
        config: PathBuf,
        /// The log-in name.
        name: UserName,
        /// May look but not touch.
        #[arg(long)]
        viewer: bool,
    },
    /// Remove an operator.
    #[command(after_help = "Example:\n  watchfire users remove --config watchfire.toml li")]
    Remove {
        /// watchfire.toml
        #[arg(long)]
        config: PathBuf,
        /// The log-in name.
        name: UserName,
    },
    /// List the operators.
    #[command(after_help = "Example:\n  watchfire users list --config watchfire.toml")]
    List {
        /// watchfire.toml
        #[arg(long)]
        config: PathBuf,
    },
}
