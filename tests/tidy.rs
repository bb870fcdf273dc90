//! The shape of the tree, as a test: which crate may name which, what is reachable from the pure ones, and the habits
//! that no lint knows.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crate → the workspace's own crates and the external crates that it may name (without the tests' own).
/// A crate exists because it forbids something: adding a name here is a decision.
const EDGES: &[(&str, &[&str])] = &[
    ("model", &["compact_str", "jiff", "postcard", "serde", "serde_bytes", "serde_json", "thiserror"]),
    ("settings", &["thiserror", "toml"]),
    ("wire", &["watchfire-model", "base64", "compact_str", "encoding_rs", "serde", "serde_json"]),
    (
        "rules",
        &[
            "watchfire-model",
            "watchfire-settings",
            "compact_str",
            "hashbrown",
            "jiff",
            "postcard",
            "serde",
            "serde_json",
            "thiserror",
        ],
    ),
    ("inspection", &["watchfire-model", "watchfire-wire", "compact_str", "jiff", "postcard", "serde", "thiserror"]),
    ("journal", &["crc32c", "getrandom", "rustix", "thiserror", "zstd"]),
    (
        "intake",
        &[
            "watchfire-model",
            "watchfire-wire",
            "arc-swap",
            "bytes",
            "compact_str",
            "futures-util",
            "getrandom",
            "postcard",
            "prometheus",
            "rumqttc",
            "rumqttd",
            "serde",
            "sha2",
            "subtle",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
        ],
    ),
    (
        "archive",
        &[
            "watchfire-model",
            "bytes",
            "compact_str",
            "futures-util",
            "postcard",
            "prometheus",
            "refinery",
            "rusqlite",
            "rustls",
            "rustls-native-certs",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tokio-postgres",
            "tokio-postgres-rustls",
            "tracing",
            "zstd",
        ],
    ),
    (
        "notify",
        &[
            "watchfire-model",
            "base64",
            "compact_str",
            "futures-util",
            "hmac",
            "jiff",
            "lettre",
            "postcard",
            "prometheus",
            "reqwest",
            "rustls",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
        ],
    ),
    (
        "console",
        &[
            "watchfire-model",
            "watchfire-archive",
            "arc-swap",
            "argon2",
            "axum",
            "base64",
            "compact_str",
            "futures-util",
            "getrandom",
            "hyper",
            "hyper-util",
            "hashbrown",
            "jiff",
            "prometheus",
            "rust_xlsxwriter",
            "rustix",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
            "utoipa",
        ],
    ),
    (
        "simulator",
        &[
            "watchfire-model",
            "watchfire-wire",
            "bytes",
            "compact_str",
            "futures-util",
            "jiff",
            "rumqttc",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
        ],
    ),
];

/// Crates that talk to clocks, disks, networks or schedulers. None may be reachable from model, settings, wire, rules, inspection.
const IO_CRATES: &[&str] =
    &["tokio", "mio", "socket2", "rustix", "rusqlite", "reqwest", "hyper", "axum", "rumqttd", "rumqttc", "async-std"];

/// Files of the rules whose hash maps are looked up and never walked.
const LOOKED_UP_ONLY: &[&str] =
    &["crates/rules/src/fleet.rs", "crates/rules/src/kinds.rs", "crates/rules/src/risk/site_numbers.rs"];

/// A file about one thing is seldom longer.
const FILE_LINES_MAX: usize = 600;

#[test]
fn crates_name_only_what_they_may() {
    let mut wrong = Vec::new();
    for (name, allowed) in EDGES {
        for dependency in dependencies(&root().join("crates").join(name).join("Cargo.toml")) {
            if !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{name} names {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_crate_is_in_the_table() {
    let listed: BTreeSet<String> = EDGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folders = std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let found = folders.filter(|path| path.join("Cargo.toml").exists());
    let found: BTreeSet<String> = found.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(found, listed);
}

#[test]
fn no_io_is_reachable_from_the_pure_crates() {
    for name in ["model", "settings", "wire", "rules", "inspection"] {
        let package = format!("watchfire-{name}");
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--package", &package, "--edges", "normal", "--prefix", "none", "--format", "{p}"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8(output.stdout).unwrap();
        let reached: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        let io: Vec<&&str> = IO_CRATES.iter().filter(|io| reached.contains(**io)).collect();
        assert!(io.is_empty(), "{name} reaches {io:?}");
    }
}

#[test]
fn rust_files_have_good_habits() {
    let mut wrong = Vec::new();
    for file in rust_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        if ["utils", "util", "helpers", "helper", "types", "manager", "misc", "common"].contains(&stem.as_str()) {
            wrong.push(format!("{name}: a file is called after the thing in it"));
        }
        if text.lines().count() > FILE_LINES_MAX {
            wrong.push(format!("{name}: {} lines; is it still about one thing?", text.lines().count()));
        }
        if name.starts_with("crates/rules/src") && text.contains("HashMap") && !LOOKED_UP_ONLY.contains(&name.as_str())
        {
            wrong.push(format!("{name}: HashMap; the order of rules' output must not depend on hashing"));
        }
        let pure =
            ["crates/model/src", "crates/wire/src", "crates/rules/src", "crates/settings/src", "crates/inspection/src"];
        if pure.iter().any(|pure| name.starts_with(pure)) {
            let code: String = text.lines().filter(|line| !line.starts_with("//!")).collect();
            for word in ["std::fs", "std::net", "std::thread", "std::time::Instant", "time::SystemTime", "async fn"] {
                if code.contains(word) {
                    wrong.push(format!("{name}: {word} in a pure crate"));
                }
            }
        }
        let unfinished = ["TO", "DO"].concat();
        if text.contains(&unfinished) && !name.ends_with("tidy.rs") {
            wrong.push(format!("{name}: {unfinished}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The names under `[dependencies]` of a manifest.
fn dependencies(manifest: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(manifest).unwrap();
    let mut sections: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((key, _)) = line.split_once('=') {
            let name = key.trim().split('.').next().unwrap_or_default();
            sections.entry(section.clone()).or_default().push(name.to_owned());
        }
    }
    sections.remove("dependencies").unwrap_or_default()
}

fn rust_files() -> Vec<PathBuf> {
    let mut folders = vec![root().join("crates"), root().join("tests"), root().join("benches")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "node_modules", "dist"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
