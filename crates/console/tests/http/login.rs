//! Logging in and out.

use crate::support::{Bench, PASSWORD, Wish, add_user, text};
use std::fmt::Write;
use std::time::Duration;
use tokio::task::JoinSet;
use watchfire_console::{Role, Users};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn in_and_out() {
    let bench = Bench::start().await;
    let nobody = bench.request("GET", "/api/v1/session").send().await.unwrap();
    assert_eq!(text(nobody).await, "401 not-logged-in: log in first");

    add_user(bench.data.path(), "li", Role::Operator);
    let answer = bench.try_log_in("li", PASSWORD).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert_eq!(text(answer).await, r#"200 {"user":"li","role":"operator","version":"1.2.3","demo":false}"#);
    let (token, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000");
    assert_eq!(token.len(), "watchfire_session=".len() + 43);

    let client = bench.log_in("li", PASSWORD).await;
    let shown = client.get("/api/v1/session").await;
    assert_eq!(shown, r#"200 {"user":"li","role":"operator","version":"1.2.3","demo":false}"#);
    let out = client.request("DELETE", "/api/v1/session").send().await.unwrap();
    assert_eq!(out.status(), 204);
    assert_eq!(client.get("/api/v1/session").await, "401 not-logged-in: log in first");
    assert_eq!(client.get("/api/v1/status").await, "401 not-logged-in: log in first");
}

#[tokio::test]
async fn the_audit_hears_who_comes_and_goes_but_not_what_is_typed() {
    let mut bench = Bench::start().await;
    let client = bench.operator().await;
    client.request("DELETE", "/api/v1/session").send().await.unwrap();
    for (name, password) in [("li", "a wrong guess"), (PASSWORD, "li"), ("li", PASSWORD)] {
        bench.try_log_in(name, password).await;
    }
    let mut told = String::new();
    while let Ok(act) = bench.acts.try_recv() {
        let by = act.by.as_deref().unwrap_or("?");
        writeln!(told, "{} {by} {} x{}", act.kind.as_str(), act.address.unwrap(), act.times).unwrap();
    }
    assert_eq!(
        told,
        "logged_in li 127.0.0.1 x1\nlogged_out li 127.0.0.1 x1\nlog_in_refused li 127.0.0.1 x1\n\
         log_in_refused ? 127.0.0.1 x1\nlogged_in li 127.0.0.1 x1\n"
    );
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let bench = Bench::start().await;
    let none = text(bench.try_log_in("li", PASSWORD).await).await;
    assert_eq!(none, "401 no-users: there is no user yet: run `watchfire users add NAME` on the station");
    add_user(bench.data.path(), "li", Role::Operator);
    for (name, password) in [("li", "correct horse"), ("wang", PASSWORD), ("Not A Name", PASSWORD), ("li", "")] {
        let answer = text(bench.try_log_in(name, password).await).await;
        assert_eq!(answer, "401 wrong-password: user or password is wrong", "{name}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_and_right_passwords_are_not() {
    let bench = Bench::start().await;
    add_user(bench.data.path(), "li", Role::Operator);
    add_user(bench.data.path(), "wang", Role::Operator);
    for _ in 0..10 {
        bench.log_in("wang", PASSWORD).await;
    }
    for _ in 0..8 {
        assert_eq!(bench.try_log_in("li", "a wrong guess").await.status(), 401);
    }
    let answer = bench.try_log_in("li", PASSWORD).await;
    assert_eq!(answer.headers()["retry-after"], "15");
    assert_eq!(text(answer).await, "429 too-many-tries: too many tries: wait 15 s");
    bench.log_in("wang", PASSWORD).await;
    bench.pass(Duration::from_secs(15));
    bench.log_in("li", PASSWORD).await;
}

#[tokio::test]
async fn a_session_lives_12_hours_after_its_last_use() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    for _ in 0..3 {
        bench.pass(11 * HOUR);
        assert!(client.get("/api/v1/session").await.starts_with("200"));
    }
    bench.pass(12 * HOUR + Duration::from_secs(1));
    assert!(client.get("/api/v1/session").await.starts_with("401"));
}

#[tokio::test]
async fn a_session_survives_a_restart_and_its_token_is_not_on_disk() {
    let bench = Bench::start().await;
    let cookie = bench.operator().await.cookie;
    let data = bench.stop().await;
    let token = cookie.split_once('=').unwrap().1;
    for file in ["sessions.json", "users.json"] {
        let path = data.path().join(file);
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(!kept.contains(token) && !kept.contains(PASSWORD), "{file}");
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    let again = Bench::start_in(data, Wish::default()).await;
    let answer = again.request("GET", "/api/v1/session").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_file_of_sessions_that_cannot_be_read_only_logs_people_out() {
    let bench = Bench::start().await;
    bench.operator().await;
    let data = bench.stop().await;
    std::fs::write(data.path().join("sessions.json"), "{\"version\":1,").unwrap();
    let again = Bench::start_in(data, Wish::default()).await;
    again.log_in("li", PASSWORD).await;
}

#[tokio::test]
async fn another_process_changes_users_while_the_station_runs() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    let elsewhere = Users::open(bench.data.path()).unwrap();

    elsewhere.add(&"wang".parse().unwrap(), Role::Viewer, PASSWORD).unwrap();
    bench.log_in("wang", PASSWORD).await;

    elsewhere.set_password(&"li".parse().unwrap(), "another password").unwrap();
    // A log-in reads the file at once; without one it is read within a second.
    assert_eq!(bench.try_log_in("li", PASSWORD).await.status(), 401);
    assert!(client.get("/api/v1/session").await.starts_with("401"), "a new password ends old sessions");
    bench.log_in("li", "another password").await;

    elsewhere.remove(&"li".parse().unwrap()).unwrap();
    assert_eq!(bench.try_log_in("li", "another password").await.status(), 401);
    let names: Vec<String> = elsewhere.list().iter().map(|(name, role)| format!("{name} {role:?}")).collect();
    assert_eq!(names, ["wang Viewer"]);
}

#[test]
fn users_that_cannot_be_are_refused_with_the_next_step() {
    let data = tempfile::TempDir::new().unwrap();
    let users = Users::open(data.path()).unwrap();
    let (li, wang) = ("li".parse().unwrap(), "wang".parse().unwrap());
    users.add(&li, Role::Operator, PASSWORD).unwrap();
    for (result, expected) in [
        (users.add(&li, Role::Viewer, PASSWORD), "user `li` exists already; remove it first, or change its password"),
        (users.add(&wang, Role::Viewer, "short"), "the password is too short: use at least 10 characters"),
        (users.remove(&wang), "there is no user `wang`; `watchfire users list` names them"),
        (users.set_password(&wang, PASSWORD), "there is no user `wang`; `watchfire users list` names them"),
    ] {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
    std::fs::write(data.path().join("users.json"), "rubbish").unwrap();
    let message = Users::open(data.path()).unwrap_err().to_string();
    assert!(message.contains("is not a file of users"), "{message}");
    assert!(users.refresh().is_err());
    assert_eq!(users.list().len(), 1, "the users stay as they were");
}

#[tokio::test]
async fn behind_a_tls_proxy_the_cookie_is_secure_and_addresses_are_the_proxys_word() {
    let bench = Bench::start_with(Wish { behind_tls_proxy: true, ..Wish::default() }).await;
    add_user(bench.data.path(), "li", Role::Operator);
    let answer = bench.try_log_in("li", PASSWORD).await;
    assert!(answer.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");

    let from = |address: &'static str, password: &'static str| {
        let body = serde_json::json!({"user": "li", "password": password});
        bench.request("POST", "/api/v1/session").header("x-forwarded-for", address).json(&body).send()
    };
    for _ in 0..8 {
        assert_eq!(from("1.2.3.4, 10.0.0.1", "a wrong guess").await.unwrap().status(), 401);
    }
    assert_eq!(from("1.2.3.4, 10.0.0.1", PASSWORD).await.unwrap().status(), 429);
    assert_eq!(from("1.2.3.4, 10.0.0.2", PASSWORD).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_storm_of_log_ins_is_turned_away_and_everything_else_answers() {
    let bench = Bench::start_with(Wish { behind_tls_proxy: true, ..Wish::default() }).await;
    let client = bench.operator().await;
    let mut storm = JoinSet::new();
    for number in 0..60 {
        let body = serde_json::json!({"user": format!("user{number}"), "password": "a wrong guess"});
        let request = bench.request("POST", "/api/v1/session").header("x-forwarded-for", format!("10.0.1.{number}"));
        storm.spawn(async move { request.json(&body).send().await.unwrap().status().as_u16() });
    }
    assert!(client.get("/api/v1/alerts").await.starts_with("200"));
    let mut statuses = std::collections::BTreeMap::new();
    while let Some(status) = storm.join_next().await {
        *statuses.entry(status.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(statuses.values().sum::<i32>(), 60);
    assert!(statuses[&503] > 0 && statuses[&401] >= 32, "{statuses:?}");
}

#[tokio::test]
async fn the_demo_shows_its_log_in_where_one_is_asked_for() {
    let bench = Bench::start_with(Wish { demo: true, ..Wish::default() }).await;
    let answer = bench.request("GET", "/api/v1/session").send().await.unwrap();
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["demo"]["user"], "demo");
    assert_eq!(problem["demo"]["password"], "demo-password");
    let client = bench.operator().await;
    assert!(client.get("/api/v1/session").await.ends_with(r#""demo":true}"#));
}
