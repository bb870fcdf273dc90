//! What people do around the alerts: logging in, changing who may, asking for a reload. It is journaled for the audit
//! and changes no alert.

use compact_str::CompactString;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// One act, or several alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// What.
    pub kind: ActKind,
    /// An operator; `os:NAME` for an account of the machine. `None`: not known.
    pub by: Option<CompactString>,
    /// From where, over the network.
    pub address: Option<IpAddr>,
    /// The operator that was added, changed or removed; else empty.
    pub subject: CompactString,
    /// The rest in words.
    pub detail: String,
    /// How often: acts that are too many are counted.
    pub times: u32,
}

/// What people do. The order is on disk: add at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// An operator logged in.
    LoggedIn,
    /// A log-in was refused: the user or the password was wrong, or there were too many tries.
    LogInRefused,
    /// An operator logged out.
    LoggedOut,
    /// An operator was added.
    UserAdded,
    /// An operator has another password.
    PasswordChanged,
    /// An operator was removed.
    UserRemoved,
    /// Sites, rules and profiles were read again; the set-up behind this is what came of it.
    Reloaded,
    /// The same, and what was read is refused.
    ReloadRefused,
}

impl Act {
    /// A single act, of which nothing else is known.
    pub fn new(kind: ActKind) -> Act {
        Act { kind, by: None, address: None, subject: CompactString::default(), detail: String::new(), times: 1 }
    }
}

impl ActKind {
    /// The name in the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            ActKind::LoggedIn => "logged_in",
            ActKind::LogInRefused => "log_in_refused",
            ActKind::LoggedOut => "logged_out",
            ActKind::UserAdded => "user_added",
            ActKind::PasswordChanged => "password_changed",
            ActKind::UserRemoved => "user_removed",
            ActKind::Reloaded => "reloaded",
            ActKind::ReloadRefused => "reload_refused",
        }
    }
}
