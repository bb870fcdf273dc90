//! Text that a person reads, in both languages.

use serde::{Deserialize, Serialize};

/// One sentence or name in English and Chinese. An empty side falls back to the other when shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bilingual {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Bilingual {
    /// Both languages at once.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Bilingual {
        Bilingual { en: en.into(), zh: zh.into() }
    }

    /// The same text for both, for proper names and figures.
    pub fn same(text: impl Into<String>) -> Bilingual {
        let text = text.into();
        Bilingual { en: text.clone(), zh: text }
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.en.is_empty() && self.zh.is_empty()
    }

    /// English, or Chinese where there is no English.
    pub fn english(&self) -> &str {
        if self.en.is_empty() { &self.zh } else { &self.en }
    }

    /// Chinese, or English where there is no Chinese.
    pub fn chinese(&self) -> &str {
        if self.zh.is_empty() { &self.en } else { &self.zh }
    }
}
