//! Risk, with a station that the test plays.

use crate::support::Bench;
use tokio::task::JoinSet;
use watchfire_console::view::{RiskAreaPage, RiskBands, RiskPage};
use watchfire_console::{RiskFiguresKind, RiskQuestion, Role};
use watchfire_model::{Bilingual, Seq};

#[tokio::test]
async fn questions_reach_the_station_and_wrong_ones_do_not() {
    let mut bench = Bench::start().await;
    let cookie = bench.user("wang", Role::Viewer).await.cookie;
    for (path, expected) in [
        ("/api/v1/risk?district=%E7%83%9F%E5%8F%B0%E5%B8%82&band=red&limit=7", "200 {\"settings_version\":3,"),
        ("/api/v1/risk/areas?kind=building", "200 {\"total\":0,"),
        ("/api/v1/risk/area?building=1", "404 "),
        ("/api/v1/risk/sites/sunshine", "404 "),
        ("/api/v1/risk/sites/No%20Id", "404 "),
        ("/api/v1/risk/area", "422 "),
        ("/api/v1/risk?band=pink", "422 "),
        ("/api/v1/risk?district=a//b", "422 "),
    ] {
        let request = bench.request("GET", path).header("cookie", &cookie);
        let mut asking = JoinSet::new();
        asking.spawn(async move { crate::support::text(request.send().await.unwrap()).await });
        let answer = tokio::select! {
            Some(question) = bench.risk_questions.recv() => {
                play_station(question);
                asking.join_next().await.unwrap().unwrap()
            }
            Some(answer) = asking.join_next() => answer.unwrap(),
        };
        assert!(answer.starts_with(expected), "{path}: {answer}");
    }
}

fn play_station(question: RiskQuestion) {
    match question {
        RiskQuestion::Ranking { district, band, limit, reply, .. } => {
            assert_eq!((district.unwrap().as_str(), band, limit), ("烟台市", Some("red"), 7));
            let page =
                RiskPage { settings_version: 3, at: None, total: 0, bands: RiskBands::default(), units: Vec::new() };
            reply.send(page).unwrap();
        }
        RiskQuestion::Areas { buildings, limit, reply, .. } => {
            assert_eq!((buildings, limit), (Some(true), 50));
            reply.send(RiskAreaPage { total: 0, areas: Vec::new() }).unwrap();
        }
        RiskQuestion::Area { reply, .. } => reply.send(None).unwrap(),
        RiskQuestion::Site { reply, .. } => reply.send(None).unwrap(),
    }
}

#[tokio::test]
async fn figures_are_an_operators_to_give_and_are_refused_with_a_reason() {
    let mut bench = Bench::start().await;
    let operator = bench.user("wang", Role::Operator).await.cookie;
    let viewer = bench.user("zhao", Role::Viewer).await.cookie;
    for (cookie, path, expected) in [
        (&operator, "/api/v1/risk/sites/sunshine/figures", "200 {\"seq\":9}"),
        (&operator, "/api/v1/risk/sites/sunshine/warning", "422 "),
        (&operator, "/api/v1/risk/sites/nowhere/figures", "404 "),
        (&viewer, "/api/v1/risk/sites/sunshine/figures", "403 "),
    ] {
        let request = bench.request("POST", path).header("cookie", cookie).body("{}");
        let mut asking = JoinSet::new();
        asking.spawn(async move { crate::support::text(request.send().await.unwrap()).await });
        let answer = tokio::select! {
            Some(given) = bench.figures.recv() => {
                assert_eq!((given.by.as_str(), given.payload.as_slice()), ("wang", &b"{}"[..]));
                let wrong = Bilingual::new("it is no warning", "不是预警");
                given.reply.send(if given.kind == RiskFiguresKind::Figures { Ok(Seq(9)) } else { Err(wrong) }).unwrap();
                asking.join_next().await.unwrap().unwrap()
            }
            Some(answer) = asking.join_next() => answer.unwrap(),
        };
        assert!(answer.starts_with(expected), "{path}: {answer}");
    }
}
