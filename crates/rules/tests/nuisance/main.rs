//! What is no fire, and what is one, as physics has it: rooms in which people shower, fry, smoke and heat, each in many
//! variants (`life.rs`), and the same rooms with a fire (`burning.rs`). No nuisance may be told as a `fire`; every fire
//! must be, also behind steam and in a room that was aired. The nuisances are those that EN 14604, UL 217 and EN 54
//! have in view. Single ones, with every word that is told, are in `../scenarios/nuisance.txt`.
#![expect(clippy::unwrap_used, reason = "tests may stop at what is wrong")]

#[path = "../support/chance.rs"]
mod chance;

mod burning;
mod drawing;
mod head;
mod life;
mod room;

use chance::Chance;
use head::Head;
use watchfire_model::{Sites, Timestamp};
use watchfire_rules::RuleSet;
use watchfire_rules::replay::Session;

/// Where second 0 of a story is put.
const START_S: i64 = 1_767_571_200;
/// Nothing happens for so long before it.
const QUIET_S: i32 = 3_600;
/// Variants of each story.
const SEEDS: u64 = 12;

/// What is in the air at a detector, second by second.
pub(crate) struct Story {
    /// Of the room before anything happens, °C and %RH.
    pub(crate) usual: (f64, f64),
    /// How long it takes, in seconds.
    pub(crate) length_s: i32,
    /// The air at the ceiling so many seconds after the beginning.
    pub(crate) air: Box<dyn FnMut(f64) -> Air>,
}

/// Air at a detector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Air {
    /// Temperature, °C.
    pub(crate) temperature: f64,
    /// Smoke, or what an optical chamber takes for it, dB/m.
    pub(crate) smoke: f64,
    /// Water vapour more than before, hPa.
    pub(crate) vapour: f64,
    /// Carbon monoxide, ppm.
    pub(crate) co: f64,
}

/// When a story was told as an early warning or worse, and as a fire.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    warned_s: Option<i32>,
    fire_s: Option<i32>,
}

/// Plays a story to the shipped rules, as a detector of chance's choice would report it.
fn play(mut story: Story, chance: &mut Chance) -> Told {
    let mut session = Session::new(RuleSet::built_in(), Sites::default());
    let mut head = Head::new(story.usual, chance);
    let mut told = Told::default();
    for second in -QUIET_S..story.length_s {
        let air = (story.air)(f64::from(second));
        let at = Timestamp((START_S + i64::from(second)) * 1_000_000);
        for (metric, unit, value) in head.feel(second, air, chance) {
            let line = format!(
                r#"{{"at":"{at}","site":"s","zone":"z","device":"d","metric":"{metric}","value":{value},"unit":"{unit}"}}"#
            );
            let mut out = String::new();
            session.line(&line, &mut out).unwrap();
            for line in out.lines() {
                let alert: serde_json::Value = serde_json::from_str(line).unwrap();
                let is = |key: &str, word: &str| alert.get(key).is_some_and(|value| value == word);
                if is("transition", "cleared") {
                    continue;
                }
                if is("class", "fire") {
                    told.fire_s.get_or_insert(second);
                }
                if is("class", "fire") || is("class", "early_warning") {
                    told.warned_s.get_or_insert(second);
                }
            }
        }
    }
    told
}

#[test]
fn daily_life_is_never_told_as_a_fire() {
    let mut wrong = Vec::new();
    for (name, tell) in life::STORIES {
        for seed in 0..SEEDS {
            let mut chance = Chance::of(name, seed);
            let story = tell(&mut chance);
            let told = play(story, &mut chance);
            if let Some(at) = told.fire_s {
                wrong.push(format!("{name}, variant {seed}: told as a fire after {at} s"));
            }
            if let Some(at) = told.warned_s.filter(|at| *at < 0) {
                wrong.push(format!("{name}, variant {seed}: a warning {} s before it began", -at));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_fire_is_told_also_behind_what_daily_life_does() {
    let mut wrong = Vec::new();
    for (name, tell, by_s) in burning::STORIES {
        for seed in 0..SEEDS {
            let mut chance = Chance::of(name, seed);
            let story = tell(&mut chance);
            let told = play(story, &mut chance);
            if !told.fire_s.is_some_and(|at| (0..=by_s).contains(&at)) {
                wrong.push(format!("{name}, variant {seed}: wanted a fire by {by_s} s, told {told:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
