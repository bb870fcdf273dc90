//! Figures of a span, how things stood at a time, and alerts as a table for spreadsheets. All from the archive.

use crate::console::App;
use crate::csv::{Cell, Csv};
use crate::past;
use crate::problem::{Problem, ProblemView};
use crate::request::Params;
use crate::view::{AlertDevice, AlertView, FiguresView, Label, Text, ThenView, When};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use watchfire_archive::{AlertLife, SpanQuery};
use watchfire_model::{DeviceKey, DeviceName, SiteId, Source, Timestamp};

/// Most alerts of one table: about 30 MB.
const TABLE_ALERTS_MAX: usize = 100_000;

/// A span.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpanParams {
    /// Only of that site.
    site: Option<String>,
    /// Alerts raised from this time on, RFC 3339.
    from: String,
    /// ... and before this time, RFC 3339.
    to: String,
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

/// Alerts by class, false alarms, response times, availability.
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
    let (figures, availability) = past::figures(&app, query.clone()).await?;
    Ok(Json(FiguresView::new((query.from, query.to), &figures, &availability, &app.live().names())))
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

/// The alerts of a span as CSV.
#[utoipa::path(get, path = "/api/v1/alerts.csv", tag = "figures", security(("session" = [])), params(SpanParams), responses(
    (status = 200, description = "CSV in UTF-8 with a byte order mark, one alert a row, oldest first; times in UTC. A text that begins like a formula has an apostrophe before it.", body = String, content_type = "text/csv"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or the span holds more than 100000 alerts.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn alerts_csv(
    State(app): State<Arc<App>>,
    Params(params): Params<SpanParams>,
) -> Result<Response, Problem> {
    let query = span(&params)?;
    let (mut csv, mut after, mut rows) = (Csv::new(COLUMNS), None, 0);
    loop {
        let page = past::lives(&app, query.clone(), after).await?;
        let names = app.live().names();
        for life in &page.lives {
            let label = life.alert.device.as_ref().map(|device| AlertDevice::new(device, &names).label);
            let (site, label) = (names.alert_site(&life.alert.site).name, label.unwrap_or_else(|| Text::same("")));
            write_row(&mut csv, life, [&site.en, &site.zh, &label.en, &label.zh].map(Label::as_str));
        }
        rows += page.lives.len();
        if rows > TABLE_ALERTS_MAX {
            return Err(Problem::unprocessable(
                format!("the span holds more than {TABLE_ALERTS_MAX} alerts: ask for a shorter one"),
                format!("该时间段的警情超过 {TABLE_ALERTS_MAX} 条,请缩短时间范围"),
            ));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"alerts.csv\""),
    ];
    Ok((headers, csv.finish()).into_response())
}

const COLUMNS: &[&str] = &[
    "id",
    "class",
    "severity",
    "test",
    "site",
    "site_en",
    "site_zh",
    "zone",
    "source",
    "device",
    "device_en",
    "device_zh",
    "point",
    "rule",
    "reason_en",
    "reason_zh",
    "condition",
    "handling",
    "verdict",
    "cause",
    "late",
    "raised_at",
    "acknowledged_at",
    "acknowledged_by",
    "verified_at",
    "forwarded_at",
    "closed_at",
    "acknowledged_after_s",
    "verified_after_s",
    "forwarded_after_s",
    "closed_after_s",
];

fn write_row(csv: &mut Csv, life: &AlertLife, [site_en, site_zh, device_en, device_zh]: [&str; 4]) {
    let alert = &life.alert;
    let (verdict, cause) = alert.verdict.map_or((None, None), watchfire_archive::verdict_words);
    let flag = |is_so| Cell::Text(if is_so { "true" } else { "false" });
    let some = |text: Option<&'static str>| text.map_or(Cell::Empty, Cell::Text);
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let after =
        |at: Option<Timestamp>| at.map_or(Cell::Empty, |at| Cell::Number(at.since(alert.raised_at).as_secs_f64()));
    let texts = [alert.id.to_string(), alert.rule.to_string(), alert.raised_at.to_string()];
    let [id, rule, raised_at] = texts.each_ref().map(String::as_str);
    let reached = [alert.acknowledged_at, life.verified_at, life.forwarded_at, life.closed_at];
    let [acknowledged, verified, forwarded, closed] = &reached.map(time);
    let [acknowledged_after, verified_after, forwarded_after, closed_after] = reached.map(after);
    let device = alert.device.as_ref();
    csv.row(&[
        Cell::Text(id),
        Cell::Text(alert.class.as_str()),
        Cell::Text(alert.severity.as_str()),
        flag(alert.marks.test),
        Cell::Text(alert.site.as_str()),
        Cell::Text(site_en),
        Cell::Text(site_zh),
        Cell::Text(alert.zone.as_ref().map_or("", |zone| zone.as_str())),
        some(device.map(|device| device.source.as_str())),
        Cell::Text(device.map_or("", |device| device.name.as_str())),
        Cell::Text(device_en),
        Cell::Text(device_zh),
        Cell::Text(alert.point.as_ref().map_or("", |point| point.as_str())),
        Cell::Text(rule),
        Cell::Text(&alert.reason.en),
        Cell::Text(&alert.reason.zh),
        Cell::Text(match alert.condition {
            watchfire_model::Condition::Active => "active",
            watchfire_model::Condition::Cleared => "cleared",
        }),
        Cell::Text(alert.handling.as_str()),
        some(verdict),
        some(cause),
        flag(alert.marks.late),
        Cell::Text(raised_at),
        Cell::Text(acknowledged),
        Cell::Text(alert.acknowledged_by.as_ref().map_or("", |by| by.as_str())),
        Cell::Text(verified),
        Cell::Text(forwarded),
        Cell::Text(closed),
        acknowledged_after,
        verified_after,
        forwarded_after,
        closed_after,
    ]);
}

fn span(params: &SpanParams) -> Result<SpanQuery, Problem> {
    let from = params.from.parse::<Timestamp>().map_err(wrong)?;
    let to = params.to.parse::<Timestamp>().map_err(wrong)?;
    if to < from {
        return Err(wrong("`to` is before `from`"));
    }
    Ok(SpanQuery { site: params.site.as_deref().map(SiteId::new).transpose().map_err(wrong)?, from, to })
}

fn wrong(why: impl ToString) -> Problem {
    let why = why.to_string();
    Problem::unprocessable(format!("the query is wrong: {why}"), format!("查询参数有误:{why}"))
}
