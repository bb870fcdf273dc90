//! Reports of a day, a week or a month as a page of their own, to be read and printed.

use super::figures::wrong;
use crate::console::App;
use crate::past;
use crate::problem::{Problem, ProblemView};
use crate::report::Report;
use crate::report_span::Period;
use crate::request::Params;
use axum::extract::{Path, State};
use axum::response::Html;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use watchfire_archive::SpanQuery;
use watchfire_model::SiteId;
use watchfire_model::sites::Language;

/// Which report.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportParams {
    /// A day of it, as `2026-03-01`; without it the last one that is over.
    date: Option<String>,
    /// Only of that site, by whose clock it then is; without it of all, by the clock of the first.
    site: Option<String>,
    /// `zh` or `en`; `zh` by default.
    #[param(value_type = Option<String>)]
    lang: Option<Language>,
}

/// A report as a page that needs nothing else.
#[utoipa::path(get, path = "/api/v1/reports/{period}", tag = "figures", security(("session" = [])),
    params(("period" = Period, Path, description = "`day`, `week` (from Monday on) or `month`."), ReportParams), responses(
    (status = 200, description = "A page of HTML to be printed: alerts by class, false alarms and their causes, response times, the devices that raise most, availability, duty checks.", body = String, content_type = "text/html"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 404, description = "There is no such period.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or the span holds too much.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(period): Path<String>,
    Params(params): Params<ReportParams>,
) -> Result<Html<String>, Problem> {
    let periods = [Period::Day, Period::Week, Period::Month];
    let period = periods.into_iter().find(|one| one.as_str() == period).ok_or_else(Problem::not_found)?;
    let site = params.site.as_deref().map(SiteId::new).transpose().map_err(wrong)?;
    let time_zone = app.live().time_zone(site.as_ref());
    let made_at = app.now();
    let span = match &params.date {
        Some(date) => period.around(date, &time_zone),
        None => period.last_over(made_at, 0, &time_zone),
    };
    let span = span.ok_or_else(|| wrong("`date` is not a day such as 2026-03-01"))?;
    let query = SpanQuery { site: site.clone(), from: span.from, to: span.to };
    let figures = past::figures(&app, query).await?;
    let report = Report { span, time_zone, site, made_at, figures };
    Ok(Html(app.live().written(&report, params.lang.unwrap_or_default()).html))
}
