//! The console's own metrics.

use crate::alert_board::ALERTS_MAX;
use crate::device_table::UNCLAIMED_DEVICES_MAX;
use crate::live::Extent;
use crate::sessions::SESSIONS_MAX;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use watchfire_model::Class;

/// Counters and gauges, all there from the start.
#[derive(Debug, Clone)]
pub(crate) struct Meters {
    pub(crate) requests: IntCounterVec,
    pub(crate) request_seconds: Histogram,
    pub(crate) connections_refused: IntCounter,
    pub(crate) event_clients_refused: IntCounter,
    pub(crate) event_clients_behind: IntCounter,
    pub(crate) logins: IntCounterVec,
    pub(crate) orders: IntCounterVec,
    alerts_open: IntGaugeVec,
    devices: IntGauge,
    used: IntGaugeVec,
    left_out: IntGaugeVec,
}

impl Meters {
    /// Registers them.
    ///
    /// # Errors
    /// When one of the names is taken.
    pub(crate) fn new(registry: &Registry, limits: &[(&str, usize)]) -> Result<Meters, prometheus::Error> {
        let meters = Meters {
            requests: counters("requests_total", "Requests answered.", "status", &["2xx", "3xx", "4xx", "5xx"])?,
            request_seconds: request_seconds()?,
            connections_refused: counter("connections_refused_total", "Connections past the limit.")?,
            event_clients_refused: counter("event_clients_refused_total", "Event clients past the limit.")?,
            event_clients_behind: counter("event_clients_behind_total", "Event clients cut off as too slow.")?,
            logins: counters(
                "logins_total",
                "Log-ins tried.",
                "result",
                &["accepted", "wrong", "too_many_tries", "busy"],
            )?,
            orders: counters("orders_total", "Orders given.", "result", &["done", "refused", "not_taken"])?,
            alerts_open: gauges("alerts_open", "Alerts that are not over, as the console shows them.", "class")?,
            devices: gauge("devices", "Devices that are listed or were seen.")?,
            used: gauges("used", "How much of a limit is used.", "limit")?,
            left_out: gauges("left_out", "What was not shown because a limit was reached.", "what")?,
        };
        meters.register(registry, limits)?;
        Ok(meters)
    }

    /// The connections of browsers and clients.
    pub(crate) fn connections(&self) -> IntGauge {
        self.used.with_label_values(&["connections"])
    }

    /// Takes figures that are read rather than counted.
    pub(crate) fn refresh(&self, extent: &Extent, sessions: usize) {
        for class in Class::ALL {
            let count = extent.open_by_class.get(class).copied().unwrap_or(0);
            self.alerts_open.with_label_values(&[class.as_str()]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let open: u64 = extent.open_by_class.values().sum();
        set(&self.used, "alerts", open);
        set(&self.used, "unclaimed_devices", extent.devices_unclaimed);
        set(&self.used, "event_clients", extent.clients);
        self.devices.set(i64::try_from(extent.devices).unwrap_or(i64::MAX));
        set(&self.used, "sessions", sessions);
        set(&self.left_out, "alerts", extent.alerts_left_out_total);
        set(&self.left_out, "devices", extent.devices_left_out_total);
    }

    fn register(&self, registry: &Registry, limits: &[(&str, usize)]) -> Result<(), prometheus::Error> {
        let limit = gauges("limit", "The limits of the console.", "limit")?;
        for (name, value) in limits {
            set(&limit, name, *value);
        }
        set(&limit, "alerts", ALERTS_MAX);
        set(&limit, "unclaimed_devices", UNCLAIMED_DEVICES_MAX);
        set(&limit, "sessions", SESSIONS_MAX);
        registry.register(Box::new(limit))?;
        registry.register(Box::new(self.requests.clone()))?;
        registry.register(Box::new(self.request_seconds.clone()))?;
        registry.register(Box::new(self.connections_refused.clone()))?;
        registry.register(Box::new(self.devices.clone()))?;
        registry.register(Box::new(self.event_clients_refused.clone()))?;
        registry.register(Box::new(self.event_clients_behind.clone()))?;
        registry.register(Box::new(self.logins.clone()))?;
        registry.register(Box::new(self.orders.clone()))?;
        registry.register(Box::new(self.alerts_open.clone()))?;
        registry.register(Box::new(self.used.clone()))?;
        registry.register(Box::new(self.left_out.clone()))
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("watchfire_console_{name}"), help)
}

fn counter(name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    IntCounter::with_opts(opts(name, help))
}

fn gauge(name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    IntGauge::with_opts(opts(name, help))
}

fn gauges(name: &str, help: &str, label: &str) -> Result<IntGaugeVec, prometheus::Error> {
    IntGaugeVec::new(opts(name, help), &[label])
}

/// A counter for each of those values, at zero.
fn counters(name: &str, help: &str, label: &str, values: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    let counters = IntCounterVec::new(opts(name, help), &[label])?;
    for value in values {
        counters.with_label_values(&[value]).reset();
    }
    Ok(counters)
}

fn request_seconds() -> Result<Histogram, prometheus::Error> {
    let buckets = vec![0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
    let name = "watchfire_console_request_seconds";
    Histogram::with_opts(HistogramOpts::new(name, "Time from a request to the head of its answer.").buckets(buckets))
}

fn set(gauges: &IntGaugeVec, label: &str, value: impl TryInto<i64>) {
    gauges.with_label_values(&[label]).set(value.try_into().unwrap_or(i64::MAX));
}
