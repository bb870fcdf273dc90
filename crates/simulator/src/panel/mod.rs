//! A fire panel with its transmission device, as GB/T 26875.3 has it: registers its numbers, sends what happens and
//! repeats it until it is confirmed, beats, answers inspections and duty checks, loses its link and comes back with what
//! it could not send.
//!
//! [`facility`] is what the panel knows of its points, [`transmitter`] the device as a pure state machine ([`answers`]:
//! what it says when it is asked), [`link`] its connection over TCP or UDP, [`tower`] the demo's building, [`load`] many
//! devices at once.

pub mod answers;
pub mod facility;
pub mod link;
pub mod load;
pub mod options;
#[cfg(test)]
mod tests;
pub mod tower;
pub mod transmitter;

pub use facility::{Facility, Part};
pub use link::{Target, Transport, run};
pub use options::{Happening, Heartbeat, PanelOptions, PanelReport};
pub use transmitter::{Output, Transmitter};
