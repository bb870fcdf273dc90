//! The thread that compresses days behind the writer: a day of a large centre takes minutes. Each retention begins one,
//! unless the last is still at it; the store ends it.

use super::hypertable;
use super::server::Server;
use super::session::{Purpose, Session};
use crate::fault::Fault;
use std::thread::{Builder, JoinHandle};
use tokio::sync::watch;
use tracing::warn;

/// See the head of this file.
#[derive(Default)]
pub(crate) struct CompressionThread {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl CompressionThread {
    /// Begins to compress what is over at `now`, in µs since 1970. What fails is begun again with the next call.
    pub(crate) fn begin(&mut self, server: &Server, now: i64) {
        if self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        self.wait();
        let (server, stopped) = (server.clone(), self.stop.subscribe());
        let work = move || {
            if let Err(error) = compress(&server, now, stopped) {
                warn!(%error, "days of readings are not compressed; trying again with the next retention");
            }
        };
        match Builder::new().name("archive-compression".to_owned()).spawn(work) {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => warn!(%error, "no thread to compress days; trying again with the next retention"),
        }
    }

    /// Waits until what was begun is done.
    pub(crate) fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic was told by the thread itself.
            let _ = thread.join();
        }
    }
}

impl Drop for CompressionThread {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.wait();
    }
}

fn compress(server: &Server, now: i64, mut stopped: watch::Receiver<bool>) -> Result<(), Fault> {
    let session = Session::open(server, Purpose::Upkeep)?;
    session.run(async |link| {
        tokio::select! {
            // The server finishes the table that it is at, or undoes it.
            _ = stopped.wait_for(|stopped| *stopped) => Ok(()),
            done = hypertable::compress(link, now) => done,
        }
    })
}
