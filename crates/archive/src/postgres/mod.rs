//! The archive on PostgreSQL 15 or later: for a monitoring centre that keeps a year and more and asks in SQL.
//!
//! # Shape
//! Readings are narrow rows (series, event time, receive time, value) in one partition a day, copied in binary. What the
//! columns mean stands in `schema/`. The first connection moves the cursors in the transaction of its rows; further ones,
//! `lanes`, send the readings of their share of the devices and have positions of their own, which are never behind it.
//!
//! Roll-ups are made behind the writer by a thread of their own from what each batch notes in `rollups_due`, in the
//! transaction of its rows: a minute that a late reading falls into is made again, and a crash forgets none.
//!
//! After any error the connection and everything that was read over it are dropped. A commit of which no answer came is
//! found out by the cursors at the next connection.
//!
//! Where TimescaleDB is installed before the tables are made, readings are a hypertable whose days are compressed once
//! they are over; see `hypertable`. Nothing else knows.
//!
//! # Absent on purpose
//! - A queue in memory: the journal is the queue, and its reader waits while the server does.

mod alert_rows;
pub(crate) mod alerts_query;
mod compression_thread;
mod copy;
mod cursors;
mod delivery_rows;
pub(crate) mod figures_query;
mod files;
mod fill;
mod hypertable;
mod lanes;
mod link;
mod names;
mod noted;
pub(crate) mod plain_rows;
mod reader;
pub(crate) mod readings_query;
mod recent_frames;
pub(crate) mod registry_query;
mod retention;
mod rollups;
mod rollups_query;
mod rollups_thread;
mod rows;
mod schema;
mod server;
mod session;
mod store;
mod times;
mod upkeep;

pub(crate) use files::restore;
#[cfg(test)]
pub(crate) use fill::TABLES_BY_ROWS;
pub(crate) use fill::fill;
pub(crate) use reader::ServerReader;
pub use server::{Server, ServerError};
pub(crate) use store::ServerStore;
pub use store::{CONNECTIONS, ServerOptions};
pub(crate) use upkeep::{adopt, check};
