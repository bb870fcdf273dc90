//! Daily life under a detector. Sizes are those of homes: a hob of two rings gives 1 to 2.5 kW to the air, a shower warms a
//! bathroom by about a kelvin a minute, a cigarette adds about 0.1 dB/m to a living room; in a kitchen with bacon or
//! hamburgers on the stove the ceiling was measured to warm by 5 to 15 K in a quarter of an hour.

use crate::chance::Chance;
use crate::head::saturated;
use crate::room::{Room, Source, during, puff};
use crate::{Air, Story};

type Tell = fn(&mut Chance) -> Story;

pub(crate) const STORIES: [(&str, Tell); 16] = [
    ("shower", shower),
    ("bathroom door", bathroom_door),
    ("kettle", kettle),
    ("frying", frying),
    ("broiling", broiling),
    ("oven", oven),
    ("toast", toast),
    ("dust", dust),
    ("cigarette", cigarette),
    ("e-cigarette", e_cigarette),
    ("aerosol spray", aerosol_spray),
    ("candles", candles),
    ("heater", heater),
    ("sauna door", sauna_door),
    ("winter door", winter_door),
    ("sun", sun),
];

fn story(usual: f64, humidity: f64, length_s: f64, air: impl FnMut(f64) -> Air + 'static) -> Story {
    #[expect(clippy::cast_possible_truncation, reason = "some hours at most")]
    let length_s = length_s as i32;
    Story { usual: (usual, humidity), length_s, air: Box::new(air) }
}

/// A puff of warm air, of what an optical chamber takes for smoke, and of vapour.
#[derive(Clone, Copy)]
struct Puff {
    at_s: f64,
    up_s: f64,
    down_s: f64,
    warm: f64,
    smoke: f64,
    vapour: f64,
}

fn with_puffs(mut air: Air, at_s: f64, puffs: &[Puff]) -> Air {
    for one in puffs {
        let size = puff(at_s - one.at_s, one.up_s, one.down_s);
        air.temperature += one.warm * size;
        air.smoke += one.smoke * size;
        air.vapour += one.vapour * size;
    }
    air
}

fn only_puffs(chance: &mut Chance, puffs: Vec<Puff>) -> Story {
    let mut room = Room::new(chance);
    story(room.usual, chance.between(35.0, 55.0), 900.0, move |at_s| {
        with_puffs(room.second(Source::default()), at_s, &puffs)
    })
}

/// Droplets begin where the air at the ceiling is nearly saturated.
pub(crate) fn shower(chance: &mut Chance) -> Story {
    let (mut room, humidity) = (Room::bathroom(chance), chance.between(40.0, 60.0));
    let (full_s, until_s) = (chance.between(30.0, 90.0), chance.between(300.0, 900.0));
    let (heat, vapour, fog) = (chance.between(0.3, 0.8), chance.between(0.03, 0.08), chance.between(0.2, 1.5));
    let before = saturated(room.usual) * humidity / 100.0;
    story(room.usual, humidity, until_s + 900.0, move |at_s| {
        let on = during(at_s, 0.0, full_s, until_s);
        room.exchange = if at_s > until_s { 8.0 / 3_600.0 } else { room.exchange };
        let air = room.second(Source { heat: heat * on, vapour: vapour * on, ..Source::default() });
        let nearly = ((before + air.vapour) / saturated(air.temperature) - 0.8) / 0.2;
        Air { smoke: air.smoke + fog * nearly.clamp(0.0, 1.5), ..air }
    })
}

/// The door of a steamy bathroom opens onto the corridor where the detector hangs.
fn bathroom_door(chance: &mut Chance) -> Story {
    let one = Puff {
        at_s: 0.0,
        up_s: chance.between(10.0, 30.0),
        down_s: chance.between(40.0, 150.0),
        warm: chance.between(3.0, 7.0),
        smoke: chance.between(0.2, 1.0),
        vapour: chance.between(5.0, 10.0),
    };
    only_puffs(chance, vec![one])
}

fn kettle(chance: &mut Chance) -> Story {
    let mut room = Room::kitchen(chance);
    let (heat, fog, until_s) = (chance.between(0.3, 1.2), chance.between(0.1, 0.8), chance.between(60.0, 300.0));
    story(room.usual, chance.between(35.0, 55.0), until_s + 600.0, move |at_s| {
        let on = during(at_s, 0.0, 15.0, until_s);
        let air = room.second(Source { heat: heat * on, vapour: 0.01 * on, ..Source::default() });
        // The plume sways: droplets come and go.
        let sways = 0.8 + 0.2 * (at_s / 7.0).sin();
        Air { smoke: air.smoke + fog * on * sways, vapour: air.vapour + 3.0 * on, ..air }
    })
}

/// Grease and water; three times something is put into the hot pan.
pub(crate) fn frying(chance: &mut Chance) -> Story {
    let mut room = Room::kitchen(chance);
    let (heat, full_s, until_s) =
        (chance.between(0.8, 2.5), chance.between(60.0, 180.0), chance.between(480.0, 1_200.0));
    let (smoke, vapour) = (chance.between(0.15, 0.9) / 500.0, chance.between(2.0, 8.0) / 600.0);
    let puffs = [(); 3].map(|()| Puff {
        at_s: chance.between(120.0, until_s),
        up_s: 3.0,
        down_s: 20.0,
        warm: chance.between(0.2, 1.5),
        smoke: chance.between(0.05, 0.4),
        vapour: 2.0,
    });
    story(room.usual, chance.between(35.0, 55.0), until_s + 900.0, move |at_s| {
        let on = during(at_s, 0.0, full_s, until_s);
        let smokes = during(at_s, 120.0, 240.0, until_s);
        let source = Source { heat: heat * on, smoke: smoke * smokes, vapour: vapour * on, co: 0.01 * on };
        with_puffs(room.second(source), at_s, &puffs)
    })
}

/// Hamburgers under a broiler, as the cooking test of UL 217: smoke from some minutes on; the door is opened once.
fn broiling(chance: &mut Chance) -> Story {
    let mut room = Room::kitchen(chance);
    let (heat, smoke, until_s) =
        (chance.between(0.6, 1.3), chance.between(0.3, 1.0) / 700.0, chance.between(900.0, 1_500.0));
    let opened = Puff {
        at_s: chance.between(600.0, until_s),
        up_s: 5.0,
        down_s: 25.0,
        warm: chance.between(1.0, 5.0),
        smoke: 0.3,
        vapour: 4.0,
    };
    story(room.usual, chance.between(35.0, 55.0), until_s + 900.0, move |at_s| {
        let on = during(at_s, 0.0, 300.0, until_s);
        let smokes = during(at_s, 400.0, 700.0, until_s);
        let source = Source { heat: heat * on, smoke: smoke * smokes, vapour: 0.004 * on, co: 0.01 * on };
        with_puffs(room.second(source), at_s, &[opened])
    })
}

/// The door of a hot oven is opened and closed.
fn oven(chance: &mut Chance) -> Story {
    let one = Puff {
        at_s: 0.0,
        up_s: 4.0,
        down_s: chance.between(30.0, 60.0),
        warm: chance.between(2.0, 6.0),
        smoke: chance.between(0.1, 0.5),
        vapour: chance.between(2.0, 8.0),
    };
    only_puffs(chance, vec![one])
}

fn toast(chance: &mut Chance) -> Story {
    let mut room = Room::kitchen(chance);
    let (until_s, peak) = (chance.between(120.0, 240.0), chance.between(0.3, 2.5));
    let burns_s = until_s * 0.6;
    story(room.usual, chance.between(35.0, 55.0), until_s + 1_200.0, move |at_s| {
        let on = during(at_s, 0.0, 40.0, until_s);
        let burns = during(at_s, burns_s, burns_s + 20.0, until_s);
        room.exchange = if at_s > until_s { 5.0 / 3_600.0 } else { room.exchange };
        let smoke = peak / (until_s - burns_s) * 1.3 * burns;
        room.second(Source { heat: 0.5 * on, smoke, vapour: 0.001 * on, co: 0.1 * burns })
    })
}

/// Building work, a broom, a duct that is switched on.
fn dust(chance: &mut Chance) -> Story {
    let puffs = [(); 4].map(|()| Puff {
        at_s: chance.between(0.0, 400.0),
        up_s: 2.0,
        down_s: chance.between(8.0, 60.0),
        warm: 0.0,
        smoke: chance.between(0.3, 3.0),
        vapour: 0.0,
    });
    only_puffs(chance, puffs.to_vec())
}

fn cigarette(chance: &mut Chance) -> Story {
    let mut room = Room::new(chance);
    let smokers = chance.one_of(&[1.0, 2.0, 4.0]);
    let smoke = chance.between(0.05, 0.12) * smokers / 400.0;
    let puffs: Vec<Puff> = (0..10)
        .map(|number| Puff {
            at_s: f64::from(number) * 40.0 + chance.between(0.0, 20.0),
            up_s: 2.0,
            down_s: 12.0,
            warm: 0.0,
            smoke: chance.between(0.0, 0.3),
            vapour: 0.0,
        })
        .collect();
    story(room.usual, chance.between(35.0, 55.0), 1_500.0, move |at_s| {
        let on = during(at_s, 0.0, 30.0, 400.0);
        let source = Source { heat: 0.02 * smokers * on, smoke: smoke * on, co: 0.01 * smokers * on, vapour: 0.0 };
        with_puffs(room.second(source), at_s, &puffs)
    })
}

fn e_cigarette(chance: &mut Chance) -> Story {
    let puffs: Vec<Puff> = (0..6)
        .map(|number| Puff {
            at_s: f64::from(number) * 60.0 + chance.between(0.0, 30.0),
            up_s: 2.0,
            down_s: 15.0,
            warm: 0.2,
            smoke: chance.between(0.2, 2.0),
            vapour: 0.5,
        })
        .collect();
    only_puffs(chance, puffs)
}

/// Hair spray, insecticide, disinfection.
fn aerosol_spray(chance: &mut Chance) -> Story {
    let one = Puff {
        at_s: 0.0,
        up_s: chance.between(3.0, 10.0),
        down_s: chance.between(30.0, 200.0),
        warm: 0.0,
        smoke: chance.between(0.5, 4.0),
        vapour: 0.3,
    };
    only_puffs(chance, vec![one])
}

/// Up to eight of them, blown out after half an hour.
fn candles(chance: &mut Chance) -> Story {
    let mut room = Room::new(chance);
    let (heat, smoke) = (0.06 * chance.one_of(&[1.0, 4.0, 8.0]), chance.between(0.05, 0.4));
    story(room.usual, chance.between(35.0, 55.0), 2_400.0, move |at_s| {
        let on = during(at_s, 0.0, 20.0, 1_800.0);
        let mut air = room.second(Source { heat: heat * on, ..Source::default() });
        air.smoke += smoke * puff(at_s - 1_800.0, 3.0, 40.0);
        air
    })
}

/// The first evening of winter: a heater starts, its dust burns off.
fn heater(chance: &mut Chance) -> Story {
    let mut room = Room::new(chance);
    room.usual = chance.between(8.0, 18.0);
    let usual = room.usual;
    let (rise, lag_s) = (chance.between(6.0, 15.0), chance.between(180.0, 480.0));
    let (stream, dust) = (chance.between(0.0, 2.5), chance.between(0.0, 0.3));
    story(room.usual, chance.between(40.0, 60.0), 1_800.0, move |at_s| {
        let on = at_s.max(0.0);
        let warm = rise * (1.0 - (-on / lag_s).exp()) + stream * (1.0 - (-on / 40.0).exp());
        Air { temperature: usual + warm, smoke: dust * puff(at_s, 40.0, 150.0), vapour: 0.0, co: 0.0 }
    })
}

fn sauna_door(chance: &mut Chance) -> Story {
    let one = Puff {
        at_s: 0.0,
        up_s: chance.between(5.0, 15.0),
        down_s: chance.between(30.0, 90.0),
        warm: chance.between(4.0, 9.0),
        smoke: chance.between(0.05, 0.4),
        vapour: 8.0,
    };
    only_puffs(chance, vec![one])
}

/// A door stands open in winter, for a minute or for two hours; afterwards the walls and the heating warm the air again.
pub(crate) fn winter_door(chance: &mut Chance) -> Story {
    let room = Room::new(chance);
    let usual = room.usual;
    let cold = usual + (chance.between(-15.0, 5.0) - usual) * chance.between(0.3, 0.7);
    let open_s = chance.one_of(&[60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0]);
    let back_s = chance.between(120.0, 420.0);
    let mut now = usual;
    story(room.usual, chance.between(35.0, 50.0), open_s + 1_500.0, move |at_s| {
        if at_s >= 0.0 {
            now += if at_s < open_s { (cold - now) / 60.0 } else { (usual - now) / back_s };
        }
        Air { temperature: now, smoke: 0.0, vapour: (now - usual) * 0.15, co: 0.0 }
    })
}

/// The sun comes onto the ceiling and goes.
fn sun(chance: &mut Chance) -> Story {
    let room = Room::new(chance);
    let (usual, rise, lag_s) = (room.usual, chance.between(3.0, 9.0), chance.between(240.0, 600.0));
    let mut warm = 0.0;
    story(room.usual, chance.between(35.0, 55.0), 3_600.0, move |at_s| {
        let to = if (0.0..1_800.0).contains(&at_s) { rise } else { 0.0 };
        warm += (to - warm) / lag_s;
        Air { temperature: usual + warm, smoke: 0.0, vapour: 0.0, co: 0.0 }
    })
}
