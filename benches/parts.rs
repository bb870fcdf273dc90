//! What the parts can do one by one, each against what the machine can do at best with as many bytes or items, in the
//! same run, the two sides alternating: `cargo bench --bench parts`. Bars hang on fire panels' frames, the rules and replay; the others say
//! where to look.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bench measures real time, prints what it found, and its figures have three digits"
)]

mod support {
    pub(crate) mod fleet;
    pub(crate) mod frames;
    pub(crate) mod machine;
    pub(crate) mod options;
    pub(crate) mod pace;
    pub(crate) mod samples;
    pub(crate) mod table;

    /// Why a figure could not be measured.
    pub(crate) type Fault = Box<dyn std::error::Error>;
}

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use support::fleet::{Fleet, engine_after_hours, resident_bytes};
use support::frames::Readings;
use support::options::Options;
use support::pace::{Pace, row};
use support::samples::thousands;
use support::table::Row;
use support::{Fault, machine, table};
use watchfire_archive::{Batch, Store};
use watchfire_journal::{Limits, Reader, RealDisk, Writer};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Decoded, EncodedInput, Frame, Input, JournalId, Link, Metric, Seq, SiteId, Sites, Timestamp};
use watchfire_rules::RuleSet;
use watchfire_rules::replay::Session;
use watchfire_wire::gbt26875::{self, Address, Component, Digits, Kind, Object, Opening, System, TimeLabel, Unit};
use watchfire_wire::{Profiles, Sessions, decode};

const SITE: &str = "load";
/// Entries of one fdatasync, as under full load.
const BATCH: usize = 1_000;
/// Different messages that are gone through in turn.
const MESSAGES: u32 = 20_000;

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

type Part = (&'static str, fn(&Options, &Path) -> Result<Row, Fault>);

const PARTS: &[Part] = &[
    // First: memory that others gave back would hide what it takes.
    ("rules-state", rules_state),
    ("encode", encode),
    ("journal-append", journal_append),
    ("journal-sync", journal_sync),
    ("journal-read", journal_read),
    ("decode", decode_messages),
    ("panel-frames", panel_frames),
    ("rules-pace", rules_pace),
    ("rules-scale", rules_scale),
    ("replay", replay_lines),
    ("archive", archive),
];

fn bench() -> Result<(), Fault> {
    let options = Options::read(std::env::args().skip(1))?;
    std::fs::create_dir_all(&options.dir)?;
    let mut rows = Vec::new();
    for (name, measure) in PARTS.iter().filter(|(name, _)| options.wants(name)) {
        eprintln!("{name} …");
        let place = tempfile::tempdir_in(&options.dir)?;
        rows.push(measure(&options, place.path()).unwrap_or_else(|why| Row::failed(name, &why.to_string())));
    }
    println!("{}\n\n{}", machine::describe(&options.dir), table::markdown(&rows));
    Ok(())
}

fn records() -> Vec<Vec<u8>> {
    let readings = Readings::new(MESSAGES, MESSAGES);
    readings
        .iter()
        .map(|frame| EncodedInput::new(&Input::Frame(frame)).stamp(Timestamp::from_seconds(1)).to_vec())
        .collect()
}

/// Does it to every frame; how many there were.
fn each<T>(readings: &Readings, mut work: impl FnMut(Frame<'_>) -> T) -> usize {
    let mut count = 0;
    for frame in readings.iter() {
        drop(black_box(work(frame)));
        count += 1;
    }
    count
}

fn encode(options: &Options, _: &Path) -> Result<Row, Fault> {
    let readings = Readings::new(MESSAGES, MESSAGES);
    let pace = Pace::alternate(
        options,
        || Ok(each(&readings, |frame| EncodedInput::new(&Input::Frame(frame)))),
        || Ok(each(&readings, |frame| [frame.topic.as_bytes(), frame.payload].concat())),
    )?;
    Ok(row("a frame encoded for the journal", "topic and payload copied into a new buffer", &pace))
}

fn journal_append(options: &Options, dir: &Path) -> Result<Row, Fault> {
    let records = records();
    let limits = Limits { pending_bytes_max: 64 * 1024 * 1024, ..Limits::default() };
    let (mut writer, _) = Writer::open(&RealDisk, &dir.join("journal"), limits)?;
    let mut copied: Vec<u8> = Vec::new();
    let pace = Pace::alternate_timed(
        options,
        |clock| {
            let appended = clock.time(|| records.iter().try_for_each(|record| writer.append(record).map(drop)));
            appended?;
            writer.sync()?;
            Ok(records.len())
        },
        |clock| {
            copied.clear();
            clock.time(|| records.iter().for_each(|record| copied.extend_from_slice(record)));
            black_box(&copied);
            Ok(records.len())
        },
    )?;
    Ok(row("journal: a record appended (checksum, copy), not synced", "the record's bytes copied", &pace))
}

fn journal_sync(options: &Options, dir: &Path) -> Result<Row, Fault> {
    let records = records();
    let (mut writer, _) = Writer::open(&RealDisk, &dir.join("journal"), Limits::default())?;
    let mut plain = File::create(dir.join("plain"))?;
    let pace = Pace::alternate(
        options,
        || {
            for batch in records.chunks(BATCH) {
                batch.iter().try_for_each(|record| writer.append(record).map(drop))?;
                writer.sync()?;
            }
            Ok(records.len())
        },
        || {
            for batch in records.chunks(BATCH) {
                plain.write_all(&batch.concat())?;
                plain.sync_data()?;
            }
            Ok(records.len())
        },
    )?;
    Ok(row(
        "journal: a record durable, 1,000 per fdatasync",
        "the same bytes by write and fdatasync on a plain file",
        &pace,
    ))
}

fn journal_read(options: &Options, dir: &Path) -> Result<Row, Fault> {
    let records = records();
    let (mut writer, _) = Writer::open(&RealDisk, &dir.join("journal"), Limits::default())?;
    records.iter().try_for_each(|record| writer.append(record).map(drop))?;
    let last = writer.sync()?;
    std::fs::write(dir.join("plain"), records.concat())?;
    let mut buffer = Vec::new();
    let pace = Pace::alternate(
        options,
        || {
            let mut reader = Reader::open(&RealDisk, &dir.join("journal"), 1)?;
            while let Some(record) = reader.next(last)? {
                black_box(decode_entry(Seq(record.seq), record.bytes)?);
            }
            Ok(records.len())
        },
        || {
            buffer.clear();
            File::open(dir.join("plain"))?.read_to_end(&mut buffer)?;
            black_box(&buffer);
            Ok(records.len())
        },
    )?;
    Ok(row("journal: an entry read, checked and taken apart", "the same bytes read from a plain file", &pace))
}

fn decode_messages(options: &Options, _: &Path) -> Result<Row, Fault> {
    let readings = Readings::new(MESSAGES, MESSAGES);
    let (profiles, mut sessions) = (Profiles::default(), Sessions::default());
    let at = Timestamp::from_seconds(1_772_352_000);
    let pace = Pace::alternate(
        options,
        || Ok(each(&readings, |frame| decode(&frame, at, &profiles, &mut sessions))),
        || Ok(each(&readings, |frame| serde_json::from_slice::<serde_json::Value>(frame.payload))),
    )?;
    Ok(row("wire: a 120-byte message decoded", "its JSON parsed into a serde_json::Value", &pace))
}

/// One core. The mix of a panel's day: mostly heartbeats and states at rest, some values, a fire.
fn panel_frames(options: &Options, _: &Path) -> Result<Row, Fault> {
    const BAR_PER_S: f64 = 1_000_000.0;
    let frames = day_of_a_panel()?;
    let (profiles, mut sessions) = (Profiles::default(), Sessions::default());
    let at = Timestamp::from_seconds(1_772_352_000);
    let mut read = |payload: &[u8]| {
        let (site, identity, device, topic, link) = ("tower", "panels", "", "", Link::Gbt26875Tcp);
        drop(black_box(decode(&Frame { site, identity, device, link, topic, payload }, at, &profiles, &mut sessions)));
    };
    let add = |payload: &Vec<u8>| payload.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    let pace = Pace::alternate(
        options,
        || Ok(frames.iter().inspect(|frame| read(frame)).count()),
        || Ok(frames.iter().inspect(|frame| _ = black_box(add(frame))).count()),
    )?;
    let mut row = row("wire: a frame of GB/T 26875.3 to readings", "its checksum alone", &pace);
    row.bar = "≥ 1,000,000/s".to_owned();
    row.met = Some(pace.ours() >= BAR_PER_S);
    Ok(row)
}

fn day_of_a_panel() -> Result<Vec<Vec<u8>>, Fault> {
    let system = System { kind: 1, address: 1 };
    let at = TimeLabel([2, 58, 9, 26, 9, 24]);
    let text = gbt26875::text::component_field("三楼走廊烟感");
    let component = |position| Component { system, kind: 40, address: [10, 0, position, 0] };
    let state =
        |position, state| Object::ComponentState { component: component(position), state, text: Some(&text), at };
    let mut objects = Vec::new();
    for position in 0..100 {
        objects.push((Kind::UitdState, Object::UitdState { state: 1, at: Some(at) }));
        objects.push((Kind::ComponentState, state(position, 1)));
        objects.push((Kind::SystemState, Object::SystemState { system, state: 1, at }));
        let analogue = Object::Analogue { component: component(position), quantity: 3, raw: 215, at };
        objects.push((Kind::ComponentAnalogue, analogue));
    }
    objects.push((Kind::ComponentState, state(200, 0b10)));
    let address = |address| Address::new(address).ok_or("an address has 48 bits");
    let opening = Opening {
        serial: 7,
        version: gbt26875::OUR_VERSION,
        now: Timestamp::from_seconds(1_772_352_000),
        digits: Digits::Binary,
        from: address(889)?,
        to: address(1)?,
    };
    let frame = |(kind, object)| gbt26875::send(&opening, &Unit::of(kind, vec![object]));
    let frames: Result<Vec<_>, _> = objects.into_iter().map(frame).collect();
    frames.map_err(|fault| format!("a frame cannot be written: {fault:?}").into())
}

/// The bar: so many readings a second on one core, with 50 rules or more.
const RULES_PER_SECOND_MIN: f64 = 2_000_000.0;
/// The bar: a reading costs at most so many times as much where there are a million devices as where there are a thousand.
const COST_RATIO_MAX: f64 = 2.0;
/// The bar, per device and metric.
const STATE_BYTES_MAX: f64 = 300.0;
/// The bar for lines of JSON.
const REPLAY_PER_SECOND_MIN: f64 = 500_000.0;

fn rules_pace(options: &Options, _: &Path) -> Result<Row, Fault> {
    let mut fleet = Fleet::new(SITE, 1_000)?;
    let mut last: std::collections::HashMap<String, f64> = std::collections::HashMap::new();
    let names: Vec<String> = (0..1_000).map(|number| format!("load-{number}")).collect();
    let pace = Pace::alternate_timed(
        options,
        |clock| fleet.turn(clock),
        |clock| {
            clock.time(|| {
                for name in &names {
                    match last.get_mut(name) {
                        Some(value) => *value += 1.0,
                        None => drop(last.insert(name.clone(), 1.0)),
                    }
                }
            });
            Ok(names.len())
        },
    )?;
    let rules = RuleSet::built_in().rules().len();
    let figure = format!("rules: a reading applied, {rules} rules, 1,000 devices, one core");
    let mut row = row(&figure, "one look-up by the device's name in a HashMap", &pace);
    row.bar = format!("≥ {}/s", thousands(RULES_PER_SECOND_MIN));
    row.met = Some(pace.ours() >= RULES_PER_SECOND_MIN);
    Ok(row)
}

fn rules_scale(options: &Options, _: &Path) -> Result<Row, Fault> {
    let (mut many, mut few) = (Fleet::new(SITE, 1_000_000)?, Fleet::new(SITE, 1_000)?);
    let pace = Pace::alternate_timed(options, |clock| many.turn(clock), |clock| few.turn(clock))?;
    let cost = pace.reference() / pace.ours();
    let mut row = row("rules: a reading applied, 1,000,000 devices", "the same with 1,000 devices", &pace);
    row.bar = format!("cost ≤ {COST_RATIO_MAX} ×");
    row.met = Some(cost <= COST_RATIO_MAX);
    row.notes.push(format!("{cost:.2} × the cost; the devices report in no order"));
    Ok(row)
}

fn rules_state(options: &Options, _: &Path) -> Result<Row, Fault> {
    let devices = options.either(100_000, 20_000);
    let metrics = [
        (Metric::Temperature, 21.0),
        (Metric::SmokeObscuration, 0.02),
        (Metric::Humidity, 45.0),
        (Metric::Battery, 90.0),
    ];
    let before = resident_bytes()?;
    let engine = engine_after_hours(devices, &metrics)?;
    let bytes = (resident_bytes()? - before) / f64::from(devices) / metrics.len() as f64;
    drop(black_box(engine));
    Ok(Row {
        figure: "rules: memory per device and metric".to_owned(),
        bar: format!("≤ {STATE_BYTES_MAX} B"),
        measured: format!("{bytes:.0} B"),
        ratio: "–".to_owned(),
        met: Some(bytes <= STATE_BYTES_MAX),
        notes: vec![format!(
            "resident memory over {devices} detectors with temperature, smoke, humidity and battery, once a minute for 90 min, \
             everything included"
        )],
    })
}

fn replay_lines(options: &Options, _: &Path) -> Result<Row, Fault> {
    let lines: Vec<String> = (0..MESSAGES)
        .map(|number| {
            let (device, second) = (number % 1_000, number / 1_000);
            format!(
                r#"{{"at":"2026-03-01T00:00:{second:02}Z","site":"s","zone":"z{}","device":"d{device}","metric":"temperature","value":{}.{},"unit":"Cel"}}"#,
                device / 4,
                20 + number % 3 / 2,
                number % 7
            )
        })
        .collect();
    let pace = Pace::alternate(
        options,
        || {
            let mut session = Session::new(RuleSet::built_in(), Sites::default());
            let mut out = String::new();
            lines.iter().try_for_each(|line| session.line(line, &mut out))?;
            Ok(lines.len())
        },
        || {
            lines.iter().try_for_each(|line| serde_json::from_str::<serde_json::Value>(line).map(drop))?;
            Ok(lines.len())
        },
    )?;
    let mut row = row("replay: a line of JSON", "the line parsed into a serde_json::Value", &pace);
    row.bar = format!("≥ {}/s", thousands(REPLAY_PER_SECOND_MIN));
    row.met = Some(pace.ours() >= REPLAY_PER_SECOND_MIN);
    Ok(row)
}

fn archive(options: &Options, dir: &Path) -> Result<Row, Fault> {
    let site = SiteId::new(SITE)?;
    let (profiles, mut sessions) = (Profiles::default(), Sessions::default());
    let readings = Readings::new(1_000, MESSAGES);
    let start = Timestamp::from_seconds(1_772_352_000);
    let decoded: Vec<Decoded> = readings.iter().map(|frame| decode(&frame, start, &profiles, &mut sessions)).collect();
    let mut store = Store::open(&dir.join("archive.sqlite"), JournalId([1; 16]), JournalId([2; 16]))?;
    let mut plain = File::create(dir.join("plain"))?;
    let records = records();
    let (mut seq, mut batch) = (0, Batch::default());
    let mut round: Vec<Decoded> = Vec::new();
    let pace = Pace::alternate_timed(
        options,
        |clock| {
            round.clone_from(&decoded);
            for one in &mut round {
                seq += 1;
                let at = start.plus(std::time::Duration::from_millis(seq));
                one.key = None;
                one.readings.iter_mut().for_each(|reading| reading.at = at);
                batch.decoded(Seq(seq), at, &site, one);
            }
            clock.time(|| store.write(&mut batch))?;
            Ok(round.len())
        },
        |clock| {
            clock.time(|| -> std::io::Result<()> {
                plain.write_all(&records.concat())?;
                plain.sync_data()
            })?;
            Ok(records.len())
        },
    )?;
    let mut row = row(
        "archive: a reading's row, 20,000 per transaction",
        "its journal record by write and fdatasync on a plain file",
        &pace,
    );
    row.notes.push("folding into blocks included as it falls due".into());
    Ok(row)
}
