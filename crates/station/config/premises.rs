//! `[sites.<id>.premises]` of `sites.toml`: what is known of a site's premises. Every key may be left out.

use watchfire_model::Premises;
use watchfire_settings::Section;

/// Before this year no building's age says more.
const BUILT_MIN: u64 = 1_500;
const BUILT_MAX: u64 = 2_200;
/// No building is higher.
const HEIGHT_M_MAX: u64 = 1_000;
/// The longest name of a building, in bytes.
const BUILDING_BYTES_MAX: usize = 64;

pub(super) fn read(section: &mut Section<'_>) -> Option<Premises> {
    let district = section.optional_parsed("district");
    let building = section.optional_text("building");
    let building = building.filter(|name| {
        let good = !name.trim().is_empty() && name.len() <= BUILDING_BYTES_MAX && !name.chars().any(char::is_control);
        if !good {
            section.problem("building", format!("is not a name: use 1 to {BUILDING_BYTES_MAX} bytes"));
        }
        good
    });
    let built = section.optional_integer("built", BUILT_MIN..=BUILT_MAX);
    let height_m = section.optional_integer("height_m", 1..=HEIGHT_M_MAX);
    let fire_resistance = section.optional_integer("fire_resistance", 1..=4);
    let combustible = section.flag_or("combustible_walls", false);
    let combustible_walls = section.has("combustible_walls").then_some(combustible);
    let residents = section.optional_integer("residents", 0..=u64::from(u32::MAX));
    Some(Premises {
        district,
        building: building.map(Into::into),
        built: built.and_then(|year| u16::try_from(year).ok()),
        height_m: height_m.and_then(|metres| u16::try_from(metres).ok()),
        fire_resistance: fire_resistance.and_then(|class| u8::try_from(class).ok()),
        combustible_walls,
        residents: residents.and_then(|people| u32::try_from(people).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn premises_are_read_and_what_is_wrong_is_told() {
        let read = |text: &str| watchfire_settings::read("sites.toml", text, read);
        let premises = read("district = \"烟台市/莱山区\"\nbuilt = 1998\ncombustible_walls = false\n").unwrap();
        assert_eq!(premises.district.unwrap().as_str(), "烟台市/莱山区");
        assert_eq!((premises.built, premises.combustible_walls, premises.height_m), (Some(1998), Some(false), None));
        assert_eq!(read("").unwrap(), Premises::default());
        let problems = read("district = \"a//b\"\nbuilding = \"\"\nfire_resistance = 5\nheigth_m = 3\n").unwrap_err();
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4], "{problems:?}");
        assert!(problems.iter().any(|problem| problem.message.contains("`height_m`")));
    }
}
