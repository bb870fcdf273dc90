//! History, from a real archive; and what there is without one.

use crate::support::{Bench, JOURNAL, START, Wish, alert_id, record, site, transition};
use std::time::Duration;
use tempfile::TempDir;
use watchfire_archive::{AuditRow, Batch, DutyCheckRow, History, IncidentAlert, IncidentRow, InspectionRow, Store};
use watchfire_model::{
    Bilingual, ChannelKind, Class, Decoded, DeliveryId, DeviceKey, DeviceName, DutyOutcome, Failure, JournalId, Metric,
    Order, OrderId, OrderKind, Outcome, PointName, Reading, Seq, Source, Step, Timestamp, Value,
};

fn reading(metric: Metric, value: Value, s: i64) -> Reading {
    let point = PointName::new(&metric.to_string()).unwrap();
    Reading { point, metric, value, vendor_unit: None, at: Timestamp::from_seconds(START + s) }
}

fn outcomes() -> [Outcome; 2] {
    let delivery = DeliveryId {
        alert: alert_id(2),
        cause: Seq(2),
        contact: "night-desk".parse().unwrap(),
        channel: ChannelKind::Sms,
        attempt: 1,
    };
    let failure = Failure::Unreachable;
    [
        Outcome::Attempt { delivery: delivery.clone() },
        Outcome::Failed { delivery, failure, detail: "connection refused".to_owned() },
    ]
}

/// What a device may call itself.
pub(crate) const FORMULA: &str = "=HYPERLINK(\"http://example.org\")";

fn duty_check(cause: u64, answer_s: Option<u32>, outcome: DutyOutcome) -> DutyCheckRow {
    let asked_at = Timestamp::from_seconds(START + i64::try_from(cause).unwrap());
    DutyCheckRow {
        cause: Seq(cause),
        device: DeviceKey { site: site(), source: Source::Gbt26875, name: DeviceName::new("panel-1").unwrap() },
        by: None,
        month: "2026-02".to_owned(),
        asked_at,
        answer_min: 10,
        confirmed_at: None,
        answered_at: answer_s.map(|answer_s| asked_at.plus(Duration::from_secs(answer_s.into()))),
        answer_s,
        operator: None,
        escalated_at: None,
        outcome,
    }
}

/// An incident of two of the alerts that is over and one of the third, a round of questions, and who did what.
fn records(batch: &mut Batch) {
    let at = |s: i64| Timestamp::from_seconds(START + s);
    for (number, alerts, closed_at) in [(1, vec![1, 2], Some(at(40))), (3, vec![3], None)] {
        let row = IncidentRow {
            id: alert_id(number),
            site: site(),
            building: None,
            class: Class::Fire,
            severity: Class::Fire.severity(),
            test: false,
            opened_at: at(i64::try_from(number).unwrap()),
            news_at: at(30),
            closed_at,
            reopened: 0,
            reopened_at: None,
            alerts: u32::try_from(alerts.len()).unwrap(),
        };
        batch.incident((Seq(20), 4), &row);
        for alert in alerts {
            let member = IncidentAlert { alert: alert_id(alert), joined_at: at(2), left_at: None };
            batch.incident_alert((Seq(20), 4), row.id, member);
        }
    }
    let round = InspectionRow {
        device: DeviceKey { site: site(), source: Source::Gbt26875, name: DeviceName::new("panel-1").unwrap() },
        kind: "inspection".to_owned(),
        by: None,
        asked_at: at(5),
        ended_at: at(7),
        answered: 3,
        denied: 1,
        outcome: "answered".to_owned(),
    };
    batch.inspection(JOURNAL, Seq(15), &round);
    let started = AuditRow {
        seq: Seq(16),
        at: at(16),
        by: None,
        action: "started".to_owned(),
        subject: "1.2.3".to_owned(),
        detail: "down for 4 s".to_owned(),
    };
    batch.audit(JOURNAL, &started);
    for (seq, by, kind) in [
        (20, "li", OrderKind::Acknowledge { alert: alert_id(1) }),
        (21, "wang", OrderKind::Close { alert: alert_id(1), note: FORMULA.into() }),
    ] {
        let order = Order { id: OrderId::new(&format!("o{seq}")).unwrap(), by: by.parse().unwrap(), kind };
        batch.audit_order(JOURNAL, Seq(seq), at(i64::try_from(seq).unwrap()), &order);
    }
}

/// An archive with three alerts, a delivery, ten readings, two duty checks and what `records` says.
fn archive(directory: &TempDir) -> History {
    let path = directory.path().join("archive.db");
    let mut store = Store::open(&path, JOURNAL, JournalId([8; 16])).unwrap();
    let mut batch = Batch::default();
    for number in 1..=10 {
        let s = i64::try_from(number).unwrap();
        let readings = vec![
            reading(Metric::Temperature, Value::Number(20.0 + f64::from(u8::try_from(s).unwrap())), s),
            reading(Metric::SmokeAlarm, Value::Bool(s > 5), s),
        ];
        let decoded = Decoded {
            device: Some(DeviceName::new("smoke-201").unwrap()),
            readings,
            ..Decoded::new(Source::Watchfire)
        };
        batch.decoded(Seq(number), Timestamp::from_seconds(START + s), &site(), &decoded);
    }
    for (position, number) in [(1, 1), (2, 2), (3, 3)] {
        let mut raised = transition(number, number, Class::Fire, Step::Raised);
        if number == 3 {
            raised.reason = Bilingual::new(FORMULA, "烟雾报警");
        }
        batch.alert(position, &record(vec![raised]));
    }
    let by = "li".parse().unwrap();
    batch.alert(4, &record(vec![transition(1, 20, Class::Fire, Step::Acknowledged { by })]));
    for (cause, answer_s, outcome) in [(13, Some(48), DutyOutcome::Answered), (14, None, DutyOutcome::Missed)] {
        batch.duty_check(JOURNAL, Seq(cause), &duty_check(cause, answer_s, outcome));
    }
    records(&mut batch);
    let [attempt, failed] = outcomes();
    batch.outcome(Seq(11), Timestamp::from_seconds(START + 11), &attempt);
    batch.outcome(Seq(12), Timestamp::from_seconds(START + 12), &failed);
    store.write(&mut batch).unwrap();
    store.sync().unwrap();
    History::open(&path)
}

pub(crate) async fn with_archive(directory: &TempDir) -> Bench {
    Bench::start_with(Wish { history: Some(archive(directory)), ..Wish::default() }).await
}

#[tokio::test]
async fn readings_of_a_device_for_a_chart() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let path = "/api/v1/readings?site=sunshine&source=watchfire&device=smoke-201\
        &from=2026-02-02T02:40:04Z&to=2026-02-02T10:40:06%2B08:00";
    let page = client.json(path).await;
    let ms = |s: i64| (START + s) * 1_000;
    let expected = serde_json::json!({"series": [
        {"point": "smoke_alarm", "metric": "smoke_alarm", "unit": null,
            "points": [[ms(4), 0.0], [ms(5), 0.0], [ms(6), 1.0]]},
        {"point": "temperature", "metric": "temperature", "unit": "Cel",
            "points": [[ms(4), 24.0], [ms(5), 25.0], [ms(6), 26.0]]},
    ]});
    assert_eq!(page, expected);

    let base = "/api/v1/readings?site=sunshine&source=watchfire&device=smoke-201";
    for (query, expected) in [
        ("&from=yesterday&to=2026-02-02T02:40:04Z", "422 unprocessable: the query is wrong: `yesterday` is not an RFC"),
        ("&from=2026-02-03T00:00:00Z&to=2026-02-02T00:00:00Z", "422 unprocessable: the query is wrong: `to` is before"),
        ("&from=2026-02-02T00:00:00Z&to=2026-02-03T00:00:00Z&points_max=0", "422 unprocessable: the query is wrong"),
    ] {
        let answer = client.get(&format!("{base}{query}")).await;
        assert!(answer.starts_with(expected), "{answer}");
    }
}

#[tokio::test]
async fn every_alert_that_ever_was_newest_first_and_as_it_is_now() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    // The board is ahead of the archive by an acknowledgement.
    bench.live.alert_record(1, &record(vec![transition(3, 3, Class::Fire, Step::Raised)]));
    let by = "li".parse().unwrap();
    bench.live.alert_record(2, &record(vec![transition(3, 4, Class::Fire, Step::Acknowledged { by })]));
    let mut seen = Vec::new();
    let mut query = "?scope=all&limit=2".to_owned();
    loop {
        let page = client.json(&format!("/api/v1/alerts{query}")).await;
        for alert in page["alerts"].as_array().unwrap() {
            let cause = alert["id"].as_str().unwrap().split('-').nth(1).unwrap().to_owned();
            seen.push(format!("{cause} {} {}", alert["handling"].as_str().unwrap(), alert["site"]["name"]["en"]));
        }
        match page["next"].as_str() {
            Some(next) => query = format!("?scope=all&limit=2&before={next}"),
            None => break,
        }
    }
    let home = "\"Sunshine care home\"";
    assert_eq!(seen, [format!("3 acknowledged {home}"), format!("2 open {home}"), format!("1 acknowledged {home}")]);
}

#[tokio::test]
async fn one_alert_is_put_together_from_the_archive_and_what_is_newer() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let path = format!("/api/v1/alerts/{}", alert_id(2));
    let summary = |detail: &serde_json::Value| {
        let steps: Vec<_> =
            detail["transitions"].as_array().unwrap().iter().map(|step| step["step"].to_string()).collect();
        let told: Vec<_> = detail["deliveries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|delivery| {
                let members =
                    ["channel", "state", "detail"].map(|member| delivery[member].as_str().unwrap().to_owned());
                format!("{} {}", delivery["contact"]["name"]["zh"], members.join(" "))
            })
            .collect();
        format!("{} | {} | {}", steps.join(" "), told.join(" "), detail["complete"]).replace('"', "")
    };
    let expected = "raised | 夜班值班 sms failed unreachable: connection refused | true";
    assert_eq!(summary(&client.json(&path).await), expected, "from the archive alone");

    bench.live.alert_record(1, &record(vec![transition(2, 2, Class::Fire, Step::Raised)]));
    bench.live.outcome(Timestamp::from_seconds(START + 11), &outcomes()[0]);
    bench.live.outcome(Timestamp::from_seconds(START + 12), &outcomes()[1]);
    let by = "li".parse().unwrap();
    bench.live.alert_record(2, &record(vec![transition(2, 20, Class::Fire, Step::Acknowledged { by })]));
    let expected = expected.replace("raised", "raised acknowledged");
    assert_eq!(summary(&client.json(&path).await), expected, "nothing twice, nothing missing");
    let none = client.get(&format!("/api/v1/alerts/{}", alert_id(99))).await;
    assert_eq!(none, "404 not-found: there is nothing at this address");
    let order = client.post(&format!("/api/v1/alerts/{}/acknowledge", alert_id(99)), r#"{"order_id":"o"}"#).await;
    assert!(order.starts_with("404"), "{order}");
}

#[tokio::test]
async fn figures_of_a_span_and_how_things_stood() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    bench.pass(Duration::from_secs(60));
    let (from, to) = ("2026-02-02T02:40:00Z", "2026-02-02T02:41:00Z");
    let figures = client.json(&format!("/api/v1/figures?from={from}&to={to}&site=sunshine")).await;
    let fire = &figures["classes"][0];
    assert_eq!((&fire["class"], &fire["raised"], &fire["unjudged"]), (&"fire".into(), &3.into(), &3.into()));
    assert_eq!(fire["acknowledged"], serde_json::json!({"count": 1, "median_s": 19.0, "p90_s": 19.0, "max_s": 19.0}));
    assert_eq!(fire["closed"], serde_json::json!({"count": 0, "median_s": null, "p90_s": null, "max_s": null}));
    assert_eq!(figures["offenders"][0]["device"]["label"]["zh"], "201室感烟");
    let duty = &figures["duty"][0];
    assert_eq!((&duty["device"]["name"], &duty["figures"]["asked"]), (&"panel-1".into(), &2.into()));
    assert_eq!((&duty["figures"]["missed"], &duty["figures"]["median_s"]), (&1.into(), &48.into()));
    assert_eq!(figures["sites"][0]["ratio"], 1.0);
    assert_eq!(figures["sites"][0]["site"]["name"]["en"], "Sunshine care home");

    let then =
        client.json("/api/v1/state?at=2026-02-02T02:40:02Z&site=sunshine&source=watchfire&device=smoke-201").await;
    assert_eq!(then["alerts"].as_array().unwrap().len(), 2, "the third was not raised yet");
    assert_eq!(then["values"][0]["points"], serde_json::json!([[(START + 2) * 1_000, 0.0]]));

    let table = client.get(&format!("/api/v1/alerts.csv?from={from}&to={to}")).await;
    let rows: Vec<&str> = table.split("\r\n").collect();
    assert!(rows[0].starts_with("200 \u{feff}id,class,severity,test,site,"), "{table}");
    assert_eq!(rows.len(), 5, "names, three alerts and the end: {table}");
    assert!(rows[1].contains(",fire,critical,false,sunshine,Sunshine care home,阳光敬老院,corridor-2,"), "{table}");
    assert!(rows[3].contains(",\"'=HYPERLINK(\"\"http://example.org\"\")\",烟雾报警,"), "{table}");
    for query in ["from=2026-02-03T00:00:00Z&to=2026-02-02T00:00:00Z", "from=x&to=y", "from=2026-02-03T00:00:00Z"] {
        assert!(client.get(&format!("/api/v1/figures?{query}")).await.starts_with("422"), "{query}");
    }
    let half = client.get("/api/v1/state?at=2026-02-02T02:40:02Z&device=smoke-201").await;
    assert!(half.starts_with("422 unprocessable: the query is wrong: a device is named by"), "{half}");
}

#[tokio::test]
async fn without_an_archive_history_says_so_and_the_board_works() {
    let directory = TempDir::new().unwrap();
    let broken = directory.path().join("archive.db");
    std::fs::write(&broken, "this is no database, however long one looks at it").unwrap();
    for history in [None, Some(History::open(&directory.path().join("none.db"))), Some(History::open(&broken))] {
        let bench = Bench::start_with(Wish { history, ..Wish::default() }).await;
        let client = bench.operator().await;
        bench.live.alert_record(1, &record(vec![transition(2, 2, Class::Fire, Step::Raised)]));
        let down = "503 archive-down: history cannot be read now because the archive does not answer; alarms and orders \
            are not affected";
        let readings = "/api/v1/readings?site=sunshine&source=watchfire&device=smoke-201\
            &from=2026-02-02T00:00:00Z&to=2026-02-03T00:00:00Z";
        let span = "from=2026-02-02T00:00:00Z&to=2026-02-03T00:00:00Z";
        let (figures, csv) = (format!("/api/v1/figures?{span}"), format!("/api/v1/alerts.csv?{span}"));
        let book = format!("/api/v1/figures.xlsx?{span}");
        for path in [&figures, &csv, &book, "/api/v1/state?at=2026-02-02T00:00:00Z", "/api/v1/history/incidents"] {
            assert_eq!(client.get(path).await, down, "{path}");
        }
        for path in ["/api/v1/audit", "/api/v1/audit.csv", "/api/v1/history/duty-checks/devices?month=2026-02"] {
            assert_eq!(client.get(path).await, down, "{path}");
        }
        for path in ["/api/v1/alerts?scope=all", readings, &format!("/api/v1/alerts/{}", alert_id(9))] {
            assert_eq!(client.get(path).await, down, "{path}");
        }
        assert_eq!(client.json("/api/v1/alerts").await["alerts"].as_array().unwrap().len(), 1);
        let detail = client.json(&format!("/api/v1/alerts/{}", alert_id(2))).await;
        assert_eq!(
            (detail["complete"].as_bool(), detail["transitions"][0]["step"].as_str()),
            (Some(false), Some("raised"))
        );
    }
}
