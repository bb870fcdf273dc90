//! The archive from outside. `conformance` holds what every backend must answer alike; the rest is about files and about the server.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod cluster;
mod conformance;
mod connections;
mod crash;
mod failover;
mod figures;
mod files;
mod lanes;
mod migrate;
mod outages;
mod outliving;
mod records;
mod rollups;
mod source;
mod timescale;
mod together;
mod trouble;
mod upkeep;
