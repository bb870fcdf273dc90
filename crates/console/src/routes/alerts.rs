//! The list of alerts and the life of one.

use crate::alert_board::{ALERTS_MAX, Known};
use crate::console::App;
use crate::live::OpenFilter;
use crate::page_cursor;
use crate::past;
use crate::problem::{Problem, ProblemView};
use crate::request::Params;
use crate::view::{AlertDetail, AlertPage, AlertView, DeliveryView, IncidentPage, TransitionView};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use watchfire_archive::{AlertHistory, AlertsCursor, AlertsQuery};
use watchfire_model::{Alert, AlertId, Class, SiteId};

/// Alerts in one answer, unless asked for fewer or more.
const LIMIT_DEFAULT: usize = 200;
/// Alerts in one answer at most.
const LIMIT_MAX: usize = watchfire_archive::ALERTS_MAX;

/// Which alerts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsParams {
    /// `open`: not closed, or still active; fire first, then the oldest first; from memory.
    /// `all`: every alert, newest first; from the archive.
    #[serde(default)]
    scope: Scope,
    /// Only of that class.
    class: Option<String>,
    /// Only of that site.
    site: Option<String>,
    /// At most so many: 1 to 500, 200 by default.
    limit: Option<usize>,
    /// `next` of the page before.
    before: Option<String>,
}

/// Which alerts.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// Those that need somebody.
    #[default]
    Open,
    /// All that ever were.
    All,
}

/// The alerts.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", security(("session" = [])), params(AlertsParams), responses(
    (status = 200, description = "A page of alerts.", body = AlertPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "Scope `all`: the archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Params(params): Params<AlertsParams>,
) -> Result<Json<AlertPage>, Problem> {
    let class = params.class.as_deref().map(|name| page_cursor::class_named(name).ok_or_else(|| wrong("class")));
    let (class, limit) = (class.transpose()?, params.limit.unwrap_or(LIMIT_DEFAULT));
    if limit == 0 || limit > LIMIT_MAX {
        return Err(wrong("limit"));
    }
    let page = match params.scope {
        Scope::Open => open(&app, &params, class, limit)?,
        Scope::All => all(&app, &params, class, limit).await?,
    };
    Ok(Json(page))
}

/// One alert with everything that happened to it.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts", security(("session" = [])),
    params(("id" = String, Path, description = "The alert's id.")), responses(
    (status = 200, description = "The alert.", body = AlertDetail),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 404, description = "There is no such alert.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "It is long over, and the archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<AlertDetail>, Problem> {
    let id: AlertId = id.parse().map_err(|_| Problem::not_found())?;
    let past = past::alert(&app, id).await;
    // Looked at after the archive: what reached the archive meanwhile is known here too.
    let detail = match (app.live().alert(id), past) {
        (Some(known), Ok(past)) => merged(known, past, &app),
        (Some(known), Err(_)) => now_only(known),
        (None, Ok(Some(past))) => past_only(past, &app),
        (None, Ok(None)) => return Err(Problem::not_found()),
        (None, Err(problem)) => return Err(problem),
    };
    Ok(Json(detail))
}

/// The open incidents: what happens in one building at one time is one, however many alerts tell of it. A new detector or
/// a higher class opens it again.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "alerts", security(("session" = [])), responses(
    (status = 200, description = "The incidents, most urgent first.", body = IncidentPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn incidents(State(app): State<Arc<App>>) -> Json<IncidentPage> {
    Json(IncidentPage::of(&app.live().open(OpenFilter::default(), None, ALERTS_MAX).alerts))
}

fn open(app: &App, params: &AlertsParams, class: Option<Class>, limit: usize) -> Result<AlertPage, Problem> {
    let after = params.before.as_deref().map(|text| page_cursor::read(text).ok_or_else(|| wrong("before")));
    let filter = OpenFilter { class, site: params.site.as_deref() };
    let page = app.live().open(filter, after.transpose()?, limit);
    Ok(AlertPage {
        alerts: page.alerts.iter().map(|view| AlertView::clone(view)).collect(),
        next: page.next.map(page_cursor::write),
    })
}

async fn all(app: &App, params: &AlertsParams, class: Option<Class>, limit: usize) -> Result<AlertPage, Problem> {
    let before = params.before.as_deref().map(|text| text.parse::<AlertsCursor>().map_err(|_| wrong("before")));
    let site = params.site.as_deref().map(|site| SiteId::new(site).map_err(|_| wrong("site")));
    let query = AlertsQuery { class, site: site.transpose()?, from: None, before: before.transpose()?, limit };
    let page = past::alerts(app, query).await?;
    let names = app.live().names();
    // The board is ahead of the archive: what it still holds is shown as it is now.
    let view = |alert: &Alert| match app.live().alert(alert.id) {
        Some(known) => AlertView::clone(&known.view),
        None => AlertView::new(alert, &names),
    };
    Ok(AlertPage { alerts: page.alerts.iter().map(view).collect(), next: page.next.map(|place| place.to_string()) })
}

fn now_only(known: Known) -> AlertDetail {
    let alert = AlertView::clone(&known.view);
    AlertDetail { alert, transitions: known.transitions, deliveries: known.deliveries, complete: false }
}

fn past_only(past: AlertHistory, app: &App) -> AlertDetail {
    let names = app.live().names();
    AlertDetail {
        alert: AlertView::new(&past.alert, &names),
        transitions: past.transitions.iter().map(TransitionView::from).collect(),
        deliveries: past.deliveries.iter().map(|row| DeliveryView::past(row, &names)).collect(),
        complete: true,
    }
}

/// What the archive has, and what it does not have yet.
fn merged(known: Known, past: Option<AlertHistory>, app: &App) -> AlertDetail {
    let Some(past) = past else { return AlertDetail { complete: true, ..now_only(known) } };
    let archived = past_only(past, app);
    let last_seq = archived.transitions.last().map_or(0, |transition| transition.seq);
    let mut transitions = archived.transitions;
    transitions.extend(known.transitions.into_iter().filter(|transition| transition.seq > last_seq));
    let mut deliveries = archived.deliveries;
    for newer in known.deliveries {
        match deliveries.iter_mut().find(|old| old.is_same_attempt(&newer)) {
            Some(old) => *old = newer,
            None => deliveries.push(newer),
        }
    }
    AlertDetail { alert: AlertView::clone(&known.view), transitions, deliveries, complete: true }
}

fn wrong(parameter: &str) -> Problem {
    Problem::unprocessable(format!("`{parameter}` is not a value it can have"), format!("参数 {parameter} 的值无效"))
}
