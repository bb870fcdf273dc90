//! Who did what and when, from the archive. For operators: it has the addresses from which people logged in.

use super::figures::wrong;
use super::tables::too_long;
use crate::console::App;
use crate::gate::Who;
use crate::past;
use crate::problem::{Problem, ProblemView};
use crate::record_tables;
use crate::request::Params;
use crate::table::Table;
use crate::users::Role;
use crate::view::{AuditLineView, AuditPage};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use watchfire_archive::{AuditQuery, AuditRow, LIST_MAX};
use watchfire_model::{Seq, Timestamp};

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// Only from this time on, RFC 3339.
    from: Option<String>,
    /// Only before this time, RFC 3339.
    to: Option<String>,
    /// Only of this person.
    by: Option<String>,
    /// Only this action, e.g. `acknowledge`, `close`, `set_up`, `started`.
    action: Option<String>,
    /// `next` of the page before.
    before: Option<String>,
}

/// Who did what and when.
#[utoipa::path(get, path = "/api/v1/audit", tag = "history", security(("session" = [])), params(AuditParams), responses(
    (status = 200, description = "A page of at most 1000 lines, newest first.", body = AuditPage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 403, description = "A viewer does not see the audit.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Params(params): Params<AuditParams>,
) -> Result<Json<AuditPage>, Problem> {
    let lines = past::audit(&app, query(&who, params)?).await?;
    Ok(Json(AuditPage {
        lines: lines.iter().map(AuditLineView::from).collect(),
        next: next(&lines).map(|(at, seq)| format!("{},{seq}", at.0)),
    }))
}

/// The same as CSV.
#[utoipa::path(get, path = "/api/v1/audit.csv", tag = "history", security(("session" = [])), params(AuditParams), responses(
    (status = 200, description = "CSV in UTF-8 with a byte order mark, one line a row, newest first; times in UTC. A text that begins like a formula has an apostrophe before it.", body = String, content_type = "text/csv"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 403, description = "A viewer does not see the audit.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong, or there are more than 100000 lines.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "The archive does not answer.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn csv(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Params(params): Params<AuditParams>,
) -> Result<Response, Problem> {
    let mut query = query(&who, params)?;
    let mut table = Table::csv(record_tables::AUDIT);
    let (mut rows, rows_max) = (0, table.rows_max(record_tables::AUDIT));
    loop {
        let lines = past::audit(&app, query.clone()).await?;
        rows += lines.len();
        if rows > rows_max {
            return Err(too_long(rows_max));
        }
        lines.iter().for_each(|line| table.row(&record_tables::audit_line(line)));
        query.before = next(&lines);
        if query.before.is_none() {
            break;
        }
    }
    table.into_file("audit").await
}

fn query(who: &Who, params: AuditParams) -> Result<AuditQuery, Problem> {
    if who.role != Role::Operator {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not-permitted",
            "a viewer does not see the audit: ask an operator",
            "查看员不能查看操作记录,请联系值班员",
        ));
    }
    let time = |text: Option<String>| text.as_deref().map(str::parse::<Timestamp>).transpose().map_err(wrong);
    let AuditParams { from, to, by, action, before } = params;
    let place = |text: &str| {
        let (at, seq) = text.split_once(',')?;
        Some((Timestamp(at.parse().ok()?), Seq(seq.parse().ok()?)))
    };
    let before = before.as_deref().map(|text| place(text).ok_or_else(|| wrong("`before` is not `next` of a page")));
    Ok(AuditQuery { before: before.transpose()?, from: time(from)?, to: time(to)?, by, action })
}

/// Where the next page begins; `None` when this is the last.
fn next(lines: &[AuditRow]) -> Option<(Timestamp, Seq)> {
    lines.last().filter(|_| lines.len() >= LIST_MAX).map(|last| (last.at, last.seq))
}
