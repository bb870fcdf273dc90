//! Text as panels send it: GB 18030 in a field that is padded with whatever the maker had at hand.
//!
//! Cleaned in this order: a maker's own prefix (dialect) and one leading control byte fall away, then NUL, space and
//! 0xA0 at both ends; what stands behind a NUL is left over from an older text. Bad text never costs an alarm: it is no
//! text, and the bytes are in the journal. The price: some ninety rare characters begin with 0xA0, and one of them at the
//! beginning of a text is read wrongly.

use compact_str::CompactString;
use encoding_rs::GB18030;
use std::borrow::Cow;

/// Bytes of a component's text field.
pub const COMPONENT_TEXT_BYTES: usize = 31;

const SPACE: u8 = 0x20;
const PAD: u8 = 0xA0;

/// The text of a field; `None` when the bytes are no GB 18030.
pub fn clean(field: &[u8], prefix_bytes: u8) -> Option<CompactString> {
    let field = field.get(usize::from(prefix_bytes)..).unwrap_or_default();
    let field = match field {
        [control, rest @ ..] if *control < SPACE => rest,
        whole => whole,
    };
    let start = field.iter().position(|byte| !is_padding(*byte)).unwrap_or(field.len());
    let field = field.get(start..).unwrap_or_default();
    let field = field.split(|byte| *byte == 0).next().unwrap_or_default();
    let end = field.iter().rposition(|byte| !is_padding(*byte)).map_or(0, |last| last + 1);
    // 0xA0 is padding, but also the second byte of some characters: one is given back when the text does not end without.
    decode(field.get(..end)?).or_else(|| decode(field.get(..=end).filter(|text| text.ends_with(&[PAD]))?))
}

/// As [`clean`], for people who look for the place: where the text fills the field and its last character was cut with it,
/// the characters before.
pub fn legible(field: &[u8], prefix_bytes: u8) -> Option<CompactString> {
    const CHARACTER_BYTES_MAX: usize = 4;
    let cut = (1..CHARACTER_BYTES_MAX).filter(|_| field.last().is_some_and(|last| !is_padding(*last)));
    let mut shorter = cut.filter_map(|cut| clean(field.get(..field.len().checked_sub(cut)?)?, prefix_bytes));
    clean(field, prefix_bytes).or_else(|| shorter.next())
}

/// The text of a file that a spreadsheet wrote: UTF-8, with or without its mark, or GB 18030. `None` when it is neither.
pub fn file(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => GB18030.decode_without_bom_handling_and_without_replacement(bytes),
    }
}

/// The bytes of a text as a component's field: cut at a character, filled up with NUL.
pub fn component_field(text: &str) -> [u8; COMPONENT_TEXT_BYTES] {
    let mut field = [0; COMPONENT_TEXT_BYTES];
    let mut free = field.as_mut_slice();
    for c in text.chars() {
        let mut utf8 = [0; 4];
        let (bytes, _, unmappable) = GB18030.encode(c.encode_utf8(&mut utf8));
        let Some((head, rest)) = free.split_at_mut_checked(bytes.len()).filter(|_| !unmappable) else { break };
        head.copy_from_slice(&bytes);
        free = rest;
    }
    field
}

fn is_padding(byte: u8) -> bool {
    matches!(byte, 0 | SPACE | PAD)
}

fn decode(bytes: &[u8]) -> Option<CompactString> {
    if bytes.is_ascii() {
        return std::str::from_utf8(bytes).ok().map(printable);
    }
    GB18030.decode_without_bom_handling_and_without_replacement(bytes).map(|text| printable(&text))
}

fn printable(text: &str) -> CompactString {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: &[u8], wanted: Option<&str>) {
        assert_eq!(clean(field, 0).as_deref(), wanted, "{field:02x?}");
    }

    #[test]
    fn every_padding_seen_in_the_field_falls_away() {
        check(b"\xb3\xa3\xb1\xd5\xc3\xc5    ", Some("常闭门"));
        check(b"\0\0\0\xb3\xa3\xb1\xd5\xc3\xc5\0\0", Some("常闭门"));
        check(b"\x01\xa0\xa0\xa0\xa0\0\0\0", Some(""));
        check(b"\x02\0\0\0", Some(""));
        check(b"\x01\xb3\xa3\xb1\xd5\xc3\xc5\xa0\xa0", Some("常闭门"));
        check(b"1-2-4\0\x7f\xff\xff", Some("1-2-4"));
        check(b"", Some(""));
        check(&[SPACE; 31], Some(""));
    }

    #[test]
    fn bytes_that_are_no_text_are_none_and_never_garbage() {
        check(b"\xfb\0\0\0\x01U", None);
        check(b"\xff\xff", None);
        check(b"\x81", None);
    }

    #[test]
    fn a_character_that_ends_like_padding_stays_whole() {
        // The second byte of U+4E96 is A0.
        let field = component_field("楼亖");
        let bytes: Vec<u8> = field.iter().copied().filter(|byte| *byte != 0).collect();
        assert_eq!(clean(&field, 0).as_deref(), Some("楼亖"), "{bytes:02x?}");
        check(b"\x81\xa0", Some(GB18030.decode(b"\x81\xa0").0.as_ref()));
        check(b"\x81\xa0\xa0\xa0\0", Some(GB18030.decode(b"\x81\xa0").0.as_ref()));
    }

    #[test]
    fn a_field_is_cut_at_a_character() {
        let long = "十六个汉字正好是三十二个字节长啊";
        let field = component_field(long);
        assert_eq!(clean(&field, 0).as_deref(), Some("十六个汉字正好是三十二个字节长"));
        assert_eq!(clean(&component_field("Ａ区１层呷哺走廊"), 0).as_deref(), Some("Ａ区１层呷哺走廊"));
    }

    #[test]
    fn a_character_that_the_field_cut_costs_only_itself_where_people_read() {
        let (long, _, _) = GB18030.encode("三号楼十二层东侧走廊感烟探测器甲");
        let field = &long[..COMPONENT_TEXT_BYTES];
        assert_eq!(clean(field, 0), None);
        assert_eq!(legible(field, 0).as_deref(), Some("三号楼十二层东侧走廊感烟探测器"));
        assert_eq!(legible(&component_field("常闭门"), 0).as_deref(), Some("常闭门"));
        assert_eq!(legible(b"\xff\xff\xff\xff\xff", 0), None);
        assert_eq!(legible(b"\xfb\0\0\0\x01U", 0), None);
        assert_eq!(legible(b"", 0).as_deref(), Some(""));
    }

    #[test]
    fn a_spreadsheets_file_is_read_in_either_encoding() {
        assert_eq!(file("\u{feff}常闭门".as_bytes()).as_deref(), Some("常闭门"));
        assert_eq!(file("常闭门".as_bytes()).as_deref(), Some("常闭门"));
        assert_eq!(file(b"\xb3\xa3\xb1\xd5\xc3\xc5").as_deref(), Some("常闭门"));
        assert_eq!(file(b"\xff\xff"), None);
    }

    #[test]
    fn a_dialects_prefix_is_not_text() {
        assert_eq!(clean(b"\x31\xb3\xa3", 1).as_deref(), Some("常"));
        assert_eq!(clean(b"\x31", 9).as_deref(), Some(""));
    }
}
