//! What the figures share.

pub(crate) mod children;
pub(crate) mod console;
pub(crate) mod device;
pub(crate) mod disk;
pub(crate) mod figures;
pub(crate) mod fires;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod machine;
pub(crate) mod messages;
pub(crate) mod mosquitto;
pub(crate) mod options;
pub(crate) mod panel;
pub(crate) mod place;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod samples;
pub(crate) mod site_plan;
pub(crate) mod station;
pub(crate) mod table;
pub(crate) mod webhook;

/// Why a figure could not be measured.
pub(crate) type Fault = Box<dyn std::error::Error>;
