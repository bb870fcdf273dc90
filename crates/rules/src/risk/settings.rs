//! What the score is configured with, checked. Read from `config/risk.toml` by `settings_file.rs`.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{Bilingual, Class, Metric, SiteId, SiteKind};

/// So many factors at most.
pub const FACTORS_MAX: usize = 64;
/// All factors together can give so many points.
pub(crate) const POINTS: u32 = 100;

/// Weights, figures and limits of the risk score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskSettings {
    /// Counted up by the author; shown with every score.
    pub version: u32,
    /// From which score on a unit has which colour.
    pub bands: Bands,
    /// How far an open alert of a class closes the gap to 100, in percent. A fire closes it wholly and is not in here.
    pub live: BTreeMap<Class, u8>,
    /// When it is night at a site.
    pub night: Night,
    /// Seconds east of Greenwich of each time zone that sites are in.
    pub time_zones: BTreeMap<String, i32>,
    /// Sites whose weather also speaks for their district. Any other site's is its own alone.
    pub weather_sites: BTreeSet<SiteId>,
    /// A district's score is the mean of this worst share of its units, in percent.
    pub district_worst_percent: u8,
    /// What is counted, in the order of the file. Their points add up to [`POINTS`].
    pub factors: Vec<Factor>,
}

/// The least score of each colour; below `yellow` is blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bands {
    /// Red from here on.
    pub red: u8,
    /// Orange from here on.
    pub orange: u8,
    /// Yellow from here on.
    pub yellow: u8,
}

/// The colour of a score, as risks are graded in China (红橙黄蓝), worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Inspect now.
    Red,
    /// Inspect soon.
    Orange,
    /// Inspect in its turn.
    Yellow,
    /// As usual.
    Blue,
}

impl Bands {
    /// The colour of a score.
    pub fn of(self, score: u8) -> Band {
        match score {
            _ if score >= self.red => Band::Red,
            _ if score >= self.orange => Band::Orange,
            _ if score >= self.yellow => Band::Yellow,
            _ => Band::Blue,
        }
    }
}

impl Band {
    /// The name in JSON and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Band::Red => "red",
            Band::Orange => "orange",
            Band::Yellow => "yellow",
            Band::Blue => "blue",
        }
    }

    /// As people say it.
    pub fn words(self) -> Bilingual {
        match self {
            Band::Red => Bilingual::new("red", "红色"),
            Band::Orange => Bilingual::new("orange", "橙色"),
            Band::Yellow => Bilingual::new("yellow", "黄色"),
            Band::Blue => Bilingual::new("blue", "蓝色"),
        }
    }
}

/// The hours of the night, in minutes after midnight at the site; from evening over midnight to morning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night {
    /// It begins.
    pub from_min: u16,
    /// It is over.
    pub until_min: u16,
}

/// One thing that is counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Its name in the settings and in JSON.
    pub name: CompactString,
    /// What people call it.
    pub label: Bilingual,
    /// Under which heading it is shown.
    pub part: Part,
    /// The most that it can give.
    pub points: u8,
    /// What it gives while it is not known, in percent of its points.
    pub neutral_percent: u8,
    /// Where its figure comes from.
    pub measure: Measure,
    /// How its figure becomes a share of its points.
    pub scale: Scale,
    /// At which kinds of sites it is counted; empty: at all.
    pub site_kinds: BTreeSet<SiteKind>,
}

/// The headings under which points are shown. The order is that of screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Open alerts.
    Live,
    /// Faults and offline time.
    Faults,
    /// How often it cried wolf.
    FalseAlarms,
    /// Duty-check answers and patrols.
    Duty,
    /// Hazards that were found and not mended.
    Hazards,
    /// Fire water.
    Water,
    /// Electrical condition.
    Electrical,
    /// Who would have to get out.
    Occupants,
    /// Heat, frost, dryness, wind, warnings.
    Weather,
    /// What the premises are and were.
    Premises,
}

/// The number of parts.
pub(crate) const PARTS: usize = 10;

impl Part {
    /// Every part, in the order of screens.
    pub const ALL: &'static [Part; PARTS] = &[
        Part::Live,
        Part::Faults,
        Part::FalseAlarms,
        Part::Duty,
        Part::Hazards,
        Part::Water,
        Part::Electrical,
        Part::Occupants,
        Part::Weather,
        Part::Premises,
    ];

    /// The name in JSON and settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Part::Live => "live",
            Part::Faults => "faults",
            Part::FalseAlarms => "false_alarms",
            Part::Duty => "duty",
            Part::Hazards => "hazards",
            Part::Water => "water",
            Part::Electrical => "electrical",
            Part::Occupants => "occupants",
            Part::Weather => "weather",
            Part::Premises => "premises",
        }
    }

    /// As people say it.
    pub fn words(self) -> Bilingual {
        let (en, zh) = match self {
            Part::Live => ("open alerts", "未处置告警"),
            Part::Faults => ("faults and offline time", "故障与离线"),
            Part::FalseAlarms => ("false alarms", "误报"),
            Part::Duty => ("duty", "值守"),
            Part::Hazards => ("hazards", "隐患"),
            Part::Water => ("fire water", "消防供水"),
            Part::Electrical => ("electrical condition", "电气状况"),
            Part::Occupants => ("occupants", "人员"),
            Part::Weather => ("weather", "气象"),
            Part::Premises => ("premises", "建筑"),
        };
        Bilingual::new(en, zh)
    }
}

/// Where a factor's figure comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Faults and protections out of their normal state: those that hold now, plus fault-days of the last 30 days.
    OpenFaults,
    /// Hours offline per known device in the last 30 days, a device that is offline now counting for 24 h more.
    OfflineHours,
    /// False alarms of the last 90 days, per 100 devices where there are more than 100.
    FalseAlarms,
    /// Fires of the last 365 days that were real.
    PastFires,
    /// Duty checks of the last 30 days that nobody answered, in percent (two answered ones are added, so that one
    /// missed check of one is not yet 100 %).
    MissedDutyChecks,
    /// Open alerts of these classes. Not known where the site has nothing that could raise one and none is open.
    OpenAlerts {
        /// Which.
        classes: BTreeSet<Class>,
    },
    /// People who cannot leave by themselves per helper on duty, at night; 0 by day.
    HelpedPerNightStaff,
    /// What the site is: the share of the points for each kind, in percent.
    SiteKind {
        /// By kind; a kind that is not in here gives nothing.
        percent: BTreeMap<SiteKind, u8>,
    },
    /// Years since it was built.
    Age,
    /// Height in metres.
    Height,
    /// Fire resistance class, 1 to 4.
    FireResistance,
    /// 1 where walls, insulation or facade can burn.
    CombustibleWalls,
    /// People who live or sleep there, as the set-up says.
    Residents,
    /// The newest readings of a metric.
    Reading {
        /// Which.
        metric: Metric,
        /// Of which devices.
        from: Origin,
        /// Several of them become one figure this way.
        join: Join,
        /// Older than this it is not known any more, in hours; `None`: it stays.
        stale_after_h: Option<u32>,
    },
}

/// Of which devices a reading is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The site's pseudo device `risk`: figures that no detector delivers.
    Site,
    /// The pseudo device `weather` of the site, or of a site of its district.
    Weather,
    /// Any device of the site but those two.
    Device,
}

/// How several readings become one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// The worst one counts.
    Worst,
    /// They are added up.
    Sum,
}

/// Figure → share of the points: nothing up to `none_at`, half at `half_at`, ever slower towards the whole beyond:
/// `d / (d + h)` with `d` the distance from `none_at` and `h` that of `half_at`. `half_at` may be below `none_at`: then
/// less is worse. Figures are in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// Nothing up to here.
    pub none_at: i64,
    /// Half of the points here.
    pub half_at: i64,
}

/// The whole of a factor's points, in thousandths.
pub(crate) const WHOLE: u32 = 1_000;

impl Scale {
    /// The share of the points, in thousandths.
    pub(crate) fn level(self, figure: i64) -> u32 {
        let half = i128::from(self.half_at) - i128::from(self.none_at);
        let distance = (i128::from(figure) - i128::from(self.none_at)) * half.signum();
        if distance <= 0 {
            return 0;
        }
        let level = distance * i128::from(WHOLE) / (distance + half.abs());
        u32::try_from(level).unwrap_or(WHOLE).min(WHOLE)
    }
}

impl RiskSettings {
    /// The settings that are shipped: `config/risk.toml`, compiled in.
    pub fn built_in() -> RiskSettings {
        let text = include_str!("../../../../config/risk.toml");
        RiskSettings::parse("risk.toml", text).expect("a test reads the shipped file")
    }
}

impl Factor {
    /// Whether it is counted at a site of that kind.
    pub(crate) fn applies_to(&self, kind: SiteKind) -> bool {
        self.site_kinds.is_empty() || self.site_kinds.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_saturates_in_both_directions() {
        let up = Scale { none_at: 0, half_at: 3_000 };
        let levels: Vec<u32> = [-5, 0, 1, 3, 9, 1_000_000].iter().map(|n| up.level(n * 1_000)).collect();
        assert_eq!(levels, [0, 0, 250, 500, 750, 999]);
        let down = Scale { none_at: 250_000, half_at: 150_000 };
        let levels: Vec<u32> = [300, 250, 150, 0].iter().map(|n| down.level(n * 1_000)).collect();
        assert_eq!(levels, [0, 0, 500, 714]);
        assert_eq!(up.level(i64::MAX), 999);
        assert_eq!(down.level(i64::MAX), 0);
    }
}
