//! Topic names and topic filters: which are well formed, which filter covers which, and the form in which the router
//! gets them.
//!
//! **Router form.** Every site has its own tree in the router, so that two sites with a `zigbee2mqtt/kitchen` never
//! hear each other: `<site>/<topic>`. rumqttd slices the first byte of a topic as text and panics when that is not a
//! whole character, so the router gets ASCII only: bytes outside of it, and `%`, are written `%XX`. Levels stay
//! levels, so filters match as before.

use crate::close::Close;
use watchfire_model::frame::TOPIC_BYTES_MAX;

/// Levels of a topic or filter; more is refused.
const LEVELS_MAX: usize = 64;

/// Checks a topic name that a client publishes to.
pub(crate) fn topic_name(bytes: &[u8]) -> Result<&str, Close> {
    let topic = std::str::from_utf8(bytes).map_err(|_| Close::Malformed)?;
    let is_plain = |byte: &u8| !matches!(*byte, 0..=31 | 127 | b'+' | b'#');
    if topic.is_empty() || topic.len() > TOPIC_BYTES_MAX || !bytes.iter().all(is_plain) {
        return Err(Close::BadTopic);
    }
    // C1 controls (U+0080 to U+009F) are the only ones with more than one byte.
    if !topic.is_ascii() && topic.chars().any(char::is_control) {
        return Err(Close::BadTopic);
    }
    if levels(topic) > LEVELS_MAX {
        return Err(Close::BadTopic);
    }
    Ok(topic)
}

fn levels(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'/').count() + 1
}

/// Whether a topic filter is well formed: `+` alone in its level, `#` alone in the last.
pub(crate) fn is_filter(filter: &str) -> bool {
    let fits = !filter.is_empty() && filter.len() <= TOPIC_BYTES_MAX && levels(filter) <= LEVELS_MAX;
    let mut parts = filter.split('/').peekable();
    let mut formed = true;
    while let Some(level) = parts.next() {
        formed &= match level {
            "+" => true,
            "#" => parts.peek().is_none(),
            _ => !level.contains(['+', '#']),
        };
    }
    fits && formed && !filter.chars().any(char::is_control)
}

/// A `$share/<group>/<filter>` taken apart.
pub(crate) fn shared(filter: &str) -> Option<(&str, &str)> {
    let (group, inner) = filter.strip_prefix("$share/")?.split_once('/')?;
    (!group.is_empty() && !group.contains(['+', '#'])).then_some((group, inner))
}

/// Whether `filter` matches `topic`. Topics that begin with `$` match no wildcard at the front.
pub(crate) fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for part in filter.split('/') {
        match (part, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (part, Some(level)) if part == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// Whether every topic that `asked` matches is matched by `allowed` too.
pub(crate) fn covers(allowed: &str, asked: &str) -> bool {
    let mut levels = asked.split('/');
    for part in allowed.split('/') {
        match (part, levels.next()) {
            ("#", _) => return true,
            ("+", Some(level)) if level != "#" => {}
            (part, Some(level)) if part == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// The router form of a topic or filter of that site.
pub(crate) fn to_router(site: &str, topic: &str) -> String {
    let mut text = String::with_capacity(site.len() + 1 + topic.len());
    text.push_str(site);
    text.push('/');
    for byte in topic.bytes() {
        match byte {
            b'%' | 0x80.. => {
                text.push('%');
                text.extend(
                    [byte >> 4, byte & 15].into_iter().filter_map(|half| char::from_digit(u32::from(half), 16)),
                );
            }
            _ => text.push(char::from(byte)),
        }
    }
    text
}

/// The topic of a router form; `None` if it is not one.
pub(crate) fn from_router(text: &[u8]) -> Option<String> {
    let at = text.iter().position(|byte| *byte == b'/')?;
    let mut rest = text.get(at + 1..)?.iter();
    let mut topic = Vec::with_capacity(rest.len());
    while let Some(byte) = rest.next() {
        if *byte == b'%' {
            let high = char::from(*rest.next()?).to_digit(16)?;
            let low = char::from(*rest.next()?).to_digit(16)?;
            topic.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            topic.push(*byte);
        }
    }
    String::from_utf8(topic).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        for good in ["a", "a/b", "/", "zigbee2mqtt/厨房", "a b"] {
            assert_eq!(topic_name(good.as_bytes()), Ok(good));
        }
        for bad in ["", "a/+", "#", "a\u{0}", "a\u{7f}", "a\u{85}", &"a".repeat(513), &"/".repeat(64)] {
            assert_eq!(topic_name(bad.as_bytes()), Err(Close::BadTopic), "{bad:?}");
        }
        assert_eq!(topic_name(&[0xFF]), Err(Close::Malformed));
    }

    #[test]
    fn filters() {
        for good in ["#", "+", "a/+/b", "a/#", "/+", "厨房/#"] {
            assert!(is_filter(good), "{good}");
        }
        for bad in ["", "a#", "#/a", "a+", "+a/b", "a/#/b", "a\u{1}"] {
            assert!(!is_filter(bad), "{bad:?}");
        }
        assert_eq!(shared("$share/g/a/b"), Some(("g", "a/b")));
        assert_eq!(shared("$share//a"), None);
        assert_eq!(shared("$share/g"), None);
    }

    #[test]
    fn matching_and_covering() {
        for (filter, topic, expected) in [
            ("a/#", "a", true),
            ("a/+", "a/b", true),
            ("a/+", "a/b/c", false),
            ("#", "$SYS/x", false),
            ("+/b", "a/b", true),
            ("a/b", "a", false),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        }
        for (allowed, asked, expected) in [
            ("a/#", "a/#", true),
            ("a/#", "a/+/c", true),
            ("a/#", "#", false),
            ("a/#", "+/b", false),
            ("a/+", "a/b", true),
            ("a/+", "a/+", true),
            ("a/+", "a/#", false),
            ("a/b", "a/b", true),
            ("a/b", "a/+", false),
        ] {
            assert_eq!(covers(allowed, asked), expected, "{allowed} {asked}");
        }
    }

    proptest! {
        #[test]
        fn the_router_form_reads_back_and_is_ascii(topic in "\\PC{0,40}") {
            let form = to_router("care", &topic);
            prop_assert!(form.is_ascii());
            prop_assert_eq!(from_router(form.as_bytes()), Some(topic));
        }

        #[test]
        fn the_router_form_matches_as_before(topic in "[a三%]{0,2}(/[a三%]{0,2}){0,3}", filter in "([a三%]{1,2}|\\+)(/([a三%]{1,2}|\\+)){0,3}(/#)?") {
            let (t, f) = (to_router("care", &topic), to_router("care", &filter));
            prop_assert_eq!(matches(&filter, &topic), rumqttd::protocol::matches(&t, &f));
        }
    }
}
