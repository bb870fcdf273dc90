//! One reading's whole way, among programs that are not ours: `mosquitto_pub` says that there is smoke; it is seen on the
//! board, by `mosquitto_sub`, in a mail that went encrypted through aiosmtpd, and in a text message that Kannel took.
//! Then a person deals with it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use support::api::Api;
use support::peers::{KANNEL_USER, Kannel, MailServer, MailTls, certificate, skip};
use support::process::Process;
use support::set_up::{GATEWAY, LISTENER, OTHER_GATEWAY, SECRET, SetUp};
use support::station::{Station, USER};
use support::wait;

#[test]
fn smoke_reaches_a_person_and_a_person_deals_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some((mail, kannel)) = servers(folder.path()) else { return };
    let station = Station::started(&set_up(folder.path(), &mail, &kannel));
    let api = station.operator();
    let mut board = api.events();
    let alerts = listen(&station);

    publish(&station, GATEWAY, "zigbee2mqtt/kitchen_smoke", r#"{"smoke":true,"battery":91,"linkquality":120}"#);

    // The board.
    let event = board.wait_for("alert", |alert| alert["device"]["name"] == "kitchen_smoke");
    let id = event.data["id"].as_str().unwrap().to_owned();
    let seen = &event.data;
    assert_eq!([&seen["class"], &seen["severity"], &seen["handling"]], ["fire", "critical", "open"], "{seen}");
    assert_eq!([&seen["zone"]["name"]["zh"], &seen["site"]["name"]["en"]], ["厨房", "Test home"], "{seen}");
    assert_eq!(api.get(&format!("/api/v1/alerts/{id}"))["alert"], *seen);

    // Another system that subscribed.
    let told: Value =
        wait::until("the alert by MQTT", || alerts.said().iter().find_map(|line| serde_json::from_str(line).ok()));
    assert_eq!([&told["id"], &told["transition"], &told["class"]], [id.as_str(), "raised", "fire"], "{told}");

    // A mail and a text message, both taken by real servers; the ladder's first rung.
    let mails = wait::until("the mail", || mails_about(&mail, "duty@", &id, 1));
    assert!(mails[0].contains("Importance: high"), "{}", mails[0]);
    let texts = wait::until("the text message", || Some(kannel.received()).filter(|texts| !texts.is_empty()));
    // The fake SMSC writes it down with URL escapes.
    assert!(texts[0].contains("+8613800000000") && texts[0].contains("Test+home%2C+Kitchen"), "{texts:?}");

    // Somebody looks at it: the second rung is not told. An alert that came later and at which nobody looked shows
    // that its time has passed.
    let acknowledged = api.order(&id, "acknowledge", &json!({}));
    assert_eq!([&acknowledged["handling"], &acknowledged["acknowledged_by"]], ["acknowledged", USER]);
    publish(&station, OTHER_GATEWAY, "zigbee2mqtt/mill_smoke", r#"{"smoke":true}"#);
    let other = api.wait_for_alert_of("mill_smoke")["id"].as_str().unwrap().to_owned();
    wait::until("the second rung for the other alert", || mails_about(&mail, "boss@", &other, 1));
    assert_eq!(mails_about(&mail, "boss@", &id, 1), None, "the ladder went on after somebody had acknowledged");

    // It is dealt with, but not before the cause is over.
    assert_eq!(api.try_order(&id, "close", &json!({})).0, 409);
    let verdict = json!({ "verdict": { "kind": "false", "cause": "cooking" }, "note": "burnt toast" });
    assert_eq!(api.order(&id, "verify", &verdict)["handling"], "verified");
    publish(&station, GATEWAY, "zigbee2mqtt/kitchen_smoke", r#"{"smoke":false,"battery":91}"#);
    let mut tries = 0;
    let closed = wait::until("the end of the cause", || {
        tries += 1;
        let (status, mut body) = api.try_order(&id, "close", &json!({ "order_id": format!("close-{tries}") }));
        (status == 200).then(|| body["alert"].take())
    });
    assert_eq!([&closed["handling"], &closed["condition"]], ["closed", "cleared"]);
    assert!(api.alerts_of("kitchen_smoke").is_empty(), "a closed alert leaves the board");

    history_tells_all(&api, &id);
}

fn history_tells_all(api: &Api, id: &str) {
    api.wait_for_archive();
    let all = api.get("/api/v1/alerts?scope=all");
    assert!(all["alerts"].as_array().unwrap().iter().any(|alert| alert["id"] == id), "{all}");
    let detail = api.get(&format!("/api/v1/alerts/{id}"));
    assert_eq!(detail["complete"], true);
    let steps: Vec<&str> =
        detail["transitions"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["raised", "acknowledged", "verified", "cleared", "closed"], "{detail}");
    assert_eq!(detail["transitions"][2]["verdict"], json!({ "kind": "false", "cause": "cooking" }));
    let deliveries = detail["deliveries"].as_array().unwrap();
    for channel in ["email", "sms"] {
        let first = deliveries.iter().find(|delivery| delivery["channel"] == channel && delivery["attempt"] == 1);
        let first = first.unwrap_or_else(|| panic!("no delivery by {channel}: {detail}"));
        assert_eq!([&first["state"], &first["contact"]["id"]], ["delivered", "duty"], "{first}");
    }
    let readings = api.readings("zigbee2mqtt", "kitchen_smoke");
    let values: Vec<&Value> = readings.iter().map(|reading| &reading[1]).collect();
    for value in [json!(1.0), json!(0.0), json!(91.0)] {
        assert!(values.iter().any(|seen| seen.as_f64() == value.as_f64()), "{value} in {readings:?}");
    }
}

/// The servers that are not ours; `None`, said loudly, when one is missing.
fn servers(folder: &Path) -> Option<(MailServer, Kannel)> {
    for program in ["mosquitto_pub", "mosquitto_sub"] {
        if Command::new(program).arg("--version").output().is_err() {
            skip("mosquitto_pub and mosquitto_sub (Debian: mosquitto-clients)");
            return None;
        }
    }
    if !certificate(folder) {
        return None;
    }
    Some((MailServer::start(folder, MailTls::StartTls)?, Kannel::start(folder, true)?))
}

fn set_up(folder: &Path, mail: &MailServer, kannel: &Kannel) -> SetUp {
    std::fs::write(folder.join("sms-secret"), KANNEL_USER.1).unwrap();
    let folder = folder.display();
    let rungs = |site: &str| {
        format!(
            "[[sites.{site}.ladder]]\ncontacts = [\"duty\"]\nwait_s = 5\n\
             [[sites.{site}.ladder]]\ncontacts = [\"boss\"]\nwait_s = 600\n"
        )
    };
    SetUp::new()
        .station(&format!(
            "[notify.email]\nhost = \"localhost\"\nport = {}\ntls = \"starttls\"\nca_file = \"{folder}/ca.pem\"\n\
             from = \"watchfire <alarm@example.org>\"\n\
             [notify.sms]\nurl = \"{}\"\nuser = \"{}\"\npassword = \"file:{folder}/sms-secret\"\nfrom = \"12345\"\n",
            mail.port,
            kannel.url(),
            KANNEL_USER.0,
        ))
        .sites(
            "[contacts.duty]\nname = { en = \"Duty\", zh = \"值班\" }\nlanguage = \"en\"\n\
             email = \"duty@example.org\"\nsms = \"+8613800000000\"\n\
             [contacts.boss]\nname = { en = \"Boss\", zh = \"主管\" }\nemail = \"boss@example.org\"\n",
        )
        .sites(&rungs("home"))
        .sites(&rungs("mill"))
}

/// The mails so far to that person about that alert, when there are at least so many.
fn mails_about(mail: &MailServer, to: &str, alert: &str, count: usize) -> Option<Vec<String>> {
    let mut mails = mail.mails();
    mails.retain(|mail| mail.contains(&format!("To: {to}")) && mail.contains(alert));
    Some(mails).filter(|mails| mails.len() >= count)
}

/// `mosquitto_sub`, subscribed to the alerts of site `home`.
fn listen(station: &Station) -> Process {
    // Into a pipe it would say nothing until it has said much.
    let mut command = Command::new("stdbuf");
    let port = station.mqtt().port().to_string();
    command.args(["-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", &port, "-u", LISTENER, "-P", SECRET]);
    command.args(["-t", "wf/v1/home/alerts", "-q", "1", "-d"]);
    let listener = Process::of(command);
    wait::until("the subscription", || listener.said().iter().any(|line| line.contains("SUBACK")).then_some(()));
    listener
}

/// `mosquitto_pub`; done when it is acknowledged.
fn publish(station: &Station, user: &str, topic: &str, payload: &str) {
    let port = station.mqtt().port().to_string();
    let arguments = ["-h", "127.0.0.1", "-p", &port, "-u", user, "-P", SECRET, "-q", "1", "-t", topic, "-m", payload];
    let output = Command::new("mosquitto_pub").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
