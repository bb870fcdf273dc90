//! One file per subcommand.

pub(crate) mod archive;
pub(crate) mod author;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod decode;
pub(crate) mod demo;
mod outbox;
pub(crate) mod output;
pub(crate) mod replay;
pub(crate) mod replay_risk;
pub(crate) mod rules_test;
pub(crate) mod run;
pub(crate) mod simulate;
pub(crate) mod users;
