//! `profiles/*.toml` → [`Dialect`]s: how fire panels differ from the standard. The file's name without `.toml` is the
//! dialect's name. Those that are shipped are built in; a file of a station's own folder goes before the one built in.

use super::{read_folder, sites};
use compact_str::CompactString;
use std::collections::BTreeMap;
use std::path::Path;
use watchfire_model::Metric;
use watchfire_settings::{Problem, Section};
use watchfire_wire::gbt26875::{
    AnalogueScale, BitZero, Dialect, DialectFault, Digits, OwnBit, OwnMeaning, OwnType, StateOf,
};

/// By their names.
pub(crate) type Dialects = BTreeMap<CompactString, Dialect>;

const BUILT_IN: &[(&str, &str)] = &[
    ("dahua.toml", include_str!("../../../config/profiles/dahua.toml")),
    ("hikvision.toml", include_str!("../../../config/profiles/hikvision.toml")),
    ("nb-iot.toml", include_str!("../../../config/profiles/nb-iot.toml")),
    ("point-first.toml", include_str!("../../../config/profiles/point-first.toml")),
    ("restored-types.toml", include_str!("../../../config/profiles/restored-types.toml")),
    ("tag-base.toml", include_str!("../../../config/profiles/tag-base.toml")),
];
const DIGITS: [(&str, Digits); 2] = [("binary", Digits::Binary), ("bcd", Digits::Bcd)];
const BITS_0: [(&str, BitZero); 3] =
    [("information", BitZero::Information), ("normal", BitZero::Normal), ("test", BitZero::Test)];
const WORDS_OF: [(&str, StateOf); 3] =
    [("system", StateOf::System), ("component", StateOf::Component), ("uitd", StateOf::Uitd)];
const MEANINGS: [(&str, OwnMeaning); 4] = [
    ("fire", OwnMeaning::Fire),
    ("fault", OwnMeaning::Fault),
    ("tamper", OwnMeaning::Tamper),
    ("information", OwnMeaning::Information),
];

/// The dialects that are shipped.
pub(crate) fn built_in() -> Dialects {
    let files = BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect::<Vec<_>>();
    parse(&files).expect("a test reads the shipped files")
}

/// Those that are shipped, and every `*.toml` of a folder.
pub(crate) fn load(folder: Option<&Path>) -> Result<Dialects, Vec<Problem>> {
    let mut dialects = built_in();
    if let Some(folder) = folder {
        dialects.extend(parse(&read_folder(folder)?)?);
    }
    Ok(dialects)
}

/// Reads files, given as name and text. The problems of all of them are told together.
pub(crate) fn parse(files: &[(String, String)]) -> Result<Dialects, Vec<Problem>> {
    let (mut dialects, mut problems) = (Dialects::new(), Vec::new());
    for (file, text) in files {
        let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if let Err(error) = stem.parse::<watchfire_model::IdentityName>() {
            problems.push(Problem::whole_file(file, format!("names its dialect by its file name: {error}")));
        }
        match watchfire_settings::read(file, text, dialect) {
            Ok(dialect) => _ = dialects.insert(stem.into(), dialect),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(dialects) } else { Err(problems) }
}

fn dialect(root: &mut Section<'_>) -> Option<Dialect> {
    let standard = Dialect::standard();
    let name = root.table("name", sites::both_languages);
    let component_address = component_address(root).unwrap_or_else(|| standard.component_address.clone());
    let address_digits = root.choice_or("address_digits", Digits::Binary, &DIGITS);
    let time = root.choice_or("time", Digits::Binary, &DIGITS);
    let prefix = root.integer_or("text_prefix_bytes", 0, 0..=30);
    let bit_0 = root.choice_or("bit_0", BitZero::Information, &BITS_0);
    let analogue = root.array("analogue", analogue_scale);
    let state_bits = root.array("state_bits", own_bit);
    let types = root.array("types", own_type);
    let dialect = Dialect {
        name: name?,
        component_address,
        address_digits,
        time,
        text_prefix_bytes: u8::try_from(prefix).ok()?,
        bit_0,
        analogue,
        state_bits,
        types,
    };
    // What is wrong with one entry was told where it stands; what is left is wrong with all of them together.
    let told = told_alone(&dialect);
    for fault in dialect.faults().into_iter().filter(|fault| !told.contains(fault)) {
        root.problem(fault.key, fault.problem);
    }
    Some(dialect)
}

fn component_address(root: &mut Section<'_>) -> Option<Vec<Vec<u8>>> {
    let lists = root.integer_lists("component_address", 0..=3)?;
    let bytes = |list: Vec<u64>| list.into_iter().map(|index| u8::try_from(index).ok()).collect::<Option<Vec<u8>>>();
    lists.into_iter().map(bytes).collect()
}

fn analogue_scale(section: &mut Section<'_>) -> Option<AnalogueScale> {
    let quantity = byte(section, "quantity");
    let component_type = optional_byte(section, "component_type");
    let metric = section.text("metric");
    let metric = metric.and_then(|name| match Metric::from_name(&name) {
        Some(metric) => Some(metric),
        None => {
            section.problem("metric", format!("`{name}` is not a metric; a maker's own is written vendor.<name>"));
            None
        }
    });
    let step = section.number("step");
    let scale = AnalogueScale { quantity: quantity?, component_type, metric: metric?, step: step? };
    tell(section, Dialect { analogue: vec![scale.clone()], ..Dialect::default() });
    Some(scale)
}

fn own_bit(section: &mut Section<'_>) -> Option<OwnBit> {
    let of = section.choice("of", &WORDS_OF);
    let component_type = optional_byte(section, "component_type");
    let bit = byte(section, "bit");
    let name = section.text("name");
    let means = section.choice("means", &MEANINGS);
    let own = OwnBit { of: of?, component_type, bit: bit?, name: name?.into(), means: means? };
    tell(section, Dialect { state_bits: vec![own.clone()], ..Dialect::default() });
    Some(own)
}

fn own_type(section: &mut Section<'_>) -> Option<OwnType> {
    let code = byte(section, "type");
    let like = optional_byte(section, "like");
    let restored = section.flag_or("restored", false);
    let own = OwnType { code: code?, like, restored };
    tell(section, Dialect { types: vec![own.clone()], ..Dialect::default() });
    Some(own)
}

/// Tells what is wrong with an entry by itself, where it stands.
fn tell(section: &mut Section<'_>, alone: Dialect) {
    for fault in alone.faults() {
        section.problem("", fault.problem);
    }
}

fn told_alone(dialect: &Dialect) -> Vec<DialectFault> {
    let mut told = Vec::new();
    let mut alone = |dialect: Dialect| told.extend(dialect.faults());
    for scale in &dialect.analogue {
        alone(Dialect { analogue: vec![scale.clone()], ..Dialect::default() });
    }
    for own in &dialect.state_bits {
        alone(Dialect { state_bits: vec![own.clone()], ..Dialect::default() });
    }
    for own in &dialect.types {
        alone(Dialect { types: vec![own.clone()], ..Dialect::default() });
    }
    told
}

fn byte(section: &mut Section<'_>, key: &str) -> Option<u8> {
    section.integer(key, 0..=255).and_then(|number| u8::try_from(number).ok())
}

fn optional_byte(section: &mut Section<'_>, key: &str) -> Option<u8> {
    section.optional_integer(key, 0..=255).and_then(|number| u8::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_is_built_in_and_reads_as_serde_reads_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/profiles");
        let files = read_folder(&folder).unwrap();
        assert_eq!(files.len(), BUILT_IN.len(), "{files:?}");
        let dialects = built_in();
        for (file, text) in &files {
            let name = Path::new(file).file_stem().unwrap().to_str().unwrap();
            assert_eq!(toml::from_str::<Dialect>(text).unwrap(), dialects[name], "{file}");
        }
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_line() {
        let text = "\
bit_0 = \"maybe\"
component_address = [[0, 1], [1, 3]]
text_prefix_byte = 1

[name]
en = \"X\"

[[analogue]]
quantity = 300
metric = \"hotness\"
step = 0

[[state_bits]]
of = \"component\"
bit = 1
name = \"removed\"
means = \"tamper\"

[[types]]
type = 2

[[types]]
type = 200
like = 61
";
        let problems = parse(&[("x.toml".into(), text.into())]).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let wanted = [
            "x.toml:1: bit_0: ",
            "x.toml:3: text_prefix_byte: is not a known key; did you mean `text_prefix_bytes`?",
            "x.toml:5: name.zh: is missing",
            "x.toml:9: analogue[0].quantity: is 300; use 0 to 255",
            "x.toml:10: analogue[0].metric: `hotness` is not a metric",
            "x.toml:13: state_bits[0]: bit 1 is the standard's",
            "x.toml:19: types[0]: type 2 has a meaning already",
            "x.toml:22: types[1]: type 200 can be like an upload",
        ];
        assert_eq!(told.len(), wanted.len(), "{told:#?}");
        for (told, wanted) in told.iter().zip(wanted) {
            assert!(told.starts_with(wanted), "{told}\n{wanted}");
        }
        let bad = "component_address = [[0, 1], [1, 3]]\n[name]\nen = \"X\"\nzh = \"X\"\n";
        let told = parse(&[("My Panel.toml".into(), bad.into())]).unwrap_err();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!((told[1].line, told[1].key.as_str()), (1, "component_address"));
    }
}
