//! Every address, every refusal, every header.

use crate::support::{Bench, alert_id, raise, text};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use watchfire_model::Class;

#[tokio::test]
async fn every_documented_address_answers() {
    let bench = Bench::start().await;
    raise(&bench, 1, Class::Fire);
    let client = bench.operator().await;
    let document = client.json("/api/v1/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut said = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            // Logging out would end the test.
            if (method.as_str(), path.as_str()) == ("delete", "/api/v1/session") {
                continue;
            }
            let address = path.replace("{id}", &alert_id(1).to_string());
            let without = bench.request(&method.to_uppercase(), &address).send().await.unwrap().status().as_u16();
            let with = client.request(&method.to_uppercase(), &address).send().await.unwrap().status().as_u16();
            let documented = operation["responses"].as_object().unwrap();
            assert!(
                method == "post" && with == 415 || documented.contains_key(&with.to_string()),
                "{method} {path}: {with}"
            );
            said.push(format!("{without} {with} {method} {path}"));
        }
    }
    said.sort();
    assert_eq!(said.join("\n"), EVERY_ADDRESS.trim());
}

/// Status without and with a session, of requests without body and query.
const EVERY_ADDRESS: &str = "
200 200 get /api/v1/openapi.json
200 200 get /healthz
200 200 get /metrics
200 200 get /readyz
401 200 get /api/v1/alerts
401 200 get /api/v1/alerts/{id}
401 200 get /api/v1/devices
401 200 get /api/v1/events
401 200 get /api/v1/incidents
401 200 get /api/v1/session
401 200 get /api/v1/shadow
401 200 get /api/v1/sites
401 200 get /api/v1/status
401 200 get /api/v1/tests
401 404 get /api/v1/reports/{period}
401 404 get /api/v1/risk/sites/{site}
401 404 post /api/v1/risk/sites/{site}/figures
401 404 post /api/v1/risk/sites/{site}/warning
401 404 post /api/v1/risk/sites/{site}/weather
401 415 post /api/v1/alerts/{id}/acknowledge
401 415 post /api/v1/alerts/{id}/close
401 415 post /api/v1/alerts/{id}/forward
401 415 post /api/v1/alerts/{id}/reopen
401 415 post /api/v1/alerts/{id}/verify
401 415 post /api/v1/duty-checks
401 415 post /api/v1/tests
401 415 post /api/v1/tests/{id}/approve
401 415 post /api/v1/tests/{id}/end
401 415 post /api/v1/transmission-devices/orders
401 422 get /api/v1/alerts.csv
401 422 get /api/v1/alerts.xlsx
401 422 get /api/v1/duty-checks
401 422 get /api/v1/figures
401 422 get /api/v1/figures.csv
401 422 get /api/v1/figures.xlsx
401 422 get /api/v1/history/duty-checks.csv
401 422 get /api/v1/history/duty-checks/devices
401 422 get /api/v1/history/incidents.csv
401 422 get /api/v1/history/inspections
401 422 get /api/v1/history/inspections.csv
401 422 get /api/v1/readings
401 422 get /api/v1/readings.csv
401 422 get /api/v1/readings.xlsx
401 422 get /api/v1/risk/area
401 422 get /api/v1/state
401 503 get /api/v1/audit
401 503 get /api/v1/audit.csv
401 503 get /api/v1/duty-checks/figures
401 503 get /api/v1/history/incidents
401 503 get /api/v1/history/incidents/{id}
401 503 get /api/v1/risk
401 503 get /api/v1/risk/areas
401 503 get /api/v1/transmission-devices
415 415 post /api/v1/session
";

#[tokio::test]
async fn refusals_are_problem_details() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    for (path, expected) in [
        ("/api/v1/nothing", "404 not-found: there is nothing at this address"),
        ("/api", "404 not-found: there is nothing at this address"),
        ("/nothing.js", "404 not-found: there is nothing at this address"),
        ("/api/v1/alerts/%ff", "404 not-found: there is nothing at this address"),
        ("/api/v1/alerts/none", "404 not-found: there is nothing at this address"),
        ("/api/v1/alerts?limit=0", "422 unprocessable: `limit` is not a value it can have"),
        ("/api/v1/alerts?limit=501", "422 unprocessable: `limit` is not a value it can have"),
        ("/api/v1/alerts?class=fires", "422 unprocessable: `class` is not a value it can have"),
        ("/api/v1/alerts?before=1", "422 unprocessable: `before` is not a value it can have"),
        ("/api/v1/devices?state=lost", "422 unprocessable: the query is wrong"),
        ("/api/v1/devices?sites=a", "422 unprocessable: the query is wrong"),
        ("/api/v1/readings?site=sunshine", "422 unprocessable: the query is wrong"),
    ] {
        let answer = client.get(path).await;
        assert!(answer.starts_with(expected), "{path}: {answer}");
    }

    for (method, path, allow) in [
        ("PUT", "/api/v1/session", "GET,HEAD,POST,DELETE"),
        ("DELETE", "/api/v1/alerts", "GET,HEAD"),
        ("POST", "/healthz", "GET,HEAD"),
        ("POST", "/", "GET,HEAD"),
    ] {
        let answer = client.request(method, path).send().await.unwrap();
        assert_eq!(answer.headers()["allow"], allow, "{method} {path}");
        assert!(text(answer).await.starts_with("405 method-not-allowed"), "{method} {path}");
    }

    let large = client.post("/api/v1/session", &"x".repeat(65 * 1024)).await;
    assert_eq!(large, "413 too-large: the body is larger than 65536 bytes");
    let plain = client.request("POST", "/api/v1/session").header("content-type", "text/plain").body("{}");
    assert!(text(plain.send().await.unwrap()).await.starts_with("415 unsupported-media-type"));
}

#[tokio::test]
async fn calls_from_the_pages_of_others_are_refused() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    let own = format!("http://{}", bench.address());
    for (origin, expected) in
        [(own.as_str(), "422"), ("http://evil.example", "403 foreign-origin"), ("null", "403 foreign-origin")]
    {
        let request = client.request("POST", "/api/v1/session").header("content-type", "application/json");
        let answer = text(request.header("origin", origin).body("{}").send().await.unwrap()).await;
        assert!(answer.starts_with(expected), "{origin}: {answer}");
    }
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let bench = Bench::start().await;
    for path in ["/", "/api/v1/session", "/healthz", "/api/v1/nothing", "/metrics"] {
        let answer = bench.request("GET", path).send().await.unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {part}");
        }
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.headers()[name], value, "{path}");
        }
        let caching = if path == "/" { "no-cache" } else { "no-store" };
        assert_eq!(answer.headers()["cache-control"], caching, "{path}");
        assert!(!answer.headers().contains_key("strict-transport-security"));
    }
}

#[tokio::test]
async fn half_a_request_does_not_hold_a_connection_and_a_huge_head_is_refused() {
    let limits = watchfire_console::Limits { head_wait: Duration::from_millis(100), ..Default::default() };
    let bench = Bench::start_with(crate::support::Wish { limits, ..Default::default() }).await;
    for (sent, expected) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n".to_owned(), ""),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(100_000)), "HTTP/1.1 431"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(100)), "HTTP/1.1 431"),
        ("\u{1}\u{2}\r\n\r\n".to_owned(), "HTTP/1.1 400"),
    ] {
        let mut stream = TcpStream::connect(bench.address()).await.unwrap();
        // The other end may close before it has taken everything.
        let _ = stream.write_all(sent.as_bytes()).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "the connection is closed");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(expected), "{answer}");
    }
}

#[tokio::test]
async fn connections_past_the_limit_are_closed_and_the_rest_work() {
    let limits = watchfire_console::Limits { connections_per_address_max: 2, ..Default::default() };
    let bench = Bench::start_with(crate::support::Wish { limits, ..Default::default() }).await;
    let held = TcpStream::connect(bench.address()).await.unwrap();
    // Answered: so it is known that this one was counted after `held`.
    assert_eq!(bench.request("GET", "/healthz").send().await.unwrap().status(), 200);
    let mut third = TcpStream::connect(bench.address()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), third.read_to_end(&mut answer)).await.unwrap();
    assert!(read.is_err() || answer.is_empty());
    assert_eq!(bench.request("GET", "/healthz").send().await.unwrap().status(), 200);
    drop(held);
}
