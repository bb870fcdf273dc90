//! Somebody at the console, by its HTTP API.

use super::events::Events;
use super::wait::{self, PATIENCE};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// See the head of this file.
pub(crate) struct Api {
    base: String,
    cookie: Option<String>,
    client: Client,
    runtime: Arc<Runtime>,
}

impl Api {
    /// Not logged in.
    pub(crate) fn new(console: SocketAddr) -> Api {
        // Only the first call in a process can do it; nothing here uses TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Api { base: format!("http://{console}"), cookie: None, client, runtime: Arc::new(runtime) }
    }

    pub(crate) fn log_in(&mut self, user: &str, password: &str) {
        let request = self.client.post(format!("{}/api/v1/session", self.base));
        let request = request.json(&json!({ "user": user, "password": password }));
        let answer = self.runtime.block_on(async { request.send().await }).unwrap();
        assert_eq!(answer.status(), 200, "log-in");
        let cookie = answer.headers().get("set-cookie").unwrap().to_str().unwrap();
        self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
    }

    /// Whether the station says that it does its work.
    pub(crate) fn is_ready(&self) -> bool {
        let request = self.client.get(format!("{}/readyz", self.base));
        let answer = self.runtime.block_on(async { request.send().await });
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// The answer's status and JSON.
    pub(crate) fn ask(&self, path: &str) -> (u16, Value) {
        self.answer(self.client.get(format!("{}{path}", self.base)))
    }

    /// The JSON of a good answer.
    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The status and JSON of the answer to that.
    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.answer(self.client.post(format!("{}{path}", self.base)).json(body))
    }

    fn answer(&self, request: RequestBuilder) -> (u16, Value) {
        let request = match &self.cookie {
            Some(cookie) => request.header("Cookie", cookie),
            None => request,
        };
        self.runtime.block_on(async {
            let answer: Response = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().await.unwrap();
            (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
        })
    }

    /// Does that to an alert, which must be possible; the alert as it then is.
    pub(crate) fn order(&self, alert: &str, verb: &str, extra: &Value) -> Value {
        let (status, mut body) = self.try_order(alert, verb, extra);
        assert_eq!(status, 200, "{verb}: {body}");
        body["alert"].take()
    }

    /// Tries that with an alert.
    pub(crate) fn try_order(&self, alert: &str, verb: &str, extra: &Value) -> (u16, Value) {
        let mut body = json!({ "order_id": format!("{verb}-{alert}") });
        body.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap_or_default());
        self.post(&format!("/api/v1/alerts/{alert}/{verb}"), &body)
    }

    /// The first 200 alerts on the board.
    pub(crate) fn open_alerts(&self) -> Vec<Value> {
        list(self.get("/api/v1/alerts?scope=open"), "alerts")
    }

    /// The alerts on the board that belong to that device.
    pub(crate) fn alerts_of(&self, device: &str) -> Vec<Value> {
        let mut alerts = self.open_alerts();
        alerts.retain(|alert| alert["device"]["name"] == device);
        alerts
    }

    /// Waits for an alert of that device on the board.
    pub(crate) fn wait_for_alert_of(&self, device: &str) -> Value {
        wait::until(&format!("an alert of {device}"), || self.alerts_of(device).into_iter().next())
    }

    /// The devices that the station knows.
    pub(crate) fn devices(&self) -> Vec<Value> {
        list(self.get("/api/v1/devices"), "devices")
    }

    /// `[unix_ms, value]` of every reading of a device at site `home`, all its points together.
    pub(crate) fn readings(&self, source: &str, device: &str) -> Vec<Value> {
        let span = "from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&points_max=10000";
        let path = format!("/api/v1/readings?site=home&source={source}&device={device}&{span}");
        let series = list(self.get(&path), "series");
        series.into_iter().flat_map(|series| list(series, "points")).collect()
    }

    /// The station's figures.
    pub(crate) fn status(&self) -> Value {
        self.get("/api/v1/status")
    }

    /// A metric by its name with its labels as they are printed; 0 when it is not there.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let Value::String(text) = self.get("/metrics") else { panic!("metrics are text") };
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or(0.0)
    }

    /// Waits until everything that is durable now is in the archive.
    pub(crate) fn wait_for_archive(&self) {
        // The figures are a second old at most: ask for what they said later than now.
        let before = self.status()["journal"]["durable"].as_u64().unwrap();
        let durable = wait::until("newer figures", || {
            self.status()["journal"]["durable"].as_u64().filter(|durable| *durable > before)
        });
        wait::until("the archive", || {
            self.status()["archive"]["entries"].as_u64().filter(|entries| *entries >= durable)
        });
    }

    /// Listens to events.
    pub(crate) fn events(&self) -> Events {
        let request = self.client.get(format!("{}/api/v1/events", self.base)).timeout(10 * PATIENCE);
        let request = request.header("Cookie", self.cookie.as_deref().unwrap_or_default());
        let answer = self.runtime.block_on(async { request.send().await }).unwrap();
        assert_eq!(answer.status(), 200, "events");
        Events::new(answer, Arc::clone(&self.runtime))
    }
}

/// The list under that key.
fn list(mut value: Value, key: &str) -> Vec<Value> {
    match value[key].take() {
        Value::Array(items) => items,
        other => panic!("{key} is not a list: {other}"),
    }
}
