//! Analogue quantities: a signed 16-bit raw value, with a unit and a step by its type.

use super::code_table::code_table;

code_table! {
    /// What is measured. 0 is unused, 13 to 127 are reserved, from 128 on are makers' own.
    Quantity {
        EventCount 1 "event count" "事件计数";
        Height 2 "height" "高度";
        Temperature 3 "temperature" "温度";
        PressureMegapascal 4 "pressure in MPa" "压力(MPa)";
        PressureKilopascal 5 "pressure in kPa" "压力(kPa)";
        Gas 6 "gas concentration" "气体浓度";
        Time 7 "time" "时间";
        Voltage 8 "voltage" "电压";
        Current 9 "current" "电流";
        Flow 10 "flow" "流量";
        AirVolume 11 "air volume" "风量";
        AirSpeed 12 "air speed" "风速";
    }
}

impl Quantity {
    /// The unit of [`Quantity::step`].
    pub fn unit(self) -> &'static str {
        match self {
            Quantity::EventCount => "1",
            Quantity::Height => "m",
            Quantity::Temperature => "Cel",
            Quantity::PressureMegapascal => "MPa",
            Quantity::PressureKilopascal => "kPa",
            Quantity::Gas => "%LEL",
            Quantity::Time => "s",
            Quantity::Voltage => "V",
            Quantity::Current => "A",
            Quantity::Flow => "L/s",
            Quantity::AirVolume => "m3/min",
            Quantity::AirSpeed => "m/s",
        }
    }

    /// What one step of the raw value stands for.
    pub fn step(self) -> f64 {
        match self {
            Quantity::EventCount | Quantity::Time | Quantity::AirSpeed => 1.0,
            Quantity::Height => 0.01,
            Quantity::Temperature
            | Quantity::PressureMegapascal
            | Quantity::PressureKilopascal
            | Quantity::Gas
            | Quantity::Voltage
            | Quantity::Current
            | Quantity::Flow
            | Quantity::AirVolume => 0.1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_defines_twelve() {
        assert_eq!(Quantity::ALL.len(), 12);
        assert!(Quantity::ALL.iter().all(|quantity| Quantity::from_code(quantity.code()) == Some(*quantity)));
        assert_eq!(Quantity::from_code(0), None);
    }
}
