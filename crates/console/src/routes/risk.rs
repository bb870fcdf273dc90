//! The risk score: whom to inspect first, and why. The station knows; it is asked. And figures that no detector delivers,
//! on their way into the journal.

use super::orders::{missing, not_permitted, not_taken};
use crate::console::{App, RiskFigures, RiskFiguresKind, RiskQuestion};
use crate::gate::Who;
use crate::problem::{Problem, ProblemView};
use crate::request::{BODY_BYTES_MAX, Params};
use crate::users::Role;
use crate::view::{RiskAreaPage, RiskAreaView, RiskPage, RiskSiteView};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::oneshot;
use utoipa::{IntoParams, ToSchema};
use watchfire_model::{DistrictPath, SiteId};

/// Rows of a page, unless it is said otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 200;

/// The colour of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BandName {
    /// Inspect now.
    Red,
    /// Inspect soon.
    Orange,
    /// Inspect in its turn.
    Yellow,
    /// As usual.
    Blue,
}

impl BandName {
    fn as_str(self) -> &'static str {
        match self {
            BandName::Red => "red",
            BandName::Orange => "orange",
            BandName::Yellow => "yellow",
            BandName::Blue => "blue",
        }
    }
}

/// Which units.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RiskParams {
    /// Only in that district and those below it, e.g. `烟台市/莱山区`.
    district: Option<String>,
    /// Only in that building.
    building: Option<String>,
    /// Only with that colour.
    band: Option<BandName>,
    /// So many units before the first one shown.
    offset: Option<u32>,
    /// So many units at most, up to 200; 50 by default.
    limit: Option<u32>,
}

/// Buildings or districts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AreaKind {
    /// Buildings in which several sites may be.
    Building,
    /// Districts.
    District,
}

/// Which areas.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AreaParams {
    /// Only these.
    kind: Option<AreaKind>,
    /// So many areas before the first one shown.
    offset: Option<u32>,
    /// So many areas at most, up to 200; 50 by default.
    limit: Option<u32>,
}

/// Which area: a district, or a building in a district or in none.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OneAreaParams {
    /// The district.
    district: Option<String>,
    /// The building.
    building: Option<String>,
}

/// The figures are in the journal.
#[derive(Serialize, ToSchema)]
pub(crate) struct RiskFiguresTaken {
    /// The number of their entry.
    seq: u64,
}

/// Whom to inspect first.
#[utoipa::path(get, path = "/api/v1/risk", tag = "risk", security(("session" = [])), params(RiskParams), responses(
    (status = 200, description = "The units in the order in which they should be inspected.", body = RiskPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn ranking(
    State(app): State<Arc<App>>,
    Params(params): Params<RiskParams>,
) -> Result<Json<RiskPage>, Problem> {
    let district = district(params.district)?;
    let (building, band) = (params.building, params.band.map(BandName::as_str));
    let (offset, limit) = (params.offset.unwrap_or(0), limit(params.limit));
    ask(&app, |reply| RiskQuestion::Ranking { district, building, band, offset, limit, reply }).await.map(Json)
}

/// Buildings and districts, the highest score first.
#[utoipa::path(get, path = "/api/v1/risk/areas", tag = "risk", security(("session" = [])), params(AreaParams), responses(
    (status = 200, description = "The areas.", body = RiskAreaPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn areas(
    State(app): State<Arc<App>>,
    Params(params): Params<AreaParams>,
) -> Result<Json<RiskAreaPage>, Problem> {
    let buildings = params.kind.map(|kind| kind == AreaKind::Building);
    let (offset, limit) = (params.offset.unwrap_or(0), limit(params.limit));
    ask(&app, |reply| RiskQuestion::Areas { buildings, offset, limit, reply }).await.map(Json)
}

/// One building or district, with its history.
#[utoipa::path(get, path = "/api/v1/risk/area", tag = "risk", security(("session" = [])), params(OneAreaParams), responses(
    (status = 200, description = "The area.", body = RiskAreaView),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 404, description = "No unit is there.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn area(
    State(app): State<Arc<App>>,
    Params(params): Params<OneAreaParams>,
) -> Result<Json<RiskAreaView>, Problem> {
    let (district, building) = (district(params.district)?, params.building);
    if district.is_none() && building.is_none() {
        return Err(missing("district"));
    }
    let found = ask(&app, |reply| RiskQuestion::Area { district, building, reply }).await?;
    found.map(Json).ok_or_else(Problem::not_found)
}

/// The risk of a site and its zones: parts, why, history.
#[utoipa::path(get, path = "/api/v1/risk/sites/{site}", tag = "risk", security(("session" = [])),
    params(("site" = String, Path, description = "The site's id.")), responses(
    (status = 200, description = "The site.", body = RiskSiteView),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 404, description = "There is no such site.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The station does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn site(State(app): State<Arc<App>>, Path(site): Path<String>) -> Result<Json<RiskSiteView>, Problem> {
    let site = SiteId::new(&site).map_err(|_| Problem::not_found())?;
    let found = ask(&app, |reply| RiskQuestion::Site { site, reply }).await?;
    found.map(Json).ok_or_else(Problem::not_found)
}

macro_rules! figures {
    ($(#[$doc:meta])* $name:ident $path:literal $kind:ident $content:literal) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "risk", security(("session" = [])),
            params(("site" = String, Path, description = "The site's id.")),
            request_body(content = String, content_type = $content, description = "What would be published over MQTT: see the risk's README."),
            responses(
            (status = 200, description = "It is on disk, and counts.", body = RiskFiguresTaken),
            (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
            (status = 403, description = "A viewer gives no figures; or a foreign origin.", body = ProblemView, content_type = "application/problem+json"),
            (status = 404, description = "There is no such site.", body = ProblemView, content_type = "application/problem+json"),
            (status = 413, description = "The body is too large.", body = ProblemView, content_type = "application/problem+json"),
            (status = 422, description = "Something in it is wrong: nothing of it is taken.", body = ProblemView, content_type = "application/problem+json"),
            (status = 503, description = "The station did not answer within 5 s; repeat with the same `id`.", body = ProblemView, content_type = "application/problem+json"),
        ))]
        pub(crate) async fn $name(
            State(app): State<Arc<App>>,
            Extension(who): Extension<Who>,
            Path(site): Path<String>,
            body: Result<Bytes, BytesRejection>,
        ) -> Result<Json<RiskFiguresTaken>, Problem> {
            take(&app, who, &site, RiskFiguresKind::$kind, body).await
        }
    };
}

figures!(
    /// Figures that no detector delivers: overdue hazards, night staff, people inside, an inspection, a duty check.
    figures "/api/v1/risk/sites/{site}/figures" Figures "application/json"
);
figures!(
    /// The weather at the site: temperature, humidity, wind, days without rain.
    weather "/api/v1/risk/sites/{site}/weather" Weather "application/json"
);
figures!(
    /// A weather warning for the site, in CAP 1.2 (XML) or JSON.
    warning "/api/v1/risk/sites/{site}/warning" Warning "application/xml"
);

async fn take(
    app: &App,
    who: Who,
    site: &str,
    kind: RiskFiguresKind,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RiskFiguresTaken>, Problem> {
    if who.role != Role::Operator {
        return Err(not_permitted());
    }
    let site = SiteId::new(site).map_err(|_| Problem::not_found())?;
    if !app.live().names().has_site(&site) {
        return Err(Problem::not_found());
    }
    let payload = body.ok().filter(|body| body.len() <= BODY_BYTES_MAX).ok_or_else(too_large)?;
    let (reply, answer) = oneshot::channel();
    let figures = RiskFigures { site, kind, payload: payload.to_vec(), by: who.user, reply };
    let taken = async {
        app.console.risk_figures.send(figures).await.ok()?;
        answer.await.ok()
    };
    let answered = tokio::time::timeout(app.console.limits.order_wait, taken).await;
    let seq = answered.ok().flatten().ok_or_else(not_taken)?;
    let seq = seq.map_err(|why| Problem::unprocessable(why.en, why.zh))?;
    Ok(Json(RiskFiguresTaken { seq: seq.0 }))
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        format!("the body is larger than {BODY_BYTES_MAX} bytes"),
        format!("请求体超过 {BODY_BYTES_MAX} 字节"),
    )
}

/// Asks the station; one that is busy, or still reads what was before its start, does not answer in time.
async fn ask<T>(app: &App, question: impl FnOnce(oneshot::Sender<T>) -> RiskQuestion) -> Result<T, Problem> {
    let (reply, answer) = oneshot::channel();
    let asked = async {
        app.console.risk.send(question(reply)).await.ok()?;
        answer.await.ok()
    };
    let answered = tokio::time::timeout(app.console.limits.order_wait, asked).await;
    answered.ok().flatten().ok_or_else(not_there)
}

fn not_there() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "risk-down",
        "the risk score is not there now: it is being worked out again; alarms and orders are not affected",
        "风险评分正在重新计算,暂时无法查询;报警与处置不受影响",
    )
    .retry_after(std::time::Duration::from_secs(5))
}

fn district(text: Option<String>) -> Result<Option<DistrictPath>, Problem> {
    text.map(|text| DistrictPath::new(&text)).transpose().map_err(|_| missing("district"))
}

fn limit(asked: Option<u32>) -> u32 {
    asked.unwrap_or(PAGE).clamp(1, PAGE_MAX)
}
