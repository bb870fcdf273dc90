//! Where the crates meet: short loops of direct calls, one file per thread or task. `station.rs` starts and stops them
//! in order.

pub(crate) mod act_limit;
pub(crate) mod acts;
#[cfg(test)]
mod acts_tests;
pub(crate) mod ages;
pub(crate) mod alert_log;
pub(crate) mod anchor;
pub(crate) mod archive;
pub(crate) mod archive_place;
pub(crate) mod archiving;
pub(crate) mod board;
pub(crate) mod channels;
pub(crate) mod damage;
pub(crate) mod decoders;
pub(crate) mod desk_logs;
pub(crate) mod disk_room;
pub(crate) mod disk_state;
#[cfg(test)]
mod disk_tests;
pub(crate) mod entry_group;
pub(crate) mod first_entries;
pub(crate) mod fold;
#[cfg(test)]
mod gateway_tests;
pub(crate) mod housekeeping;
pub(crate) mod inputs;
pub(crate) mod inspecting;
#[cfg(test)]
mod inspecting_tests;
pub(crate) mod journal;
pub(crate) mod keeper;
pub(crate) mod lag;
pub(crate) mod leaving;
pub(crate) mod listener;
pub(crate) mod metrics;
pub(crate) mod notices;
pub(crate) mod notify;
pub(crate) mod open_files;
pub(crate) mod order_desk;
pub(crate) mod panel_views;
pub(crate) mod panels;
pub(crate) mod paths;
pub(crate) mod places;
pub(crate) mod poison;
pub(crate) mod probe;
pub(crate) mod progress;
pub(crate) mod records;
pub(crate) mod recovery;
pub(crate) mod reload;
pub(crate) mod report_plan;
pub(crate) mod reports;
#[cfg(test)]
mod restart_tests;
pub(crate) mod risk;
pub(crate) mod risk_figures;
pub(crate) mod risk_fold;
pub(crate) mod risk_metrics;
#[cfg(test)]
mod risk_tests;
pub(crate) mod risk_views;
pub(crate) mod rules;
pub(crate) mod rules_snapshots;
pub(crate) mod set_up_changes;
pub(crate) mod set_ups;
pub(crate) mod shadow;
pub(crate) mod shared;
pub(crate) mod snapshots;
pub(crate) mod sockets;
pub(crate) mod start_error;
pub(crate) mod station;
#[cfg(test)]
mod station_tests;
pub(crate) mod status;
pub(crate) mod tell;
pub(crate) mod test_views;
pub(crate) mod threads;
pub(crate) mod ticks;
pub(crate) mod vital;
pub(crate) mod watchdog;
