//! Tests: what the page orders of the station, and what it is told of them.

use crate::support::{Bench, START, text};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use watchfire_console::{Role, TestEnd, TestFacts, TestedPoint};
use watchfire_model::{
    Class, DeviceKey, DeviceName, OrderKind, SiteId, Source, TestId, TestScope, Timestamp, UserName, ZoneId,
};

fn device(name: &str) -> DeviceKey {
    let name = DeviceName::new(name).unwrap();
    DeviceKey { site: SiteId::new("care").unwrap(), source: Source::Zigbee2mqtt, name }
}

fn facts(over: bool) -> TestFacts {
    let at = |seconds: i64| Timestamp::from_seconds(START + seconds);
    let li = UserName::new("li").unwrap();
    TestFacts {
        id: TestId(7),
        scope: TestScope::Site(SiteId::new("care").unwrap()),
        dangers: true,
        reason: "monthly".into(),
        by: li.clone(),
        from: at(0),
        until: at(3_600),
        approved: Some((UserName::new("wang").unwrap(), at(60))),
        over: over.then(|| TestEnd { at: at(900), by: Some(li), note: String::new(), closed: 1, told: 0 }),
        alarmed: vec![TestedPoint {
            device: device("kitchen"),
            point: None,
            class: Class::Fire,
            first_at: at(100),
            last_at: at(200),
            times: 2,
        }],
        more: 0,
        untested: vec![device("hall")],
    }
}

/// Posts a body and plays the station: what it was ordered, and the answer.
async fn give(bench: &mut Bench, cookie: &str, path: &str, body: Value) -> (OrderKind, String) {
    let request = bench.request("POST", path).header("cookie", cookie).json(&body);
    let mut asking = JoinSet::new();
    asking.spawn(async move { text(request.send().await.unwrap()).await });
    let command = bench.commands.recv().await.unwrap();
    command.reply.send(Ok(())).unwrap();
    (command.order.kind, asking.join_next().await.unwrap().unwrap())
}

#[tokio::test]
async fn what_a_person_fills_in_is_what_the_station_is_ordered() {
    let mut bench = Bench::start().await;
    let cookie = bench.operator().await.cookie;
    let start = |scope: Value| json!({ "order_id": "o", "site": "care", "scope": scope, "dangers": false, "for_s": 600, "reason": "r" });
    let (kind, answer) = give(&mut bench, &cookie, "/api/v1/tests", start(json!("site"))).await;
    let (site, reason) = (SiteId::new("care").unwrap(), "r".to_owned());
    let whole = TestScope::Site(site.clone());
    assert_eq!(kind, OrderKind::StartTest { scope: whole, dangers: false, for_s: 600, reason: reason.clone() });
    assert!(answer.starts_with("200"), "{answer}");
    let parts = json!({ "parts": { "zones": ["east"], "devices": [{ "source": "zigbee2mqtt", "name": "hall" }] } });
    let (kind, _) = give(&mut bench, &cookie, "/api/v1/tests", start(parts)).await;
    let (zones, devices) = ([ZoneId::new("east").unwrap()].into(), [device("hall")].into());
    let scope = TestScope::Parts { site, zones, devices };
    assert_eq!(kind, OrderKind::StartTest { scope, dangers: false, for_s: 600, reason });
    let (kind, _) = give(&mut bench, &cookie, "/api/v1/tests/7/approve", json!({ "order_id": "a" })).await;
    assert_eq!(kind, OrderKind::ApproveTest { test: TestId(7) });
    let (kind, _) = give(&mut bench, &cookie, "/api/v1/tests/7/end", json!({ "order_id": "e", "note": "n" })).await;
    assert_eq!(kind, OrderKind::EndTest { test: TestId(7), note: "n".into() });
}

#[tokio::test]
async fn what_is_wrong_is_refused_before_the_station_hears_of_it() {
    let bench = Bench::start().await;
    let status = async |cookie: &str, path: &str, body: Value| {
        let answer = bench.request("POST", path).header("cookie", cookie).json(&body).send().await.unwrap();
        answer.status().as_u16()
    };
    let (operator, viewer) = (bench.operator().await.cookie, bench.user("zhao", Role::Viewer).await.cookie);
    let body = |site: &str, scope: Value| json!({ "order_id": "o", "site": site, "scope": scope, "dangers": false, "for_s": 600, "reason": "r" });
    assert_eq!(status(&viewer, "/api/v1/tests", body("care", json!("site"))).await, 403);
    assert_eq!(status(&operator, "/api/v1/tests", body("No Id", json!("site"))).await, 422);
    assert_eq!(status(&operator, "/api/v1/tests", body("care", json!("everything"))).await, 422);
    let foreign = json!({ "parts": { "devices": [{ "source": "pigeon", "name": "hall" }] } });
    assert_eq!(status(&operator, "/api/v1/tests", body("care", foreign)).await, 422);
    assert_eq!(status(&operator, "/api/v1/tests/one/end", json!({ "order_id": "o" })).await, 404);
}

#[tokio::test]
async fn a_test_is_its_own_report_and_shows_in_the_status_while_it_runs() {
    let bench = Bench::start().await;
    let cookie = bench.operator().await.cookie;
    let get = async |path: &str| -> Value {
        bench.request("GET", path).header("cookie", &cookie).send().await.unwrap().json().await.unwrap()
    };
    bench.live.tests(vec![facts(false)]);
    let status = get("/api/v1/status").await;
    assert_eq!(status["tests"][0]["id"], 7);
    assert_eq!(status["tests"][0]["approved_by"], "wang");
    bench.live.tests(vec![facts(true)]);
    assert_eq!(get("/api/v1/status").await["tests"], json!([]));
    let test = &get("/api/v1/tests").await["tests"][0];
    assert_eq!(
        [&test["over"]["by"], &test["over"]["closed"], &test["reason"]],
        [&json!("li"), &json!(1), &json!("monthly")]
    );
    assert_eq!([&test["alarmed"][0]["class"], &test["alarmed"][0]["times"]], [&json!("fire"), &json!(2)]);
    assert_eq!(test["untested"][0]["name"], "hall");
}
