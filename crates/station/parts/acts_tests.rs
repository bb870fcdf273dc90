//! What the audit is told of people, in a whole station.

use super::paths::DataPaths;
use super::station::Station;
use super::station_tests::{PATIENCE, journaled, options};
use crate::clock;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;
use watchfire_archive::{AuditQuery, History};
use watchfire_console::{Author, Role, Users};
use watchfire_model::{ActKind, Input};

const PASSWORD: &str = "correct horse battery";

fn users(data: &Path) -> Users {
    let author = Author { by: "os:root".into(), clock: clock::wall };
    Users::open(&DataPaths::new(data).users()).unwrap().changed_by(author)
}

/// Acts in the journal, by kind.
fn acts(data: &Path) -> Vec<ActKind> {
    journaled(data, |input| if let Input::Act(act) = input { Some(act.kind) } else { None })
}

async fn until(data: &Path, kind: ActKind) {
    let told = async {
        while !acts(data).contains(&kind) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn log_ins_users_and_reloads_are_in_the_audit() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    users(data).add(&"li".parse().unwrap(), Role::Operator, PASSWORD).unwrap();

    let station = Station::start(options(data)).await.unwrap();
    until(data, ActKind::UserAdded).await;
    let url = format!("http://{}/api/v1/session", station.console);
    let http = reqwest::Client::new();
    let mut cookie = String::new();
    for password in ["a wrong guess", "another guess", "a third guess", PASSWORD] {
        let body = serde_json::json!({"user": "li", "password": password}).to_string();
        let asked = http.post(&url).header("content-type", "application/json").body(body).send().await.unwrap();
        if let Some(given) = asked.headers().get("set-cookie") {
            cookie = given.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
    }
    http.delete(&url).header("cookie", cookie).send().await.unwrap();
    until(data, ActKind::LoggedOut).await;
    users(data).remove(&"li".parse().unwrap()).unwrap();
    until(data, ActKind::UserRemoved).await;
    station.reload().run().await;
    station.stop().await;

    let mut told = String::new();
    let lines = History::open(&DataPaths::new(data).archive()).audit(&AuditQuery::default()).unwrap();
    for line in lines.iter().rev().filter(|line| line.action != "started") {
        let by = line.by.as_deref().unwrap_or("-");
        let subject = if line.action == "set_up" { "*" } else { &line.subject };
        let detail: Vec<&str> = line.detail.split([' ', ';']).take(2).collect();
        writeln!(told, "{} {by} {subject} {}", line.action, detail.join(" ")).unwrap();
    }
    assert_eq!(
        told,
        "set_up - * at a\nuser_added os:root li operator at\nlog_in_refused li 127.0.0.1 \n\
         logged_in li 127.0.0.1 \nlogged_out li 127.0.0.1 \nuser_removed os:root li operator at\n\
         reload_refused os:SIGHUP  ./sites.toml: cannot\nlog_in_refused li 127.0.0.1 2 times\n"
    );
    assert_eq!(users(data).changes(), [], "what is journaled is noted no more");

    let again = Station::start(options(data)).await.unwrap();
    again.stop().await;
    assert_eq!(acts(data).iter().filter(|kind| **kind == ActKind::UserAdded).count(), 1);
}
