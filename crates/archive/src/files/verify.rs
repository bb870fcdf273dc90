//! A look at all files: each against the manifest of its month.

use super::manifest::Manifest;
use super::{FilesError, month, read};
use std::fs;
use std::path::Path;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesChecked {
    /// Months with a manifest.
    pub months: u64,
    /// Files that were read.
    pub files: u64,
    /// Readings in those that are sound.
    pub readings: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// What is wrong, in sentences.
    pub problems: Vec<String>,
}

/// Reads every file of the folder that `[archive] files` names.
///
/// # Errors
/// When the folder cannot be listed or holds no month; what is wrong with its files is not an error but an answer.
pub fn verify_files(folder: &Path) -> Result<FilesChecked, FilesError> {
    let failed = || FilesError::failed("list", folder);
    let mut months = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_dir() {
            months.push(path);
        }
    }
    months.sort();
    let mut checked = FilesChecked::default();
    for path in months {
        if let Err(why) = month_of(&path, &mut checked) {
            checked.problems.push(why.to_string());
        }
    }
    if checked == FilesChecked::default() {
        return Err(FilesError::Nothing(folder.to_owned()));
    }
    Ok(checked)
}

fn month_of(folder: &Path, checked: &mut FilesChecked) -> Result<(), FilesError> {
    let found = Manifest::read(folder)?;
    checked.months += u64::from(found.is_some());
    let manifest = found.unwrap_or_else(|| Manifest::empty(""));
    for listed in &manifest.files {
        checked.files += 1;
        match read::check(folder, listed) {
            Ok(()) => {
                checked.readings += listed.summary.rows;
                checked.bytes += listed.summary.bytes;
            }
            Err(why) => checked.problems.push(why.to_string()),
        }
    }
    for name in month::unlisted(folder, &manifest)? {
        checked.problems.push(format!(
            "{} is not in the manifest of its month: the station lists it when it next writes there; from elsewhere, move \
             it aside",
            folder.join(name).display()
        ));
    }
    Ok(())
}
