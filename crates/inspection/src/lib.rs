//! What fire panels' transmission devices (用户信息传输装置, GB/T 26875.3) are asked, when, and what they answer: a pure
//! fold over the journal's entries, with a snapshot. It emits commands; sockets and clocks are others'.
//!
//! # Rules
//! - *One exchange* is open per device. It has a number (serial) of the device's own count, the same for each attempt; an
//!   answer belongs to it by device, number and type. No answer within the device's time (10 s): once more, 3 times; then
//!   it is given up: *unreachable* when nothing at all came from the device meanwhile, else *unanswered*. A DENY ends it.
//!   What waits for its turn goes in this order: duty check, initialisation, clock, reads.
//! - *Inspection* (巡检): every device in its period (1 h, at most 2 h), each at its own place in the period, so that the
//!   asking is spread evenly. It reads the device's state (81) and clock (88), the state (61) of each system that the
//!   device has reported about, what the set-up adds; once a day version (85) and configuration (86). A read other than
//!   the state that is denied or ignored is left out from then on, until a person orders an inspection or the device is
//!   initialised. Who answers nothing is told of by a notice, until he answers.
//! - *Clock* (90): daily, and when a clock that was read is off by more than 5 s or a frame's own time by more than 30 s;
//!   for that reason at most once an hour.
//! - *Initialisation* (89): by order only, never repeated of itself.
//! - *Duty check* (查岗, 91): by order, to one, some, a site's or all guards, and by plan, at moments drawn from the
//!   journal's id and the entry's number. See `duty.rs` for how an answer is judged.
//! - A *period* can be changed by order while all runs, and by the set-up; the later word counts.
//!
//! # Once, and after a restart
//! [`Inspection::due`] hands out each attempt once. That it was handed out follows from the journal, whether it was sent
//! does not. So a start ends what was open: reads and clocks are asked again, after a grace and spread; an initialisation
//! is not; a duty check that was begun is not sent again, its answer still counts, and nobody is blamed for none.
//!
//! # Shape
//! All times stand in the devices' state; a queue of timers finds what is due, so that an entry that is none of ours
//! costs a comparison. `rounds.rs` moves exchanges on, `answers.rs` ends them, `duty.rs` and `duty_plan.rs` are the
//! guards', `orders.rs` and `set_up.rs` change the schedule, `view.rs` shows it, `recorded.rs` tells it to who keeps a record.
//!
//! Absent on purpose: a clock, a random number, IO; knowledge of connections (a device that is not connected does not
//! answer); the meaning of what is read for alarms, which is that of any frame.

mod answers;
mod calendar;
mod clockwork;
mod command;
mod device;
mod dice;
mod duty;
mod duty_plan;
mod ended;
mod event;
mod exchange;
mod figures;
mod findings;
mod inspection;
pub mod limits;
mod notices;
mod orders;
mod recorded;
mod rounds;
mod set_up;
mod snapshot;
mod view;

pub use calendar::{Month, NotAMonth};
pub use command::PanelCommand;
pub use duty::DutyRecord;
pub use ended::{Ended, Question};
pub use event::{InspectionEvent, Refusal, Stamp};
pub use exchange::Outcome;
pub use inspection::Inspection;
pub use recorded::{Recorded, RecordedDuty, Round, RoundKind};
pub use snapshot::RestoreError;
pub use view::{AskedView, AskingView, DeviceView, DutyReport, SystemView};
pub use watchfire_model::{DutyFigures, DutyOutcome};
