//! The words for metrics, classes and states in both languages, and how figures are written.

use watchfire_model::{Bilingual, Handling, Metric, Unit};

/// A metric as people say it.
pub fn metric_words(metric: &Metric) -> Bilingual {
    let (en, zh) = match metric {
        Metric::SmokeAlarm => ("smoke alarm", "烟雾报警"),
        Metric::HeatAlarm => ("heat alarm", "高温报警"),
        Metric::GasAlarm => ("gas alarm", "燃气报警"),
        Metric::CoAlarm => ("carbon monoxide alarm", "一氧化碳报警"),
        Metric::FlameAlarm => ("flame alarm", "火焰报警"),
        Metric::WaterLeak => ("water leak", "漏水"),
        Metric::ManualAlarm => ("call point pressed", "手动报警"),
        Metric::FlowSwitch => ("sprinkler water flow", "水流指示器动作"),
        Metric::Tamper => ("tampering", "被拆动"),
        Metric::Test => ("test", "测试"),
        Metric::Silenced => ("sounder muted", "已消音"),
        Metric::Fault => ("device fault", "设备故障"),
        Metric::LaneBlocked => ("fire lane blocked", "消防通道被占用"),
        Metric::ValveOpen => ("valve open", "阀门开启"),
        Metric::PumpRunning => ("pump running", "水泵运行"),
        Metric::DoorOpen => ("door open", "门开启"),
        Metric::MainsLost => ("mains supply lost", "主电断电"),
        Metric::Fall => ("person fell", "人员跌倒"),
        Metric::Presence => ("presence", "有人"),
        Metric::BatteryLow => ("battery low", "电池电量低"),
        Metric::Temperature => ("temperature", "温度"),
        Metric::CableTemperature => ("cable temperature", "电缆温度"),
        Metric::Humidity => ("humidity", "湿度"),
        Metric::Gas => ("gas concentration", "燃气浓度"),
        Metric::Voltage => ("voltage", "电压"),
        Metric::Power => ("power", "功率"),
        Metric::WaterPressure => ("fire water pressure", "消防水压"),
        Metric::WaterFlow => ("fire water flow", "消防水流量"),
        Metric::Battery => ("battery charge", "电池电量"),
        Metric::Pressure => ("pressure", "压力"),
        Metric::AirSpeed => ("air speed", "风速"),
        Metric::Duration => ("duration", "时长"),
        Metric::SmokeObscuration => ("smoke obscuration", "烟雾减光率"),
        Metric::SmokeDensity => ("smoke density", "烟雾浓度"),
        Metric::Co => ("carbon monoxide", "一氧化碳浓度"),
        Metric::Co2 => ("carbon dioxide", "二氧化碳浓度"),
        Metric::ResidualCurrent => ("residual current", "剩余电流"),
        Metric::Current => ("current", "电流"),
        Metric::Energy => ("energy", "电能"),
        Metric::WaterLevel => ("fire water level", "消防水位"),
        Metric::Oxygen => ("oxygen", "氧气浓度"),
        Metric::BatteryVoltage => ("battery voltage", "电池电压"),
        Metric::Signal => ("radio signal", "信号强度"),
        Metric::AirFlow => ("air flow", "风量"),
        Metric::Count => ("count", "计数"),
        Metric::FireAlarm => ("fire alarm", "火警"),
        Metric::Shielded => ("shielded", "屏蔽"),
        Metric::Supervisory => ("supervisory signal", "监管"),
        Metric::Started => ("started (opened)", "启动（开启）"),
        Metric::Feedback => ("feedback", "反馈"),
        Metric::Delay => ("in delay", "延时状态"),
        Metric::ManualMode => ("manual mode", "手动状态"),
        Metric::ForeignDialect => {
            ("speaks a dialect: some of its frames are kept unread", "使用私有协议扩展，部分报文仅保存未解析")
        }
        Metric::Vendor(name) => return Bilingual::same(name.as_str()),
    };
    Bilingual::new(en, zh)
}

/// How far people got, as they say it.
pub(crate) fn handling_words(handling: Handling) -> Bilingual {
    let (en, zh) = match handling {
        Handling::Open => ("open", "未处理"),
        Handling::Acknowledged => ("acknowledged", "已确认收到"),
        Handling::Verified => ("verified", "已核实"),
        Handling::Forwarded => ("forwarded", "已转交"),
        Handling::Closed => ("closed", "已关闭"),
    };
    Bilingual::new(en, zh)
}

/// The unit as it is written behind a figure, with the space where one belongs.
pub(crate) fn unit_sign(metric: &Metric) -> &'static str {
    match metric.unit() {
        None | Some(Unit::One) => "",
        Some(Unit::Celsius) => " °C",
        Some(Unit::RelativeHumidity) => " %RH",
        Some(Unit::PercentLel) => " %LEL",
        Some(Unit::Volt) => " V",
        Some(Unit::Watt) => " W",
        Some(Unit::Kilopascal) => " kPa",
        Some(Unit::LitrePerSecond) => " L/s",
        Some(Unit::Percent) => " %",
        Some(Unit::MetrePerSecond) => " m/s",
        Some(Unit::Second) => " s",
        Some(Unit::DecibelPerMetre) => " dB/m",
        Some(Unit::PartsPerMillion) => " ppm",
        Some(Unit::Milliampere) => " mA",
        Some(Unit::Ampere) => " A",
        Some(Unit::KilowattHour) => " kWh",
        Some(Unit::Metre) => " m",
        Some(Unit::VolumePercent) => " vol%",
        Some(Unit::DecibelMilliwatt) => " dBm",
        Some(Unit::CubicMetrePerMinute) => " m³/min",
    }
}

/// A figure with at most three decimals, without idle zeros.
pub(crate) fn figure(number: f64) -> String {
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A figure that was worked out, with three digits that count: more would only look exact.
pub(crate) fn rounded(number: f64) -> String {
    let whole_digits = number.abs().log10().floor();
    if whole_digits >= 2.0 {
        format!("{number:.0}")
    } else if whole_digits >= 1.0 {
        figure((number * 10.0).round() / 10.0)
    } else if whole_digits >= 0.0 {
        figure((number * 100.0).round() / 100.0)
    } else {
        figure(number)
    }
}

/// Microseconds as seconds, for a sentence.
pub(crate) fn seconds(micros: u64) -> f64 {
    std::time::Duration::from_micros(micros).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_worked_out_has_three_digits() {
        for (number, text) in
            [(31.602, "31.6"), (9.098, "9.1"), (0.0824, "0.082"), (-12.36, "-12.4"), (1013.25, "1013"), (0.0, "0")]
        {
            assert_eq!(rounded(number), text);
        }
    }

    #[test]
    fn figures_are_short() {
        for (number, text) in [(57.0, "57"), (0.5, "0.5"), (58.31245, "58.312"), (-0.0001, "0"), (-3.25, "-3.25")] {
            assert_eq!(figure(number), text);
        }
    }
}
