//! Questions to the archive: on threads of their own, a few at once, and answered with a problem when it is down.

use crate::console::App;
use crate::problem::Problem;
use crate::report::SpanFigures;
use crate::view::SeriesView;
use std::sync::Arc;
use std::time::Duration;
use watchfire_archive::{
    AlertHistory, AlertLife, AlertsCursor, AlertsPage, AlertsQuery, AuditQuery, AuditRow, DutyCheckRow, DutyOfDevice,
    DutyQuery, History, IncidentLife, IncidentsQuery, InspectionRow, InspectionsQuery, LivesPage, QueryError,
    ReadingsQuery, Series, SpanQuery,
};
use watchfire_model::{Alert, AlertId, DeviceKey, SiteId, Timestamp, Value};

/// One alert is looked up within this time, or shown as it is known in memory.
const ALERT_WAIT: Duration = Duration::from_secs(2);

/// A page of alerts, newest first.
pub(crate) async fn alerts(app: &App, query: AlertsQuery) -> Result<AlertsPage, Problem> {
    ask(app, move |history| history.alerts(&query)).await
}

/// Everything about one alert; `None` when the archive does not have it.
pub(crate) async fn alert(app: &App, id: AlertId) -> Result<Option<AlertHistory>, Problem> {
    let answer = tokio::time::timeout(ALERT_WAIT, ask(app, move |history| history.alert(id))).await;
    answer.unwrap_or_else(|_| Err(Problem::archive_down()))
}

/// The readings of a device.
pub(crate) async fn readings(app: &App, query: ReadingsQuery) -> Result<Vec<SeriesView>, Problem> {
    Ok(series(app, query).await?.into_iter().map(series_view).collect())
}

/// The same as they are.
pub(crate) async fn series(app: &App, query: ReadingsQuery) -> Result<Vec<Series>, Problem> {
    ask(app, move |history| history.readings(&query)).await
}

/// The figures of a span.
pub(crate) async fn figures(app: &App, query: SpanQuery) -> Result<SpanFigures, Problem> {
    let now = app.now();
    ask(app, move |history| SpanFigures::read(history, &query, now)).await
}

/// A page of the alerts of a span, oldest first.
pub(crate) async fn lives(app: &App, query: SpanQuery, after: Option<AlertsCursor>) -> Result<LivesPage, Problem> {
    ask(app, move |history| history.lives(&query, after)).await
}

/// Incidents, newest first.
pub(crate) async fn incidents(app: &App, query: IncidentsQuery) -> Result<Vec<IncidentLife>, Problem> {
    ask(app, move |history| history.incidents(&query)).await
}

/// An incident and its alerts, oldest first; `None` when the archive does not have it.
pub(crate) async fn incident(app: &App, id: AlertId) -> Result<Option<(IncidentLife, Vec<AlertLife>)>, Problem> {
    let query = IncidentsQuery { id: Some(id), limit: 1, ..IncidentsQuery::default() };
    ask(app, move |history| {
        let Some(incident) = history.incidents(&query)?.pop() else { return Ok(None) };
        Ok(Some((incident, history.incident_lives(id)?)))
    })
    .await
}

/// Duty checks of a month, newest first.
pub(crate) async fn duty_checks(app: &App, query: DutyQuery) -> Result<Vec<DutyCheckRow>, Problem> {
    ask(app, move |history| history.duty_checks(&query)).await
}

/// What they came to, by transmission device.
pub(crate) async fn duty_figures(app: &App, query: DutyQuery) -> Result<Vec<DutyOfDevice>, Problem> {
    ask(app, move |history| history.duty_figures(&query)).await
}

/// Rounds of questions to transmission devices, newest first.
pub(crate) async fn inspections(app: &App, query: InspectionsQuery) -> Result<Vec<InspectionRow>, Problem> {
    ask(app, move |history| history.inspections(&query)).await
}

/// Lines of the audit, newest first.
pub(crate) async fn audit(app: &App, query: AuditQuery) -> Result<Vec<AuditRow>, Problem> {
    ask(app, move |history| history.audit(&query)).await
}

/// The alerts that were not over at a time, and the last values of a device.
pub(crate) async fn then(
    app: &App,
    site: Option<SiteId>,
    device: Option<DeviceKey>,
    at: Timestamp,
) -> Result<(Vec<Alert>, Vec<SeriesView>), Problem> {
    let found = ask(app, move |history| {
        let values = device.map(|device| history.values_at(&device, at)).transpose()?;
        Ok((history.alerts_at(site.as_ref(), at)?, values.unwrap_or_default()))
    });
    let (alerts, values) = found.await?;
    Ok((alerts, values.into_iter().map(series_view).collect()))
}

async fn ask<T, F>(app: &App, question: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&History) -> Result<T, QueryError> + Send + 'static,
{
    let history = app.console.history.as_ref().ok_or_else(Problem::archive_down)?;
    let turn = Arc::clone(&app.queries).acquire_owned().await.map_err(|_| Problem::archive_down())?;
    let history = Arc::clone(history);
    let answered = tokio::task::spawn_blocking(move || {
        let answer = question(&history);
        drop(turn);
        answer
    });
    match answered.await {
        Ok(answer) => answer.map_err(problem),
        Err(error) => {
            tracing::error!(%error, "a question to the archive panicked");
            Err(Problem::archive_down())
        }
    }
}

fn problem(error: QueryError) -> Problem {
    match error {
        QueryError::TooMuch(_) => Problem::unprocessable(
            "more than one question may read: ask for a shorter time",
            "查询数据量过大,请缩短时间范围",
        ),
        QueryError::Busy(_) | QueryError::Unavailable(_) => {
            tracing::warn!(%error, "the archive did not answer");
            Problem::archive_down()
        }
        QueryError::Damaged(_) => {
            tracing::error!(%error, "the archive did not answer");
            Problem::archive_down()
        }
    }
}

fn series_view(series: Series) -> SeriesView {
    SeriesView {
        point: series.point.to_string(),
        metric: series.metric.to_string(),
        unit: series.unit,
        points: series.points.iter().map(|point| (point.at.0.div_euclid(1_000), number(point.value))).collect(),
    }
}

fn number(value: Value) -> f64 {
    match value {
        Value::Bool(value) => f64::from(u8::from(value)),
        Value::Number(value) => value,
    }
}
