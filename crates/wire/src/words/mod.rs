//! From a key or a text to words with a meaning.

mod table;

use compact_str::CompactString;
use std::collections::HashMap;
use std::sync::LazyLock;

macro_rules! words {
    ($($name:ident)*) => {
        /// A word that matters. What each stands for is in `table.rs`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Word { $($name,)* }
    };
}

words! {
    Smoke Fire Flame Heat Gas Co Co2 Water Leak ByHand Manual Tamper Removed Installed Test Mute Fault Battery Temperature
    Humidity Pressure Voltage Current Residual Power Energy Mains Door Contact Valve Pump Presence Fall Oxygen Cable
    Flow Rssi Alarm State Action Sensor Level Obscuration Low High Good Active Clear Ended No And Unknown Pre Warning WarmUp
    EndOfLife Soon On Off Lost Open Closed Vacant Volts Millivolts Percent Ppm LongAgo Setting Mode Sounder Elsewhere
    Air Channel Wind
    Linked Circuit Short Own Supply Check Kind
}

/// The longest text that is split; a longer one is no state word.
const TEXT_BYTES_MAX: usize = 256;

/// The words of a text in order, with a count of those that mean nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    known: Vec<Word>,
    bits: u128,
    /// Tokens that are neither known nor a bare number.
    pub(crate) strangers: usize,
}

impl Words {
    /// Splits a key or a text.
    pub(crate) fn of(text: &str) -> Words {
        let mut words = Words::default();
        if text.len() <= TEXT_BYTES_MAX {
            split(text, &mut |token| words.add(token));
        }
        words
    }

    pub(crate) fn has(&self, word: Word) -> bool {
        self.bits & bit(word) != 0
    }

    pub(crate) fn any(&self, wanted: &[Word]) -> bool {
        wanted.iter().any(|word| self.has(*word))
    }

    /// The known words in order.
    pub(crate) fn known(&self) -> &[Word] {
        &self.known
    }

    /// Where the word first stands.
    pub(crate) fn position(&self, wanted: Word) -> Option<usize> {
        self.known.iter().position(|word| *word == wanted)
    }

    /// Whether nothing but these words, and numbers, is there.
    pub(crate) fn only(&self, allowed: &[Word]) -> bool {
        self.strangers == 0 && self.known.iter().all(|word| allowed.contains(word))
    }

    /// The clauses that "and", "with" and "but" part.
    pub(crate) fn clauses(&self) -> Vec<Words> {
        let parts = self.known.split(|word| *word == Word::And).filter(|part| !part.is_empty());
        let whole = |part: &[Word]| Words {
            known: part.to_vec(),
            bits: part.iter().fold(0, |bits, word| bits | bit(*word)),
            strangers: self.strangers,
        };
        parts.map(whole).collect()
    }

    /// These words after those of an enclosing object: `{"battery": {"percent": 80}}`.
    pub(crate) fn within(&self, outer: &Words) -> Words {
        let known = outer.known.iter().chain(&self.known).copied().collect();
        Words { known, bits: outer.bits | self.bits, strangers: outer.strangers + self.strangers }
    }

    fn add(&mut self, token: &str) {
        let meaning = LEXICON.get(token).or_else(|| LEXICON.get(token.strip_suffix('s')?));
        match meaning {
            Some(Meaning::One(word)) => self.push(*word),
            Some(Meaning::Several(parts)) => parts.iter().for_each(|part| self.add(part)),
            None if token.bytes().all(|b| b.is_ascii_digit()) => {}
            None => self.strangers += 1,
        }
    }

    fn push(&mut self, word: Word) {
        self.known.push(word);
        self.bits |= bit(word);
    }
}

fn bit(word: Word) -> u128 {
    1 << (word as u32)
}

enum Meaning {
    One(Word),
    Several(&'static [&'static str]),
}

// Only ever looked up, never walked: the order of a hash map is not seen.
static LEXICON: LazyLock<HashMap<&'static str, Meaning>> = LazyLock::new(|| {
    let mut lexicon = HashMap::new();
    // The first meaning listed stands, so that the table's order settles a word that is in two rows.
    for (word, spellings) in table::WORDS {
        spellings.iter().for_each(|spelling| _ = lexicon.entry(*spelling).or_insert(Meaning::One(*word)));
    }
    table::SPELLINGS.iter().for_each(|(spelling, parts)| _ = lexicon.insert(*spelling, Meaning::Several(parts)));
    lexicon
});

/// Calls `each` with every token, in lower case: `smokeAlarmHush`, `TempC_SHT`, `COAlarm`, `no smoke`, `烟雾报警`.
fn split(text: &str, each: &mut dyn FnMut(&str)) {
    for run in text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()) {
        let mut token = CompactString::default();
        let mut chars = run.chars().peekable();
        let mut before: Option<char> = None;
        while let Some(c) = chars.next() {
            if ends_before(before, c, chars.peek().copied(), &token) && !token.is_empty() {
                emit(&token, each);
                token.clear();
            }
            token.extend(c.to_lowercase());
            before = Some(c);
        }
        emit(&token, each);
    }
}

fn ends_before(before: Option<char>, c: char, after: Option<char>, token: &str) -> bool {
    let Some(before) = before else { return false };
    if is_cjk(before) != is_cjk(c) {
        return true;
    }
    if c.is_ascii_digit() && !before.is_ascii_digit() {
        let mut joined = CompactString::new(token);
        joined.push(c);
        return !table::WITH_DIGITS.iter().any(|name| name.starts_with(joined.as_str()));
    }
    if before.is_ascii_digit() && c.is_alphabetic() {
        // `h2s` goes on, `co2Alarm` does not.
        let mut joined = CompactString::new(token);
        joined.extend(c.to_lowercase());
        return !table::WITH_DIGITS.iter().any(|name| name.starts_with(joined.as_str()));
    }
    // `tempC` ends before C; `COAlarm` ends before the A that begins a word.
    c.is_uppercase() && (before.is_lowercase() || after.is_some_and(char::is_lowercase) && before.is_uppercase())
}

fn is_cjk(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

fn emit(token: &str, each: &mut dyn FnMut(&str)) {
    if token.starts_with(is_cjk) { split_cjk(token, each) } else { each(token) }
}

// Chinese has no spaces: the longest listed word at each place is taken, and what is not listed is passed over.
fn split_cjk(text: &str, each: &mut dyn FnMut(&str)) {
    const CHARS_MAX: usize = 4;
    let mut rest = text;
    while !rest.is_empty() {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take(CHARS_MAX);
        let is_listed = |word: &str| LEXICON.contains_key(word);
        let longest = ends.filter(|end| rest.get(..*end).is_some_and(is_listed)).last();
        let next = match longest {
            Some(end) => {
                each(rest.get(..end).unwrap_or_default());
                end
            }
            None => rest.chars().next().map_or(rest.len(), char::len_utf8),
        };
        rest = rest.get(next..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        split(text, &mut |token| tokens.push(token.to_owned()));
        tokens
    }

    #[test]
    fn keys_fall_into_words() {
        assert_eq!(tokens("smokeAlarmHush"), ["smoke", "alarm", "hush"]);
        assert_eq!(tokens("COAlarm"), ["co", "alarm"]);
        assert_eq!(tokens("TempC_SHT"), ["temp", "c", "sht"]);
        assert_eq!(tokens("temperature_38"), ["temperature", "38"]);
        assert_eq!(tokens("co2_sensor2"), ["co2", "sensor", "2"]);
        assert_eq!(tokens("eCO2"), ["e", "co2"]);
        assert_eq!(tokens("CO2"), ["co2"]);
        assert_eq!(tokens("Temp1"), ["temp", "1"]);
        assert_eq!(tokens("BAT_V"), ["bat", "v"]);
        assert_eq!(tokens("no_fault_detected"), ["no", "fault", "detected"]);
        assert_eq!(tokens("烟雾报警_1号"), ["烟雾", "报警", "1"]);
        assert_eq!(tokens(""), Vec::<String>::new());
    }

    #[test]
    fn the_table_has_room_and_is_lower_case() {
        assert!((Word::Kind as u32) < u128::BITS);
        for (word, spellings) in table::WORDS {
            for spelling in *spellings {
                assert_eq!(&spelling.to_lowercase(), spelling, "{word:?}");
            }
        }
    }
}
