//! The monthly test of a home, from end to end: two people begin it, what is tested wakes nobody, over a kill too; what is
//! not tested is told at once, and what still alarms at the end is told then. The report stands on the page.

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::{Value, json};
use support::api::Api;
use support::set_up::SetUp;
use support::station::{PASSWORD, Station};
use support::wait;
use support::webhook::Receiver;

#[test]
fn a_test_wakes_nobody_and_hides_no_fire() {
    let centre = Receiver::start();
    let mut station = Station::prepared(&SetUp::new().told_by_webhook(&centre.url()));
    let added = station.command(&["users", "add", "--config", "watchfire.toml", "li"], &format!("{PASSWORD}\n"));
    assert!(added.status.success());
    station.start();
    let (wang, li) = two_people(&station);
    let called = |alert: &Value| {
        let id = alert["id"].as_str().unwrap().to_owned();
        let keys = centre.keys();
        keys.iter().any(|key| key.starts_with(&id))
    };

    let body = json!({ "order_id": "t1", "site": "home", "scope": { "parts": { "zones": ["kitchen"] } },
        "dangers": true, "for_s": 3600, "reason": "monthly test" });
    let (status, page) = wang.post("/api/v1/tests", &body);
    assert_eq!(status, 200, "{page}");
    assert_eq!(wang.post("/api/v1/tests", &body).1["tests"].as_array().unwrap().len(), 1, "the same order again");
    let test = page["tests"][0]["id"].as_u64().unwrap();
    let order = |api: &Api, what: &str| api.post(&format!("/api/v1/tests/{test}/{what}"), &json!({ "order_id": what }));
    assert_eq!(order(&wang, "approve").0, 409, "nobody approves his own test");
    assert_eq!(order(&li, "approve").0, 200);

    let mut gateway = station.gateway("gw");
    gateway.publish("zigbee2mqtt/kitchen_smoke", r#"{"smoke":true}"#);
    let tested = wang.wait_for_alert_of("kitchen_smoke");
    assert_eq!([&tested["class"], &tested["test"]], [&json!("fire"), &json!(true)], "{tested}");
    assert_eq!(wang.status()["tests"][0]["id"], test, "whoever looks at the board sees that there is a test");

    // A kill in the middle forgets nothing of it.
    station.kill();
    station.start();
    let (wang, li) = two_people(&station);
    let mut gateway = station.gateway("gw");
    gateway.publish("zigbee2mqtt/attic_smoke", r#"{"smoke":true}"#);
    let real = wang.wait_for_alert_of("attic_smoke");
    assert_eq!(real["test"], false);
    wait::until("the call about the fire that is not tested", || called(&real).then_some(()));
    assert!(!called(&tested), "somebody was woken by the test: {:?}", centre.keys());

    // The kitchen's detector still alarms: it is told now.
    let order = |api: &Api, what: &str| api.post(&format!("/api/v1/tests/{test}/{what}"), &json!({ "order_id": what }));
    let (status, page) = order(&li, "end");
    assert_eq!(status, 200, "{page}");
    let report = &page["tests"][0];
    assert_eq!([&report["over"]["told"], &report["over"]["closed"]], [1, 0], "{report}");
    assert_eq!([&report["over"]["by"], &report["approved_by"]], ["li", "li"], "{report}");
    assert_eq!([&report["alarmed"][0]["device"]["name"], &report["alarmed"][0]["class"]], ["kitchen_smoke", "fire"]);
    wait::until("the call about what still burns", || called(&tested).then_some(()));
    let id = tested["id"].as_str().unwrap();
    assert_eq!(wang.get(&format!("/api/v1/alerts/{id}"))["alert"]["test"], false);
}

fn two_people(station: &Station) -> (Api, Api) {
    let mut li = station.visitor();
    li.log_in("li", PASSWORD);
    (station.operator(), li)
}
