//! Figures of a span, and how things stood at a time. All from the archive.

use crate::console::App;
use crate::past;
use crate::problem::{Problem, ProblemView};
use crate::request::Params;
use crate::view::{AlertView, FiguresView, ThenView, When};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use watchfire_archive::SpanQuery;
use watchfire_model::{DeviceKey, DeviceName, SiteId, Source, Timestamp};

/// A span.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpanParams {
    /// Only of that site.
    pub(super) site: Option<String>,
    /// Alerts raised from this time on, RFC 3339.
    pub(super) from: String,
    /// ... and before this time, RFC 3339.
    pub(super) to: String,
}

/// A time.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ThenParams {
    /// When, RFC 3339.
    at: String,
    /// Only of that site.
    site: Option<String>,
    /// With the last values of a device of that site: whose naming `device` follows ...
    source: Option<String>,
    /// ... and its name.
    device: Option<String>,
}

/// Alerts by class, false alarms, response times, availability, duty checks.
#[utoipa::path(get, path = "/api/v1/figures", tag = "figures", security(("session" = [])), params(SpanParams), responses(
    (status = 200, description = "What the alerts raised in the span come to.", body = FiguresView),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or the span holds too much.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Params(params): Params<SpanParams>,
) -> Result<Json<FiguresView>, Problem> {
    let query = span(&params)?;
    let figures = past::figures(&app, query.clone()).await?;
    Ok(Json(FiguresView::new((query.from, query.to), &figures, &app.live().names())))
}

/// How things stood at a time.
#[utoipa::path(get, path = "/api/v1/state", tag = "figures", security(("session" = [])), params(ThenParams), responses(
    (status = 200, description = "The alerts that were not over then, and the last values of a device.", body = ThenView),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn then(
    State(app): State<Arc<App>>,
    Params(params): Params<ThenParams>,
) -> Result<Json<ThenView>, Problem> {
    let at = params.at.parse::<Timestamp>().map_err(wrong)?;
    let site = params.site.as_deref().map(SiteId::new).transpose().map_err(wrong)?;
    let device = match (&site, &params.source, &params.device) {
        (_, None, None) => None,
        (Some(site), Some(source), Some(name)) => Some(DeviceKey {
            site: site.clone(),
            source: source.parse::<Source>().map_err(wrong)?,
            name: DeviceName::new(name).map_err(wrong)?,
        }),
        _ => return Err(wrong("a device is named by `site`, `source` and `device` together")),
    };
    let (alerts, values) = past::then(&app, site, device, at).await?;
    let names = app.live().names();
    let alerts = alerts.iter().map(|alert| AlertView::new(alert, &names)).collect();
    Ok(Json(ThenView { at: When(at), alerts, values }))
}

pub(super) fn span(params: &SpanParams) -> Result<SpanQuery, Problem> {
    let from = params.from.parse::<Timestamp>().map_err(wrong)?;
    let to = params.to.parse::<Timestamp>().map_err(wrong)?;
    if to < from {
        return Err(wrong("`to` is before `from`"));
    }
    Ok(SpanQuery { site: params.site.as_deref().map(SiteId::new).transpose().map_err(wrong)?, from, to })
}

pub(super) fn wrong(why: impl ToString) -> Problem {
    let why = why.to_string();
    Problem::unprocessable(format!("the query is wrong: {why}"), format!("查询参数有误:{why}"))
}
