//! The operation byte of the records of a facility and of the transmission device, bit by bit.

use watchfire_model::Bilingual;

macro_rules! operations {
    ($($variant:ident $name:literal $en:literal $zh:literal;)*) => {
        /// What somebody did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $(#[doc = $en] $variant,)*
        }

        impl Operation {
            /// The name in `decode`'s output.
            pub fn name(self) -> &'static str {
                match self { $(Operation::$variant => $name,)* }
            }

            /// The standard's words.
            pub fn words(self) -> Bilingual {
                match self { $(Operation::$variant => Bilingual::new($en, $zh),)* }
            }
        }
    };
}

operations! {
    Reset "reset" "reset" "复位";
    Silence "silence" "silence" "消音";
    ManualAlarm "manual_alarm" "manual alarm" "手动报警";
    AlarmCleared "alarm_cleared" "alarm cleared" "警情消除";
    SelfTest "self_test" "self-test" "自检";
    Confirm "confirm" "confirm" "确认";
    Test "test" "test" "测试";
    DutyCheckReply "duty_check_reply" "duty-check reply" "查岗应答";
}

/// Bits of a facility's operation record (type 4), from bit 0 on. Bit 7 is zero by the standard.
pub const FACILITY: &[Operation] = &[
    Operation::Reset,
    Operation::Silence,
    Operation::ManualAlarm,
    Operation::AlarmCleared,
    Operation::SelfTest,
    Operation::Confirm,
    Operation::Test,
];

/// Bits of the transmission device's operation record (type 24), from bit 0 on. Bit 7 is zero by the standard.
pub const UITD: &[Operation] = &[
    Operation::Reset,
    Operation::Silence,
    Operation::ManualAlarm,
    Operation::AlarmCleared,
    Operation::SelfTest,
    Operation::DutyCheckReply,
    Operation::Test,
];
