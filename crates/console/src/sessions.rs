//! Who is logged in: a session for each log-in, for 12 h after its last use, across restarts.
//!
//! `sessions.json` beside `users.json`, replaced as a whole. It holds the SHA-256 of each token, never the token: who
//! reads the file cannot log in with it. A log-in or log-out is written at once, a longer life once a minute. If the
//! file cannot be written (disk full), sessions work as before and end with the process.

use crate::private_file;
use crate::users::Credential;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use watchfire_model::{Timestamp, UserName};

/// How long a session lives after its last use.
pub const SESSION_LIFE: Duration = Duration::from_secs(12 * 3600);
/// A use within this time of the last one is not noted.
const RENEW_AFTER: Duration = Duration::from_secs(5 * 60);
/// Sessions of one user; past this the one that is unused for longest ends.
pub const SESSIONS_PER_USER_MAX: usize = 50;
/// Sessions of all users; likewise.
pub const SESSIONS_MAX: usize = 10_000;
const VERSION: u32 = 1;
const TOKEN_BYTES: usize = 32;

/// The secret that the browser keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token(String);

/// A token's hash, in hex: what is kept here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TokenHash(String);

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) user: UserName,
    pub(crate) credential: Credential,
    /// Microseconds since the epoch.
    pub(crate) expires_at: Timestamp,
    /// Where the user logged in; sessions of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<IpAddr>,
}

/// Every session.
#[derive(Debug)]
pub(crate) struct Sessions {
    path: PathBuf,
    book: Mutex<Book>,
    /// Held while the file is written, so that an older state never replaces a newer one.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Book {
    sessions: BTreeMap<TokenHash, Session>,
    unwritten: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnDisk {
    version: u32,
    sessions: BTreeMap<TokenHash, Session>,
}

impl Token {
    /// A new one; `None` when the system gives no random bytes.
    fn random() -> Option<Token> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).ok()?;
        Some(Token(URL_SAFE_NO_PAD.encode(bytes)))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TokenHash {
    /// Of what a browser sent as its token.
    pub(crate) fn of(token: &str) -> TokenHash {
        let digest = Sha256::digest(token.as_bytes());
        TokenHash(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Sessions {
    /// Reads the sessions of a directory. What cannot be read is no session: people log in again.
    pub(crate) fn open(directory: &Path) -> Sessions {
        let path = directory.join("sessions.json");
        let sessions = read(&path).unwrap_or_else(|error| {
            tracing::warn!(%error, path = %path.display(), "sessions could not be read: everybody must log in again");
            BTreeMap::new()
        });
        Sessions { path, book: Mutex::new(Book { sessions, unwritten: false }), writing: tokio::sync::Mutex::default() }
    }

    /// Begins a session; `None` when the system gives no random bytes.
    pub(crate) async fn begin(
        &self,
        now: Timestamp,
        user: UserName,
        credential: Credential,
        address: IpAddr,
    ) -> Option<Token> {
        let token = Token::random()?;
        let session = Session { user, credential, expires_at: now.plus(SESSION_LIFE), address: Some(address) };
        self.book().insert(TokenHash::of(token.as_str()), session);
        self.write().await;
        Some(token)
    }

    /// Who is logged in where.
    pub(crate) fn desks(&self) -> Vec<(String, IpAddr)> {
        let book = self.book();
        let desks = book.sessions.values().filter_map(|session| Some((session.user.to_string(), session.address?)));
        desks.collect()
    }

    /// The session of a token, whose life is prolonged by this use.
    pub(crate) fn touch(&self, now: Timestamp, token: &TokenHash) -> Option<Session> {
        let mut book = self.book();
        let session = book.sessions.get_mut(token).filter(|session| session.expires_at > now)?;
        let renewed = now.plus(SESSION_LIFE);
        let longer = renewed.since(session.expires_at) > RENEW_AFTER;
        if longer {
            session.expires_at = renewed;
        }
        let session = session.clone();
        book.unwritten |= longer;
        Some(session)
    }

    /// Ends a session.
    pub(crate) async fn end(&self, token: &TokenHash) {
        self.book().sessions.remove(token);
        self.write().await;
    }

    /// Forgets what has expired and writes what is not written.
    pub(crate) async fn tidy(&self, now: Timestamp) {
        let unwritten = {
            let mut book = self.book();
            book.sessions.retain(|_, session| session.expires_at > now);
            book.unwritten
        };
        if unwritten {
            self.write().await;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.book().sessions.len()
    }

    async fn write(&self) {
        let _one_at_a_time = self.writing.lock().await;
        let text = {
            let mut book = self.book();
            book.unwritten = false;
            let on_disk = OnDisk { version: VERSION, sessions: book.sessions.clone() };
            serde_json::to_string(&on_disk).expect("names and text always serialise")
        };
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || private_file::replace(&path, &text)).await;
        if !matches!(written, Ok(Ok(()))) {
            self.book().unwritten = true;
            tracing::error!(path = %self.path.display(), "sessions could not be written: they end with this process");
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn insert(&mut self, token: TokenHash, session: Session) {
        let of_user = self.sessions.values().filter(|other| other.user == session.user).count();
        if of_user >= SESSIONS_PER_USER_MAX {
            self.drop_oldest(|other| other.user == session.user);
        } else if self.sessions.len() >= SESSIONS_MAX {
            self.drop_oldest(|_| true);
        }
        self.sessions.insert(token, session);
    }

    fn drop_oldest(&mut self, among: impl Fn(&Session) -> bool) {
        let candidates = self.sessions.iter().filter(|(_, session)| among(session));
        let oldest = candidates.min_by_key(|(_, session)| session.expires_at).map(|(token, _)| token.clone());
        if let Some(token) = oldest {
            self.sessions.remove(&token);
        }
    }
}

fn read(path: &Path) -> std::io::Result<BTreeMap<TokenHash, Session>> {
    let Some(text) = private_file::read(path)? else { return Ok(BTreeMap::new()) };
    let on_disk: OnDisk = serde_json::from_str(&text)?;
    if on_disk.version == VERSION {
        Ok(on_disk.sessions)
    } else {
        Err(std::io::Error::other(format!("version {} is not known", on_disk.version)))
    }
}
