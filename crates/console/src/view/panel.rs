//! Transmission devices of fire panels: how each is asked, what it answered, and duty checks.

use super::{Text, When};
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_model::DutyFigures;

/// Transmission devices.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TransmissionDevicePage {
    /// By site and name.
    pub devices: Vec<TransmissionDeviceView>,
}

/// A transmission device (用户信息传输装置).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TransmissionDeviceView {
    /// The site's id.
    pub site: String,
    /// Its name.
    pub name: String,
    /// What people call it.
    pub label: Text,
    /// The zone's id.
    pub zone: Option<String>,
    /// Its address; 0 for none.
    pub address: u64,
    /// Whether it is connected now; `null` when the station has no gateway.
    pub connected: Option<bool>,
    /// When anything was heard of it.
    pub heard_at: Option<When>,
    /// It is inspected this often, in seconds; `null`: only by order.
    pub period_s: Option<u64>,
    /// Whether an order set the period.
    pub period_by_order: bool,
    /// When it is inspected next.
    pub next_inspection_at: Option<When>,
    /// The last inspection.
    pub inspection: AskedView,
    /// The last setting of its clock.
    pub clock: AskedView,
    /// The last initialisation.
    pub initialisation: AskedView,
    /// What is asked of it now.
    pub asking: Option<AskingView>,
    /// How many questions wait.
    pub waiting: usize,
    /// What it denied or did not answer: left out of inspections until a person orders one. In the words of an order's
    /// `reads`.
    pub unsupported: Vec<String>,
    /// Its own state, as it answered last: the names of the bits that are set.
    pub state: Option<Vec<&'static str>>,
    /// The states of its systems, as it answered last.
    pub systems: Vec<PanelSystemView>,
    /// Its software version.
    pub version: Option<String>,
    /// Its configuration, in its own words.
    pub configuration: Option<String>,
    /// How far its clock was ahead when it was read last, in seconds.
    pub clock_ahead_s: Option<i64>,
    /// The duty check that is under way.
    pub duty: Option<DutyCheckView>,
    /// When the guard is asked without an order.
    pub duty_plan: Option<DutyPlanView>,
}

/// When something was asked last, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AskedView {
    /// When.
    pub asked_at: Option<When>,
    /// When the device answered last.
    pub answered_at: Option<When>,
    /// `answered`, `late`, `denied`, `unanswered`, `unreachable` or `interrupted`; `null` while one is under way.
    pub outcome: Option<&'static str>,
    /// Who ordered it; `null` by schedule.
    pub by: Option<String>,
}

/// What is asked of a device now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AskingView {
    /// The type of the application unit, 61 to 91.
    pub kind: u8,
    /// Its name in the standard.
    pub name: Text,
    /// Which attempt, from 1.
    pub attempt: u8,
    /// Since when.
    pub since: When,
}

/// A system's state.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PanelSystemView {
    /// Its type.
    pub kind: u8,
    /// What that type is called.
    pub name: Text,
    /// Its address.
    pub address: u8,
    /// The names of the bits that are set.
    pub state: Vec<&'static str>,
}

/// A duty check (查岗).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DutyCheckView {
    /// The site's id.
    pub site: String,
    /// The transmission device's name.
    pub device: String,
    /// Who ordered it; `null` by plan.
    pub by: Option<String>,
    /// When the guard was asked.
    pub asked_at: When,
    /// How long he has, in minutes.
    pub answer_min: u8,
    /// When the device said that it rings.
    pub confirmed_at: Option<When>,
    /// When the guard answered.
    pub answered_at: Option<When>,
    /// The number of the operator who answered.
    pub operator: Option<u8>,
    /// `waiting`, `answered`, `late`, `missed`, `unreachable`, `denied` or `interrupted`.
    pub outcome: &'static str,
}

/// Duty checks at moments that nobody can foresee, between two times of each day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DutyPlanView {
    /// They begin, by the site's clocks, e.g. `22:00`.
    pub from: String,
    /// They end; not after `from` means on the next day.
    pub until: String,
    /// So many checks.
    pub checks: u8,
    /// The guard has this long to answer, in minutes.
    pub answer_min: u8,
}

/// A site's duty checks of one month.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DutyReportView {
    /// The month by the site's clocks, e.g. `2026-03`.
    pub month: String,
    /// The figures of the whole month.
    pub figures: DutyFiguresView,
    /// The checks, newest first, as far back as they are kept in memory.
    pub checks: Vec<DutyCheckView>,
}

/// The figures of a month, site by site.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DutyMonthView {
    /// The month by each site's clocks, e.g. `2026-03`.
    pub month: String,
    /// Sites that had duty checks in it or have transmission devices, by id.
    pub sites: Vec<DutySiteView>,
}

/// A site's figures.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DutySiteView {
    /// The site's id.
    pub site: String,
    /// Its figures.
    pub figures: DutyFiguresView,
}

/// The figures of a month.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DutyFiguresView {
    /// Asked; those that are not over included.
    pub asked: u32,
    /// Answered in time.
    pub answered: u32,
    /// Answered late.
    pub late: u32,
    /// Not answered.
    pub missed: u32,
    /// The device could not be reached.
    pub unreachable: u32,
    /// The device refused.
    pub denied: u32,
    /// The station was away.
    pub interrupted: u32,
    /// The median time to answer, in seconds.
    pub median_s: Option<u32>,
    /// The longest.
    pub worst_s: Option<u32>,
}

impl From<&DutyFigures> for DutyFiguresView {
    fn from(of: &DutyFigures) -> DutyFiguresView {
        DutyFiguresView {
            asked: of.asked,
            answered: of.answered,
            late: of.late,
            missed: of.missed,
            unreachable: of.unreachable,
            denied: of.denied,
            interrupted: of.interrupted,
            median_s: of.median_s,
            worst_s: of.worst_s,
        }
    }
}
