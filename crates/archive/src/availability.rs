//! How much of a span devices were there: from the alerts of class `offline`, which the rules raise when a device is
//! silent for longer than it may be. An outage counts from its alert, not from the last word of the device.

use std::collections::BTreeMap;
use std::time::Duration;
use watchfire_model::{AlertId, DeviceKey, SiteId, Step, Timestamp, Transition};

/// Most devices of one answer.
pub const AVAILABILITY_DEVICES_MAX: usize = 100_000;

/// How much of a span one device was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAvailability {
    /// Which.
    pub device: DeviceKey,
    /// The part of the span since its first reading.
    pub watched: Duration,
    /// Of that the time for which an alert said that it, or its whole site, was offline.
    pub offline: Duration,
    /// How often it went offline, or was so at the beginning.
    pub outages: u64,
    /// False: nothing was heard of it in the span, and no alert of its own says why (that its whole site was offline
    /// for a while does not). It is then no part of its site's figure. What came in the last minute may be missing
    /// here when the archive is on a server, which is told only now and then when a device was heard.
    pub heard: bool,
}

/// How much of a span the devices of one site were there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteAvailability {
    /// Which.
    pub site: SiteId,
    /// Its devices, without those that were not heard.
    pub devices: u64,
    /// Those that were not heard.
    pub unheard: u64,
    /// The sum of its devices.
    pub watched: Duration,
    /// The sum of its devices.
    pub offline: Duration,
    /// The sum of its devices.
    pub outages: u64,
}

/// Devices and their sites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// By site.
    pub sites: Vec<SiteAvailability>,
    /// By site, source and name.
    pub devices: Vec<DeviceAvailability>,
}

/// 0 to 1; `None` when nothing was watched.
pub fn availability_ratio(watched: Duration, offline: Duration) -> Option<f64> {
    (watched > Duration::ZERO).then(|| 1.0 - offline.as_secs_f64() / watched.as_secs_f64())
}

/// A device that is known, and when it was heard first and last.
pub(crate) struct KnownDevice {
    pub(crate) key: DeviceKey,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

type Outage = (Timestamp, Timestamp);

/// From the devices in order, and all transitions of the offline alerts that touch the span, in the order of each alert.
pub(crate) fn availability(
    (from, to): (Timestamp, Timestamp),
    devices: Vec<KnownDevice>,
    transitions: &[Transition],
) -> Availability {
    let (by_device, by_site) = outages(to, transitions);
    let mut answer = Availability::default();
    for known in devices.into_iter().filter(|known| known.first < to) {
        let begin = known.first.max(from);
        let own = by_device.get(&known.key).map_or(&[][..], Vec::as_slice);
        let of_site = by_site.get(&known.key.site).map_or(&[][..], Vec::as_slice);
        let (_, own_outages) = union(begin, to, own.to_vec());
        let heard = known.last >= from || own_outages > 0;
        let (offline, outages) = union(begin, to, [own, of_site].concat());
        answer.devices.push(DeviceAvailability {
            watched: to.since(begin),
            offline,
            outages,
            heard,
            device: known.key,
        });
    }
    for device in &answer.devices {
        if answer.sites.last().is_none_or(|site| site.site != device.device.site) {
            let (site, none) = (device.device.site.clone(), Duration::ZERO);
            answer.sites.push(SiteAvailability {
                site,
                devices: 0,
                unheard: 0,
                watched: none,
                offline: none,
                outages: 0,
            });
        }
        let Some(site) = answer.sites.last_mut() else { continue };
        if device.heard {
            site.devices += 1;
            site.watched += device.watched;
            site.offline += device.offline;
            site.outages += device.outages;
        } else {
            site.unheard += 1;
        }
    }
    answer
}

/// When devices and whole sites were offline. What has not ended lasts to the end of the span.
fn outages(
    to: Timestamp,
    transitions: &[Transition],
) -> (BTreeMap<DeviceKey, Vec<Outage>>, BTreeMap<SiteId, Vec<Outage>>) {
    let (mut by_device, mut by_site) = (BTreeMap::<_, Vec<Outage>>::new(), BTreeMap::<_, Vec<Outage>>::new());
    let mut began = BTreeMap::<AlertId, &Transition>::new();
    let mut end = |first: &Transition, at: Timestamp| match &first.device {
        Some(device) => by_device.entry(device.clone()).or_default().push((first.at, at)),
        None => by_site.entry(first.site.clone()).or_default().push((first.at, at)),
    };
    for transition in transitions {
        match transition.step {
            Step::Raised | Step::Escalated { .. } | Step::Reopened { by: None, .. } => {
                began.entry(transition.alert).or_insert(transition);
            }
            Step::Cleared => {
                if let Some(first) = began.remove(&transition.alert) {
                    end(first, transition.at);
                }
            }
            Step::Acknowledged { .. }
            | Step::Verified { .. }
            | Step::Forwarded { .. }
            | Step::Closed { .. }
            | Step::Reopened { by: Some(_), .. } => {}
        }
    }
    for first in began.into_values() {
        end(first, to);
    }
    (by_device, by_site)
}

/// How long at least one of the outages lasted within the span, and into how many pieces they fall there.
fn union(from: Timestamp, to: Timestamp, mut outages: Vec<Outage>) -> (Duration, u64) {
    outages.sort_unstable();
    let (mut total, mut pieces, mut covered) = (Duration::ZERO, 0, from);
    let mut last_end = None;
    for (begin, end) in outages {
        let (begin, end) = (begin.max(from), end.min(to));
        if begin >= end {
            continue;
        }
        pieces += u64::from(last_end.is_none_or(|last| begin > last));
        total += end.since(begin.max(covered));
        covered = covered.max(end);
        last_end = Some(covered);
    }
    (total, pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_that_overlap_count_once() {
        let at = Timestamp::from_seconds;
        let of = |outages: &[(i64, i64)]| {
            let outages = outages.iter().map(|(from, to)| (at(*from), at(*to))).collect();
            let (total, pieces) = union(at(100), at(200), outages);
            (total.as_secs(), pieces)
        };
        assert_eq!(of(&[]), (0, 0));
        assert_eq!(of(&[(0, 100), (200, 300)]), (0, 0), "outside");
        assert_eq!(of(&[(0, 110), (190, 300)]), (20, 2));
        assert_eq!(of(&[(120, 150), (110, 130), (125, 128)]), (40, 1));
        assert_eq!(of(&[(110, 120), (120, 130)]), (20, 1), "touching is one");
        assert_eq!(of(&[(0, 900)]), (100, 1));
    }
}
