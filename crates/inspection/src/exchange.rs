//! Something asked of a device: sent, sent again, and ended by an answer or for want of one.

use serde::{Deserialize, Serialize};
use watchfire_model::{ComponentRead, PanelRead, SystemRead, Timestamp};
use watchfire_wire::gbt26875::Kind;

/// What can be asked. What comes first is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Whether the guard is there (91).
    DutyCheck,
    /// To begin anew (89).
    Initialise,
    /// To set its clock (90).
    SetClock,
    /// To read something out (61 to 68, 81 to 88).
    Read(PanelRead),
}

impl Task {
    /// The type of its application unit.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Task::DutyCheck => Kind::DutyCheck,
            Task::Initialise => Kind::InitialiseUitd,
            Task::SetClock => Kind::SetUitdClock,
            Task::Read(read) => match read {
                PanelRead::State => Kind::ReadUitdState,
                PanelRead::Clock => Kind::ReadUitdTime,
                PanelRead::Version => Kind::ReadUitdVersion,
                PanelRead::Configuration => Kind::ReadUitdConfiguration,
                PanelRead::Operations { .. } => Kind::ReadUitdOperations,
                PanelRead::System { what, .. } => match what {
                    SystemRead::State => Kind::ReadSystemState,
                    SystemRead::Operations(_) => Kind::ReadSystemOperations,
                    SystemRead::Version => Kind::ReadSystemVersion,
                    SystemRead::Configuration => Kind::ReadSystemConfiguration,
                    SystemRead::Clock => Kind::ReadSystemTime,
                },
                PanelRead::Component { what, .. } => match what {
                    ComponentRead::State => Kind::ReadComponentState,
                    ComponentRead::Analogue => Kind::ReadComponentAnalogue,
                    ComponentRead::Configuration => Kind::ReadComponentConfiguration,
                },
            },
        }
    }

    pub(crate) fn is_read(self) -> bool {
        matches!(self, Task::Read(_))
    }
}

/// What is asked of a device now. There is never more than one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) task: Task,
    /// The same for every attempt.
    pub(crate) serial: u16,
    /// From 1.
    pub(crate) attempt: u8,
    pub(crate) began_at: Timestamp,
    /// When the attempt ends without an answer.
    pub(crate) next_at: Timestamp,
    /// Whether anything came from the device meanwhile.
    pub(crate) heard: bool,
}

/// A read that was given up: its answer may still come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GivenUp {
    pub(crate) read: PanelRead,
    pub(crate) serial: u16,
    pub(crate) until: Timestamp,
}

/// What became of something asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It answered.
    Answered,
    /// It answered after it was given up.
    Late,
    /// It said no.
    Denied,
    /// It speaks, but did not answer this.
    Unanswered,
    /// Nothing came from it, however often it was asked.
    Unreachable,
    /// The station stopped meanwhile, or the device left the set-up.
    Interrupted,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Outcome; 6] = [
        Outcome::Answered,
        Outcome::Late,
        Outcome::Denied,
        Outcome::Unanswered,
        Outcome::Unreachable,
        Outcome::Interrupted,
    ];

    /// The name in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Late => "late",
            Outcome::Denied => "denied",
            Outcome::Unanswered => "unanswered",
            Outcome::Unreachable => "unreachable",
            Outcome::Interrupted => "interrupted",
        }
    }
}
