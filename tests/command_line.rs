//! The commands that end by themselves: text in, text out, and the exit code that a script can rely on.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;
use support::golden::{data, hold_against};
use support::process::run;
use support::set_up::{GATEWAY, SECRET, SetUp};
use support::station::{PASSWORD, Station, USER};

/// Everything went well; what was said.
fn fine(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    stdout(output)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn here(arguments: &[&str], input: &str) -> Output {
    run(arguments, &data("command_line"), input)
}

#[test]
fn decode_reads_messages_and_says_what_it_understood() {
    let input = fs::read_to_string(data("command_line/decode.in.jsonl")).unwrap();
    hold_against("command_line/decode.out.jsonl", &fine(&here(&["decode"], &input)));
}

#[test]
fn decode_goes_on_after_a_line_that_is_none_and_ends_with_1() {
    let good = r#"{"topic":"zigbee2mqtt/k","payload":{"smoke":true}}"#;
    let output = here(&["decode"], &format!("nonsense\n{good}\n{{\"topic\":\"t\"}}\n"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output).lines().count(), 1);
    let complaints = stderr(&output);
    assert!(complaints.contains("line 1:") && complaints.contains("line 3:"), "{complaints}");
    let forced = fine(&here(&["decode", "--source", "watchfire"], good));
    assert!(forced.contains(r#""source":"watchfire""#), "{forced}");
}

#[test]
fn check_tells_every_problem_at_once_with_its_line_and_key() {
    let output = here(&["check", "--config", "wrong/watchfire.toml"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    hold_against("command_line/wrong/problems.txt", &stderr(&output));
    let absent = here(&["check", "--config", "absent.toml"], "");
    assert_eq!(absent.status.code(), Some(1));
    assert!(stderr(&absent).starts_with("absent.toml:"), "{}", stderr(&absent));
}

#[test]
fn run_does_not_start_with_a_wrong_configuration() {
    let output = here(&["run", "--config", "wrong/watchfire.toml"], "");
    assert_eq!(output.status.code(), Some(1));
    hold_against("command_line/wrong/problems.txt", &stderr(&output));
}

#[test]
fn check_says_what_is_in_force_and_keeps_secrets() {
    let folder = tempfile::tempdir().unwrap();
    SetUp::new().told_by_webhook("http://127.0.0.1:9/").write(folder.path());
    let check = || run(&["check", "--config", "watchfire.toml"], folder.path(), "");
    let text = fine(&check());
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["station"]["mqtt"]["packet_bytes_max"], 65_536, "defaults are shown");
    assert_eq!(shown["sites"]["sites"]["home"]["zones"]["kitchen"]["name"]["zh"], "厨房");
    assert!(!text.contains(SECRET), "secrets are not");
    fs::remove_file(folder.path().join("secrets/device")).unwrap();
    let missing = check();
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("secrets/device"), "{}", stderr(&missing));
}

#[test]
fn the_shipped_configuration_is_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let output = run(&["check", "--config", "watchfire.toml"], &folder, "");
    // All but the secret that everybody sets for himself.
    assert_eq!(output.status.code(), Some(1));
    let complaints = stderr(&output);
    assert_eq!(complaints.lines().count(), 1, "{complaints}");
    assert!(complaints.contains("HOME1_GATEWAY1"), "{complaints}");
}

#[test]
fn replay_of_readings_gives_the_same_alerts_every_time() {
    let once = fine(&here(&["replay", "readings.jsonl"], ""));
    hold_against("command_line/alerts.jsonl", &once);
    assert_eq!(fine(&here(&["replay", "readings.jsonl"], "")), once);
    let input = fs::read_to_string(data("command_line/readings.jsonl")).unwrap();
    assert_eq!(fine(&here(&["replay"], &input)), once, "from stdin");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules");
    assert_eq!(
        fine(&here(&["replay", "--rules", shipped.to_str().unwrap(), "readings.jsonl"], "")),
        once,
        "by the shipped rules"
    );
}

#[test]
fn replay_names_the_line_or_the_file_that_is_wrong() {
    let output = here(&["replay"], "{\"at\":\"yesterday\"}\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("stdin:1:"), "{}", stderr(&output));
    let output = here(&["replay", "absent.jsonl"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("absent.jsonl"), "{}", stderr(&output));
    let output = here(&["replay", "--rules", "wrong/rules", "readings.jsonl"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("hot.toml:"), "{}", stderr(&output));
    let empty = tempfile::tempdir().unwrap();
    let output = here(&["replay", empty.path().to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(1), "a directory without a journal");
}

#[test]
fn users_are_added_listed_given_a_new_password_and_removed() {
    let station = Station::prepared(&SetUp::new());
    let users = |arguments: &[&str], input: &str| {
        let (verb, rest) = arguments.split_first().unwrap();
        station.command(&[&["users", verb, "--config", "watchfire.toml"], rest].concat(), input)
    };
    fine(&users(&["add", "guest", "--viewer"], "only-for-looking\n"));
    assert_eq!(fine(&users(&["list"], "")), format!("guest\tviewer\n{USER}\toperator\n"));
    fine(&users(&["add", USER], "another-long-password\n"));
    fine(&users(&["remove", "guest"], ""));
    assert_eq!(fine(&users(&["list"], "")), format!("{USER}\toperator\n"));
    for (arguments, input) in [(["add", "new"], "\n"), (["remove", "guest"], "")] {
        let output = users(&arguments, input);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(!stderr(&output).is_empty());
    }
    for file in fs::read_dir(station.data().join("users")).unwrap() {
        let text = String::from_utf8_lossy(&fs::read(file.unwrap().path()).unwrap()).into_owned();
        assert!(!text.contains("another-long-password") && !text.contains(PASSWORD), "passwords are not kept");
    }
}

#[test]
fn simulate_loads_a_station_and_counts_what_it_acknowledged() {
    let station = Station::started(&SetUp::new());
    let target = format!("mqtt://{GATEWAY}:{SECRET}@{}", station.mqtt());
    let arguments = ["simulate", "--target", &target, "--devices", "3", "--rate", "150", "--seconds", "1"];
    let output = station.command(&[&arguments[..], &["--acknowledged", "keys.txt"]].concat(), "");
    let report: Value = serde_json::from_str(&fine(&output)).unwrap();
    let acknowledged = report["acknowledged"].as_u64().unwrap();
    assert!(acknowledged > 50 && report["sent"].as_u64() == Some(acknowledged), "{report}");
    let keys = fs::read_to_string(station.folder().join("keys.txt")).unwrap();
    assert_eq!(u64::try_from(keys.lines().count()).unwrap(), acknowledged);
    for target in ["mqtt://home/gw1:secret@127.0.0.1:9", "http://nowhere"] {
        let output = station.command(&["simulate", "--target", target, "--seconds", "1"], "");
        assert_eq!(output.status.code(), Some(1), "{target}");
    }
}

#[test]
fn wrong_usage_ends_with_2_and_help_shows_examples() {
    for arguments in [
        &["nonsense"][..],
        &[],
        &["run"],
        &["decode", "--source", "telepathy"],
        &["simulate", "--target", "x", "--qos", "2"],
    ] {
        assert_eq!(here(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
    let help = fine(&here(&["--help"], ""));
    assert!(help.contains("Exit codes: 0 fine, 1 the input is wrong or a check failed, 2 usage."), "{help}");
    for command in ["demo", "run", "check", "decode", "replay", "simulate", "users"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in\n{help}");
        let help = fine(&here(&[command, "--help"], ""));
        assert!(help.contains("Example") && help.contains(&format!("watchfire {command}")), "{command}:\n{help}");
    }
}
