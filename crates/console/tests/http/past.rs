//! Incidents, duty checks, rounds of questions and the audit as the archive keeps them.

use crate::history::{FORMULA, with_archive};
use crate::support::{Client, alert_id};
use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_console::Role;

const SPAN: &str = "from=2026-02-02T02:40:00Z&to=2026-02-02T02:41:00Z";

/// The lines of a CSV after its headings, which must be these.
async fn csv(client: &Client<'_>, path: &str, headings: &str) -> Vec<String> {
    let (media_type, bytes) = client.file(path).await;
    assert_eq!(media_type, "text/csv; charset=utf-8");
    let text = String::from_utf8(bytes).unwrap();
    let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
    assert_eq!(lines.pop().unwrap(), "", "the last line ends, too");
    assert_eq!(lines.remove(0), format!("\u{feff}{headings}"));
    lines
}

#[tokio::test]
async fn incidents_with_their_closed_loop_newest_first() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let path = "/api/v1/history/incidents";
    let page = client.json(path).await;
    let ids = |page: &Value| -> Vec<String> {
        let incidents = page["incidents"].as_array().unwrap();
        incidents.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&page), [alert_id(3).to_string(), alert_id(1).to_string()]);
    assert_eq!(page["next"], Value::Null);
    let over = &page["incidents"][1];
    let times = ["opened_at", "acknowledged_at", "verified_at", "closed_at"].map(|name| over[name].clone());
    let expected =
        [json!("2026-02-02T02:40:01Z"), json!("2026-02-02T02:40:20Z"), Value::Null, json!("2026-02-02T02:40:40Z")];
    assert_eq!(times, expected);
    assert_eq!([&over["alerts_total"], &over["site"]["name"]["zh"]], [&json!(2), &json!("阳光敬老院")]);
    assert_eq!(page["incidents"][0]["closed_at"], Value::Null, "one that goes on is here, too");

    let first = client.json(&format!("{path}?limit=1")).await;
    let next = first["next"].as_str().unwrap();
    let rest = client.json(&format!("{path}?limit=1&before={next}")).await;
    assert_eq!([ids(&first), ids(&rest)].concat(), ids(&page));
    for (query, found) in [
        ("site=sunshine", 2),
        ("site=elsewhere", 0),
        ("from=2026-02-02T02:40:02Z", 1),
        ("to=2026-02-02T02:40:03Z", 1),
        ("from=2026-02-02T02:40:01Z&to=2026-02-02T02:40:04Z", 2),
    ] {
        assert_eq!(ids(&client.json(&format!("{path}?{query}")).await).len(), found, "{query}");
    }
    for query in ["limit=0", "limit=501", "before=x", "from=x", "site=No%20Site", "x=1"] {
        assert!(client.get(&format!("{path}?{query}")).await.starts_with("422"), "{query}");
    }

    let one = client.json(&format!("{path}/{}", alert_id(1))).await;
    assert_eq!(one["incident"], *over);
    let alerts = one["alerts"].as_array().unwrap();
    let shown: Vec<_> = alerts.iter().map(|one| (&one["alert"]["id"], &one["alert"]["handling"])).collect();
    let (first, second) = (json!(alert_id(1).to_string()), json!(alert_id(2).to_string()));
    assert_eq!(shown, [(&first, &json!("acknowledged")), (&second, &json!("open"))]);
    for id in [alert_id(2).to_string(), "x".to_owned()] {
        assert!(client.get(&format!("{path}/{id}")).await.starts_with("404"), "{id}");
    }
}

#[tokio::test]
async fn incidents_as_csv() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let headings = "id,class,severity,test,site,site_en,site_zh,building,alerts,time_zone,opened_at,acknowledged_at,\
        verified_at,forwarded_at,closed_at,acknowledged_after_s,verified_after_s,forwarded_after_s,closed_after_s,\
        reopened,reopened_at";
    let lines = csv(&client, &format!("/api/v1/history/incidents.csv?{SPAN}"), headings).await;
    let over = format!(
        "{},fire,critical,false,sunshine,Sunshine care home,阳光敬老院,,2,Asia/Shanghai,2026-02-02T02:40:01Z,\
         2026-02-02T02:40:20Z,,,2026-02-02T02:40:40Z,19,,,39,0,",
        alert_id(1)
    );
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1], over);
    let none = "from=2026-02-03T00:00:00Z&to=2026-02-04T00:00:00Z";
    assert!(csv(&client, &format!("/api/v1/history/incidents.csv?{none}"), headings).await.is_empty());
    assert!(client.get("/api/v1/history/incidents.csv").await.starts_with("422"), "a file needs a span");
}

#[tokio::test]
async fn duty_checks_by_device_and_one_by_one() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let path = "/api/v1/history/duty-checks/devices";
    let month = client.json(&format!("{path}?month=2026-02&site=sunshine")).await;
    let figures = json!({"asked": 2, "answered": 1, "late": 0, "missed": 1, "unreachable": 0, "denied": 0,
        "interrupted": 0, "median_s": 48, "worst_s": 48});
    assert_eq!((&month["month"], month["devices"].as_array().unwrap().len()), (&json!("2026-02"), 1));
    assert_eq!(
        (&month["devices"][0]["device"]["name"], &month["devices"][0]["figures"]),
        (&json!("panel-1"), &figures)
    );
    assert_eq!(client.json(&format!("{path}?month=2026-03")).await["devices"], json!([]));
    for query in ["", "?month=2026", "?month=2026-13", "?month=2026-02&site=No%20Site"] {
        assert!(client.get(&format!("{path}{query}")).await.starts_with("422"), "{query}");
    }

    let headings = "site,site_en,site_zh,device,device_en,device_zh,by,asked_at,answer_min,confirmed_at,answered_at,\
        answer_s,operator,escalated_at,outcome";
    let lines = csv(&client, "/api/v1/history/duty-checks.csv?month=2026-02", headings).await;
    let who = "sunshine,Sunshine care home,阳光敬老院,panel-1,panel-1,panel-1";
    assert_eq!(
        lines,
        [
            format!("{who},,2026-02-02T02:40:14Z,10,,,,,,missed"),
            format!("{who},,2026-02-02T02:40:13Z,10,,2026-02-02T02:41:01Z,48,,,answered"),
        ]
    );
}

#[tokio::test]
async fn rounds_of_questions() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let path = "/api/v1/history/inspections";
    let page = client.json(&format!("{path}?{SPAN}")).await;
    let round = &page["inspections"][0];
    let said = ["kind", "outcome", "answered", "denied", "asked_at", "by"].map(|name| round[name].to_string());
    assert_eq!(said.join(" ").replace('"', ""), "inspection answered 3 1 2026-02-02T02:40:05Z null");
    assert_eq!(page["more"], false);
    for (span, found) in [
        ("from=2026-02-02T02:40:05Z&to=2026-02-02T02:40:06Z", 1),
        ("from=2026-02-02T02:40:00Z&to=2026-02-02T02:40:05Z", 0),
        ("from=2026-02-02T02:40:00Z&to=2026-02-02T02:41:00Z&site=elsewhere", 0),
    ] {
        let page = client.json(&format!("{path}?{span}")).await;
        assert_eq!(page["inspections"].as_array().unwrap().len(), found, "{span}");
    }
    let headings = "site,site_en,site_zh,device,device_en,device_zh,kind,by,asked_at,ended_at,answered,denied,outcome";
    let lines = csv(&client, &format!("/api/v1/history/inspections.csv?{SPAN}"), headings).await;
    let expected = "sunshine,Sunshine care home,阳光敬老院,panel-1,panel-1,panel-1,inspection,,2026-02-02T02:40:05Z,\
        2026-02-02T02:40:07Z,3,1,answered";
    assert_eq!(lines, [expected]);
}

#[tokio::test]
async fn the_audit_by_person_time_and_action() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let lines = async |query: &str| -> Vec<String> {
        let page = client.json(&format!("/api/v1/audit{query}")).await;
        assert_eq!(page["next"], Value::Null);
        let lines = page["lines"].as_array().unwrap();
        let said = |line: &Value| ["seq", "by", "action"].map(|name| line[name].to_string()).join(" ").replace('"', "");
        lines.iter().map(said).collect()
    };
    let all = ["21 wang close", "20 li acknowledge", "16 null started"];
    assert_eq!(lines("").await, all);
    assert_eq!(lines("?by=li").await, all[1..2]);
    assert_eq!(lines("?action=started").await, all[2..]);
    assert_eq!(lines("?from=2026-02-02T02:40:20Z").await, all[..2]);
    assert_eq!(lines("?from=2026-02-02T02:40:16Z&to=2026-02-02T02:40:21Z").await, all[1..]);
    assert_eq!(lines("?before=1770000020000000,20").await, all[2..]);
    assert!(lines("?by=nobody").await.is_empty());
    for query in ["from=x", "before=x", "user=li"] {
        assert!(client.get(&format!("/api/v1/audit?{query}")).await.starts_with("422"), "{query}");
    }
    let found = csv(&client, "/api/v1/audit.csv?by=wang", "seq,at,by,action,subject,detail").await;
    let note = FORMULA.replace('"', "\"\"");
    assert_eq!(found, [format!("21,2026-02-02T02:40:21Z,wang,close,{},\"'{note}\"", alert_id(1))]);
}

#[tokio::test]
async fn a_viewer_does_not_see_the_audit() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let viewer = bench.user("wang", Role::Viewer).await;
    for path in ["/api/v1/audit", "/api/v1/audit?by=li", "/api/v1/audit.csv"] {
        let answer = viewer.get(path).await;
        assert_eq!(answer, "403 not-permitted: a viewer does not see the audit: ask an operator", "{path}");
    }
    viewer.json("/api/v1/history/incidents").await;
}

#[tokio::test]
async fn each_table_of_the_figures_as_csv() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    bench.pass(std::time::Duration::from_secs(60));
    let device = "site_en,site_zh,device_en,device_zh,device";
    for (table, headings, expected) in [
        ("causes", "cause,count".to_owned(), vec![]),
        (
            "offenders",
            format!("{device},raised,false_alarms"),
            vec!["Sunshine care home,阳光敬老院,\"Smoke, room 201\",201室感烟,smoke-201,3,0"],
        ),
        (
            "sites",
            "site_en,site_zh,ratio,devices,unheard,outages,offline_s".to_owned(),
            vec!["Sunshine care home,阳光敬老院,1,1,0,0,0"],
        ),
        ("away", format!("{device},ratio,outages,offline_s"), vec![]),
        (
            "duty",
            format!("{device},asked,answered,late,missed,unreachable,denied,interrupted,median_s,worst_s"),
            vec!["Sunshine care home,阳光敬老院,panel-1,panel-1,panel-1,2,1,0,1,0,0,0,48,48"],
        ),
    ] {
        let found = csv(&client, &format!("/api/v1/figures.csv?table={table}&{SPAN}"), &headings).await;
        assert_eq!(found, expected, "{table}");
    }
    let classes = client.get(&format!("/api/v1/figures.csv?table=classes&{SPAN}")).await;
    let line = classes.split("\r\n").nth(1).unwrap();
    assert_eq!(line, "fire,3,0,0,,0,0,3,3,1,19,19,19,0,,,,0,,,,0,,,");
    for query in ["", "table=all&from=2026-02-02T02:40:00Z&to=2026-02-02T02:41:00Z", "table=duty"] {
        assert!(client.get(&format!("/api/v1/figures.csv?{query}")).await.starts_with("422"), "{query}");
    }
}
