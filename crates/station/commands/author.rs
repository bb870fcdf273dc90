//! Whose command this is, for the audit.

use crate::clock;
use watchfire_console::Author;

/// A name that is longer is cut.
const NAME_CHARS_MAX: usize = 64;

/// The account that gave the command, as far as the machine knows: who called `sudo`, else who runs it.
pub(crate) fn of_this_process() -> Author {
    let named = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let name = named.filter(|name| !name.is_empty() && !name.chars().any(char::is_control));
    let name = name.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
    Author { by: format!("os:{}", name.chars().take(NAME_CHARS_MAX).collect::<String>()), clock: clock::wall }
}
