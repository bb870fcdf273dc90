//! History: what the logs said, in one SQLite file or on a PostgreSQL server, for people who look back.
//!
//! # Promise
//! Everything in the archive is derived from the journal and the alert log, and each entry and record is in it exactly
//! once in effect: [`Store::write`] puts the rows of a [`Batch`] and both cursors into one transaction (on a server some
//! readings into others, which come before it and are told from it: `postgres/lanes.rs`), and leaves out what is at or
//! before the cursors. A crash between any two steps leaves an earlier state of rows and cursors *together*; the station
//! reads the logs again from [`Store::cursors`].
//!
//! [`Store`] and [`History`] are the same for both places, and `tests/archive/conformance.rs` holds what both must answer
//! alike. What follows is about the file; about the server see `postgres/mod.rs`.
//!
//! That is why `synchronous=NORMAL` is enough. In WAL mode it never leaves a state that was not committed; after a power
//! loss it may leave an older one, and the logs refill the rest. One fdatasync a batch (`FULL`) would buy nothing and would
//! stand in the way of the journal's own, which devices wait for. What the logs' retention may go by is therefore not the
//! committed position but [`Store::durable`], the one that [`Store::sync`] has seen on the disk.
//!
//! # Where readings are
//! A batch of readings becomes one row of `tail`, as they came: writing costs what copying costs. When enough wait there,
//! a fold sorts them by day and series into `blocks` of up to 400 points of a few bytes each. Days are UTC days of event
//! time, and the first part of the key: a fold writes one region of the file, retention drops one, a late reading simply
//! falls into its own day. A question reads the blocks of its days and what waits in the tail, in one snapshot.
//!
//! Measured on one core of a busy machine (`examples/measure.rs`, 20,000,000 readings of 2,000 series over a month):
//! ```text
//! one row a reading, no index      0.8 to 2.0 million readings/s, 37 bytes each, and no chart
//! one row a reading, indexed       0.05 to 0.14 million/s, 70 bytes each
//! tail and blocks                  0.6 to 1.3 million/s, the same at 20,000,000 as at 0, 3 bytes each
//! chart of a device-month          1 ms when folded, 11 ms (p99 18) with a full tail
//! ```
//! The price is that `sqlite3` cannot read a block. Devices, series, alerts, transitions, deliveries, orders and counts of
//! defects, duty checks, inspections, incidents, the audit and the registry are plain tables in the words of the API (`schema/`).
//!
//! # Repeats
//! Same series, event time and value make one reading: dropped when a fold sees both, and by every answer. A frame whose
//! idempotency key came with the same readings in the last ten minutes (64 keys a device) is a resend, whatever its
//! receive time. Those keys are in the file with the rows, so a restart judges alike.
//!
//! # Absent on purpose
//! - No unique index on readings: re-delivery is excluded by the cursor, and an index would cost ten times the write.
//! - No trait over the two places: there are two, and the compiler has both matched.
//! - No state in memory that the file does not have: after any error the connection and all that was read over it are
//!   dropped, and the next write begins with what is committed.
//! - A failed fsync of this file is not fatal as the journal's is, because the file can be made again from the logs and a
//!   backup; it is [`WriteError::Unavailable`].

mod adoption;
mod alert_lives;
mod alert_words;
mod alerts;
mod audit;
mod availability;
mod batch;
mod check;
mod downsample;
mod duty;
mod errors;
mod fault;
mod figures;
mod files;
mod history;
mod incidents;
mod metrics;
mod migrate;
mod migrations;
mod plain_row;
mod point;
mod pool;
mod postgres;
mod readings;
mod recent_keys;
mod registry;
mod retention;
mod rollup;
mod site_registry;
mod sqlite;
mod state_at;
mod store;
mod sweep;
mod varint;

pub use adoption::Adoption;
pub use alert_lives::{AlertLife, COUNTED_MAX, LIVES_MAX, LivesPage, SpanQuery};
pub use alert_words::verdict_words;
pub use alerts::{
    ALERTS_MAX, AlertHistory, AlertsCursor, AlertsPage, AlertsQuery, DELIVERIES_MAX, DeliveryRow, DeliveryState,
    NotACursor, TRANSITIONS_MAX,
};
pub use audit::{AuditQuery, AuditRow};
pub use availability::{
    AVAILABILITY_DEVICES_MAX, Availability, DeviceAvailability, SiteAvailability, availability_ratio,
};
pub use batch::{BATCH_ROWS_MAX, Batch, Gap};
pub use check::Checked;
pub use downsample::SeriesPoint;
pub use duty::{DUTY_CHECKS_MAX, DutyCheckRow, DutyOfDevice, DutyQuery, InspectionRow, InspectionsQuery};
pub use errors::{OpenError, WriteError};
pub use fault::Cause;
pub use figures::{ClassFigures, Counting, Figures, OFFENDERS_MAX, Offender, ResponseTimes};
pub use files::{FilesChecked, FilesError, RestoreError, RestoreInto, Restored, restore_files, verify_files};
pub use history::{History, QueryError};
pub use incidents::{INCIDENT_ALERTS_MAX, INCIDENTS_MAX, IncidentAlert, IncidentLife, IncidentRow, IncidentsQuery};
pub use migrate::{MigrateError, Migrated, migrate};
pub use pool::READERS_MAX;
pub use postgres::{CONNECTIONS, Server, ServerError, ServerOptions};
pub use readings::{POINTS_MAX, POINTS_READ_MAX, ReadingsQuery, SERIES_MAX, SERIES_PER_SITE_MAX, Series};
pub use registry::{Counts, DefectCount, DeviceRow, LIST_MAX, OrderRow};
pub use retention::{GivenUp, Retention};
pub use site_registry::{RegistryDevice, RegistryPoint};
pub use state_at::THEN_ALERTS_MAX;
pub use store::{Cursors, Store, StoreOptions};
