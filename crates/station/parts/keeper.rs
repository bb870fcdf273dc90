//! Keeps a part at work that must not take the station with it: after a fault it is told, counted, and begun again.

use crate::clock;
use crate::parts::metrics::StationMetrics;
use crate::parts::notices::Notices;
use crate::parts::threads::text_of;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::error;
use watchfire_model::{Bilingual, NoticeKind};

/// Pauses before a part is begun again: the first, and the longest.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// See the head of this file.
pub(crate) struct Keeper {
    name: &'static str,
    metrics: Arc<StationMetrics>,
    stop: CancellationToken,
    pause: Duration,
}

impl Keeper {
    /// For a part of that name, until `stop`.
    pub(crate) fn new(name: &'static str, metrics: Arc<StationMetrics>, stop: CancellationToken) -> Keeper {
        Keeper { name, metrics, stop, pause: PAUSE_MIN }
    }

    /// The part has failed: tells it and waits; false when it is not to be begun again. The part itself says by the
    /// same notice that it is well.
    pub(crate) fn begin_again(&mut self, why: &str, notices: &mut Notices, runtime: &Handle) -> bool {
        error!(part = self.name, why, pause_s = self.pause.as_secs(), "a part has failed; it is begun again");
        self.metrics.part_failures.with_label_values(&[self.name]).inc();
        notices.state(NoticeKind::PartDown, self.name, true, || {
            Bilingual::new(format!("it has failed and is begun again: {why}"), format!("运行失败，正在重新启动：{why}"))
        });
        notices.hand_over(clock::instant());
        let stopped = runtime.block_on(pause_or_stop(&self.stop, self.pause));
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        !stopped
    }
}

/// Does the work; a panic is an error like any other.
pub(crate) fn caught<E: Display>(work: impl FnOnce() -> Result<(), E>) -> Result<(), String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("panicked: {}", text_of(&*panic))),
    }
}

/// Waits; true when the station stops meanwhile.
pub(crate) async fn pause_or_stop(stop: &CancellationToken, pause: Duration) -> bool {
    tokio::select! {
        () = stop.cancelled() => true,
        () = tokio::time::sleep(pause) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::inputs::inputs;
    use crate::parts::progress::Progress;

    #[test]
    fn a_part_that_fails_is_told_counted_and_begun_again_until_the_stop() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let metrics = Arc::new(StationMetrics::new(&prometheus::Registry::new()).unwrap());
        let (stop, (inputs, mut queue)) = (CancellationToken::new(), inputs());
        let durable = Progress::at(0);
        let mut notices = Notices::new(inputs, durable.follower());
        durable.advance(1);
        let mut keeper = Keeper::new("archive", Arc::clone(&metrics), stop.clone());
        keeper.pause = Duration::from_millis(1);
        let mut runs = 0;
        while let Err(why) = caught(|| {
            runs += 1;
            match runs {
                1 => Err("a bad day"),
                2 => panic!("a worse one"),
                _ => Ok(()),
            }
        }) {
            assert!(keeper.begin_again(&why, &mut notices, runtime.handle()));
        }
        assert_eq!(runs, 3);
        assert_eq!(metrics.part_failures.with_label_values(&["archive"]).get(), 2);
        assert!(queue.try_recv().is_ok(), "a person is told");
        stop.cancel();
        assert!(!keeper.begin_again("at the stop", &mut notices, runtime.handle()));
    }
}
