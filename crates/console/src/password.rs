//! Passwords: argon2id hashes in PHC form.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use std::sync::LazyLock;

/// The shortest password that is taken, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// The longest password that is taken, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Why a password cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too easily guessed.
    #[error("the password is too short: use at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// No person types that.
    #[error("the password is too long: use at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// The system gave no random bytes, or no memory.
    #[error("the password could not be hashed: {0}")]
    NotHashed(String),
}

/// What a password is compared with when there is no such user, so that the answer takes as long.
static NOBODY: LazyLock<Option<PasswordHash>> = LazyLock::new(|| Argon2::default().hash_password(b"nobody").ok());

/// Hashes a new password. Takes some 30 ms of a core.
pub(crate) fn hash(password: &str) -> Result<String, PasswordError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordError::TooShort);
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::NotHashed(error.to_string()))
}

/// Whether the password fits the hash. Takes as long when there is no hash to compare with.
pub(crate) fn verify(password: &str, hash: Option<&str>) -> bool {
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    let known = hash.and_then(|hash| PasswordHash::new(hash).ok());
    let fits = known.as_ref().or(NOBODY.as_ref()).is_some_and(|hash| {
        let argon2: &dyn PasswordVerifier<PasswordHash> = &Argon2::default();
        argon2.verify_password(password.as_bytes(), hash).is_ok()
    });
    fits && known.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_fits() {
        let hash = hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify("correct horse", Some(&hash)));
        assert!(!verify("Correct horse", Some(&hash)));
        assert!(!verify("nobody", None), "the stand-in is nobody's password");
        assert!(!verify("correct horse", Some("rubbish")));
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert_eq!(hash("short"), Err(PasswordError::TooShort));
        assert!(hash("十个汉字的密码也可以用").is_ok());
        assert_eq!(hash(&"x".repeat(PASSWORD_BYTES_MAX + 1)), Err(PasswordError::TooLong));
    }
}
