//! Transmission devices and duty checks, with a station that the test plays.

use crate::support::Bench;
use tokio::task::JoinSet;
use watchfire_console::view::{DutyFiguresView, DutyMonthView, DutyReportView, DutySiteView};
use watchfire_console::{PanelQuestion, Role};
use watchfire_model::Bilingual;

/// Gives an order; says what the station was told, and the answer.
async fn order(bench: &mut Bench, cookie: &str, path: &str, body: &str, answer: Result<(), Bilingual>) -> String {
    let request = bench
        .request("POST", path)
        .header("cookie", cookie)
        .header("content-type", "application/json")
        .body(body.to_owned());
    let mut asking = JoinSet::new();
    asking.spawn(async move { crate::support::text(request.send().await.unwrap()).await });
    let told = tokio::select! {
        Some(command) = bench.commands.recv() => {
            let told = format!("{} {} {:?}\n", command.order.id, command.order.by, command.order.kind);
            command.reply.send(answer).unwrap();
            told
        }
        // Refused before it came to the station.
        Some(refused) = asking.join_next() => return refused.unwrap(),
    };
    told + &asking.join_next().await.unwrap().unwrap()
}

#[tokio::test]
async fn orders_to_transmission_devices_reach_the_station() {
    let mut bench = Bench::start().await;
    let cookie = bench.user("wang", Role::Operator).await.cookie;
    let checks = "/api/v1/duty-checks";
    let told = order(&mut bench, &cookie, checks, r#"{"order_id":"o-1","targets":{"site":"care"}}"#, Ok(())).await;
    assert_eq!(
        told,
        "o-1 wang DutyCheck { targets: Site(SiteId(\"care\")), answer_min: 5 }\n200 {\"order_id\":\"o-1\"}"
    );
    let why = Bilingual::new("under way", "正在查岗");
    let refused =
        order(&mut bench, &cookie, checks, r#"{"order_id":"o-2","targets":{"all":true},"answer_min":3}"#, Err(why))
            .await;
    assert!(refused.starts_with("o-2 wang DutyCheck { targets: All, answer_min: 3 }\n409 "), "{refused}");
    assert!(refused.contains("under way"), "{refused}");
    let orders = "/api/v1/transmission-devices/orders";
    let one = r#"{"devices":[{"site":"care","name":"1001"}]}"#;
    for (body, expected) in [
        (format!(r#"{{"order_id":"o-3","order":"inspect","targets":{one}}}"#), "Inspect { targets: Devices(["),
        (
            r#"{"order_id":"o-10","order":"inspect","targets":{"all":true},"reads":["1.1/05000100 analogue"]}"#
                .to_owned(),
            "reads: [Component { kind: 1, address: 1, component: [5, 0, 1, 0], what: Analogue }] }",
        ),
        (format!(r#"{{"order_id":"o-4","order":"initialise","targets":{one}}}"#), "Initialise { device: DeviceKey {"),
        (
            r#"{"order_id":"o-5","order":"set_inspection","targets":{"all":true},"period_s":600}"#.to_owned(),
            "SetInspection { targets: All, period_s: Some(600) }",
        ),
    ] {
        let told = order(&mut bench, &cookie, orders, &body, Ok(())).await;
        assert!(told.contains(expected) && told.contains("\n200 "), "{told}");
    }
    for body in [
        r#"{"order_id":"o-6","order":"initialise","targets":{"all":true}}"#,
        r#"{"order_id":"o-7","order":"inspect","targets":{"all":false}}"#,
        r#"{"order_id":"","order":"inspect","targets":{"all":true}}"#,
        r#"{"order_id":"o-8","order":"explode","targets":{"all":true}}"#,
        r#"{"order_id":"o-11","order":"inspect","targets":{"all":true},"reads":["everything"]}"#,
    ] {
        let told = order(&mut bench, &cookie, orders, body, Ok(())).await;
        assert!(told.starts_with("422 "), "{told}");
    }
    let viewer = bench.user("gast", Role::Viewer).await.cookie;
    let told = order(&mut bench, &viewer, checks, r#"{"order_id":"o-9","targets":{"all":true}}"#, Ok(())).await;
    assert!(told.starts_with("403 "), "{told}");
}

#[tokio::test]
async fn questions_reach_the_station() {
    let mut bench = Bench::start().await;
    let cookie = bench.user("wang", Role::Viewer).await.cookie;
    for (path, expected) in [
        ("/api/v1/transmission-devices?site=care", "200 {\"devices\":[]}"),
        ("/api/v1/duty-checks?site=care&month=2026-03", "200 {\"month\":\"2026-03\",\"figures\":{\"asked\":3,"),
        ("/api/v1/duty-checks?site=care&month=x", "422 "),
        (
            "/api/v1/duty-checks/figures?month=2026-03",
            "200 {\"month\":\"2026-03\",\"sites\":[{\"site\":\"care\",\"figures\":{\"asked\":3,",
        ),
        ("/api/v1/duty-checks/figures?month=x", "422 "),
        ("/api/v1/duty-checks", "422 "),
    ] {
        let request = bench.request("GET", path).header("cookie", &cookie);
        let mut asking = JoinSet::new();
        asking.spawn(async move { crate::support::text(request.send().await.unwrap()).await });
        let answer = tokio::select! {
            Some(question) = bench.questions.recv() => {
                play_station(question);
                asking.join_next().await.unwrap().unwrap()
            }
            Some(answer) = asking.join_next() => answer.unwrap(),
        };
        assert!(answer.starts_with(expected), "{path}: {answer}");
    }
}

fn play_station(question: PanelQuestion) {
    match question {
        PanelQuestion::Devices { site, reply } => {
            assert_eq!(site.unwrap().as_str(), "care");
            reply.send(Vec::new()).unwrap();
        }
        PanelQuestion::DutyChecks { month, reply, .. } => {
            let month = month.filter(|month| month.starts_with("2026"));
            reply.send(month.map(|month| DutyReportView { month, figures: figures(), checks: Vec::new() })).unwrap();
        }
        PanelQuestion::DutyFigures { month, reply } => {
            let sites = vec![DutySiteView { site: "care".to_owned(), figures: figures() }];
            let month = month.filter(|month| month.starts_with("2026"));
            reply.send(month.map(|month| DutyMonthView { month, sites })).unwrap();
        }
    }
}

fn figures() -> DutyFiguresView {
    DutyFiguresView {
        asked: 3,
        answered: 2,
        late: 0,
        missed: 1,
        unreachable: 0,
        denied: 0,
        interrupted: 0,
        median_s: Some(40),
        worst_s: Some(90),
    }
}
