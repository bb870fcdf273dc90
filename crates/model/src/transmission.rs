//! User information transmission devices (用户信息传输装置) of fire panels: how each is asked, and what people may ask.

use crate::{Bilingual, DeviceKey, DeviceName, PanelRead, SiteId, ZoneId};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The longest period of inspection that is allowed (GB 50440, 巡检周期), in seconds.
pub const INSPECTION_S_MAX: u32 = 7_200;
/// The period of inspection of a device that has none of its own, in seconds.
pub const INSPECTION_S: u32 = 3_600;
/// How long an answer is waited for, at most (GB/T 26875.3, timeout), in seconds.
pub const RETRY_S_MAX: u8 = 10;
/// How often what is not answered is sent again (GB/T 26875.3, repeats).
pub const RETRIES: u8 = 3;
/// The time that a guard has to answer unless it is said otherwise, in minutes.
pub const ANSWER_MIN: u8 = 5;
/// So many devices may be named by one order.
pub const TARGETS_MAX: usize = 256;
/// So many things may be read by one order, or besides the usual ones at each inspection.
pub const READS_MAX: usize = 32;

/// A transmission device that is known, and how it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransmissionDevice {
    /// How its frames name it: its source address in decimal; for one without an address the name that its listener or
    /// registration gives.
    pub name: DeviceName,
    /// Its address, 48 bits; 0 for one that was never given one.
    pub address: u64,
    /// The listener at which it may appear; `None`: at any.
    pub listener: Option<CompactString>,
    /// What it registers with, for one without an address: the body of a private type of application unit.
    #[serde(default)]
    pub token: Option<CompactString>,
    /// The dialect that it speaks; `None`: the standard.
    pub dialect: Option<CompactString>,
    /// What people call it.
    pub label: Bilingual,
    /// Where it hangs.
    pub zone: Option<ZoneId>,
    /// It is inspected this often, in seconds, at most [`INSPECTION_S_MAX`]; 0: only by order.
    pub inspection_s: u32,
    /// How long an answer is waited for, in seconds, 1 to [`RETRY_S_MAX`]; after a longer silence it is asked again.
    pub retry_s: u8,
    /// How often what is not answered is sent again.
    pub retries: u8,
    /// What is read at each inspection besides the device's state and clock and the states of its systems.
    pub reads: Vec<PanelRead>,
    /// When the guard is asked whether he is there; `None`: only by order.
    pub duty: Option<DutyPlan>,
}

impl TransmissionDevice {
    /// A device of that address, asked as the standard has it.
    pub fn new(name: DeviceName, address: u64) -> TransmissionDevice {
        TransmissionDevice {
            label: Bilingual::same(name.as_str()),
            name,
            address,
            listener: None,
            token: None,
            dialect: None,
            zone: None,
            inspection_s: INSPECTION_S,
            retry_s: RETRY_S_MAX,
            retries: RETRIES,
            reads: Vec::new(),
            duty: None,
        }
    }
}

/// Duty checks (查岗) at times that nobody can foresee, within hours of each day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyPlan {
    /// The hours begin, in minutes after midnight at the site.
    pub from_min: u16,
    /// They end; not after `from_min` means on the next day.
    pub until_min: u16,
    /// So many checks in these hours.
    pub checks: u8,
    /// The guard has this long to answer, in minutes.
    pub answer_min: u8,
}

/// Which transmission devices an order is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelTargets {
    /// These.
    Devices(Vec<DeviceKey>),
    /// All of a site.
    Site(SiteId),
    /// All.
    All,
}
