//! Reports by e-mail: taken by a mail server that is not ours, once each, also over restarts; a mail server that is away is
//! tried again and shown, and keeps no alarm waiting.

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use std::collections::BTreeSet;
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
