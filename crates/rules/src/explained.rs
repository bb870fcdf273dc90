//! What one trouble explains of another: a power cut explains that devices fall silent. The alerts of the consequence are
//! raised all the same, but marked: their severity is `info` and the sentence names the reason. When the reason has been
//! over for a while and the silence goes on, it counts as much as any. Only silences are ever explained, and nothing
//! about life.

use crate::engine::Engine;
use crate::event::Effects;
use crate::fusion::Room;
use crate::room_words;
use crate::silence::silence_of;
use watchfire_model::{Bilingual, Severity, Step};

impl Engine {
    /// What explains the device's silence now.
    pub(crate) fn explanation(&self, device: u32) -> Vec<Bilingual> {
        let Some(rule) = self.fleet.device(device).silence_rule else { return Vec::new() };
        if self.rule(rule).explained_by.is_empty() {
            return Vec::new();
        }
        let Some(room) = self.room_across(device, rule) else { return Vec::new() };
        // Its own silence explains nothing.
        let others = self.notes.get(&(room, rule)).is_some_and(|notes| notes.iter().any(|note| note.device != device));
        if others { self.told_by_notes(room, rule).0 } else { Vec::new() }
    }

    /// What explained silences at a place has begun, or is over.
    pub(crate) fn look_at_explanation(&mut self, room: Room, watcher: u16, out: &mut Effects) {
        if self.notes.get(&(room, watcher)).is_some_and(|notes| !notes.is_empty()) {
            return;
        }
        self.notes.remove(&(room, watcher));
        let rule = self.rule(watcher);
        let (name, severity) = (rule.name.clone(), rule.severity);
        if severity == Severity::Info {
            return;
        }
        let marked = self.book.iter().filter(|(_, case)| {
            case.alert.rule.name == name && case.alert.severity == Severity::Info && !case.alert.is_over()
        });
        let marked: Vec<_> = marked.filter_map(|(key, case)| Some((key, silence_of(case)?))).collect();
        for (key, device) in marked {
            let here = self.room_across(device, watcher) == Some(room);
            if !here || !self.fleet.device(device).silence().phase.holds() {
                continue;
            }
            let reason = room_words::no_longer_explained(&self.label(device));
            let Some(ground) = self.silence_ground(device, reason) else { continue };
            let step = Step::Escalated { from: ground.class };
            self.book.step_by_ground(key, step, self.stamp, ground, out);
            self.news_of(key);
        }
    }
}
