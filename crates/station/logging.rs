//! Tracing to stderr, as text or JSON lines.

use crate::config::station::LogConfig;
use tracing_subscriber::EnvFilter;

/// Starts logging. `RUST_LOG`, when set, wins over the configured filter.
pub(crate) fn start(config: &LogConfig) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(&config.filter));
    // Below info the mail library logs every command, the password among them.
    let quiet = "lettre=info".parse().expect("a literal directive parses");
    let filter = filter.add_directive(quiet);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    // Only a second start in one process can fail, and then logging is on already.
    let _ = if config.json { builder.json().try_init() } else { builder.try_init() };
}
