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
fn decode_reads_a_panels_frame_in_the_dialect_that_is_asked_for() {
    let panels = fs::read_to_string(data("panels/hikvision_text.txt")).unwrap();
    let frame =
        panels.lines().find_map(|line| line.split_once(" 4040")).map(|(_, rest)| format!("4040{rest}")).unwrap();
    let line = format!("{{\"hex\":\"{frame}\"}}\n");
    let text = |options: &[&str]| {
        let read: Value =
            serde_json::from_str(&fine(&here(&[&["decode", "--source", "gbt26875"], options].concat(), &line)))
                .unwrap();
        read["frame"]["objects"][0]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(text(&[]), "1大堂");
    assert_eq!(text(&["--profile", "hikvision"]), "大堂");
    let unknown = here(&["decode", "--profile", "klingon"], &line);
    assert_eq!((unknown.status.code(), stdout(&unknown).as_str()), (Some(1), ""));
    assert!(stderr(&unknown).contains("use dahua, hikvision"), "{}", stderr(&unknown));
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
    fs::write(folder.path().join("secrets/device"), "elevenchars\n").unwrap();
    let short = stderr(&check());
    assert!(short.contains("secrets/device: is shorter than 12 characters"), "{short}");
    assert!(!short.contains("elevenchars"), "{short}");
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
fn rule_tests_beside_the_rules_pass_or_show_what_came_out_instead() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules");
    let said = fine(&here(&["rules", "test", shipped.to_str().unwrap()], ""));
    assert!(said.contains("0 failed") && !said.contains("no test"), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let rules = "[[rule]]\nname = \"hot\"\nversion = 1\nkind = \"threshold\"\nmetric = \"temperature\"\nabove = 57\n\
        unit = \"Cel\"\nclass = \"early_warning\"\n";
    fs::write(folder.path().join("hot.toml"), rules).unwrap();
    fs::write(
        folder.path().join("wet.toml"),
        rules.replace("hot", "wet").replace("temperature", "humidity").replace("Cel", "%RH"),
    )
    .unwrap();
    let test = || run(&["rules", "test", "."], folder.path(), "");
    let untested = test();
    assert_eq!(untested.status.code(), Some(1), "a folder without tests proves nothing");
    fs::create_dir(folder.path().join("tests")).unwrap();
    assert!(stderr(&test()).contains("there is no test"), "{}", stderr(&test()));

    let scene = "site a home\n08:00:00 frame a watchfire/t t:temperature=60\n";
    let wanted = "> 08:00:00 raised #1 early_warning/major a watchfire/t t hot@1\n";
    fs::write(folder.path().join("tests/hot.txt"), format!("{scene}{wanted}")).unwrap();
    let said = fine(&test());
    assert!(said.contains("wet.toml: has no test") && !said.contains("hot.toml"), "{said}");

    fs::write(folder.path().join("tests/hot.txt"), format!("{scene}{}", wanted.replace("#1", "#2"))).unwrap();
    let failed = test();
    assert_eq!(failed.status.code(), Some(1));
    let said = stdout(&failed);
    assert!(said.contains("hot.txt:2: 08:00:00 frame"), "{said}");
    assert!(said.contains("- > 08:00:00 raised #2") && said.contains("+ > 08:00:00 raised #1"), "{said}");
    assert!(said.contains("失败 1 个") && !said.contains('\u{1b}'), "both languages, no colour into a pipe: {said}");

    fs::write(folder.path().join("tests/hot.txt"), "nonsense\n").unwrap();
    let failed = test();
    assert_eq!(failed.status.code(), Some(1));
    assert!(stdout(&failed).contains("hot.txt:1: `nonsense`"), "{}", stdout(&failed));
    assert_eq!(here(&["rules", "test"], "").status.code(), Some(2));
    assert_eq!(here(&["rules"], "").status.code(), Some(2));
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
