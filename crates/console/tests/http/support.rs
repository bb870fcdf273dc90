//! A console on a loopback port with a clock that the test turns, and a client that keeps its cookie.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watchfire_archive::History;
use watchfire_console::{
    Command, Console, DemoLogin, Health, Limits, Live, PanelQuestion, ProbePass, RiskFigures, RiskQuestion, Role,
    Users, serve,
};
use watchfire_model::sites::{Contact, Language};
use watchfire_model::{
    Act, AlertId, AlertRecord, Bilingual, Class, Device, DeviceKey, DeviceName, Evidence, JournalId, Metric, PointName,
    RuleRef, Seq, Site, SiteId, SiteKind, Sites, Source, Step, Timestamp, Transition, Value, Zone, ZoneId,
};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const START: i64 = 1_770_000_000;
pub(crate) const JOURNAL: JournalId = JournalId([7; 16]);

/// What a test wants to be otherwise.
#[derive(Default)]
pub(crate) struct Wish {
    pub(crate) history: Option<History>,
    pub(crate) limits: Limits,
    pub(crate) behind_tls_proxy: bool,
    pub(crate) demo: bool,
}

pub(crate) struct Bench {
    pub(crate) live: Arc<Live>,
    pub(crate) data: Arc<TempDir>,
    pub(crate) health: watch::Sender<Health>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) questions: mpsc::Receiver<PanelQuestion>,
    pub(crate) risk_questions: mpsc::Receiver<RiskQuestion>,
    pub(crate) figures: mpsc::Receiver<RiskFigures>,
    pub(crate) acts: mpsc::Receiver<Act>,
    clock: Arc<AtomicI64>,
    base: String,
    http: reqwest::Client,
    stop: CancellationToken,
    server: JoinSet<()>,
}

impl Bench {
    pub(crate) async fn start() -> Bench {
        Bench::start_with(Wish::default()).await
    }

    pub(crate) async fn start_with(wish: Wish) -> Bench {
        Bench::start_in(Arc::new(TempDir::new().unwrap()), wish).await
    }

    pub(crate) async fn start_in(data: Arc<TempDir>, wish: Wish) -> Bench {
        // A second installation fails, and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let live = Arc::new(Live::new());
        live.setup(&sites());
        live.tick(Timestamp::from_seconds(START));
        let clock = Arc::new(AtomicI64::new(START));
        let now = Arc::clone(&clock);
        let (orders, commands) = mpsc::channel(4);
        let (told, acts) = mpsc::channel(64);
        let (panels, questions) = mpsc::channel(4);
        let (risk, risk_questions) = mpsc::channel(4);
        let (risk_figures, figures) = mpsc::channel(4);
        let (health, seen) = watch::channel(healthy());
        let console = Console {
            live: Arc::clone(&live),
            history: wish.history.map(Arc::new),
            commands: orders,
            acts: told,
            panels,
            risk,
            risk_figures,
            users: Users::open(data.path()).unwrap(),
            registry: prometheus::Registry::new(),
            health: seen,
            demo: wish.demo.then(|| DemoLogin { user: "demo".into(), password: "demo-password".into() }),
            clock: Arc::new(move || Timestamp::from_seconds(now.load(Ordering::Relaxed))),
            displayed: None,
            version: "1.2.3",
            behind_tls_proxy: wish.behind_tls_proxy,
            limits: wish.limits,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let mut server = JoinSet::new();
        let stopped = stop.clone();
        server.spawn(async move { serve(listener, console, stopped).await.unwrap() });
        Bench {
            live,
            data,
            health,
            commands,
            questions,
            risk_questions,
            figures,
            acts,
            clock,
            base,
            http: reqwest::Client::new(),
            stop,
            server,
        }
    }

    /// Stops the server and waits for its end.
    pub(crate) async fn stop(mut self) -> Arc<TempDir> {
        self.stop.cancel();
        while self.server.join_next().await.is_some() {}
        self.data
    }

    pub(crate) fn pass(&self, span: Duration) {
        self.clock.fetch_add(i64::try_from(span.as_secs()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.base))
    }

    /// Adds a user and logs him in.
    pub(crate) async fn user(&self, name: &str, role: Role) -> Client<'_> {
        add_user(self.data.path(), name, role);
        self.log_in(name, PASSWORD).await
    }

    pub(crate) async fn operator(&self) -> Client<'_> {
        self.user("li", Role::Operator).await
    }

    pub(crate) async fn log_in(&self, name: &str, password: &str) -> Client<'_> {
        let answer = self.try_log_in(name, password).await;
        assert_eq!(answer.status(), 200);
        let set = answer.headers()["set-cookie"].to_str().unwrap();
        Client { bench: self, cookie: set.split(';').next().unwrap().to_owned() }
    }

    pub(crate) async fn try_log_in(&self, name: &str, password: &str) -> reqwest::Response {
        let body = serde_json::json!({"user": name, "password": password});
        self.request("POST", "/api/v1/session").json(&body).send().await.unwrap()
    }
}

pub(crate) struct Client<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) cookie: String,
}

impl Client<'_> {
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.bench.request(method, path).header("cookie", &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        text(self.request("GET", path).send().await.unwrap()).await
    }

    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.request("GET", path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// The media type and the bytes of a file.
    pub(crate) async fn file(&self, path: &str) -> (String, Vec<u8>) {
        let answer = self.request("GET", path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (media_type, answer.bytes().await.unwrap().to_vec())
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> String {
        let request = self.request("POST", path).header("content-type", "application/json").body(body.to_owned());
        text(request.send().await.unwrap()).await
    }

    pub(crate) async fn events(&self, last: Option<&str>) -> Events {
        let request = self.request("GET", "/api/v1/events");
        let request = match last {
            Some(id) => request.header("last-event-id", event_id(id)),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Events { response, buffer: String::new() }
    }
}

/// `status kind: detail` of a problem; `status body` of anything else.
pub(crate) async fn text(answer: reqwest::Response) -> String {
    let status = answer.status().as_u16();
    let is_problem = answer.headers().get("content-type").is_some_and(|kind| kind == "application/problem+json");
    let body = answer.text().await.unwrap();
    if !is_problem {
        return format!("{status} {body}");
    }
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["detail"], problem["en"]);
    assert!(!problem["zh"].as_str().unwrap().is_ascii(), "{problem}");
    let kind = problem["type"].as_str().unwrap().rsplit(':').next().unwrap();
    format!("{status} {kind}: {}", problem["en"].as_str().unwrap())
}

/// An event stream as a browser reads it.
pub(crate) struct Events {
    response: reqwest::Response,
    buffer: String,
}

#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) id: Option<String>,
    pub(crate) data: String,
}

impl Events {
    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(Duration::from_secs(10), self.read()).await.expect("an event within 10 s")
    }

    /// The next event of that kind; others are passed over.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.kind == kind {
                return event;
            }
        }
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                let event = parse(&block);
                if !event.kind.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

/// The id of the event with that position, in the journal of a station that has said nothing of itself.
pub(crate) fn event_id(position: &str) -> String {
    format!("{}-{position}", "0".repeat(32))
}

fn parse(block: &str) -> Event {
    let mut event = Event::default();
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("event", kind)) => event.kind = kind.to_owned(),
            Some(("id", id)) => event.id = Some(id.replace(&event_id(""), "")),
            Some(("data", data)) => event.data.push_str(data),
            _ => {}
        }
    }
    event
}

pub(crate) fn add_user(directory: &Path, name: &str, role: Role) {
    Users::open(directory).unwrap().add(&name.parse().unwrap(), role, PASSWORD).unwrap();
}

pub(crate) fn healthy() -> Health {
    let pass = ProbePass { at: Timestamp::from_seconds(START), took: Duration::from_millis(3) };
    Health { passed: Some(pass), ..Health::starting(Duration::from_secs(1), Duration::from_secs(15)) }
}

pub(crate) fn sites() -> Sites {
    let zone: ZoneId = "corridor-2".parse().unwrap();
    let device = Device {
        source: Source::Watchfire,
        name: DeviceName::new("smoke-201").unwrap(),
        label: Bilingual::new("Smoke, room 201", "201室感烟"),
        zone: Some(zone.clone()),
        silent_after_s: Some(180),
        tags: ["smoke".to_owned()].into(),
    };
    let site = Site {
        name: Bilingual::new("Sunshine care home", "阳光敬老院"),
        kind: SiteKind::CareHome,
        address: Bilingual::new("1 Park Road", "公园路1号"),
        time_zone: "Asia/Shanghai".to_owned(),
        zones: [(zone, Zone { name: Bilingual::new("Corridor, 2nd floor", "二楼走廊") })].into(),
        devices: vec![device],
        identities: BTreeMap::new(),
        ladder: Vec::new(),
        transmission_devices: Vec::new(),
        premises: Default::default(),
    };
    let contact =
        Contact {
            name: Bilingual::new("Night desk", "夜班值班"), language: Language::Zh, channels: BTreeMap::new()
        };
    Sites {
        sites: [("sunshine".parse().unwrap(), site)].into(),
        contacts: [("night-desk".parse().unwrap(), contact)].into(),
    }
}

pub(crate) fn site() -> SiteId {
    "sunshine".parse().unwrap()
}

pub(crate) fn smoke_201() -> DeviceKey {
    DeviceKey { site: site(), source: Source::Watchfire, name: DeviceName::new("smoke-201").unwrap() }
}

pub(crate) fn alert_id(cause: u64) -> AlertId {
    AlertId { journal: JOURNAL, cause: Seq(cause), ordinal: 0 }
}

/// A transition of the alert that entry `cause` raised, by entry `seq`.
pub(crate) fn transition(cause: u64, seq: u64, class: Class, step: Step) -> Transition {
    let at = Timestamp::from_seconds(START + i64::try_from(seq).unwrap());
    Transition {
        alert: alert_id(cause),
        seq: Seq(seq),
        at,
        step,
        class,
        severity: class.severity(),
        site: site(),
        zone: Some("corridor-2".parse().unwrap()),
        device: Some(smoke_201()),
        point: Some(PointName::new("smoke").unwrap()),
        rule: RuleRef { name: "device-alarm".into(), version: 1 },
        reason: Bilingual::new("smoke alarm of the device", "设备报烟雾报警"),
        evidence: vec![Evidence {
            device: smoke_201(),
            point: PointName::new("smoke").unwrap(),
            metric: Metric::SmokeAlarm,
            value: Value::Bool(true),
            at,
        }],
        marks: Default::default(),
    }
}

pub(crate) fn record(transitions: Vec<Transition>) -> AlertRecord {
    AlertRecord { seq: transitions[0].seq, journal: JOURNAL, transitions }
}

/// Raises an alert of that class by entry and position `number`.
pub(crate) fn raise(bench: &Bench, number: u64, class: Class) {
    bench.live.alert_record(number, &record(vec![transition(number, number, class, Step::Raised)]));
}
