//! What a panel can say of a point, as metrics.
//!
//! A fire of a system, of the transmission device, or of a component whose type does not say what it senses is told as
//! `fire_alarm`: class fire, latched, never weakened by a rule, and not called smoke.

use super::component_kind::ComponentKind;
use compact_str::CompactString;
use watchfire_model::Metric;

macro_rules! statements {
    ($($variant:ident $metric:expr, $rank:ident, $ends:literal;)*) => {
        /// A statement that is true or false of a point.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub(super) enum Statement { $($variant,)* }

        impl Statement {
            /// Every statement; its place is its bit in a [`Set`], which is in the snapshot: add at the end.
            pub(super) const ALL: &'static [Statement] = &[$(Statement::$variant,)*];

            pub(super) fn metric(self) -> Metric {
                match self { $(Statement::$variant => $metric,)* }
            }

            pub(super) fn rank(self) -> Rank {
                match self { $(Statement::$variant => Rank::$rank,)* }
            }

            /// Whether it is told of every state, true or false.
            pub(super) fn is_told_always(self) -> bool {
                self.rank() == Rank::Life || self == Statement::Fault
            }

            /// Whether it is the state of a point, rather than something that a person did there.
            pub(super) fn is_state(self) -> bool {
                !matches!(self, Statement::Silenced | Statement::Test | Statement::ForeignDialect)
            }

            /// Whether a reset ends it. Faults, shielding and modes outlive a reset: the panel says when they end.
            pub(super) fn ends_at_reset(self) -> bool {
                match self { $(Statement::$variant => $ends,)* }
            }
        }
    };
}

statements! {
    Smoke Metric::SmokeAlarm, Life, true;
    Heat Metric::HeatAlarm, Life, true;
    Flame Metric::FlameAlarm, Life, true;
    Gas Metric::GasAlarm, Life, true;
    Manual Metric::ManualAlarm, Life, true;
    Flow Metric::FlowSwitch, Life, true;
    Fault Metric::Fault, Trouble, false;
    MainsLost Metric::MainsLost, Trouble, false;
    BatteryLow Metric::BatteryLow, Trouble, false;
    Tamper Metric::Tamper, Trouble, false;
    PumpRunning Metric::PumpRunning, Trouble, true;
    Supervisory Metric::Supervisory, Rest, true;
    Shielded Metric::Shielded, Rest, false;
    Started Metric::Started, Rest, true;
    Feedback Metric::Feedback, Rest, true;
    Delay Metric::Delay, Rest, true;
    ManualMode Metric::ManualMode, Rest, false;
    ConfigChanged vendor("config_changed"), Rest, true;
    Silenced Metric::Silenced, Rest, true;
    Test Metric::Test, Rest, true;
    Fire Metric::FireAlarm, Life, true;
    ForeignDialect Metric::ForeignDialect, Trouble, false;
}

/// What goes first when a frame holds more than its readings may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Life,
    Trouble,
    Rest,
}

impl Rank {
    pub(super) const ALL: [Rank; 3] = [Rank::Life, Rank::Trouble, Rank::Rest];
}

/// Some statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Set(u32);

impl Set {
    pub(super) fn has(self, statement: Statement) -> bool {
        self.0 & bit(statement) != 0
    }

    pub(super) fn add(&mut self, statement: Statement) {
        self.0 |= bit(statement);
    }

    pub(super) fn remove(&mut self, statement: Statement) {
        self.0 &= !bit(statement);
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

fn bit(statement: Statement) -> u32 {
    1 << (statement as u8)
}

/// What a fire of a component is.
pub(super) fn fire_of(component_type: u8) -> Statement {
    let Some(kind) = ComponentKind::from_code(component_type) else { return Statement::Fire };
    match kind {
        ComponentKind::ManualCallPoint | ComponentKind::HydrantButton => Statement::Manual,
        ComponentKind::Heat
        | ComponentKind::PointHeat
        | ComponentKind::PointHeatS
        | ComponentKind::PointHeatR
        | ComponentKind::LinearHeat
        | ComponentKind::LinearHeatS
        | ComponentKind::LinearHeatR
        | ComponentKind::FibreHeat
        | ComponentKind::CableTemperature => Statement::Heat,
        ComponentKind::UltravioletFlame
        | ComponentKind::InfraredFlame
        | ComponentKind::Flame
        | ComponentKind::LightHeat
        | ComponentKind::Video => Statement::Flame,
        ComponentKind::CombustibleGas
        | ComponentKind::PointGas
        | ComponentKind::StandAloneGas
        | ComponentKind::LinearGas
        | ComponentKind::Gas => Statement::Gas,
        ComponentKind::Smoke
        | ComponentKind::IonSmoke
        | ComponentKind::OpticalSmoke
        | ComponentKind::BeamSmoke
        | ComponentKind::AspiratingSmoke
        | ComponentKind::SmokeHeat
        | ComponentKind::LightSmoke => Statement::Smoke,
        kind if kind.senses_flow() => Statement::Flow,
        // Whatever else says that it burns.
        _ => Statement::Fire,
    }
}

const fn vendor(name: &'static str) -> Metric {
    Metric::Vendor(CompactString::const_new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_has_its_bit() {
        assert!(Statement::ALL.len() <= 32);
        for (place, statement) in Statement::ALL.iter().enumerate() {
            assert_eq!(*statement as usize, place);
            let mut set = Set::default();
            set.add(*statement);
            assert!(set.has(*statement) && !set.is_empty());
            set.remove(*statement);
            assert!(set.is_empty());
        }
    }

    #[test]
    fn a_fire_of_any_component_is_a_danger_to_life() {
        for code in 0..=u8::MAX {
            assert_eq!(fire_of(code).rank(), Rank::Life);
        }
        assert_eq!(fire_of(23), Statement::Manual);
        assert_eq!(fire_of(31), Statement::Heat);
        assert_eq!(fire_of(42), Statement::Smoke);
        assert_eq!(fire_of(25), Statement::Fire);
        assert_eq!(fire_of(0), Statement::Fire);
        assert_eq!(fire_of(200), Statement::Fire);
    }
}
