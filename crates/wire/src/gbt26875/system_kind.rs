//! Kinds of fire protection systems.

use super::code_table::code_table;

code_table! {
    /// What a system is. 2 to 9 and 25 to 127 are reserved, from 128 on are makers' own.
    SystemKind {
        General 0 "general" "通用";
        FireAlarm 1 "fire alarm system" "火灾报警系统";
        Linkage 10 "fire linkage controller" "消防联动控制器";
        Hydrant 11 "hydrant system" "消火栓系统";
        Sprinkler 12 "automatic sprinkler system" "自动喷水灭火系统";
        GasExtinguishing 13 "gas extinguishing system" "气体灭火系统";
        WaterSprayPump 14 "water spray system, started by pump" "水喷雾灭火系统(泵启动方式)";
        WaterSprayVessel 15 "water spray system, started by pressure vessel" "水喷雾灭火系统(压力容器启动方式)";
        Foam 16 "foam extinguishing system" "泡沫灭火系统";
        DryPowder 17 "dry powder extinguishing system" "干粉灭火系统";
        SmokeControl 18 "smoke control and exhaust system" "防烟排烟系统";
        DoorsAndShutters 19 "fire door and shutter system" "防火门及卷帘系统";
        FireLift 20 "fire lift" "消防电梯";
        EmergencyBroadcast 21 "emergency broadcast" "消防应急广播";
        EmergencyLighting 22 "emergency lighting and evacuation signs" "消防应急照明和疏散指示系统";
        PowerSupply 23 "fire power supply" "消防电源";
        FireTelephone 24 "fire telephone" "消防电话";
    }
}

impl SystemKind {
    /// Whether the pressure in this system is that of something else than water.
    pub(super) fn is_dry(self) -> bool {
        matches!(self, SystemKind::GasExtinguishing | SystemKind::DryPowder | SystemKind::SmokeControl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_defines_seventeen_and_23_is_the_power_supply_not_a_second_fire_lift() {
        assert_eq!(SystemKind::ALL.len(), 17);
        assert!(SystemKind::ALL.iter().all(|kind| SystemKind::from_code(kind.code()) == Some(*kind)));
        assert_eq!(SystemKind::from_code(23), Some(SystemKind::PowerSupply));
        assert_eq!(SystemKind::from_code(20).unwrap().words().zh, "消防电梯");
        assert_eq!(SystemKind::from_code(9), None);
    }
}
