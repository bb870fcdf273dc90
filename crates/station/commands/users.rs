//! `watchfire users`: operators of the console. Works beside a running station.

use super::{author, output};
use crate::cli::UsersCommand;
use crate::config;
use crate::parts::paths::DataPaths;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::BufRead;
use std::path::Path;
use std::process::ExitCode;
use watchfire_console::{Role, Users};

pub(crate) fn run(command: &UsersCommand) -> ExitCode {
    let done = match command {
        UsersCommand::Add { config, name, viewer } => {
            let role = if *viewer { Role::Viewer } else { Role::Operator };
            open(config).and_then(|users| {
                let password = ask_password()?;
                let known = users.list().iter().any(|(user, _)| user == name);
                let done = if known { users.set_password(name, &password) } else { users.add(name, role, &password) };
                done.map_err(|error| error.to_string())
            })
        }
        UsersCommand::Remove { config, name } => {
            open(config).and_then(|users| users.remove(name).map_err(|error| error.to_string()))
        }
        UsersCommand::List { config } => open(config).map(|users| {
            for (name, role) in users.list() {
                output::say(format_args!("{name}\t{}", role.as_str()));
            }
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => output::failed(why),
    }
}

fn open(config: &Path) -> Result<Users, String> {
    let config = config::load(config).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    let folder = DataPaths::new(&config.station.data_dir).users();
    Users::open(&folder).map(|users| users.changed_by(author::of_this_process())).map_err(|error| error.to_string())
}

/// One line of stdin, so that a script can pipe it in. A terminal does not show it.
fn ask_password() -> Result<String, String> {
    output::complain("Password / 密码:");
    let mut line = String::new();
    let stdin = std::io::stdin();
    let shown = hide(&stdin);
    let read = stdin.lock().read_line(&mut line);
    if let Some(shown) = shown {
        tcsetattr(&stdin, OptionalActions::Now, &shown).map_err(|error| error.to_string())?;
        output::complain("");
    }
    read.map_err(|error| error.to_string())?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Stops a terminal from showing what is typed; `None` where it is none. What it did before is given back.
fn hide(terminal: &std::io::Stdin) -> Option<Termios> {
    let before = tcgetattr(terminal).ok()?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(terminal, OptionalActions::Flush, &hidden).ok()?;
    Some(before)
}
