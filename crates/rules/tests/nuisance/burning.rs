//! Fires in the same rooms. They grow with the square of the time at the rates of NFPA 72 annex B (slow, medium and fast:
//! 1055 kW after 600, 300 and 150 s), give 0.02 g of soot and, while they smoulder, much carbon monoxide; each with the
//! seconds by which it must be told as a fire.

use crate::Story;
use crate::chance::Chance;
use crate::life;
use crate::room::{Room, Source};

type Tell = fn(&mut Chance) -> Story;

pub(crate) const STORIES: [(&str, Tell, i32); 6] = [
    ("slow fire", slow, 180),
    ("medium fire", medium, 120),
    ("fast fire", fast, 90),
    ("fire in a steamy bathroom", behind_steam, 600 + 150),
    ("fire after an hour of airing in winter", after_airing, 3_900 + 150),
    ("fire while somebody fries", beside_frying, 600 + 150),
];

/// Grows to 1055 kW within so many seconds; half of it goes into the plume.
fn growing(at_s: f64, to_megawatt_s: f64, room: &Room) -> Source {
    let power = 1_055.0 * (at_s.max(0.0) / to_megawatt_s).powi(2);
    // 20 MJ/kg; soot of 2 %; 3300 m²/kg to a base of ten, ten decibels each (Mulholland).
    let smoke = power / 20_000.0 * 0.02 * 3_300.0 * 10.0 / room.volume;
    Source { heat: power * 0.6, smoke, vapour: power * 0.00002, co: power * 0.02 }
}

fn alone(chance: &mut Chance, to_megawatt_s: f64) -> Story {
    let mut room = Room::new(chance);
    Story {
        usual: (room.usual, chance.between(35.0, 55.0)),
        length_s: 240,
        air: Box::new(move |at_s| {
            let source = growing(at_s, to_megawatt_s, &room);
            room.second(source)
        }),
    }
}

fn slow(chance: &mut Chance) -> Story {
    alone(chance, 600.0)
}

fn medium(chance: &mut Chance) -> Story {
    alone(chance, 300.0)
}

fn fast(chance: &mut Chance) -> Story {
    alone(chance, 150.0)
}

/// A medium fire begins while something harmless goes on.
fn beside(mut harmless: Story, from_s: f64, chance: &mut Chance) -> Story {
    let mut room = Room::new(chance);
    let usual = room.usual;
    #[expect(clippy::cast_possible_truncation, reason = "an hour and some minutes")]
    let length_s = (from_s + 240.0) as i32;
    Story {
        usual: harmless.usual,
        length_s,
        air: Box::new(move |at_s| {
            let mut air = (harmless.air)(at_s);
            let source = growing(at_s - from_s, 300.0, &room);
            let more = room.second(source);
            air.temperature += more.temperature - usual;
            air.smoke += more.smoke;
            air.vapour += more.vapour;
            air.co += more.co;
            air
        }),
    }
}

fn behind_steam(chance: &mut Chance) -> Story {
    let shower = life::shower(chance);
    beside(shower, 600.0, chance)
}

fn after_airing(chance: &mut Chance) -> Story {
    let aired = life::winter_door(chance);
    beside(aired, 3_900.0, chance)
}

fn beside_frying(chance: &mut Chance) -> Story {
    let frying = life::frying(chance);
    beside(frying, 600.0, chance)
}
