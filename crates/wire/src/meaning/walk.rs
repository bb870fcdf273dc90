//! From a document to its properties.

use crate::tree::Tree;
use crate::words::{Word, Words};
use std::borrow::Cow;

/// How deep objects may nest. Deeper ones are somebody's own protocol, not a detector's report.
const DEPTH_MAX: usize = 8;

/// One value with everything that its place in the document says about it.
#[derive(Clone)]
pub(crate) struct Property<'a> {
    /// The keys down to it, joined by dots: the point's name.
    pub(crate) path: Cow<'a, str>,
    /// The words of its key, and of the enclosing key where its own says too little.
    pub(crate) words: Words,
    /// Its value.
    pub(crate) value: Scalar<'a>,
    /// The unit beside it.
    pub(crate) unit: Option<&'a str>,
}

/// A value that is not a list or an object. `null` is no value at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Bool(bool),
    Number(f64),
    Text(&'a str),
}

/// Whether the document answers a command, `{"Cmd": "ReadConfigReportRsp", …}`: then it holds settings, and no
/// measurement, whatever its keys say. A report that merely names its command is read.
pub(crate) fn is_answer_to_a_command(document: &Tree<'_>) -> bool {
    document.fields().iter().any(|(key, value)| {
        let is_command = key.eq_ignore_ascii_case("cmd") || key.eq_ignore_ascii_case("command");
        is_command && value.text().map(str::to_ascii_lowercase).is_some_and(|command| is_answer(&command))
    })
}

fn is_answer(command: &str) -> bool {
    ["rsp", "response", "reply", "config"].iter().any(|part| command.contains(part)) || command.ends_with("ack")
}

/// Every property, in the order of the text.
pub(crate) fn properties<'a>(document: &'a Tree<'_>) -> Vec<Property<'a>> {
    let mut found = Vec::with_capacity(document.fields().len());
    fields(document, "", &Words::default(), DEPTH_MAX, &mut found);
    found
}

fn fields<'a>(object: &'a Tree<'_>, path: &str, outer: &Words, depth: usize, found: &mut Vec<Property<'a>>) {
    for (key, value) in object.fields() {
        let path = if path.is_empty() { Cow::Borrowed(key.as_ref()) } else { Cow::Owned(format!("{path}.{key}")) };
        field(Words::of(key), path, value, outer, depth, found);
    }
}

fn field<'a>(
    words: Words,
    path: Cow<'a, str>,
    value: &'a Tree<'_>,
    outer: &Words,
    depth: usize,
    found: &mut Vec<Property<'a>>,
) {
    if let Some((value, unit)) = scalar(value).map(|value| (value, None)).or_else(|| measurement(value)) {
        return found.push(Property { path, words: in_place(words, outer), value, unit });
    }
    // A branch of settings, of the past or of commands holds no statement about now.
    if depth == 0 || words.any(&[Word::Setting, Word::LongAgo, Word::Warning, Word::Sounder]) {
        return;
    }
    fields(value, &path, &words, depth - 1, found);
    for (index, item) in value.items().iter().enumerate() {
        let path = format!("{path}.{index}");
        match (measurement(item), item.get("name").and_then(Tree::text)) {
            (Some((value, unit)), Some(name)) => {
                found.push(Property { path: path.into(), words: Words::of(name), value, unit });
            }
            _ => fields(item, &path, &words, depth - 1, found),
        }
    }
}

fn scalar<'a>(value: &'a Tree<'_>) -> Option<Scalar<'a>> {
    match value {
        Tree::Bool(value) => Some(Scalar::Bool(*value)),
        Tree::Number(value) => Some(Scalar::Number(*value)),
        Tree::Text(text) => Some(Scalar::Text(text)),
        Tree::Null | Tree::List(_) | Tree::Object(_) => None,
    }
}

/// `{"value": 21, "unit": "°C"}`; `values` are the latest first.
fn measurement<'a>(tree: &'a Tree<'_>) -> Option<(Scalar<'a>, Option<&'a str>)> {
    const BESIDE: [&str; 6] = ["value", "values", "unit", "units", "displayName", "name"];
    if !tree.fields().iter().all(|(key, _)| BESIDE.contains(&key.as_ref())) {
        return None;
    }
    let latest = || tree.get("values").and_then(|values| values.items().first());
    let value = scalar(tree.get("value").or_else(latest)?)?;
    let unit = tree.get("unit").or_else(|| tree.get("units")).and_then(Tree::text);
    Some((value, unit))
}

/// A key that says only that there is a state, or only in which unit, is read together with the enclosing one:
/// `{"smoke:0": {"alarm": false}}`, `{"battery": {"V": 3.0, "low": false}}`.
fn in_place(words: Words, outer: &Words) -> Words {
    const SAYS_LITTLE: &[Word] = &[
        Word::Alarm,
        Word::State,
        Word::Level,
        Word::Active,
        Word::Percent,
        Word::Volts,
        Word::Millivolts,
        Word::Mute,
        Word::Fault,
        Word::Test,
    ];
    let says_little = !words.known().is_empty() && words.only(SAYS_LITTLE);
    let battery_low = outer.has(Word::Battery) && words.only(&[Word::Low]) && words.has(Word::Low);
    if says_little || battery_low { words.within(outer) } else { words }
}
