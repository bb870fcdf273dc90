//! `watchfire replay --risk`: how well the order of risk stood before each real fire of a journal.

use crate::commands::replay;
use crate::parts::fold::Draft;
use crate::parts::risk_fold::{RiskDraft, RiskState};
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use watchfire_rules::risk::{Change, Place, back_test};

/// Replays a journal through the rules and the risk, and judges the order by the fires that people verified as real.
pub(crate) fn judge(
    folder: &Path,
    (rules, risk): (Draft, RiskDraft),
    lead: Duration,
    out: &mut impl Write,
) -> Result<(), String> {
    let set_ups = replay::set_ups_beside(folder);
    let mut state = RiskState::new(risk);
    let (mut of_sites, mut told) = (Vec::new(), Vec::new());
    let mut changes: Vec<Change> = Vec::new();
    replay::journal(folder, rules, &mut |_, entry, transitions| {
        if let Some(entry) = entry {
            state.apply(entry, transitions, &set_ups, &mut changes);
        }
        of_sites.extend(changes.drain(..).filter(|change| matches!(change.place, Place::Site(_))));
        told.append(transitions);
        Ok(())
    })?;
    write!(out, "{}", back_test(&of_sites, &told, lead)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sites;
    use crate::set_up_store::{self, FullSetUp};
    use watchfire_journal::{Limits, RealDisk, Writer, survey};
    use watchfire_model::encoding::EncodedInput;
    use watchfire_model::{AlertId, Class, Frame, Input, Link, Order, OrderKind, Timestamp, Verdict};
    use watchfire_rules::RuleSet;
    use watchfire_rules::risk::RiskSettings;

    const DAY: i64 = 86_400;
    const SITES: [&str; 5] = ["a", "b", "c", "d", "e"];

    struct Recorder {
        journal: Writer<RealDisk>,
        now: i64,
    }

    impl Recorder {
        fn input(&mut self, input: &Input<'_>) {
            let record = EncodedInput::new(input).stamp(Timestamp::from_seconds(1_772_352_000 + self.now)).to_vec();
            self.journal.append(&record).unwrap();
            self.journal.sync().unwrap();
            self.now += 60;
        }

        fn frame(&mut self, site: &str, topic: &str, payload: &str) {
            let link = Link::Mqtt { qos: 1, retain: false };
            let payload = payload.as_bytes();
            self.input(&Input::Frame(Frame { site, identity: "gw", device: "", link, topic, payload }));
        }
    }

    /// Five homes; one has hazards and burns.
    fn recorded(root: &Path) {
        let home = |id: &str| format!("[sites.{id}]\nname = {{ en = \"{id}\", zh = \"{id}\" }}\nkind = \"home\"\n");
        let sites = sites::parse("test", &SITES.map(home).concat()).unwrap();
        let risk = Some(RiskSettings::built_in());
        let set_up = FullSetUp { sites, rules: RuleSet::built_in(), risk, ..FullSetUp::default() };
        let setup = set_up_store::store(&root.join("setups"), &set_up).unwrap();
        let limits = Limits { segment_bytes: 64 * 1024, reserve_bytes: 0, ..Limits::default() };
        let (journal, _) = Writer::open(&RealDisk, &root.join("journal"), limits).unwrap();
        let mut recorder = Recorder { journal, now: 0 };
        recorder.input(&Input::Setup(setup));
        for site in SITES {
            let hazards = if site == "d" { 6 } else { 0 };
            let payload =
                format!("{{\"readings\": [{{\"metric\": \"vendor.risk.overdue_hazards\", \"value\": {hazards}}}]}}");
            recorder.frame(site, &format!("wf/v1/{site}/risk/readings"), &payload);
        }
        recorder.now += 3 * DAY;
        recorder.frame("d", "zigbee2mqtt/hall", "{\"smoke\": true}");
        let alert = fire(root);
        let kind = OrderKind::Verify { alert, verdict: Verdict::Real, note: String::new() };
        recorder.input(&Input::Order(Order { id: "o-1".parse().unwrap(), by: "wang".parse().unwrap(), kind }));
        assert_eq!(survey(&RealDisk, &root.join("journal")).unwrap().last, 8);
    }

    /// The fire in the journal.
    fn fire(root: &Path) -> AlertId {
        let mut found = None;
        replay::journal(&root.join("journal"), Draft::default(), &mut |_, _, transitions| {
            let mut fires = transitions.drain(..).filter(|transition| transition.class == Class::Fire);
            found = found.or(fires.next().map(|fire| fire.alert));
            Ok(())
        })
        .unwrap();
        found.unwrap()
    }

    fn judged(root: &Path, settings: Option<RiskSettings>) -> String {
        let mut out = Vec::new();
        let drafts = (Draft::default(), RiskDraft { settings, sites: None });
        judge(&root.join("journal"), drafts, Duration::from_secs(86_400), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_journal_says_how_the_order_stood_before_its_fires() {
        let root = tempfile::tempdir().unwrap();
        recorded(root.path());
        let found = judged(root.path(), None);
        assert!(found.contains(" d score "), "{found}");
        assert!(found.contains("rank 1 of 5 percentile 100.0"), "{found}");
        assert!(found.contains("1 of 1 real fires judged 24 h before"), "{found}");

        // Settings that do not look at hazards see nothing coming.
        let mut blind = RiskSettings::built_in();
        blind.factors.retain(|factor| factor.name != "overdue-hazards");
        let found = judged(root.path(), Some(blind));
        assert!(found.contains("rank 1 of 5 percentile 50.0"), "{found}");
    }
}
