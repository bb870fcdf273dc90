//! Kinds of components.

use super::code_table::code_table;

code_table! {
    /// What a component is. Other codes below 128 are reserved, from 128 on are makers' own.
    ComponentKind {
        General 0 "general" "通用";
        FireAlarmController 1 "fire alarm controller" "火灾报警控制器";
        CombustibleGas 10 "combustible gas detector" "可燃气体探测器";
        PointGas 11 "point combustible gas detector" "点型可燃气体探测器";
        StandAloneGas 12 "stand-alone combustible gas detector" "独立式可燃气体探测器";
        LinearGas 13 "linear combustible gas detector" "线型可燃气体探测器";
        ElectricalFireMonitor 16 "electrical fire monitor" "电气火灾监控报警器";
        ResidualCurrent 17 "residual-current electrical fire detector" "剩余电流式电气火灾监控探测器";
        CableTemperature 18 "temperature electrical fire detector" "测温式电气火灾监控探测器";
        DetectionLoop 21 "detection loop" "探测回路";
        FireDisplayPanel 22 "fire display panel" "火灾显示盘";
        ManualCallPoint 23 "manual call point" "手动火灾报警按钮";
        HydrantButton 24 "hydrant button" "消火栓按钮";
        FireDetector 25 "fire detector" "火灾探测器";
        Heat 30 "heat detector" "感温火灾探测器";
        PointHeat 31 "point heat detector" "点型感温火灾探测器";
        PointHeatS 32 "point heat detector, type S" "点型感温火灾探测器(S型)";
        PointHeatR 33 "point heat detector, type R" "点型感温火灾探测器(R型)";
        LinearHeat 34 "linear heat detector" "线型感温火灾探测器";
        LinearHeatS 35 "linear heat detector, type S" "线型感温火灾探测器(S型)";
        LinearHeatR 36 "linear heat detector, type R" "线型感温火灾探测器(R型)";
        FibreHeat 37 "optical fibre heat detector" "光纤感温火灾探测器";
        Smoke 40 "smoke detector" "感烟火灾探测器";
        IonSmoke 41 "point ionisation smoke detector" "点型离子感烟火灾探测器";
        OpticalSmoke 42 "point photo-electric smoke detector" "点型光电感烟火灾探测器";
        BeamSmoke 43 "beam smoke detector" "线型光束感烟火灾探测器";
        AspiratingSmoke 44 "aspirating smoke detector" "吸气式感烟火灾探测器";
        Combined 50 "combined fire detector" "复合式火灾探测器";
        SmokeHeat 51 "combined smoke and heat detector" "复合式感烟感温火灾探测器";
        LightHeat 52 "combined light and heat detector" "复合式感光感温火灾探测器";
        LightSmoke 53 "combined light and smoke detector" "复合式感光感烟火灾探测器";
        UltravioletFlame 61 "ultraviolet flame detector" "紫外火焰探测器";
        InfraredFlame 62 "infrared flame detector" "红外火焰探测器";
        Flame 69 "light-sensing fire detector" "感光火灾探测器";
        Gas 74 "gas detector" "气体探测器";
        Video 78 "video fire detector" "图像摄像方式火灾探测器";
        Acoustic 79 "acoustic fire detector" "感声火灾探测器";
        GasExtinguishingController 81 "gas extinguishing controller" "气体灭火控制器";
        ElectricalControl 82 "fire electrical control device" "消防电气控制装置";
        ControlRoomDisplay 83 "control-room graphic display" "消防控制室图形显示装置";
        Module 84 "module" "模块";
        InputModule 85 "input module" "输入模块";
        OutputModule 86 "output module" "输出模块";
        InputOutputModule 87 "input and output module" "输入/输出模块";
        RelayModule 88 "relay module" "中继模块";
        FirePump 91 "fire pump" "消防水泵";
        FireWaterTank 92 "fire water tank" "消防水箱";
        SprinklerPump 95 "sprinkler pump" "喷淋泵";
        FlowIndicator 96 "water flow indicator" "水流指示器";
        SignalValve 97 "signal valve" "信号阀";
        AlarmValve 98 "alarm valve" "报警阀";
        PressureSwitch 99 "pressure switch" "压力开关";
        ValveActuator 101 "valve actuator" "阀驱动装置";
        FireDoor 102 "fire door" "防火门";
        FireDamper 103 "fire damper" "防火阀";
        Ventilation 104 "ventilation and air conditioning" "通风空调";
        FoamPump 105 "foam pump" "泡沫液泵";
        SolenoidValve 106 "pipe-network solenoid valve" "管网电磁阀";
        SmokeFan 111 "smoke control fan" "防烟排烟风机";
        SmokeExhaustDamper 113 "smoke-exhaust fire damper" "排烟防火阀";
        AirInlet 114 "normally closed air inlet" "常闭送风口";
        SmokeOutlet 115 "smoke outlet" "排烟口";
        SmokeCurtain 116 "electric smoke curtain" "电控挡烟垂壁";
        ShutterController 117 "fire shutter controller" "防火卷帘控制器";
        DoorMonitor 118 "fire door monitor" "防火门监控器";
        AlarmDevice 121 "alarm device" "警报装置";
    }
}

impl ComponentKind {
    /// Whether "started" says that water or foam is being pumped.
    pub(super) fn is_pump(self) -> bool {
        matches!(self, ComponentKind::FirePump | ComponentKind::SprinklerPump | ComponentKind::FoamPump)
    }

    /// Whether it acts by water flowing through the sprinkler pipes: its feedback is that.
    pub(super) fn senses_flow(self) -> bool {
        matches!(self, ComponentKind::FlowIndicator | ComponentKind::AlarmValve | ComponentKind::PressureSwitch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_defines_sixty_six() {
        assert_eq!(ComponentKind::ALL.len(), 66);
        assert!(ComponentKind::ALL.iter().all(|kind| ComponentKind::from_code(kind.code()) == Some(*kind)));
        assert_eq!(ComponentKind::from_code(121), Some(ComponentKind::AlarmDevice));
        for reserved in [2, 9, 14, 19, 26, 38, 45, 54, 63, 70, 75, 80, 89, 93, 100, 107, 112, 119, 122, 128, 255] {
            assert_eq!(ComponentKind::from_code(reserved), None);
        }
    }
}
