//! What people order.

use crate::{AlertId, DeviceKey, OrderId, PanelRead, PanelTargets, TestId, TestScope, UserName, Verdict};
use serde::{Deserialize, Serialize};

/// An operator's order. Repeating one with the same id changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Idempotency key.
    pub id: OrderId,
    /// Who.
    pub by: UserName,
    /// What.
    pub kind: OrderKind,
}

/// What is ordered. The order of the variants is on disk: add at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderKind {
    /// "I have seen it": stops the sound and the ladder.
    Acknowledge {
        /// Which alert.
        alert: AlertId,
    },
    /// What it turned out to be.
    Verify {
        /// Which alert.
        alert: AlertId,
        /// The finding.
        verdict: Verdict,
        /// In the operator's words.
        note: String,
    },
    /// Handed on to the fire brigade or another authority.
    Forward {
        /// Which alert.
        alert: AlertId,
        /// To whom.
        to: String,
    },
    /// Done with.
    Close {
        /// Which alert.
        alert: AlertId,
        /// In the operator's words.
        note: String,
    },
    /// Open again.
    Reopen {
        /// Which alert.
        alert: AlertId,
        /// Why.
        note: String,
    },
    /// Asks guards whether they are there (查岗).
    DutyCheck {
        /// At which transmission devices.
        targets: PanelTargets,
        /// How long they have to answer, in minutes.
        answer_min: u8,
    },
    /// Inspects transmission devices now (巡检).
    Inspect {
        /// Which.
        targets: PanelTargets,
        /// What is read; empty: what an inspection reads.
        reads: Vec<PanelRead>,
    },
    /// Inspects transmission devices at another period from now on.
    SetInspection {
        /// Which.
        targets: PanelTargets,
        /// In seconds; `None`: as the set-up says again.
        period_s: Option<u32>,
    },
    /// Sets the clocks of transmission devices.
    SyncClock {
        /// Of which.
        targets: PanelTargets,
    },
    /// Initialises a transmission device.
    Initialise {
        /// Which.
        device: DeviceKey,
    },
    /// Begins a test: what is raised in its scope is marked and wakes nobody.
    StartTest {
        /// Where.
        scope: TestScope,
        /// Fire, gas, carbon monoxide and early warnings are tested too: from the moment at which a second person has
        /// approved.
        dangers: bool,
        /// It ends by itself after so many seconds.
        for_s: u32,
        /// Why.
        reason: String,
    },
    /// A second person approves that dangers are tested.
    ApproveTest {
        /// Which test.
        test: TestId,
    },
    /// Ends a test.
    EndTest {
        /// Which.
        test: TestId,
        /// In the operator's words.
        note: String,
    },
}

/// Who carries an order out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// The rules: alerts and tests.
    Rules,
    /// The inspection of transmission devices.
    Inspection,
}

impl OrderKind {
    /// The alert it is about, if it is about one.
    pub fn alert(&self) -> Option<AlertId> {
        match self {
            OrderKind::Acknowledge { alert }
            | OrderKind::Verify { alert, .. }
            | OrderKind::Forward { alert, .. }
            | OrderKind::Close { alert, .. }
            | OrderKind::Reopen { alert, .. } => Some(*alert),
            OrderKind::DutyCheck { .. }
            | OrderKind::Inspect { .. }
            | OrderKind::SetInspection { .. }
            | OrderKind::SyncClock { .. }
            | OrderKind::Initialise { .. }
            | OrderKind::StartTest { .. }
            | OrderKind::ApproveTest { .. }
            | OrderKind::EndTest { .. } => None,
        }
    }

    /// Who carries it out.
    pub fn addressee(&self) -> Addressee {
        match self {
            OrderKind::Acknowledge { .. }
            | OrderKind::Verify { .. }
            | OrderKind::Forward { .. }
            | OrderKind::Close { .. }
            | OrderKind::Reopen { .. }
            | OrderKind::StartTest { .. }
            | OrderKind::ApproveTest { .. }
            | OrderKind::EndTest { .. } => Addressee::Rules,
            OrderKind::DutyCheck { .. }
            | OrderKind::Inspect { .. }
            | OrderKind::SetInspection { .. }
            | OrderKind::SyncClock { .. }
            | OrderKind::Initialise { .. } => Addressee::Inspection,
        }
    }

    /// The name in tables, logs and on screens.
    pub fn as_str(&self) -> &'static str {
        match self {
            OrderKind::Acknowledge { .. } => "acknowledge",
            OrderKind::Verify { .. } => "verify",
            OrderKind::Forward { .. } => "forward",
            OrderKind::Close { .. } => "close",
            OrderKind::Reopen { .. } => "reopen",
            OrderKind::DutyCheck { .. } => "duty_check",
            OrderKind::Inspect { .. } => "inspect",
            OrderKind::SetInspection { .. } => "set_inspection",
            OrderKind::SyncClock { .. } => "sync_clock",
            OrderKind::Initialise { .. } => "initialise",
            OrderKind::StartTest { .. } => "start_test",
            OrderKind::ApproveTest { .. } => "approve_test",
            OrderKind::EndTest { .. } => "end_test",
        }
    }
}
