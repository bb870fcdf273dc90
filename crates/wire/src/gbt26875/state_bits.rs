//! The state words of systems, components and the transmission device, bit by bit.
//!
//! Several bits may be set. **A fire is a fire whatever bit 0 says**: read to the letter, "0 = test" would turn most
//! real alarms into tests, and a maker's supplement reads the bit the other way round. What bit 0 means for the test
//! mode is a matter of the device's dialect.

use watchfire_model::Bilingual;

macro_rules! states {
    ($($variant:ident $name:literal $en:literal $zh:literal;)*) => {
        /// What a bit of a state word says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum State {
            $(#[doc = $en] $variant,)*
        }

        impl State {
            /// The name in `decode`'s output.
            pub fn name(self) -> &'static str {
                match self { $(State::$variant => $name,)* }
            }

            /// The standard's words.
            pub fn words(self) -> Bilingual {
                match self { $(State::$variant => Bilingual::new($en, $zh),)* }
            }
        }
    };
}

states! {
    Normal "normal" "normal operation (0: test)" "正常运行状态(0为测试状态)";
    Fire "fire" "fire alarm" "火警";
    Fault "fault" "fault" "故障";
    Shielded "shielded" "shielded" "屏蔽";
    Supervisory "supervisory" "supervisory" "监管";
    Started "started" "started, open (0: stopped, closed)" "启动(开启)";
    Feedback "feedback" "feedback" "反馈";
    Delay "delay" "in delay" "延时状态";
    MainsFault "mains_fault" "mains fault" "主电故障";
    StandbyFault "standby_fault" "standby battery fault" "备电故障";
    PowerFault "power_fault" "power fault" "电源故障";
    BusFault "bus_fault" "bus fault" "总线故障";
    Manual "manual" "manual mode (0: automatic)" "手动状态(0为自动状态)";
    ConfigChanged "config_changed" "configuration changed" "配置改变";
    Reset "reset" "reset" "复位";
    ChannelFault "channel_fault" "channel to the centre faulty" "与监控中心通信信道故障";
    LineFault "line_fault" "line to the panel faulty" "监测连接线路故障";
}

/// Whose state word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateOf {
    /// A system's, 16 bits.
    System,
    /// A component's, 16 bits.
    Component,
    /// The transmission device's own (用户信息传输装置), 8 bits.
    Uitd,
}

const SYSTEM: &[State] = &[
    State::Normal,
    State::Fire,
    State::Fault,
    State::Shielded,
    State::Supervisory,
    State::Started,
    State::Feedback,
    State::Delay,
    State::MainsFault,
    State::StandbyFault,
    State::BusFault,
    State::Manual,
    State::ConfigChanged,
    State::Reset,
];

const COMPONENT: &[State] = &[
    State::Normal,
    State::Fire,
    State::Fault,
    State::Shielded,
    State::Supervisory,
    State::Started,
    State::Feedback,
    State::Delay,
    State::PowerFault,
];

const UITD: &[State] = &[
    State::Normal,
    State::Fire,
    State::Fault,
    State::MainsFault,
    State::StandbyFault,
    State::ChannelFault,
    State::LineFault,
];

impl StateOf {
    /// The standard's states from bit 0 on; bits beyond are reserved or a maker's own.
    pub fn states(self) -> &'static [State] {
        match self {
            StateOf::System => SYSTEM,
            StateOf::Component => COMPONENT,
            StateOf::Uitd => UITD,
        }
    }

    /// How many bits the word has.
    pub fn bits(self) -> u8 {
        match self {
            StateOf::System | StateOf::Component => 16,
            StateOf::Uitd => 8,
        }
    }
}

/// Whether a bit of a state word is set.
pub fn is_set(word: u16, bit: usize) -> bool {
    word.checked_shr(u32::try_from(bit).unwrap_or(u32::MAX)).is_some_and(|word| word & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_defines_fourteen_nine_and_seven_bits() {
        assert_eq!((SYSTEM.len(), COMPONENT.len(), UITD.len()), (14, 9, 7));
        assert_eq!(SYSTEM[13], State::Reset);
        assert_eq!(COMPONENT[8], State::PowerFault);
        assert_eq!(UITD[5], State::ChannelFault);
        assert!(is_set(0x8000, 15) && !is_set(0x8000, 16) && !is_set(0, 0));
    }
}
