//! What the parts can do one by one, each against what the machine can do at best with as many bytes or items, in the
//! same run, the two sides alternating: `cargo bench --bench parts`. No bar hangs on these; they say where to look.
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
use support::frames::{self, Readings};
use support::options::Options;
use support::pace::{Pace, row};
use support::table::Row;
use support::{Fault, machine, table};
use watchfire_archive::{Batch, Store};
use watchfire_journal::{Limits, Reader, RealDisk, Writer};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Decoded, EncodedInput, Frame, Input, JournalId, Seq, SiteId, Timestamp};
use watchfire_rules::{Effects, Engine, Event, RuleSet, SetUp, Stamp};
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
    ("encode", encode),
    ("journal-append", journal_append),
    ("journal-sync", journal_sync),
    ("journal-read", journal_read),
    ("decode", decode_messages),
    ("rules-1000", |options, _| rules(options, 1_000)),
    ("rules-100000", |options, _| rules(options, 100_000)),
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

fn rules(options: &Options, devices: u32) -> Result<Row, Fault> {
    let site = SiteId::new(SITE)?;
    let (profiles, mut sessions) = (Profiles::default(), Sessions::default());
    let start = Timestamp::from_seconds(1_772_352_000);
    let readings = Readings::new(devices, devices.max(MESSAGES));
    let decoded: Vec<Decoded> = readings.iter().map(|frame| decode(&frame, start, &profiles, &mut sessions)).collect();
    let mut engine = Engine::new(JournalId([1; 16]));
    let mut effects = Effects::default();
    let set_up = SetUp { sites: frames::sites(SITE, devices)?, rules: RuleSet::built_in() };
    engine.apply(Stamp { seq: Seq(1), at: start }, &Event::Setup(&set_up), &mut effects);
    let mut seq = 1;
    let mut last: std::collections::HashMap<String, f64> = std::collections::HashMap::new();
    let mut round: Vec<Decoded> = Vec::new();
    let mut turn = 0u32;
    let pace = Pace::alternate_timed(
        options,
        |clock| {
            turn += 1;
            // Fresh keys, values and times, as devices send them.
            round.clone_from(&decoded);
            let at = start.plus(std::time::Duration::from_secs(u64::from(turn)));
            for (one, number) in round.iter_mut().zip(0u32..) {
                one.key = one.key.as_ref().map(|key| format!("{key}-{turn}").into());
                for reading in &mut one.readings {
                    reading.at = at;
                    reading.value = watchfire_model::Value::Number(20.0 + f64::from((number + turn) % 5) / 10.0);
                }
            }
            clock.time(|| {
                for one in &round {
                    seq += 1;
                    engine.apply(
                        Stamp { seq: Seq(seq), at },
                        &Event::Decoded { site: &site, decoded: one },
                        &mut effects,
                    );
                }
            });
            Ok(round.len())
        },
        |clock| {
            clock.time(|| {
                for one in &decoded {
                    let name = one.device.as_ref().map_or("", |device| device.as_str());
                    match last.get_mut(name) {
                        Some(value) => *value += 1.0,
                        None => drop(last.insert(name.to_owned(), 1.0)),
                    }
                }
            });
            Ok(decoded.len())
        },
    )?;
    if !effects.transitions.is_empty() {
        return Err(format!("{} alerts of quiet readings", effects.transitions.len()).into());
    }
    Ok(row(
        &format!("rules: a reading applied, {devices} devices"),
        "one look-up by the device's name in a HashMap",
        &pace,
    ))
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
