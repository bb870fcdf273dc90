//! The web pages, built and compressed by `build.rs` and held in the binary.
//!
//! Files under `assets/` have a hash in their name and never change; everything else is asked for again each time and
//! answered with 304 while it is the same. An address without a file extension is one of the page's own and gets
//! `index.html`.

use crate::problem::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A file of the pages: its path, and its bytes plain, by brotli and by gzip; empty where it is not worth it.
struct PageFile {
    path: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

struct Page {
    file: &'static PageFile,
    etag: String,
}

/// Whether the pages were built, or stand in for pages that could not be.
pub fn has_pages() -> bool {
    PAGES_BUILT
}

static PAGES: LazyLock<BTreeMap<&'static str, Page>> = LazyLock::new(|| {
    let page = |file: &'static PageFile| {
        let digest = Sha256::digest(file.plain);
        let etag: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        (file.path, Page { file, etag })
    };
    PAGE_FILES.iter().map(page).collect()
});

/// Answers for every address that is not in the table of routes.
pub(crate) async fn page(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return Problem::not_found().into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = [(header::ALLOW, HeaderValue::from_static("GET,HEAD"))];
        return (allow, Problem::method_not_allowed()).into_response();
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let wanted = if name.contains('.') { path } else { "index.html" };
    match PAGES.get(wanted) {
        Some(page) => answer(page, request.headers()),
        None => Problem::not_found().into_response(),
    }
}

fn answer(page: &Page, headers: &HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let (encoding, bytes) = encoded(page.file, text(header::ACCEPT_ENCODING));
    let etag = format!("\"{}{}\"", page.etag, encoding.map_or("", |name| if name == "br" { "-br" } else { "-gz" }));
    let unchanged = text(header::IF_NONE_MATCH).split(',').any(|known| known.trim() == etag);
    let lasting = page.file.path.starts_with("assets/");
    let caching = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::VARY, HeaderValue::from_static("Accept-Encoding")),
        (header::ETAG, HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\""))),
    ];
    if unchanged {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type(page.file.path)))];
    let mut response = (common, kind, bytes).into_response();
    if let Some(name) = encoding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

/// The smallest form that the client takes.
fn encoded(file: &'static PageFile, accepted: &str) -> (Option<&'static str>, &'static [u8]) {
    let takes = |wanted: &str| {
        accepted.split(',').any(|item| {
            let (name, weight) = item.split_once(';').unwrap_or((item, ""));
            name.trim() == wanted && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    if !file.brotli.is_empty() && takes("br") {
        (Some("br"), file.brotli)
    } else if !file.gzip.is_empty() && takes("gzip") {
        (Some("gzip"), file.gzip)
    } else {
        (None, file.plain)
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_form_that_is_taken_wins() {
        static FILE: PageFile = PageFile { path: "a.js", plain: b"plain", brotli: b"br", gzip: b"gz" };
        static SMALL: PageFile = PageFile { path: "b.js", plain: b"plain", brotli: b"", gzip: b"" };
        for (file, accepted, expected) in [
            (&FILE, "gzip, deflate, br", Some("br")),
            (&FILE, "gzip", Some("gzip")),
            (&FILE, "br;q=0, gzip;q=0.5", Some("gzip")),
            (&FILE, "", None),
            (&FILE, "identity", None),
            (&SMALL, "br, gzip", None),
        ] {
            assert_eq!(encoded(file, accepted).0, expected, "{accepted:?}");
        }
    }
}
