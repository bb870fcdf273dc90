//! A list that only grows, in blocks: a new item moves none of the others, so that nobody waits while a million are copied.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Items of a block.
const BLOCK: usize = 1_024;

/// See the head of this file. Items are numbered from 0.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    /// All but the last are full.
    blocks: Vec<Vec<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { blocks: Vec::new() }
    }
}

impl<T> Table<T> {
    pub(crate) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.len())
    }

    pub(crate) fn get(&self, number: usize) -> Option<&T> {
        self.blocks.get(number / BLOCK)?.get(number % BLOCK)
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.blocks.get_mut(number / BLOCK)?.get_mut(number % BLOCK)
    }

    pub(crate) fn push(&mut self, item: T) {
        match self.blocks.last_mut() {
            Some(last) if last.len() < BLOCK => last.push(item),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(item);
                self.blocks.push(block);
            }
        }
    }

    /// In the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten()
    }
}

impl<T> FromIterator<T> for Table<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Table<T> {
        let mut table = Table::default();
        items.into_iter().for_each(|item| table.push(item));
        table
    }
}

impl<T> IntoIterator for Table<T> {
    type Item = T;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.blocks.into_iter().flatten()
    }
}

/// As a list.
impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|item| list.serialize_element(item))?;
        list.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Table<T>, D::Error> {
        Vec::deserialize(deserializer).map(Table::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_by_their_numbers_and_saved_as_a_list() {
        let table: Table<usize> = (0..3 * BLOCK + 1).collect();
        assert_eq!(table.len(), 3 * BLOCK + 1);
        assert!((0..table.len()).all(|number| table.get(number) == Some(&number)));
        assert_eq!(table.get(table.len()), None);
        let list: Vec<usize> = table.iter().copied().collect();
        assert_eq!(postcard::to_stdvec(&table).unwrap(), postcard::to_stdvec(&list).unwrap());
    }
}
