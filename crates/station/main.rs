//! `watchfire`: the binary. Reads the command line and hands over to one command.

mod backup;
mod cli;
mod clock;
#[cfg(test)]
mod clock_steps_tests;
mod commands;
mod config;
mod logging;
#[cfg(test)]
mod panel_tests;
mod parts;
mod set_up_store;
mod stamp_clock;

use clap::Parser;
use cli::{Cli, Command, RulesCommand};
use std::process::ExitCode;

fn main() -> ExitCode {
    // The one place that chooses how TLS is computed; a second call would only say that it is chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Cli::parse().command {
        Command::Demo(options) => commands::demo::run(&options),
        Command::Run(options) => commands::run::run(&options.config),
        Command::Check(options) => commands::check::run(&options.config),
        Command::Decode(options) => commands::decode::run(&options),
        Command::Replay(options) => commands::replay::run(&options),
        Command::Rules(options) => match &options.command {
            RulesCommand::Test { folder } => commands::rules_test::run(folder),
        },
        Command::Simulate(options) => commands::simulate::run(&options),
        Command::Backup(options) => commands::backup::backup(&options),
        Command::Restore(options) => commands::backup::restore(&options),
        Command::Verify(options) => commands::backup::verify(&options),
        Command::Archive(options) => commands::archive::run(&options.command),
        Command::Users(options) => commands::users::run(&options.command),
    }
}
