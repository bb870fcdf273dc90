//! The risk's state as bytes.
//!
//! ```text
//! byte 0      version = 1
//! bytes 1..   postcard of `Image`
//! ```
//! Sites and settings are not in it: they are those in force at its position, which the caller has. Indexes, timers and
//! the counts of the areas follow from the state and are made anew; so do the scores of units; they were told when they became so, and are not told again.

use super::cases::Case;
use super::fold::Risk;
use super::held::Readings;
use super::history::History;
use super::ledger::Ledger;
use super::settings::RiskSettings;
use super::unit::{Facts, Unit, Zone};
use super::{Change, Place};
use crate::snapshot::RestoreError;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::VecDeque;
use watchfire_model::{AlertId, SiteId, Sites, Timestamp, ZoneId};

const VERSION: u8 = 1;
/// No snapshot is from later.
const YEAR_2200: Timestamp = Timestamp::from_seconds(7_258_118_400);

#[derive(Serialize, Deserialize)]
struct Image<'a> {
    now: Option<Timestamp>,
    units: Vec<UnitImage<'a>>,
    areas: Vec<(Cow<'a, Place>, Option<u32>, Cow<'a, History>)>,
}

#[derive(Serialize, Deserialize)]
struct UnitImage<'a> {
    id: Cow<'a, SiteId>,
    ledger: Cow<'a, Ledger>,
    zones: Vec<(Cow<'a, ZoneId>, Cow<'a, Ledger>, Cow<'a, History>)>,
    readings: Cow<'a, Readings>,
    cases: Vec<(AlertId, Cow<'a, Case>)>,
    over: Cow<'a, VecDeque<(Timestamp, AlertId)>>,
    history: Cow<'a, History>,
}

impl Risk {
    /// The state after the last applied entry.
    pub fn snapshot(&self) -> Vec<u8> {
        let units = self.units.iter().map(|unit| UnitImage {
            id: Cow::Borrowed(&unit.id),
            ledger: Cow::Borrowed(&unit.ledger),
            zones: unit
                .zones
                .iter()
                .map(|(id, zone)| (Cow::Borrowed(id), Cow::Borrowed(&zone.ledger), Cow::Borrowed(&zone.history)))
                .collect(),
            readings: Cow::Borrowed(&unit.readings),
            cases: unit.cases.iter().map(|(id, case)| (*id, Cow::Borrowed(case))).collect(),
            over: Cow::Borrowed(&unit.over),
            history: Cow::Borrowed(&unit.history),
        });
        let areas = self.areas.iter();
        let areas = areas.map(|area| (Cow::Borrowed(&area.place), area.milli, Cow::Borrowed(&area.history)));
        let image = Image { now: self.now, units: units.collect(), areas: areas.collect() };
        postcard::to_extend(&image, vec![VERSION]).expect("our own types always encode")
    }

    /// The risk of a snapshot, with the sites and settings in force at its position. Others are taken up with
    /// [`Risk::configure`] afterwards.
    ///
    /// # Errors
    /// When the snapshot is of another version or damaged.
    pub fn restore(bytes: &[u8], sites: &Sites, settings: &RiskSettings) -> Result<Risk, RestoreError> {
        let (version, body) = bytes.split_first().ok_or_else(|| RestoreError::Malformed("it is empty".to_owned()))?;
        if *version != VERSION {
            return Err(RestoreError::UnknownVersion(*version));
        }
        let image: Image<'_> =
            postcard::from_bytes(body).map_err(|error| RestoreError::Malformed(error.to_string()))?;
        if image.now.is_some_and(|now| !(Timestamp::EPOCH..YEAR_2200).contains(&now)) {
            return Err(RestoreError::Malformed("its time cannot be".to_owned()));
        }
        let mut risk = Risk::new(sites, settings);
        risk.units = image.units.into_iter().map(unit_of).collect();
        risk.follow(sites);
        risk.now = image.now;
        risk.restore_scores(
            image.areas.into_iter().map(|(place, milli, history)| (place.into_owned(), milli, history.into_owned())),
        );
        Ok(risk)
    }

    /// Scores follow from the state; they were told when they became so.
    fn restore_scores(&mut self, areas: impl Iterator<Item = (Place, Option<u32>, History)>) {
        let histories: Vec<(History, Vec<History>)> = self
            .units
            .iter()
            .map(|unit| (unit.history.clone(), unit.zones.values().map(|zone| zone.history.clone()).collect()))
            .collect();
        let mut told: Vec<Change> = Vec::new();
        self.settle(&mut told);
        for (unit, (history, zones)) in self.units.iter_mut().zip(histories) {
            unit.history = history;
            for (zone, history) in unit.zones.values_mut().zip(zones) {
                zone.history = history;
            }
        }
        for (place, milli, history) in areas {
            let number = self.areas.find(&place);
            if let Some(area) = number.and_then(|number| self.areas.get_mut(number)) {
                (area.milli, area.history) = (milli, history);
            }
        }
    }
}

fn unit_of(image: UnitImage<'_>) -> Unit {
    let id = image.id.into_owned();
    let mut unit = Unit::new(id.clone(), Facts::unlisted(&id));
    unit.ledger = image.ledger.into_owned();
    unit.readings = image.readings.into_owned();
    unit.cases = image.cases.into_iter().map(|(id, case)| (id, case.into_owned())).collect();
    unit.over = image.over.into_owned();
    unit.history = image.history.into_owned();
    for (zone, ledger, history) in image.zones {
        let kept = Zone { ledger: ledger.into_owned(), history: history.into_owned(), ..Zone::default() };
        unit.zones.insert(zone.into_owned(), kept);
    }
    unit
}
