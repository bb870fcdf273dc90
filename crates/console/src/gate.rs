//! What every request passes: time limit and count, security headers, origin, session.

use crate::console::App;
use crate::problem::Problem;
use crate::sessions::TokenHash;
use crate::users::Role;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;
use watchfire_model::UserName;

/// The cookie that holds the session's token.
pub(crate) const SESSION_COOKIE: &str = "watchfire_session";

/// Scripts, styles and connections of our own only. Attributes may hold style, because charts place their parts so.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; media-src 'self' blob:; \
     connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Who makes a request.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) user: UserName,
    pub(crate) role: Role,
    pub(crate) token: TokenHash,
}

/// Limits the time until the answer begins, and counts.
pub(crate) async fn time_and_count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let timer = app.meters.request_seconds.start_timer();
    let answer = tokio::time::timeout(app.console.limits.answer_wait, next.run(request)).await;
    let response = answer.unwrap_or_else(|_| Problem::too_slow().into_response());
    timer.observe_duration();
    let status = match response.status().as_u16() {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    };
    app.meters.requests.with_label_values(&[status]).inc();
    response
}

/// Adds the security headers, and keeps answers out of caches unless they say otherwise.
pub(crate) async fn security_headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if app.console.behind_tls_proxy {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses calls that change something and come from the page of another site.
pub(crate) async fn same_origin(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_same_origin(request.headers(), app.console.behind_tls_proxy) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "foreign-origin",
        "this call came from the page of another site; open the console at its own address",
        "该请求来自其他网站的页面,请从控制台自己的地址打开",
    )
    .into_response()
}

/// Lets through only who is logged in, and says who it is.
pub(crate) async fn require_session(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    match who(&app, request.headers()) {
        Some(who) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        None => Problem::not_logged_in().into_response(),
    }
}

/// Who is logged in with the cookie of these headers.
pub(crate) fn who(app: &App, headers: &HeaderMap) -> Option<Who> {
    still_there(app, TokenHash::of(cookie(headers, SESSION_COOKIE)?))
}

/// Who is logged in with that token; `None` after a log-out, a new password, or 12 h without use.
pub(crate) fn still_there(app: &App, token: TokenHash) -> Option<Who> {
    let session = app.sessions.touch(app.now(), &token)?;
    let role = app.console.users.role(&session.user, &session.credential)?;
    Some(Who { user: session.user, role, token })
}

/// The address that limits count by.
pub(crate) fn client_address(app: &App, headers: &HeaderMap, peer: ClientAddress) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let last = forwarded.and_then(|list| list.rsplit(',').next()).and_then(|text| text.trim().parse().ok());
    last.filter(|_| app.console.behind_tls_proxy).unwrap_or(peer.0)
}

fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let lists = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// `Origin`, where it is sent, must name the host that the request was sent to; `null` never does.
fn is_same_origin(headers: &HeaderMap, proxied: bool) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site") {
        return false;
    }
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let origin = text("origin").and_then(|origin| origin.parse::<Uri>().ok());
    let origin = origin.as_ref().and_then(Uri::authority).map(|authority| authority.as_str());
    let forwarded = text("x-forwarded-host").filter(|_| proxied);
    origin.is_some_and(|origin| Some(origin) == forwarded || Some(origin) == text("host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_change_things() {
        for (lines, proxied, expected) in [
            (vec![("host", "fire:8471")], false, true),
            (vec![("host", "fire:8471"), ("origin", "http://fire:8471")], false, true),
            (vec![("host", "fire:8471"), ("origin", "http://fire:9000")], false, false),
            (vec![("host", "fire:8471"), ("origin", "https://evil.example")], false, false),
            (vec![("host", "fire:8471"), ("origin", "null")], false, false),
            (vec![("host", "fire:8471"), ("sec-fetch-site", "cross-site")], false, false),
            (vec![("host", "10.0.0.2"), ("x-forwarded-host", "fire"), ("origin", "https://fire")], true, true),
            (vec![("host", "10.0.0.2"), ("x-forwarded-host", "fire"), ("origin", "https://fire")], false, false),
        ] {
            let headers =
                lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            assert_eq!(is_same_origin(&headers.collect(), proxied), expected, "{lines:?} {proxied}");
        }
    }

    #[test]
    fn the_session_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; watchfire_session=abc; b=2"));
        assert_eq!(cookie(&headers, SESSION_COOKIE), Some("abc"));
        assert_eq!(cookie(&headers, "session"), None);
    }
}
