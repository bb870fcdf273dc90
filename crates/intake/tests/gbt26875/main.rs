//! The gateway from outside: raw sockets with recorded frames and frames built here. The journal is a task that completes
//! tickets when the test says so.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests: a failed step ends the test")]

mod datagrams;
mod device;
mod downstream;
mod durable;
mod limits;
mod panel;
mod recorded;
mod station;
mod who;
