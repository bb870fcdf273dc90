//! JSON as devices really send it.
//!
//! Strict JSON is read as it is. Where that fails, three well-known faults are repaired and noted, because an alarm may
//! stand beside them: numbers that JSON does not have (`NaN`, `Infinity`, `1e999`) become `null`, bytes that are not
//! UTF-8 become U+FFFD, and a byte order mark or trailing NUL bytes are cut off. Nothing else is repaired.

use crate::draft::Draft;
use serde::Deserialize;
use watchfire_model::DefectKind;

/// Reads a payload as `T`. `scratch` holds the repaired text, if a repair was needed. `None` after a defect was noted.
pub(crate) fn parse<'a, T: Deserialize<'a>>(
    payload: &'a [u8],
    scratch: &'a mut String,
    draft: &mut Draft,
) -> Option<T> {
    let error = match serde_json::from_slice(payload) {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    if error.is_data() {
        draft.defect(DefectKind::BadShape, &error.to_string());
        return None;
    }
    let repaired = repair(payload);
    *scratch = repaired.text;
    match serde_json::from_str(scratch) {
        Ok(value) => {
            if repaired.not_utf8 {
                draft.defect(DefectKind::BadUtf8, "bytes that are not UTF-8 in a text");
            }
            if repaired.not_numbers > 0 {
                draft.defect(DefectKind::NotFinite, &format!("{} numbers that are not finite", repaired.not_numbers));
            }
            Some(value)
        }
        Err(_) => {
            let kind = if repaired.not_utf8 { DefectKind::BadUtf8 } else { DefectKind::BadJson };
            draft.defect(kind, &error.to_string());
            None
        }
    }
}

struct Repaired {
    text: String,
    not_utf8: bool,
    not_numbers: usize,
}

fn repair(payload: &[u8]) -> Repaired {
    let lossy = String::from_utf8_lossy(payload);
    let not_utf8 = matches!(lossy, std::borrow::Cow::Owned(_));
    let mut rest = lossy.trim_start_matches('\u{feff}').trim_end_matches('\0');
    let mut repaired = Repaired { text: String::with_capacity(rest.len()), not_utf8, not_numbers: 0 };
    while let Some(first) = rest.chars().next() {
        let token_bytes = match first {
            '"' => string_bytes(rest),
            c if is_bare(c) => rest.find(|c| !is_bare(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(token_bytes);
        if is_bare(first) && is_not_finite(token) {
            repaired.text.push_str("null");
            repaired.not_numbers += 1;
        } else {
            repaired.text.push_str(token);
        }
        rest = after;
    }
    repaired
}

fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

// `f64::from_str` reads `nan`, `inf` and `infinity` in any case, and 1e999 as infinity.
fn is_not_finite(token: &str) -> bool {
    token.parse::<f64>().is_ok_and(|number| !number.is_finite())
}

/// The length of the string at the start of `text`, quotes included; all of it when it does not end.
fn string_bytes(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;
    use watchfire_model::{Source, Timestamp};

    fn check(payload: &[u8]) -> (bool, Vec<DefectKind>) {
        let mut draft = Draft::new(Source::Generic, Timestamp::EPOCH);
        let mut scratch = String::new();
        let tree: Option<Tree<'_>> = parse(payload, &mut scratch, &mut draft);
        let kinds = draft.finish().defects.iter().map(|defect| defect.kind).collect();
        (tree.is_some_and(|tree| tree.get("smoke") == Some(&Tree::Bool(true))), kinds)
    }

    #[test]
    fn an_alarm_beside_a_known_fault_is_read() {
        assert_eq!(check(br#"{"smoke":true}"#), (true, vec![]));
        for bad in ["NaN", "-Infinity", "inf", "1e999"] {
            let payload = format!(r#"{{"t":{bad},"note":"NaN \" 1e999","smoke":true}}"#);
            assert_eq!(check(payload.as_bytes()), (true, vec![DefectKind::NotFinite]), "{bad}");
        }
        assert_eq!(check(b"\xef\xbb\xbf{\"smoke\":true}\0"), (true, vec![]));
        assert_eq!(check(b"{\"name\":\"\xff\",\"smoke\":true}"), (true, vec![DefectKind::BadUtf8]));
    }

    #[test]
    fn what_is_not_json_stays_a_defect() {
        assert_eq!(check(b"{smoke:true}"), (false, vec![DefectKind::BadJson]));
        assert_eq!(check(b"\xff\xfe"), (false, vec![DefectKind::BadUtf8]));
        assert_eq!(check(b""), (false, vec![DefectKind::BadJson]));
        assert_eq!(check(b"{\"smoke\":tr"), (false, vec![DefectKind::BadJson]));
    }
}
