//! The types of application units, and how their objects are laid out.

use super::code_table::code_table;

code_table! {
    /// The type flag of an application unit. From 128 on are makers' own; the rest is reserved.
    Kind {
        SystemState 1 "upload: state of a system" "上传建筑消防设施系统状态";
        ComponentState 2 "upload: state of a component" "上传建筑消防设施部件运行状态";
        ComponentAnalogue 3 "upload: analogue value of a component" "上传建筑消防设施部件模拟量值";
        SystemOperation 4 "upload: operation of a facility" "上传建筑消防设施操作信息";
        SystemVersion 5 "upload: software version of a facility" "上传建筑消防设施软件版本";
        SystemConfiguration 6 "upload: configuration of a system" "上传建筑消防设施系统配置情况";
        ComponentConfiguration 7 "upload: configuration of a component" "上传建筑消防设施部件配置情况";
        SystemTime 8 "upload: time of a system" "上传建筑消防设施系统时间";
        UitdState 21 "upload: state of the transmission device" "上传用户信息传输装置运行状态";
        UitdOperation 24 "upload: operation of the transmission device" "上传用户信息传输装置操作信息";
        UitdVersion 25 "upload: software version of the transmission device" "上传用户信息传输装置软件版本";
        UitdConfiguration 26 "upload: configuration of the transmission device" "上传用户信息传输装置配置情况";
        UitdTime 28 "upload: time of the transmission device" "上传用户信息传输装置系统时间";
        ReadSystemState 61 "read: state of a system" "读建筑消防设施系统状态";
        ReadComponentState 62 "read: state of a component" "读建筑消防设施部件运行状态";
        ReadComponentAnalogue 63 "read: analogue value of a component" "读建筑消防设施部件模拟量值";
        ReadSystemOperations 64 "read: operations of a facility" "读建筑消防设施操作信息";
        ReadSystemVersion 65 "read: software version of a facility" "读建筑消防设施软件版本";
        ReadSystemConfiguration 66 "read: configuration of a system" "读建筑消防设施系统配置情况";
        ReadComponentConfiguration 67 "read: configuration of a component" "读建筑消防设施部件配置情况";
        ReadSystemTime 68 "read: time of a system" "读建筑消防设施系统时间";
        ReadUitdState 81 "read: state of the transmission device" "读用户信息传输装置运行状态";
        ReadUitdOperations 84 "read: operations of the transmission device" "读用户信息传输装置操作信息记录";
        ReadUitdVersion 85 "read: software version of the transmission device" "读用户信息传输装置软件版本";
        ReadUitdConfiguration 86 "read: configuration of the transmission device" "读用户信息传输装置配置情况";
        ReadUitdTime 88 "read: time of the transmission device" "读用户信息传输装置系统时间";
        InitialiseUitd 89 "initialise the transmission device" "初始化用户信息传输装置";
        SetUitdClock 90 "synchronise the transmission device's clock" "同步用户信息传输装置时钟";
        DutyCheck 91 "duty check" "查岗命令";
    }
}

impl Kind {
    /// Bytes of one object; `None` where a length stands in the object.
    pub fn object_bytes(self) -> Option<usize> {
        Some(match self {
            Kind::SystemState | Kind::SystemOperation => 10,
            Kind::ComponentState => 46,
            Kind::ComponentAnalogue => 16,
            Kind::SystemVersion => 4,
            Kind::SystemConfiguration | Kind::UitdConfiguration => return None,
            Kind::ComponentConfiguration => 38,
            Kind::SystemTime | Kind::UitdOperation => 8,
            Kind::UitdState | Kind::ReadUitdOperations => 7,
            Kind::UitdVersion => 2,
            Kind::UitdTime | Kind::SetUitdClock => 6,
            Kind::ReadSystemState | Kind::ReadSystemVersion | Kind::ReadSystemConfiguration | Kind::ReadSystemTime => 2,
            Kind::ReadComponentState | Kind::ReadComponentAnalogue | Kind::ReadComponentConfiguration => 6,
            Kind::ReadSystemOperations => 9,
            Kind::ReadUitdState
            | Kind::ReadUitdVersion
            | Kind::ReadUitdConfiguration
            | Kind::ReadUitdTime
            | Kind::InitialiseUitd
            | Kind::DutyCheck => 1,
        })
    }

    /// Bytes of one object in the short form that some makers send: a component's state without its text, the
    /// transmission device's state without its time.
    pub(super) fn short_object_bytes(self) -> Option<usize> {
        match self {
            Kind::ComponentState => Some(15),
            Kind::UitdState => Some(1),
            _ => None,
        }
    }

    /// The most objects of one unit, by the standard. For the reads it follows from the size of the answer.
    pub fn count_max(self) -> u8 {
        match self {
            Kind::SystemState | Kind::SystemOperation | Kind::ReadSystemState => 102,
            Kind::ComponentState | Kind::ReadComponentState => 22,
            Kind::ComponentAnalogue | Kind::ReadComponentAnalogue => 63,
            Kind::SystemConfiguration | Kind::ReadSystemConfiguration => 3,
            Kind::ComponentConfiguration | Kind::ReadComponentConfiguration => 26,
            Kind::UitdOperation => 127,
            Kind::SystemVersion
            | Kind::SystemTime
            | Kind::UitdState
            | Kind::UitdVersion
            | Kind::UitdConfiguration
            | Kind::UitdTime
            | Kind::ReadSystemOperations
            | Kind::ReadSystemVersion
            | Kind::ReadSystemTime
            | Kind::ReadUitdState
            | Kind::ReadUitdOperations
            | Kind::ReadUitdVersion
            | Kind::ReadUitdConfiguration
            | Kind::ReadUitdTime
            | Kind::InitialiseUitd
            | Kind::SetUitdClock
            | Kind::DutyCheck => 1,
        }
    }

    /// Whether its objects tell of an event and end with its time.
    pub(super) fn ends_with_time(self) -> bool {
        matches!(
            self,
            Kind::SystemState
                | Kind::ComponentState
                | Kind::ComponentAnalogue
                | Kind::SystemOperation
                | Kind::UitdOperation
        )
    }

    /// Whether a device sends it; else the centre does.
    pub fn is_upload(self) -> bool {
        self.code() < Kind::ReadSystemState.code()
    }

    /// The upload that answers a read, with the command "response".
    pub fn answer(self) -> Option<Kind> {
        let distance = match self.code() {
            61..=68 | 81..=88 => 60,
            _ => return None,
        };
        Kind::from_code(self.code() - distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbt26875::envelope::UNIT_BYTES_MAX;

    #[test]
    fn thirteen_uploads_sixteen_commands_and_the_limits_follow_from_the_sizes() {
        assert_eq!(Kind::ALL.iter().filter(|kind| kind.is_upload()).count(), 13);
        assert_eq!(Kind::ALL.iter().filter(|kind| !kind.is_upload()).count(), 16);
        for kind in Kind::ALL {
            assert_eq!(Kind::from_code(kind.code()), Some(*kind));
            let room = kind.object_bytes().map(|bytes| (UNIT_BYTES_MAX - 2) / bytes);
            if kind.is_upload() && kind.count_max() > 3 {
                assert_eq!(room, Some(usize::from(kind.count_max())), "{kind:?}");
            }
            if let Some(answer) = kind.answer() {
                assert!(answer.is_upload());
            }
        }
        let answers: Vec<u8> = Kind::ALL.iter().filter_map(|kind| kind.answer()).map(Kind::code).collect();
        assert_eq!(answers, [1, 2, 3, 4, 5, 6, 7, 8, 21, 24, 25, 26, 28]);
    }
}
