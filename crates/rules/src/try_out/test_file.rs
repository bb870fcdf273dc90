//! Test files of rules: what comes in, and behind `>` what must come out. They lie beside the rules, as
//! `tests/NAME.txt`, and are run against all rules of the folder together, as they will be in force together.
//!
//! ```text
//! # words for the reader
//! site ID home|care_home|building|other
//! device SITE SOURCE/NAME [zone=Z] [silent=SECONDS] [tags=a,b]
//! TIME frame SITE SOURCE/NAME [POINT:METRIC=VALUE…] [at=TIME] [presence=online|offline]
//! TIME ramp SITE SOURCE/NAME for=S every=S [POINT:METRIC=FROM..TO~NOISE…]   frames on a straight line, with noise
//! TIME until                                                  nothing comes until then; what is due fires
//! TIME order ID USER ack|verify|forward|close|reopen #ALERT [WORDS…]
//! TIME started                                                the station was restarted
//! > TIME raised #1 early_warning/major SITE/ZONE SOURCE/NAME POINT RULE@VERSION
//! >     the reason in English
//! >     理由（中文）
//! ```
//! `TIME` is `[Nd]HH:MM:SS`, or RFC 3339, and never goes back. Values are in the metric's own unit. `VERDICT`, the first
//! of the words of `verify`, is `real`, `false`, `test` or `unreachable`. Alerts are numbered in the order in which they
//! are raised. What comes out stands behind the line that caused it, complete; a transition whose two lines of reasons
//! are left out is not asked for its reasons. Sites and devices stand before the first time.

use crate::metric_limits::nearest_metric;
use crate::rule::RuleSet;
use crate::try_out::test_run::Run;
use crate::try_out::told::{Told, time};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use watchfire_model::{
    Bilingual, Decoded, Device, DeviceName, FalseCause, Metric, OrderKind, PointName, Presence, Reading, Site, SiteId,
    SiteKind, Sites, Source, Timestamp, Value, Verdict,
};

/// The most frames of one ramp: a slip in `every=` must not run for ever.
const RAMP_FRAMES_MAX: i64 = 1_000_000;

/// How a test file came out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Where something else came out than was asked for.
    pub mismatches: Vec<Mismatch>,
    /// The names of the rules that told something which the file asks for.
    pub rules: BTreeSet<String>,
    /// The file with what came out in the place of what was asked for.
    pub came_out: String,
}

/// A line behind which something else came out than was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Its number, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
    /// What came out, against what was asked for, in order.
    pub difference: Vec<(Side, Told)>,
}

/// Where a transition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In the file and in what came out.
    Both,
    /// Asked for, and did not come.
    Wanted,
    /// Came, and was not asked for.
    CameOut,
}

/// A line that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct NotUnderstood {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong and what to write.
    pub message: String,
}

/// Runs a test file's text against rules.
///
/// # Errors
/// At the first line that is not understood.
pub fn run(rules: &RuleSet, text: &str) -> Result<Outcome, NotUnderstood> {
    let mut outcome = Outcome::default();
    let mut run = Run::new(rules.clone());
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((line, said)) = lines.next() {
        outcome.came_out.push_str(said);
        outcome.came_out.push('\n');
        let came = understood(said, &mut run).map_err(|message| NotUnderstood { line, message })?;
        let mut wanted: Vec<Told> = Vec::new();
        while let Some((line, asked)) = lines.next_if(|(_, said)| said.starts_with('>')) {
            let asked = asked.get(1..).unwrap_or_default();
            match (asked.strip_prefix("  "), wanted.last_mut()) {
                (Some(reason), Some(told)) => told.reasons.push(reason.trim().to_owned()),
                (Some(_), None) => return Err(NotUnderstood { line, message: "a reason of no transition".into() }),
                (None, _) => wanted.push(Told { head: asked.trim().to_owned(), reasons: Vec::new() }),
            }
        }
        for told in came.iter().flat_map(Told::lines) {
            outcome.came_out.push_str(&format!("> {told}\n"));
        }
        outcome.rules.extend(wanted.iter().filter_map(|told| rule_of(&told.head)));
        let as_wanted = came.len() == wanted.len() && came.iter().zip(&wanted).all(|(came, told)| came.is_as(told));
        if !as_wanted {
            let text = said.to_owned();
            outcome.mismatches.push(Mismatch { line, text, difference: difference(wanted, came) });
        }
    }
    Ok(outcome)
}

fn rule_of(head: &str) -> Option<String> {
    let named = head.split_whitespace().rev().find_map(|word| word.split_once('@'));
    named.map(|(name, _)| name.to_owned())
}

/// What is the same at both ends stands once; between them everything that was wanted, then everything that came.
fn difference(wanted: Vec<Told>, came: Vec<Told>) -> Vec<(Side, Told)> {
    let same = |(came, wanted): &(&Told, &Told)| came.is_as(wanted);
    let before = came.iter().zip(&wanted).take_while(same).count();
    let rest = came.len().min(wanted.len()) - before;
    let after = came.iter().rev().zip(wanted.iter().rev()).take(rest).take_while(same).count();
    let (to_wanted, to_came) = (wanted.len() - after, came.len() - after);
    let wanted = wanted.into_iter().take(to_wanted).skip(before).map(|told| (Side::Wanted, told));
    let (mut shown, mut tail) = (Vec::new(), Vec::new());
    let mut middle = Vec::new();
    for (place, told) in came.into_iter().enumerate() {
        if place < before {
            shown.push((Side::Both, told));
        } else if place < to_came {
            middle.push((Side::CameOut, told));
        } else {
            tail.push((Side::Both, told));
        }
    }
    shown.extend(wanted);
    shown.append(&mut middle);
    shown.append(&mut tail);
    shown
}

/// Does what a line says; what comes out of it.
fn understood(said: &str, run: &mut Run) -> Result<Vec<Told>, String> {
    let words: Vec<&str> = said.split_whitespace().collect();
    match words.as_slice() {
        [] => Ok(Vec::new()),
        [word, ..] if word.starts_with('#') => Ok(Vec::new()),
        [">", ..] => Err("nothing came before it: `>` stands behind the line that causes it".into()),
        ["site", id, kind] => put_site(run.sites()?, id, kind).map(|()| Vec::new()),
        ["device", site, device, details @ ..] => put_device(run.sites()?, site, device, details).map(|()| Vec::new()),
        [at, command, rest @ ..] => {
            let at = time(at).ok_or_else(|| {
                format!("`{at}` is neither a time ([Nd]HH:MM:SS or RFC 3339) nor `site`, `device` or `#`")
            })?;
            run.is_not_before(at)?;
            timed(run, at, command, rest)
        }
        [word] => Err(format!("`{word}` says nothing; write `TIME frame …`, for instance")),
    }
}

fn timed(run: &mut Run, at: Timestamp, command: &str, rest: &[&str]) -> Result<Vec<Told>, String> {
    match (command, rest) {
        ("frame", [site, device, rest @ ..]) => {
            let (site, decoded) = frame(at, site, device, rest)?;
            Ok(run.frame(at, &site, &decoded))
        }
        ("ramp", [site, device, rest @ ..]) => ramp(run, at, (site, device), rest),
        ("until", []) => Ok(run.until(at)),
        ("order", [id, by, word, alert, words @ ..]) => {
            let number = alert.strip_prefix('#').and_then(|number| number.parse().ok());
            let number = number.ok_or_else(|| format!("`{alert}` is no alert; write #1 for the first"))?;
            let alert = run.alert(number)?;
            let kind = order_kind(word, alert, words)?;
            Ok(run.order(at, (parsed(id)?, parsed(by)?, kind)))
        }
        ("started", []) => Ok(run.started(at)),
        _ => Err(format!(
            "`{command}` is not understood so; use frame, ramp, until, order or started, with all its words"
        )),
    }
}

fn put_site(sites: &mut Sites, id: &str, kind: &str) -> Result<(), String> {
    let kind = match kind {
        "home" => SiteKind::Home,
        "care_home" => SiteKind::CareHome,
        "building" => SiteKind::Building,
        "other" => SiteKind::Other,
        _ => return Err(format!("`{kind}` is not a kind of site; use home, care_home, building or other")),
    };
    let site = Site {
        name: Bilingual::same(id),
        kind,
        address: Bilingual::default(),
        time_zone: "Asia/Shanghai".into(),
        zones: BTreeMap::new(),
        devices: Vec::new(),
        identities: BTreeMap::new(),
        ladder: Vec::new(),
        transmission_devices: Vec::new(),
        premises: Default::default(),
    };
    sites.sites.insert(parsed(id)?, site);
    Ok(())
}

fn put_device(sites: &mut Sites, site: &str, device: &str, details: &[&str]) -> Result<(), String> {
    let (source, name) = device_of(device)?;
    let mut listed = Device {
        source,
        label: Bilingual::same(name.as_str()),
        name,
        zone: None,
        silent_after_s: None,
        tags: BTreeSet::new(),
    };
    for detail in details {
        match detail.split_once('=') {
            Some(("zone", zone)) => listed.zone = Some(parsed(zone)?),
            Some(("silent", seconds)) => listed.silent_after_s = Some(parsed(seconds)?),
            Some(("tags", tags)) => listed.tags = tags.split(',').map(str::to_owned).collect(),
            _ => return Err(format!("`{detail}` is not understood; use zone=, silent= or tags=")),
        }
    }
    let known = sites.sites.get_mut(&parsed::<SiteId>(site)?);
    known
        .ok_or_else(|| format!("there is no site `{site}`; write a line `site {site} home` before"))?
        .devices
        .push(listed);
    Ok(())
}

fn frame(at: Timestamp, site: &str, device: &str, rest: &[&str]) -> Result<(SiteId, Decoded), String> {
    let (source, name) = device_of(device)?;
    let mut decoded = Decoded::new(source);
    decoded.device = Some(name);
    let mut event_at = at;
    for word in rest {
        match word.split_once('=') {
            Some(("at", text)) => event_at = time(text).ok_or_else(|| format!("`{text}` is no time"))?,
            Some(("presence", "online")) => decoded.presence = Some(Presence::Online),
            Some(("presence", "offline")) => decoded.presence = Some(Presence::Offline),
            Some((what, value)) => {
                let (point, metric) = point_of(what)?;
                let value = match value {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    number => Value::Number(parsed(number)?),
                };
                decoded.readings.push(reading(point, metric, value, at)?);
            }
            None => return Err(format!("`{word}` is not understood; use POINT:METRIC=VALUE, at= or presence=")),
        }
    }
    for reading in &mut decoded.readings {
        reading.at = event_at;
    }
    Ok((parsed(site)?, decoded))
}

fn reading(point: PointName, metric: Metric, value: Value, at: Timestamp) -> Result<Reading, String> {
    match (metric.is_boolean(), value) {
        (Some(true), Value::Number(_)) => Err(format!("`{metric}` is true or false")),
        (Some(false), Value::Bool(_)) => Err(format!("`{metric}` is a number")),
        _ => Ok(Reading { point, metric, value, vendor_unit: None, at }),
    }
}

/// Frames whose values go from one to another on a straight line, with noise that is the same on every run.
#[expect(clippy::cast_precision_loss, reason = "seconds of some days")]
fn ramp(run: &mut Run, at: Timestamp, (site, device): (&str, &str), rest: &[&str]) -> Result<Vec<Told>, String> {
    let seconds = |key: &str| -> Result<i64, String> {
        let said = rest.iter().find_map(|word| word.strip_prefix(key)).and_then(|text| text.parse().ok());
        said.filter(|seconds| *seconds > 0).ok_or_else(|| format!("{key} is missing, or not a number of seconds"))
    };
    let (length, every) = (seconds("for=")?, seconds("every=")?);
    if length / every > RAMP_FRAMES_MAX {
        return Err(format!("these are more than {RAMP_FRAMES_MAX} frames; use a larger every="));
    }
    let mut lines = Vec::new();
    for word in rest.iter().filter(|word| !word.starts_with("for=") && !word.starts_with("every=")) {
        lines.push(straight(word)?);
    }
    let (site, (source, name)) = (parsed::<SiteId>(site)?, device_of(device)?);
    let mut told = Vec::new();
    for step in (0..=length).step_by(usize::try_from(every).map_err(|error| error.to_string())?) {
        let now = Timestamp(at.0 + step * 1_000_000);
        told.append(&mut run.due_before(now));
        let mut decoded = Decoded::new(source);
        decoded.device = Some(name.clone());
        for (number, (point, metric, [from, to, noise])) in (1i64..).zip(&lines) {
            let random = (now.0 / 1_000_000 * 7_919 + number * 104_729).rem_euclid(1_009) as f64 / 1_009.0 - 0.5;
            let value = from + (to - from) * step as f64 / length as f64 + 2.0 * noise * random;
            // As a device would say it: with three places.
            let value = Value::Number((value.max(0.0) * 1_000.0).round() / 1_000.0);
            decoded.readings.push(reading(point.clone(), metric.clone(), value, now)?);
        }
        told.append(&mut run.frame(now, &site, &decoded));
    }
    Ok(told)
}

/// `POINT:METRIC=FROM..TO~NOISE`.
fn straight(word: &str) -> Result<(PointName, Metric, [f64; 3]), String> {
    let form = || format!("`{word}` is not understood; use POINT:METRIC=FROM..TO~NOISE, for= and every=");
    let (what, line) = word.split_once('=').ok_or_else(form)?;
    let (from, to) = line.split_once("..").ok_or_else(form)?;
    let (to, noise) = to.split_once('~').unwrap_or((to, "0"));
    let (point, metric) = point_of(what)?;
    Ok((point, metric, [parsed(from)?, parsed(to)?, parsed(noise)?]))
}

fn order_kind(word: &str, alert: watchfire_model::AlertId, words: &[&str]) -> Result<OrderKind, String> {
    let said = || words.join(" ");
    Ok(match (word, words) {
        ("ack", []) => OrderKind::Acknowledge { alert },
        ("verify", [verdict, note @ ..]) => {
            let verdict = match *verdict {
                "real" => Verdict::Real,
                "false" => Verdict::False(FalseCause::Unknown),
                "test" => Verdict::Test,
                "unreachable" => Verdict::Unreachable,
                _ => return Err(format!("`{verdict}` is no finding; use real, false, test or unreachable")),
            };
            OrderKind::Verify { alert, verdict, note: note.join(" ") }
        }
        ("forward", [_, ..]) => OrderKind::Forward { alert, to: said() },
        ("close", _) => OrderKind::Close { alert, note: said() },
        ("reopen", _) => OrderKind::Reopen { alert, note: said() },
        _ => {
            return Err(format!("`{word}` is not understood so; use ack, verify VERDICT, forward TO, close or reopen"));
        }
    })
}

fn point_of(text: &str) -> Result<(PointName, Metric), String> {
    let (point, metric) = text.split_once(':').ok_or_else(|| format!("`{text}` has no metric; write POINT:METRIC"))?;
    let known = Metric::from_name(metric).ok_or_else(|| match nearest_metric(metric) {
        Some(near) => format!("`{metric}` is not a metric; did you mean `{near}`?"),
        None => format!("`{metric}` is not a metric; a maker's own is written `vendor.{metric}`"),
    });
    Ok((parsed(point)?, known?))
}

fn device_of(text: &str) -> Result<(Source, DeviceName), String> {
    let (source, name) = text.split_once('/').ok_or_else(|| format!("`{text}` is no device; write SOURCE/NAME"))?;
    Ok((parsed(source)?, parsed(name)?))
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| format!("`{text}`: {error}"))
}
