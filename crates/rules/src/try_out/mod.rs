//! Trying rules out before people depend on them: [tests](test_file) that lie beside the rule files, and the
//! [difference](difference) between what really happened and what a draft would have told.

pub mod difference;
pub mod test_file;
mod test_run;
mod told;

pub use told::Told;
