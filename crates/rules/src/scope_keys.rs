//! The keys that say where a rule applies.

use crate::rule::Scope;
use std::collections::BTreeSet;
use std::str::FromStr;
use watchfire_model::SiteKind;
use watchfire_settings::Section;

pub(crate) fn read_scope(section: &mut Section<'_>) -> Scope {
    Scope {
        sources: set(section, "sources", parse),
        sites: set(section, "sites", parse),
        site_kinds: set(section, "site_kinds", |text| match text {
            "home" => Ok(SiteKind::Home),
            "care_home" => Ok(SiteKind::CareHome),
            "building" => Ok(SiteKind::Building),
            "other" => Ok(SiteKind::Other),
            _ => Err(format!("`{text}` is not a kind of site; use home, care_home, building or other")),
        }),
        zones: set(section, "zones", parse),
        tags: set(section, "tags", |text| Ok(text.to_owned())),
        profiles: set(section, "profiles", |text| Ok(text.to_owned())),
    }
}

fn set<T: Ord>(section: &mut Section<'_>, key: &str, item: impl FnMut(&str) -> Result<T, String>) -> BTreeSet<T> {
    section.list(key, item).into_iter().collect()
}

fn parse<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}
