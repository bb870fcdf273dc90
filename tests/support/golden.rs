//! What a program says, held against what it said when somebody looked at it.
//! `WATCHFIRE_BLESS=1` writes the files anew; look at the difference before it is kept.

use std::path::{Path, PathBuf};

/// Where the data of these tests is.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Panics where `text` is not what the file holds.
pub(crate) fn hold_against(name: &str, text: &str) {
    let file = data(name);
    if std::env::var_os("WATCHFIRE_BLESS").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(text == expected, "not what {name} holds (WATCHFIRE_BLESS=1 writes it anew); it is now:\n{text}");
}
