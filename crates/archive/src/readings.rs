//! Questions about the readings of one device over a span of time, for a chart, and their answers.

use crate::downsample::SeriesPoint;
use watchfire_model::{DeviceName, Metric, PointName, Reading, SiteId, Source, Timestamp};

/// Most series in an answer; the first ones by point and metric.
pub const SERIES_MAX: usize = 200;
/// Most points of a series in an answer.
pub const POINTS_MAX: usize = 20_000;
/// Most stored points that one question reads: some seconds of work.
pub const POINTS_READ_MAX: usize = 50_000_000;

/// Which readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingsQuery {
    /// Of which site.
    pub site: SiteId,
    /// In whose naming.
    pub source: Source,
    /// Of which device.
    pub device: DeviceName,
    /// Event time from here, itself included.
    pub from: Timestamp,
    /// Event time to here, itself included.
    pub to: Timestamp,
    /// Most points of each series, between 6 and [`POINTS_MAX`]; what is outside is taken as the nearer.
    pub points_max: usize,
}

/// The readings of one metric at one point of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Where.
    pub point: PointName,
    /// What.
    pub metric: Metric,
    /// The canonical unit's code, or the maker's own unit; `None` for booleans and where the maker gave none.
    pub unit: Option<String>,
    /// In order of event time. When there are more than asked for: of each stretch of time the first, lowest, highest
    /// and last, and both sides of the largest jump.
    pub points: Vec<SeriesPoint>,
}

/// Most series of one site. A gateway may name devices and points as it likes; one that never stops must not fill the
/// memory. Readings of further series are not archived, only counted.
pub const SERIES_PER_SITE_MAX: usize = 200_000;

/// The unit as it stands in the table: the canonical code, the maker's own word, or nothing.
pub(crate) fn unit_of(reading: &Reading) -> &str {
    match reading.metric.unit() {
        Some(unit) => unit.code(),
        None => reading.vendor_unit.as_deref().unwrap_or(""),
    }
}
