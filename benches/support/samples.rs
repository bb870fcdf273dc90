//! Medians and percentiles of what was measured several times.

/// The middle one; of an even number the upper of the two. Zero of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value that `share` of the values are at or below.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (sorted.len() as f64 * share).floor() as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// Least and greatest, as text with that many decimals.
pub(crate) fn spread(values: &[f64], decimals: usize) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{least:.decimals$}–{greatest:.decimals$}")
}

/// Thousands, as text.
pub(crate) fn thousands(value: f64) -> String {
    format!("{:.1} k", value / 1_000.0)
}
