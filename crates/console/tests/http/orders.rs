//! What operators do with an alert, with a station that the test plays.

use crate::support::{Bench, Wish, alert_id, raise, record, transition};
use std::time::Duration;
use tokio::task::JoinSet;
use watchfire_console::{Limits, Role};
use watchfire_model::{Bilingual, Class, OrderKind, Step};

const ACKNOWLEDGE: &str = r#"{"order_id":"o-1"}"#;

/// Plays the station for one order: applies it at that position, or refuses it.
async fn answer_one(bench: &mut Bench, position: u64, refusal: Option<Bilingual>) -> String {
    let command = bench.commands.recv().await.unwrap();
    let order = command.order;
    let by = order.by.clone();
    let step = match &order.kind {
        OrderKind::Acknowledge { .. } => Step::Acknowledged { by },
        OrderKind::Verify { verdict, note, .. } => Step::Verified { by, verdict: *verdict, note: note.clone() },
        OrderKind::Forward { to, .. } => Step::Forwarded { by, to: to.clone() },
        OrderKind::Close { note, .. } => Step::Closed { by, note: note.clone() },
        OrderKind::Reopen { note, .. } => Step::Reopened { by: Some(by), note: note.clone() },
        other => panic!("not about an alert: {other:?}"),
    };
    let said = format!("{} {} {:?}", order.id, order.by, step);
    let answer = match refusal {
        Some(why) => Err(why),
        None => {
            let cause = order.kind.alert().unwrap().cause.0;
            bench.live.alert_record(position, &record(vec![transition(cause, position, Class::Fire, step)]));
            Ok(())
        }
    };
    command.reply.send(answer).unwrap();
    said
}

/// Gives an order and plays the station for it. Returns the answer and what the station was told.
async fn give(
    bench: &mut Bench,
    cookie: &str,
    verb: &str,
    body: &str,
    position: u64,
    refusal: Option<Bilingual>,
) -> (String, String) {
    let request = bench
        .request("POST", &format!("/api/v1/alerts/{}/{verb}", alert_id(1)))
        .header("cookie", cookie)
        .header("content-type", "application/json")
        .body(body.to_owned());
    let mut asking = JoinSet::new();
    asking.spawn(async move { crate::support::text(request.send().await.unwrap()).await });
    let told = answer_one(bench, position, refusal).await;
    (asking.join_next().await.unwrap().unwrap(), told)
}

fn handling(answer: &str) -> String {
    let (status, body) = answer.split_once(' ').unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let alert = &body["alert"];
    format!("{status} {} {} {}", alert["handling"], alert["verdict"], alert["acknowledged_by"]).replace('"', "")
}

#[tokio::test]
async fn the_life_of_an_alert_with_the_archive_down() {
    let mut bench = Bench::start().await;
    raise(&bench, 1, Class::Fire);
    let cookie = bench.operator().await.cookie;
    for (number, (verb, body, answer, told)) in [
        ("acknowledge", r#"{"order_id":"o-1"}"#, "200 acknowledged null li", "o-1 li Acknowledged"),
        (
            "verify",
            r#"{"order_id":"o-2","verdict":{"kind":"false","cause":"cooking"},"note":"pan"}"#,
            "200 verified {cause:cooking,kind:false} li",
            "o-2 li Verified",
        ),
        ("reopen", r#"{"order_id":"o-3","note":"smells"}"#, "200 open null li", "o-3 li Reopened"),
        ("verify", r#"{"order_id":"o-4","verdict":{"kind":"real"}}"#, "200 verified {kind:real} li", "o-4 li Verified"),
        ("forward", r#"{"order_id":"o-5","to":"119"}"#, "200 forwarded {kind:real} li", "o-5 li Forwarded"),
        ("close", r#"{"order_id":"o-6","note":"put out"}"#, "200 closed {kind:real} li", "o-6 li Closed"),
    ]
    .into_iter()
    .enumerate()
    {
        let position = u64::try_from(number).unwrap() + 2;
        let (found, said) = give(&mut bench, &cookie, verb, body, position, None).await;
        assert_eq!(handling(&found), answer, "{verb}");
        assert!(said.starts_with(told), "{said}");
    }

    // Closed but still active: it stays on the board, with all that was done.
    let answer = bench.request("GET", &format!("/api/v1/alerts/{}", alert_id(1))).header("cookie", &cookie);
    let detail: serde_json::Value = answer.send().await.unwrap().json().await.unwrap();
    let steps: Vec<String> = detail["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            let words = ["step", "by", "note", "to"].map(|member| step[member].as_str().unwrap_or("-").to_owned());
            words.join(" ")
        })
        .collect();
    assert_eq!(
        steps,
        [
            "raised - - -",
            "acknowledged li - -",
            "verified li pan -",
            "reopened li smells -",
            "verified li  -",
            "forwarded li - 119",
            "closed li put out -",
        ]
    );
    assert_eq!(detail["complete"], false);
}

#[tokio::test]
async fn the_rules_refuse_with_a_reason_in_both_languages() {
    let mut bench = Bench::start().await;
    raise(&bench, 1, Class::Fire);
    let cookie = bench.operator().await.cookie;
    let why = Bilingual::new("a fire is verified before it is closed", "火警须先核实才能关闭");
    let (answer, _) = give(&mut bench, &cookie, "close", ACKNOWLEDGE, 2, Some(why)).await;
    assert_eq!(answer, "409 refused: a fire is verified before it is closed");
}

#[tokio::test]
async fn a_station_that_is_stuck_is_said_so_in_time() {
    let limits = Limits { order_wait: Duration::from_millis(50), ..Limits::default() };
    let mut bench = Bench::start_with(Wish { limits, ..Wish::default() }).await;
    raise(&bench, 1, Class::Fire);
    let client = bench.operator().await;
    let path = format!("/api/v1/alerts/{}/acknowledge", alert_id(1));
    // The queue takes four; the fifth finds it full.
    for _ in 0..5 {
        let answer = client.post(&path, ACKNOWLEDGE).await;
        assert!(answer.starts_with("503 station-busy: the station did not carry out the order in time"), "{answer}");
    }
    let cookie = client.cookie;
    bench.commands.close();
    let request = bench.request("POST", &path).header("cookie", &cookie).header("content-type", "application/json");
    let answer = request.body(ACKNOWLEDGE).send().await.unwrap();
    assert_eq!(answer.status(), 503, "the station is gone");
}

#[tokio::test]
async fn what_cannot_be_an_order_never_reaches_the_station() {
    let mut bench = Bench::start().await;
    raise(&bench, 1, Class::Fire);
    let client = bench.operator().await;
    let path = |verb: &str| format!("/api/v1/alerts/{}/{verb}", alert_id(1));
    let long = format!(r#"{{"order_id":"o","note":"{}"}}"#, "x".repeat(4_097));
    for (verb, body, expected) in [
        ("verify", r#"{"order_id":"o"}"#, "422 unprocessable: `verdict` is missing or not usable"),
        ("forward", r#"{"order_id":"o","to":" "}"#, "422 unprocessable: `to` is missing or not usable"),
        ("acknowledge", r#"{"order_id":""}"#, "422 unprocessable: `order_id` is missing or not usable"),
        ("acknowledge", "{}", "422 unprocessable: the body does not fit: missing field `order_id`"),
        ("acknowledge", r#"{"order_id":"o","why":1}"#, "422 unprocessable: the body does not fit: unknown field `why`"),
        (
            "verify",
            r#"{"order_id":"o","verdict":{"kind":"maybe"}}"#,
            "422 unprocessable: the body does not fit: unknown variant",
        ),
        ("acknowledge", "{", "400 not-json: the body is not JSON"),
        ("close", &long, "422 unprocessable: the text is longer than 4096 bytes"),
    ] {
        let answer = client.post(&path(verb), body).await;
        assert!(answer.starts_with(expected), "{verb} {body}: {answer}");
    }
    assert!(client.post("/api/v1/alerts/x/close", ACKNOWLEDGE).await.starts_with("404 not-found"));
    let viewer = bench.user("gast", Role::Viewer).await;
    let answer = viewer.post(&path("acknowledge"), ACKNOWLEDGE).await;
    assert_eq!(answer, "403 not-permitted: a viewer gives no orders: ask an operator");
    assert!(bench.commands.try_recv().is_err());
}
