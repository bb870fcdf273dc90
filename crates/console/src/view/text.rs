//! The small values that every view is made of.

use serde::{Serialize, Serializer};
use std::sync::Arc;
use utoipa::ToSchema;
use watchfire_model::{Bilingual, Timestamp};

/// A short text that many views share; cloning it copies nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct Label(Arc<str>);

impl Label {
    /// Copies the text once.
    pub fn new(text: &str) -> Label {
        Label(Arc::from(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One text in English and Chinese. A side that was left empty is filled from the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Text {
    /// English.
    pub en: Label,
    /// Chinese.
    pub zh: Label,
}

impl Text {
    /// The same in both languages: a proper name, an id.
    pub fn same(text: &str) -> Text {
        let label = Label::new(text);
        Text { en: label.clone(), zh: label }
    }
}

impl From<&Bilingual> for Text {
    fn from(text: &Bilingual) -> Text {
        Text { en: Label::new(text.english()), zh: Label::new(text.chinese()) }
    }
}

/// A time as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-03-01T08:00:00Z")]
pub struct When(pub Timestamp);

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
