//! A whole station in this process, with a disk on which something is wrong.

use super::paths::DataPaths;
use super::station::Station;
use super::station_tests::{PATIENCE, options, publish, transitions};
use std::path::Path;
use watchfire_journal::{Limits, RealDisk, Writer};
use watchfire_model::{Bilingual, Class, EncodedInput, Input, Notice, NoticeKind, Step, Transition};

const SMOKE: &[u8] = br#"{"smoke": true}"#;

/// What the station has said about itself under that rule.
fn told(data: &Path, rule: &str) -> Vec<Step> {
    let of_rule = |transition: &Transition| transition.rule.name == rule;
    transitions(data).into_iter().filter(of_rule).map(|transition| transition.step).collect()
}

async fn wait_until_told(data: &Path, rule: &str, steps: &[Step]) {
    let looking = async {
        while told(data, rule) != steps {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, looking).await.is_err() {
        panic!("{rule}: {:?} instead of {steps:?}", told(data, rule));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_archive_costs_the_history_and_no_fire() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    std::fs::write(DataPaths::new(data).archive(), "this is somebody's letter, not a database").unwrap();

    let station = Station::start(options(data)).await.unwrap();
    publish(&station, "zigbee2mqtt/kitchen", SMOKE).await;
    wait_until_told(data, "station-archive-down", &[Step::Raised]).await;
    let fires = transitions(data).iter().filter(|transition| transition.class == Class::Fire).count();
    assert_eq!(fires, 1);

    // It is moved aside: a new one is begun without a restart.
    std::fs::remove_file(DataPaths::new(data).archive()).unwrap();
    wait_until_told(data, "station-archive-down", &[Step::Raised, Step::Cleared]).await;
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_another_journal_costs_the_history_and_no_fire() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Station::start(options(other.path())).await.unwrap().stop().await;
    let data = folder.path();
    std::fs::copy(DataPaths::new(other.path()).archive(), DataPaths::new(data).archive()).unwrap();

    let station = Station::start(options(data)).await.unwrap();
    publish(&station, "zigbee2mqtt/kitchen", SMOKE).await;
    wait_until_told(data, "station-part-down", &[Step::Raised]).await;
    station.stop().await;
    assert_eq!(transitions(data).iter().filter(|transition| transition.class == Class::Fire).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_from_before_the_restart_ends_when_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let limits = Limits { reserve_bytes: 0, ..Limits::default() };
    let (mut writer, _) = Writer::open(&RealDisk, &DataPaths::new(data).journal(), limits).unwrap();
    let begin = |kind| Notice { kind, subject: String::new(), detail: Bilingual::same("before"), active: true };
    let inputs = [Input::Notice(begin(NoticeKind::DiskFull)), Input::Notice(begin(NoticeKind::ArchiveDown))];
    for input in &inputs {
        writer.append(EncodedInput::new(input).stamp(crate::clock::wall())).unwrap();
    }
    writer.sync().unwrap();
    drop(writer);

    let station = Station::start(options(data)).await.unwrap();
    for rule in ["station-disk-full", "station-archive-down"] {
        wait_until_told(data, rule, &[Step::Raised, Step::Cleared]).await;
    }
    station.stop().await;
}

/// Turns a bit in the middle of a file.
fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

/// Ticks in batches, in segments of about 4 KiB.
fn journal_of_ticks(data: &Path) {
    let limits = Limits { segment_bytes: 4_096, ahead_bytes: 0, reserve_bytes: 0, ..Limits::default() };
    let (mut writer, _) = Writer::open(&RealDisk, &DataPaths::new(data).journal(), limits).unwrap();
    for _ in 0..100 {
        for _ in 0..10 {
            writer.append(EncodedInput::new(&Input::Tick).stamp(crate::clock::wall())).unwrap();
        }
        writer.sync().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_segment_that_is_needed_costs_what_is_damaged_and_no_fire() {
    for which in ["sealed", "last", "missing"] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        journal_of_ticks(data);
        let journal = DataPaths::new(data).journal();
        let segments = watchfire_journal::segments(&RealDisk, &journal).unwrap();
        let file = |index: usize| journal.join(format!("seg-{:020}.wfj", segments[index].first));
        match which {
            "sealed" => damage(&file(2)),
            "last" => damage(&file(segments.len() - 1)),
            _ => std::fs::remove_file(file(2)).unwrap(),
        }
        let station = Station::start(options(data)).await.unwrap();
        publish(&station, "zigbee2mqtt/kitchen", SMOKE).await;
        wait_until_told(data, "station-journal-damaged", &[Step::Raised]).await;
        station.stop().await;
        let fires = transitions(data).iter().filter(|transition| transition.class == Class::Fire).count();
        assert_eq!(fires, 1, "{which}");
        let kept = std::fs::read_dir(&journal).unwrap();
        let aside = kept.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "damaged"));
        assert_eq!(aside.count(), 1, "{which}: the damaged file is kept");

        // It is whole now: the next start has nothing to mend.
        let station = Station::start(options(data)).await.unwrap();
        station.stop().await;
        assert_eq!(told(data, "station-journal-damaged").len(), 1, "{which}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_alert_log_costs_what_is_damaged_and_no_fire() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let station = Station::start(options(data)).await.unwrap();
    for room in ["kitchen", "bath", "hall"] {
        publish(&station, &format!("zigbee2mqtt/{room}"), SMOKE).await;
    }
    station.stop().await;
    let folder = DataPaths::new(data).alert_log();
    let segments = watchfire_journal::segments(&RealDisk, &folder).unwrap();
    // The header of the only one.
    let file = folder.join(format!("seg-{:020}.wfj", segments[0].first));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[2] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    let station = Station::start(options(data)).await.unwrap();
    publish(&station, "zigbee2mqtt/attic", SMOKE).await;
    wait_until_told(data, "station-journal-damaged", &[Step::Raised]).await;
    station.stop().await;
    assert_eq!(transitions(data).iter().filter(|transition| transition.class == Class::Fire).count(), 4);
}
