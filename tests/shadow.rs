//! A draft of rules runs beside those in force: what it would have raised is seen and compared, nobody is told, and a draft
//! that is wrong leaves the one before at work.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::Value;
use support::api::Api;
use support::set_up::SetUp;
use support::station::Station;
use support::wait;
use support::webhook::Receiver;

const HOT: &str = "[[rule]]\nname = \"hot\"\nversion = 1\nkind = \"threshold\"\nmetric = \"temperature\"\nunit = \"Cel\"\n\
    class = \"early_warning\"\nabove = 30\n";

#[test]
fn a_draft_tells_nobody_and_shows_what_it_would_have_told() {
    let centre = Receiver::start();
    let folder = tempfile::tempdir().unwrap();
    let draft = |toml: &str| std::fs::write(folder.path().join("hot.toml"), toml).unwrap();
    draft(HOT);
    let key = format!("shadow_rules = \"{}\"\n", folder.path().display());
    let mut station = Station::started(&SetUp::new().top(&key).told_by_webhook(&centre.url()));
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    wait::until("the draft to run", || shadow(&api, |draft| draft["behind"] == 0));

    gateway.publish("zigbee2mqtt/kitchen_smoke", r#"{"temperature":40}"#);
    let draft_now =
        wait::until("what the draft would have told", || shadow(&api, |draft| !draft["calls"][0].is_null()));
    let call = &draft_now["calls"][0];
    assert_eq!([&call["rule"], &call["class"], &call["step"]], ["hot@1", "early_warning", "raised"], "{call}");
    assert!(call["reason"]["zh"].as_str().unwrap().contains("40"), "{call}");
    assert_eq!(draft_now["waiting"], 1, "the rules in force may still call: {draft_now}");

    // What both find is the same; and only that is told.
    gateway.publish("zigbee2mqtt/kitchen_smoke", r#"{"smoke":true,"temperature":40}"#);
    let fire = api.wait_for_alert_of("kitchen_smoke");
    assert_eq!(fire["class"], "fire", "the draft's warning is on the board: {fire}");
    wait::until("the fire in both", || shadow(&api, |draft| draft["same"] == 1));
    let id = fire["id"].as_str().unwrap();
    wait::until("the call about the fire", || centre.keys().iter().any(|key| key.starts_with(id)).then_some(()));
    assert!(centre.keys().iter().all(|key| key.starts_with(id)), "somebody was told of a draft: {:?}", centre.keys());

    // A wrong draft changes nothing; a right one takes the place of the one before.
    draft(&HOT.replace("temperature", "temprature"));
    station.hang_up();
    wait::until("the refusal", || (api.metric("watchfire_reloads_total{result=\"refused\"}") >= 1.0).then_some(()));
    assert!(shadow(&api, |draft| names(draft).contains(&"hot@1".to_owned())).is_some());
    draft(&HOT.replace("version = 1", "version = 2"));
    station.hang_up();
    wait::until("the other draft", || shadow(&api, |draft| names(draft).contains(&"hot@2".to_owned())));
    assert_eq!(api.alerts_of("kitchen_smoke").len(), 1);
}

/// The draft's view, when it is as wanted.
fn shadow(api: &Api, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
    let draft = api.get("/api/v1/shadow")["draft"].take();
    (!draft.is_null() && wanted(&draft)).then_some(draft)
}

fn names(draft: &Value) -> Vec<String> {
    draft["rules"].as_array().unwrap().iter().map(|rule| rule.as_str().unwrap().to_owned()).collect()
}
