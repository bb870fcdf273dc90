//! Reports by e-mail: taken by a mail server that is not ours, once each, also over restarts; a mail server that is away is
//! tried again and shown, and keeps no alarm waiting; one that refuses is told to the people on duty.

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use std::collections::BTreeSet;
use std::time::Duration;
use support::api::Api;
use support::peers::{MailServer, MailTls};
use support::set_up::SetUp;
use support::station::Station;
use support::wait;

/// Two people, of whom one has a report of the day alone.
fn set_up(mail: &MailServer) -> SetUp {
    SetUp::new().station(&format!(
        "[notify.email]\nhost = \"localhost\"\nport = {}\ntls = \"none\"\nfrom = \"watchfire <alarm@example.org>\"\n\
         [reports.all]\nto = [\"boss@example.org\"]\nhour = 0\nlanguage = \"en\"\n\
         [reports.home]\nto = [\"duty@example.org\"]\nperiods = [\"day\"]\nhour = 0\nsite = \"home\"\nlanguage = \"en\"\n",
        mail.port,
    ))
}

/// The Message-IDs without the day, of whole mails.
fn reports(mail: &MailServer) -> Vec<String> {
    let id = |mail: &String| {
        let line = mail.lines().find_map(|line| line.strip_prefix("Message-ID: <report."));
        line.unwrap_or_else(|| panic!("no report: {mail}")).split('.').take(2).collect::<Vec<_>>().join(" ")
    };
    mail.mails().iter().map(id).collect()
}

#[test]
fn each_report_is_sent_once_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mail) = MailServer::start(folder.path(), MailTls::None) else { return };
    let mut station = Station::started(&set_up(&mail));
    wait::until("four reports", || (mail.mails().len() >= 4).then_some(()));
    let sent = |station: &Station| station.visitor().metric("watchfire_reports_total{result=\"sent\"}");
    wait::until("the count", || (sent(&station) >= 4.0).then_some(()));
    let mut found = reports(&mail);
    found.sort();
    assert_eq!(found, ["all day", "all month", "all week", "home day"]);
    for one in mail.mails() {
        // Without the soft line breaks of quoted-printable.
        let text = one.replace("\r\n", "\n").replace("=\n", "");
        for part in ["text/plain", "text/html", "No alerts in this span.", "Auto-Submitted: auto-generated"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.contains("To: duty@"), text.contains("Test home"), "{text}");
    }
    // A stop and a kill: what is settled is on disk.
    for kill in [false, true] {
        if kill {
            station.kill()
        } else {
            station.stop()
        }
        station.start();
        station.process().wait_for_log("reports have begun");
        assert_eq!(sent(&station), 0.0);
    }
    let ids: BTreeSet<String> = reports(&mail).into_iter().collect();
    assert_eq!((mail.mails().len(), ids.len()), (4, 4));
}

#[test]
fn a_mail_server_that_is_away_is_tried_again_and_keeps_no_alarm_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut mail) = MailServer::start(folder.path(), MailTls::None) else { return };
    mail.stop();
    let mut station = Station::started(&set_up(&mail));
    let failed = |station: &Station| station.visitor().metric("watchfire_reports_total{result=\"failed\"}");
    wait::until("failures", || (failed(&station) >= 4.0).then_some(()));
    let mut gateway = station.gateway("gateway");
    gateway.publish("zigbee2mqtt/kitchen_smoke", r#"{"smoke":true}"#);
    station.operator().wait_for_alert_of("kitchen_smoke");
    assert!(mail.mails().is_empty());
    // What was not sent before a restart is sent after it.
    station.stop();
    mail.restart();
    station.start();
    mail.wait_for_mails(4);
}

/// A report that failed is tried again after a minute; it is looked every 15 s what is due.
const RETRY: Duration = Duration::from_secs(120);

/// What the people on duty see of reports that cannot be sent: how the fault stands, and what it says.
fn fault(operator: &Api) -> Option<(String, String)> {
    let alerts = operator.open_alerts();
    let text = |alert: &serde_json::Value, at: &str| {
        alert.pointer(at).and_then(|text| text.as_str()).unwrap_or_default().to_owned()
    };
    let found = alerts.iter().find(|alert| text(alert, "/rule").starts_with("station-report-unsent"))?;
    Some((text(found, "/condition"), text(found, "/reason/en")))
}

#[test]
fn a_mail_server_that_refuses_is_told_to_the_people_on_duty_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let refusals = folder.path().join("refusals");
    std::fs::write(&refusals, "MAIL alarm@example.org 550 5.7.1 this account may not send\n").unwrap();
    let Some(mail) = MailServer::start(folder.path(), MailTls::None) else { return };
    let station = Station::started(&set_up(&mail));
    let count = |result: &str| station.visitor().metric(&format!("watchfire_reports_total{{result=\"{result}\"}}"));
    let operator = station.operator();
    let (condition, reason) = wait::until("the fault", || fault(&operator));
    assert_eq!(condition, "active");
    for part in ["a report cannot be sent", "all/day/boss@example.org", "550", "this account may not send"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    assert!(mail.mails().is_empty());
    wait::until("each is tried", || (count("failed") >= 4.0).then_some(()));

    // The account is mended at the mail server: nobody touches the station.
    std::fs::remove_file(&refusals).unwrap();
    wait::within(RETRY, "the mails", || (mail.mails().len() >= 4).then_some(()));
    wait::until("the end of the fault", || {
        fault(&operator).is_none_or(|(condition, _)| condition == "cleared").then_some(())
    });
    assert_eq!((count("sent"), mail.mails().len()), (4.0, 4));
}

#[test]
fn an_address_that_is_refused_is_told_and_keeps_no_other_report_back() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("refusals"), "RCPT boss@example.org 550 5.1.1 nobody of that name\n").unwrap();
    let Some(mail) = MailServer::start(folder.path(), MailTls::None) else { return };
    let mut station = Station::started(&set_up(&mail));
    let operator = station.operator();
    let (_, reason) = wait::until("the fault", || fault(&operator));
    assert!(reason.contains("boss@example.org") && reason.contains("nobody of that name"), "{reason}");
    assert_eq!(mail.wait_for_mails(1).len(), 1);
    assert_eq!(reports(&mail), ["home day"]);
    let count = |station: &Station| station.visitor().metric("watchfire_reports_total{result=\"failed\"}");
    wait::until("each is tried", || (count(&station) >= 3.0).then_some(()));
    // Those spans are settled: the address is not asked again about them, the next report goes to it.
    station.stop();
    station.start();
    station.process().wait_for_log("reports have begun");
    assert_eq!((count(&station), mail.mails().len()), (0.0, 1));
}
