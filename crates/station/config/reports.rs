//! `[reports.NAME]` of `watchfire.toml`: which reports go to whom by e-mail, and when.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use watchfire_console::Period;
use watchfire_model::sites::Language;
use watchfire_model::{SiteId, Sites};
use watchfire_settings::{Problem, Section};

/// Most people of one report.
const RECIPIENTS_MAX: usize = 50;
/// The hour of the site's clock from which on reports are sent, unless another is said.
const HOUR_DEFAULT: u64 = 7;

/// Reports by their names.
pub(crate) type ReportsConfig = BTreeMap<String, ReportConfig>;

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ReportConfig {
    /// Addresses.
    pub(crate) to: Vec<String>,
    /// Of days, weeks, months.
    pub(crate) periods: BTreeSet<Period>,
    /// From which hour of the site's clock on.
    pub(crate) hour: u8,
    /// `None`: of all sites, by the clock of the first.
    pub(crate) site: Option<SiteId>,
    /// In which language.
    pub(crate) language: Language,
    #[serde(skip)]
    line: usize,
}

/// Reads the tables; `has_email`: there is a mail server to send them by.
pub(super) fn read(root: &mut Section<'_>, has_email: bool) -> ReportsConfig {
    let tables = root.tables("reports", |name, section| {
        if SiteId::new(name).is_err() {
            section.problem("", "its name must be of a-z, 0-9, - and _");
        }
        if !has_email {
            section.problem("", "reports go by e-mail: give [notify.email], too");
        }
        Some((name.to_owned(), report(section)?))
    });
    tables.into_iter().collect()
}

fn report(section: &mut Section<'_>) -> Option<ReportConfig> {
    let to = section.list("to", |address| match address.contains('@') && address.is_ascii() {
        true => Ok(address.to_owned()),
        false => Err(format!("`{address}` is not an e-mail address")),
    });
    if to.is_empty() || to.len() > RECIPIENTS_MAX {
        section.problem("to", format!("must hold 1 to {RECIPIENTS_MAX} e-mail addresses"));
    }
    let names = [Period::Day, Period::Week, Period::Month];
    let mut periods: BTreeSet<Period> = section
        .list("periods", |text| {
            let found = names.into_iter().find(|period| period.as_str() == text);
            found.ok_or_else(|| format!("`{text}` is not one of day, week, month"))
        })
        .into_iter()
        .collect();
    if !section.has("periods") {
        periods.extend(names);
    }
    let hour = u8::try_from(section.integer_or("hour", HOUR_DEFAULT, 0..=23)).unwrap_or(0);
    let language = section.choice_or("language", Language::Zh, &[("zh", Language::Zh), ("en", Language::En)]);
    let line = section.line("site");
    Some(ReportConfig { to, periods, hour, site: section.optional_parsed("site"), language, line })
}

/// Reports of sites that are in no list. `file` is the one that they stand in.
pub(super) fn unknown(reports: &ReportsConfig, file: &str, sites: &Sites) -> Vec<Problem> {
    let of_none = |(name, report): (&String, &ReportConfig)| {
        let site = report.site.as_ref().filter(|site| !sites.sites.contains_key(*site))?;
        let (key, message) = (format!("reports.{name}.site"), format!("there is no site `{site}`"));
        Some(Problem { file: file.to_owned(), line: report.line, key, message })
    };
    reports.iter().filter_map(of_none).collect()
}

#[cfg(test)]
mod tests {
    use super::super::station::parse;
    use std::path::Path;

    const MAIL: &str = "[notify.email]\nhost = \"localhost\"\ntls = \"none\"\nfrom = \"w@example.org\"\n";

    #[test]
    fn what_is_wrong_with_a_report_is_told() {
        let problems = |text: &str| {
            let read = parse("w.toml", text, Path::new(".")).0;
            read.map_or_else(
                |problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                |config| format!("{} reports", config.reports.len()),
            )
        };
        let table = "[reports.boss]\nto = [\"boss@example.org\"]\n";
        assert_eq!(problems(&format!("{MAIL}{table}")), "1 reports");
        for (text, expected) in [
            (table.to_owned(), "give [notify.email], too"),
            (format!("{MAIL}[reports.boss]\nto = []\n"), "must hold 1 to 50"),
            (format!("{MAIL}[reports.boss]\nto = [\"boss\"]\n"), "`boss` is not an e-mail address"),
            (format!("{MAIL}{table}hour = 24\n"), "hour"),
            (format!("{MAIL}{table}periods = [\"year\"]\n"), "`year` is not one of day, week, month"),
            (format!("{MAIL}{table}langauge = \"en\"\n"), "language"),
        ] {
            let told = problems(&text);
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}
