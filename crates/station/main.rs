//! The binary: subcommands, wiring and supervision.
fn main() {}
