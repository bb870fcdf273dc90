//! Where risk is before anything burns: a score of 0 to 100 for every unit (a site, and each of its zones), building and
//! district, as a pure fold over the journal's entries and the transitions that the rules answered them with.
//!
//! **A score only ranks.** It raises nothing, tells nobody, and hides nothing: what alarms is the rules' to say, and an
//! alert is shown and told whatever the score of its site. The score says where to look first when nothing burns.
//!
//! # The model
//! It has the form of the points schemes that fire engineers know (Gretener's method; the Fire Safety Evaluation System
//! of NFPA 101A): factors are weighed, and the points are added, so that each can be read off. The factors are those that
//! a monitoring centre can see; which they are, their points and their figures are **our own** choice in
//! `config/risk.toml`, taken from no standard, and are to be proved or mended on the customer's own fires by
//! [`back_test`].
//! ```text
//! level    = d / (d + h)         d: how far the figure is beyond "none", h: where it gives half; so the first faults
//!                                count most and no factor runs away (saturation); less is worse where h is below
//! factor   = points × level      not known: points × the neutral share, and shown as missing
//! standing = Σ factors           at most 100, because the points of all factors add up to 100
//! left     = Π (1 − u)           over the open alerts; u is the urgency of their class
//! score    = 100 × (1 − left) + standing × left           an open fire: 100, and nothing else reaches 100
//! ```
//! So two sites with a gas alarm both stand near the top, and the worse kept one above. Every part's points add up to
//! the score exactly. *Monotone*: a worse figure, one more fault, one more open alert never lower a score. *Neutral*: a
//! factor of which nothing is known gives neither the credit of a good answer nor the blame of a bad one; delivering a
//! good figure lowers the score, a bad one raises it, silence is no way out. Where a factor cannot apply (`site_kinds`)
//! it is left out altogether.
//!
//! A zone has its own alerts, faults, offline time and readings; what belongs to the whole site (duty, occupants,
//! weather, premises, figures without a zone) it shares. A building is as bad as its worst unit; a district is the mean
//! of the worst share of its units, and says in how many of them a fire is open (`areas.rs`).
//!
//! # What it is told
//! - *Transitions* of the rules: open alerts by class, faults, offline time, findings of false and real (`cases.rs`). An
//!   alert that a person found to be false, a test, or closed no longer lifts the score; it is for people to say so.
//! - *Readings of devices*, as the settings name them: `residual_current`, `water_pressure`, …
//! - *Figures that no detector delivers*, as readings of the site's **pseudo device**: source `watchfire`, name `risk`
//!   (topic `wf/v1/{site}/risk/readings`). A point with a zone's id makes a figure one of that zone; any other is one of
//!   the site's, and several points of one metric are joined as the settings say. Four are understood by themselves:
//!   | metric | value | meaning |
//!   |---|---|---|
//!   | `vendor.risk.duty_check` | boolean | one duty check: true was answered in time, false was not |
//!   | `vendor.risk.helped` | number | people there now who cannot leave without help |
//!   | `vendor.risk.night_staff` | number | helpers who are there and awake at night |
//!   | `vendor.risk.inspected` | true | an inspection took place, at the reading's event time |
//!
//!   The rules do not judge these two devices, nor wait for them to speak again, unless they are listed in the set-up or
//!   ever said anything but such figures.
//!
//!   The others are named by the settings alone: as shipped `vendor.risk.overdue_hazards`, `vendor.risk.major_hazards`,
//!   `vendor.risk.missed_patrols`, `vendor.risk.occupants`.
//! - *Weather*: readings of a pseudo device named `weather`, source `watchfire`: `temperature`, `humidity`, `air_speed`,
//!   `vendor.risk.dry_days`, and `vendor.risk.warning`, 0 to 4 (none, blue, yellow, orange, red), which the decoders
//!   make from CAP and from JSON (`wf/v1/{site}/weather/warning`) together with `vendor.risk.warning_until`: from then
//!   on the warning counts as none. They speak for their site. Those of a site that the settings list also speak for
//!   every site of its district and below that has no weather of its own; the nearest district counts. A site that is
//!   not listed cannot move the score of another.
//! - *Duty checks* of fire panels: the notice `duty_unanswered` (missed) and the reading `vendor.duty_check_reply`
//!   (answered).
//! - *Facts* of the premises, from the set-up ([`watchfire_model::Premises`]).
//!
//! A reading that is not newer than the last of its series, by event time, changes nothing, so that a repeat is not a
//! second duty check; when nothing newer came for ten minutes the device's clock was set back, and it counts.
//!
//! # Time and cost
//! Scores change when something is told, and at moments known beforehand (a fault's next hour, a day that leaves its
//! window, a figure that grows stale, dusk, a new year): those are timers, fired at their own times, never a scan. A
//! reading that nobody looks at costs a few comparisons; one that is looked at costs one look-up, and only when it moves
//! its points by a fortieth is its site scored anew. Weather moves every site of its district at once: some µs each.
//!
//! Everything is in integers: thousandths of a point, of a unit of measurement, whole seconds, days of UTC. Nothing
//! depends on the order of a hash table. State is bounded by the set-up and by [`limits`].

mod areas;
mod back_test;
mod cases;
mod fold;
mod held;
mod history;
mod ledger;
mod night;
mod ranking;
mod scoring;
mod settings;
mod settings_file;
mod site_numbers;
mod snapshot;
mod unit;
mod view;
mod watch;
mod windows;
mod wording;

pub use back_test::{BackTest, FireRank, Stood, back_test};
pub use fold::Risk;
pub use history::{History, HistoryPoint};
pub use ranking::{Counts, Ranked};
pub use settings::{Band, Bands, Factor, Join, Measure, Night, Origin, Part, RiskSettings, Scale};
pub use view::{AreaView, FactorView, PartView, UnitView};
pub(crate) use watch::is_figures;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use watchfire_model::{DistrictPath, SiteId, Timestamp, ZoneId};

/// Every bound of the score.
pub mod limits {
    pub use super::fold::UNLISTED_SITES_MAX;
    pub use super::held::HELD_PER_SITE_MAX;
    pub use super::history::{DAYS_MAX, HOURS_MAX};
    pub use super::settings::FACTORS_MAX;
    pub use super::unit::CASES_PER_SITE_MAX;
}

/// The pseudo device that tells the figures of a site.
pub const RISK_DEVICE: &str = "risk";
/// The pseudo device that tells the weather.
pub const WEATHER_DEVICE: &str = "weather";

/// `vendor.` + this: the outcome of one duty check.
pub(crate) const DUTY_CHECK: &str = "risk.duty_check";
/// `vendor.` + this: a guard pressed the button of a fire panel's transmission device.
pub(crate) const DUTY_CHECK_REPLY: &str = "duty_check_reply";
/// `vendor.` + this: people who cannot leave without help.
pub(crate) const HELPED: &str = "risk.helped";
/// `vendor.` + this: helpers at night.
pub(crate) const NIGHT_STAFF: &str = "risk.night_staff";
/// `vendor.` + this: an inspection took place.
pub(crate) const INSPECTED: &str = "risk.inspected";
/// `vendor.` + this: the level of a weather warning.
pub(crate) const WARNING: &str = "risk.warning";
/// `vendor.` + this: when the warning of the same point is over, in seconds since 1970; 0: that was not said.
pub(crate) const WARNING_UNTIL: &str = "risk.warning_until";

/// What has a score.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A site.
    Site(SiteId),
    /// A zone of a site.
    Zone(SiteId, ZoneId),
    /// A building in which several sites are.
    Building {
        /// Its district.
        district: Option<DistrictPath>,
        /// Its name in there.
        building: CompactString,
    },
    /// A district.
    District(DistrictPath),
}

/// A score that changed, in whole points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Of what.
    pub place: Place,
    /// The score before; `None`: it is the first.
    pub from: Option<u8>,
    /// The score after.
    pub to: u8,
    /// Open fires; of a building or district, units with one.
    pub fires: u32,
    /// The part that moved most; `None` for buildings and districts.
    pub moved: Option<Part>,
}
