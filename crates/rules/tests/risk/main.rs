//! The risk score: scenarios as text, what must hold of every one, its settings file, and the back-test.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may stop at what is wrong")]

mod back_test;
mod city;
mod properties;
mod scenario;
mod settings;
mod stage;
mod with_rules;
