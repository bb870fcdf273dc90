//! What a device measured, from the archive.

use crate::console::App;
use crate::past;
use crate::problem::{Problem, ProblemView};
use crate::request::Params;
use crate::view::ReadingsPage;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use watchfire_archive::ReadingsQuery;
use watchfire_model::{DeviceName, SiteId, Source, Timestamp};

/// Points of one series, unless asked for fewer or more.
const POINTS_DEFAULT: usize = 1_000;
/// Points of one series at most.
const POINTS_MAX: usize = 10_000;

/// Which readings.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadingsParams {
    /// The site.
    pub(super) site: String,
    /// Whose naming `device` follows.
    pub(super) source: String,
    /// The device's name.
    pub(super) device: String,
    /// From this time on, RFC 3339.
    pub(super) from: String,
    /// Up to this time, RFC 3339.
    pub(super) to: String,
    /// At most so many points of each series: 1 to 10000, 1000 by default.
    pub(super) points_max: Option<usize>,
}

/// The readings of one device.
#[utoipa::path(get, path = "/api/v1/readings", tag = "devices", security(("session" = [])), params(ReadingsParams), responses(
    (status = 200, description = "One series for each point and metric.", body = ReadingsPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Params(params): Params<ReadingsParams>,
) -> Result<Json<ReadingsPage>, Problem> {
    let series = past::readings(&app, query(&params, POINTS_DEFAULT)?).await?;
    Ok(Json(ReadingsPage { series }))
}

pub(super) fn query(params: &ReadingsParams, points_default: usize) -> Result<ReadingsQuery, Problem> {
    let from = params.from.parse::<Timestamp>().map_err(wrong)?;
    let to = params.to.parse::<Timestamp>().map_err(wrong)?;
    let points_max = params.points_max.unwrap_or(points_default);
    if points_max == 0 || points_max > POINTS_MAX {
        return Err(wrong(format!("`points_max` is not between 1 and {POINTS_MAX}")));
    }
    if to < from {
        return Err(wrong("`to` is before `from`"));
    }
    Ok(ReadingsQuery {
        site: SiteId::new(&params.site).map_err(wrong)?,
        source: params.source.parse::<Source>().map_err(wrong)?,
        device: DeviceName::new(&params.device).map_err(wrong)?,
        from,
        to,
        points_max,
    })
}

fn wrong(why: impl ToString) -> Problem {
    let why = why.to_string();
    Problem::unprocessable(format!("the query is wrong: {why}"), format!("查询参数有误:{why}"))
}
