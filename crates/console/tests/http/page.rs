//! The web pages, or what stands in for them.

use crate::support::Bench;

#[tokio::test]
async fn addresses_of_the_page_get_the_page_and_it_is_not_sent_twice() {
    let bench = Bench::start().await;
    for path in ["/", "/index.html", "/alerts", "/alerts/some-id", "/devices?site=a"] {
        let answer = bench.request("GET", path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8", "{path}");
        let tag = answer.headers()["etag"].clone();
        let body = answer.text().await.unwrap();
        assert!(body.contains("watchfire") && body.contains("lang=\"zh-CN\""), "{path}");
        let again = bench.request("GET", path).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.bytes().await.unwrap().len(), 0);
    }
    let head = bench.request("HEAD", "/").send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.bytes().await.unwrap().len()), (200, 0));
}

#[tokio::test]
async fn without_pages_it_says_what_is_missing_and_with_pages_they_are_compressed() {
    let bench = Bench::start().await;
    let answer = bench.request("GET", "/").header("accept-encoding", "gzip, br").send().await.unwrap();
    if watchfire_console::has_pages() {
        let body = bench.request("GET", "/").send().await.unwrap().text().await.unwrap();
        let script = body.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js")).unwrap();
        let answer = bench.request("GET", script).header("accept-encoding", "gzip, br").send().await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], "br");
        assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(answer.headers()["content-type"], "text/javascript; charset=utf-8");
    } else {
        let body = answer.text().await.unwrap();
        for part in ["不包含网页", "holds no web pages", "Node.js 20", "/api/v1/openapi.json"] {
            assert!(body.contains(part), "{part}");
        }
        assert!(!body.contains("<script") && !body.contains("<style"), "the policy forbids them");
    }
}
