//! Errors as RFC 9457 problem details, in both languages.
//!
//! `type` is `urn:watchfire:problem:<kind>`, `title` names the kind and `detail` says what to do next, both in English
//! as the RFC has them: text. The members `en` and `zh` hold the detail in both languages.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use watchfire_model::Bilingual;

/// An answer that is not what was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Said>);

#[derive(Clone, Debug)]
struct Said {
    status: StatusCode,
    kind: &'static str,
    detail: Bilingual,
    retry_after: Option<Duration>,
    demo: Option<DemoHint>,
}

/// An RFC 9457 problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ProblemView {
    /// `urn:watchfire:problem:<kind>`.
    r#type: String,
    /// The kind of problem.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened and what to do next, in English.
    detail: String,
    /// The detail in English.
    en: String,
    /// The detail in Chinese.
    zh: String,
    /// Only in the demo, and only where a log-in is asked for: the log-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    demo: Option<DemoHint>,
}

/// The log-in of the demo.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DemoHint {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, en: impl Into<String>, zh: impl Into<String>) -> Problem {
        Problem(Box::new(Said { status, kind, detail: Bilingual::new(en, zh), retry_after: None, demo: None }))
    }

    pub(crate) fn retry_after(mut self, wait: Duration) -> Problem {
        self.0.retry_after = Some(wait);
        self
    }

    pub(crate) fn with_demo(mut self, demo: Option<DemoHint>) -> Problem {
        self.0.demo = demo;
        self
    }

    pub(crate) fn not_found() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this address", "此地址下没有内容")
    }

    pub(crate) fn method_not_allowed() -> Problem {
        Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "this address does not take that method; the Allow header names those it takes",
            "此地址不支持该方法,请参见 Allow 头",
        )
    }

    pub(crate) fn not_logged_in() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "not-logged-in", "log in first", "请先登录")
    }

    pub(crate) fn too_slow() -> Problem {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too-slow",
            "the answer took too long; try again",
            "响应超时,请重试",
        )
    }

    pub(crate) fn archive_down() -> Problem {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "archive-down",
            "history cannot be read now because the archive does not answer; alarms and orders are not affected",
            "历史数据库无响应,暂时无法查询历史;报警与处置不受影响",
        )
        .retry_after(Duration::from_secs(10))
    }

    pub(crate) fn unprocessable(en: impl Into<String>, zh: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", en, zh)
    }

    pub(crate) fn refused(detail: Bilingual) -> Problem {
        Problem::new(StatusCode::CONFLICT, "refused", detail.en, detail.zh)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Said { status, kind, detail, retry_after, demo } = *self.0;
        let view = ProblemView {
            r#type: format!("urn:watchfire:problem:{kind}"),
            title: title(kind),
            status: status.as_u16(),
            detail: detail.english().to_owned(),
            en: detail.english().to_owned(),
            zh: detail.chinese().to_owned(),
            demo,
        };
        let mut response = (status, Json(view)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }
}

fn title(kind: &'static str) -> &'static str {
    match kind {
        "not-found" => "Not found",
        "method-not-allowed" => "Method not allowed",
        "not-logged-in" => "Not logged in",
        "wrong-password" => "Wrong user or password",
        "no-users" => "No users yet",
        "too-many-tries" => "Too many tries",
        "not-permitted" => "Not permitted",
        "foreign-origin" => "Foreign origin",
        "not-json" => "Not JSON",
        "unsupported-media-type" => "Unsupported media type",
        "too-large" => "Too large",
        "unprocessable" => "Unprocessable",
        "refused" => "Refused by the rules",
        "archive-down" => "Archive down",
        "station-busy" => "Station cannot take orders",
        "too-many-clients" => "Too many clients",
        "too-slow" => "Too slow",
        other => other,
    }
}
