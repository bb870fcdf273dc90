//! What the whole-program tests share: a running station of one's own in a temporary directory, and everybody who deals
//! with it: devices, people at the console, systems that are called. All on free ports of 127.0.0.1.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests: a failed step ends the test, and says why"
)]

pub(crate) mod api;
pub(crate) mod device;
pub(crate) mod events;
pub(crate) mod golden;
pub(crate) mod logs;
pub(crate) mod panel;
pub(crate) mod process;
pub(crate) mod set_up;
pub(crate) mod station;
pub(crate) mod wait;
pub(crate) mod webhook;

#[path = "../../crates/notify/tests/support/peers.rs"]
pub(crate) mod peers;
