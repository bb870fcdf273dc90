//! What a bench is asked to do: `cargo bench --bench station -- [--quick] [--only NAME] [--rounds N] [--seed N]`.

use std::path::PathBuf;

/// The command line.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Shorter runs, for looking whether everything works; the figures are rough.
    pub(crate) quick: bool,
    /// Run only the figures whose name contains this.
    pub(crate) only: Option<String>,
    /// Rounds of the SIGKILL figure.
    pub(crate) rounds: u32,
    /// Where the random times of the SIGKILL figure come from.
    pub(crate) seed: u64,
    /// Where data directories are made: on the disk that is to be measured.
    pub(crate) dir: PathBuf,
}

const USAGE: &str = "usage: cargo bench --bench BENCH -- [--quick] [--only NAME] [--rounds N] [--seed N] [--dir DIR]";

impl Options {
    /// Reads the arguments; cargo's own `--bench` is passed over.
    pub(crate) fn read(args: impl Iterator<Item = String>) -> Result<Options, String> {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let mut options = Options { quick: false, only: None, rounds: 0, seed: 1, dir };
        let mut args = args;
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value; {USAGE}"));
            match arg.as_str() {
                "--bench" => {}
                "--quick" => options.quick = true,
                "--only" => options.only = Some(value()?),
                "--rounds" => options.rounds = value()?.parse().map_err(|_| USAGE.to_owned())?,
                "--seed" => options.seed = value()?.parse().map_err(|_| USAGE.to_owned())?,
                "--dir" => options.dir = PathBuf::from(value()?),
                _ => return Err(format!("`{arg}` is not known; {USAGE}")),
            }
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 10 } else { 200 };
        }
        Ok(options)
    }

    /// Whether the figure of that name is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }

    /// The first for a whole run, the second for a quick one.
    pub(crate) fn either<T>(&self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }
}
