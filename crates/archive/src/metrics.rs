//! What the writer says of itself to Prometheus.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Everything the writer counts. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub(crate) rows: IntCounterVec,
    pub(crate) batches: IntCounter,
    pub(crate) repeats: IntCounter,
    pub(crate) refused: IntCounter,
    pub(crate) errors: IntCounterVec,
    pub(crate) write_seconds: Histogram,
    pub(crate) fold_seconds: Histogram,
    pub(crate) bytes: IntGauge,
    pub(crate) bytes_max: IntGauge,
    pub(crate) tail: IntGauge,
}

pub(crate) const READINGS: &str = "readings";
pub(crate) const TRANSITIONS: &str = "transitions";
pub(crate) const DELIVERIES: &str = "deliveries";
pub(crate) const ORDERS: &str = "orders";
pub(crate) const ERRORS: [&str; 7] = ["busy", "unavailable", "read_only", "full", "damaged", "moved", "hole"];

impl Metrics {
    pub(crate) fn new() -> Metrics {
        let metrics = Metrics {
            rows: counters("rows_total", "Rows written, by table.", "table"),
            batches: counter("batches_total", "Batches committed."),
            repeats: counter("repeated_readings_total", "Readings left out because they repeat one that is there."),
            refused: counter("refused_readings_total", "Readings left out because their site has too many series."),
            errors: counters("write_errors_total", "Writes that failed, by the next step.", "error"),
            write_seconds: histogram("write_seconds", "Time to write a batch, its fold included."),
            fold_seconds: histogram("fold_seconds", "Time to fold the tail into blocks."),
            bytes: gauge("bytes", "Size of the archive."),
            bytes_max: gauge("bytes_max", "Limit of that size; 0 when there is none."),
            tail: gauge("tail_readings", "Readings that wait to be folded into blocks."),
        };
        for table in [READINGS, TRANSITIONS, DELIVERIES, ORDERS] {
            metrics.rows.with_label_values(&[table]);
        }
        for error in ERRORS {
            metrics.errors.with_label_values(&[error]);
        }
        metrics
    }

    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.rows.clone()))?;
        registry.register(Box::new(self.batches.clone()))?;
        registry.register(Box::new(self.repeats.clone()))?;
        registry.register(Box::new(self.refused.clone()))?;
        registry.register(Box::new(self.errors.clone()))?;
        registry.register(Box::new(self.write_seconds.clone()))?;
        registry.register(Box::new(self.fold_seconds.clone()))?;
        registry.register(Box::new(self.bytes.clone()))?;
        registry.register(Box::new(self.bytes_max.clone()))?;
        registry.register(Box::new(self.tail.clone()))
    }

    pub(crate) fn count(&self, table: &str, rows: usize) {
        self.rows.with_label_values(&[table]).inc_by(rows.try_into().unwrap_or(u64::MAX));
    }
}

/// What a batch came to.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) readings: u64,
    pub(crate) repeats: u64,
    pub(crate) refused: u64,
    pub(crate) transitions: usize,
    pub(crate) deliveries: usize,
    pub(crate) orders: usize,
}

impl Written {
    /// Counts it.
    pub(crate) fn count(&self, metrics: &Metrics) {
        metrics.count(READINGS, usize::try_from(self.readings).unwrap_or(usize::MAX));
        metrics.count(TRANSITIONS, self.transitions);
        metrics.count(DELIVERIES, self.deliveries);
        metrics.count(ORDERS, self.orders);
        metrics.repeats.inc_by(self.repeats);
        metrics.refused.inc_by(self.refused);
    }
}

const VALID: &str = "the name and help are constants that Prometheus takes";

fn name(short: &str) -> String {
    format!("watchfire_archive_{short}")
}

fn counter(short: &str, help: &str) -> IntCounter {
    IntCounter::new(name(short), help).expect(VALID)
}

fn counters(short: &str, help: &str, label: &str) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name(short), help), &[label]).expect(VALID)
}

fn gauge(short: &str, help: &str) -> IntGauge {
    IntGauge::new(name(short), help).expect(VALID)
}

fn histogram(short: &str, help: &str) -> Histogram {
    let buckets = vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
    Histogram::with_opts(HistogramOpts::new(name(short), help).buckets(buckets)).expect(VALID)
}
