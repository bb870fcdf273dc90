//! The figures of duty checks, by month and site.

use crate::calendar::Month;
use crate::duty::DutyRecord;
use crate::limits::MONTHS_KEPT;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use watchfire_model::{DutyFigures, DutyTally, SiteId, Timestamp};

/// All sites, the newest months.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures(BTreeMap<(Month, SiteId), DutyTally>);

impl Figures {
    pub(crate) fn asked(&mut self, site: &SiteId, at: Timestamp, zone: &TimeZone) {
        self.tally(site, at, zone).asked();
    }

    pub(crate) fn ended(&mut self, record: &DutyRecord, zone: &TimeZone) {
        self.tally(&record.device.site, record.asked_at, zone).ended(record.outcome, record.answer_s());
    }

    /// Sites with duty checks in that month.
    pub(crate) fn sites(&self, month: Month) -> impl Iterator<Item = &SiteId> {
        self.0.keys().filter(move |(counted, _)| *counted == month).map(|(_, site)| site)
    }

    pub(crate) fn of(&self, site: &SiteId, month: Month) -> DutyFigures {
        self.0.get(&(month, site.clone())).map(DutyTally::figures).unwrap_or_default()
    }

    fn tally(&mut self, site: &SiteId, at: Timestamp, zone: &TimeZone) -> &mut DutyTally {
        let month = Month::of(at, zone);
        while let Some(entry) = self.0.first_entry()
            && month.since(entry.key().0) >= MONTHS_KEPT
        {
            entry.remove();
        }
        self.0.entry((month, site.clone())).or_default()
    }
}
