//! The table of what must be reached: `cargo bench --bench station`. Each figure is compared with a peer or with what the
//! machine can do at best, in the same run, the two sides alternating.
//!
//! `-- --quick` looks whether everything works; `-- --only NAME` runs the figures whose name contains NAME: `intake`,
//! `sustained`, `history`, `outage`, `flood`, `one-client`, `alert`, `panels`, `idle`, `restart`, `kill`.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bench measures real time, prints what it found, and its figures have three digits"
)]

#[expect(dead_code, clippy::unwrap_used, reason = "the tests' own server, of which the bench uses a part")]
#[path = "../crates/archive/tests/archive/cluster.rs"]
mod cluster;
mod support;

use std::process::ExitCode;
use std::time::Instant;
use support::options::Options;
use support::table::Row;
use support::{Fault, children, figures, machine, mosquitto, table};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).peekable();
    let done = if args.next_if(|arg| arg == "--child").is_some() { children::run(args) } else { bench(args) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn bench(args: impl Iterator<Item = String>) -> Result<(), Fault> {
    let options = Options::read(args)?;
    std::fs::create_dir_all(&options.dir)?;
    let mut rows: Vec<Row> = Vec::new();
    for figure in figures::FIGURES.iter().filter(|figure| options.wants(figure.name)) {
        let begun = Instant::now();
        eprintln!("{} …", figure.name);
        let measured = (figure.measure)(&options);
        rows.extend(measured.unwrap_or_else(|why| vec![Row::failed(figure.name, &why.to_string())]));
        eprintln!("{} took {:.0} s", figure.name, begun.elapsed().as_secs_f64());
    }
    println!("{}", machine::describe(&options.dir));
    println!("Peer: {}.{}\n", mosquitto::version(), if options.quick { " Quick run: rough figures." } else { "" });
    print!("{}", table::markdown(&rows));
    let missed = rows.iter().filter(|row| row.met == Some(false)).count();
    println!("\n{} of {} bars met.", rows.len() - missed, rows.len());
    Ok(())
}
