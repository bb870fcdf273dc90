//! The figures of the table, each in a file of its own.

mod alert_latency;
mod flood;
mod history;
mod idle_memory;
mod kill;
mod one_client;
mod outage;
mod panels;
mod restart;
mod sustained;
mod throughput;

use crate::support::Fault;
use crate::support::options::Options;
use crate::support::table::Row;

/// One figure: its name for `--only`, and how it is measured.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) measure: fn(&Options) -> Result<Vec<Row>, Fault>,
}

/// All of them, in the order of the table.
pub(crate) const FIGURES: &[Figure] = &[
    Figure { name: "intake", measure: throughput::measure },
    Figure { name: "sustained", measure: sustained::measure },
    Figure { name: "history", measure: history::measure },
    Figure { name: "outage", measure: outage::measure },
    Figure { name: "flood", measure: flood::measure },
    Figure { name: "one-client", measure: one_client::measure },
    Figure { name: "alert", measure: alert_latency::measure },
    Figure { name: "panels", measure: panels::measure },
    Figure { name: "idle", measure: idle_memory::measure },
    Figure { name: "restart", measure: restart::measure },
    Figure { name: "kill", measure: kill::measure },
];
