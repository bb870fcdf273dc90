//! The reports thread: makes the reports that are due and sends them by e-mail. It has a connection to the mail server of
//! its own and asks the archive as browsers do, so that no alarm waits for it, and what is wrong with it is a minor
//! fault.
//!
//! Each report is sent once to each address: what is settled stands in a file, which is written after the mail server
//! took the mail. Killed between the two, the same mail is sent again, with the same Message-ID.

use crate::clock;
use crate::config::reports::{ReportConfig, ReportsConfig};
use crate::parts::channels;
use crate::parts::keeper::{Keeper, caught, pause_or_stop};
use crate::parts::metrics::StationMetrics;
use crate::parts::notices::Notices;
use crate::parts::progress::Follower;
use crate::parts::report_plan::{Due, Failing, Settled, due};
use crate::parts::shared::Shared;
use crate::parts::start_error::{StartError, failed};
use crate::parts::threads::Threads;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use watchfire_archive::{History, QueryError, SpanQuery};
use watchfire_console::{Live, Report, SpanFigures, WrittenReport};
use watchfire_journal::{RealDisk, atomic_file};
use watchfire_model::{Bilingual, NoticeKind};
use watchfire_notify::{DeliveryError, Email, Letter, Receipt, Refuser};

/// The part's name in notices, metrics and the log.
pub(crate) const NAME: &str = "reports";
/// How often it is looked what is due.
const INTERVAL: Duration = Duration::from_secs(15);
/// The same while the archive has not yet written what the report is about.
const ARCHIVE_INTERVAL: Duration = Duration::from_millis(500);
/// How long a stop waits for what is being sent.
const GRACE: Duration = Duration::from_secs(5);

/// Starts the thread where reports are asked for.
pub(crate) fn start(
    shared: &Shared,
    notices: Notices,
    stop: CancellationToken,
    threads: &mut Threads,
) -> Result<(), StartError> {
    let config = shared.config.reports.clone();
    let email = channels::letters(&shared.config).map_err(failed("prepare the reports"))?;
    let Some(email) = email.filter(|_| !config.is_empty()) else { return Ok(()) };
    let part = ReportsPart {
        config,
        email,
        history: shared.archive.history(),
        live: Arc::clone(&shared.live),
        durable: shared.positions.durable.clone(),
        archived: shared.positions.archived.clone(),
        file: shared.paths.reports(),
        notices,
        metrics: Arc::clone(&shared.metrics),
        stop,
    };
    let report = move |runtime: &Handle| {
        part.run(runtime);
        Ok::<(), Infallible>(())
    };
    threads.start_behind(shared.positions.applied.clone(), NAME, report).map_err(failed("start a thread"))
}

/// Everything that the thread owns.
struct ReportsPart {
    config: ReportsConfig,
    email: Email,
    history: History,
    live: Arc<Live>,
    /// How far the journal is, and the archive behind it.
    durable: Follower,
    archived: Follower,
    /// What is settled.
    file: PathBuf,
    notices: Notices,
    metrics: Arc<StationMetrics>,
    stop: CancellationToken,
}

/// The part cannot go on; everything else does.
#[derive(Debug, thiserror::Error)]
enum ReportsStop {
    #[error(
        "failed to read {file}, which says what has been sent; mend it, or remove it and the last reports are sent again: {why}"
    )]
    Read { file: String, why: String },
    #[error("failed to note what has been sent: {0}")]
    Write(#[from] atomic_file::WriteError),
}

/// Why a report was not sent.
enum Unsent {
    /// The archive did not answer.
    Archive(QueryError),
    Mail(DeliveryError),
    /// The station stops.
    Stopped,
}

impl ReportsPart {
    /// Runs until it is told to stop.
    fn run(mut self, runtime: &Handle) {
        let mut keeper = Keeper::new(NAME, Arc::clone(&self.metrics), self.stop.clone());
        while let Err(why) = caught(|| self.rounds(runtime)) {
            if !keeper.begin_again(&why, &mut self.notices, runtime) {
                break;
            }
        }
    }

    fn rounds(&mut self, runtime: &Handle) -> Result<(), ReportsStop> {
        let (mut settled, mut failing) = (self.settled()?, Failing::default());
        let mut is_first = true;
        while !self.stop.is_cancelled() {
            let due = self.round(&mut settled, &mut failing, runtime)?;
            if std::mem::take(&mut is_first) {
                info!(due, "reports have begun");
            }
            self.tell(&failing);
            if runtime.block_on(pause_or_stop(&self.stop, INTERVAL)) {
                break;
            }
        }
        Ok(())
    }

    /// Sends what is due; how many that were.
    fn round(&self, settled: &mut Settled, failing: &mut Failing, runtime: &Handle) -> Result<usize, ReportsStop> {
        let due = due(&self.config, settled, clock::wall(), |site| self.live.time_zone(site));
        let due: Vec<Due> = due.into_iter().filter(|one| failing.may_try(&one.key(), clock::instant())).collect();
        // What was journaled until now holds all that the reports are about. Before the first entry there is no archive.
        if due.is_empty() || !self.archived_to(self.durable.now().max(1), runtime) {
            return Ok(0);
        }
        let count = due.len();
        for one in due {
            let key = one.key();
            // Those after one that failed wait for it.
            if !failing.may_try(&key, clock::instant()) {
                continue;
            }
            let unsent = match self.send(&one, runtime) {
                Ok(receipt) => {
                    info!(report = key, first = one.span.first, receipt = receipt.text, "a report is sent");
                    self.metrics.reports.with_label_values(&["sent"]).inc();
                    failing.sent(&key);
                    settled.insert(key, one.span.first);
                    self.note(settled)?;
                    continue;
                }
                Err(unsent) => unsent,
            };
            let (detail, refused_by) = match unsent {
                Unsent::Stopped => return Ok(count),
                Unsent::Archive(error) => (error.to_string(), None),
                Unsent::Mail(DeliveryError::Refused { by, detail }) => (detail, Some(by)),
                Unsent::Mail(error) => (error.to_string(), None),
            };
            warn!(report = key, first = one.span.first, detail, ?refused_by, "a report could not be sent");
            self.metrics.reports.with_label_values(&["failed"]).inc();
            if refused_by == Some(Refuser::Recipient) {
                // Never again this one; perhaps the next.
                settled.insert(key.clone(), one.span.first);
                self.note(settled)?;
            }
            failing.failed(key, detail, refused_by.is_some(), clock::instant());
        }
        Ok(count)
    }

    /// Waits until the archive has written that entry; false when the station stops before.
    fn archived_to(&self, entry: u64, runtime: &Handle) -> bool {
        while self.archived.now() < entry {
            if runtime.block_on(pause_or_stop(&self.stop, ARCHIVE_INTERVAL)) {
                return false;
            }
        }
        true
    }

    fn send(&self, one: &Due, runtime: &Handle) -> Result<Receipt, Unsent> {
        let Some(config) = self.config.get(&one.name) else { return Err(Unsent::Stopped) };
        let WrittenReport { title, html, text } = self.written(one, config).map_err(Unsent::Archive)?;
        let letter = Letter { to: one.to.clone(), subject: title, text, html, id: one.id(), at: one.span.to };
        runtime.block_on(async {
            let stopped = async {
                self.stop.cancelled().await;
                tokio::time::sleep(GRACE).await;
            };
            tokio::select! {
                sent = self.email.send_letter(&letter) => sent.map_err(Unsent::Mail),
                () = stopped => Err(Unsent::Stopped),
            }
        })
    }

    fn written(&self, one: &Due, config: &ReportConfig) -> Result<WrittenReport, QueryError> {
        let query = SpanQuery { site: config.site.clone(), from: one.span.from, to: one.span.to };
        let made_at = clock::wall();
        let report = Report {
            span: one.span.clone(),
            time_zone: one.time_zone.clone(),
            site: config.site.clone(),
            made_at,
            figures: SpanFigures::read(&self.history, &query, made_at)?,
        };
        Ok(self.live.written(&report, config.language))
    }

    fn tell(&mut self, failing: &Failing) {
        let told = failing.told();
        self.notices.state(NoticeKind::ReportUnsent, "", told.is_some(), || {
            told.map_or_else(Bilingual::default, |(key, detail)| Bilingual::same(format!("{key}: {detail}")))
        });
        self.notices.state(NoticeKind::PartDown, NAME, false, Bilingual::default);
        self.notices.hand_over(clock::instant());
    }

    fn settled(&self) -> Result<Settled, ReportsStop> {
        let wrong = |why: String| ReportsStop::Read { file: self.file.display().to_string(), why };
        match std::fs::read(&self.file) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| wrong(error.to_string())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Settled::new()),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    fn note(&self, settled: &Settled) -> Result<(), ReportsStop> {
        let text = serde_json::to_vec(settled).expect("our own types always encode");
        Ok(atomic_file::write(&RealDisk, &self.file, &text)?)
    }
}
