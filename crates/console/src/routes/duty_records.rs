//! Duty checks and rounds of questions to transmission devices as the archive keeps them: further back than the station
//! itself remembers.

use super::figures::{SpanParams, span, wrong};
use super::tables::too_long;
use crate::console::App;
use crate::past;
use crate::problem::{Problem, ProblemView};
use crate::record_tables;
use crate::request::Params;
use crate::table::Table;
use crate::view::{DutyDevicePage, DutyOfDeviceView, InspectionPage, InspectionView};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use watchfire_archive::{DUTY_CHECKS_MAX, DutyQuery, InspectionsQuery};
use watchfire_model::SiteId;

/// Rounds that one page of the console lists.
const ROUNDS_LISTED_MAX: usize = 500;

/// Which duty checks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DutyRecordsParams {
    /// Of which month by the sites' clocks, e.g. `2026-03`.
    month: String,
    /// Only of that site.
    site: Option<String>,
}

/// A month's duty checks by transmission device.
#[utoipa::path(get, path = "/api/v1/history/duty-checks/devices", tag = "history", security(("session" = [])), params(DutyRecordsParams), responses(
    (status = 200, description = "The devices that were asked, with their figures.", body = DutyDevicePage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn devices(
    State(app): State<Arc<App>>,
    Params(params): Params<DutyRecordsParams>,
) -> Result<Json<DutyDevicePage>, Problem> {
    let query = duty_query(params)?;
    let month = query.month.clone();
    let found = past::duty_figures(&app, query).await?;
    let names = app.live().names();
    Ok(Json(DutyDevicePage { month, devices: found.iter().map(|one| DutyOfDeviceView::new(one, &names)).collect() }))
}

/// A month's duty checks, one by one, as CSV.
#[utoipa::path(get, path = "/api/v1/history/duty-checks.csv", tag = "history", security(("session" = [])), params(DutyRecordsParams), responses(
    (status = 200, description = "CSV in UTF-8 with a byte order mark, one check a row, newest first; times in UTC.", body = String, content_type = "text/csv"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or the month holds 5000 checks or more: name a site.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn checks_csv(
    State(app): State<Arc<App>>,
    Params(params): Params<DutyRecordsParams>,
) -> Result<Response, Problem> {
    let checks = past::duty_checks(&app, duty_query(params)?).await?;
    // The archive gives no more: whether there are is not known, and a table that lacks rows is worse than none.
    if checks.len() >= DUTY_CHECKS_MAX {
        return Err(too_long(DUTY_CHECKS_MAX));
    }
    let (mut table, names) = (Table::csv(record_tables::DUTY_CHECKS), app.live().names());
    checks.iter().for_each(|one| table.row(&record_tables::duty_check(one, &names)));
    table.into_file("duty-checks").await
}

/// Rounds of questions to transmission devices.
#[utoipa::path(get, path = "/api/v1/history/inspections", tag = "history", security(("session" = [])), params(SpanParams), responses(
    (status = 200, description = "The newest 500 rounds that began in the span.", body = InspectionPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn inspections(
    State(app): State<Arc<App>>,
    Params(params): Params<SpanParams>,
) -> Result<Json<InspectionPage>, Problem> {
    let found = past::inspections(&app, rounds_query(&params)?).await?;
    let names = app.live().names();
    Ok(Json(InspectionPage {
        inspections: found.iter().take(ROUNDS_LISTED_MAX).map(|one| InspectionView::new(one, &names)).collect(),
        more: found.len() > ROUNDS_LISTED_MAX,
    }))
}

/// The same as CSV.
#[utoipa::path(get, path = "/api/v1/history/inspections.csv", tag = "history", security(("session" = [])), params(SpanParams), responses(
    (status = 200, description = "CSV in UTF-8 with a byte order mark, one round a row, newest first; times in UTC.", body = String, content_type = "text/csv"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or the span holds 5000 rounds or more.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn inspections_csv(
    State(app): State<Arc<App>>,
    Params(params): Params<SpanParams>,
) -> Result<Response, Problem> {
    let found = past::inspections(&app, rounds_query(&params)?).await?;
    if found.len() >= DUTY_CHECKS_MAX {
        return Err(too_long(DUTY_CHECKS_MAX));
    }
    let (mut table, names) = (Table::csv(record_tables::INSPECTIONS), app.live().names());
    found.iter().for_each(|one| table.row(&record_tables::inspection(one, &names)));
    table.into_file("inspections").await
}

fn duty_query(params: DutyRecordsParams) -> Result<DutyQuery, Problem> {
    let DutyRecordsParams { month, site } = params;
    format!("{month}-01").parse::<jiff::civil::Date>().map_err(|_| wrong("`month` is not a month such as 2026-03"))?;
    Ok(DutyQuery { month, site: site.as_deref().map(SiteId::new).transpose().map_err(wrong)? })
}

/// The archive takes both ends; a span does not have its own.
fn rounds_query(params: &SpanParams) -> Result<InspectionsQuery, Problem> {
    let span = span(params)?;
    Ok(InspectionsQuery { site: span.site, from: span.from, to: span.to.minus(std::time::Duration::from_micros(1)) })
}
