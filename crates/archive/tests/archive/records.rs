//! Duty checks, rounds of questions, incidents, the audit and the registry: what both stores must answer alike.

use crate::source::{Archive, Item, JOURNAL, Logs, START, alert_id, site};
use std::fmt::Write as _;
use std::sync::Arc;
use watchfire_archive::{
    AuditQuery, AuditRow, Batch, DutyCheckRow, DutyQuery, History, IncidentAlert, IncidentLife, IncidentRow,
    IncidentsQuery, InspectionRow, InspectionsQuery, RegistryPoint, SpanQuery,
};
use watchfire_model::point_table::PointLabel;
use watchfire_model::{
    AlertId, Bilingual, Class, Device, DeviceKey, DeviceName, DutyOutcome, Order, OrderId, OrderKind, PointName,
    PointPlace, PointTable, Premises, Seq, Severity, Site, SiteKind, Sites, Source, Step, TestId, Timestamp,
    TransmissionDevice, UserName, Verdict, Zone,
};

fn at(second: i64) -> Timestamp {
    Timestamp(START.0 + second * 1_000_000)
}

fn panel(at_site: &str, name: &str) -> DeviceKey {
    DeviceKey { site: site(at_site), source: Source::Gbt26875, name: DeviceName::new(name).unwrap() }
}

/// A check that was asked at that second and answered after so many.
fn check(cause: u64, device: DeviceKey, second: i64, answer_s: Option<u32>, outcome: DutyOutcome) -> DutyCheckRow {
    DutyCheckRow {
        cause: Seq(cause),
        device,
        by: cause.is_multiple_of(2).then(|| "li".to_owned()),
        month: "2026-03".to_owned(),
        asked_at: at(second),
        answer_min: 5,
        confirmed_at: Some(at(second + 1)),
        answered_at: answer_s.map(|answer_s| at(second + i64::from(answer_s))),
        answer_s,
        operator: answer_s.map(|_| 7),
        escalated_at: None,
        outcome,
    }
}

fn incident(second: i64, closed_at: Option<i64>, reopened: u32) -> IncidentRow {
    IncidentRow {
        id: alert_id(Seq(u64::try_from(second).unwrap())),
        site: site("tower"),
        building: Some("A 座".to_owned()),
        class: Class::Fire,
        severity: Severity::Critical,
        test: false,
        opened_at: at(second),
        news_at: at(second + 5),
        closed_at: closed_at.map(at),
        reopened,
        reopened_at: (reopened > 0).then(|| at(second + 90)),
        alerts: 2,
    }
}

fn sites(names: &[&str]) -> Sites {
    let mut sites = Sites::default();
    let zone = Zone { name: Bilingual::new("hall", "大厅") };
    let devices = names.iter().map(|name| Device {
        source: Source::Watchfire,
        name: DeviceName::new(name).unwrap(),
        label: Bilingual::new(format!("detector {name}"), format!("探测器 {name}")),
        zone: Some("hall".parse().unwrap()),
        silent_after_s: None,
        tags: Default::default(),
    });
    let tower = Site {
        name: Bilingual::new("Tower", "塔楼"),
        kind: SiteKind::Building,
        address: Bilingual::new("1 Huanghai Road", "黄海路 1 号"),
        time_zone: "Asia/Shanghai".to_owned(),
        zones: [("hall".parse().unwrap(), zone)].into(),
        devices: devices.collect(),
        identities: Default::default(),
        ladder: Vec::new(),
        transmission_devices: vec![TransmissionDevice::new(DeviceName::new("889").unwrap(), 889)],
        premises: Premises { building: Some("A 座".into()), ..Premises::default() },
    };
    sites.sites.insert(site("tower"), tower);
    sites
}

/// A set-up with these devices and points.
fn list(batch: &mut Batch, seq: Seq, at: Timestamp, (devices, points): (&[&str], &[&str])) {
    let place = |floor: &str| PointPlace {
        label: PointLabel { en: "corridor".into(), zh: "走廊".into() },
        floor: floor.into(),
        component_type: 40,
        ..PointPlace::default()
    };
    let rows = points.iter().map(|point| (PointName::new(point).unwrap(), place(&format!("{}F", seq.0))));
    let table = Arc::new(PointTable::new(rows.collect()).unwrap());
    let (tower, panel) = (site("tower"), DeviceName::new("889").unwrap());
    batch.set_up(seq, at, &sites(devices), [(&tower, &panel, table)]);
}

/// Everything of these tables, as it happens in a life: `fill` writes entries after `from`.
fn a_life(batch: &mut Batch, after: u64) {
    let journal = JOURNAL;
    let mut seq = 0;
    let mut entry = |batch: &mut Batch, write: &dyn Fn(&mut Batch, Seq)| {
        seq += 1;
        if seq > after {
            batch.entry(Seq(seq));
            write(batch, Seq(seq));
        }
    };
    let duty = |cause: u64, second: i64, answer_s: Option<u32>, outcome: DutyOutcome| {
        move |batch: &mut Batch, seq: Seq| {
            batch.duty_check(journal, seq, &check(cause, panel("tower", "889"), second, answer_s, outcome));
        }
    };
    entry(batch, &|batch, seq| list(batch, seq, at(0), (&["d1", "d2"], &["1.1/5-1", "1.1/5-2"])));
    entry(batch, &duty(2, 10, None, DutyOutcome::Waiting));
    entry(batch, &duty(2, 10, Some(30), DutyOutcome::Answered));
    entry(batch, &duty(4, 100, None, DutyOutcome::Waiting));
    entry(batch, &|batch, seq| {
        let mut late = check(4, panel("tower", "889"), 100, None, DutyOutcome::Waiting);
        late.escalated_at = Some(at(400));
        batch.duty_check(journal, seq, &late);
    });
    entry(batch, &duty(4, 100, Some(700), DutyOutcome::Late));
    entry(batch, &duty(7, 1_000, None, DutyOutcome::Missed));
    entry(batch, &|batch, seq| {
        batch.duty_check(journal, seq, &check(8, panel("mall", "1"), 1_100, Some(10), DutyOutcome::Answered));
        let other = DutyCheckRow {
            month: "2026-04".to_owned(),
            ..check(9, panel("tower", "889"), 3_000_000, None, DutyOutcome::Missed)
        };
        batch.duty_check(journal, seq, &other);
    });
    entry(batch, &|batch, seq| {
        for (second, outcome) in [(20, "answered"), (3_620, "unanswered")] {
            let (kind, outcome) = ("inspection".to_owned(), outcome.to_owned());
            let (answered, denied) = (u32::from(second == 20) * 3, 1);
            let (asked_at, ended_at) = (at(second), at(second + 40));
            let device = panel("tower", "889");
            batch.inspection(
                journal,
                seq,
                &InspectionRow { device, kind, by: None, asked_at, ended_at, answered, denied, outcome },
            );
        }
    });
    entry(batch, &|batch, seq| {
        // It came too late for its round, and says nothing of the others.
        let row = InspectionRow {
            device: panel("tower", "889"),
            kind: "inspection".to_owned(),
            by: None,
            asked_at: at(3_620),
            ended_at: at(3_700),
            answered: 0,
            denied: 0,
            outcome: "late".to_owned(),
        };
        batch.inspection(journal, seq, &row);
    });
    entry(batch, &|batch, seq| {
        let (first, position) = (incident(200, None, 0), (seq, 1));
        batch.incident(position, &first);
        for alert in [300, 301] {
            let member = IncidentAlert { alert: alert_id(Seq(alert)), joined_at: at(200), left_at: None };
            batch.incident_alert(position, first.id, member);
        }
        batch.incident((seq, 2), &incident(200, Some(260), 0));
        batch.incident((seq, 2), &incident(500, None, 0));
    });
    entry(batch, &|batch, seq| {
        batch.incident((seq, 3), &incident(200, None, 1));
        let member = IncidentAlert { alert: alert_id(Seq(301)), joined_at: at(290), left_at: Some(at(290)) };
        batch.incident_alert((seq, 3), incident(200, None, 1).id, member);
    });
    let order = |kind: OrderKind| Order { id: OrderId::new("o").unwrap(), by: UserName::new("li").unwrap(), kind };
    let alert = alert_id(Seq(300));
    let verify = OrderKind::Verify { alert, verdict: Verdict::Real, note: "见明火".into() };
    let end = OrderKind::EndTest { test: TestId(4), note: "done".into() };
    for (second, kind) in [(2_000, OrderKind::Acknowledge { alert }), (2_001, verify), (2_002, end)] {
        entry(batch, &|batch, seq| batch.audit_order(journal, seq, at(second), &order(kind.clone())));
    }
    entry(batch, &|batch, seq| {
        list(batch, seq, at(2_100), (&["d2", "d3"], &["1.1/5-2"]));
        let (by, action, subject, detail) = (None, "set_up".to_owned(), "ab12".to_owned(), "1 sites".to_owned());
        batch.audit(journal, &AuditRow { seq, at: at(2_100), by, action, subject, detail });
    });
}

/// All that is asked.
pub(crate) fn show_records(history: &History) -> String {
    let mut out = String::new();
    let second = |at: Timestamp| (at.0 - START.0) / 1_000_000;
    let maybe = |at: Option<Timestamp>| at.map_or("-".to_owned(), |at| second(at).to_string());
    for month in ["2026-03", "2026-04"] {
        let query = DutyQuery { month: month.to_owned(), site: None };
        for one in history.duty_checks(&query).unwrap() {
            let DutyCheckRow {
                cause,
                device,
                by,
                asked_at,
                answered_at,
                answer_s,
                operator,
                escalated_at,
                outcome,
                ..
            } = one;
            writeln!(
                out,
                "{month} {cause} {device} by {by:?} asked {} answered {} {answer_s:?} {operator:?} escalated {} {}",
                second(asked_at),
                maybe(answered_at),
                maybe(escalated_at),
                outcome.as_str()
            )
            .unwrap();
        }
        for one in history.duty_figures(&query).unwrap() {
            writeln!(out, "{month} {} {:?}", one.device, one.figures).unwrap();
        }
    }
    let query = InspectionsQuery { site: Some(site("tower")), from: at(0), to: at(10_000) };
    for one in history.inspections(&query).unwrap() {
        let InspectionRow { device, kind, asked_at, ended_at, answered, denied, outcome, .. } = one;
        let (asked_at, ended_at) = (second(asked_at), second(ended_at));
        writeln!(out, "{kind} {device} {asked_at}-{ended_at} {answered} {denied} {outcome}").unwrap();
    }
    for IncidentLife { incident, .. } in
        history.incidents(&IncidentsQuery { limit: 10, ..IncidentsQuery::default() }).unwrap()
    {
        let IncidentRow { id, building, class, opened_at, closed_at, reopened, reopened_at, alerts, .. } = incident;
        writeln!(
            out,
            "incident {} {building:?} {} {}-{} reopened {reopened} {} of {alerts}",
            id.cause,
            class.as_str(),
            second(opened_at),
            maybe(closed_at),
            maybe(reopened_at)
        )
        .unwrap();
        for one in history.incident_alerts(id).unwrap() {
            writeln!(out, "  alert {} {}-{}", one.alert.cause, second(one.joined_at), maybe(one.left_at)).unwrap();
        }
    }
    for one in history.audit(&AuditQuery::default()).unwrap() {
        let AuditRow { seq, at, by, action, subject, detail } = one;
        writeln!(out, "audit {seq} {} {by:?} {action} {subject:?} {detail:?}", second(at)).unwrap();
    }
    for one in history.registry(&site("tower")).unwrap() {
        let (label, place) = (one.label.chinese().to_owned(), one.zone_name.map(|name| name.chinese().to_owned()));
        writeln!(out, "device {} {label} {place:?} until {}", one.name, maybe(one.removed_at)).unwrap();
    }
    for one in history.registry_points(&site("tower"), &DeviceName::new("889").unwrap(), None).unwrap() {
        let RegistryPoint { point, label, zone, building, floor, component_type, removed_at } = one;
        let (label, until) = (label.chinese().to_owned(), maybe(removed_at));
        writeln!(out, "point {point} {label} {zone:?} {building:?} {floor} {component_type} until {until}").unwrap();
    }
    out
}

fn deliver(archive: &mut Archive) {
    let mut batch = Batch::default();
    a_life(&mut batch, archive.store.cursors().entries.0);
    archive.store.write(&mut batch).unwrap();
}

pub(crate) fn records_as_they_were(archive: &mut Archive) {
    deliver(archive);
    crate::conformance::golden("records.txt", &show_records(&archive.history));
}

pub(crate) fn records_come_again(archive: &mut Archive) {
    // All of it, twice; then from any entry on, as after a lost answer to a commit.
    deliver(archive);
    let before = show_records(&archive.history);
    for after in [0, 3, 6, 11] {
        let mut batch = Batch::default();
        a_life(&mut batch, after);
        archive.store.write(&mut batch).unwrap();
        assert_eq!(show_records(&archive.history), before, "from entry {after} on");
    }
}

pub(crate) fn records_in_parts(archive: &mut Archive) {
    deliver(archive);
    let newest = archive.history.incidents(&IncidentsQuery { limit: 1, ..IncidentsQuery::default() }).unwrap();
    let before = newest.first().map(|one| (one.incident.opened_at, one.incident.id));
    let rest = archive.history.incidents(&IncidentsQuery { before, limit: 5, ..IncidentsQuery::default() }).unwrap();
    let ids: Vec<AlertId> = newest.iter().chain(&rest).map(|one| one.incident.id).collect();
    assert_eq!(ids, [500, 200].map(|cause| alert_id(Seq(cause))));
    let of = |query: IncidentsQuery| archive.history.incidents(&IncidentsQuery { limit: 5, ..query }).unwrap().len();
    assert_eq!(of(IncidentsQuery { site: Some(site("mall")), ..IncidentsQuery::default() }), 0);
    assert_eq!(of(IncidentsQuery { from: Some(at(300)), ..IncidentsQuery::default() }), 1);
    assert_eq!(of(IncidentsQuery { to: Some(at(500)), ..IncidentsQuery::default() }), 1, "its end does not count");
    assert_eq!(of(IncidentsQuery { from: Some(at(200)), to: Some(at(501)), ..IncidentsQuery::default() }), 2);
    assert_eq!(of(IncidentsQuery { id: Some(alert_id(Seq(200))), ..IncidentsQuery::default() }), 1);
    assert_eq!(of(IncidentsQuery { id: Some(alert_id(Seq(201))), ..IncidentsQuery::default() }), 0);

    let audit = |query: AuditQuery| archive.history.audit(&query).unwrap().len();
    assert_eq!(audit(AuditQuery { by: Some("li".to_owned()), ..AuditQuery::default() }), 3);
    assert_eq!(audit(AuditQuery { action: Some("set_up".to_owned()), ..AuditQuery::default() }), 1);
    assert_eq!(
        audit(AuditQuery { from: Some(at(2_001)), before: Some((at(2_100), Seq(0))), ..AuditQuery::default() }),
        2
    );
    assert_eq!(audit(AuditQuery { from: Some(at(2_000)), to: Some(at(2_002)), ..AuditQuery::default() }), 2);
    let mall = DutyQuery { month: "2026-03".to_owned(), site: Some(site("mall")) };
    assert_eq!(archive.history.duty_checks(&mall).unwrap().len(), 1);
    assert_eq!(archive.history.duty_figures(&mall).unwrap()[0].figures.median_s, Some(10));
    // Asked in the span: its beginning counts, its end does not.
    let asked = |from: i64, to: i64, of: Option<&str>| {
        let query = SpanQuery { site: of.map(site), from: at(from), to: at(to) };
        let found = archive.history.duty_figures_of_span(&query).unwrap();
        found.iter().map(|one| (one.device.site.to_string(), one.figures.asked)).collect::<Vec<_>>()
    };
    assert_eq!(asked(10, 1_100, None), [("tower".to_owned(), 3)]);
    assert_eq!(asked(11, 1_101, None), [("mall".to_owned(), 1), ("tower".to_owned(), 2)]);
    assert_eq!(asked(0, 4_000_000, Some("mall")), [("mall".to_owned(), 1)]);
    assert_eq!(asked(4_000_000, 0, None), []);
}

/// An incident of two alerts, of which people got further with either.
pub(crate) fn incidents_closed_loop(archive: &mut Archive) {
    let mut logs = Logs::default();
    let by = || UserName::new("li").unwrap();
    let raise = |logs: &mut Logs, second: i64| {
        let id = alert_id(logs.push(second, Item::Tick));
        logs.transition(id, second, Class::Fire, Step::Raised);
        id
    };
    let (first, second, other) = (raise(&mut logs, 200), raise(&mut logs, 205), raise(&mut logs, 206));
    let verified = || Step::Verified { by: by(), verdict: Verdict::Real, note: String::new() };
    for (alert, at_s, step) in [
        (second, 210, Step::Acknowledged { by: by() }),
        (first, 220, Step::Acknowledged { by: by() }),
        (other, 201, verified()),
        (first, 230, verified()),
        (first, 240, Step::Forwarded { by: by(), to: "119".into() }),
        (first, 250, Step::Closed { by: by(), note: String::new() }),
    ] {
        logs.push(at_s, Item::Tick);
        logs.transition(alert, at_s, Class::Fire, step);
    }
    logs.deliver(&mut archive.store);
    let mut batch = Batch::default();
    let next = Seq(archive.store.cursors().entries.0 + 1);
    batch.entry(next);
    let row = incident(200, Some(260), 0);
    batch.incident((next, 0), &row);
    for alert in [first, second] {
        batch.incident_alert((next, 0), row.id, IncidentAlert { alert, joined_at: at(205), left_at: None });
    }
    archive.store.write(&mut batch).unwrap();

    let found =
        archive.history.incidents(&IncidentsQuery { id: Some(row.id), limit: 1, ..Default::default() }).unwrap();
    let [life] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(life.incident, row);
    let reached = [life.acknowledged_at, life.verified_at, life.forwarded_at, life.incident.closed_at];
    assert_eq!(reached, [210, 230, 240, 260].map(|second| Some(at(second))));

    let lives = archive.history.incident_lives(row.id).unwrap();
    let ids: Vec<AlertId> = lives.iter().map(|life| life.alert.id).collect();
    assert_eq!(ids, [first, second], "oldest first, and not that of another incident");
    assert_eq!((lives[0].verified_at, lives[0].closed_at), (Some(at(230)), Some(at(250))));
    assert_eq!((lives[1].alert.acknowledged_at, lives[1].closed_at), (Some(at(210)), None));
    assert_eq!(archive.history.incident_lives(first).unwrap(), []);
}

/// After a restore the journal's entries have numbers that those of the lost time had.
pub(crate) fn audit_over_a_restore(archive: &mut Archive) {
    let mut batch = Batch::default();
    let line = |seq: u64, second: i64, action: &str| AuditRow {
        seq: Seq(seq),
        at: at(second),
        by: None,
        action: action.to_owned(),
        subject: String::new(),
        detail: String::new(),
    };
    batch.entry(Seq(1));
    for row in [line(8, 10, "kept"), line(9, 20, "lost"), line(10, 30, "lost")] {
        batch.audit(JOURNAL, &row);
    }
    for row in [line(9, 100, "restored"), line(10, 110, "close")] {
        batch.audit(watchfire_model::JournalId([9; 16]), &row);
    }
    archive.store.write(&mut batch).unwrap();
    let read = |before: Option<(Timestamp, Seq)>| {
        let lines = archive.history.audit(&AuditQuery { before, ..AuditQuery::default() }).unwrap();
        lines.into_iter().map(|line| (line.at, line.seq, line.action)).collect::<Vec<_>>()
    };
    let all = read(None);
    let said: Vec<_> = all.iter().map(|(_, seq, action)| format!("{seq} {action}")).collect();
    assert_eq!(said, ["10 close", "9 restored", "10 lost", "9 lost", "8 kept"], "newest first");
    for place in 0..all.len() {
        let (at, seq, _) = all[place];
        assert_eq!(read(Some((at, seq))), all[place + 1..], "after line {place}");
    }
}

pub(crate) fn records_by_age(archive: &mut Archive) {
    deliver(archive);
    let keep = watchfire_archive::Retention {
        readings_from: START,
        minutes_from: START,
        rollups_from: START,
        alerts_from: at(100_000),
        audit_from: START,
        bytes_wanted: None,
        files: None,
        now: at(200_000),
    };
    let mut batch = Batch::default();
    let next = Seq(archive.store.cursors().entries.0 + 1);
    batch.entry(next);
    batch.incident((next, 9), &incident(200, Some(300), 1));
    archive.store.write(&mut batch).unwrap();
    archive.store.retain(&keep).unwrap();
    let incidents = archive.history.incidents(&IncidentsQuery { limit: 5, ..IncidentsQuery::default() }).unwrap();
    assert_eq!(incidents.len(), 1, "one that is open is kept");
    assert_eq!(archive.history.incident_alerts(incident(200, None, 0).id).unwrap(), []);
    let lines = |archive: &Archive| {
        let march = DutyQuery { month: "2026-03".to_owned(), site: None };
        let duty = archive.history.duty_checks(&march).unwrap().len();
        (archive.history.audit(&AuditQuery::default()).unwrap().len(), duty)
    };
    assert_eq!(lines(archive), (4, 4));
    archive.store.retain(&watchfire_archive::Retention { audit_from: at(2_002), ..keep }).unwrap();
    assert_eq!(lines(archive), (2, 0));
    assert_eq!(archive.history.registry(&site("tower")).unwrap().len(), 4, "the registry stays");
}

#[test]
fn records_go_from_a_file_to_a_server() {
    let Some(cluster) = crate::cluster::Cluster::start() else { return };
    let mut archive = Archive::new(watchfire_archive::StoreOptions::default());
    deliver(&mut archive);
    let server = cluster.database();
    watchfire_archive::migrate(&archive.path, &server, |_| {}).unwrap();
    assert_eq!(show_records(&History::on_server(&server)), show_records(&archive.history));
}
