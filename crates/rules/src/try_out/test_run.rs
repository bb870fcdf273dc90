//! The engine under a test file: entries in, what it told out.

use crate::engine::Engine;
use crate::event::{Effects, Event, SetUp, Stamp};
use crate::rule::RuleSet;
use crate::try_out::told::Told;
use watchfire_model::{
    AlertId, Decoded, JournalId, Order, OrderId, OrderKind, Seq, SiteId, Sites, Started, Timestamp, UserName,
};

/// See the head of this file.
pub(crate) struct Run {
    engine: Engine,
    /// Taken when the first entry comes.
    set_up: Option<SetUp>,
    stamp: Option<Stamp>,
    alerts: Vec<AlertId>,
}

impl Run {
    /// With these rules and no site yet.
    pub(crate) fn new(rules: RuleSet) -> Run {
        let set_up = Some(SetUp { sites: Sites::default(), rules });
        Run { engine: Engine::empty(JournalId([1; 16])), set_up, stamp: None, alerts: Vec::new() }
    }

    /// The sites, to be said before anything happens.
    pub(crate) fn sites(&mut self) -> Result<&mut Sites, String> {
        let set_up = self.set_up.as_mut().ok_or("sites and devices stand before the first time")?;
        Ok(&mut set_up.sites)
    }

    pub(crate) fn is_not_before(&self, at: Timestamp) -> Result<(), String> {
        match self.stamp {
            Some(stamp) if at < stamp.at => Err(format!("it is later already: {}; time never goes back", stamp.at)),
            _ => Ok(()),
        }
    }

    pub(crate) fn frame(&mut self, at: Timestamp, site: &SiteId, decoded: &Decoded) -> Vec<Told> {
        self.apply(at, &Event::Decoded { site, decoded })
    }

    /// Ticks at every time at which a timer is due, and then.
    pub(crate) fn until(&mut self, at: Timestamp) -> Vec<Told> {
        let mut told = self.due_before(at);
        told.append(&mut self.apply(at, &Event::Tick));
        told
    }

    /// Ticks at every time before at which a timer is due.
    pub(crate) fn due_before(&mut self, at: Timestamp) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some(due) = self.engine.wake_at().filter(|due| *due < at) {
            told.append(&mut self.apply(due, &Event::Tick));
        }
        told
    }

    pub(crate) fn order(&mut self, at: Timestamp, (id, by, kind): (OrderId, UserName, OrderKind)) -> Vec<Told> {
        self.apply(at, &Event::Order(&Order { id, by, kind }))
    }

    pub(crate) fn started(&mut self, at: Timestamp) -> Vec<Told> {
        let before = self.stamp.map_or(at, |stamp| stamp.at);
        let down_us = u64::try_from(at.since(before).as_micros()).unwrap_or_default();
        let (build, engine_version) = (String::new(), crate::ENGINE_VERSION);
        let started = Started { build, engine_version, wall: at, boot_id: [0; 16], boot_us: 0, down_us };
        self.apply(at, &Event::Started(&started))
    }

    /// The alert of that number.
    pub(crate) fn alert(&self, number: usize) -> Result<AlertId, String> {
        let found = number.checked_sub(1).and_then(|place| self.alerts.get(place));
        found.copied().ok_or_else(|| format!("there is no alert #{number} yet"))
    }

    fn apply(&mut self, at: Timestamp, event: &Event<'_>) -> Vec<Told> {
        let mut effects = Effects::default();
        if let Some(set_up) = self.set_up.take() {
            let stamp = self.next_stamp(at);
            self.engine.apply(stamp, &Event::Setup(&set_up), &mut effects);
        }
        let stamp = self.next_stamp(at);
        self.engine.apply(stamp, event, &mut effects);
        let mut told = Vec::new();
        for transition in &effects.transitions {
            let known = self.alerts.iter().position(|alert| *alert == transition.alert);
            let place = known.unwrap_or_else(|| {
                self.alerts.push(transition.alert);
                self.alerts.len() - 1
            });
            told.push(Told::of(transition, place + 1));
        }
        for refusal in &effects.refusals {
            let reasons = vec![refusal.why.en.to_string(), refusal.why.zh.to_string()];
            told.push(Told { head: format!("refused {}", refusal.order), reasons });
        }
        told
    }

    fn next_stamp(&mut self, at: Timestamp) -> Stamp {
        let seq = self.stamp.map_or(1, |stamp| stamp.seq.0 + 1);
        let stamp = Stamp { seq: Seq(seq), at };
        self.stamp = Some(stamp);
        stamp
    }
}
