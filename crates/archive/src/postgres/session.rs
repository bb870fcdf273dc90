//! One connection to the server with the small runtime that it lives on, so that who writes and who asks may wait for
//! it as for a file.

use super::link::Link;
use super::server::Server;
use crate::fault::Fault;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// What a session is for: how long its statements may take, and whether it may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Batches.
    Write,
    /// Roll-ups.
    RollUp,
    /// Questions.
    Ask,
    /// All of the archive is filled or looked at.
    Upkeep,
}

/// See the head of this file.
pub(crate) struct Session {
    link: Link,
    connection: JoinHandle<()>,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    limit: Duration,
}

impl Purpose {
    /// The server ends a statement after this by itself.
    fn statement_limit(self) -> Duration {
        match self {
            Purpose::Write => Duration::from_secs(60),
            Purpose::RollUp => Duration::from_secs(300),
            Purpose::Ask => Duration::from_secs(20),
            // A day of history at a time; two of these are the whole of it.
            Purpose::Upkeep => Duration::from_secs(24 * 3_600),
        }
    }

    fn settings(self) -> String {
        let common = format!(
            "SET search_path = watchfire, pg_catalog; SET TimeZone = 'UTC'; SET client_min_messages = warning;
             SET jit = off; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s';
             SET statement_timeout = {};",
            self.statement_limit().as_millis()
        );
        match self {
            Purpose::Write => common,
            // A plan for all days would lock every partition and look for none.
            Purpose::RollUp | Purpose::Upkeep => {
                format!("{common} SET plan_cache_mode = force_custom_plan; SET work_mem = '64MB'")
            }
            Purpose::Ask => {
                format!("{common} SET plan_cache_mode = force_custom_plan; SET default_transaction_read_only = on")
            }
        }
    }
}

impl Session {
    /// Connects.
    pub(crate) fn open(server: &Server, purpose: Purpose) -> Result<Session, Fault> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Fault::Setup(format!("no room for a connection: {error}")))?;
        // Twice what the server allows: it ends what takes long, and this ends what it says nothing about.
        let limit = purpose.statement_limit() * 2;
        let opened = runtime.block_on(async {
            let connecting = async {
                let (client, connection) = server.config.connect(server.tls.clone()).await?;
                let connection = runtime.spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "the connection to the archive's server has ended");
                    }
                });
                let link = Link::new(client);
                link.batch(&purpose.settings()).await?;
                Ok::<_, Fault>((link, connection))
            };
            tokio::time::timeout(limit, connecting).await
        });
        let (link, connection) = opened.map_err(|_| Fault::TimedOut(limit.as_secs()))??;
        Ok(Session { link, connection, runtime: Some(runtime), limit })
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.link.is_closed()
    }

    /// Works over the connection and waits for it.
    pub(crate) fn run<T, E: From<Fault>>(&self, work: impl AsyncFnOnce(&Link) -> Result<T, E>) -> Result<T, E> {
        let runtime = self.runtime.as_ref().expect("it is taken only when the session is dropped");
        let done = runtime.block_on(async { tokio::time::timeout(self.limit, work(&self.link)).await });
        done.unwrap_or_else(|_| Err(E::from(Fault::TimedOut(self.limit.as_secs()))))
    }
}

impl Session {
    /// Runs migrations over the connection and waits for them.
    pub(crate) fn run_migrations(&mut self, runner: &refinery::Runner) -> Result<Result<(), refinery::Error>, Fault> {
        let runtime = self.runtime.as_ref().expect("it is taken only when the session is dropped");
        let run = runner.run_async(self.link.client());
        let done = runtime.block_on(async { tokio::time::timeout(self.limit, run).await });
        done.map(|done| done.map(drop)).map_err(|_| Fault::TimedOut(self.limit.as_secs()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
        if let Some(runtime) = self.runtime.take() {
            // A runtime that is dropped waits for its threads, which is not allowed everywhere; this one has none.
            runtime.shutdown_background();
        }
    }
}
