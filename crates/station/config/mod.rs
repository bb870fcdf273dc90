//! Configuration: raw text → checked values. All problems at once, each with its file, line and key.

pub(crate) mod reach;
pub(crate) mod secrets;
pub(crate) mod sites;
pub(crate) mod station;

use std::path::{Path, PathBuf};
use watchfire_model::Sites;
use watchfire_rules::RuleSet;
use watchfire_settings::Problem;

use station::NamedFiles;
pub(crate) use station::StationConfig;

/// Everything that configuration files say, checked.
pub(crate) struct Config {
    /// `watchfire.toml`.
    pub(crate) station: StationConfig,
    /// `sites.toml`.
    pub(crate) sites: Sites,
    /// The rules folder.
    pub(crate) rules: RuleSet,
}

/// Reads `watchfire.toml` and the files it names. The problems of all of them are told together.
pub(crate) fn load(file: &Path) -> Result<Config, Vec<Problem>> {
    let text = read_text(file)?;
    let (station, named) = station::parse(&file.display().to_string(), &text, folder_of(file));
    // Where the text is not TOML nobody knows where the others are.
    let set_up = named.map_or(Err(Vec::new()), |named| load_files(&named));
    match (station, set_up) {
        (Ok(station), Ok((sites, rules))) => Ok(Config { station, sites, rules }),
        (station, set_up) => Err(station.err().into_iter().chain(set_up.err()).flatten().collect()),
    }
}

/// Reads the files that can be reloaded while running: sites and rules. Problems of both are told together.
pub(crate) fn load_set_up(station: &StationConfig) -> Result<(Sites, RuleSet), Vec<Problem>> {
    load_files(&NamedFiles { sites: station.sites.clone(), rules: station.rules.clone() })
}

fn load_files(named: &NamedFiles) -> Result<(Sites, RuleSet), Vec<Problem>> {
    let sites = read_text(&named.sites).and_then(|text| sites::parse(&named.sites.display().to_string(), &text));
    let rules = match &named.rules {
        Some(folder) => load_rules(folder),
        None => Ok(RuleSet::built_in()),
    };
    match (sites, rules) {
        (Ok(sites), Ok(rules)) => Ok((sites, rules)),
        (sites, rules) => {
            let problems = sites.err().into_iter().chain(rules.err()).flatten();
            Err(problems.collect())
        }
    }
}

/// Reads every `*.toml` of a rules folder, in the order of their names.
pub(crate) fn load_rules(folder: &Path) -> Result<RuleSet, Vec<Problem>> {
    let list = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<PathBuf>, _>>());
    let mut paths = list.map_err(|error| vec![unreadable(folder, &error)])?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    if paths.is_empty() {
        return Err(vec![Problem::whole_file(&folder.display().to_string(), "holds no *.toml file")]);
    }
    let mut files = Vec::new();
    for path in paths {
        files.push((path.display().to_string(), read_text(&path)?));
    }
    RuleSet::parse(&files)
}

fn read_text(file: &Path) -> Result<String, Vec<Problem>> {
    std::fs::read_to_string(file).map_err(|error| vec![unreadable(file, &error)])
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::whole_file(&path.display().to_string(), format!("cannot be read: {error}"))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
