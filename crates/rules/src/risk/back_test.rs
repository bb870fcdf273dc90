//! How well the order of risk stood before each real fire: the proof that a set of weights is worth having, or the lack
//! of it. Replay a journal through the rules and [`super::Risk`], keep the changes and the transitions, and judge them
//! here. Pure: nothing is read but what is given.
//!
//! A *real fire* is an alert of class fire that a person verified as real; its time is when it became a fire. The order
//! looked at is the one a *lead* before that (a day, say), so that the fire's own early warnings do not count for it. The
//! *percentile* is the share of the other units that stood lower, units that stood as high counting half: 100 means that
//! the unit was the first to be inspected, 50 is what chance gives. A fire within a day of another at the same site, or
//! within the lead, is the same fire; one at a site that had no score yet is told and not judged.

use super::{Change, Place};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use watchfire_model::{AlertId, Bilingual, Class, SiteId, Step, Timestamp, Transition, Verdict};

/// Fires nearer together than this at one site are one.
const SAME_FIRE: Duration = Duration::from_secs(86_400);

/// What a back-test found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackTest {
    /// How long before each fire the order was looked at.
    pub lead: Duration,
    /// The real fires, in the order of their times.
    pub fires: Vec<FireRank>,
}

/// How one real fire's site stood before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FireRank {
    /// The fire.
    pub alert: AlertId,
    /// Where.
    pub site: SiteId,
    /// When it became a fire.
    pub at: Timestamp,
    /// How the site stood; `None`: it had no score yet.
    pub stood: Option<Stood>,
}

/// A place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stood {
    /// The site's score.
    pub score: u8,
    /// Its rank from 1; of equals the best.
    pub rank: u32,
    /// Of so many units.
    pub of: u32,
    /// In thousandths: 1000 is first, 500 is chance.
    pub percentile: u32,
}

/// Judges the order of risk by the real fires. Both lists in the order of their times, as they came out.
pub fn back_test(changes: &[Change], transitions: &[Transition], lead: Duration) -> BackTest {
    let mut scores: BTreeMap<&SiteId, u8> = BTreeMap::new();
    let mut coming = changes.iter().peekable();
    let fires = real_fires(transitions, lead.max(SAME_FIRE)).into_iter().map(|(at, alert, site)| {
        while let Some(change) = coming.next_if(|change| change.at < at.minus(lead)) {
            if let Place::Site(site) = &change.place {
                scores.insert(site, change.to);
            }
        }
        FireRank { alert, site: site.clone(), at, stood: stood(&scores, site) }
    });
    BackTest { lead, fires: fires.collect() }
}

fn stood(scores: &BTreeMap<&SiteId, u8>, site: &SiteId) -> Option<Stood> {
    let score = *scores.get(site)?;
    let count = |what: fn(&u8, &u8) -> bool| u32::try_from(scores.values().filter(|other| what(other, &score)).count());
    let (higher, equal) = (count(|other, own| other > own).ok()?, count(|other, own| other == own).ok()? - 1);
    let of = u32::try_from(scores.len()).ok()?;
    let lower = of - 1 - higher - equal;
    let percentile = (1_000 * u64::from(2 * lower + equal)).checked_div(u64::from(2 * (of - 1))).unwrap_or(500);
    Some(Stood { score, rank: higher + 1, of, percentile: u32::try_from(percentile).ok()? })
}

/// The fires that were verified as real, by the time at which they became fires.
fn real_fires(transitions: &[Transition], apart: Duration) -> Vec<(Timestamp, AlertId, &SiteId)> {
    let mut became: BTreeMap<AlertId, (Timestamp, &SiteId)> = BTreeMap::new();
    let mut real: BTreeMap<AlertId, bool> = BTreeMap::new();
    for transition in transitions.iter().filter(|transition| transition.class == Class::Fire) {
        became.entry(transition.alert).or_insert((transition.at, &transition.site));
        if let Step::Verified { verdict, .. } = &transition.step {
            real.insert(transition.alert, *verdict == Verdict::Real);
        }
    }
    let found = became.into_iter().filter(|(alert, _)| real.get(alert) == Some(&true));
    let mut fires: Vec<_> = found.map(|(alert, (at, site))| (at, alert, site)).collect();
    fires.sort();
    let mut last: BTreeMap<&SiteId, Timestamp> = BTreeMap::new();
    fires.retain(|(at, _, site)| last.insert(site, *at).is_none_or(|before| at.since(before) > apart));
    fires
}

impl BackTest {
    /// The percentiles of the fires that could be judged, lowest first, in thousandths.
    fn percentiles(&self) -> Vec<u32> {
        let mut found: Vec<u32> = self.fires.iter().filter_map(|fire| Some(fire.stood?.percentile)).collect();
        found.sort_unstable();
        found
    }

    /// The mean percentile in thousandths; 500 is chance. `None`: no fire could be judged.
    pub fn mean_percentile(&self) -> Option<u32> {
        let found = self.percentiles();
        let sum: u64 = found.iter().map(|percentile| u64::from(*percentile)).sum();
        sum.checked_div(u64::try_from(found.len()).ok()?).and_then(|mean| u32::try_from(mean).ok())
    }

    /// So many fires were among the first tenth of the units.
    pub fn in_first_tenth(&self) -> usize {
        let first = |fire: &&FireRank| fire.stood.is_some_and(|stood| (stood.rank - 1) * 10 < stood.of);
        self.fires.iter().filter(first).count()
    }

    /// The finding in one sentence.
    pub fn summary(&self) -> Bilingual {
        let (fires, hours) = (self.fires.len(), self.lead.as_secs() / 3_600);
        let judged = self.percentiles().len();
        let Some(mean) = self.mean_percentile() else {
            return Bilingual::new(
                format!("{fires} real fires, none of which could be judged"),
                format!("真实火灾 {fires} 起，均无法评价"),
            );
        };
        let (mean, first) = (tenths(mean), self.in_first_tenth());
        Bilingual::new(
            format!(
                "{judged} of {fires} real fires judged {hours} h before: mean percentile {mean} (chance gives 50), \
                 {first} among the first tenth of the units"
            ),
            format!(
                "真实火灾 {fires} 起，可评价 {judged} 起（提前 {hours} 小时）：平均百分位 {mean}（随机为 50），{first} 起位于风险前 10% 的单位"
            ),
        )
    }
}

/// One line per fire, then the finding in both languages.
impl fmt::Display for BackTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fire in &self.fires {
            match fire.stood {
                Some(Stood { score, rank, of, percentile }) => {
                    let percentile = tenths(percentile);
                    writeln!(f, "{} {} score {score} rank {rank} of {of} percentile {percentile}", fire.at, fire.site)?;
                }
                None => writeln!(f, "{} {} had no score yet", fire.at, fire.site)?,
            }
        }
        let summary = self.summary();
        writeln!(f, "{}\n{}", summary.en, summary.zh)
    }
}

/// Thousandths as percent with one decimal.
fn tenths(thousandths: u32) -> String {
    format!("{}.{}", thousandths / 10, thousandths % 10)
}
