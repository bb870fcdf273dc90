//! What is to be sent to a device now.

use crate::exchange::{Exchange, Task};
use crate::limits::DAY;
use watchfire_model::panel_read::OPERATIONS_MAX;
use watchfire_model::{ComponentRead, DeviceKey, PanelRead, SystemRead, Timestamp};
use watchfire_wire::gbt26875::{Command, Digits, Kind, Object, System, TimeLabel, Unit};

/// One attempt of one exchange. It is sent once; what comes of it comes back as a frame, or does not. Version, addresses
/// and the time of sending are put around it by whoever holds the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelCommand {
    /// To which device.
    pub device: DeviceKey,
    /// The exchange's number, the same for every attempt.
    pub serial: u16,
    /// Which attempt, from 1.
    pub attempt: u8,
    task: Task,
    answer_min: u8,
    digits: Digits,
}

impl PanelCommand {
    pub(crate) fn new(device: DeviceKey, exchange: &Exchange, answer_min: u8, digits: Digits) -> PanelCommand {
        let Exchange { task, serial, attempt, .. } = *exchange;
        PanelCommand { device, serial, attempt, task, answer_min, digits }
    }

    /// The type of the application unit.
    pub fn kind(&self) -> Kind {
        self.task.kind()
    }

    /// The frame's command byte.
    pub fn command(&self) -> Command {
        if self.task.is_read() { Command::REQUEST } else { Command::CONTROL }
    }

    /// The application unit. Ask for it in the moment of sending: the device sets its clock by the time that may stand in it.
    pub fn unit(&self, now: Timestamp) -> Vec<u8> {
        Unit::of(self.kind(), vec![self.object(now)]).write()
    }

    fn object(&self, now: Timestamp) -> Object<'static> {
        let from = TimeLabel::of(now.minus(DAY), self.digits);
        match self.task {
            Task::DutyCheck => Object::DutyCheck { timeout_min: self.answer_min },
            Task::SetClock => Object::SetClock { to: TimeLabel::of(now, self.digits) },
            Task::Initialise
            | Task::Read(PanelRead::State | PanelRead::Clock | PanelRead::Version | PanelRead::Configuration) => {
                Object::Reserved { reserved: 0 }
            }
            Task::Read(PanelRead::Operations { count }) => {
                Object::ReadUitdOperations { count: count.min(OPERATIONS_MAX), from }
            }
            Task::Read(PanelRead::System { kind, address, what }) => {
                let system = System { kind, address };
                match what {
                    SystemRead::Operations(count) => {
                        Object::ReadSystemOperations { system, count: count.min(OPERATIONS_MAX), from }
                    }
                    SystemRead::State | SystemRead::Version | SystemRead::Configuration | SystemRead::Clock => {
                        Object::ReadSystem { system }
                    }
                }
            }
            Task::Read(PanelRead::Component { kind, address, component, what }) => match what {
                ComponentRead::State | ComponentRead::Analogue | ComponentRead::Configuration => {
                    Object::ReadComponent { system: System { kind, address }, address: component }
                }
            },
        }
    }
}
