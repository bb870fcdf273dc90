//! What is journaled before any device is heard. It runs beside the console and the desk: while the disk is full it waits
//! for room, and people see what is open.

use crate::parts::disk_state::DiskState;
use crate::parts::inputs::{Inputs, JournalGone};
use crate::parts::paths::DataPaths;
use crate::parts::poison;
use crate::parts::set_ups::{NotInForce, put_in_force};
use crate::set_up_store::FullSetUp;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::error;
use watchfire_model::{Bilingual, Input, Notice, NoticeKind, Seq, Setup, Started};

/// How often a full disk is tried again.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// The start could not be journaled; the process must end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FirstEntriesStop {
    #[error("failed to journal the start: {0}")]
    Journal(#[from] JournalGone),
    #[error("failed to journal the start: {0}")]
    SetUp(#[from] NotInForce),
    #[error("failed to forget where the rules died: {0}")]
    Poison(#[source] std::io::Error),
}

/// What is journaled before any device is heard.
pub(crate) struct FirstEntries {
    started: Started,
    skip: Option<Seq>,
    differences: u64,
    damaged: Vec<Bilingual>,
    last_set_up: Option<Setup>,
    set_up: FullSetUp,
}

impl FirstEntries {
    /// From what the disk gave and the configuration says.
    pub(crate) fn of(disk: &DiskState, set_up: FullSetUp) -> FirstEntries {
        FirstEntries {
            started: disk.started.clone(),
            skip: disk.skip,
            differences: disk.differences,
            damaged: disk.damaged.clone(),
            last_set_up: disk.last_set_up,
            set_up,
        }
    }

    /// `Started`, what is to be told of the logs, the entry to be skipped, and the set-up when it is another. `begun` is set
    /// when all of it is durable.
    pub(crate) async fn journal(
        self,
        paths: DataPaths,
        inputs: Inputs,
        begun: watch::Sender<bool>,
    ) -> Result<(), FirstEntriesStop> {
        inputs.journal(&Input::Started(self.started.clone())).await?;
        if let Some(skip) = self.skip {
            inputs.journal(&Input::Skip(skip)).await?;
            poison::forget(&paths.died()).map_err(FirstEntriesStop::Poison)?;
        }
        for notice in self.notices() {
            inputs.journal(&Input::Notice(notice)).await?;
        }
        loop {
            match put_in_force(&paths, &inputs, self.set_up.clone(), self.last_set_up).await {
                Err(NotInForce::DiskFull) => {
                    error!("the disk is full: the set-up cannot be stored; free space");
                    tokio::time::sleep(FULL_RETRY).await;
                }
                done => break done?,
            }
        }
        begun.send_replace(true);
        Ok(())
    }

    fn notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut say = |kind, subject: String, detail| notices.push(Notice { kind, subject, detail, active: true });
        if let Some(skip) = self.skip {
            let times = poison::DEATHS_MAX;
            let detail = Bilingual::new(
                format!("the rules died {times} times at entry {skip}; it is kept and not applied"),
                format!("规则处理在记录 {skip} 处异常终止 {times} 次；该记录已保留，不再处理"),
            );
            say(NoticeKind::EntrySkipped, skip.to_string(), detail);
        }
        for detail in &self.damaged {
            say(NoticeKind::JournalDamaged, String::new(), detail.clone());
        }
        if self.differences > 0 {
            let count = self.differences;
            let detail = Bilingual::new(
                format!("{count} entries give other alerts than before; what was told stays"),
                format!("{count} 条记录的研判结果与此前不同；已发出的警情不变"),
            );
            say(NoticeKind::ReplayDiffers, String::new(), detail);
        }
        notices
    }
}

/// Waits until the first entries are durable, or for the stop.
pub(crate) async fn journaled(mut begun: watch::Receiver<bool>, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        Ok(_) = begun.wait_for(|begun| *begun) => {}
    }
}
