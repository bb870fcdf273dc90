//! Threads with a name and an owner. The end of each is told, also when it panics.

use crate::parts::progress::Follower;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tracing::error;

/// How a thread ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its name.
    pub(crate) name: &'static str,
    /// Why, when it was not because its work was done.
    pub(crate) fault: Option<String>,
}

/// Starts threads, all of which may wait for what the runtime does, and hears of their ends.
pub(crate) struct Threads {
    runtime: Handle,
    ended: mpsc::UnboundedSender<Ended>,
    ends: mpsc::UnboundedReceiver<Ended>,
    running: Vec<&'static str>,
}

impl Threads {
    /// None yet. To be called within the runtime.
    pub(crate) fn new() -> Threads {
        let (ended, ends) = mpsc::unbounded_channel();
        Threads { runtime: Handle::current(), ended, ends, running: Vec::new() }
    }

    /// Starts one.
    pub(crate) fn start<E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&Handle) -> Result<(), E> + Send + 'static,
    ) -> std::io::Result<()> {
        let ended = self.ended.clone();
        let runtime = self.runtime.clone();
        let body = move || {
            let _entered = runtime.enter();
            let fault = match catch_unwind(AssertUnwindSafe(|| work(&runtime))) {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(panic) => Some(format!("panicked: {}", text_of(&*panic))),
            };
            if let Some(fault) = &fault {
                error!(thread = name, fault, "a part has ended");
            }
            // Nobody listens any more only when the process is ending.
            let _ = ended.send(Ended { name, fault });
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(body)?;
        self.running.push(name);
        Ok(())
    }

    /// Starts one that begins when `rules` have applied what was there before this start: until then they need the
    /// processors, and nobody is heard.
    pub(crate) fn start_behind<E: std::fmt::Display>(
        &mut self,
        mut rules: Follower,
        name: &'static str,
        work: impl FnOnce(&Handle) -> Result<(), E> + Send + 'static,
    ) -> std::io::Result<()> {
        self.start(name, move |runtime| {
            rules.block_at_goal(runtime);
            work(runtime)
        })
    }

    /// The next end. Dropping the future loses nothing.
    pub(crate) async fn next_end(&mut self) -> Ended {
        // The sender is kept here, so the channel does not close.
        let ended = self.ends.recv().await.expect("this end of the channel holds a sender");
        self.running.retain(|name| *name != ended.name);
        ended
    }

    /// Waits for the end of that one; the faults of others that end meanwhile are told by the log.
    pub(crate) async fn end_of(&mut self, name: &str) {
        while self.running.contains(&name) {
            self.next_end().await;
        }
    }
}

/// What a panic said.
pub(crate) fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}
