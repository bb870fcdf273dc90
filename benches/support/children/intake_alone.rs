//! Intake and journal and nothing else: the listener, and a journal thread as the station has it, whose entries count as
//! applied at once.

use super::{Listening, say};
use crate::support::Fault;
use crate::support::site_plan::SECRET;
use prometheus::Registry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use watchfire_intake::{Flow, Identities, Limits, MqttParts, MqttShared, Retained, Submission, serve};
use watchfire_journal::{AppendError, RealDisk, Writer};
use watchfire_model::{Bilingual, Identity, IdentityName, IdentityRole, Seq, Site, SiteId, SiteKind, Sites, Timestamp};

/// As in the station.
const QUEUE_FRAMES: usize = 8_192;
const BATCH_ENTRIES_MAX: usize = 8_192;

/// What it is started with.
#[derive(Serialize, Deserialize)]
pub(crate) struct IntakeAlone {
    /// Where the journal is.
    pub(crate) journal: PathBuf,
    /// Identities `load/gw0`, ….
    pub(crate) gateways: u32,
}

pub(super) async fn run(options: &IntakeAlone) -> Result<(), Fault> {
    let (queue, inbox) = mpsc::channel::<Submission>(QUEUE_FRAMES);
    let (notices, _no_notices) = mpsc::channel(16);
    let flow = Arc::new(Flow::default());
    let parts = MqttParts {
        limits: Limits::default(),
        identities: identities(options.gateways)?,
        probe_password: "nobody probes here".to_owned(),
        queue,
        flow: Arc::clone(&flow),
        notices,
        retained: &Retained::default(),
        registry: &Registry::new(),
    };
    let shared = MqttShared::start(parts).await?;
    let (writer, _) = Writer::open(&RealDisk, &options.journal, watchfire_journal::Limits::default())?;
    let journal = std::thread::Builder::new().name("journal".into()).spawn(move || journal(writer, inbox, &flow))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&Listening { address: listener.local_addr()? })?;
    serve(listener, shared, CancellationToken::new()).await;
    drop(journal);
    Ok(())
}

/// Takes what is queued, stamps it, writes it, syncs once, then lets every link acknowledge.
fn journal(mut writer: Writer<RealDisk>, mut inbox: mpsc::Receiver<Submission>, flow: &Flow) {
    let mut batch: Vec<Submission> = Vec::with_capacity(BATCH_ENTRIES_MAX);
    while inbox.blocking_recv_many(&mut batch, BATCH_ENTRIES_MAX) > 0 {
        let at = wall();
        let first = writer.next();
        for submission in &mut batch {
            let mut appended = writer.append(submission.input.stamp(at));
            if appended == Err(AppendError::BatchFull) {
                writer.sync().expect("the disk of the bench works");
                appended = writer.append(submission.input.stamp(at));
            }
            appended.expect("a record that intake took has the size of one");
        }
        let durable = writer.sync().expect("the disk of the bench works");
        flow.journaled(Seq(durable));
        flow.applied(Seq(durable));
        for (seq, submission) in (first..).zip(batch.drain(..)) {
            submission.ticket.durable(Seq(seq));
        }
    }
}

fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::EPOCH.plus(since)
}

fn identities(gateways: u32) -> Result<Identities, Fault> {
    let mut site = Site {
        name: Bilingual::same("load"),
        kind: SiteKind::Building,
        address: Bilingual::default(),
        time_zone: "UTC".into(),
        zones: BTreeMap::new(),
        devices: Vec::new(),
        identities: BTreeMap::new(),
        ladder: Vec::new(),
        transmission_devices: Vec::new(),
        premises: Default::default(),
    };
    let mut secrets = BTreeMap::new();
    for gateway in 0..gateways {
        let identity =
            Identity { role: IdentityRole::Gateway, secret: String::new(), publish: vec![], subscribe: vec![] };
        site.identities.insert(IdentityName::new(&format!("gw{gateway}"))?, identity);
        secrets.insert(format!("load/gw{gateway}"), SECRET.as_bytes().to_vec());
    }
    let sites = Sites { sites: BTreeMap::from([(SiteId::new("load")?, site)]), contacts: BTreeMap::new() };
    Ok(Identities::new(&sites, &secrets))
}
