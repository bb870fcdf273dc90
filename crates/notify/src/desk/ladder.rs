//! The ladder: who is told at which rung, when the next begins, what stops it.

use super::Desk;
use super::case::{Case, Reach, Run, Start};
use super::clockwork::Timer;
use super::limits::{LATE_ROUND_PAUSE_S, QUICK_ROUNDS, ROUND_PAUSE_MIN_S, is_life, wants_an_answer};
use super::send::{Send, SendState};
use crate::delivery::{News, Telling};
use std::time::Duration;
use watchfire_model::{
    AlertId, ChannelKind, Class, ContactId, DeliveryId, Rung, Seq, Severity, SiteId, Step, Timestamp, Transition,
};

impl Desk {
    pub(super) fn transition(&mut self, transition: &Transition) {
        // What belongs to a test wakes nobody.
        if transition.marks.test {
            return;
        }
        if let Some(start) = Start::of(&transition.step) {
            self.begin(transition, start);
        } else if self.state.cases.contains_key(&transition.alert) {
            self.end(transition);
            self.settle(transition.alert);
        }
    }

    fn begin(&mut self, transition: &Transition, start: Start) {
        // A silence that something else explains calls nobody; when the explanation is over it escalates.
        if transition.class == Class::Offline && transition.severity == Severity::Info {
            self.stop(transition.alert, transition.at);
            self.state.cases.remove(&transition.alert);
            return;
        }
        let rungs = self.rungs_for(&transition.site, transition.class);
        if self.rest(transition, start, &rungs) {
            return;
        }
        self.stop(transition.alert, transition.at);
        if rungs.is_empty() && !is_life(transition.class) {
            // Nobody asked to be told of this class.
            self.state.cases.remove(&transition.alert);
            return;
        }
        let run = Run::new(transition, start, rungs);
        match self.state.cases.get_mut(&transition.alert) {
            Some(case) => {
                case.begin(transition, run);
                case.begun_at = transition.at;
            }
            None => {
                self.state.cases.insert(transition.alert, Case::new(transition, run));
            }
        }
        self.begin_rung(transition.alert, transition.at);
    }

    /// A cause that comes back so soon after it was told waits for its minute; what is on its way goes on.
    fn rest(&mut self, transition: &Transition, start: Start, rungs: &[Rung]) -> bool {
        let by_itself = matches!(transition.step, Step::Reopened { by: None, .. });
        if !by_itself || rungs.is_empty() || is_life(transition.class) {
            return false;
        }
        let Some(case) = self.state.cases.get_mut(&transition.alert) else { return false };
        let Some(until) = case.rests_until().filter(|until| *until > transition.at) else { return false };
        let news = case.news.take();
        case.begin(transition, Run::new(transition, start, rungs.to_vec()));
        case.news = news;
        case.run.next_at = Some(until);
        self.set_timer(until, Timer::Rung(transition.alert));
        true
    }

    /// Tries the ladder of the set-up now in force, after there was nobody to tell.
    pub(super) fn begin_again(&mut self, alert: AlertId) {
        let now = self.state.now;
        let Some(case) = self.state.cases.get(&alert) else { return };
        let rungs = self.rungs_for(&case.site.clone(), case.class);
        if let Some(case) = self.state.cases.get_mut(&alert) {
            case.run.rungs = rungs;
            case.run.next = 0;
            case.run.refused.clear();
        }
        self.begin_rung(alert, now);
    }

    fn end(&mut self, transition: &Transition) {
        let alert = transition.alert;
        let Some(case) = self.state.cases.get_mut(&alert) else { return };
        let was_telling = case.run.telling;
        if transition.step == Step::Cleared && case.is_resting() {
            // Those who were told have not heard that it was back.
            case.cleared_at = Some(transition.at);
            case.run.telling = false;
            case.run.next_at = None;
            return;
        }
        match &transition.step {
            Step::Cleared => {
                case.cleared_at = Some(transition.at);
                if wants_an_answer(case.class) {
                    return self.spread_over(transition);
                }
                if was_telling && case.told.is_empty() {
                    case.run.next_at = None;
                    case.run.next = case.run.rungs.len();
                    return;
                }
            }
            Step::Closed { .. } => case.closed = true,
            _ => {}
        }
        self.stop(alert, transition.at);
        // Who closes an alert that was acknowledged before has nothing new to say to those who were told.
        let closed_late = matches!(transition.step, Step::Closed { .. }) && !was_telling;
        if let Some(news) = News::of(&transition.step).filter(|_| !closed_late) {
            self.spread(transition, news);
        }
    }

    /// Ends the telling: everything that waits or is on its way is dropped.
    pub(super) fn stop(&mut self, alert: AlertId, at: Timestamp) {
        let Some(case) = self.state.cases.get_mut(&alert) else { return };
        case.run.telling = false;
        case.run.next_at = None;
        let sends = std::mem::take(&mut case.sends);
        for id in sends.keys() {
            self.ready.remove(id);
            self.handed.remove(id);
            self.summaries.remove(id);
        }
        self.set_nobody(alert, false);
        self.leave_bursts(alert, at);
        for (id, send) in sends {
            self.tell_together(&id.contact, id.channel, send.covers, &[], at);
        }
    }

    /// Tells those who were told what has become of it.
    fn spread(&mut self, transition: &Transition, news: News) {
        let Some(case) = self.state.cases.get_mut(&transition.alert) else { return };
        case.news = Some((transition.seq, transition.at, news.clone()));
        for (contact, channel) in case.told.clone() {
            let send = Send::first(Telling::Update(news.clone()), transition.at, Vec::new());
            self.insert_send(transition.alert, transition.seq, &contact, channel, send);
        }
    }

    /// The cause is over and the ladder goes on: those who were told hear of it, the others are still told.
    fn spread_over(&mut self, transition: &Transition) {
        if transition.class != Class::Fire {
            self.spread(transition, News::Cleared);
        }
    }

    pub(super) fn rung_is_due(&mut self, alert: AlertId, at: Timestamp) {
        let Some(case) = self.state.cases.get_mut(&alert) else { return };
        if case.run.next_at != Some(at) {
            return self.settle(alert);
        }
        if case.is_resting() {
            case.begun_at = at;
            self.stop(alert, at);
            if let Some(case) = self.state.cases.get_mut(&alert) {
                case.run.telling = true;
                case.news = None;
            }
            return self.begin_rung(alert, at);
        }
        if case.run.next >= case.run.rungs.len() {
            case.run.round = case.run.round.saturating_add(1);
            case.run.next = 0;
            if case.run.round == QUICK_ROUNDS {
                self.call_in_the_station(alert);
            }
        }
        self.begin_rung(alert, at);
    }

    /// Nobody on the ladder has answered: from now on the station's own people are told, too.
    fn call_in_the_station(&mut self, alert: AlertId) {
        let Some(case) = self.state.cases.get_mut(&alert) else { return };
        let class = case.class;
        let own = self.options.ladder.iter().filter(|rung| fits(rung, class));
        let further: Vec<Rung> = own.filter(|rung| !case.run.rungs.contains(rung)).cloned().collect();
        case.run.rungs.extend(further);
    }

    /// Begins the next rung on which somebody can be told, and sets the time of the one after it.
    pub(super) fn begin_rung(&mut self, alert: AlertId, at: Timestamp) {
        while let Some(rung) = self.take_rung(alert) {
            let mut told = false;
            for contact in &rung.contacts {
                if self.tell(alert, contact, &rung.channels, at) {
                    told = true;
                    if let Some(case) = self.state.cases.get_mut(&alert) {
                        case.run.current.insert(contact.clone(), Reach::Trying);
                    }
                }
            }
            if told {
                self.set_nobody(alert, false);
                return self.schedule_rung(alert, &rung, at);
            }
        }
        self.mind_nobody(alert);
    }

    fn take_rung(&mut self, alert: AlertId) -> Option<Rung> {
        let run = &mut self.state.cases.get_mut(&alert)?.run;
        let rung = run.rungs.get(run.next)?.clone();
        run.next = run.next.saturating_add(1);
        run.next_at = None;
        run.current.clear();
        Some(rung)
    }

    fn schedule_rung(&mut self, alert: AlertId, rung: &Rung, at: Timestamp) {
        let Some(case) = self.state.cases.get_mut(&alert) else { return };
        let wait_s = if case.run.next < case.run.rungs.len() {
            rung.wait_s
        } else if case.severity != Severity::Critical {
            return;
        } else if case.run.round.saturating_add(1) < QUICK_ROUNDS {
            rung.wait_s.max(ROUND_PAUSE_MIN_S)
        } else {
            rung.wait_s.max(LATE_ROUND_PAUSE_S)
        };
        let next_at = at.plus(Duration::from_secs(wait_s.into()));
        case.run.next_at = Some(next_at);
        self.set_timer(next_at, Timer::Rung(alert));
    }

    /// Plans to tell one contact. False when there is no way to.
    fn tell(&mut self, alert: AlertId, contact: &ContactId, channels: &[ChannelKind], at: Timestamp) -> bool {
        let (Some(case), Some(known)) = (self.state.cases.get(&alert), self.state.sites.contacts.get(contact)) else {
            return false;
        };
        let named: Vec<ChannelKind> = channels.iter().copied().filter(|way| known.channels.contains_key(way)).collect();
        let one_after_another = !named.is_empty();
        // No way is named, or the contact has none of those: all at once.
        let mut ways = if one_after_another { named } else { known.channels.keys().copied().collect() };
        ways.retain(|way| !case.run.refused.contains(&(contact.clone(), *way)));
        match ways.split_first() {
            Some((first, rest)) if one_after_another => {
                self.plan_alarm(alert, contact, *first, rest.to_vec(), at);
            }
            _ => ways.iter().for_each(|way| self.plan_alarm(alert, contact, *way, Vec::new(), at)),
        }
        !ways.is_empty()
    }

    /// Plans to tell one contact by one way: by itself, or with others of the same burst.
    pub(super) fn plan_alarm(
        &mut self,
        alert: AlertId,
        contact: &ContactId,
        channel: ChannelKind,
        fallbacks: Vec<ChannelKind>,
        at: Timestamp,
    ) {
        let Some(case) = self.state.cases.get(&alert) else { return };
        let cause = case.run.cause;
        if let Some(id) = self.pending(alert, cause, contact, channel) {
            return self.bring_forward(&id, at);
        }
        if !self.joins_burst(alert, contact, channel, &fallbacks, at) {
            self.insert_send(alert, cause, contact, channel, Send::first(Telling::Alarm, at, fallbacks));
        }
    }

    /// A send of that kind that waits or is on its way.
    pub(super) fn pending(
        &self,
        alert: AlertId,
        cause: Seq,
        contact: &ContactId,
        channel: ChannelKind,
    ) -> Option<DeliveryId> {
        let case = self.state.cases.get(&alert)?;
        let same = |id: &&DeliveryId| id.cause == cause && id.contact == *contact && id.channel == channel;
        case.sends.keys().find(same).cloned()
    }

    /// Makes a retry that waits due at that time: another rung asks for it.
    fn bring_forward(&mut self, id: &DeliveryId, at: Timestamp) {
        let send = self.state.cases.get_mut(&id.alert).and_then(|case| case.sends.get_mut(id));
        if let Some(send) = send
            && let SendState::Waiting { at: planned } = send.state
            && planned > at
        {
            send.state = SendState::Waiting { at };
            self.set_timer(at, Timer::Send(id.clone()));
        }
    }

    /// Adds a message under the next attempt's number.
    pub(super) fn insert_send(
        &mut self,
        alert: AlertId,
        cause: Seq,
        contact: &ContactId,
        channel: ChannelKind,
        mut send: Send,
    ) {
        let Some(case) = self.state.cases.get_mut(&alert) else { return };
        let attempt = case.next_attempt(cause, contact, channel);
        let id = DeliveryId { alert, cause, contact: contact.clone(), channel, attempt };
        if send.first_attempt == 0 {
            send.first_attempt = attempt;
        }
        let state = send.state;
        if !send.covers.is_empty() {
            self.summaries.insert(id.clone());
        }
        case.sends.insert(id.clone(), send);
        if let SendState::Waiting { at } = state {
            self.set_timer(at, Timer::Send(id));
        }
    }

    /// The rungs for that class: the site's, or the station's own when a danger to life would find nobody.
    fn rungs_for(&self, site: &SiteId, class: Class) -> Vec<Rung> {
        let of = |rungs: &[Rung]| rungs.iter().filter(|rung| fits(rung, class)).cloned().collect::<Vec<_>>();
        let own = self.state.sites.sites.get(site).map(|site| of(&site.ladder)).unwrap_or_default();
        let reachable = |rung: &Rung| {
            let contacts = &self.state.sites.contacts;
            rung.contacts.iter().any(|id| contacts.get(id).is_some_and(|contact| !contact.channels.is_empty()))
        };
        if is_life(class) && !own.iter().any(reachable) { of(&self.options.ladder) } else { own }
    }

    /// Says so when an alert is open and nobody was told, is being told, or will be.
    pub(super) fn mind_nobody(&mut self, alert: AlertId) {
        let Some(case) = self.state.cases.get(&alert) else { return };
        let run = &case.run;
        let hopeless = run.telling && run.next_at.is_none() && case.told.is_empty() && case.sends.is_empty();
        if hopeless && case.cleared_at.is_none() && !self.is_told_with_others(alert) {
            self.set_nobody(alert, true);
        }
    }

    fn set_nobody(&mut self, alert: AlertId, nobody: bool) {
        let Some(case) = self.state.cases.get_mut(&alert) else { return };
        if std::mem::replace(&mut case.run.nobody, nobody) == nobody {
            return;
        }
        let (site, class) = (case.site.clone(), case.class);
        let any = self.state.cases.values().any(|case| case.run.nobody && case.site == site);
        self.state.health.nobody(&site, any.then_some(class));
    }

    /// Forgets an alert of which nobody will be told anything any more.
    pub(super) fn settle(&mut self, alert: AlertId) {
        let Some(case) = self.state.cases.get(&alert).filter(|case| case.is_over() && case.sends.is_empty()) else {
            return;
        };
        if let Some(until) = case.rests_until().filter(|until| *until > self.state.now) {
            return self.set_timer(until, Timer::Rung(alert));
        }
        if !self.is_told_with_others(alert) {
            self.stop(alert, self.state.now);
            self.state.cases.remove(&alert);
        }
    }
}

/// Whether a rung is for that class.
fn fits(rung: &Rung, class: Class) -> bool {
    if rung.classes.is_empty() { is_life(class) } else { rung.classes.contains(&class) }
}
