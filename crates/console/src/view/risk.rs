//! Where risk is before anything burns. Points have one decimal, rounded down as scores are.

use super::{Text, When};
use serde::Serialize;
use utoipa::ToSchema;

/// Units in the order in which they should be inspected.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskPage {
    /// The version of the settings.
    pub settings_version: u32,
    /// The time of the last entry that is counted; nothing before the first.
    pub at: Option<When>,
    /// Units that match.
    pub total: u32,
    /// Of all units, so many in each band.
    pub bands: RiskBands,
    /// From the one at `offset` on.
    pub units: Vec<RiskRankView>,
}

/// Units by the colour of their score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RiskBands {
    /// Inspect now.
    pub red: u32,
    /// Inspect soon.
    pub orange: u32,
    /// Inspect in its turn.
    pub yellow: u32,
    /// As usual.
    pub blue: u32,
}

/// A unit in the order of risk.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskRankView {
    /// Among all units of the district or of all, from 1.
    pub rank: u32,
    /// The site's id.
    pub site: String,
    /// Its name.
    pub name: Text,
    /// `home`, `care_home`, `building` or `other`.
    pub kind: &'static str,
    /// The district it belongs to.
    pub district: Option<String>,
    /// The building it is in.
    pub building: Option<String>,
    /// False for a site that is in no set-up, but has alerts.
    pub listed: bool,
    /// 0 to 100; 100 is an open fire and nothing else.
    pub score: u8,
    /// The score without its open alerts.
    pub standing: f64,
    /// `red`, `orange`, `yellow` or `blue`.
    pub band: &'static str,
    /// Open fires.
    pub fires: u32,
    /// How much of the points rests on what is known, in percent.
    pub known_percent: u8,
    /// When it was last inspected, as far as it was told.
    pub inspected_at: Option<When>,
    /// What the score is made of; together the score.
    pub parts: Vec<RiskPoints>,
    /// One sentence.
    pub why: Text,
}

/// What one part adds.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskPoints {
    /// `live`, `faults`, `false_alarms`, `duty`, `hazards`, `water`, `electrical`, `occupants`, `weather` or `premises`.
    pub part: &'static str,
    /// What people call it.
    pub label: Text,
    /// What it adds, in points.
    pub points: f64,
}

/// Buildings and districts, the highest score first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskAreaPage {
    /// Areas that match.
    pub total: u32,
    /// From the one at `offset` on.
    pub areas: Vec<RiskAreaView>,
}

/// A building or a district.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskAreaView {
    /// The district, or that of the building.
    pub district: Option<String>,
    /// The building; nothing for a district.
    pub building: Option<String>,
    /// 0 to 100: a building's is that of its worst unit, a district's the mean of the worst share of its units.
    pub score: u8,
    /// `red`, `orange`, `yellow` or `blue`.
    pub band: &'static str,
    /// Units in it.
    pub units: u32,
    /// Units in it with an open fire.
    pub fires: u32,
    /// One sentence.
    pub why: Text,
    /// How it went; only where one area is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<RiskHistoryView>,
}

/// The risk of a site and of its zones, taken apart.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskSiteView {
    /// The site's id.
    pub site: String,
    /// The site itself.
    pub unit: RiskUnitView,
    /// Its zones, by id.
    pub zones: Vec<RiskUnitView>,
}

/// The risk of a site or a zone, taken apart.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskUnitView {
    /// The zone's id; nothing for the site itself.
    pub zone: Option<String>,
    /// Its name.
    pub name: Text,
    /// 0 to 100; 100 is an open fire and nothing else.
    pub score: u8,
    /// The score without its open alerts.
    pub standing: f64,
    /// `red`, `orange`, `yellow` or `blue`.
    pub band: &'static str,
    /// Open fires.
    pub fires: u32,
    /// How much of the points rests on what is known, in percent.
    pub known_percent: u8,
    /// The version of the settings.
    pub settings_version: u32,
    /// When it was last inspected, as far as it was told.
    pub inspected_at: Option<When>,
    /// One sentence: the score, what it is made of most, and what is not known.
    pub why: Text,
    /// Every part that is counted here; their points add up to the score.
    pub parts: Vec<RiskPartView>,
    /// How it went.
    pub history: RiskHistoryView,
}

/// One heading of a score.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskPartView {
    /// As in `RiskPoints`.
    pub part: &'static str,
    /// What people call it.
    pub label: Text,
    /// What it adds, in points.
    pub points: f64,
    /// The most that its factors can give; 0 for open alerts, which have no such bound.
    pub points_max: u32,
    /// One sentence: what decided, and what is not known.
    pub why: Text,
    /// Its factors, in the order of the settings; none for open alerts.
    pub factors: Vec<RiskFactorView>,
}

/// One thing that is counted.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskFactorView {
    /// Its name in the settings.
    pub name: String,
    /// What people call it.
    pub label: Text,
    /// What it adds, in points.
    pub points: f64,
    /// The most that it can give, in points.
    pub points_max: u8,
    /// It is not known, and counted as neutral.
    pub missing: bool,
    /// The figure that decided, in words.
    pub why: Text,
}

/// How a score went: only hours and days in which it changed; what has no point is as the one before it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskHistoryView {
    /// The last hours with a change, oldest first.
    pub hours: Vec<RiskHistoryPoint>,
    /// The last days with a change, oldest first.
    pub days: Vec<RiskHistoryPoint>,
}

/// An hour or a day (UTC) in which a score changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct RiskHistoryPoint {
    /// When it begins.
    pub at: When,
    /// The highest score in it, the one it began with included.
    pub peak: u8,
    /// The score it ended with, up to now.
    pub last: u8,
}
