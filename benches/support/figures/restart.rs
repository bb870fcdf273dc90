//! From the start of the process to readiness, with a million entries of 10,000 devices behind the last snapshot.

use crate::support::Fault;
use crate::support::options::Options;
use crate::support::place::Place;
use crate::support::samples::{median, spread};
use crate::support::site_plan::SitePlan;
use crate::support::station::Home;
use crate::support::table::Row;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use watchfire_journal::{Limits, Reader, RealDisk, Writer};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{EncodedInput, Frame, Input, Link, Seq, Timestamp};

const BAR_S: f64 = 3.0;
const ENTRIES: u64 = 1_000_000;
const DEVICES: u64 = 10_000;
const PAYLOAD_BYTES: usize = 120;
/// Time between two entries: 100,000 a second.
const STEP: Duration = Duration::from_micros(10);

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let rounds = options.either(5, 2);
    let home = Home::new(&options.dir, &[SitePlan::new("load", "load-", u32::try_from(DEVICES)?)])?;
    let kept = Place::new(&options.dir)?;
    // A first start journals the set-up; its orderly end saves a snapshot.
    let station = home.start()?;
    let empty = station.ready_after;
    station.stop()?;
    let first = write_entries(&home.data().join("journal"))?;
    copy(&home.data(), &kept.file("data"))?;

    let (mut ours, mut decoding) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        std::fs::remove_dir_all(home.data())?;
        copy(&kept.file("data"), &home.data())?;
        decoding.push(decode_all(&kept.file("data").join("journal"), first)?.as_secs_f64());
        let mut station = home.start()?;
        ours.push(station.ready_after.as_secs_f64());
        station.process.kill()?;
    }
    let (ready, reference) = (median(&ours), median(&decoding));
    Ok(vec![Row {
        figure: "restart to ready with 1,000,000 entries (120-byte JSON, 10,000 devices) after the last snapshot"
            .into(),
        bar: format!("≤ {BAR_S} s"),
        measured: format!("{ready:.2} s"),
        ratio: format!("{:.2} × the bar", ready / BAR_S),
        met: Some(ready <= BAR_S),
        notes: vec![
            format!(
                "median of {rounds} ({} s), page cache warm; with nothing to apply {:.2} s",
                spread(&ours, 2),
                empty.as_secs_f64()
            ),
            format!(
                "reading and decoding the same entries once, on one core, without rules: {reference:.2} s ({:.2} ×)",
                ready / reference
            ),
        ],
    }])
}

/// Appends the entries as the station would have; the number of the first.
fn write_entries(journal: &Path) -> Result<u64, Fault> {
    let (mut writer, recovered) = Writer::open(&RealDisk, journal, Limits::default())?;
    let first = recovered.last + 1;
    let mut reader = Reader::open(&RealDisk, journal, recovered.last)?;
    let last = reader.next(recovered.last)?.ok_or("the station journaled nothing")?;
    let begin = decode_entry(Seq(last.seq), last.bytes)?.at;
    for number in 0..ENTRIES {
        let at = begin.plus(STEP.saturating_mul(u32::try_from(number)?));
        let (device, payload) = reading(number);
        let frame = Frame {
            site: "load",
            identity: "gw0",
            device: "",
            link: Link::Mqtt { qos: 1, retain: false },
            topic: &format!("wf/v1/load/{device}/readings"),
            payload: payload.as_bytes(),
        };
        writer.append(EncodedInput::new(&Input::Frame(frame)).stamp(at))?;
        if number % 10_000 == 9_999 {
            writer.sync()?;
        }
    }
    writer.sync()?;
    wait_until(begin.plus(STEP.saturating_mul(u32::try_from(ENTRIES)?)));
    Ok(first)
}

/// The stamps must not lie in the future of the next start.
fn wait_until(at: Timestamp) {
    let now = || Timestamp(jiff::Timestamp::now().as_microsecond());
    std::thread::sleep(at.since(now()));
}

fn reading(number: u64) -> (String, String) {
    let device = format!("load-{}", number % DEVICES);
    let tenths = 200 + (number / DEVICES * 7 + number) % 5;
    let mut payload = format!(
        r#"{{"id":"{device}-{}","readings":[{{"point":"air","metric":"temperature","value":{}.{},"unit":"Cel"}}]"#,
        number / DEVICES,
        tenths / 10,
        tenths % 10
    );
    while payload.len() + 1 < PAYLOAD_BYTES {
        payload.push(' ');
    }
    payload.push('}');
    (device, payload)
}

/// The least that a restart has to do: read every entry, and decode its frame.
fn decode_all(journal: &Path, first: u64) -> Result<Duration, Fault> {
    let begun = Instant::now();
    let mut reader = Reader::open(&RealDisk, journal, first)?;
    let (profiles, mut sessions) = (watchfire_wire::Profiles::default(), watchfire_wire::Sessions::default());
    let mut readings = 0;
    while let Some(record) = reader.next(first + ENTRIES - 1)? {
        let entry = decode_entry(Seq(record.seq), record.bytes)?;
        if let Input::Frame(frame) = &entry.input {
            readings += watchfire_wire::decode(frame, entry.at, &profiles, &mut sessions).readings.len();
        }
    }
    if u64::try_from(readings)? != ENTRIES {
        return Err(format!("{readings} readings in {ENTRIES} entries").into());
    }
    Ok(begun.elapsed())
}

fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    if copied.success() { Ok(()) } else { Err(format!("cp -a {} failed", from.display()).into()) }
}
