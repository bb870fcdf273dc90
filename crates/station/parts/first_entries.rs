//! What is journaled before any device is heard.

use crate::parts::disk_state::DiskState;
use crate::parts::poison;
use crate::parts::set_ups::put_in_force;
use crate::parts::shared::Shared;
use crate::parts::start_error::{StartError, failed};
use watchfire_model::{Bilingual, Input, Notice, NoticeKind, Seq, Setup, Started};
use watchfire_rules::SetUp;

/// What is journaled before any device is heard.
pub(crate) struct FirstEntries {
    started: Started,
    skip: Option<Seq>,
    differences: u64,
    damaged: Vec<Bilingual>,
    last_set_up: Option<Setup>,
    set_up: SetUp,
}

impl FirstEntries {
    /// From what the disk gave and the configuration says.
    pub(crate) fn of(disk: &DiskState, set_up: SetUp) -> FirstEntries {
        FirstEntries {
            started: disk.started.clone(),
            skip: disk.skip,
            differences: disk.differences,
            damaged: disk.damaged.clone(),
            last_set_up: disk.last_set_up,
            set_up,
        }
    }

    /// `Started`, the set-up when it is another, and the entry to be skipped: before any device is heard.
    pub(crate) async fn journal(self, shared: &Shared) -> Result<(), StartError> {
        let doing = "journal the start";
        let inputs = &shared.inputs;
        let first = self;
        inputs.journal(&Input::Started(first.started)).await.map_err(failed(doing))?;
        if let Some(skip) = first.skip {
            inputs.journal(&Input::Skip(skip)).await.map_err(failed(doing))?;
            let times = poison::DEATHS_MAX;
            let detail = Bilingual::new(
                format!("the rules died {times} times at entry {skip}; it is kept and not applied"),
                format!("规则处理在记录 {skip} 处异常终止 {times} 次；该记录已保留，不再处理"),
            );
            let kind = NoticeKind::EntrySkipped;
            let notice = Notice { kind, subject: skip.to_string(), detail, active: true };
            inputs.journal(&Input::Notice(notice)).await.map_err(failed(doing))?;
            poison::forget(&shared.paths.died()).map_err(failed(doing))?;
        }
        for detail in first.damaged {
            let notice = Notice { kind: NoticeKind::JournalDamaged, subject: String::new(), detail, active: true };
            inputs.journal(&Input::Notice(notice)).await.map_err(failed(doing))?;
        }
        if first.differences > 0 {
            let count = first.differences;
            let detail = Bilingual::new(
                format!("{count} entries give other alerts than before; what was told stays"),
                format!("{count} 条记录的研判结果与此前不同；已发出的警情不变"),
            );
            let notice = Notice { kind: NoticeKind::ReplayDiffers, subject: String::new(), detail, active: true };
            inputs.journal(&Input::Notice(notice)).await.map_err(failed(doing))?;
        }
        put_in_force(&shared.paths, inputs, first.set_up, first.last_set_up).await.map_err(failed(doing))
    }
}
