//! Which readings the score looks at: asked of every reading, so it compares a few metrics and looks nothing up.

use super::settings::{Join, Measure, Origin, RiskSettings, Scale};
use super::{DUTY_CHECK, DUTY_CHECK_REPLY, HELPED, INSPECTED, NIGHT_STAFF, RISK_DEVICE, WARNING_UNTIL, WEATHER_DEVICE};
use compact_str::CompactString;
use watchfire_model::{Decoded, DeviceName, Metric, Reading, Source, Value};

/// Air in the shade has never been hotter, in °C; a reading above is a detector's, whatever it is called.
const WEATHER_DEGREES_MAX: f64 = 50.0;

/// The metrics that are looked at, by the devices they come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    site: Vec<Watched>,
    weather: Vec<Watched>,
    device: Vec<Watched>,
}

/// A metric that is looked at, and what for.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    metric: Metric,
    pub(crate) uses: Vec<Use>,
}

/// What a factor does with a reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    /// `None`: every change counts.
    pub(crate) scale: Option<Scale>,
    pub(crate) stale_after_h: Option<u32>,
}

impl Watch {
    pub(crate) fn of(settings: &RiskSettings) -> Watch {
        let every_change = vec![Use { scale: None, stale_after_h: None }];
        let vendor = |name: &'static str, uses: &[Use]| Watched {
            metric: Metric::Vendor(CompactString::const_new(name)),
            uses: uses.to_vec(),
        };
        let mut watch = Watch {
            site: vec![
                vendor(HELPED, &every_change),
                vendor(NIGHT_STAFF, &every_change),
                vendor(DUTY_CHECK, &[]),
                vendor(INSPECTED, &[]),
            ],
            weather: vec![vendor(WARNING_UNTIL, &every_change)],
            device: vec![vendor(DUTY_CHECK_REPLY, &[])],
        };
        for factor in &settings.factors {
            if let Measure::Reading { metric, from, join, stale_after_h } = &factor.measure {
                // What is added up moves by what each adds, and small figures may add up.
                let scale = (*join == Join::Worst).then_some(factor.scale);
                watch.add(*from, metric, Use { scale, stale_after_h: *stale_after_h });
            }
        }
        watch
    }

    fn add(&mut self, from: Origin, metric: &Metric, used: Use) {
        let watched = match from {
            Origin::Site => &mut self.site,
            Origin::Weather => &mut self.weather,
            Origin::Device => &mut self.device,
        };
        match watched.iter_mut().find(|watched| watched.metric == *metric) {
            Some(watched) => watched.uses.push(used),
            None => watched.push(Watched { metric: metric.clone(), uses: vec![used] }),
        }
    }

    /// What a reading of a device of that kind is looked at for; `None`: it is not.
    pub(crate) fn find(&self, from: Origin, metric: &Metric) -> Option<&Watched> {
        let watched = match from {
            Origin::Site => &self.site,
            Origin::Weather => &self.weather,
            Origin::Device => &self.device,
        };
        watched.iter().find(|watched| watched.metric == *metric)
    }
}

/// What kind of device that is: the two pseudo devices speak our own scheme.
pub(crate) fn origin(source: Source, device: &DeviceName) -> Origin {
    match (source, device.as_str()) {
        (Source::Watchfire, RISK_DEVICE) => Origin::Site,
        (Source::Watchfire, WEATHER_DEVICE) => Origin::Weather,
        _ => Origin::Device,
    }
}

/// Whether a frame holds nothing but figures of a pseudo device: they are no detector's, so that the rules neither judge
/// them nor wait for the next. Whatever else it holds, a heat that no weather brings included, is judged.
pub(crate) fn is_figures(decoded: &Decoded) -> bool {
    let Some(device) = &decoded.device else { return false };
    let from = origin(decoded.source, device);
    let is_figure = |reading: &Reading| match (from, &reading.metric) {
        (Origin::Site | Origin::Weather, Metric::Vendor(name)) => name.starts_with("risk."),
        (Origin::Weather, Metric::Temperature) => {
            matches!(reading.value, Value::Number(degrees) if degrees <= WEATHER_DEGREES_MAX)
        }
        (Origin::Weather, Metric::Humidity | Metric::AirSpeed) => true,
        _ => false,
    };
    from != Origin::Device && decoded.presence.is_none() && decoded.readings.iter().all(is_figure)
}

/// What a duty check came to, as a reading tells it: true for answered.
pub(crate) fn duty_check(from: Origin, reading: &Reading) -> Option<bool> {
    let Metric::Vendor(name) = &reading.metric else { return None };
    match (from, name.as_str()) {
        (Origin::Site, DUTY_CHECK) => reading.value.as_bool(),
        (Origin::Device, DUTY_CHECK_REPLY) => Some(true),
        _ => None,
    }
}
