//! Parts of the bench that run as processes of their own: `--child NAME OPTIONS`. Each says what it has to say as one
//! line of JSON on stdout.

mod idle;
mod intake_alone;
mod load;
mod null_server;
mod panels;

use crate::support::{Fault, process};
use std::net::SocketAddr;

pub(crate) use idle::Idle;
pub(crate) use intake_alone::IntakeAlone;
pub(crate) use panels::{Beaten, Beating};

/// Runs the part that is named.
pub(crate) fn run(mut args: impl Iterator<Item = String>) -> Result<(), Fault> {
    let name = args.next().ok_or("no child is named")?;
    if name == "exec" {
        let program = args.next().ok_or("no program is named")?;
        return Err(process::exec_guarded(&program, &args.collect::<Vec<_>>()));
    }
    process::guard_self()?;
    let options = args.next().ok_or("a child without options")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match name.as_str() {
        "load" => runtime.block_on(load::run(&serde_json::from_str(&options)?)),
        "panels" => runtime.block_on(panels::run(&serde_json::from_str(&options)?)),
        "idle" => runtime.block_on(idle::run(&serde_json::from_str(&options)?)),
        "null-server" => runtime.block_on(null_server::run()),
        "intake-alone" => runtime.block_on(intake_alone::run(&serde_json::from_str(&options)?)),
        _ => Err(format!("there is no child `{name}`").into()),
    }
}

/// Where a child listens.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
}

fn say(line: &impl serde::Serialize) -> Result<(), Fault> {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", serde_json::to_string(line)?)?;
    Ok(stdout.flush()?)
}
