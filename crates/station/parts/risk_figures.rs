//! Figures for the risk score that people or programs give over the HTTP API: the same frames as over MQTT, journaled as
//! such. What could not be read in whole is refused before it is in the journal.

use crate::parts::inputs::Inputs;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use watchfire_console::{RiskFigures, RiskFiguresKind};
use watchfire_model::{Bilingual, Decoded, Frame, Input, Link, SiteId, Timestamp};
use watchfire_rules::risk::{RISK_DEVICE, WEATHER_DEVICE};
use watchfire_wire::{Profiles, Sessions};

/// Figures that may wait.
pub(crate) const FIGURES_MAX: usize = 64;

/// Takes figures until the console is gone.
pub(crate) async fn serve(mut figures: mpsc::Receiver<RiskFigures>, inputs: Inputs) {
    let mut journaling = JoinSet::new();
    loop {
        tokio::select! {
            given = figures.recv() => {
                let Some(given) = given else { break };
                journaling.spawn(take(given, inputs.clone()));
            }
            Some(_) = journaling.join_next() => {}
        }
    }
}

async fn take(given: RiskFigures, inputs: Inputs) {
    let RiskFigures { site, kind, payload, by, reply } = given;
    let topic = topic(&site, kind);
    let identity = format!("user/{by}");
    let frame = Frame {
        site: site.as_str(),
        identity: &identity,
        device: "",
        link: Link::Mqtt { qos: 1, retain: false },
        topic: &topic,
        payload: &payload,
    };
    if let Some(why) = refusal(&frame) {
        let _ = reply.send(Err(why));
        return;
    }
    // Without a journal the reply is dropped, which tells the console that nobody answers.
    if let Ok(seq) = inputs.journal(&Input::Frame(frame)).await {
        let _ = reply.send(Ok(seq));
    }
}

fn topic(site: &SiteId, kind: RiskFiguresKind) -> String {
    match kind {
        RiskFiguresKind::Figures => format!("wf/v1/{site}/{RISK_DEVICE}/readings"),
        RiskFiguresKind::Weather => format!("wf/v1/{site}/{WEATHER_DEVICE}/readings"),
        RiskFiguresKind::Warning => format!("wf/v1/{site}/{WEATHER_DEVICE}/warning"),
    }
}

/// What is wrong with it, as far as that can be told from itself.
fn refusal(frame: &Frame<'_>) -> Option<Bilingual> {
    let Decoded { readings, defects, .. } =
        watchfire_wire::decode(frame, Timestamp::EPOCH, &Profiles::default(), &mut Sessions::default());
    if let Some(defect) = defects.first() {
        let detail = format!("{}: {}", defect.kind.as_str(), defect.detail);
        return Some(Bilingual::new(
            format!("nothing was taken, because something in it cannot be read: {detail}"),
            format!("内容有误，未予接收：{detail}"),
        ));
    }
    readings.is_empty().then(|| {
        Bilingual::new(
            "nothing was taken: it holds no reading (or a warning that is an exercise or a test)",
            "未予接收：其中没有读数（或为演练、测试预警）",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_in_whole_is_refused() {
        let check = |kind, payload: &str| {
            let topic = topic(&SiteId::new("care").unwrap(), kind);
            let link = Link::Mqtt { qos: 1, retain: false };
            let payload = payload.as_bytes();
            refusal(&Frame { site: "care", identity: "user/wang", device: "", link, topic: &topic, payload })
                .map(|why| why.en)
        };
        let good = r#"{"id": "1", "readings": [{"metric": "vendor.risk.overdue_hazards", "value": 2}]}"#;
        assert_eq!(check(RiskFiguresKind::Figures, good), None);
        assert_eq!(check(RiskFiguresKind::Warning, r#"{"level": "red", "event": "gale"}"#), None);
        let told = |kind, payload: &str| check(kind, payload).unwrap();
        assert!(told(RiskFiguresKind::Figures, &good.replace("vendor.risk", "risk")).contains("unknown_metric"));
        assert!(told(RiskFiguresKind::Weather, r#"{"readings": []}"#).contains("no reading"));
        let exercise = r#"{"level": "red", "status": "Exercise"}"#;
        assert!(told(RiskFiguresKind::Warning, exercise).contains("exercise"));
    }
}
