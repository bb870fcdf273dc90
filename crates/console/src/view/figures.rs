//! What the alerts of a span come to, and how things stood at a time.

use super::{AlertDevice, AlertSite, AlertView, Cause, DutyFiguresView, SeriesView, When};
use crate::names::Names;
use crate::report::SpanFigures;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use watchfire_archive::{
    Availability, ClassFigures, DeviceAvailability, DutyOfDevice, Offender, ResponseTimes, SiteAvailability,
    availability_ratio,
};
use watchfire_model::Timestamp;

/// Most devices in the list of those that were away most.
const AWAY_MAX: usize = 20;

/// Figures of a span.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FiguresView {
    /// The span's beginning, itself included.
    pub from: When,
    /// The span's end, itself left out.
    pub to: When,
    /// By class, most urgent first. Alerts of tests are in none of them.
    pub classes: Vec<ClassFiguresView>,
    /// Why alerts were false, most frequent first.
    pub causes: Vec<CauseCountView>,
    /// The devices that raised most alerts, worst first; at most 20.
    pub offenders: Vec<OffenderView>,
    /// Alerts that belong to tests.
    pub tests: u64,
    /// By site: how much of the span its devices were there.
    pub sites: Vec<SiteAvailabilityView>,
    /// The devices that were away longest; at most 20.
    pub away: Vec<DeviceAvailabilityView>,
    /// What the duty checks asked in the span came to, by transmission device.
    pub duty: Vec<DutyOfDeviceView>,
}

/// The alerts of one class.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClassFiguresView {
    /// Which.
    pub class: &'static str,
    /// All; the findings add up to it.
    pub raised: u64,
    /// Found real.
    pub real: u64,
    /// Found false.
    pub false_alarms: u64,
    /// Found to be a drill.
    pub drills: u64,
    /// Nobody could be reached; treated as real.
    pub unreachable: u64,
    /// Without a finding.
    pub unjudged: u64,
    /// Not closed yet.
    pub unclosed: u64,
    /// False ones among those found real, false or unreachable, 0 to 1; `null` when there are none.
    pub false_ratio: Option<f64>,
    /// From raised to acknowledged.
    pub acknowledged: ResponseTimesView,
    /// From raised to verified.
    pub verified: ResponseTimesView,
    /// From raised to forwarded.
    pub forwarded: ResponseTimesView,
    /// From raised to closed.
    pub closed: ResponseTimesView,
}

/// How long it took, of those that got so far.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ResponseTimesView {
    /// How many got so far.
    pub count: u64,
    /// Half took no longer, in seconds; `null` when none got so far.
    pub median_s: Option<f64>,
    /// Nine of ten took no longer.
    pub p90_s: Option<f64>,
    /// The longest.
    pub max_s: Option<f64>,
}

/// Alerts that were false for one cause.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CauseCountView {
    /// Why.
    pub cause: Cause,
    /// How many.
    pub count: u64,
}

/// A device that raises much.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OffenderView {
    /// Its site.
    pub site: AlertSite,
    /// Which.
    pub device: AlertDevice,
    /// Its alerts.
    pub raised: u64,
    /// Those found false.
    pub false_alarms: u64,
}

/// How much of the span the devices of a site were there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SiteAvailabilityView {
    /// Which.
    pub site: AlertSite,
    /// Its devices that count.
    pub devices: u64,
    /// Those that were not heard in the span and that no alert speaks of: they do not count.
    pub unheard: u64,
    /// 0 to 1; `null` when none counts.
    pub ratio: Option<f64>,
    /// Device-seconds offline.
    pub offline_s: f64,
    /// How often one went offline.
    pub outages: u64,
}

/// How much of the span a device was there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeviceAvailabilityView {
    /// Its site.
    pub site: AlertSite,
    /// Which.
    pub device: AlertDevice,
    /// 0 to 1.
    pub ratio: Option<f64>,
    /// Seconds offline.
    pub offline_s: f64,
    /// How often it went offline.
    pub outages: u64,
}

/// What the duty checks of a transmission device came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DutyOfDeviceView {
    /// Its site.
    pub site: AlertSite,
    /// Which.
    pub device: AlertDevice,
    /// The figures.
    pub figures: DutyFiguresView,
}

/// How things stood at a time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ThenView {
    /// When.
    pub at: When,
    /// The alerts that were not over, as they were then: most urgent first.
    pub alerts: Vec<AlertView>,
    /// The last value of each series of the device asked for, as a series of one point.
    pub values: Vec<SeriesView>,
}

/// The devices that were away longest, worst first.
pub(crate) fn most_away(availability: &Availability) -> Vec<&DeviceAvailability> {
    let mut away: Vec<&DeviceAvailability> =
        availability.devices.iter().filter(|device| device.offline > Duration::ZERO).collect();
    away.sort_by_key(|device| std::cmp::Reverse((device.offline, device.outages)));
    away.truncate(AWAY_MAX);
    away
}

impl FiguresView {
    pub(crate) fn new((from, to): (Timestamp, Timestamp), figures: &SpanFigures, names: &Names) -> FiguresView {
        let SpanFigures { alerts: figures, availability, duty } = figures;
        FiguresView {
            from: When(from),
            to: When(to),
            classes: figures.classes.iter().map(ClassFiguresView::from).collect(),
            causes: figures
                .causes
                .iter()
                .map(|(cause, count)| CauseCountView { cause: Cause::from(*cause), count: *count })
                .collect(),
            offenders: figures.offenders.iter().map(|one| OffenderView::new(one, names)).collect(),
            tests: figures.tests,
            sites: availability.sites.iter().map(|site| SiteAvailabilityView::new(site, names)).collect(),
            duty: duty.iter().map(|one| DutyOfDeviceView::new(one, names)).collect(),
            away: most_away(availability)
                .into_iter()
                .map(|device| DeviceAvailabilityView::new(device, names))
                .collect(),
        }
    }
}

impl From<&ClassFigures> for ClassFiguresView {
    fn from(of: &ClassFigures) -> ClassFiguresView {
        ClassFiguresView {
            class: of.class.as_str(),
            raised: of.raised,
            real: of.real,
            false_alarms: of.false_alarms,
            drills: of.drills,
            unreachable: of.unreachable,
            unjudged: of.unjudged,
            unclosed: of.unclosed,
            false_ratio: of.false_ratio(),
            acknowledged: of.acknowledged.into(),
            verified: of.verified.into(),
            forwarded: of.forwarded.into(),
            closed: of.closed.into(),
        }
    }
}

impl From<ResponseTimes> for ResponseTimesView {
    fn from(times: ResponseTimes) -> ResponseTimesView {
        let seconds = |time: Duration| (times.count > 0).then_some(time.as_secs_f64());
        ResponseTimesView {
            count: times.count,
            median_s: seconds(times.median),
            p90_s: seconds(times.p90),
            max_s: seconds(times.max),
        }
    }
}

impl OffenderView {
    fn new(of: &Offender, names: &Names) -> OffenderView {
        OffenderView {
            site: names.alert_site(&of.device.site),
            device: AlertDevice::new(&of.device, names),
            raised: of.raised,
            false_alarms: of.false_alarms,
        }
    }
}

impl SiteAvailabilityView {
    fn new(of: &SiteAvailability, names: &Names) -> SiteAvailabilityView {
        SiteAvailabilityView {
            site: names.alert_site(&of.site),
            devices: of.devices,
            unheard: of.unheard,
            ratio: availability_ratio(of.watched, of.offline),
            offline_s: of.offline.as_secs_f64(),
            outages: of.outages,
        }
    }
}

impl DutyOfDeviceView {
    pub(crate) fn new(of: &DutyOfDevice, names: &Names) -> DutyOfDeviceView {
        DutyOfDeviceView {
            site: names.alert_site(&of.device.site),
            device: AlertDevice::new(&of.device, names),
            figures: DutyFiguresView::from(&of.figures),
        }
    }
}

impl DeviceAvailabilityView {
    fn new(of: &DeviceAvailability, names: &Names) -> DeviceAvailabilityView {
        DeviceAvailabilityView {
            site: names.alert_site(&of.device.site),
            device: AlertDevice::new(&of.device, names),
            ratio: availability_ratio(of.watched, of.offline),
            offline_s: of.offline.as_secs_f64(),
            outages: of.outages,
        }
    }
}
