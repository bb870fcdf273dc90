//! Where the points of a fire panel are: what the panel says as numbers, as a person looks for it.

use crate::{Bilingual, PointName, ZoneId};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The place of one point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PointPlace {
    /// What is there.
    pub label: PointLabel,
    /// The zone of the site, where one is named.
    pub zone: Option<ZoneId>,
    /// The building, as people call it; empty when the site is one.
    pub building: CompactString,
    /// The floor, as people call it; may be empty.
    pub floor: CompactString,
    /// What hangs there, by the code of the standard's table.
    pub component_type: u8,
    /// Where on the floor's plan: right and down, each from 0 to 1.
    pub on_plan: Option<(f32, f32)>,
}

/// A [`Bilingual`] that takes less room: tables have hundreds of thousands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointLabel {
    /// English.
    pub en: CompactString,
    /// Chinese.
    pub zh: CompactString,
}

impl PointPlace {
    /// The place in words: building, floor, label. Empty when the table says nothing.
    pub fn words(&self) -> Bilingual {
        let label = Bilingual::new(self.label.en.as_str(), self.label.zh.as_str());
        let join = |label: &str, between: &str| {
            let parts = [self.building.as_str(), self.floor.as_str(), label];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
        };
        Bilingual::new(join(label.english(), ", "), join(label.chinese(), " "))
    }
}

/// The places of a panel's points, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PointTable {
    rows: Vec<(PointName, PointPlace)>,
}

impl PointTable {
    /// A table of these rows; the names of points that stand in it twice.
    ///
    /// # Errors
    /// When a point stands in it twice: each such name.
    pub fn new(mut rows: Vec<(PointName, PointPlace)>) -> Result<PointTable, Vec<PointName>> {
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let twice = rows.iter().zip(rows.iter().skip(1)).filter(|((a, _), (b, _))| a == b);
        let twice: Vec<PointName> = twice.map(|((name, _), _)| name.clone()).collect();
        if twice.is_empty() { Ok(PointTable { rows }) } else { Err(twice) }
    }

    /// The place of a point.
    pub fn place(&self, point: &PointName) -> Option<&PointPlace> {
        let found = self.rows.binary_search_by(|(name, _)| name.cmp(point)).ok()?;
        self.rows.get(found).map(|(_, place)| place)
    }

    /// Every row, in the order of the names.
    pub fn rows(&self) -> &[(PointName, PointPlace)] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_found_by_its_name_and_stands_in_the_table_once() {
        let name = |text: &str| PointName::new(text).unwrap();
        let place = |en: &str, zh: &str| PointPlace {
            label: PointLabel { en: en.into(), zh: zh.into() },
            building: "B".into(),
            floor: "3F".into(),
            ..PointPlace::default()
        };
        let rows = vec![(name("1.1/5-2"), place("", "走廊")), (name("1.1/5-1"), place("lift lobby", "电梯厅"))];
        let table = PointTable::new(rows).unwrap();
        assert_eq!(table.place(&name("1.1/5-1")).unwrap().words(), Bilingual::new("B, 3F, lift lobby", "B 3F 电梯厅"));
        assert_eq!(table.place(&name("1.1/5-2")).unwrap().words(), Bilingual::new("B, 3F, 走廊", "B 3F 走廊"));
        assert_eq!(table.place(&name("1.1/5-3")), None);
        assert_eq!(PointPlace::default().words(), Bilingual::default());
        let twice = vec![(name("a"), PointPlace::default()), (name("a"), PointPlace::default())];
        assert_eq!(PointTable::new(twice).unwrap_err(), [name("a")]);
    }
}
