//! A JSON document with its keys in the order of the text, borrowed from it where no escape stands in the way.
//!
//! Ours rather than `serde_json::Value` because that one's order of keys depends on a feature that any other crate may
//! switch on, and because it keeps only the last of two equal keys: `{"smoke":true,"smoke":false}` would be all clear.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Tree<'a>>),
    Object(Vec<(Cow<'a, str>, Tree<'a>)>),
}

impl<'a> Tree<'a> {
    /// The value of the first such key of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree<'a>> {
        self.fields().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value behind several keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Tree<'a>> {
        path.iter().try_fold(self, |tree, key| tree.get(key))
    }

    /// The fields of an object; empty for anything else.
    pub(crate) fn fields(&self) -> &[(Cow<'a, str>, Tree<'a>)] {
        match self {
            Tree::Object(fields) => fields,
            _ => &[],
        }
    }

    /// The items of a list; empty for anything else.
    pub(crate) fn items(&self) -> &[Tree<'a>] {
        match self {
            Tree::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Tree::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// A JSON string, borrowed where it holds no escape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonText<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for JsonText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonText<'de>, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = JsonText<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<JsonText<'de>, E> {
                Ok(JsonText(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<JsonText<'de>, E> {
                Ok(JsonText(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Tree<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree<'de>, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(nearest_u64(value)))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(nearest_i64(value)))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some((JsonText(key), value)) = map.next_entry::<JsonText<'de>, Tree<'de>>()? {
            fields.push((key, value));
        }
        Ok(Tree::Object(fields))
    }
}

/// The nearest number in floating point; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "JSON numbers are floating point to most senders; the nearest is meant")]
pub(crate) fn nearest_u64(value: u64) -> f64 {
    value as f64
}

/// The nearest number in floating point; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "JSON numbers are floating point to most senders; the nearest is meant")]
pub(crate) fn nearest_i64(value: i64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_equal_keys_stay() {
        let tree: Tree<'_> = serde_json::from_str(r#"{"z":1,"a":[true,null],"z":"x\n"}"#).unwrap();
        let keys: Vec<_> = tree.fields().iter().map(|(key, _)| key.as_ref()).collect();
        assert_eq!(keys, ["z", "a", "z"]);
        assert_eq!(tree.get("z").unwrap().number(), Some(1.0));
        assert_eq!(tree.get("a").unwrap().items().len(), 2);
    }
}
