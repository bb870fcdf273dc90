//! Incidents of the past with their closed loop: begun, acknowledged, verified, forwarded, over. From the archive.

use super::figures::{SpanParams, span, wrong};
use super::tables::too_long;
use crate::console::App;
use crate::past;
use crate::problem::{Problem, ProblemView};
use crate::record_tables;
use crate::request::Params;
use crate::table::Table;
use crate::view::{AlertLifeView, PastIncidentDetail, PastIncidentPage, PastIncidentView};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use watchfire_archive::{AlertsCursor, INCIDENTS_MAX, IncidentLife, IncidentsQuery};
use watchfire_model::{AlertId, SiteId, Timestamp};

/// Incidents in one answer, unless asked for fewer or more.
const LIMIT_DEFAULT: usize = 100;

/// Which incidents.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PastIncidentsParams {
    /// Only of that site: where the first alert was.
    site: Option<String>,
    /// Only those that began from this time on, RFC 3339.
    from: Option<String>,
    /// ... and before this time, RFC 3339.
    to: Option<String>,
    /// At most so many: 1 to 500, 100 by default.
    limit: Option<usize>,
    /// `next` of the page before.
    before: Option<String>,
}

/// Every incident that ever was, newest first.
#[utoipa::path(get, path = "/api/v1/history/incidents", tag = "history", security(("session" = [])), params(PastIncidentsParams), responses(
    (status = 200, description = "A page of incidents, with the times at which people first got further with one of their alerts.", body = PastIncidentPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Params(params): Params<PastIncidentsParams>,
) -> Result<Json<PastIncidentPage>, Problem> {
    let time = |text: &Option<String>| text.as_deref().map(str::parse::<Timestamp>).transpose().map_err(wrong);
    let before = params.before.as_deref().map(str::parse::<AlertsCursor>).transpose().map_err(wrong)?;
    let limit = params.limit.unwrap_or(LIMIT_DEFAULT);
    if limit == 0 || limit > INCIDENTS_MAX {
        return Err(wrong(format!("`limit` is 1 to {INCIDENTS_MAX}")));
    }
    let query = IncidentsQuery {
        site: params.site.as_deref().map(SiteId::new).transpose().map_err(wrong)?,
        from: time(&params.from)?,
        to: time(&params.to)?,
        before: before.map(|place| (place.raised_at, place.id)),
        limit,
        ..IncidentsQuery::default()
    };
    let found = past::incidents(&app, query).await?;
    let names = app.live().names();
    let next = found.last().filter(|_| found.len() >= limit).map(|last| place(last).to_string());
    Ok(Json(PastIncidentPage { incidents: found.iter().map(|one| PastIncidentView::new(one, &names)).collect(), next }))
}

/// One incident with every alert that it ever had.
#[utoipa::path(get, path = "/api/v1/history/incidents/{id}", tag = "history", security(("session" = [])),
    params(("id" = String, Path, description = "The incident's id.")), responses(
    (status = 200, description = "The incident and its alerts, oldest first, each with the times at which people first got further with it.", body = PastIncidentDetail),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 404, description = "There is no such incident.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<PastIncidentDetail>, Problem> {
    let id: AlertId = id.parse().map_err(|_| Problem::not_found())?;
    let (life, alerts) = past::incident(&app, id).await?.ok_or_else(Problem::not_found)?;
    let names = app.live().names();
    Ok(Json(PastIncidentDetail {
        incident: PastIncidentView::new(&life, &names),
        alerts: alerts.iter().map(|life| AlertLifeView::new(life, &names)).collect(),
    }))
}

/// The incidents of a span as CSV.
#[utoipa::path(get, path = "/api/v1/history/incidents.csv", tag = "history", security(("session" = [])), params(SpanParams), responses(
    (status = 200, description = "CSV in UTF-8 with a byte order mark, one incident a row, newest first; times in UTC.", body = String, content_type = "text/csv"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or the span holds more than 100000 incidents.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn csv(State(app): State<Arc<App>>, Params(params): Params<SpanParams>) -> Result<Response, Problem> {
    let span = span(&params)?;
    let mut table = Table::csv(record_tables::INCIDENTS);
    let (mut before, mut rows) = (None, 0);
    let rows_max = table.rows_max(record_tables::INCIDENTS);
    loop {
        let (from, to, site) = (Some(span.from), Some(span.to), span.site.clone());
        let query = IncidentsQuery { site, from, to, before, limit: INCIDENTS_MAX, ..IncidentsQuery::default() };
        let found = past::incidents(&app, query).await?;
        rows += found.len();
        if rows > rows_max {
            return Err(too_long(rows_max));
        }
        let names = app.live().names();
        found.iter().for_each(|one| table.row(&record_tables::incident(one, &names)));
        before = found.last().map(place).map(|place| (place.raised_at, place.id));
        if found.len() < INCIDENTS_MAX {
            break;
        }
    }
    table.into_file("incidents").await
}

fn place(of: &IncidentLife) -> AlertsCursor {
    AlertsCursor { raised_at: of.incident.opened_at, id: of.incident.id }
}
