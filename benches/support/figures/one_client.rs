//! One client with one publish in flight: its acknowledgements' p99 against the disk's own fdatasync of as many bytes.

use crate::support::Fault;
use crate::support::disk::{self, Where};
use crate::support::load::{Load, Loaded};
use crate::support::options::Options;
use crate::support::process::Process;
use crate::support::samples::{median, percentile, spread};
use crate::support::site_plan::{SECRET, SitePlan};
use crate::support::station::Home;
use crate::support::table::Row;
use std::time::Duration;
use watchfire_model::{EncodedInput, Frame, Input, Link};

const BAR: f64 = 3.0;
/// What the journal writes with a batch of one record: a mark and the record's head.
const MARK_AND_HEAD_BYTES: usize = 16 + 8;

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let (rounds, disk_seconds, seconds) = (options.either(15, 3), options.either(2, 1), options.either(3.0, 2.0));
    let home = Home::new(&options.dir, &[SitePlan::new("load", "load-", 1)])?;
    let station = home.start()?;
    let load = Load {
        users: vec!["load/gw0".to_owned()],
        password: SECRET.to_owned(),
        connections: 1,
        in_flight: 1,
        ..Load::standard(station.mqtt, seconds)
    };
    let bytes = record_bytes(load.payload_bytes) + MARK_AND_HEAD_BYTES;
    let (mut ours, mut medians, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    let (mut prewritten, mut appending) = (Vec::new(), Vec::new());
    let span = Duration::from_secs(disk_seconds);
    let mut warm: Process = Load { seconds: 1.0, ..load.clone() }.start(&home.place.log())?;
    let _: Loaded = warm.line()?;
    for _ in 0..rounds {
        prewritten.push(percentile(&disk::fdatasyncs(home.place.path(), Where::Prewritten, bytes, span)?, 0.99));
        let loaded = load.run(&home.place.log())?;
        ours.push(loaded.p99_ms);
        medians.push(loaded.p50_ms);
        rates.push(loaded.per_second);
        appending.push(percentile(&disk::fdatasyncs(home.place.path(), Where::Appending, bytes, span)?, 0.99));
    }
    station.stop()?;
    let (p99, disk) = (median(&ours), median(&prewritten));
    Ok(vec![Row {
        figure: "one client, one in flight, p99".into(),
        bar: format!("≤ {BAR} × the disk's own fdatasync p99"),
        measured: format!("{p99:.2} ms, the disk {disk:.2} ms"),
        ratio: format!("{:.2} ×", p99 / disk),
        met: Some(p99 <= BAR * disk),
        notes: vec![
            format!(
                "medians of {rounds} alternating p99; ours {} ms, the disk over space written before {} ms ({bytes} B each, as the journal writes small batches)",
                spread(&ours, 2),
                spread(&prewritten, 2)
            ),
            format!(
                "the disk with a file that grows: p99 {:.2} ms ({} ms), which would make {:.2} ×",
                median(&appending),
                spread(&appending, 2),
                p99 / median(&appending)
            ),
            format!("ours: median {:.2} ms, {:.0} acknowledgements/s", median(&medians), median(&rates)),
        ],
    }])
}

/// The journal's record of a reading as the load sends it.
fn record_bytes(payload_bytes: usize) -> usize {
    let frame = Frame {
        site: "load",
        identity: "gw0",
        device: "",
        link: Link::Mqtt { qos: 1, retain: false },
        topic: "wf/v1/load/load-0/readings",
        payload: &vec![b' '; payload_bytes],
    };
    EncodedInput::new(&Input::Frame(frame)).record_bytes()
}
