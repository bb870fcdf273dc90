//! The operators: a small file beside the station's data, so that log-in works with the archive down.
//!
//! `users.json` in the directory of [`Users::open`], readable by its owner only, replaced as a whole:
//! ```json
//! {"version": 1, "users": {"li": {"role": "operator", "password": "$argon2id$…"}}}
//! ```
//! `watchfire users add` writes it from another process while the station runs; the station sees the change within a
//! second, and at each log-in. A user who is removed or gets another password is logged out.
//!
//! Each change leaves a note for the audit in `changes` of the file, replaced together with what it is about. The station
//! takes the notes out when they are in its journal, so that also what was changed while it was down is told.

use crate::password::{self, PasswordError};
use crate::private_file::{self, FileStamp};
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use utoipa::ToSchema;
use watchfire_model::{Act, ActKind, Timestamp, UserName};

const VERSION: u32 = 1;
/// Users that one file holds.
pub const USERS_MAX: usize = 10_000;
/// Notes of changes that a station which is down may find; past this the oldest are forgotten.
const CHANGES_MAX: usize = 1_000;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything and handles alerts.
    Operator,
    /// Sees everything but the audit.
    Viewer,
}

/// The file of users could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The disk.
    #[error("failed to {doing} {path}: {source}")]
    Io {
        /// `read`, `write` or `lock`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not what we write.
    #[error("{path} is not a file of users: {detail}; restore it from a backup, or remove it and add the users again")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        detail: String,
    },
    /// There is one of that name.
    #[error("user `{0}` exists already; remove it first, or change its password")]
    Exists(UserName),
    /// There is none of that name.
    #[error("there is no user `{0}`; `watchfire users list` names them")]
    Unknown(UserName),
    /// There are too many.
    #[error("there are {USERS_MAX} users already; remove some first")]
    TooMany,
    /// The password will not do.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// The operators, in memory and on disk.
#[derive(Debug)]
pub struct Users {
    directory: PathBuf,
    book: ArcSwap<Book>,
    stamp: Mutex<FileStamp>,
    author: Option<Author>,
}

/// Who changes users, and by which clock.
#[derive(Clone, Debug)]
pub struct Author {
    /// `os:NAME`.
    pub by: String,
    /// The time.
    pub clock: fn() -> Timestamp,
}

/// A change, for the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// When, in microseconds since the epoch.
    at_us: i64,
    by: String,
    kind: ActKind,
    user: UserName,
    role: Role,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    version: u32,
    users: BTreeMap<UserName, User>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<UserChange>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    role: Role,
    password: String,
}

/// What a session is bound to: a new password makes another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credential(String);

impl Users {
    /// Reads the users of a directory; it is made when it is not there. No file is no users.
    ///
    /// # Errors
    /// When the file cannot be read, or is not one of ours.
    pub fn open(directory: &Path) -> Result<Users, UsersError> {
        let path = directory.join("users.json");
        std::fs::create_dir_all(directory).map_err(|source| io_error("write", &path, source))?;
        let users = Users {
            directory: directory.to_owned(),
            book: ArcSwap::from_pointee(Book::default()),
            stamp: Mutex::default(),
            author: None,
        };
        users.refresh()?;
        Ok(users)
    }

    /// Notes who changes users from here on, for the audit.
    #[must_use]
    pub fn changed_by(self, author: Author) -> Users {
        Users { author: Some(author), ..self }
    }

    /// Adds a user. Hashing the password takes some 30 ms of a core.
    ///
    /// # Errors
    /// When there is one of that name, the password will not do, or the file cannot be written.
    pub fn add(&self, name: &UserName, role: Role, password: &str) -> Result<(), UsersError> {
        let password = password::hash(password)?;
        self.noted_change(ActKind::UserAdded, name, |book| {
            if book.users.contains_key(name) {
                return Err(UsersError::Exists(name.clone()));
            }
            if book.users.len() >= USERS_MAX {
                return Err(UsersError::TooMany);
            }
            book.users.insert(name.clone(), User { role, password });
            Ok(role)
        })
    }

    /// Gives a user another password, and logs him out everywhere.
    ///
    /// # Errors
    /// When there is none of that name, the password will not do, or the file cannot be written.
    pub fn set_password(&self, name: &UserName, password: &str) -> Result<(), UsersError> {
        let password = password::hash(password)?;
        self.noted_change(ActKind::PasswordChanged, name, |book| {
            let user = book.users.get_mut(name).ok_or_else(|| UsersError::Unknown(name.clone()))?;
            user.password = password;
            Ok(user.role)
        })
    }

    /// Removes a user, and logs him out everywhere.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub fn remove(&self, name: &UserName) -> Result<(), UsersError> {
        self.noted_change(ActKind::UserRemoved, name, |book| match book.users.remove(name) {
            Some(user) => Ok(user.role),
            None => Err(UsersError::Unknown(name.clone())),
        })
    }

    /// Every user, by name.
    pub fn list(&self) -> Vec<(UserName, Role)> {
        self.book.load().users.iter().map(|(name, user)| (name.clone(), user.role)).collect()
    }

    /// Reads the file again if another process changed it.
    ///
    /// # Errors
    /// When the file cannot be read or is not one of ours; the users then stay as they were.
    pub fn refresh(&self) -> Result<(), UsersError> {
        let path = self.path();
        let mut known = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = private_file::stamp(&path).map_err(|source| io_error("read", &path, source))?;
        if stamp != *known {
            self.book.store(read(&path)?.into());
            *known = stamp;
        }
        Ok(())
    }

    /// Changes that are not in the journal yet, the oldest first.
    pub fn changes(&self) -> Vec<UserChange> {
        self.book.load().changes.clone()
    }

    /// These are in the journal.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn told(&self, changes: &[UserChange]) -> Result<(), UsersError> {
        self.change(|book| {
            book.changes.retain(|change| !changes.contains(change));
            Ok(())
        })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether there is a user of that name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.book.load().users.contains_key(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.book.load().users.is_empty()
    }

    /// The user's role and credential, if the password is right. Takes as long for a user that there is not.
    pub(crate) fn verify(&self, name: &str, password: &str) -> Option<(UserName, Credential)> {
        let book = self.book.load();
        let known = book.users.get_key_value(name);
        let fits = password::verify(password, known.map(|(_, user)| user.password.as_str()));
        known.filter(|_| fits).map(|(name, user)| (name.clone(), user.credential()))
    }

    /// The role of a user whose session was made with that credential.
    pub(crate) fn role(&self, name: &UserName, credential: &Credential) -> Option<Role> {
        let book = self.book.load();
        book.users.get(name).filter(|user| user.credential() == *credential).map(|user| user.role)
    }

    /// A change that the audit is told; `change` gives the user's role.
    fn noted_change(
        &self,
        kind: ActKind,
        name: &UserName,
        change: impl FnOnce(&mut Book) -> Result<Role, UsersError>,
    ) -> Result<(), UsersError> {
        self.change(|book| {
            let role = change(book)?;
            let Some(Author { by, clock }) = &self.author else { return Ok(()) };
            book.changes.push(UserChange { at_us: clock().0, by: by.clone(), kind, user: name.clone(), role });
            let excess = book.changes.len().saturating_sub(CHANGES_MAX);
            book.changes.drain(..excess);
            Ok(())
        })
    }

    /// Reads, changes and replaces the file while no other process does.
    fn change(&self, change: impl FnOnce(&mut Book) -> Result<(), UsersError>) -> Result<(), UsersError> {
        let path = self.path();
        let lock_path = self.directory.join("users.lock");
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock_path);
        let lock = lock.map_err(|source| io_error("lock", &lock_path, source))?;
        lock.lock().map_err(|source| io_error("lock", &lock_path, source))?;
        let mut book = read(&path)?;
        change(&mut book)?;
        let text = serde_json::to_string_pretty(&book).expect("names and text always serialise");
        private_file::replace(&path, &text).map_err(|source| io_error("write", &path, source))?;
        self.refresh()
    }

    fn path(&self) -> PathBuf {
        self.directory.join("users.json")
    }
}

impl Default for Book {
    fn default() -> Book {
        Book { version: VERSION, users: BTreeMap::new(), changes: Vec::new() }
    }
}

impl UserChange {
    /// As it is journaled.
    pub fn act(&self) -> Act {
        let UserChange { at_us, by, kind, user, role } = self;
        Act {
            by: Some(by.into()),
            subject: user.as_str().into(),
            detail: format!("{} at {}", role.as_str(), Timestamp(*at_us)),
            ..Act::new(*kind)
        }
    }
}

impl Role {
    /// The name in lists and in the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Operator => "operator",
            Role::Viewer => "viewer",
        }
    }
}

impl User {
    fn credential(&self) -> Credential {
        let digest = Sha256::digest(self.password.as_bytes());
        Credential(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }
}

fn read(path: &Path) -> Result<Book, UsersError> {
    let text = private_file::read(path).map_err(|source| io_error("read", path, source))?;
    let Some(text) = text else { return Ok(Book::default()) };
    let malformed = |detail: String| UsersError::Malformed { path: path.to_owned(), detail };
    let book: Book = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    if book.version == VERSION { Ok(book) } else { Err(malformed(format!("version {} is not known", book.version))) }
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> UsersError {
    UsersError::Io { doing, path: path.to_owned(), source }
}
