//! What a transmission device can be asked to read out, and how people write it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The most operation records that may be asked for at once: the standard's number for the question.
pub const OPERATIONS_MAX: u8 = 102;

/// One thing that a transmission device can be asked to read out. The order is on disk: add at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelRead {
    /// Its own state (type 81).
    State,
    /// Its clock (88).
    Clock,
    /// Its software version (85).
    Version,
    /// Its configuration (86).
    Configuration,
    /// Its operation records of the last day (84).
    Operations {
        /// How many, at most 102.
        count: u8,
    },
    /// Something of a system of the facility.
    System {
        /// The system's type.
        kind: u8,
        /// The system's address.
        address: u8,
        /// What.
        what: SystemRead,
    },
    /// Something of a component.
    Component {
        /// The system's type.
        kind: u8,
        /// The system's address.
        address: u8,
        /// The component's address, as it stands in the bytes.
        component: [u8; 4],
        /// What.
        what: ComponentRead,
    },
}

/// What is read of a system. The order is on disk: add at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemRead {
    /// Its state (61).
    State,
    /// Its operation records of the last day (64), so many, at most 102.
    Operations(u8),
    /// Its software version (65).
    Version,
    /// Its configuration (66).
    Configuration,
    /// Its clock (68).
    Clock,
}

/// What is read of a component. The order is on disk: add at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentRead {
    /// Its state (62).
    State,
    /// Its analogue value (63).
    Analogue,
    /// What it is (67).
    Configuration,
}

/// A text that names nothing to be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be read; use state, clock, version, configuration or `operations 20`, for a system with its type and \
     address before it (`1.1 state`), for a component also its four bytes (`1.1/05000100 analogue`)"
)]
pub struct ParsePanelReadError(String);

/// `state`, `operations 20`, `1.1 state`, `1.1/05000100 analogue`.
impl FromStr for PanelRead {
    type Err = ParsePanelReadError;

    fn from_str(text: &str) -> Result<PanelRead, ParsePanelReadError> {
        parsed(text).ok_or_else(|| ParsePanelReadError(text.to_owned()))
    }
}

impl fmt::Display for PanelRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            PanelRead::State => f.write_str("state"),
            PanelRead::Clock => f.write_str("clock"),
            PanelRead::Version => f.write_str("version"),
            PanelRead::Configuration => f.write_str("configuration"),
            PanelRead::Operations { count } => write!(f, "operations {count}"),
            PanelRead::System { kind, address, what } => write!(f, "{kind}.{address} {what}"),
            PanelRead::Component { kind, address, component, what } => {
                write!(f, "{kind}.{address}/{:08x} {what}", u32::from_be_bytes(component))
            }
        }
    }
}

impl fmt::Display for SystemRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SystemRead::State => f.write_str("state"),
            SystemRead::Operations(count) => write!(f, "operations {count}"),
            SystemRead::Version => f.write_str("version"),
            SystemRead::Configuration => f.write_str("configuration"),
            SystemRead::Clock => f.write_str("clock"),
        }
    }
}

impl fmt::Display for ComponentRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ComponentRead::State => "state",
            ComponentRead::Analogue => "analogue",
            ComponentRead::Configuration => "configuration",
        })
    }
}

fn parsed(text: &str) -> Option<PanelRead> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [of, what @ ..] if of.contains('.') => of_facility(of, what),
        what => of_device(what),
    }
}

fn of_device(what: &[&str]) -> Option<PanelRead> {
    Some(match what {
        ["state"] => PanelRead::State,
        ["clock"] => PanelRead::Clock,
        ["version"] => PanelRead::Version,
        ["configuration"] => PanelRead::Configuration,
        ["operations", number] => PanelRead::Operations { count: operations(number)? },
        _ => return None,
    })
}

fn of_facility(of: &str, what: &[&str]) -> Option<PanelRead> {
    let (system, component) = of.split_once('/').map_or((of, None), |(system, component)| (system, Some(component)));
    let (kind, address) = system.split_once('.')?;
    let (kind, address) = (kind.parse().ok()?, address.parse().ok()?);
    let Some(component) = component else {
        let what = match what {
            ["state"] => SystemRead::State,
            ["clock"] => SystemRead::Clock,
            ["version"] => SystemRead::Version,
            ["configuration"] => SystemRead::Configuration,
            ["operations", number] => SystemRead::Operations(operations(number)?),
            _ => return None,
        };
        return Some(PanelRead::System { kind, address, what });
    };
    let what = match what {
        ["state"] => ComponentRead::State,
        ["analogue"] => ComponentRead::Analogue,
        ["configuration"] => ComponentRead::Configuration,
        _ => return None,
    };
    let is_hex = component.len() == 8 && component.bytes().all(|byte| byte.is_ascii_hexdigit());
    let component = u32::from_str_radix(component, 16).ok().filter(|_| is_hex)?.to_be_bytes();
    Some(PanelRead::Component { kind, address, component, what })
}

fn operations(count: &str) -> Option<u8> {
    count.parse().ok().filter(|count| (1..=OPERATIONS_MAX).contains(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let texts = [
            "state",
            "clock",
            "version",
            "configuration",
            "operations 102",
            "1.1 state",
            "1.1 operations 1",
            "128.255 configuration",
            "1.2 version",
            "1.2 clock",
            "1.1/05000100 analogue",
            "1.1/0a00ff00 state",
            "1.1/0a00ff00 configuration",
        ];
        for text in texts {
            assert_eq!(text.parse::<PanelRead>().unwrap().to_string(), text);
        }
        let wrong = [
            "",
            "everything",
            "operations",
            "operations 0",
            "operations 103",
            "1 state",
            "1.256 state",
            "1.1",
            "1.1 analogue",
            "1.1/0500 state",
            "1.1/+5000100 state",
            "1.1/05000100 clock",
        ];
        for text in wrong {
            assert!(text.parse::<PanelRead>().is_err(), "{text}");
        }
    }
}
