//! How the station is, for people, supervisors and Prometheus.

use crate::console::App;
use crate::health::ReadinessView;
use crate::problem::{Problem, ProblemView};
use crate::view::{ShadowPage, StatusView};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::TextEncoder;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The answer of `/healthz`.
#[derive(Serialize, ToSchema)]
pub(crate) struct AliveView {
    /// Always true.
    alive: bool,
}

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "station", responses(
    (status = 200, description = "It does.", body = AliveView),
))]
pub(crate) async fn alive() -> Json<AliveView> {
    Json(AliveView { alive: true })
}

/// Whether the station does its work: a probe frame went through the real port into the journal and out of the rules
/// within its limit.
#[utoipa::path(get, path = "/readyz", tag = "station", responses(
    (status = 200, description = "It does.", body = ReadinessView),
    (status = 503, description = "It does not; the body says why.", body = ReadinessView),
))]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let view = app.console.health.borrow().view(app.now());
    let status = if view.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(view)).into_response()
}

/// Metrics in the text form of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "station", responses(
    (status = 200, description = "The metrics.", body = String, content_type = "text/plain"),
))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    app.meters.refresh(&app.live().extent(), app.sessions.len());
    let text = TextEncoder::new().encode_to_string(&app.console.registry.gather()).map_err(|error| {
        tracing::error!(%error, "metrics cannot be written");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "metrics", "metrics cannot be written", "无法输出指标")
    })?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// The station's figures.
#[utoipa::path(get, path = "/api/v1/status", tag = "station", security(("session" = [])), responses(
    (status = 200, description = "The figures.", body = StatusView),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn status(State(app): State<Arc<App>>) -> Json<StatusView> {
    Json(app.status())
}

/// What a draft of rules would have told. It runs beside those in force (`shadow_rules`), reads the same journal, and tells
/// nobody.
#[utoipa::path(get, path = "/api/v1/shadow", tag = "station", security(("session" = [])), responses(
    (status = 200, description = "The draft, if there is one, held against what was told.", body = ShadowPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn shadow(State(app): State<Arc<App>>) -> Json<ShadowPage> {
    Json(app.live().shadow_page())
}
