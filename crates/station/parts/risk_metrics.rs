//! The risk's metrics: few labels, whatever the number of units.

use prometheus::{IntCounter, IntGauge, IntGaugeVec, Opts, Registry};
use watchfire_rules::risk::{Band, Risk};

const BANDS: [Band; 4] = [Band::Red, Band::Orange, Band::Yellow, Band::Blue];

/// See the head of this file.
pub(crate) struct RiskMetrics {
    units: IntGaugeVec,
    missing: IntGauge,
    pub(crate) changes: IntCounter,
    pub(crate) lag: IntGauge,
}

impl RiskMetrics {
    /// Registers everything, at zero.
    pub(crate) fn new(registry: &Registry) -> Result<RiskMetrics, prometheus::Error> {
        let metrics = RiskMetrics {
            units: IntGaugeVec::new(
                Opts::new("watchfire_risk_units", "Units by the colour of their risk."),
                &["band"],
            )?,
            missing: IntGauge::new(
                "watchfire_risk_units_half_known",
                "Units of whose risk less than half rests on what is known.",
            )?,
            changes: IntCounter::new("watchfire_risk_changes_total", "Scores that changed by a point or more.")?,
            lag: IntGauge::new("watchfire_risk_lag_entries", "Entries applied and not yet counted in the risk.")?,
        };
        registry.register(Box::new(metrics.units.clone()))?;
        registry.register(Box::new(metrics.missing.clone()))?;
        registry.register(Box::new(metrics.changes.clone()))?;
        registry.register(Box::new(metrics.lag.clone()))?;
        for band in BANDS {
            metrics.units.with_label_values(&[band.as_str()]);
        }
        Ok(metrics)
    }

    /// Counts the units anew.
    pub(crate) fn count(&self, risk: &Risk) {
        let counts = risk.counts();
        for band in BANDS {
            self.units.with_label_values(&[band.as_str()]).set(i64::from(counts.of(band)));
        }
        self.missing.set(i64::from(counts.half_known));
    }
}
