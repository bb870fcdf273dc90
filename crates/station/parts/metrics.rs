//! The station's own metrics: the way of a frame from part to part.

use prometheus::{Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use std::time::Duration;
use watchfire_inspection::{DutyOutcome, Ended, Outcome, Question};
use watchfire_model::{Class, Defect, DefectKind, Step, Transition};

/// A disk used to this part may keep the alert log waiting, which has a reserve of its own.
const DISK_FULL_RATIO: f64 = 0.99;

/// From 0.5 ms to about 16 s.
fn latency_buckets() -> Vec<f64> {
    (0..16).map(|power| 0.000_5 * f64::from(1 << power)).collect()
}

/// See the head of this file.
pub(crate) struct StationMetrics {
    pub(crate) journal_full: IntGauge,
    pub(crate) journal_reserve_held: IntGauge,
    pub(crate) part_failures: IntCounterVec,
    entries: IntCounter,
    sync: Histogram,
    latency: HistogramVec,
    defects: IntCounterVec,
    transitions: IntCounterVec,
    rules_lag_entries: IntGauge,
    rules_lag_seconds: Gauge,
    archive_lag_entries: IntGauge,
    archive_lag_seconds: Gauge,
    pub(crate) archive_failures: IntCounter,
    pub(crate) replay_differences: IntCounter,
    pub(crate) skipped_entries: IntCounter,
    pub(crate) snapshots: IntCounter,
    pub(crate) probe_ok: IntGauge,
    pub(crate) probe_failures: IntCounter,
    pub(crate) disk_used_ratio: Gauge,
    pub(crate) reloads: IntCounterVec,
    pub(crate) reports: IntCounterVec,
    exchanges: IntCounterVec,
    duty_checks: IntCounterVec,
    guards_asked: IntGauge,
}

impl StationMetrics {
    /// Registers everything, at zero.
    pub(crate) fn new(registry: &Registry) -> Result<StationMetrics, prometheus::Error> {
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let ratio_or_seconds = |name: &str, help: &str| -> Result<Gauge, prometheus::Error> {
            let gauge = Gauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec, prometheus::Error> {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok(counters)
        };
        let sync = Histogram::with_opts(
            HistogramOpts::new("watchfire_journal_batch_seconds", "From taking a batch to its fdatasync.")
                .buckets(latency_buckets()),
        )?;
        registry.register(Box::new(sync.clone()))?;
        let latency = HistogramVec::new(
            HistogramOpts::new(
                "watchfire_alarm_latency_seconds",
                "An alarm's way, from the entry's stamp to each stage.",
            )
            .buckets(latency_buckets()),
            &["stage"],
        )?;
        registry.register(Box::new(latency.clone()))?;
        let metrics = StationMetrics {
            journal_full: gauge("watchfire_journal_full", "1 while the disk is full and acknowledging has stopped.")?,
            journal_reserve_held: gauge(
                "watchfire_journal_reserve_held",
                "0 while the journal's reserve is given up because the disk is full.",
            )?,
            part_failures: counters(
                "watchfire_part_failures_total",
                "Faults of parts that were begun again.",
                &["part"],
            )?,
            entries: counter("watchfire_journal_entries_total", "Entries made durable.")?,
            sync,
            latency,
            defects: counters("watchfire_defects_total", "What was wrong with frames, by kind.", &["kind"])?,
            transitions: counters("watchfire_alert_transitions_total", "Changes of alerts.", &["class", "transition"])?,
            rules_lag_entries: gauge("watchfire_rules_lag_entries", "Entries durable and not yet applied.")?,
            rules_lag_seconds: ratio_or_seconds(
                "watchfire_rules_lag_seconds",
                "Age of the oldest entry not yet applied.",
            )?,
            archive_lag_entries: gauge("watchfire_archive_lag_entries", "Entries durable and not yet archived.")?,
            archive_lag_seconds: ratio_or_seconds(
                "watchfire_archive_lag_seconds",
                "Age of the oldest entry not yet archived.",
            )?,
            archive_failures: counter("watchfire_archive_failures_total", "Batches that the archive did not take.")?,
            replay_differences: counter(
                "watchfire_replay_differences_total",
                "Entries whose transitions differed from the alert log at the start.",
            )?,
            skipped_entries: counter("watchfire_skipped_entries_total", "Entries that are never applied.")?,
            snapshots: counter("watchfire_snapshots_total", "Snapshots saved.")?,
            probe_ok: gauge("watchfire_probe_ok", "1 while the probe frame comes through in time.")?,
            probe_failures: counter("watchfire_probe_failures_total", "Probes that did not come through in time.")?,
            disk_used_ratio: ratio_or_seconds(
                "watchfire_disk_used_ratio",
                "How full the data directory's disk is, 0 to 1.",
            )?,
            reloads: counters("watchfire_reloads_total", "Reloads of sites and rules.", &["result"])?,
            reports: counters(
                "watchfire_reports_total",
                "Reports by e-mail, by what came of the attempt.",
                &["result"],
            )?,
            exchanges: counters(
                "watchfire_gbt26875_exchanges_total",
                "What transmission devices were asked, by what came of it.",
                &["question", "outcome"],
            )?,
            duty_checks: counters("watchfire_duty_checks_total", "Duty checks that are over.", &["outcome"])?,
            guards_asked: gauge("watchfire_duty_checks_waiting", "Guards who are asked and have not answered.")?,
        };
        metrics.begin_at_zero();
        Ok(metrics)
    }

    fn begin_at_zero(&self) {
        for stage in ["durable", "raised", "displayed", "delivered"] {
            self.latency.with_label_values(&[stage]);
        }
        for kind in DefectKind::ALL {
            self.defects.with_label_values(&[kind.as_str()]);
        }
        for class in Class::ALL {
            self.transitions.with_label_values(&[class.as_str(), Step::Raised.as_str()]);
        }
        self.journal_reserve_held.set(1);
        for part in [
            super::archive::NAME,
            super::housekeeping::NAME,
            super::inspecting::NAME,
            super::risk::NAME,
            super::shadow::NAME,
            super::tell::BOARD,
        ] {
            self.part_failures.with_label_values(&[part]);
        }
        for (question, outcome) in
            Question::ALL.into_iter().flat_map(|question| Outcome::ALL.map(|one| (question, one)))
        {
            self.exchanges.with_label_values(&[question.as_str(), outcome.as_str()]);
        }
        for outcome in DutyOutcome::ALL.into_iter().filter(|outcome| *outcome != DutyOutcome::Waiting) {
            self.duty_checks.with_label_values(&[outcome.as_str()]);
        }
        for result in ["done", "refused"] {
            self.reloads.with_label_values(&[result]);
        }
        for result in ["sent", "failed"] {
            self.reports.with_label_values(&[result]);
        }
    }

    /// What ended of the inspection, and how many guards are being asked.
    pub(crate) fn inspected(&self, ended: &Ended, guards_asked: usize) {
        for ((question, outcome), count) in &ended.exchanges {
            self.exchanges.with_label_values(&[question.as_str(), outcome.as_str()]).inc_by(*count);
        }
        for (outcome, count) in &ended.duty_checks {
            self.duty_checks.with_label_values(&[outcome.as_str()]).inc_by(*count);
        }
        self.guards_asked.set(i64::try_from(guards_asked).unwrap_or(i64::MAX));
    }

    /// A batch became durable.
    pub(crate) fn journaled(&self, entries: usize, span: Duration) {
        self.entries.inc_by(u64::try_from(entries).unwrap_or(u64::MAX));
        self.sync.observe(span.as_secs_f64());
        self.latency("durable", span);
    }

    /// How far the rules are behind the journal.
    pub(crate) fn rules_lag(&self, entries: u64, seconds: f64) {
        self.rules_lag_entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.rules_lag_seconds.set(seconds);
    }

    /// How far the archive is behind the rules.
    pub(crate) fn archive_lag(&self, entries: u64, seconds: f64) {
        self.archive_lag_entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.archive_lag_seconds.set(seconds);
    }

    /// Entries made durable since the start.
    pub(crate) fn entries_total(&self) -> u64 {
        self.entries.get()
    }

    /// Whether a disk is full and the journal or the alert log waits for room.
    pub(crate) fn waits_for_room(&self) -> bool {
        let disk_is_full = self.disk_used_ratio.get() >= DISK_FULL_RATIO;
        self.journal_full.get() > 0 || self.journal_reserve_held.get() == 0 || disk_is_full
    }

    /// An alarm reached a stage.
    pub(crate) fn latency(&self, stage: &str, span: Duration) {
        self.latency.with_label_values(&[stage]).observe(span.as_secs_f64());
    }

    /// Where the console observes the way to the first browser.
    pub(crate) fn displayed(&self) -> Histogram {
        self.latency.with_label_values(&["displayed"])
    }

    /// A frame had defects.
    pub(crate) fn defects(&self, defects: &[Defect]) {
        for defect in defects {
            self.defects.with_label_values(&[defect.kind.as_str()]).inc();
        }
    }

    /// An alert changed.
    pub(crate) fn transition(&self, transition: &Transition) {
        self.transitions.with_label_values(&[transition.class.as_str(), transition.step.as_str()]).inc();
    }
}
