//! Configuration: raw text → checked values. All problems at once, each with its file, line and key.

pub(crate) mod archive;
mod csv;
pub(crate) mod dialects;
pub(crate) mod gateway;
pub(crate) mod gateway_settings;
mod point_csv;
mod premises;
pub(crate) mod reach;
pub(crate) mod reports;
pub(crate) mod secrets;
pub(crate) mod sites;
pub(crate) mod station;
mod transmission;

use crate::set_up_store::{FullSetUp, Points, Table};
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use watchfire_model::{SiteId, Sites};
use watchfire_rules::RuleSet;
use watchfire_rules::risk::RiskSettings;
use watchfire_settings::Problem;
use watchfire_wire::Profiles;
use watchfire_wire::gbt26875::Dialect;

use dialects::Dialects;
use gateway::GatewayConfig;
use gateway_settings::gateway_settings;
use point_csv::Panel;
use station::NamedFiles;
pub(crate) use station::StationConfig;
use transmission::{Registry, TableFile};

/// Everything that configuration files say, checked.
pub(crate) struct Config {
    /// `watchfire.toml`.
    pub(crate) station: StationConfig,
    /// `sites.toml`.
    pub(crate) sites: Sites,
    /// The rules folder.
    pub(crate) rules: RuleSet,
    /// How fire panels differ from the standard, and which does how.
    pub(crate) profiles: Profiles,
    /// Where the points of fire panels are.
    pub(crate) points: Points,
    /// `risk.toml`.
    pub(crate) risk: RiskSettings,
}

impl Config {
    /// What is of this process, and what is journaled.
    pub(crate) fn into_parts(self) -> (StationConfig, FullSetUp) {
        let Config { station, sites, rules, profiles, points, risk } = self;
        (station, FullSetUp { sites, rules, profiles, points, risk: Some(risk) })
    }
}

/// Reads `watchfire.toml` and the files it names. The problems of all of them are told together.
pub(crate) fn load(file: &Path) -> Result<Config, Vec<Problem>> {
    let text = read_text(file)?;
    let name = file.display().to_string();
    let (station, named) = station::parse(&name, &text, folder_of(file));
    let gateway = station.as_ref().ok().map(|station| (name.as_str(), &station.gbt26875));
    // Where the text is not TOML nobody knows where the others are.
    let set_up = named.map_or(Err(Vec::new()), |named| load_files(&named, gateway));
    let draft = station.as_ref().ok().and_then(|station| load_draft(station).err());
    let reports = match (&station, &set_up) {
        (Ok(station), Ok(set_up)) => reports::unknown(&station.reports, &name, &set_up.sites),
        (Ok(_) | Err(_), _) => Vec::new(),
    };
    match (station, set_up) {
        (Ok(station), Ok(set_up)) if draft.is_none() && reports.is_empty() => {
            let FullSetUp { sites, rules, profiles, points, risk } = set_up;
            let risk = risk.unwrap_or_else(RiskSettings::built_in);
            Ok(Config { station, sites, rules, profiles, points, risk })
        }
        (station, set_up) => {
            Err(station.err().into_iter().chain(set_up.err()).chain(draft).chain([reports]).flatten().collect())
        }
    }
}

/// Reads the files that can be reloaded while running: sites with their point tables, rules and profiles. Problems of
/// all are told together.
pub(crate) fn load_set_up(station: &StationConfig) -> Result<FullSetUp, Vec<Problem>> {
    let named = NamedFiles {
        sites: station.sites.clone(),
        rules: station.rules.clone(),
        profiles: station.profiles.clone(),
        risk: station.risk.clone(),
    };
    load_files(&named, Some(("watchfire.toml", &station.gbt26875)))
}

/// The profiles that are in force: the dialects that somebody speaks. What a listener says is for all that call it and
/// say nothing of their own.
pub(crate) fn spoken(sites: &Sites, gateway: Option<&GatewayConfig>, dialects: &Dialects) -> Profiles {
    let mut profiles = Profiles::default();
    let spoken_by = &mut profiles.gbt26875.spoken_by;
    for (site, details) in &sites.sites {
        for device in &details.transmission_devices {
            if let Some(dialect) = &device.dialect {
                let of_site = spoken_by.entry(site.as_str().into()).or_default();
                of_site.insert(device.name.as_str().into(), dialect.clone());
            }
        }
        for (listener, config) in gateway.into_iter().flat_map(|gateway| &gateway.listeners) {
            if let Some(dialect) = &config.dialect {
                spoken_by.entry(site.as_str().into()).or_default().insert(listener.clone(), dialect.clone());
            }
        }
    }
    let names: BTreeSet<&CompactString> = spoken_by.values().flat_map(|of_site| of_site.values()).collect();
    let named = names.into_iter().filter_map(|name| Some((name.clone(), dialects.get(name)?.clone())));
    profiles.gbt26875.dialects = named.collect();
    profiles
}

/// `gateway` is what `watchfire.toml` says of fire panels, and the name of that file; `None` where it is wrong.
fn load_files(named: &NamedFiles, gateway: Option<(&str, &GatewayConfig)>) -> Result<FullSetUp, Vec<Problem>> {
    let (mut problems, mut of_dialects) = (Vec::new(), Vec::new());
    let dialects = told(dialects::load(named.profiles.as_deref()), &mut of_dialects);
    let dialect_names = dialects.as_ref().map(|dialects| dialects.keys().cloned().collect::<BTreeSet<_>>());
    let listeners = gateway.map(|(_, gateway)| gateway.listener_names());
    let mut registry = Registry::new(listeners.as_ref(), dialect_names.as_ref());
    let file = named.sites.display().to_string();
    let sites = read_text(&named.sites).and_then(|text| sites::parse_among(&file, &text, &mut registry));
    let sites = told(sites, &mut problems);
    let dialect_of = |table: &TableFile| {
        let of_listener = || gateway?.1.listeners.get(table.listener.as_ref()?)?.dialect.as_ref();
        let name = table.dialect.as_ref().or_else(of_listener)?;
        dialects.as_ref()?.get(name)
    };
    let points = points(&registry.tables, (&file, folder_of(&named.sites)), dialect_of, &mut problems);
    if let (Some((file, gateway)), Some(sites), Some(dialects)) = (gateway, &sites, &dialect_names) {
        problems.extend(gateway.unknown(file, sites, dialects));
    }
    let rules = match &named.rules {
        Some(folder) => told(load_rules(folder), &mut problems),
        None => Some(RuleSet::built_in()),
    };
    let risk = match &named.risk {
        Some(file) => told(load_risk(file, sites.as_ref()), &mut problems),
        None => Some(RiskSettings::built_in()),
    };
    problems.append(&mut of_dialects);
    match (sites, rules, dialects, risk) {
        (Some(sites), Some(rules), Some(dialects), Some(risk)) if problems.is_empty() => {
            let profiles = spoken(&sites, gateway.map(|(_, gateway)| gateway), &dialects);
            let settings = gateway.map(|(_, gateway)| gateway_settings(gateway, &sites, &profiles));
            // What the gateway itself would refuse; the checks before say it with its line.
            let refused = settings.iter().flat_map(|settings| settings.problems());
            problems.extend(refused.map(|problem| Problem::whole_file(&file, problem.to_string())));
            if !problems.is_empty() {
                return Err(problems);
            }
            Ok(FullSetUp { sites, rules, profiles, points, risk: Some(risk) })
        }
        _ => Err(problems),
    }
}

/// Reads the point tables that `sites.toml` names; they lie beside it.
fn points<'d>(
    tables: &[TableFile],
    (sites_file, folder): (&str, &Path),
    dialect_of: impl Fn(&TableFile) -> Option<&'d Dialect>,
    problems: &mut Vec<Problem>,
) -> Points {
    let mut points = Points::default();
    for table in tables {
        let dialect = dialect_of(table).unwrap_or(Dialect::standard());
        let path = folder.join(&table.path);
        if !path.is_file() {
            let message = format!("there is no file {}", path.display());
            problems.push(Problem { file: sites_file.to_owned(), line: table.line, key: table.key.clone(), message });
            continue;
        }
        if let Some(read) = told(point_csv::load(&path, &Panel { dialect, zones: &table.zones }), problems) {
            points.entry(table.site.clone()).or_default().insert(table.device.clone(), Table::new(read));
        }
    }
    points
}

/// The value; or nothing, and its problems are noted.
fn told<T>(read: Result<T, Vec<Problem>>, problems: &mut Vec<Problem>) -> Option<T> {
    read.map_err(|found| problems.extend(found)).ok()
}

/// Reads the draft of rules that runs beside those in force, if there is one.
pub(crate) fn load_draft(station: &StationConfig) -> Result<Option<Arc<RuleSet>>, Vec<Problem>> {
    let folder = station.shadow_rules.as_deref();
    Ok(folder.map(load_rules).transpose()?.map(Arc::new))
}

/// Reads every `*.toml` of a rules folder, in the order of their names.
pub(crate) fn load_rules(folder: &Path) -> Result<RuleSet, Vec<Problem>> {
    RuleSet::parse(&read_folder(folder)?)
}

/// Reads the settings of the risk score. A site that they name must be there.
pub(crate) fn load_risk(file: &Path, sites: Option<&Sites>) -> Result<RiskSettings, Vec<Problem>> {
    let name = file.display().to_string();
    let settings = RiskSettings::parse(&name, &read_text(file)?)?;
    let absent = |id: &&SiteId| sites.is_some_and(|sites| !sites.sites.contains_key(*id));
    let unknown: Vec<Problem> =
        settings.weather_sites.iter().filter(absent).map(|id| unknown_site(&name, id)).collect();
    if unknown.is_empty() { Ok(settings) } else { Err(unknown) }
}

fn unknown_site(file: &str, id: &SiteId) -> Problem {
    Problem::whole_file(file, format!("weather.sites: there is no site `{id}` in the sites file"))
}

/// Every `*.toml` of a folder, name and text, in the order of their names.
fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, Vec<Problem>> {
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
    Ok(files)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every file wrong in its own way: all of it is told at once.
    #[test]
    fn what_is_wrong_with_fire_panels_is_told_with_file_line_and_key() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("my")).unwrap();
        write("my/odd.toml", "[name]\nen = \"Odd\"\nzh = \"Odd\"\n[[types]]\ntype = 1\n");
        write(
            "watchfire.toml",
            "profiles = \"my\"\n[gbt26875.listeners.a]\nlisten = \"127.0.0.1:0\"\nsite = \"nowhere\"\n",
        );
        write("points.csv", "system_type,system_address,component_address,label_zh\n1,1,5-1,a\n1,1,5-1,b\n");
        let device = |name: &str, keys: &str| format!("[sites.tower.transmission_devices.{name}]\n{keys}\n");
        let sites = [
            "[sites.tower]\nname = { en = \"Tower\", zh = \"塔楼\" }\n".to_owned(),
            device("one", "address = 889\npoints = \"points.csv\""),
            device("two", "address = \"79-03-00-00-00-00\"\nlistener = \"a\""),
            device("three", "address = \"somewhere\"\nlistener = \"b\""),
            device("four", "dialect = \"klingon\"\ninspection_s = 7201\nretry_s = 11"),
            device("five", "listener = \"a\"\npoints = \"absent.csv\""),
            device(
                "six",
                "listener = \"a\"\nreads = [\"everything\"]\nduty = { from = \"24:00\", until = \"06:00\", checks = 1 }",
            ),
        ];
        write("sites.toml", &sites.concat());
        let problems = load(&folder.path().join("watchfire.toml")).err().unwrap();
        let root = format!("{}/", folder.path().display());
        let mut told: Vec<String> = problems.iter().map(|problem| problem.to_string().replace(&root, "")).collect();
        told.sort();
        let mut wanted = vec![
            "my/odd.toml:4: types[0]: type 1 has a meaning already",
            "points.csv:3: 1.1/5-1 stands in line 2 already",
            "sites.toml:11: sites.tower.transmission_devices.three.listener: `b` is not a listener of [gbt26875] in watchfire.toml; there are a",
            "sites.toml:12: sites.tower.transmission_devices.four.address: is missing or 0: then give a `listener` of its own, or the `token` that it registers with",
            "sites.toml:14: sites.tower.transmission_devices.four.inspection_s: is 7201; use 0 to 7200",
            "sites.toml:15: sites.tower.transmission_devices.four.retry_s: is 11; use 1 to 10",
            "sites.toml:18: sites.tower.transmission_devices.five.points: there is no file absent.csv",
            "sites.toml:20: sites.tower.transmission_devices.six.listener: no address is tower.five's already; they could not be told apart",
            "sites.toml:21: sites.tower.transmission_devices.six.reads: `everything` cannot be read; use state, clock, version, configuration or `operations 20`, for a system with its type and address before it (`1.1 state`), for a component also its four bytes (`1.1/05000100 analogue`)",
            "sites.toml:22: sites.tower.transmission_devices.six.duty.from: `24:00` is not a time of day such as 22:00",
            "sites.toml:7: sites.tower.transmission_devices.two.address: address 889 is tower.one's already; they could not be told apart",
            "sites.toml:10: sites.tower.transmission_devices.three.address: `somewhere` is not an address: use a number, or its six bytes as the frames write them, such as 79-03-00-00-00-00",
        ];
        wanted.sort_unstable();
        // The dialects could not be read, so nobody knows which there are; the name of the second is the first's.
        told.retain(|line| !line.contains("is listed twice"));
        assert_eq!(told, wanted);
    }

    #[test]
    fn what_is_wrong_with_the_risk_is_told_with_its_line_and_its_sites_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let load = || load(&folder.path().join("watchfire.toml"));
        let shipped = include_str!("../../../config/risk.toml");
        write("watchfire.toml", "risk = \"risk.toml\"\n");
        write("sites.toml", "[sites.met]\nname = { en = \"Met\", zh = \"气象站\" }\n");
        write("risk.toml", &shipped.replace("sites = []", "sites = [\"met\"]").replace("red = 60", "red = 70"));
        let config = load().map_err(|problems| format!("{problems:#?}")).unwrap();
        assert_eq!((config.risk.bands.red, config.risk.weather_sites.len()), (70, 1));
        let setup = |risk: RiskSettings| {
            let set_up = FullSetUp { risk: Some(risk), ..FullSetUp::default() };
            crate::set_up_store::store(&folder.path().join("setups"), &set_up).unwrap()
        };
        assert_ne!(setup(config.risk), setup(RiskSettings::built_in()), "other weights are another set-up");

        for (wrong, told) in [
            (shipped.replace("sites = []", "sites = [\"lost\"]"), "weather.sites: there is no site `lost`"),
            (
                shipped.replace("points = 6\nmeasure = \"false", "points = 7\nmeasure = \"false"),
                "the points add up to 101",
            ),
            (shipped.replace("unit = \"kPa\"", "unit = \"bar\""), "is `bar`; `water_pressure` is in `kPa`"),
        ] {
            write("risk.toml", &wrong);
            let problems = load().err().unwrap();
            assert_eq!(problems.len(), 1, "{problems:?}");
            let text = problems[0].to_string();
            assert!(text.contains("risk.toml") && text.contains(told), "{text}");
        }
    }

    #[test]
    fn a_folder_of_dialects_goes_before_those_built_in_and_only_what_is_spoken_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("my")).unwrap();
        write("my/hikvision.toml", "text_prefix_bytes = 2\n[name]\nen = \"Ours\"\nzh = \"我们的\"\n");
        write("watchfire.toml", "profiles = \"my\"\n");
        write(
            "sites.toml",
            "[sites.tower]\nname = { en = \"Tower\", zh = \"塔楼\" }\n[sites.tower.transmission_devices.one]\n\
             address = 889\ndialect = \"hikvision\"\n",
        );
        let config = load(&folder.path().join("watchfire.toml")).map_err(|problems| format!("{problems:#?}")).unwrap();
        let dialects = &config.profiles.gbt26875.dialects;
        assert_eq!(dialects.len(), 1);
        assert_eq!(dialects["hikvision"].text_prefix_bytes, 2);
        assert_eq!(config.profiles.gbt26875.spoken_by["tower"]["889"], "hikvision");
    }
}
