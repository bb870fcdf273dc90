//! Point tables: CSV text → [`PointTable`]. One row per point of a panel; the first line names the columns, in any order:
//!
//! | column | also | |
//! |---|---|---|
//! | `system_type` | 系统类型 | a code of the standard; must be there |
//! | `system_address` | 系统地址 | must be there |
//! | `component_address` | 部件地址 | as the panel prints it, `10-2`, or its four bytes as eight hex digits, `0a000200`; empty: the system itself |
//! | `component_type` | 部件类型 | a code of the standard |
//! | `label_zh`, `label_en` | 名称, 英文名称 | what is there; one of them must be filled |
//! | `zone` | 分区 | a zone of the site |
//! | `building`, `floor` | 楼栋, 楼层 | as people say it |
//! | `x`, `y` | | place on the floor's plan, 0 to 1 |
//!
//! Comma-separated as spreadsheets write it: UTF-8 with or without its mark, or GB 18030; fields in double quotes may
//! hold commas and line ends. Every problem is told with its line.

use super::csv::Records;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use watchfire_model::point_table::PointLabel;
use watchfire_model::{PointName, PointPlace, PointTable, ZoneId};
use watchfire_settings::Problem;
use watchfire_wire::gbt26875::{Component, Dialect, System, point, text};

/// The most rows of one table.
pub(crate) const ROWS_MAX: usize = 1_000_000;
/// The most bytes of one file.
pub(crate) const BYTES_MAX: u64 = 256 * 1024 * 1024;
/// So many problems of one table are told; a wrong separator would give one for every row.
const PROBLEMS_MAX: usize = 20;
/// The longest label, building or floor, in bytes.
const TEXT_BYTES_MAX: usize = 200;

const COLUMNS: [(Column, &[&str]); 11] = [
    (Column::SystemType, &["system_type", "系统类型"]),
    (Column::SystemAddress, &["system_address", "系统地址"]),
    (Column::ComponentAddress, &["component_address", "部件地址"]),
    (Column::ComponentType, &["component_type", "部件类型"]),
    (Column::LabelEn, &["label_en", "英文名称"]),
    (Column::LabelZh, &["label_zh", "名称"]),
    (Column::Zone, &["zone", "分区"]),
    (Column::Building, &["building", "楼栋"]),
    (Column::Floor, &["floor", "楼层"]),
    (Column::X, &["x"]),
    (Column::Y, &["y"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    SystemType,
    SystemAddress,
    ComponentAddress,
    ComponentType,
    LabelEn,
    LabelZh,
    Zone,
    Building,
    Floor,
    X,
    Y,
}

/// What the rows of a table may refer to.
pub(crate) struct Panel<'a> {
    /// How the panel writes addresses.
    pub(crate) dialect: &'a Dialect,
    /// The zones of its site.
    pub(crate) zones: &'a BTreeSet<ZoneId>,
}

/// Reads a table from its file.
pub(crate) fn load(file: &Path, panel: &Panel<'_>) -> Result<PointTable, Vec<Problem>> {
    let name = file.display().to_string();
    let whole = |message: String| vec![Problem::whole_file(&name, message)];
    let length = std::fs::metadata(file).map_err(|error| whole(format!("cannot be read: {error}")))?.len();
    if length > BYTES_MAX {
        return Err(whole(format!("is larger than {BYTES_MAX} bytes")));
    }
    let bytes = std::fs::read(file).map_err(|error| whole(format!("cannot be read: {error}")))?;
    let text = text::file(&bytes).ok_or_else(|| whole("is neither UTF-8 nor GB 18030; save it as CSV UTF-8".into()))?;
    parse(&name, &text, panel)
}

/// Reads the text of a table.
pub(crate) fn parse(file: &str, text: &str, panel: &Panel<'_>) -> Result<PointTable, Vec<Problem>> {
    let mut reader = Reader { file, panel, columns: BTreeMap::new(), problems: Vec::new(), left_out: 0 };
    let mut rows = Vec::new();
    let mut lines: BTreeMap<PointName, usize> = BTreeMap::new();
    for (number, (line, fields)) in Records::of(text).enumerate() {
        match fields {
            Err(why) => reader.problem(line, "", why),
            Ok(fields) if number == 0 => reader.header(line, &fields),
            Ok(fields) if fields.iter().all(|field| field.trim().is_empty()) => {}
            Ok(fields) if reader.columns.is_empty() => drop(fields),
            Ok(fields) => {
                let Some((point, place)) = reader.row(line, &fields) else { continue };
                match lines.insert(point.clone(), line) {
                    None => rows.push((point, place)),
                    Some(first) => reader.problem(line, "", format!("{point} stands in line {first} already")),
                }
            }
        }
        if rows.len() > ROWS_MAX {
            reader.problem(line, "", format!("has more than {ROWS_MAX} rows"));
            break;
        }
    }
    if text.trim().is_empty() {
        reader.problem(0, "", "is empty: the first line names the columns".into());
    }
    match PointTable::new(rows) {
        Ok(table) if reader.problems.is_empty() => Ok(table),
        _ => Err(reader.all_problems()),
    }
}

struct Reader<'a> {
    file: &'a str,
    panel: &'a Panel<'a>,
    columns: BTreeMap<Column, usize>,
    problems: Vec<Problem>,
    left_out: usize,
}

impl Reader<'_> {
    fn header(&mut self, line: usize, fields: &[String]) {
        for (index, name) in fields.iter().map(|field| field.trim()).enumerate() {
            let known = COLUMNS.iter().find(|(_, names)| names.contains(&name));
            match known {
                _ if name.is_empty() => {}
                None => {
                    let names: Vec<&str> = COLUMNS.iter().filter_map(|(_, names)| names.first()).copied().collect();
                    self.problem(line, "", format!("`{name}` is not a column; use {}", names.join(", ")));
                }
                Some((column, _)) if self.columns.insert(*column, index).is_some() => {
                    self.problem(line, name, "is there twice".into());
                }
                Some(_) => {}
            }
        }
        for needed in [Column::SystemType, Column::SystemAddress, Column::ComponentAddress] {
            if !self.columns.contains_key(&needed) {
                self.problem(line, key(needed), "is missing among the columns".into());
            }
        }
        if !self.columns.contains_key(&Column::LabelEn) && !self.columns.contains_key(&Column::LabelZh) {
            self.problem(line, key(Column::LabelZh), "is missing among the columns".into());
        }
    }

    fn row(&mut self, line: usize, fields: &[String]) -> Option<(PointName, PointPlace)> {
        let system = System {
            kind: self.byte(line, fields, Column::SystemType)?,
            address: self.byte(line, fields, Column::SystemAddress)?,
        };
        let component_type = match self.field(fields, Column::ComponentType) {
            "" => Some(0),
            _ => self.byte(line, fields, Column::ComponentType),
        };
        let address = self.field(fields, Column::ComponentAddress).to_owned();
        let point = self.point(line, system, &address);
        let zone = self.zone(line, fields);
        let label = self.label(line, fields);
        let building = self.short(line, fields, Column::Building);
        let floor = self.short(line, fields, Column::Floor);
        let (x, y) = (self.share(line, fields, Column::X), self.share(line, fields, Column::Y));
        if self.field(fields, Column::X).is_empty() != self.field(fields, Column::Y).is_empty() {
            self.problem(line, "x", "stands without its other half; fill both x and y".into());
        }
        let place = PointPlace {
            label: label?,
            zone: zone.ok()?,
            building: building?,
            floor: floor?,
            component_type: component_type?,
            on_plan: x.zip(y),
        };
        Some((point?, place))
    }

    fn point(&mut self, line: usize, system: System, address: &str) -> Option<PointName> {
        if address.is_empty() {
            return Some(point::system(system));
        }
        let dialect = self.panel.dialect;
        let found = if address.contains('-') || dialect.component_address.len() == 1 {
            let numbers: Option<Vec<u64>> = address.split('-').map(|part| part.trim().parse().ok()).collect();
            numbers.and_then(|numbers| point::component_by_numbers(system, &numbers, dialect))
        } else {
            let bytes = (address.len() == 8).then(|| u32::from_str_radix(address, 16).ok()).flatten();
            bytes.map(|bytes| point::component(Component { system, kind: 0, address: bytes.to_be_bytes() }, dialect))
        };
        if found.is_none() {
            let count = dialect.component_address.len();
            let form = format!(
                "`{address}` is not an address: use {count} numbers as the panel prints them, such as 10-2, or the four \
                 bytes as eight hex digits, such as 0a000200"
            );
            self.problem(line, key(Column::ComponentAddress), form);
        }
        found
    }

    fn zone(&mut self, line: usize, fields: &[String]) -> Result<Option<ZoneId>, ()> {
        let text = self.field(fields, Column::Zone).to_owned();
        if text.is_empty() {
            return Ok(None);
        }
        match ZoneId::new(&text).ok().filter(|zone| self.panel.zones.contains(zone)) {
            Some(zone) => Ok(Some(zone)),
            None => {
                self.problem(line, key(Column::Zone), format!("`{text}` is not a zone of this site"));
                Err(())
            }
        }
    }

    fn label(&mut self, line: usize, fields: &[String]) -> Option<PointLabel> {
        let (en, zh) = (self.short(line, fields, Column::LabelEn)?, self.short(line, fields, Column::LabelZh)?);
        if en.is_empty() && zh.is_empty() {
            self.problem(line, key(Column::LabelZh), "is empty: say what is there, in one language at least".into());
            return None;
        }
        Some(PointLabel { en, zh })
    }

    fn short(&mut self, line: usize, fields: &[String], column: Column) -> Option<CompactString> {
        let text = self.field(fields, column);
        if text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control) {
            return Some(text.into());
        }
        self.problem(line, key(column), format!("is longer than {TEXT_BYTES_MAX} bytes, or on several lines"));
        None
    }

    fn byte(&mut self, line: usize, fields: &[String], column: Column) -> Option<u8> {
        let text = self.field(fields, column);
        let byte = text.parse().ok();
        if byte.is_none() {
            let message = format!("`{text}` is not a number from 0 to 255");
            self.problem(line, key(column), message);
        }
        byte
    }

    /// A part of the plan's width or height.
    fn share(&mut self, line: usize, fields: &[String], column: Column) -> Option<f32> {
        let text = self.field(fields, column);
        if text.is_empty() {
            return None;
        }
        let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            let message = format!("`{text}` is not a number from 0 to 1");
            self.problem(line, key(column), message);
        }
        share
    }

    fn field<'f>(&self, fields: &'f [String], column: Column) -> &'f str {
        let field = self.columns.get(&column).and_then(|index| fields.get(*index));
        field.map_or("", |field| field.trim())
    }

    fn problem(&mut self, line: usize, key: &str, message: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { file: self.file.to_owned(), line, key: key.to_owned(), message });
        } else {
            self.left_out += 1;
        }
    }

    fn all_problems(mut self) -> Vec<Problem> {
        if self.left_out > 0 {
            let message = format!("{} more problems of this file are not shown", self.left_out);
            self.problems.push(Problem::whole_file(self.file, message));
        }
        self.problems
    }
}

fn key(column: Column) -> &'static str {
    let names = COLUMNS.iter().find(|(known, _)| *known == column);
    names.and_then(|(_, names)| names.first()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "system_type,system_address,component_address,component_type,label_en,label_zh,zone,building,floor,x,y\n";

    fn read(text: &str, dialect: &Dialect) -> Result<PointTable, Vec<String>> {
        let zones = BTreeSet::from([ZoneId::new("floor-3").unwrap()]);
        let read = parse("t.csv", text, &Panel { dialect, zones: &zones });
        read.map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_table_names_the_points_as_the_frames_do() {
        let text = format!(
            "{HEADER}1,1,10-2,42,\"Lift lobby, east\",东电梯厅,floor-3,B,3F,0.25,0.5\r\n\
             1,1,0a000300,23,,手动报警按钮,,,,,\n\n1,1,,,Panel,主机,,,,,\n1,1,5-1,42,\"say \"\"hi\"\"\",,,,,,"
        );
        let table = read(&text, Dialect::standard()).unwrap();
        let names: Vec<&str> = table.rows().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["1.1", "1.1/10-2", "1.1/10-3", "1.1/5-1"]);
        let place = table.place(&PointName::new("1.1/10-2").unwrap()).unwrap();
        assert_eq!(place.words().en, "B, 3F, Lift lobby, east");
        assert_eq!((place.component_type, place.on_plan), (42, Some((0.25, 0.5))));
        assert_eq!(place.zone.as_ref().unwrap().as_str(), "floor-3");
        assert_eq!(table.rows()[3].1.label.en, "say \"hi\"");
        let point_first = Dialect { component_address: vec![vec![3, 2], vec![1, 0]], ..Dialect::default() };
        let table = read("系统类型,系统地址,部件地址,名称\n1,1,05006500,门厅\n", &point_first).unwrap();
        assert_eq!(table.rows()[0].0.as_str(), "1.1/101-5");
    }

    #[test]
    fn every_problem_is_told_with_its_line_and_column() {
        let text = format!(
            "{HEADER}1,1,10-2,42,a,,,,,,\n1,1,10-2,42,b,,,,,,\n1,one,3,42,c,,,,,,\n1,1,70000-1,42,d,,,,,,\n\
             1,1,4-4,42,,,,,,,\n1,1,5-5,42,e,,cellar,,,0.5,\n1,1,6-6,999,f,,,,,2,0\n1,1,\"7-7\"x,1,g\n1,1,8-8,1,\"h\n"
        );
        let told = read(&text, Dialect::standard()).unwrap_err();
        let wanted = [
            "t.csv:3: 1.1/10-2 stands in line 2 already",
            "t.csv:4: system_address: `one` is not a number from 0 to 255",
            "t.csv:5: component_address: `70000-1` is not an address",
            "t.csv:6: label_zh: is empty",
            "t.csv:7: zone: `cellar` is not a zone of this site",
            "t.csv:7: x: stands without its other half",
            "t.csv:8: component_type: `999` is not a number",
            "t.csv:8: x: `2` is not a number from 0 to 1",
            "t.csv:9: has text behind a quotation mark",
            "t.csv:10: has a quotation mark that is not closed",
        ];
        assert_eq!(told.len(), wanted.len(), "{told:#?}");
        for (told, wanted) in told.iter().zip(wanted) {
            assert!(told.starts_with(wanted), "{told}\n{wanted}");
        }
        let told = read("system_type;system_address\n1;1\n", Dialect::standard()).unwrap_err();
        assert!(
            told[0].starts_with("t.csv:1: `system_type;system_address` is not a column; use system_type"),
            "{told:?}"
        );
        assert_eq!(read("", Dialect::standard()).unwrap_err(), ["t.csv: is empty: the first line names the columns"]);
        let many = format!("{HEADER}{}", "x,1,1-1,1,a\n".repeat(100));
        let told = read(&many, Dialect::standard()).unwrap_err();
        assert_eq!(told.len(), PROBLEMS_MAX + 1);
        assert_eq!(told.last().unwrap(), "t.csv: 80 more problems of this file are not shown");
    }

    #[test]
    fn three_hundred_thousand_points_are_fine() {
        let mut text = HEADER.to_owned();
        for point in 0..300_000 {
            text.push_str(&format!(
                "1,1,{}-{},42,Room {point},房间{point},floor-3,B,{}F,,\n",
                point / 250,
                point % 250,
                point / 9_999
            ));
        }
        let table = read(&text, Dialect::standard()).unwrap();
        assert_eq!(table.rows().len(), 300_000);
        let place = table.place(&PointName::new("1.1/1199-249").unwrap()).unwrap();
        assert_eq!(place.label.zh, "房间299999");
    }
}
