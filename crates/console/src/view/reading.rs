//! Readings over time.

use serde::Serialize;
use utoipa::ToSchema;
use watchfire_model::Value;

/// A value: a boolean or a finite number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ValueView {
    /// True or false.
    Bool(bool),
    /// In the metric's unit.
    Number(f64),
}

impl From<Value> for ValueView {
    fn from(value: Value) -> ValueView {
        match value {
            Value::Bool(value) => ValueView::Bool(value),
            Value::Number(value) => ValueView::Number(value),
        }
    }
}

/// The readings of one device.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadingsPage {
    /// One series for each point and metric.
    pub series: Vec<SeriesView>,
}

/// The values of one metric at one point.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeriesView {
    /// The point.
    pub point: String,
    /// The metric.
    pub metric: String,
    /// The unit, when it has one.
    pub unit: Option<String>,
    /// `[unix milliseconds, value]`, oldest first; booleans are 0 and 1.
    #[schema(value_type = Vec<Vec<f64>>)]
    pub points: Vec<(i64, f64)>,
}
