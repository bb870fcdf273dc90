//! Transmission devices of fire panels: what they answered, and orders to them. The station knows; it is asked.

use super::orders::{carry_out, missing};
use crate::console::{App, PanelQuestion};
use crate::gate::Who;
use crate::problem::{Problem, ProblemView};
use crate::request::{JsonBody, Params};
use crate::view::{DutyMonthView, DutyReportView, TransmissionDevicePage};
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::oneshot;
use utoipa::{IntoParams, ToSchema};
use watchfire_model::{DeviceKey, DeviceName, OrderKind, PanelRead, PanelTargets, SiteId, Source};

/// Which transmission devices.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PanelParams {
    /// Only of that site.
    site: Option<String>,
}

/// Which duty checks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DutyParams {
    /// Of which site.
    site: String,
    /// Of which month by the site's clocks, e.g. `2026-03`; the one that runs by default.
    month: Option<String>,
}

/// Figures of duty checks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FiguresParams {
    /// Of which month by the sites' clocks, e.g. `2026-03`; the one that runs by default.
    month: Option<String>,
}

/// A transmission device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PanelName {
    /// The site's id.
    site: String,
    /// The device's name.
    name: String,
}

/// For whom: exactly one of the three.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PanelTargetsBody {
    /// These devices.
    Devices(Vec<PanelName>),
    /// All devices of that site.
    Site(String),
    /// All devices; `true`.
    All(bool),
}

/// A duty check to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DutyCheckBody {
    /// Idempotency key, chosen by the client. 1 to 128 bytes.
    order_id: String,
    /// Whose guards.
    targets: PanelTargetsBody,
    /// How long they have to answer, in minutes; 5 by default.
    answer_min: Option<u8>,
}

/// What a transmission device is ordered.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PanelOrderName {
    /// Inspects now.
    Inspect,
    /// Inspects every `period_s` seconds from now on; without it, as the set-up says again.
    SetInspection,
    /// Sets the clock.
    SyncClock,
    /// Initialises; one device.
    Initialise,
}

/// An order to transmission devices.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PanelOrderBody {
    /// Idempotency key, chosen by the client. 1 to 128 bytes.
    order_id: String,
    /// What.
    order: PanelOrderName,
    /// To whom.
    targets: PanelTargetsBody,
    /// The period of inspection, in seconds.
    period_s: Option<u32>,
    /// What `inspect` reads, at most 32: `state`, `clock`, `version`, `configuration`, `operations 20`; of a system
    /// `1.1 state`, of a component `1.1/05000100 analogue`. Without it, the usual.
    #[serde(default)]
    reads: Vec<String>,
}

/// The order is under way; what comes of it shows at the devices.
#[derive(Serialize, ToSchema)]
pub(crate) struct PanelOrderTaken {
    /// The order's id.
    order_id: String,
}

/// The transmission devices: how each is asked and what it answered.
#[utoipa::path(get, path = "/api/v1/transmission-devices", tag = "panels", security(("session" = [])), params(PanelParams), responses(
    (status = 200, description = "The devices, by site and name.", body = TransmissionDevicePage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Params(params): Params<PanelParams>,
) -> Result<Json<TransmissionDevicePage>, Problem> {
    let site = params.site.map(|site| SiteId::new(&site)).transpose().map_err(|_| missing("site"))?;
    let devices = ask(&app, |reply| PanelQuestion::Devices { site, reply }).await?;
    Ok(Json(TransmissionDevicePage { devices }))
}

/// A site's duty checks of one month, with its figures.
#[utoipa::path(get, path = "/api/v1/duty-checks", tag = "panels", security(("session" = [])), params(DutyParams), responses(
    (status = 200, description = "The month.", body = DutyReportView),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn duty_checks(
    State(app): State<Arc<App>>,
    Params(params): Params<DutyParams>,
) -> Result<Json<DutyReportView>, Problem> {
    let site = SiteId::new(&params.site).map_err(|_| missing("site"))?;
    let month = params.month;
    let report = ask(&app, |reply| PanelQuestion::DutyChecks { site, month, reply }).await?;
    report.map(Json).ok_or_else(|| missing("month"))
}

/// The figures of all sites' duty checks of one month.
#[utoipa::path(get, path = "/api/v1/duty-checks/figures", tag = "panels", security(("session" = [])), params(FiguresParams), responses(
    (status = 200, description = "The month.", body = DutyMonthView),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn duty_figures(
    State(app): State<Arc<App>>,
    Params(params): Params<FiguresParams>,
) -> Result<Json<DutyMonthView>, Problem> {
    let month = params.month;
    let figures = ask(&app, |reply| PanelQuestion::DutyFigures { month, reply }).await?;
    figures.map(Json).ok_or_else(|| missing("month"))
}

/// Ask guards whether they are there (查岗).
#[utoipa::path(post, path = "/api/v1/duty-checks", tag = "panels", security(("session" = [])), request_body = DutyCheckBody, responses(
    (status = 200, description = "They are being asked.", body = PanelOrderTaken),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 403, description = "A viewer gives no orders; or a foreign origin.", body = ProblemView, content_type = "application/problem+json"),
    (status = 409, description = "It is refused; the detail says why.", body = ProblemView, content_type = "application/problem+json"),
    (status = 415, description = "The body is not sent as JSON.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "Something is missing or wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station did not answer within 5 s; repeat with the same `order_id`.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn check_duty(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    JsonBody(body): JsonBody<DutyCheckBody>,
) -> Result<Json<PanelOrderTaken>, Problem> {
    let answer_min = body.answer_min.unwrap_or(watchfire_model::transmission::ANSWER_MIN);
    let kind = OrderKind::DutyCheck { targets: targets(body.targets)?, answer_min };
    carry_out(&app, who, &body.order_id, kind).await?;
    Ok(Json(PanelOrderTaken { order_id: body.order_id }))
}

/// Inspect, change the period of inspection, set clocks, initialise.
#[utoipa::path(post, path = "/api/v1/transmission-devices/orders", tag = "panels", security(("session" = [])), request_body = PanelOrderBody, responses(
    (status = 200, description = "It is under way; what comes of it shows at the devices.", body = PanelOrderTaken),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 403, description = "A viewer gives no orders; or a foreign origin.", body = ProblemView, content_type = "application/problem+json"),
    (status = 409, description = "It is refused; the detail says why.", body = ProblemView, content_type = "application/problem+json"),
    (status = 415, description = "The body is not sent as JSON.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "Something is missing or wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station did not answer within 5 s; repeat with the same `order_id`.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn order(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    JsonBody(body): JsonBody<PanelOrderBody>,
) -> Result<Json<PanelOrderTaken>, Problem> {
    let targets = targets(body.targets)?;
    let kind = match body.order {
        PanelOrderName::Inspect => OrderKind::Inspect { targets, reads: reads(&body.reads)? },
        PanelOrderName::SetInspection => OrderKind::SetInspection { targets, period_s: body.period_s },
        PanelOrderName::SyncClock => OrderKind::SyncClock { targets },
        PanelOrderName::Initialise => OrderKind::Initialise { device: only_device(targets)? },
    };
    carry_out(&app, who, &body.order_id, kind).await?;
    Ok(Json(PanelOrderTaken { order_id: body.order_id }))
}

fn reads(texts: &[String]) -> Result<Vec<PanelRead>, Problem> {
    texts.iter().map(|text| text.parse().map_err(|_| missing("reads"))).collect()
}

/// Asks the station; a station that is busy or has no such part does not answer in time.
async fn ask<T>(app: &App, question: impl FnOnce(oneshot::Sender<T>) -> PanelQuestion) -> Result<T, Problem> {
    let (reply, answer) = oneshot::channel();
    let asked = async {
        app.console.panels.send(question(reply)).await.ok()?;
        answer.await.ok()
    };
    let answered = tokio::time::timeout(app.console.limits.order_wait, asked).await;
    answered.ok().flatten().ok_or_else(super::orders::not_taken)
}

fn targets(body: PanelTargetsBody) -> Result<PanelTargets, Problem> {
    Ok(match body {
        PanelTargetsBody::Devices(names) => {
            PanelTargets::Devices(names.iter().map(device).collect::<Result<Vec<_>, Problem>>()?)
        }
        PanelTargetsBody::Site(site) => PanelTargets::Site(SiteId::new(&site).map_err(|_| missing("targets"))?),
        PanelTargetsBody::All(true) => PanelTargets::All,
        PanelTargetsBody::All(false) => return Err(missing("targets")),
    })
}

fn device(body: &PanelName) -> Result<DeviceKey, Problem> {
    let site = SiteId::new(&body.site).map_err(|_| missing("targets"))?;
    let name = DeviceName::new(&body.name).map_err(|_| missing("targets"))?;
    Ok(DeviceKey { site, source: Source::Gbt26875, name })
}

fn only_device(targets: PanelTargets) -> Result<DeviceKey, Problem> {
    match targets {
        PanelTargets::Devices(keys) if keys.len() == 1 => keys.into_iter().next().ok_or_else(|| missing("targets")),
        PanelTargets::Devices(_) | PanelTargets::Site(_) | PanelTargets::All => Err(missing("targets")),
    }
}
