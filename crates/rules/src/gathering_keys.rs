//! Rules over other rules: what several of them, or one of them at several devices, say together.
//!
//! ```toml
//! [[rule]]
//! name = "two-detectors"
//! version = 1
//! kind = "coincidence"          # several devices
//! of = ["device-fire"]          # the rules that count (rules made of rules cannot)
//! devices = 2                   # of so many devices (2)
//! window_s = 60                 # that are met now, or were within so long
//! across = "zone"               # device | zone | site (zone)
//! class = "fire"
//!
//! [[rule]]
//! name = "again-and-again"
//! version = 1
//! kind = "count"                # several times
//! of = ["mains-lost"]
//! times = 3                     # begun so often (2 to 32)
//! window_s = 86400              # within so long
//! across = "device"             # (device)
//! class = "fault"
//!
//! [[rule]]
//! name = "charging-hot-at-night"
//! version = 1
//! kind = "combination"          # some and not others, at one time
//! all = ["charging", "warm"]    # each of these
//! any = []                      # and one of these
//! none = ["fan-running"]        # and none of these
//! across = "zone"               # (zone)
//! hold_s = 60                   # for so long (0)
//! class = "early_warning"
//! ```
//! A rule with `tells = false` raises nothing itself and is only there to be referred to.

use crate::metric_keys::{CLEAR_AFTER_S, HOLD_S_MAX, seconds};
use crate::rule::Kind;
use crate::rule_file::Draft;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use watchfire_settings::Section;

/// A rule over other rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gathering {
    /// What must be said.
    pub want: Want,
    /// By whom.
    pub across: Across,
    /// For that many seconds.
    pub hold_s: u32,
    /// It must be over for that many seconds before the alert clears.
    pub clear_after_s: u32,
}

/// What other rules must say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// Several devices, now or within a window.
    Coincidence {
        /// The rules that count.
        of: BTreeSet<CompactString>,
        /// So many devices.
        devices: u16,
        /// Within so many seconds.
        window_s: u32,
    },
    /// Several times within a window.
    Count {
        /// The rules that count.
        of: BTreeSet<CompactString>,
        /// So often.
        times: u16,
        /// Within so many seconds.
        window_s: u32,
    },
    /// Some and not others, at one time.
    Combination {
        /// Each of them is met.
        all: BTreeSet<CompactString>,
        /// One of them is met, if there are any.
        any: BTreeSet<CompactString>,
        /// None of them is met.
        none: BTreeSet<CompactString>,
    },
}

/// Over what is gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Across {
    /// One device.
    Device,
    /// The devices of one zone; one that hangs nowhere stands alone.
    Zone,
    /// All devices of the site.
    Site,
}

const ACROSS: [(&str, Across); 3] = [("device", Across::Device), ("zone", Across::Zone), ("site", Across::Site)];

impl Gathering {
    /// Every rule that it names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &CompactString> {
        let (first, second, third) = match &self.want {
            Want::Coincidence { of, .. } | Want::Count { of, .. } => (of, None, None),
            Want::Combination { all, any, none } => (all, Some(any), Some(none)),
        };
        first.iter().chain(second.into_iter().flatten()).chain(third.into_iter().flatten())
    }
}

pub(crate) fn read_coincidence(section: &mut Section<'_>, draft: &mut Draft<'_>) -> Option<Kind> {
    let of = names(section, draft, "of");
    let devices = section.integer_or("devices", 2, 2..=16);
    let window_s = section.integer("window_s", 1..=HOLD_S_MAX);
    let across = section.choice_or("across", Across::Zone, &ACROSS);
    if across == Across::Device {
        section.problem("across", "is `device`: one device is never two; use zone or site");
    }
    let want = Want::Coincidence {
        of,
        devices: u16::try_from(devices).ok()?,
        window_s: u32::try_from(window_s.unwrap_or(60)).ok()?,
    };
    gathering(section, want, across)
}

pub(crate) fn read_count(section: &mut Section<'_>, draft: &mut Draft<'_>) -> Option<Kind> {
    let of = names(section, draft, "of");
    let times = section.integer("times", 2..=32);
    let window_s = section.integer("window_s", 1..=HOLD_S_MAX);
    let across = section.choice_or("across", Across::Device, &ACROSS);
    let want = Want::Count {
        of,
        times: u16::try_from(times.unwrap_or(2)).ok()?,
        window_s: u32::try_from(window_s.unwrap_or(60)).ok()?,
    };
    gathering(section, want, across)
}

pub(crate) fn read_combination(section: &mut Section<'_>, draft: &mut Draft<'_>) -> Option<Kind> {
    let all = draft.rule_names(section, "all");
    let any = draft.rule_names(section, "any");
    let none = draft.rule_names(section, "none");
    let across = section.choice_or("across", Across::Zone, &ACROSS);
    if all.is_empty() && any.is_empty() {
        section.problem("", "names no rule that must be met: add `all` or `any`");
    }
    if let Some(both) = none.iter().find(|name| all.contains(*name) || any.contains(*name)) {
        section.problem("none", format!("holds `{both}`, which must be met too: this is never so"));
    }
    gathering(section, Want::Combination { all, any, none }, across)
}

fn gathering(section: &mut Section<'_>, want: Want, across: Across) -> Option<Kind> {
    let hold_s = if matches!(want, Want::Combination { .. }) { seconds(section, "hold_s", 0)? } else { 0 };
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S)?;
    Some(Kind::Gathering(Gathering { want, across, hold_s, clear_after_s }))
}

fn names(section: &mut Section<'_>, draft: &mut Draft<'_>, key: &str) -> BTreeSet<CompactString> {
    let names = draft.rule_names(section, key);
    if names.is_empty() && !section.has(key) {
        section.problem(key, "is missing: name at least one rule");
    }
    names
}
