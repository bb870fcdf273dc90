//! What is bounded, and by how much.

use std::time::Duration;

/// So many systems are remembered of one device: those that it has named in its reports.
pub const SYSTEMS_MAX: usize = 16;
/// So many duty checks that are over are kept for the lists; the months' figures do not depend on them.
pub const CHECKS_KEPT: usize = 20_000;
/// So many months of figures are kept of a site, the one that runs included.
pub const MONTHS_KEPT: i32 = 25;
/// So many orders that were carried out are remembered, so that a repeat changes nothing.
pub const ORDERS_KEPT: usize = 1_024;
/// So many questions may wait at one device; an order that would exceed it is refused.
pub const WAITING_MAX: usize = 128;
/// An order to many devices asks so many of them a second.
pub const BEGINS_PER_S: u64 = 50;

/// After a start of the station, and for a device that is new, no inspection begins for so long: the devices have to
/// find back first.
pub const GRACE: Duration = Duration::from_secs(60);
/// What waited for the grace to end is spread over so long.
pub const SPREAD: Duration = Duration::from_secs(600);

/// A device's clock, read out, that is off by more is set.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(5);
/// A frame's time of sending that is off by more has the clock set: it may have been on its way for some seconds.
pub const LABEL_SKEW_MAX: Duration = Duration::from_secs(30);
/// A clock that is off again is not set more often than this.
pub const CLOCK_PAUSE: Duration = Duration::from_secs(3_600);
/// Clocks are set once in this time; versions and configurations are read.
pub const DAY: Duration = Duration::from_secs(86_400);

/// An answer to an inspection that was given up still counts for so long, as late.
pub const LATE_RESPONSE: Duration = Duration::from_secs(300);
/// A guard's answer after the time given to him still counts for so long, as late; then the check is missed.
pub const LATE_ANSWER: Duration = Duration::from_secs(3_600);
/// The longest time that a guard can be given, in minutes.
pub const ANSWER_MIN_MAX: u8 = 60;
/// A planned duty check that could not be asked within this time of its moment is left out.
pub const PLANNED_LATE_MAX: Duration = Duration::from_secs(60);
/// The shortest period of inspection, in seconds.
pub const INSPECTION_S_MIN: u32 = 60;
