//! The lines of `watchfire decode`: input line → frame, result → output line.
//!
//! The caller reads lines from wherever they are, keeps one [`Sessions`](crate::Sessions) for the run, and for each:
//! ```text
//! input::parse(line) → OwnedFrame → crate::decode(&frame.frame(), at, …) → output::line_with_frame(&decoded, …)
//! ```

pub mod input;
pub mod output;
mod panel_frame;

pub use input::{LineError, OwnedFrame, parse};
pub use output::{line, line_with_frame};
