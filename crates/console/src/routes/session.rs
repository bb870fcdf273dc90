//! Logging in and out.

use crate::console::App;
use crate::gate::{self, ClientAddress, SESSION_COOKIE};
use crate::problem::{DemoHint, Problem, ProblemView};
use crate::request::JsonBody;
use crate::users::Credential;
use crate::view::SessionView;
use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use utoipa::ToSchema;
use watchfire_model::{Act, ActKind, UserName};

/// How long the browser keeps the cookie; the session ends by itself after 12 h without use.
const COOKIE_LIFE_S: u64 = 30 * 24 * 3600;
/// A log-in waits at most this long for its turn.
const HASH_WAIT: Duration = Duration::from_secs(5);

/// A log-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogIn {
    /// The log-in name.
    user: String,
    /// The password.
    password: String,
}

/// Who is logged in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses(
    (status = 200, description = "Who is logged in.", body = SessionView),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<SessionView>, Problem> {
    let demo = app.console.demo.as_ref();
    let hint = demo.map(|demo| DemoHint { user: demo.user.clone(), password: demo.password.clone() });
    let who = gate::who(&app, &headers).ok_or_else(|| Problem::not_logged_in().with_demo(hint))?;
    Ok(Json(session(&app, &who.user, who.role)))
}

/// Log in.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = LogIn, responses(
    (status = 200, description = "Logged in; the cookie is set.", body = SessionView),
    (status = 401, description = "Wrong user or password, or no user exists yet.", body = ProblemView, content_type = "application/problem+json"),
    (status = 429, description = "Too many tries; see Retry-After.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "Too many log-ins at once.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn log_in(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<ClientAddress>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<LogIn>,
) -> Result<Response, Problem> {
    let address = gate::client_address(&app, &headers, peer);
    let user = body.user.clone();
    let admitted = limit(&app).admit(app.now(), address, &user);
    if let Err(wait) = admitted {
        app.tell(refused(&app, &user, address));
        return Err(counted(&app, "too_many_tries", too_many_tries(wait)));
    }
    let verified = verify(&app, body).await?;
    let Some((user, credential)) = verified else {
        tracing::warn!(user, %address, "log-in refused");
        app.tell(refused(&app, &user, address));
        return Err(counted(&app, "wrong", wrong(app.console.users.is_empty())));
    };
    limit(&app).right(address, user.as_str());
    let Some(role) = app.console.users.role(&user, &credential) else {
        return Err(counted(&app, "wrong", wrong(false)));
    };
    let token = app.sessions.begin(app.now(), user.clone(), credential, address).await;
    let token = token.ok_or_else(|| counted(&app, "busy", busy()))?;
    app.meters.logins.with_label_values(&["accepted"]).inc();
    tracing::info!(%user, %address, "logged in");
    app.tell(Act { by: Some(user.as_str().into()), address: Some(address), ..Act::new(ActKind::LoggedIn) });
    let cookie = set_cookie(&app, token.as_str(), COOKIE_LIFE_S);
    Ok(([(header::SET_COOKIE, cookie)], Json(session(&app, &user, role))).into_response())
}

/// Log out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses(
    (status = 204, description = "Nobody is logged in any more."),
))]
pub(crate) async fn log_out(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<ClientAddress>,
    headers: HeaderMap,
) -> Response {
    if let Some(who) = gate::who(&app, &headers) {
        let address = Some(gate::client_address(&app, &headers, peer));
        app.tell(Act { by: Some(who.user.as_str().into()), address, ..Act::new(ActKind::LoggedOut) });
        app.sessions.end(&who.token).await;
    }
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, set_cookie(&app, "", 0))]).into_response()
}

/// The name is told when there is such a user: what else is typed there may be a password.
fn refused(app: &App, user: &str, address: IpAddr) -> Act {
    let by = app.console.users.knows(user).then(|| user.into());
    Act { by, address: Some(address), ..Act::new(ActKind::LogInRefused) }
}

fn session(app: &App, user: &UserName, role: crate::users::Role) -> SessionView {
    SessionView { user: user.to_string(), role, version: app.console.version, demo: app.console.demo.is_some() }
}

/// Compares the password on a thread of its own, one at a time.
async fn verify(app: &Arc<App>, body: LogIn) -> Result<Option<(UserName, Credential)>, Problem> {
    let _place = app.logins_waiting.try_acquire().map_err(|_| counted(app, "busy", busy()))?;
    let turn = tokio::time::timeout(HASH_WAIT, app.hashing.acquire()).await;
    let Ok(Ok(_turn)) = turn else { return Err(counted(app, "busy", busy())) };
    let shared = Arc::clone(app);
    let verified = tokio::task::spawn_blocking(move || {
        if let Err(error) = shared.console.users.refresh() {
            tracing::error!(%error, "the file of users cannot be read: users stay as they were");
        }
        shared.console.users.verify(&body.user, &body.password)
    });
    verified.await.map_err(|_| counted(app, "busy", busy()))
}

fn limit(app: &App) -> std::sync::MutexGuard<'_, crate::login_limit::LoginLimit> {
    app.login_limit.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set_cookie(app: &App, value: &str, life_s: u64) -> String {
    let secure = if app.console.behind_tls_proxy { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={life_s}{secure}")
}

fn counted(app: &App, result: &str, problem: Problem) -> Problem {
    app.meters.logins.with_label_values(&[result]).inc();
    problem
}

fn wrong(nobody_yet: bool) -> Problem {
    if nobody_yet {
        return Problem::new(
            StatusCode::UNAUTHORIZED,
            "no-users",
            "there is no user yet: run `watchfire users add NAME` on the station",
            "尚无用户:请在服务器上运行 watchfire users add 用户名",
        );
    }
    Problem::new(StatusCode::UNAUTHORIZED, "wrong-password", "user or password is wrong", "用户名或密码错误")
}

fn too_many_tries(wait: Duration) -> Problem {
    let seconds = wait.as_secs().max(1);
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-tries",
        format!("too many tries: wait {seconds} s"),
        format!("尝试次数过多,请等待 {seconds} 秒"),
    )
    .retry_after(wait)
}

fn busy() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too-many-clients",
        "too many people log in at once; try again in a few seconds",
        "同时登录的人过多,请几秒后重试",
    )
    .retry_after(Duration::from_secs(2))
}
