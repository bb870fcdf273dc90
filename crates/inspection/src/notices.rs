//! What the station says for the schedule: who does not answer. A notice is wanted, then journaled; the rules raise it.

use crate::calendar::local_text;
use crate::device::Device;
use crate::exchange::Outcome;
use crate::inspection::Inspection;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use watchfire_model::{Bilingual, DeviceKey, Notice, NoticeKind, Timestamp};

type Subject = (NoticeKind, DeviceKey);

/// Notices that stand, or whose end is not journaled yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notices(BTreeMap<Subject, Wanted>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wanted {
    active: bool,
    detail: Bilingual,
    /// What the journal says.
    journaled: bool,
}

/// Why a notice is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The device or the guard answers.
    Answered,
    /// The guard is asked anew: not answering that is another matter.
    AskedAnew,
    /// The device left the set-up.
    Gone,
}

impl End {
    fn words(self) -> Bilingual {
        match self {
            End::Answered => Bilingual::new("it is answered", "已应答"),
            End::AskedAnew => Bilingual::new("the guard is asked anew", "已重新查岗"),
            End::Gone => Bilingual::new("the device is listed no more", "装置已取消登记"),
        }
    }
}

impl Notices {
    /// What the journal does not say yet.
    pub(crate) fn pending(&self) -> Vec<(Subject, Notice)> {
        let open = self.0.iter().filter(|(_, wanted)| wanted.active != wanted.journaled);
        open.map(|((kind, key), wanted)| {
            let (subject, detail) = (key.to_string(), wanted.detail.clone());
            ((*kind, key.clone()), Notice { kind: *kind, subject, detail, active: wanted.active })
        })
        .collect()
    }

    /// A notice came back from the journal; which one, when it is one of these.
    pub(crate) fn journaled(&mut self, notice: &Notice) -> Option<Subject> {
        if !matches!(notice.kind, NoticeKind::InspectionUnanswered | NoticeKind::DutyUnanswered) {
            return None;
        }
        let mut parts = notice.subject.splitn(3, '/');
        let (site, source, name) = (parts.next()?, parts.next()?, parts.next()?);
        let key = DeviceKey { site: site.parse().ok()?, source: source.parse().ok()?, name: name.parse().ok()? };
        let subject = (notice.kind, key);
        // One that ended before it was journaled is kept until its end is journaled, too.
        let ended = Wanted { active: false, detail: notice.detail.clone(), journaled: false };
        self.0.entry(subject.clone()).or_insert(ended).journaled = notice.active;
        self.settle(&subject);
        Some(subject)
    }

    fn settle(&mut self, subject: &Subject) {
        if self.0.get(subject).is_some_and(|wanted| !wanted.active && !wanted.journaled) {
            self.0.remove(subject);
        }
    }
}

impl Inspection {
    pub(crate) fn notice_begins(&mut self, kind: NoticeKind, key: &DeviceKey, detail: Bilingual) {
        let fresh = Wanted { active: false, detail: Bilingual::default(), journaled: false };
        let wanted = self.state.notices.0.entry((kind, key.clone())).or_insert(fresh);
        if !wanted.active {
            wanted.active = true;
            wanted.detail = detail;
        }
    }

    pub(crate) fn notice_over(&mut self, kind: NoticeKind, key: &DeviceKey, end: End) {
        let subject = (kind, key.clone());
        if let Some(wanted) = self.state.notices.0.get_mut(&subject).filter(|wanted| wanted.active) {
            wanted.active = false;
            wanted.detail = end.words();
            self.state.notices.settle(&subject);
        }
    }
}

/// A device does not answer its inspection.
pub(crate) fn no_answer(device: &Device, outcome: Outcome, attempts: u32, zone: &TimeZone) -> Bilingual {
    let label = &device.line.label;
    let heard = device.heard_at.map(|at| local_text(at, zone));
    let (en, zh) = match (outcome, heard) {
        (Outcome::Unanswered, _) => {
            ("it sends, but answers no question".to_owned(), "装置有上报，但不应答查询".to_owned())
        }
        (_, Some(at)) => (format!("last heard at {at}"), format!("最后一次收到消息为 {at}")),
        (_, None) => ("never heard".to_owned(), "从未收到其消息".to_owned()),
    };
    Bilingual::new(
        format!("{}: asked {attempts} times without an answer; {en}", label.english()),
        format!("{}：已询问 {attempts} 次均无应答；{zh}", label.chinese()),
    )
}

/// A guard does not answer.
pub(crate) fn no_guard(label: &Bilingual, asked_at: Timestamp, minutes: u8, zone: &TimeZone) -> Bilingual {
    let at = local_text(asked_at, zone);
    Bilingual::new(
        format!("{}: asked at {at}, no answer within {minutes} min", label.english()),
        format!("{}：{at} 查岗，{minutes} 分钟内无人应答", label.chinese()),
    )
}
