//! The console through real HTTP on a loopback port: what goes in, what text comes out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod address;
mod events;
mod history;
mod incidents;
mod login;
mod orders;
mod page;
mod panels;
mod past;
mod reports;
mod risk;
mod station;
mod support;
mod tables;
mod tests;
