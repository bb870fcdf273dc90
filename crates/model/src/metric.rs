//! What is measured, and in which unit. Everything is converted to these at the edge.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident $name:literal $unit:expr;)*) => {
        /// A canonical metric, or a maker's own quantity. The order of the variants is on disk: add at the end.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric {
            $($(#[$doc])* $variant,)*
            /// A maker's own quantity, shown as `vendor.<name>`; judged only by a rule that names it.
            Vendor(CompactString),
        }

        impl Metric {
            /// Every canonical metric.
            pub const CANONICAL: &'static [Metric] = &[$(Metric::$variant,)*];

            /// The canonical metric of that name; `vendor.<name>` for the rest of the `vendor.` space.
            pub fn from_name(name: &str) -> Option<Metric> {
                match name {
                    $($name => Some(Metric::$variant),)*
                    _ => name.strip_prefix("vendor.").filter(|rest| !rest.is_empty() && rest.len() <= 64)
                        .map(|rest| Metric::Vendor(CompactString::new(rest))),
                }
            }

            /// The canonical unit; `None` for booleans and for vendor metrics.
            pub fn unit(&self) -> Option<Unit> {
                match self {
                    $(Metric::$variant => $unit,)*
                    Metric::Vendor(_) => None,
                }
            }

            fn canonical_name(&self) -> &'static str {
                match self {
                    $(Metric::$variant => $name,)*
                    Metric::Vendor(_) => "",
                }
            }
        }
    };
}

metrics! {
    /// A smoke detector's own alarm.
    SmokeAlarm "smoke_alarm" None;
    /// A heat detector's own alarm.
    HeatAlarm "heat_alarm" None;
    /// A gas alarm's own alarm.
    GasAlarm "gas_alarm" None;
    /// A carbon monoxide alarm's own alarm.
    CoAlarm "co_alarm" None;
    /// A flame detector's own alarm.
    FlameAlarm "flame_alarm" None;
    /// Water where none should be.
    WaterLeak "water_leak" None;
    /// A person pressed a call point.
    ManualAlarm "manual_alarm" None;
    /// Water flows in a sprinkler pipe.
    FlowSwitch "flow_switch" None;
    /// Taken off its base or opened.
    Tamper "tamper" None;
    /// A test of the device is running.
    Test "test" None;
    /// The device's sounder is muted.
    Silenced "silenced" None;
    /// The device reports a fault of its own.
    Fault "fault" None;
    /// A fire lane is blocked.
    LaneBlocked "lane_blocked" None;
    /// A valve is open.
    ValveOpen "valve_open" None;
    /// A pump runs.
    PumpRunning "pump_running" None;
    /// A door is open.
    DoorOpen "door_open" None;
    /// The mains supply is lost.
    MainsLost "mains_lost" None;
    /// A person fell.
    Fall "fall" None;
    /// Somebody is there.
    Presence "presence" None;
    /// The battery is low, as the device says.
    BatteryLow "battery_low" None;
    /// Temperature of the air.
    Temperature "temperature" Some(Unit::Celsius);
    /// Temperature of a cable or busbar.
    CableTemperature "cable_temperature" Some(Unit::Celsius);
    /// Relative humidity.
    Humidity "humidity" Some(Unit::RelativeHumidity);
    /// Combustible gas.
    Gas "gas" Some(Unit::PercentLel);
    /// Supply voltage.
    Voltage "voltage" Some(Unit::Volt);
    /// Active power.
    Power "power" Some(Unit::Watt);
    /// Pressure of fire water.
    WaterPressure "water_pressure" Some(Unit::Kilopascal);
    /// Flow of fire water.
    WaterFlow "water_flow" Some(Unit::LitrePerSecond);
    /// Battery charge.
    Battery "battery" Some(Unit::Percent);
    /// Pressure other than water.
    Pressure "pressure" Some(Unit::Kilopascal);
    /// Air speed.
    AirSpeed "air_speed" Some(Unit::MetrePerSecond);
    /// A duration.
    Duration "duration" Some(Unit::Second);
    /// Light lost per metre of smoke.
    SmokeObscuration "smoke_obscuration" Some(Unit::DecibelPerMetre);
    /// Smoke density as the maker reports it.
    SmokeDensity "smoke_density" Some(Unit::Percent);
    /// Carbon monoxide.
    Co "co" Some(Unit::PartsPerMillion);
    /// Carbon dioxide.
    Co2 "co2" Some(Unit::PartsPerMillion);
    /// Residual current.
    ResidualCurrent "residual_current" Some(Unit::Milliampere);
    /// Current.
    Current "current" Some(Unit::Ampere);
    /// Energy.
    Energy "energy" Some(Unit::KilowattHour);
    /// Level of fire water.
    WaterLevel "water_level" Some(Unit::Metre);
    /// Oxygen.
    Oxygen "oxygen" Some(Unit::VolumePercent);
    /// Battery voltage.
    BatteryVoltage "battery_voltage" Some(Unit::Volt);
    /// Radio signal.
    Signal "signal" Some(Unit::DecibelMilliwatt);
    /// Air flow.
    AirFlow "air_flow" Some(Unit::CubicMetrePerMinute);
    /// A count.
    Count "count" Some(Unit::One);
    /// A fire of which only that is known: of a system, or of a component whose type says nothing.
    FireAlarm "fire_alarm" None;
    /// Shielded: a fire panel does not listen to this point.
    Shielded "shielded" None;
    /// A fire panel's supervisory signal.
    Supervisory "supervisory" None;
    /// A fire facility was started or opened.
    Started "started" None;
    /// A fire facility answers that it has acted.
    Feedback "feedback" None;
    /// A fire facility waits before it acts.
    Delay "delay" None;
    /// A fire system acts only when a person makes it.
    ManualMode "manual_mode" None;
    /// A device sends what its protocol's standard does not know.
    ForeignDialect "foreign_dialect" None;
}

impl Metric {
    /// Whether readings of this metric are true or false; `None` for vendor metrics, which may be either.
    pub fn is_boolean(&self) -> Option<bool> {
        match self {
            Metric::Vendor(_) => None,
            canonical => Some(canonical.unit().is_none()),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Vendor(name) => write!(f, "vendor.{name}"),
            canonical => f.write_str(canonical.canonical_name()),
        }
    }
}

// As its name, in JSON and on disk alike: a journal outlives the order of an enum.
impl Serialize for Metric {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Metric::Vendor(_) => serializer.collect_str(self),
            canonical => serializer.serialize_str(canonical.canonical_name()),
        }
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Metric, D::Error> {
        let name = CompactString::deserialize(deserializer)?;
        Metric::from_name(&name).ok_or_else(|| serde::de::Error::custom(format!("`{name}` is not a metric")))
    }
}

macro_rules! units {
    ($($(#[$doc:meta])* $variant:ident $code:literal;)*) => {
        /// The canonical units, by their UCUM code where there is one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Unit { $($(#[$doc])* $variant,)* }

        impl Unit {
            /// The code used in JSON, configuration and on screens.
            pub fn code(self) -> &'static str {
                match self { $(Unit::$variant => $code,)* }
            }

            /// The unit of that exact code.
            pub fn from_code(code: &str) -> Option<Unit> {
                match code { $($code => Some(Unit::$variant),)* _ => None }
            }
        }
    };
}

units! {
    /// Degree Celsius.
    Celsius "Cel";
    /// Percent relative humidity.
    RelativeHumidity "%RH";
    /// Percent of the lower explosive limit.
    PercentLel "%LEL";
    /// Volt.
    Volt "V";
    /// Watt.
    Watt "W";
    /// Kilopascal.
    Kilopascal "kPa";
    /// Litre per second.
    LitrePerSecond "L/s";
    /// Percent.
    Percent "%";
    /// Metre per second.
    MetrePerSecond "m/s";
    /// Second.
    Second "s";
    /// Decibel per metre.
    DecibelPerMetre "dB/m";
    /// Parts per million.
    PartsPerMillion "ppm";
    /// Milliampere.
    Milliampere "mA";
    /// Ampere.
    Ampere "A";
    /// Kilowatt hour.
    KilowattHour "kWh";
    /// Metre.
    Metre "m";
    /// Percent by volume.
    VolumePercent "vol%";
    /// Decibel milliwatt.
    DecibelMilliwatt "dBm";
    /// Cubic metre per minute.
    CubicMetrePerMinute "m3/min";
    /// A pure number.
    One "1";
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_vendor_names_stay() {
        for metric in Metric::CANONICAL {
            assert_eq!(Metric::from_name(&metric.to_string()).as_ref(), Some(metric));
        }
        assert_eq!(Metric::from_name("vendor.lux").unwrap().to_string(), "vendor.lux");
        assert_eq!(Metric::from_name("vendor."), None);
        assert_eq!(Metric::from_name("smokealarm"), None);
    }
}
