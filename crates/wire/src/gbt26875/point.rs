//! Names of points: what the panel prints, so that a person finds the place.
//!
//! | point | name |
//! |---|---|
//! | the transmission device itself | `uitd` |
//! | system 1 of the fire alarm systems (type 1) | `1.1` |
//! | component zone 10, position 2 of it | `1.1/10-2` |
//! | a part of any of them that fails by itself | `uitd/channel`, `uitd/line`, `1.1/bus`, `1.1/mains`, `1.1/10-2/power` |
//!
//! A component's type is not in its name: reads of the standard name a component without it. The numbers of an address
//! follow from the dialect; they use all four bytes, so that no two components share a name.

use super::dialect::Dialect;
use super::object::{Component, System};
use super::place::Part;
use super::time_label::Digits;
use compact_str::CompactString;
use std::fmt::Write;
use watchfire_model::PointName;

// A checked dialect has no more numbers, and none of more bytes; so the name of an unchecked one is short, too.
const ADDRESS_BYTES: usize = 4;

/// The transmission device.
pub(super) fn uitd() -> PointName {
    name(CompactString::const_new("uitd"))
}

/// A system.
pub fn system(system: System) -> PointName {
    name(system_text(system))
}

/// A part that fails by itself: of the transmission device, a system or a component.
pub(super) fn part(whole: &PointName, part: Part) -> PointName {
    let mut text = CompactString::new(whole.as_str());
    text.push('/');
    text.push_str(part.name());
    name(text)
}

/// The point of which this one is a part.
pub fn whole_of(point: &PointName) -> Option<PointName> {
    let (whole, part) = point.as_str().rsplit_once('/')?;
    Part::of_name(part).and_then(|_| PointName::new(whole).ok())
}

/// A component, by its address as it stands in the bytes.
pub fn component(component: Component, dialect: &Dialect) -> PointName {
    let mut text = system_text(component.system);
    for (place, indices) in dialect.component_address.iter().take(ADDRESS_BYTES).enumerate() {
        text.push(if place == 0 { '/' } else { '-' });
        let bytes = indices
            .iter()
            .take(ADDRESS_BYTES)
            .map(|index| component.address.get(usize::from(*index)).copied().unwrap_or_default());
        number(bytes, dialect.address_digits, &mut text);
    }
    name(text)
}

/// A component by the numbers of its address as the panel prints them. `None` when they are not as many as the dialect
/// has, or too large for their bytes.
pub fn component_by_numbers(system: System, numbers: &[u64], dialect: &Dialect) -> Option<PointName> {
    let places = dialect.component_address.get(..ADDRESS_BYTES.min(dialect.component_address.len()))?;
    if numbers.len() != places.len() {
        return None;
    }
    let mut text = system_text(system);
    for (place, (number, indices)) in numbers.iter().zip(places).enumerate() {
        let of_a_byte: u64 = match dialect.address_digits {
            Digits::Binary => 256,
            Digits::Bcd => 100,
        };
        let bytes = u32::try_from(indices.len()).ok()?;
        if *number >= of_a_byte.checked_pow(bytes)? {
            return None;
        }
        text.push(if place == 0 { '/' } else { '-' });
        decimal(*number, &mut text);
    }
    Some(name(text))
}

fn system_text(System { kind, address }: System) -> CompactString {
    let mut text = CompactString::default();
    decimal(u64::from(kind), &mut text);
    text.push('.');
    decimal(u64::from(address), &mut text);
    text
}

fn number(bytes: impl Iterator<Item = u8> + Clone, digits: Digits, text: &mut CompactString) {
    let is_decimal = |byte: u8| byte >> 4 <= 9 && byte & 0x0f <= 9;
    match digits {
        Digits::Binary => {
            let number = bytes.fold(0, |number: u64, byte| (number << 8) | u64::from(byte));
            decimal(number, text);
        }
        Digits::Bcd if bytes.clone().all(is_decimal) => {
            let number = bytes.fold(0, |number: u64, byte| number * 100 + u64::from((byte >> 4) * 10 + (byte & 0x0f)));
            decimal(number, text);
        }
        // Not what the dialect says: shown as it came, and told apart by its letters.
        Digits::Bcd => bytes.for_each(|byte| _ = write!(text, "{byte:02x}")),
    }
}

/// Appends the number. Names are made for every reading: the general formatter takes several times as long.
pub(super) fn decimal(number: u64, text: &mut CompactString) {
    let mut digits = [0u8; 20];
    let mut left = number;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(left % 10).expect("a digit is below ten");
        left /= 10;
        used += 1;
        if left == 0 {
            break;
        }
    }
    let digits = digits.get(digits.len() - used..).unwrap_or_default();
    text.push_str(std::str::from_utf8(digits).expect("digits are ASCII"));
}

fn name(text: CompactString) -> PointName {
    PointName::try_from(text).expect("digits, dots, dashes and short words make a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_panel_prints() {
        let alarm = System { kind: 1, address: 1 };
        let component = |address| Component { system: alarm, kind: 40, address };
        let named = |address, dialect: &Dialect| super::component(component(address), dialect).to_string();
        assert_eq!(named([10, 0, 2, 0], Dialect::standard()), "1.1/10-2");
        assert_eq!(named([255; 4], Dialect::standard()), "1.1/65535-65535");
        let point_first = Dialect { component_address: vec![vec![3, 2], vec![1, 0]], ..Dialect::default() };
        assert_eq!(named([5, 0, 101, 0], &point_first), "1.1/101-5");
        let bytes = Dialect {
            component_address: vec![vec![0], vec![1], vec![2], vec![3]],
            address_digits: Digits::Bcd,
            ..Dialect::default()
        };
        assert_eq!(named([0x12, 0x34, 0x05, 0x1a], &bytes), "1.1/12-34-5-1a");
        assert_eq!(super::system(alarm).as_str(), "1.1");
        let numbered = |numbers: &[u64], dialect: &Dialect| {
            super::component_by_numbers(alarm, numbers, dialect).map(|name| name.to_string())
        };
        assert_eq!(numbered(&[101, 5], &point_first).as_deref(), Some("1.1/101-5"));
        assert_eq!(numbered(&[12, 34, 5, 99], &bytes).as_deref(), Some("1.1/12-34-5-99"));
        assert_eq!(numbered(&[12, 34, 5, 100], &bytes), None);
        assert_eq!(numbered(&[65_536, 1], Dialect::standard()), None);
        assert_eq!(numbered(&[1], Dialect::standard()), None);
        assert_eq!(part(&super::system(System { kind: 255, address: 0 }), Part::Bus).as_str(), "255.0/bus");
        assert_eq!(part(&uitd(), Part::Channel).as_str(), "uitd/channel");
        assert_eq!(whole_of(&PointName::new("1.1/5-7/power").unwrap()).unwrap().as_str(), "1.1/5-7");
        assert_eq!(whole_of(&PointName::new("1.1/5-7").unwrap()), None);
    }

    #[test]
    fn an_unchecked_dialect_still_names_a_point() {
        let wild = Dialect { component_address: vec![vec![9; 40], vec![]], ..Dialect::default() };
        let component = Component { system: System { kind: 1, address: 1 }, kind: 0, address: [1; 4] };
        assert_eq!(super::component(component, &wild).as_str(), "1.1/0-0");
        let endless = Dialect { component_address: vec![vec![]; 500], ..Dialect::default() };
        super::component(component, &endless);
    }
}
