//! Secrets by reference: `env:NAME` or `file:PATH` (relative to the file that names it). They stay out of
//! configuration files, the journal and the log.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use watchfire_settings::Section;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file: its text without the trailing line end.
    File(PathBuf),
}

/// A secret's text. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromStr for SecretRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<SecretRef, &'static str> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(SecretRef::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(SecretRef::File(PathBuf::from(path))),
            _ => Err("secrets are not written here; use \"env:NAME\" or \"file:PATH\""),
        }
    }
}

/// Reads a reference that must be there. What stands there instead may be the secret itself, so it is not repeated.
pub(crate) fn required(section: &mut Section<'_>, key: &str) -> Option<SecretRef> {
    let text = section.text(key)?;
    text.parse().map_err(|error: &str| section.problem(key, error)).ok()
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Env(name) => write!(f, "env:{name}"),
            SecretRef::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl serde::Serialize for SecretRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl SecretRef {
    /// Fetches the secret; the error names the reference and never the secret.
    pub(crate) fn fetch(&self, folder: &Path) -> Result<Secret, String> {
        let text = match self {
            SecretRef::Env(name) => {
                std::env::var(name).map_err(|_| format!("{self}: set the environment variable {name}"))?
            }
            SecretRef::File(path) => {
                let path = folder.join(path);
                std::fs::read_to_string(&path).map_err(|error| format!("{self}: {}: {error}", path.display()))?
            }
        };
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return Err(format!("{self}: is empty"));
        }
        Ok(Secret(text.to_owned()))
    }
}
