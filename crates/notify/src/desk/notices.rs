//! What the desk asks the station to say about itself: ways to people that do not work, sites with nobody to tell.
//!
//! Subjects: `sms` (the way is down for everybody), `sms/night-desk` (it refuses one contact), `site/sunshine`
//! (nobody can be told of an open alert there).

use super::limits::CHANNEL_DOWN_FAILURES;
use crate::message::words::class_name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use watchfire_model::sites::Language;
use watchfire_model::{Bilingual, ChannelKind, Class, ContactId, Failure, Notice, NoticeKind, SiteId, Sites};

/// How the ways to people work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Health {
    /// Failures in a row.
    failures: BTreeMap<ChannelKind, u32>,
    /// By subject.
    notices: BTreeMap<String, Wanted>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wanted {
    active: bool,
    detail: Bilingual,
    /// What the journal says.
    journaled: bool,
}

impl Health {
    pub(super) fn delivered(&mut self, contact: &ContactId, channel: ChannelKind) {
        self.failures.remove(&channel);
        self.over(channel.as_str());
        self.over(&refusal(channel, contact));
    }

    pub(super) fn failed(&mut self, contact: &ContactId, channel: ChannelKind, failure: Failure, detail: &str) {
        match failure {
            Failure::Throttled { .. } => {}
            Failure::Unreachable => {
                let row = self.failures.entry(channel).or_insert(0);
                *row = row.saturating_add(1);
                if *row >= CHANNEL_DOWN_FAILURES {
                    let row = *row;
                    self.begin(
                        channel.as_str().to_owned(),
                        Bilingual::new(
                            format!("{row} failures in a row, the last: {detail}"),
                            format!("连续失败 {row} 次，最近一次：{detail}"),
                        ),
                    );
                }
            }
            Failure::Refused => self.begin(
                refusal(channel, contact),
                Bilingual::new(format!("it was refused: {detail}"), format!("被对方拒绝：{detail}")),
            ),
        }
    }

    /// Sets whether there is nobody to tell of an open alert of the site.
    pub(super) fn nobody(&mut self, site: &SiteId, class: Option<Class>) {
        let subject = format!("site/{site}");
        match class {
            Some(class) => {
                let detail = Bilingual::new(
                    format!("nobody can be told of alerts of class {}: name a contact in sites.toml", class.as_str()),
                    format!("该单位没有可通知的联系人（{}），请在 sites.toml 中补充", class_name(class, Language::Zh)),
                );
                self.begin(subject, detail);
            }
            None => self.over(&subject),
        }
    }

    /// A refusal ends with the address it was about.
    pub(super) fn addresses_changed(&mut self, old: &Sites, new: &Sites) {
        for (id, contact) in &old.contacts {
            for (channel, address) in &contact.channels {
                let now = new.contacts.get(id).and_then(|contact| contact.channels.get(channel));
                if now != Some(address) {
                    self.over(&refusal(*channel, id));
                }
            }
        }
    }

    /// A notice came back from the journal.
    pub(super) fn journaled(&mut self, notice: &Notice) {
        if notice.kind != NoticeKind::ChannelDown {
            return;
        }
        // One that ended before it was journaled is not known here any more: it is kept until its end is journaled.
        let ended = Wanted { active: false, detail: notice.detail.clone(), journaled: false };
        self.notices.entry(notice.subject.clone()).or_insert(ended).journaled = notice.active;
        self.notices.retain(|_, wanted| wanted.active || wanted.journaled);
    }

    /// What the journal does not say yet.
    pub(super) fn pending(&self) -> Vec<Notice> {
        let open = self.notices.iter().filter(|(_, wanted)| wanted.active != wanted.journaled);
        open.map(|(subject, wanted)| Notice {
            kind: NoticeKind::ChannelDown,
            subject: subject.clone(),
            detail: wanted.detail.clone(),
            active: wanted.active,
        })
        .collect()
    }

    fn begin(&mut self, subject: String, detail: Bilingual) {
        let wanted = self.notices.entry(subject).or_insert(Wanted {
            active: false,
            detail: Bilingual::default(),
            journaled: false,
        });
        if !wanted.active {
            wanted.active = true;
            wanted.detail = detail;
        }
    }

    fn over(&mut self, subject: &str) {
        if let Some(wanted) = self.notices.get_mut(subject) {
            wanted.active = false;
        }
        self.notices.retain(|_, wanted| wanted.active || wanted.journaled);
    }
}

fn refusal(channel: ChannelKind, contact: &ContactId) -> String {
    format!("{}/{contact}", channel.as_str())
}
