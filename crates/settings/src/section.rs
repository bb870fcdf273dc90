//! One table of a settings file, read key by key.

use crate::problem::Collector;
use crate::suggest::nearest;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table. Every getter notes what is wrong and returns what it can; `…_or` and `optional_…` allow the key to be
/// absent, the others require it.
pub struct Section<'a> {
    table: &'a DeTable<'a>,
    offset: usize,
    path: String,
    asked: BTreeSet<String>,
    collector: &'a Collector<'a>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(
        table: &'a DeTable<'a>,
        offset: usize,
        path: String,
        collector: &'a Collector<'a>,
    ) -> Section<'a> {
        Section { table, offset, path, asked: BTreeSet::new(), collector }
    }

    /// Whether the key holds text in quotes. Does not count as asking for it.
    pub fn is_text(&self, key: &str) -> bool {
        self.find(key).is_some_and(|(_, value)| value.get_ref().as_str().is_some())
    }

    /// Whether the key is there. Does not count as asking for it.
    pub fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// The line of a key, or of the section when the key is absent.
    pub fn line(&self, key: &str) -> usize {
        self.collector.line(self.find(key).map_or(self.offset, |(offset, _)| offset))
    }

    /// Notes a problem with a key (with the section, when the key is empty or absent).
    pub fn problem(&mut self, key: &str, message: impl Into<String>) {
        let offset = self.find(key).map_or(self.offset, |(offset, _)| offset);
        let path = if key.is_empty() { self.path.clone() } else { self.path_of(key) };
        self.collector.at(offset, &path, message);
    }

    /// Text that must be there.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.required(key)?;
        self.optional_text(key)
    }

    /// Text, or the default.
    pub fn text_or(&mut self, key: &str, default: &str) -> String {
        self.optional_text(key).unwrap_or_else(|| default.to_owned())
    }

    /// Text that may be absent.
    pub fn optional_text(&mut self, key: &str) -> Option<String> {
        let value = self.ask(key)?;
        value.as_str().map(str::to_owned).or_else(|| self.wrong_type(key, value, "text in quotes"))
    }

    /// Text that reads as a `T` and must be there.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, key: &str) -> Option<T> {
        self.required(key)?;
        self.optional_parsed(key)
    }

    /// Text that reads as a `T` and may be absent.
    pub fn optional_parsed<T: FromStr<Err: Display>>(&mut self, key: &str) -> Option<T> {
        let text = self.optional_text(key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(key, format!("`{text}`: {error}"));
                None
            }
        }
    }

    /// One of the words, which must be there.
    pub fn choice<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        self.chosen(key, &text, words)
    }

    /// One of the words, or the default.
    pub fn choice_or<T: Copy>(&mut self, key: &str, default: T, words: &[(&str, T)]) -> T {
        let text = self.optional_text(key);
        text.and_then(|text| self.chosen(key, &text, words)).unwrap_or(default)
    }

    /// A whole number within the range, which must be there.
    pub fn integer(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        self.required(key)?;
        self.optional_integer(key, range)
    }

    /// A whole number within the range, or the default.
    pub fn integer_or(&mut self, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        self.optional_integer(key, range).unwrap_or(default)
    }

    /// A whole number within the range, which may be absent.
    pub fn optional_integer(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.ask(key)?;
        let Some(integer) = value.as_integer() else {
            return self.wrong_type(key, value, "a whole number");
        };
        match u64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                self.problem(key, format!("is {integer}; use {} to {}", range.start(), range.end()));
                None
            }
        }
    }

    /// A finite number, which must be there.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        self.required(key)?;
        self.optional_number(key)
    }

    /// A finite number, which may be absent.
    pub fn optional_number(&mut self, key: &str) -> Option<f64> {
        let value = self.ask(key)?;
        let text = match value {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => return self.wrong_type(key, value, "a number"),
        };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Some(number),
            _ => {
                self.problem(key, format!("is {text}; use a finite number"));
                None
            }
        }
    }

    /// True or false, or the default.
    pub fn flag_or(&mut self, key: &str, default: bool) -> bool {
        let Some(value) = self.ask(key) else { return default };
        value.as_bool().or_else(|| self.wrong_type(key, value, "true or false")).unwrap_or(default)
    }

    /// A list of texts, each read by `item`; empty when the key is absent.
    pub fn list<T>(&mut self, key: &str, mut item: impl FnMut(&str) -> Result<T, String>) -> Vec<T> {
        let Some(value) = self.ask(key) else { return Vec::new() };
        let Some(array) = value.as_array() else {
            self.wrong_type::<()>(key, value, "a list of texts");
            return Vec::new();
        };
        let path = self.path_of(key);
        let mut items = Vec::new();
        for element in array {
            let Some(text) = element.get_ref().as_str() else {
                self.collector.at(element.span().start, &path, "holds something that is not text in quotes");
                continue;
            };
            match item(text) {
                Ok(value) => items.push(value),
                Err(message) => self.collector.at(element.span().start, &path, message),
            }
        }
        items
    }

    /// A list of lists of whole numbers within the range; `None` when the key is absent or wrong.
    pub fn integer_lists(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<Vec<Vec<u64>>> {
        let value = self.ask(key)?;
        let number = |value: &Spanned<DeValue<'_>>| {
            let integer = value.get_ref().as_integer()?;
            let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
            number.filter(|number| range.contains(number))
        };
        let list = |value: &Spanned<DeValue<'_>>| value.get_ref().as_array()?.iter().map(number).collect::<Option<_>>();
        let lists = value.as_array().and_then(|array| array.iter().map(list).collect::<Option<_>>());
        if lists.is_none() {
            self.problem(key, format!("must be lists of numbers, {} to {}", range.start(), range.end()));
        }
        lists
    }

    /// A sub-table that must be there.
    pub fn table<T>(&mut self, key: &str, build: impl FnOnce(&mut Section<'_>) -> Option<T>) -> Option<T> {
        self.required(key)?;
        self.optional_table(key, build)
    }

    /// A sub-table that may be absent.
    pub fn optional_table<T>(&mut self, key: &str, build: impl FnOnce(&mut Section<'_>) -> Option<T>) -> Option<T> {
        let value = self.ask(key)?;
        let offset = self.find(key).map_or(self.offset, |(offset, _)| offset);
        let Some(table) = value.as_table() else {
            return self.wrong_type(key, value, "a table");
        };
        self.build(table, offset, self.path_of(key), build)
    }

    /// Builds a table that is not in the file, from its keys' defaults. A key that is required then is a problem of
    /// this section.
    pub fn absent_table<T>(&mut self, key: &str, build: impl FnOnce(&mut Section<'_>) -> Option<T>) -> Option<T> {
        self.asked.insert(key.to_owned());
        self.build(&DeTable::new(), self.offset, self.path_of(key), build)
    }

    /// Sub-tables under free names (`[sites.home1]`, `[sites.home2]`), each built with its name; empty when absent.
    pub fn tables<T>(&mut self, key: &str, mut build: impl FnMut(&str, &mut Section<'_>) -> Option<T>) -> Vec<T> {
        let Some(value) = self.ask(key) else { return Vec::new() };
        let Some(named) = value.as_table() else {
            self.wrong_type::<()>(key, value, "tables by name");
            return Vec::new();
        };
        let mut built = Vec::new();
        for (name, value) in named {
            let path = format!("{}.{}", self.path_of(key), name.get_ref());
            match value.get_ref().as_table() {
                Some(table) => {
                    built.extend(self.build(table, name.span().start, path, |section| build(name.get_ref(), section)));
                }
                None => self.collector.at(name.span().start, &path, "must be a table"),
            }
        }
        built
    }

    /// An array of tables (`[[rule]]`), each built in turn; empty when absent.
    pub fn array<T>(&mut self, key: &str, mut build: impl FnMut(&mut Section<'_>) -> Option<T>) -> Vec<T> {
        let Some(value) = self.ask(key) else { return Vec::new() };
        let Some(array) = value.as_array() else {
            self.wrong_type::<()>(key, value, "an array of tables");
            return Vec::new();
        };
        let mut built = Vec::new();
        for (index, element) in array.iter().enumerate() {
            let path = format!("{}[{index}]", self.path_of(key));
            match element.get_ref().as_table() {
                Some(table) => built.extend(self.build(table, element.span().start, path, &mut build)),
                None => self.collector.at(element.span().start, &path, "must be a table"),
            }
        }
        built
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if self.asked.contains(name) {
                continue;
            }
            let hint = nearest(name, self.asked.iter().map(String::as_str));
            let hint = hint.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
            self.collector.at(key.span().start, &self.path_of(name), format!("is not a known key{hint}"));
        }
    }

    fn build<T>(
        &self,
        table: &DeTable<'_>,
        offset: usize,
        path: String,
        build: impl FnOnce(&mut Section<'_>) -> Option<T>,
    ) -> Option<T> {
        let mut section = Section::new(table, offset, path, self.collector);
        let built = build(&mut section);
        section.finish();
        built
    }

    fn find(&self, key: &str) -> Option<(usize, &'a Spanned<DeValue<'a>>)> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(name, value)| (name.span().start, value))
    }

    fn ask(&mut self, key: &str) -> Option<&'a DeValue<'a>> {
        self.asked.insert(key.to_owned());
        self.find(key).map(|(_, value)| value.get_ref())
    }

    fn required(&mut self, key: &str) -> Option<()> {
        if self.ask(key).is_none() {
            self.collector.at(self.offset, &self.path_of(key), "is missing");
            return None;
        }
        Some(())
    }

    fn chosen<T: Copy>(&mut self, key: &str, text: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            self.problem(key, format!("is `{text}`; use one of: {known}"));
        }
        found
    }

    fn wrong_type<T>(&mut self, key: &str, value: &DeValue<'_>, wanted: &str) -> Option<T> {
        self.problem(key, format!("must be {wanted}, not {}", value.type_str()));
        None
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}
