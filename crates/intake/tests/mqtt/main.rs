//! The MQTT listener from outside: raw sockets with bytes from tables, and a real client (rumqttc). The journal is a
//! task that completes tickets when the test says so.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests: a failed step ends the test"
)]

mod fairness;
mod fanout;
mod limits;
mod order;
mod script;
mod station;
mod tables;
mod wills;
