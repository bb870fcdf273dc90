//! Figures, availability and how things stood: checks that every backend passes (`conformance.rs` runs them).

use crate::conformance::golden;
use crate::source::{Archive, Item, Logs, START, alert_id, by, key, reading, site, temperatures};
use std::fmt::Write as _;
use std::time::Duration;
use watchfire_archive::{LIVES_MAX, ResponseTimes, SpanQuery, availability_ratio};
use watchfire_model::{
    AlertId, Class, Decoded, DeviceName, FalseCause, Metric, Source, Step, Timestamp, Transition, Value, Verdict,
};

fn at(second: i64) -> Timestamp {
    Timestamp(START.0 + second * 1_000_000)
}

fn span(from: i64, to: i64) -> SpanQuery {
    SpanQuery { site: None, from: at(from), to: at(to) }
}

/// Raises an alert of a device of site `care` and takes it through what people did, each so many seconds after.
fn alert(logs: &mut Logs, second: i64, class: Class, device: &str, did: &[(i64, Step)]) -> AlertId {
    let of = |transition: &mut Transition| transition.device = Some(key(device));
    let id = alert_id(logs.push(second, Item::Tick));
    logs.transition_with(id, second, class, Step::Raised, of);
    for (after, step) in did {
        logs.push(second + after, Item::Tick);
        logs.transition_with(id, second + after, class, step.clone(), of);
    }
    id
}

fn acknowledged() -> Step {
    Step::Acknowledged { by: by() }
}

fn verified(verdict: Verdict) -> Step {
    Step::Verified { by: by(), verdict, note: String::new() }
}

fn closed() -> Step {
    Step::Closed { by: by(), note: String::new() }
}

fn reopened(person: bool) -> Step {
    Step::Reopened { by: person.then(by), note: String::new() }
}

pub(crate) fn figures_of_a_span(archive: &mut Archive) {
    let mut logs = Logs::default();
    let cooking = || verified(Verdict::False(FalseCause::Cooking));
    alert(&mut logs, 0, Class::Fire, "smoke-1", &[(10, acknowledged()), (20, cooking()), (30, closed())]);
    // Acknowledged twice, verified twice: the first times count, and the last finding.
    let again = [
        (5, acknowledged()),
        (15, verified(Verdict::Real)),
        (20, reopened(true)),
        (25, acknowledged()),
        (45, cooking()),
        (90, Step::Cleared),
        (91, closed()),
    ];
    alert(&mut logs, 100, Class::Fire, "smoke-1", &again);
    let fire = [
        (2, acknowledged()),
        (30, verified(Verdict::Real)),
        (33, Step::Forwarded { by: by(), to: "119".into() }),
        (3_600, Step::Cleared),
        (3_700, closed()),
    ];
    alert(&mut logs, 200, Class::Fire, "smoke-2", &fire);
    alert(&mut logs, 300, Class::Fire, "smoke-3", &[(400, verified(Verdict::Unreachable))]);
    alert(&mut logs, 400, Class::Gas, "gas-1", &[(8, verified(Verdict::False(FalseCause::Steam))), (9, closed())]);
    alert(&mut logs, 500, Class::Fault, "gas-1", &[]);
    alert(&mut logs, 510, Class::Fire, "smoke-2", &[(60, verified(Verdict::Test))]);
    let test = alert_id(logs.push(600, Item::Tick));
    logs.transition_with(test, 600, Class::Fire, Step::Raised, |transition| transition.marks.test = true);
    // On the edge of the span, and beyond it.
    alert(&mut logs, 1_000, Class::Co, "co-1", &[]);
    logs.deliver(&mut archive.store);
    let mut out = String::new();
    for (name, query) in [
        ("all", span(0, 1_001)),
        ("up to the last", span(0, 1_000)),
        ("one", span(400, 401)),
        ("elsewhere", SpanQuery { site: Some(site("home")), ..span(0, 1_001) }),
        ("here", SpanQuery { site: Some(site("care")), ..span(999, 1_001) }),
        ("turned round", span(1_000, 0)),
    ] {
        writeln!(out, "{name}").unwrap();
        out.push_str(&show_figures(archive, &query));
    }
    golden("figures.txt", &out);
}

fn show_figures(archive: &Archive, query: &SpanQuery) -> String {
    let figures = archive.history.figures(query).unwrap();
    let times = |times: ResponseTimes| {
        let [median, p90, max] = [times.median, times.p90, times.max].map(|time| time.as_secs());
        format!("{} of {median}/{p90}/{max} s", times.count)
    };
    let mut out = String::new();
    for one in figures.classes {
        let found = [one.real, one.false_alarms, one.drills, one.unreachable, one.unjudged];
        assert_eq!(found.iter().sum::<u64>(), one.raised);
        writeln!(out, "  {} {} real/false/drill/unreachable/unjudged {found:?}", one.class.as_str(), one.raised)
            .unwrap();
        writeln!(out, "    false {:?}, unclosed {}", one.false_ratio(), one.unclosed).unwrap();
        let [ack, verify, forward, close] = [one.acknowledged, one.verified, one.forwarded, one.closed].map(times);
        writeln!(out, "    acknowledged {ack}, verified {verify}, forwarded {forward}, closed {close}").unwrap();
    }
    writeln!(out, "  causes {:?}, of tests {}", figures.causes, figures.tests).unwrap();
    for one in figures.offenders {
        writeln!(out, "  {}: {} raised, {} false", one.device, one.raised, one.false_alarms).unwrap();
    }
    out
}

/// A frame of a device of a site at that second.
fn heard(logs: &mut Logs, second: i64, of: &str, device: &str) {
    let mut decoded = Decoded::new(Source::Watchfire);
    decoded.device = Some(DeviceName::new(device).unwrap());
    decoded.readings.push(reading(Metric::Temperature, Value::Number(20.0), at(second)));
    logs.push(second, Item::Frame(site(of), decoded));
}

pub(crate) fn availability_of_devices_and_sites(archive: &mut Archive) {
    let mut logs = Logs::default();
    for (second, of, device) in
        [(0, "care", "a"), (0, "care", "b"), (0, "care", "gone"), (0, "home", "x"), (500, "care", "late")]
    {
        heard(&mut logs, second, of, device);
    }
    // `a`: offline over the beginning of the span; back; offline twice by one alert whose cause came back.
    alert(&mut logs, 50, Class::Offline, "a", &[(100, Step::Cleared), (101, closed())]);
    alert(&mut logs, 300, Class::Offline, "a", &[(50, Step::Cleared), (100, reopened(false)), (130, Step::Cleared)]);
    // Closed by a person is not back.
    alert(&mut logs, 800, Class::Offline, "b", &[(10, closed())]);
    // The whole site, which overlaps with what was said of `b`.
    let all = alert_id(logs.push(850, Item::Tick));
    logs.transition_with(all, 850, Class::Offline, Step::Raised, |transition| transition.device = None);
    logs.push(870, Item::Tick);
    logs.transition_with(all, 870, Class::Offline, Step::Cleared, |transition| transition.device = None);
    for device in ["a", "b", "late"] {
        heard(&mut logs, 1_050, "care", device);
    }
    heard(&mut logs, 1_060, "home", "x");
    logs.deliver(&mut archive.store);
    archive.store.sync().unwrap();
    let mut out = String::new();
    for (name, query) in [
        ("all", span(100, 1_100)),
        ("later", span(2_000, 3_000)),
        ("home", SpanQuery { site: Some(site("home")), ..span(100, 1_100) }),
        ("before anything", span(-100, 0)),
    ] {
        let found = archive.history.availability(&query).unwrap();
        writeln!(out, "{name}").unwrap();
        for one in found.sites {
            let (watched, offline) = (one.watched.as_secs(), one.offline.as_secs());
            write!(out, "  site {} of {} devices, {} unheard: ", one.site, one.devices, one.unheard).unwrap();
            let ratio = availability_ratio(one.watched, one.offline).map(|ratio| format!("{ratio:.4}"));
            writeln!(out, "{offline} of {watched} s offline, {} times, {ratio:?}", one.outages).unwrap();
        }
        for one in found.devices {
            let (watched, offline) = (one.watched.as_secs(), one.offline.as_secs());
            write!(out, "    {}: {offline} of {watched} s offline, ", one.device).unwrap();
            writeln!(out, "{} times, heard {}", one.outages, one.heard).unwrap();
        }
    }
    golden("availability.txt", &out);
}

pub(crate) fn how_things_stood(archive: &mut Archive) {
    const DAY: i64 = 86_400;
    let mut logs = Logs::default();
    logs.push(0, temperatures("t-1", None, &[(-40 * DAY, 15.0), (0, 20.0), (60, 21.0), (120, 22.0)]));
    let mut smoke = Decoded::new(Source::Watchfire);
    smoke.device = Some(DeviceName::new("t-1").unwrap());
    smoke.readings.push(reading(Metric::SmokeAlarm, Value::Bool(true), at(-3 * DAY)));
    logs.push(130, Item::Frame(site("care"), smoke));
    alert(&mut logs, 100, Class::Fault, "t-1", &[(50, acknowledged()), (100, Step::Cleared), (110, closed())]);
    alert(&mut logs, 160, Class::Fire, "t-1", &[(100, closed()), (200, Step::Cleared), (300, reopened(false))]);
    logs.deliver(&mut archive.store);
    archive.store.fold().unwrap();
    let mut out = String::new();
    for second in [-1, 0, 61, 99, 100, 155, 165, 205, 210, 265, 360, 460, 200 * DAY] {
        write!(out, "{second}:").unwrap();
        for alert in archive.history.alerts_at(Some(&site("care")), at(second)).unwrap() {
            write!(out, " {} {:?} {:?}", alert.class.as_str(), alert.condition, alert.handling).unwrap();
        }
        for series in archive.history.values_at(&key("t-1"), at(second)).unwrap() {
            assert_eq!(series.points.len(), 1);
            write!(out, "; {} {:?}", series.metric, series.points[0].value).unwrap();
        }
        out.push('\n');
        assert_eq!(archive.history.alerts_at(Some(&site("home")), at(second)).unwrap(), []);
    }
    golden("stood.txt", &out);
}

pub(crate) fn lives_in_pages(archive: &mut Archive) {
    let mut logs = Logs::default();
    let count = LIVES_MAX + 7;
    for n in 0..count {
        // Many at the same time: pages must not lose any at their edges.
        alert(&mut logs, i64::try_from(n / 100).unwrap(), Class::Fault, "t-1", &[]);
    }
    logs.deliver(&mut archive.store);
    let first = archive.history.lives(&span(0, 1_000), None).unwrap();
    let rest = archive.history.lives(&span(0, 1_000), first.next).unwrap();
    assert_eq!((first.lives.len(), rest.lives.len(), rest.next), (LIVES_MAX, 7, None));
    let mut ids: Vec<String> = first.lives.iter().chain(&rest.lives).map(|life| life.alert.id.to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "each once");
    let figures = archive.history.figures(&span(0, 1_000)).unwrap();
    assert_eq!((figures.classes[0].raised, figures.offenders[0].raised), (count as u64, count as u64));
    assert_eq!(archive.history.figures(&span(0, 1)).unwrap().classes[0].raised, 100);
    assert_eq!(figures.classes[0].closed.max, Duration::ZERO);
}
