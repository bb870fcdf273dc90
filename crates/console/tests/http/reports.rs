//! Reports as pages, from a real archive. What they look like stands in `tests/data/report.*.html`; `GOLDEN=write` writes
//! them.

use crate::history::with_archive;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    if std::env::var_os("GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap(), "{name}");
}

#[tokio::test]
async fn a_report_is_one_page_in_either_language() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    bench.pass(Duration::from_secs(86_400));
    let client = bench.operator().await;
    for (language, query) in [("en", "date=2026-02-02&site=sunshine&lang=en"), ("zh", "date=2026-02-02")] {
        let (media_type, bytes) = client.file(&format!("/api/v1/reports/day?{query}")).await;
        assert_eq!(media_type, "text/html; charset=utf-8");
        let page = String::from_utf8(bytes).unwrap();
        for elsewhere in ["<script", "<style", "<link", "<img", "http", "url("] {
            assert!(!page.contains(elsewhere), "{elsewhere} in {page}");
        }
        golden(&format!("report.{language}.html"), &page);
    }
}

#[tokio::test]
async fn the_span_is_that_of_the_calendar_and_what_is_not_over_says_so() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    // 11:40 in Shanghai, on Monday, 2 February 2026.
    bench.pass(Duration::from_secs(3_600));
    let client = bench.operator().await;
    for (path, title, is_over) in [
        ("day?lang=en", "Daily report · All sites · 2026-02-01", true),
        ("day?date=2026-02-02&lang=en", "Daily report · All sites · 2026-02-02", false),
        ("week?lang=en", "Weekly report · All sites · 2026-01-26 to 2026-02-01", true),
        ("month?lang=en&site=sunshine", "Monthly report · Sunshine care home · 2026-01-01 to 2026-01-31", true),
        ("month?date=2026-02-14", "月报 · 全部单位 · 2026-02-01 至 2026-02-28", false),
    ] {
        let page = client.get(&format!("/api/v1/reports/{path}")).await;
        assert!(page.contains(&format!("<title>{title}</title>")), "{path}: {page}");
        let says = page.contains("This span is not over") || page.contains("本期尚未结束");
        assert_eq!(says, !is_over, "{path}");
    }
    let running = client.get("/api/v1/reports/day?date=2026-02-02&lang=en").await;
    assert!(running.contains("100.00\u{a0}%"), "a device that is there is not away for the rest of the day: {running}");
    for (path, expected) in
        [("year", "404"), ("day?date=today", "422"), ("day?site=No%20Site", "422"), ("day?x=1", "422")]
    {
        let answer = client.get(&format!("/api/v1/reports/{path}")).await;
        assert!(answer.starts_with(expected), "{path}: {answer}");
    }
}
