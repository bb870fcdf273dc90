//! Readings, ticks and orders to alerts: a pure fold over the journal's entries, with a snapshot.
//!
//! # Semantics
//! **Determinism.** [`Engine::apply`] depends on the entries applied so far and on nothing else: no clock, no random
//! number, no order of a hash table. The same journal gives the same alerts with the same ids, with or without a
//! snapshot and a restore in between. [`ENGINE_VERSION`] counts up whenever that would not hold against the build before.
//!
//! **Time.** The engine's clock is the entry's stamp (receive time), which never decreases. Timers (holds, silence,
//! leaving the memory) go by it; they fire at the start of whatever entry comes at or after their time. Event time orders
//! the readings of one series and stands in the figures. A reading more than 60 s old is *late*: it counts, and the alert
//! says so. A stamp ahead of the receive time counts as that; one more than 5 min ahead or 30 days behind is *not
//! believed*, and the alert says so: a clock that is off breaks no timer and blocks nothing after it. A reading that a newer
//! one of its series overtook cannot clear anything and starts no hold, but a device's own alarm in it is still told. What
//! looks overtaken may be the first reading of a clock that was set back, so a value beyond a threshold begins its hold all
//! the same; readings that keep one distance behind for 10 s (`set_back.rs`), and any when nothing newer came for 10 min,
//! count as new.
//!
//! **Duplicates.** The same idempotency key with the same content, among a device's last 64 of 10 min, changes nothing
//! where nothing else was heard in between; an alarm of the device is never left out, because keys may name a state.
//! A key that comes back with other content shows that the device's keys mean nothing; they are no longer looked at.
//! Without keys, the value and event time of the newest reading of the series, again within 10 min, change nothing.
//!
//! **What raises.**
//! - *Device alarm*: a boolean metric of the table in `standard_alarms.rs` is true, at once. It is over when that is false
//!   again, for the clearing time where life is not in danger. The rows about life can be neither left out nor weakened nor
//!   delayed by a rule file. `test` and `silenced` never raise.
//! - *Threshold*: a value at or beyond a limit, for the hold, until it is back by the hysteresis and was for the clearing time.
//!   While a hold runs, one reading short of the limit ends it; while the clearing time runs, one that is not back by
//!   the hysteresis ends that.
//! - *Departure*: a value has left what is usual for it, by an amount and by a multiple of its own noise (`trend.rs`), for
//!   the hold and in two readings at least: no timer raises it, because one reading may be a spike. Over when it is back
//!   by half, for the clearing time.
//! - *Shift* (`cusum.rs`): what each reading says for a lasting shift of the mean adds up to more than chance does in many
//!   readings. Over when it is back to half of that, for the clearing time, or when the new level has become the usual one.
//! - *Fusion*: the departures of several senses in one zone, weighted and added up (`fusion.rs`); what a harmless cause
//!   explains is discounted. Where the rule is met, the alert belongs to the device whose reading decided; its figures
//!   name all of them.
//! - *Impossible*: a value that cannot be is a fault, and no measured rule judges it. Alarms of the device still alarm.
//! - *Silent*: nothing heard from a device, listed (from the listing on) or once heard, for the time its set-up names,
//!   else the rule's; or its status topic or will says that it is gone. Downtime does not count: at [`Event::Started`]
//!   every such time begins anew, while holds run on and fire then if due.
//! - *Notices* of the station, steps of its clock, and full tables raise on site `station`, or on the site concerned.
//!   What happened once (an entry skipped, a gap, a step) stays active until a person closes it; what lasts is over at
//!   [`Event::Started`], until the station says it again.
//!
//! **One alert per (rule, device, point)** until it is over (closed and cleared). What happens while it lives:
//! - a repeat adds nothing;
//! - a fire of a device (of a zone, for a fusion) whose early warning is active *escalates* that alert; an early warning
//!   beside an active one or beside a fire joins it without a word. Not so for the points of a fire panel, nor for
//!   points that measure the same or differ in their number only: they hang in different rooms. Two fires are always two alerts;
//! - when the cause is over the alert *clears*; a fire, and what happened once, is latched and does not;
//! - when the cause comes back, to a cleared alert or to a latched one that somebody has handled since, the alert is
//!   *reopened* and stands as unhandled again: whoever acknowledged it must look again. The same alert, not a new one,
//!   because the first occurrence is not done with and a detector that flaps must not fill the board. After it is over, a
//!   new one is raised.
//! - escalating an alert that was handled reopens it too (two transitions).
//!
//! **Dependencies.** A rule of silence may name rules that explain it (`explained_by`): a power cut explains that devices
//! of the site fall silent. Such an alert is raised all the same, with severity `info` and the reason; it calls nobody. When
//! the explanation has been over for a while and the silence goes on, it escalates and counts in full (`explained.rs`).
//! Nothing but a silence is ever explained, and nothing inhibits an alert about life.
//!
//! **Orders.** Acknowledge: an open alert. Verify: any that is not closed (an open one is acknowledged by it). Forward:
//! one verified as real or unreachable, never an early warning. Close: fire, gas and carbon monoxide only when verified
//! and when no cause holds, unless the detector has not been heard for 15 min: then it was taken down or is burnt, and
//! speaks up anew if not. Others close at any time; one whose cause still holds is over when that ends. Closing a latched
//! alert clears it first (two transitions). Reopen: any that is not open, up to a day after it was over. Whatever is not
//! allowed is refused with the reason; the same order again changes nothing, and another one under its id is refused.
//!
//! **Tests.** While a test runs, what is raised in its scope is marked and wakes nobody; what is outside alarms as ever.
//! Fire, gas, carbon monoxide and early warnings need a second person. At the end, by order or by time, what still holds is
//! told as if it had just begun, and what is over is closed as a test. `test_mode.rs` has every clause.
//!
//! **Incidents.** What happens in one building at one time is one incident, however many alerts tell of it (`incidents.rs`).
//! A new detector or a higher class opens it again. It orders what people see; each alert is told as ever, and the first
//! one of a storm waits for nothing.
//!
//! **The alert log wins.** Where a replay finds other alerts than were told, [`Engine::take_logged`] puts the told ones in
//! their place (`logged.rs`).
//!
//! **Change of the set-up.** State belongs to the rule of that name and the device of that key: timers, latches and
//! alerts go on, judged by the new figures from the next reading on. What a removed rule or scope had raised stays active
//! until a person closes it.
//!
//! **Bounds** are in [`limits`]. When a site has too many unclaimed devices, or a device too many series, of further ones
//! nothing is kept but their own alarms, which still raise.
//!
//! # Shape
//! Devices and series (a metric at a point) have numbers; state is a table by number. Which rules judge a series is worked
//! out once (its *plan*), with the running means that they share. A reading costs two look-ups and a comparison per rule of the plan; only where a rule is met
//! does a slot exist. A hold says how far a *cause* has got; `causes.rs` is the only place where causes
//! become alerts. A new kind of detector adds a variant to [`Kind`], its state to the slot, and calls `begin` and `end`.

mod alarm_keys;
mod built_in;
mod casebook;
mod causes;
mod cusum;
mod departure_keys;
mod device_index;
mod device_state;
mod device_view;
mod dose;
mod duplicates;
mod engine;
mod event;
mod event_time;
mod explained;
mod expression;
mod flapping;
mod fleet;
mod formula;
mod formula_limits;
mod frames;
mod fusion;
mod gathering;
mod gathering_keys;
mod incident_record;
mod incidents;
mod kinds;
mod levels;
mod logged;
mod look_ahead;
mod maybe_time;
mod metric_keys;
mod metric_limits;
mod orders;
mod plans;
pub mod replay;
mod rise_keys;
pub mod risk;
mod room_words;
mod rooms;
mod rule;
mod rule_file;
mod schedule;
mod scope_keys;
mod series;
mod set_back;
mod set_up;
mod silence;
mod silent_keys;
mod snapshot;
mod standard_alarms;
mod standing;
mod stuck;
mod table;
mod tally;
mod test_mode;
mod test_words;
mod threshold_keys;
mod timers;
mod trend;
pub mod try_out;
mod wall_clock;
mod wording;
mod words;

pub use cusum::Cusum;
pub use device_view::{DeviceView, PointView};
pub use dose::Dose;
pub use engine::Engine;
pub use event::{Effects, Event, Refusal, SetUp, Stamp};
pub use expression::Expression;
pub use flapping::Flapping;
pub use formula::{Formula, FormulaError};
pub use gathering_keys::{Across, Gathering, Want};
pub use incident_record::{IncidentChanges, IncidentMember, IncidentRecord, IncidentState};
pub use rule::{Departure, Direction, Discount, Fusion, Kind, Level, Rule, RuleSet, Scope, Sense};
pub use schedule::Hours;
pub use snapshot::RestoreError;
pub use standing::STATION_SITE;
pub use stuck::Stuck;
pub use test_mode::{Alarmed, Test, TestOver};
pub use trend::TrendSpec;
pub use words::metric_words;

/// Counted up whenever the same journal may give other alerts.
pub const ENGINE_VERSION: u32 = 6;

/// Every bound of the engine.
pub mod limits {
    pub use crate::casebook::{OVER_KEPT, OVER_MAX};
    pub use crate::duplicates::{KEYS_KEPT, KEYS_MAX};
    pub use crate::event_time::{AHEAD_MAX, BEHIND_MAX, LATE_AFTER, OVERTAKEN_WITHIN};
    pub use crate::expression::SERIES_LOOKED_AT_MAX;
    pub use crate::fleet::{
        CLAIMED_SERIES_PER_DEVICE_MAX, UNCLAIMED_DEVICES_PER_SITE_MAX, UNCLAIMED_SERIES_PER_DEVICE_MAX,
    };
    pub use crate::formula::{DEPTH_MAX, TEXT_MAX};
    pub use crate::gathering::{EXPLAINED_AFTER, NOTES_MAX};
    pub use crate::incidents::INCIDENT_WINDOW;
    pub use crate::look_ahead::LOOK_AHEAD_MAX;
    pub use crate::orders::{DETECTOR_GONE_AFTER, ORDERS_KEPT};
    pub use crate::rule::RULES_MAX;
    pub use crate::set_back::SURE_AFTER;
    pub use crate::standing::SUBJECTS_MAX;
    pub use crate::test_mode::{
        TEST_DANGERS_S_MAX, TEST_S_MAX, TEST_S_MIN, TEST_WORDS_BYTES_MAX, TESTED_MAX, TESTS_KEPT, TESTS_RUNNING_MAX,
    };
}
