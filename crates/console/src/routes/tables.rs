//! Alerts, readings and figures as tables for spreadsheets. All from the archive.

use super::figures::{SpanParams, span};
use super::readings::{ReadingsParams, query as readings_query};
use crate::console::App;
use crate::figure_sheets::FigureSheet;
use crate::problem::{Problem, ProblemView};
use crate::request::Params;
use crate::table::Table;
use crate::xlsx::Xlsx;
use crate::{alert_table, figure_sheets, past, reading_table};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use watchfire_model::sites::Language;

/// Points of one series of a table, unless asked for fewer.
const POINTS_DEFAULT: usize = 10_000;

/// A span, and in which language a workbook is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpanBookParams {
    /// Only of that site.
    site: Option<String>,
    /// Alerts raised from this time on, RFC 3339.
    from: String,
    /// ... and before this time, RFC 3339.
    to: String,
    /// `zh` or `en`; `zh` by default.
    #[param(value_type = Option<String>)]
    lang: Option<Language>,
}

/// A span, and which table of its figures.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FiguresTableParams {
    /// Which table.
    table: FigureSheet,
    /// Only of that site.
    site: Option<String>,
    /// Alerts raised from this time on, RFC 3339.
    from: String,
    /// ... and before this time, RFC 3339.
    to: String,
}

/// Which readings, and in which language a workbook is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadingsBookParams {
    /// The site.
    site: String,
    /// Whose naming `device` follows.
    source: String,
    /// The device's name.
    device: String,
    /// From this time on, RFC 3339.
    from: String,
    /// Up to this time, RFC 3339.
    to: String,
    /// At most so many points of each series: 1 to 10000, 10000 by default.
    points_max: Option<usize>,
    /// `zh` or `en`; `zh` by default.
    #[param(value_type = Option<String>)]
    lang: Option<Language>,
}

impl SpanBookParams {
    fn split(self) -> (SpanParams, Language) {
        (SpanParams { site: self.site, from: self.from, to: self.to }, self.lang.unwrap_or_default())
    }
}

impl ReadingsBookParams {
    fn split(self) -> (ReadingsParams, Language) {
        let ReadingsBookParams { site, source, device, from, to, points_max, lang } = self;
        (ReadingsParams { site, source, device, from, to, points_max }, lang.unwrap_or_default())
    }
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
    alerts(&app, &params, Table::csv(alert_table::COLUMNS)).await
}

/// The alerts of a span as a workbook.
#[utoipa::path(get, path = "/api/v1/alerts.xlsx", tag = "figures", security(("session" = [])), params(SpanBookParams), responses(
    (status = 200, description = "A workbook in one language, one alert a row, oldest first; times by the site's clock. No cell is a formula.", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or the span holds more than 18750 alerts.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn alerts_xlsx(
    State(app): State<Arc<App>>,
    Params(params): Params<SpanBookParams>,
) -> Result<Response, Problem> {
    let (params, language) = params.split();
    let table = Table::xlsx(language, app.now(), alert_table::TITLE, alert_table::COLUMNS);
    alerts(&app, &params, table).await
}

/// The readings of one device as CSV.
#[utoipa::path(get, path = "/api/v1/readings.csv", tag = "devices", security(("session" = [])), params(ReadingsParams), responses(
    (status = 200, description = "CSV in UTF-8 with a byte order mark, one reading a row, series after series; times in UTC. Of a series with more than `points_max` (10000 by default) those that show its peaks and steps.", body = String, content_type = "text/csv"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or there are more than 100000 readings.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn readings_csv(
    State(app): State<Arc<App>>,
    Params(params): Params<ReadingsParams>,
) -> Result<Response, Problem> {
    readings(&app, &params, Table::csv(reading_table::COLUMNS)).await
}

/// The readings of one device as a workbook.
#[utoipa::path(get, path = "/api/v1/readings.xlsx", tag = "devices", security(("session" = [])), params(ReadingsBookParams), responses(
    (status = 200, description = "A workbook, one reading a row, series after series; times by the site's clock. Of a series with more than `points_max` (10000 by default) those that show its peaks and steps.", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or there are more than 100000 readings.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn readings_xlsx(
    State(app): State<Arc<App>>,
    Params(params): Params<ReadingsBookParams>,
) -> Result<Response, Problem> {
    let (params, language) = params.split();
    let table = Table::xlsx(language, app.now(), reading_table::TITLE, reading_table::COLUMNS);
    readings(&app, &params, table).await
}

/// The figures of a span as a workbook.
#[utoipa::path(get, path = "/api/v1/figures.xlsx", tag = "figures", security(("session" = [])), params(SpanBookParams), responses(
    (status = 200, description = "A workbook in one language: alerts by class with response times, causes of false alarms, devices that raise most, availability of sites, devices that were away longest, duty checks.", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or the span holds too much.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn figures_xlsx(
    State(app): State<Arc<App>>,
    Params(params): Params<SpanBookParams>,
) -> Result<Response, Problem> {
    let (params, language) = params.split();
    let figures = past::figures(&app, span(&params)?).await?;
    let mut book = Xlsx::new(language, app.now());
    figure_sheets::write(&mut book, &figures, &app.live().names());
    Table::Xlsx(Box::new(book)).into_file("figures").await
}

/// One of the tables of a span's figures as CSV.
#[utoipa::path(get, path = "/api/v1/figures.csv", tag = "figures", security(("session" = [])), params(FiguresTableParams), responses(
    (status = 200, description = "CSV in UTF-8 with a byte order mark.", body = String, content_type = "text/csv"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or the span holds too much.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn figures_csv(
    State(app): State<Arc<App>>,
    Params(params): Params<FiguresTableParams>,
) -> Result<Response, Problem> {
    let FiguresTableParams { table: wanted, site, from, to } = params;
    let figures = past::figures(&app, span(&SpanParams { site, from, to })?).await?;
    let mut table = Table::csv(wanted.columns());
    for cells in wanted.rows(&figures, &app.live().names()) {
        table.row(&cells);
    }
    table.into_file(wanted.name()).await
}

async fn alerts(app: &App, params: &SpanParams, mut table: Table) -> Result<Response, Problem> {
    let query = span(params)?;
    let (mut after, mut rows) = (None, 0);
    let rows_max = table.rows_max(alert_table::COLUMNS);
    loop {
        let page = past::lives(app, query.clone(), after).await?;
        rows += page.lives.len();
        if rows > rows_max {
            return Err(too_long(rows_max));
        }
        let names = app.live().names();
        for life in &page.lives {
            table.row(&alert_table::cells(life, &names));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    table.into_file("alerts").await
}

async fn readings(app: &App, params: &ReadingsParams, mut table: Table) -> Result<Response, Problem> {
    let query = readings_query(params, POINTS_DEFAULT)?;
    let time_zone = app.live().names().alert_site(&query.site).time_zone;
    let series = past::series(app, query).await?;
    let rows_max = table.rows_max(reading_table::COLUMNS);
    if series.iter().map(|series| series.points.len()).sum::<usize>() > rows_max {
        return Err(too_long(rows_max));
    }
    for series in &series {
        for cells in reading_table::rows(series, time_zone.as_str()) {
            table.row(&cells);
        }
    }
    table.into_file("readings").await
}

pub(super) fn too_long(rows_max: usize) -> Problem {
    Problem::unprocessable(
        format!("the table would have more than {rows_max} rows: ask for a shorter time"),
        format!("表格超过 {rows_max} 行,请缩短时间范围"),
    )
}
