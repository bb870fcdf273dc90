//! Devices that speak the real protocols to the real ports.
//!
//! - [`load`]: many simple devices at full speed, for benches and crash tests, over [`packets`]; counted in [`report`].
//! - [`demo`]: what the demo's homes, care home and building say in each second, with a recorded fire ([`recording`]);
//!   [`connections`] sends it.
//! - [`panel`]: a fire panel with its transmission device, over GB/T 26875.3.

pub mod connections;
pub mod demo;
pub mod load;
pub mod packets;
pub mod panel;
pub mod recording;
pub mod report;
