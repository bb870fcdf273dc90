//! Test and maintenance mode: what is under test, the reports, and the orders that begin, approve and end a test.

use super::orders::{carry_out, missing};
use crate::console::App;
use crate::gate::Who;
use crate::problem::{Problem, ProblemView};
use crate::request::JsonBody;
use crate::view::TestPage;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;
use watchfire_model::{DeviceKey, DeviceName, OrderKind, SiteId, Source, TestId, TestScope, ZoneId};

/// A test to be begun.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestBody {
    /// Idempotency key, chosen by the client. 1 to 128 bytes.
    order_id: String,
    /// The site's id.
    site: String,
    /// Which part of it.
    scope: TestScopeBody,
    /// Fire, gas, carbon monoxide and early warnings are tested too, once a second person has approved it.
    dangers: bool,
    /// It ends by itself after so many seconds: 60 to 28800 with dangers, else to 604800.
    for_s: u32,
    /// Why.
    reason: String,
}

/// What is tested: the whole site (`"site"`), or parts of it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TestScopeBody {
    /// All of it.
    Site,
    /// Parts of it; at least one.
    Parts {
        /// Ids of zones. The points of fire panels are in none: name the panel.
        #[serde(default)]
        zones: Vec<String>,
        /// Devices.
        #[serde(default)]
        devices: Vec<TestDeviceBody>,
    },
}

/// A device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestDeviceBody {
    /// Whose naming `name` follows.
    source: String,
    /// Its name in its protocol.
    name: String,
}

/// An order about a test.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestOrderBody {
    /// Idempotency key, chosen by the client. 1 to 128 bytes.
    order_id: String,
    /// In the operator's words.
    #[serde(default)]
    note: String,
}

/// The tests that run and the last hundred that are over; each is its own report.
#[utoipa::path(get, path = "/api/v1/tests", tag = "tests", security(("session" = [])), responses(
    (status = 200, description = "The tests, newest first.", body = TestPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<TestPage> {
    Json(app.live().test_page())
}

/// Begin a test.
#[utoipa::path(post, path = "/api/v1/tests", tag = "tests", security(("session" = [])), request_body = TestBody, responses(
    (status = 200, description = "It runs; the tests as they are now.", body = TestPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 403, description = "A viewer gives no orders; or a foreign origin.", body = ProblemView, content_type = "application/problem+json"),
    (status = 409, description = "The rules refuse it; the detail says why.", body = ProblemView, content_type = "application/problem+json"),
    (status = 415, description = "The body is not sent as JSON.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "Something is missing or wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station did not answer within 5 s; repeat with the same `order_id`.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    JsonBody(body): JsonBody<TestBody>,
) -> Result<Json<TestPage>, Problem> {
    let scope = scope(&body)?;
    let TestBody { order_id, dangers, for_s, reason, .. } = body;
    give(&app, who, &order_id, OrderKind::StartTest { scope, dangers, for_s, reason }).await
}

/// Approve, as a second person, that dangers are tested.
#[utoipa::path(post, path = "/api/v1/tests/{id}/approve", tag = "tests", security(("session" = [])), request_body = TestOrderBody,
    params(("id" = u64, Path, description = "The test's number.")), responses(
    (status = 200, description = "Done; the tests as they are now.", body = TestPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 403, description = "A viewer gives no orders; or a foreign origin.", body = ProblemView, content_type = "application/problem+json"),
    (status = 404, description = "That is no number.", body = ProblemView, content_type = "application/problem+json"),
    (status = 409, description = "The rules refuse it; the detail says why.", body = ProblemView, content_type = "application/problem+json"),
    (status = 415, description = "The body is not sent as JSON.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "Something is missing or wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station did not answer within 5 s; repeat with the same `order_id`.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<TestOrderBody>,
) -> Result<Json<TestPage>, Problem> {
    let test = number(&id)?;
    give(&app, who, &body.order_id, OrderKind::ApproveTest { test }).await
}

/// End a test: what still alarms is told, what is over is closed.
#[utoipa::path(post, path = "/api/v1/tests/{id}/end", tag = "tests", security(("session" = [])), request_body = TestOrderBody,
    params(("id" = u64, Path, description = "The test's number.")), responses(
    (status = 200, description = "Done; the tests as they are now.", body = TestPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 403, description = "A viewer gives no orders; or a foreign origin.", body = ProblemView, content_type = "application/problem+json"),
    (status = 404, description = "That is no number.", body = ProblemView, content_type = "application/problem+json"),
    (status = 409, description = "The rules refuse it; the detail says why.", body = ProblemView, content_type = "application/problem+json"),
    (status = 415, description = "The body is not sent as JSON.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "Something is missing or wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station did not answer within 5 s; repeat with the same `order_id`.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<TestOrderBody>,
) -> Result<Json<TestPage>, Problem> {
    let test = number(&id)?;
    let TestOrderBody { order_id, note } = body;
    give(&app, who, &order_id, OrderKind::EndTest { test, note }).await
}

async fn give(app: &App, who: Who, order_id: &str, kind: OrderKind) -> Result<Json<TestPage>, Problem> {
    carry_out(app, who, order_id, kind).await?;
    Ok(Json(app.live().test_page()))
}

fn number(id: &str) -> Result<TestId, Problem> {
    id.parse().map(TestId).map_err(|_| Problem::not_found())
}

fn scope(body: &TestBody) -> Result<TestScope, Problem> {
    let site = SiteId::new(&body.site).map_err(|_| missing("site"))?;
    let TestScopeBody::Parts { zones, devices } = &body.scope else { return Ok(TestScope::Site(site)) };
    let zones = zones.iter().map(|zone| ZoneId::new(zone)).collect::<Result<BTreeSet<ZoneId>, _>>();
    let device = |device: &TestDeviceBody| {
        let source: Source = device.source.parse().ok()?;
        Some(DeviceKey { site: site.clone(), source, name: DeviceName::new(&device.name).ok()? })
    };
    let devices = devices.iter().map(device).collect::<Option<BTreeSet<DeviceKey>>>();
    Ok(TestScope::Parts {
        zones: zones.map_err(|_| missing("zones"))?,
        devices: devices.ok_or_else(|| missing("devices"))?,
        site,
    })
}
