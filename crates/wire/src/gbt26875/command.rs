//! The command byte of a frame.

use std::fmt;

/// What a frame wants. Any byte may come: makers have their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command(pub u8);

impl Command {
    /// 控制命令, the centre commands: set the clock, initialise, check the duty.
    pub const CONTROL: Command = Command(1);
    /// 发送数据, the device reports.
    pub const SEND: Command = Command(2);
    /// 确认, the other side took it.
    pub const CONFIRM: Command = Command(3);
    /// 请求, the centre asks.
    pub const REQUEST: Command = Command(4);
    /// 应答, the device answers.
    pub const RESPONSE: Command = Command(5);
    /// 否认, the other side did not take it.
    pub const DENY: Command = Command(6);
    /// Not of the standard: a maker's keep-alive, without an application unit.
    pub const KEEP_ALIVE: Command = Command(7);

    const NAMES: [(Command, &'static str, &'static str); 6] = [
        (Command::CONTROL, "control", "控制命令"),
        (Command::SEND, "send", "发送数据"),
        (Command::CONFIRM, "confirm", "确认"),
        (Command::REQUEST, "request", "请求"),
        (Command::RESPONSE, "response", "应答"),
        (Command::DENY, "deny", "否认"),
    ];

    /// The name of a command of the standard; `None` for 0 and from 7 on, which a centre that keeps to the letter denies.
    pub fn name(self) -> Option<&'static str> {
        Command::NAMES.iter().find(|(command, ..)| *command == self).map(|(_, name, _)| *name)
    }

    /// The standard's word.
    pub fn chinese(self) -> Option<&'static str> {
        Command::NAMES.iter().find(|(command, ..)| *command == self).map(|(.., chinese)| *chinese)
    }
}

/// The name, or the number.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}
