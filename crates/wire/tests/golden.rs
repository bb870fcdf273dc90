//! Messages in, decoder output out: `tests/data/{frames,gbt26875}/<name>.jsonl` → `<name>.expected.jsonl`, line by line. A new
//! device is a new file. `WATCHFIRE_GOLDEN=write` writes the expected files anew; read the difference before keeping it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use watchfire_model::Timestamp;
use watchfire_wire::{Profiles, Sessions, decode, json_line};

#[test]
fn frames() {
    every_file("frames", 6);
}

/// Built for this project, type by type; the expected lines were read against the standard's tables.
#[test]
fn fire_panel_frames() {
    every_file("gbt26875", 4);
}

fn every_file(folder: &str, files_min: usize) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut inputs: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.retain(|path| !path.to_str().unwrap().ends_with(".expected.jsonl"));
    inputs.sort();
    assert!(inputs.len() >= files_min, "the frames are gone: {inputs:?}");
    for input in inputs {
        check(&input);
    }
}

fn check(input: &Path) {
    let expected_path = input.with_extension("expected.jsonl");
    let mut sessions = Sessions::default();
    let lines = std::fs::read_to_string(input).unwrap();
    let got: String = lines.lines().map(|line| decoded(line, &mut sessions) + "\n").collect();
    if std::env::var("WATCHFIRE_GOLDEN").is_ok_and(|mode| mode == "write") {
        return std::fs::write(expected_path, got).unwrap();
    }
    let expected = std::fs::read_to_string(&expected_path).unwrap();
    for ((line, got), expected) in lines.lines().zip(got.lines()).zip(expected.lines()) {
        assert_eq!(got, expected, "{}: {line}", input.display());
    }
    assert_eq!(got.lines().count(), expected.lines().count(), "{}", input.display());
}

fn decoded(line: &str, sessions: &mut Sessions) -> String {
    let frame = json_line::parse(line).unwrap();
    let at = frame.received_at.unwrap_or(Timestamp::EPOCH);
    let profiles = Profiles::default();
    json_line::line_with_frame(&decode(&frame.frame(), at, &profiles, sessions), &frame.frame(), &profiles)
}
