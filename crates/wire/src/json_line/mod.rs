//! The lines of `watchfire decode`: input line → frame, result → output line.
//!
//! The caller reads lines from wherever they are, keeps one [`Sessions`](crate::Sessions) for the run, and for each:
//! ```text
//! input::parse(line) → OwnedFrame → crate::decode(&frame.frame(), at, …) → output::line(&decoded)
//! ```

pub mod input;
pub mod output;

pub use input::{LineError, OwnedFrame, parse};
pub use output::line;
