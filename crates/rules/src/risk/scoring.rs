//! The score of one unit: a pure function of its sums, readings and facts, of the settings and of the time. It changes
//! with time only at the moments that [`Sight::due`] tells beforehand.

use super::held::{Held, Readings};
use super::ledger::{DUTY_DAYS, FALSE_DAYS, FIRE_DAYS, Ledger, TROUBLE_DAYS};
use super::night::{night, year};
use super::settings::{Factor, Join, Measure, Origin, PARTS, Part, RiskSettings, WHOLE};
use super::unit::{Unit, Zone};
use super::windows::{day_of, earlier};
use super::{HELPED, NIGHT_STAFF, WARNING, WARNING_UNTIL};
use watchfire_model::{Class, Metric, Timestamp, ZoneId};

/// The whole scale, in thousandths of a point.
const FULL: u64 = 100_000;
/// What a unit without a fire can reach, in thousandths of a point: 100 is a fire and nothing else.
const WITHOUT_FIRE: u64 = FULL - 1;
const MILLION: u64 = 1_000_000;
/// More open alerts of one class than this say nothing more.
const SAME_CLASS_MAX: u32 = 16;

/// A score and what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scored {
    /// In thousandths of a point.
    pub(crate) milli: u32,
    /// Without the open alerts, in thousandths of a point.
    pub(crate) standing: u32,
    /// What each part adds, in thousandths of a point; together `milli`.
    pub(crate) parts: [u32; PARTS],
    /// Points of the factors that are known.
    pub(crate) known: u32,
    /// Points of the factors that are counted here.
    pub(crate) counted: u32,
    /// Open fires.
    pub(crate) fires: u32,
}

impl Scored {
    /// The score, 0 to 100. Rounded down, so that only a fire is 100.
    pub(crate) fn score(&self) -> u8 {
        whole(self.milli)
    }

    /// How much of the score rests on what is known, in percent.
    pub(crate) fn known_percent(&self) -> u8 {
        u8::try_from((self.known * 100).checked_div(self.counted).unwrap_or(100)).unwrap_or(100)
    }
}

/// Thousandths of a point as points.
pub(crate) fn whole(milli: u32) -> u8 {
    u8::try_from(milli / 1_000).unwrap_or(100)
}

/// A unit at a time, with all that its score depends on.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) settings: &'a RiskSettings,
    pub(crate) unit: &'a Unit,
    /// The zone, when it is about one.
    pub(crate) zone: Option<(&'a ZoneId, &'a Zone)>,
    /// The readings in which its weather is found.
    pub(crate) weather: &'a [&'a Readings],
    /// `None`: nothing was applied yet.
    pub(crate) now: Option<Timestamp>,
}

/// One factor, judged.
#[derive(Clone, Copy)]
pub(crate) struct Judged<'a> {
    pub(crate) factor: &'a Factor,
    /// In thousandths of its own unit; `None`: not known.
    pub(crate) figure: Option<i64>,
    /// What it gives before open alerts are counted, in thousandths of a point.
    pub(crate) milli: u32,
}

impl<'a> Sight<'a> {
    /// Its score.
    pub(crate) fn score(&self) -> Scored {
        let mut given = [0u32; PARTS];
        let (mut standing, mut known, mut counted) = (0u32, 0u32, 0u32);
        for judged in self.factors() {
            standing += judged.milli;
            counted += u32::from(judged.factor.points);
            known += if judged.figure.is_some() { u32::from(judged.factor.points) } else { 0 };
            if let Some(part) = given.get_mut(judged.factor.part as usize) {
                *part += judged.milli;
            }
        }
        let fires = self.ledger().open(Class::Fire);
        let left = self.left();
        let milli = u64::from(standing) * left + FULL * (MILLION - left);
        let milli = if fires > 0 { FULL } else { (milli / MILLION).min(WITHOUT_FIRE) };
        let mut parts = given.map(|part| shrunk(part, left));
        let others: u32 = parts.iter().sum();
        let milli = u32::try_from(milli).unwrap_or(u32::MAX);
        if let Some(live) = parts.get_mut(Part::Live as usize) {
            // What rounding left over goes to the alerts; without one there is none.
            *live = milli.saturating_sub(others);
        }
        Scored { milli, standing, parts, known, counted, fires }
    }

    /// The factors that are counted here, in the order of the settings.
    pub(crate) fn factors(&self) -> impl Iterator<Item = Judged<'a>> + use<'a> {
        let sight = *self;
        let factors = sight.settings.factors.iter().filter(move |factor| factor.applies_to(sight.unit.facts.kind));
        factors.map(move |factor| {
            let figure = sight.figure(factor);
            let level = match figure {
                None => u32::from(factor.neutral_percent) * WHOLE / 100,
                Some(figure) => level(factor, figure),
            };
            Judged { factor, figure, milli: u32::from(factor.points) * level }
        })
    }

    /// What the open alerts leave of the rest, in millionths: each closes the gap to 100 by its class's share.
    pub(crate) fn left(&self) -> u64 {
        if self.ledger().open(Class::Fire) > 0 {
            return 0;
        }
        let mut left = MILLION;
        for (class, percent) in &self.settings.live {
            for _ in 0..self.ledger().open(*class).min(SAME_CLASS_MAX) {
                left = left * (100 - u64::from(*percent).min(100)) / 100;
            }
        }
        left
    }

    /// The sums of what it is about.
    pub(crate) fn ledger(&self) -> &'a Ledger {
        self.zone.map_or(&self.unit.ledger, |(_, zone)| &zone.ledger)
    }

    /// Known devices of what it is about.
    pub(crate) fn devices(&self) -> u32 {
        self.zone.map_or(self.unit.facts.devices, |(_, zone)| zone.devices)
    }

    /// A factor's figure in thousandths; `None`: not known.
    fn figure(&self, factor: &Factor) -> Option<i64> {
        let now = self.now.unwrap_or(Timestamp::EPOCH);
        let (ledger, today) = (self.ledger(), day_of(now));
        let heard = ledger.told || self.devices() > 0;
        let premises = &self.unit.facts.premises;
        match &factor.measure {
            Measure::OpenFaults => heard.then(|| {
                let seconds = ledger.faults.seconds(now, TROUBLE_DAYS);
                milli(u64::from(ledger.faults.open)) + milli(seconds) / 86_400
            }),
            Measure::OfflineHours => heard.then(|| {
                let hours = milli(u64::from(ledger.offline.open)) * 24;
                let hours = hours + milli(ledger.offline.seconds(now, TROUBLE_DAYS)) / 3_600;
                hours / i64::from(self.devices().max(1))
            }),
            Measure::FalseAlarms => heard.then(|| {
                let alarms = milli(ledger.false_alarms.sum(today, FALSE_DAYS));
                alarms.saturating_mul(100) / i64::from(self.devices().max(100))
            }),
            Measure::PastFires => heard.then(|| milli(ledger.fires.sum(today, FIRE_DAYS))),
            Measure::MissedDutyChecks => self.missed_duty_checks(today),
            Measure::OpenAlerts { classes } => {
                heard.then(|| milli(classes.iter().map(|class| u64::from(ledger.open(*class))).sum()))
            }
            Measure::HelpedPerNightStaff => self.helped_per_night_staff(now),
            Measure::SiteKind { percent } => {
                Some(percent.get(&self.unit.facts.kind).map_or(0, |percent| i64::from(*percent) * 1_000))
            }
            Measure::Age => {
                let built = i64::from(premises.built?);
                self.now.map(|now| (year(now).0 - built).max(0) * 1_000)
            }
            Measure::Height => premises.height_m.map(|metres| i64::from(metres) * 1_000),
            Measure::FireResistance => premises.fire_resistance.map(|class| i64::from(class) * 1_000),
            Measure::CombustibleWalls => premises.combustible_walls.map(|burns| i64::from(burns) * 1_000),
            Measure::Residents => premises.residents.map(|people| i64::from(people) * 1_000),
            Measure::Reading { metric, from, join, stale_after_h } => {
                let fresh = self.readings(metric, *from).filter(|held| held.fresh(now, *stale_after_h));
                join_all(factor, *join, fresh.map(|held| if self.is_over(held, now) { 0 } else { held.judged }))
            }
        }
    }

    /// Always the site's: nobody is on duty in one room.
    pub(crate) fn duty_checks(&self, today: i64) -> (u64, u64) {
        let ledger = &self.unit.ledger;
        (ledger.missed.sum(today, DUTY_DAYS), ledger.answered.sum(today, DUTY_DAYS))
    }

    fn missed_duty_checks(&self, today: i64) -> Option<i64> {
        let (missed, answered) = self.duty_checks(today);
        let asked = i64::try_from(missed + answered).unwrap_or(i64::MAX - 2);
        (asked > 0).then(|| milli(missed).saturating_mul(100) / (asked + 2))
    }

    fn helped_per_night_staff(&self, now: Timestamp) -> Option<i64> {
        let (is_night, _) = night(self.settings.night, self.unit.facts.offset_s?, now);
        let (helped, staff) = (self.sum_of(HELPED)?.max(0), self.sum_of(NIGHT_STAFF)?);
        match (is_night, staff) {
            (false, _) => Some(0),
            (true, staff) if staff > 0 => Some(helped.saturating_mul(1_000) / staff),
            // Nobody awake: as if one person had to fetch them all, and the way there besides.
            (true, _) => Some(helped.saturating_mul(2)),
        }
    }

    fn sum_of(&self, name: &'static str) -> Option<i64> {
        let metric = Metric::Vendor(compact_str::CompactString::const_new(name));
        let found = self.unit.readings.of(&metric, Origin::Site);
        found.map(|held| held.judged).reduce(i64::saturating_add)
    }

    /// The readings that count for what it is about.
    pub(crate) fn readings(&self, metric: &'a Metric, from: Origin) -> impl Iterator<Item = &'a Held> + use<'a> {
        let own = std::slice::from_ref(&self.unit.readings);
        let (own, others): (&'a [Readings], &'a [&'a Readings]) =
            if from == Origin::Weather { (&[], self.weather) } else { (own, &[]) };
        let zone = self.zone.map(|(zone, _)| zone);
        // A zone without a figure of its own goes by the site's.
        let of_zone = |held: &Held| held.zone.as_ref() == zone;
        let shared = from == Origin::Site && zone.is_some() && { !self.unit.readings.of(metric, from).any(of_zone) };
        let all = own.iter().chain(others.iter().copied()).flat_map(move |readings| readings.of(metric, from));
        all.filter(move |held| match zone {
            None => true,
            Some(_) if from == Origin::Weather => true,
            Some(_) if shared => held.zone.is_none(),
            Some(zone) => held.zone.as_ref() == Some(zone),
        })
    }

    /// Whether that is a weather warning that has expired.
    fn is_over(&self, held: &Held, now: Timestamp) -> bool {
        self.warning_until(held).is_some_and(|until| until <= now)
    }

    /// When a weather warning expires: said by the reading beside it, of the same frame.
    fn warning_until(&self, held: &Held) -> Option<Timestamp> {
        if held.from != Origin::Weather || !matches!(&held.metric, Metric::Vendor(name) if name == WARNING) {
            return None;
        }
        let until = Metric::Vendor(compact_str::CompactString::const_new(WARNING_UNTIL));
        let beside = self.weather.iter().flat_map(|readings| readings.of(&until, Origin::Weather));
        let of_frame = beside.filter(|other| other.point == held.point && other.received_at == held.received_at);
        // Thousandths of a second are milliseconds.
        let ends = of_frame.map(|other| other.value).max().filter(|ends| *ends > 0);
        ends.map(|ends| Timestamp(ends.saturating_mul(1_000)))
    }

    /// When the score may change though nothing is told.
    pub(crate) fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let mut due = self.ledger().due(now);
        if self.zone.is_some() {
            return due;
        }
        for factor in &self.settings.factors {
            due = earlier(due, self.factor_due(factor, now));
        }
        due
    }

    fn factor_due(&self, factor: &Factor, now: Timestamp) -> Option<Timestamp> {
        match &factor.measure {
            Measure::HelpedPerNightStaff if self.sum_of(HELPED).is_some() => {
                let offset_s = self.unit.facts.offset_s?;
                Some(night(self.settings.night, offset_s, now).1)
            }
            Measure::Age => self.unit.facts.premises.built.map(|_| year(now).1),
            Measure::Reading { metric, from, stale_after_h, .. } => {
                let ends = |held: &Held| [held.stale_at(*stale_after_h), self.warning_until(held)];
                let ends = self.readings(metric, *from).flat_map(ends).flatten();
                ends.filter(|at| *at > now).min()
            }
            _ => None,
        }
    }
}

/// A factor's share of its points, in thousandths.
fn level(factor: &Factor, figure: i64) -> u32 {
    match factor.measure {
        // Percent in thousandths, as the settings give it.
        Measure::SiteKind { .. } => u32::try_from(figure / 100).unwrap_or(WHOLE).min(WHOLE),
        _ => factor.scale.level(figure),
    }
}

fn join_all(factor: &Factor, join: Join, values: impl Iterator<Item = i64>) -> Option<i64> {
    match join {
        Join::Sum => values.reduce(i64::saturating_add),
        Join::Worst if factor.scale.half_at < factor.scale.none_at => values.min(),
        Join::Worst => values.max(),
    }
}

fn milli(count: u64) -> i64 {
    i64::try_from(count.saturating_mul(1_000)).unwrap_or(i64::MAX / 1_000)
}

/// What open alerts leave of a part.
pub(crate) fn shrunk(part: u32, left: u64) -> u32 {
    u32::try_from(u64::from(part) * left / MILLION).unwrap_or(u32::MAX)
}
