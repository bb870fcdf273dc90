//! A person at a real browser: logs in, sees the fire, acknowledges it with one key.

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use support::api::Api;
use support::peers::skip;
use support::set_up::SetUp;
use support::station::{PASSWORD, Station, USER};

#[test]
fn a_person_sees_the_fire_and_acknowledges_it_with_one_key() {
    let Some(browser) = browser() else { return };
    let station = Station::started(&SetUp::new());
    let api = station.operator();
    if !pages_are_built_in(&api) {
        return skip("the pages (Node.js, and a build without WATCHFIRE_WEB=off)");
    }
    station.gateway("gw").publish("zigbee2mqtt/kitchen_smoke", r#"{"smoke":true,"battery":91}"#);
    let alert = api.wait_for_alert_of("kitchen_smoke");
    assert_eq!(alert["handling"], "open");

    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/console/web");
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("board.png");
    let mut script = Command::new("node");
    script.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/browser.mjs"));
    script.args([web.as_os_str(), browser.as_os_str(), picture.as_os_str()]);
    script.args([&format!("http://{}/", station.console()), USER, PASSWORD]);
    let output = script.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let acknowledged = api.wait_for_alert_of("kitchen_smoke");
    assert_eq!([&acknowledged["handling"], &acknowledged["acknowledged_by"]], ["acknowledged", USER]);
    assert!(picture.metadata().unwrap().len() > 10_000, "a picture of the board");
}

fn pages_are_built_in(api: &Api) -> bool {
    api.get("/").as_str().is_some_and(|page| page.contains("type=\"module\""))
}

/// The browser, when everything that drives it is installed.
fn browser() -> Option<PathBuf> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/console/web");
    let needs = [
        (Command::new("node").arg("--version").output().is_ok(), "Node.js"),
        (web.join("node_modules/playwright-core").is_dir(), "playwright-core (`npm ci` in crates/console/web)"),
    ];
    for (is_there, what) in needs {
        if !is_there {
            skip(what);
            return None;
        }
    }
    let chromium = Path::new("/usr/bin/chromium");
    if !chromium.is_file() {
        skip("Chromium (Debian: chromium)");
        return None;
    }
    Some(chromium.to_owned())
}
