//! A whole station in this process: figures come in over MQTT and HTTP, the score follows the alerts, survives a restart,
//! and a defect in it harms no alarm.

use super::paths::DataPaths;
use super::risk_fold::POISON;
use super::station::Station;
use super::station_tests::{PATIENCE, options_of, publish, transitions};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use watchfire_console::{Role, Users};
use watchfire_model::Class;

const SITES: &str = r#"
[sites.home]
name = { en = "Home", zh = "家" }
kind = "home"
premises = { district = "烟台市/莱山区", building = "1" }
identities.gateway = { role = "gateway", secret = "env:UNUSED" }
[[sites.home.devices]]
source = "zigbee2mqtt"
name = "kitchen"
label = { en = "Kitchen", zh = "厨房" }
[sites.care]
name = { en = "Care", zh = "养老院" }
kind = "care_home"
premises = { district = "烟台市/莱山区", built = 1980 }
"#;
const PASSWORD: &str = "correct horse battery";

struct Browser {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

impl Browser {
    async fn of(station: &Station, data: &Path, role: Role) -> Browser {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let users = Users::open(&DataPaths::new(data).users()).unwrap();
        let name = if role == Role::Operator { "wang" } else { "zhao" };
        // After a restart the user is there.
        let _ = users.add(&name.parse().unwrap(), role, PASSWORD);
        let http = reqwest::Client::new();
        let base = format!("http://{}", station.console);
        let body = serde_json::json!({"user": name, "password": PASSWORD}).to_string();
        let session = http.post(format!("{base}/api/v1/session")).header("content-type", "application/json").body(body);
        let answer = session.send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Browser { http, base, cookie }
    }

    async fn text(&self, path: &str) -> (u16, String) {
        let asked = self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie).send().await.unwrap();
        (asked.status().as_u16(), asked.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (_, text) = self.text(&format!("/api/v1/{path}")).await;
        serde_json::from_str(&text).unwrap()
    }

    async fn post(&self, path: &str, body: &str) -> u16 {
        let post = self.http.post(format!("{}/api/v1/{path}", self.base)).header("cookie", &self.cookie);
        post.body(body.to_owned()).send().await.unwrap().status().as_u16()
    }

    /// Asks for a site until it is as it should be.
    async fn site(&self, site: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let found = self.get(&format!("risk/sites/{site}")).await;
                if is_so(&found) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap()
    }
}

fn factor<'v>(site: &'v Value, name: &str) -> &'v Value {
    let parts = site["unit"]["parts"].as_array().into_iter().flatten();
    let mut factors = parts.flat_map(|part| part["factors"].as_array().unwrap());
    factors.find(|factor| factor["name"] == name).unwrap_or(&Value::Null)
}

fn reading(metric: &str, value: u32) -> String {
    format!(r#"{{"readings": [{{"metric": "{metric}", "value": {value}}}]}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_and_alerts_make_a_score_that_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let station = Station::start(options_of(data, SITES)).await.unwrap();
    let browser = Browser::of(&station, data, Role::Operator).await;
    let before = browser.site("home", |site| site["unit"]["score"].is_number()).await;
    assert_eq!(factor(&before, "overdue-hazards")["missing"], true, "{before}");

    let hazards = reading("vendor.risk.overdue_hazards", 9);
    publish(&station, "wf/v1/home/risk/readings", hazards.as_bytes()).await;
    let told = browser.site("home", |site| factor(site, "overdue-hazards")["missing"] == false).await;
    assert!(told["unit"]["score"].as_u64() > before["unit"]["score"].as_u64());
    assert!(told["unit"]["why"]["zh"].as_str().unwrap().contains("逾期未整改隐患：9"), "{told}");

    assert_eq!(browser.post("risk/sites/care/figures", &hazards).await, 200);
    assert_eq!(browser.post("risk/sites/care/weather", &reading("humidity", 20)).await, 200);
    let cap = "<alert><status>Actual</status><msgType>Alert</msgType><info><event>大风</event>\
               <severity>Severe</severity><expires>2199-01-01T00:00:00Z</expires></info></alert>";
    assert_eq!(browser.post("risk/sites/care/warning", cap).await, 200);
    assert_eq!(browser.post("risk/sites/care/warning", "<html/>").await, 422);
    assert_eq!(browser.post("risk/sites/nowhere/figures", &hazards).await, 404);
    let viewer = Browser::of(&station, data, Role::Viewer).await;
    assert_eq!(viewer.post("risk/sites/care/figures", &hazards).await, 403);
    let care = browser.site("care", |site| factor(site, "weather-warning")["missing"] == false).await;
    assert_eq!(factor(&care, "weather-warning")["why"]["en"], "weather warning: 3");
    assert_eq!(factor(&care, "overdue-hazards")["missing"], false);
    assert_eq!(factor(&told, "dry-air")["missing"], true, "the weather of another site is not its own");
    publish(&station, "wf/v1/home/weather/warning", br#"{"event": "drought", "level": "blue"}"#).await;
    browser.site("home", |site| factor(site, "weather-warning")["why"]["en"] == "weather warning: 1").await;
    let order = browser.get("risk?limit=1").await;
    assert_eq!((&order["total"], &order["units"][0]["site"]), (&2.into(), &"care".into()), "{order}");

    publish(&station, "zigbee2mqtt/kitchen", br#"{"smoke": true}"#).await;
    let burning = browser.site("home", |site| site["unit"]["score"] == 100).await;
    assert_eq!((&burning["unit"]["fires"], &burning["unit"]["band"]), (&1.into(), &"red".into()));
    let order = browser.get("risk?district=烟台市&band=red").await;
    assert_eq!((&order["total"], &order["units"][0]["site"]), (&1.into(), &"home".into()), "a fire is on top");
    let areas = browser.get("risk/areas").await;
    assert_eq!((&areas["total"], &areas["areas"][0]["score"]), (&3.into(), &100.into()), "{areas}");
    let building = browser.get("risk/area?district=烟台市/莱山区&building=1").await;
    assert_eq!((&building["fires"], &building["units"]), (&1.into(), &1.into()), "{building}");
    let asking = async {
        while !browser.text("/metrics").await.1.contains("watchfire_risk_units{band=\"red\"} 1\n") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap();
    station.stop().await;

    let again = Station::start(options_of(data, SITES)).await.unwrap();
    let browser = Browser::of(&again, data, Role::Operator).await;
    let after = browser.site("home", |site| site["unit"]["score"].is_number()).await;
    assert_eq!(after["unit"]["score"], 100);
    assert_eq!(after["unit"]["history"], burning["unit"]["history"], "history is kept");
    let sessions = browser.site("care", |site| site["unit"]["score"].is_number()).await;
    assert_eq!(sessions["unit"]["why"], care["unit"]["why"]);
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_in_the_risk_harms_no_alarm_and_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let station = Station::start(options_of(data, SITES)).await.unwrap();
    let browser = Browser::of(&station, data, Role::Operator).await;
    publish(&station, "zigbee2mqtt/kitchen", POISON).await;
    publish(&station, "zigbee2mqtt/kitchen", br#"{"smoke": true}"#).await;
    let (status, alerts) = browser.text("/api/v1/alerts").await;
    assert_eq!(status, 200, "{alerts}");
    let burning = browser.site("home", |site| site["unit"]["score"] == 100).await;
    assert_eq!(burning["unit"]["fires"], 1, "the third run passes it over");
    let (_, metrics) = browser.text("/metrics").await;
    assert!(metrics.contains("watchfire_part_failures_total{part=\"risk\"} 2\n"), "{metrics}");
    station.stop().await;
    assert!(transitions(data).iter().any(|transition| transition.class == Class::Fire));
}
