//! Builds the parts, starts them, watches over them until the station is told to stop, and stops them in order: devices,
//! desk, journal, rules and archive, console.

use crate::clock;
use crate::config::{self, Config, reach};
use crate::parts::acts::{ACTS_MAX, ActsPart};
use crate::parts::archive::{ArchiveNeeds, ArchivePart};
use crate::parts::archive_place::ArchivePlace;
use crate::parts::board;
use crate::parts::disk_state::{self, DiskState};
use crate::parts::first_entries::FirstEntries;
use crate::parts::housekeeping::HousekeepingPart;
use crate::parts::inputs::{OwnInput, inputs};
use crate::parts::inspecting::{InspectionPart, QUESTIONS_MAX};
use crate::parts::journal::JournalPart;
use crate::parts::listener::{Listener, ListenerNeeds, Secrets};
use crate::parts::notices::Notices;
use crate::parts::notify::NotifyPart;
use crate::parts::open_files;
use crate::parts::panels::{PanelGateway, PanelNeeds, PanelPorts};
use crate::parts::poison::Applying;
use crate::parts::probe::ProbePart;
use crate::parts::progress::Progress;
use crate::parts::reload::Reload;
use crate::parts::risk::{self, RiskLogs, RiskPart};
use crate::parts::risk_figures;
use crate::parts::risk_metrics::RiskMetrics;
use crate::parts::rules::{RulesPart, Tell};
use crate::parts::shadow::{self, DraftRules, ShadowPart};
use crate::parts::shared::{Movers, Shared};
use crate::parts::sockets::Sockets;
use crate::parts::start_error::{StartError, failed};
use crate::parts::status::StatusPart;
use crate::parts::threads::Threads;
use crate::parts::watchdog::Watchdog;
use crate::parts::{first_entries, poison, reports, ticks};
use crate::stamp_clock::Anchor;
use compact_str::CompactString;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use watchfire_console::{Command, Console, DemoLogin, Health, PanelQuestion, RiskFigures, RiskQuestion, Users};
use watchfire_intake::Submission;
use watchfire_journal::{Reader, RealDisk};
use watchfire_model::{Act, JournalId, Rung};
use watchfire_notify::{Channel, DeskOptions, Dispatcher, DispatcherOptions};
use watchfire_settings::Problem;

/// What a station is started with.
pub(crate) struct StationOptions {
    /// The checked configuration.
    pub(crate) config: Config,
    /// Passwords of the identities, by their reference.
    pub(crate) secrets: Secrets,
    /// Ways to tell people.
    pub(crate) channels: Vec<Arc<dyn Channel>>,
    /// Sockets that listen already, for devices and for browsers; without them those of the configuration are opened.
    pub(crate) sockets: Option<Sockets>,
    /// In the demo: the log-in that the log-in page shows.
    pub(crate) demo: Option<DemoLogin>,
}

/// How long a start waits for its first entries before it says that it runs.
const BEGIN_WAIT: Duration = Duration::from_secs(2);

/// A running station.
pub(crate) struct Station {
    /// Where devices connect.
    pub(crate) mqtt: SocketAddr,
    /// Where browsers connect.
    pub(crate) console: SocketAddr,
    /// Where fire panels connect, by the listener's name.
    pub(crate) panel_ports: Vec<(CompactString, SocketAddr)>,
    shared: Shared,
    threads: Threads,
    tasks: Tasks,
    stops: Stops,
    listener: Listener,
    panels: PanelGateway,
    secrets: Secrets,
    draft: Arc<watch::Sender<DraftRules>>,
    /// The entry at which the rules are.
    applying: Applying,
}

/// The asynchronous parts; each says its name and its fault at its end.
type Tasks = JoinSet<(&'static str, Result<(), String>)>;

/// The console's ways into the station.
struct Ways {
    commands: mpsc::Sender<Command>,
    acts: mpsc::Sender<Act>,
    panels: mpsc::Sender<PanelQuestion>,
    risk: mpsc::Sender<RiskQuestion>,
    risk_figures: mpsc::Sender<RiskFigures>,
}

/// One switch per group of parts, in the order in which they stop.
#[derive(Clone, Default)]
struct Stops {
    devices: CancellationToken,
    desk: CancellationToken,
    journal: CancellationToken,
    console: CancellationToken,
}

impl Station {
    /// Opens, recovers, starts. When it returns, devices and browsers can connect; devices are heard when the first entries
    /// are journaled, which a full disk delays.
    pub(crate) async fn start(options: StationOptions) -> Result<Station, StartError> {
        let StationOptions { config, secrets, channels, sockets, demo } = options;
        let (mut station, set_up) = config.into_parts();
        open_files::fit(&mut station).map_err(failed("open enough files"))?;
        let draft = config::load_draft(&station);
        let draft = draft.map_err(|problems| failed("read the draft of rules")(lines(&problems)))?;
        let disk = disk_state::opened(&station).await?;
        let movers = Movers::at(&disk);
        let (own, own_queue) = inputs();
        let (frames, frame_queue) = mpsc::channel(usize::try_from(station.mqtt.queue_frames_max).unwrap_or(usize::MAX));
        let archive = ArchivePlace::of(&station.archive, &station.folder, &disk.paths);
        let archive = archive.map_err(failed("find the archive"))?;
        let shared =
            Shared::new(station, archive, &disk, movers.followers(), own).map_err(failed("register metrics"))?;
        board::load(&shared.live, &disk, &set_up.sites);
        let needs = ListenerNeeds {
            config: &shared.config.mqtt,
            sites: &set_up.sites,
            secrets: &secrets,
            frames: frames.clone(),
            flow: &shared.flow,
            retained: disk.fold.retained(),
            registry: &shared.registry,
        };
        let listener = Listener::start(needs).await.map_err(failed("prepare the MQTT listener"))?;
        let needs = PanelNeeds {
            config: &shared.config,
            sites: &set_up.sites,
            profiles: &set_up.profiles,
            frames,
            flow: &shared.flow,
            registry: &shared.registry,
        };
        let (panels, panel_ports) = PanelGateway::open(needs).await?;
        let sockets = match sockets {
            Some(sockets) => sockets,
            None => Sockets::bind(&shared.config).await?,
        };
        let mqtt = sockets.mqtt.local_addr().map_err(failed("listen for devices"))?;
        let console = sockets.console.local_addr().map_err(failed("listen for browsers"))?;

        let mut station = Station {
            mqtt,
            console,
            panel_ports: panel_ports.addresses.clone(),
            shared,
            threads: Threads::new(),
            tasks: Tasks::new(),
            stops: Stops::default(),
            listener,
            panels,
            secrets,
            draft: Arc::new(watch::Sender::new(draft)),
            applying: Applying::default(),
        };
        let ladder = reach::fallback(&set_up.sites);
        let first = FirstEntries::of(&disk, set_up);
        station.start_threads(disk, movers, (own_queue, frame_queue), (channels, ladder))?;
        let mut begun = station.start_tasks((sockets, panel_ports), first, demo)?;
        // Not for ever: on a full disk people must see what is open.
        let _ = tokio::time::timeout(BEGIN_WAIT, begun.wait_for(|begun| *begun)).await;
        Ok(station)
    }

    fn start_threads(
        &mut self,
        disk: DiskState,
        movers: Movers,
        (own, frames): (mpsc::Receiver<OwnInput>, mpsc::Receiver<Submission>),
        (channels, ladder): (Vec<Arc<dyn Channel>>, Vec<Rung>),
    ) -> Result<(), StartError> {
        let notify = self.notify_part(&disk, movers.desk_saved, (channels, ladder))?;
        let (anchor, anchor_seen) = watch::channel(disk.stamps.anchor(disk.boot_id));
        let (history_wanted, wanted) = watch::channel(0);
        let archive = self.archive_part(
            &disk,
            (movers.archived, movers.archive_synced, movers.alerts_synced),
            (anchor_seen.clone(), wanted),
        );
        let housekeeping = self.housekeeping_part(anchor_seen, history_wanted);
        let shadow = self.shadow_part(&disk);
        let shared = &self.shared;
        let rules = RulesPart {
            entries: Reader::open(&RealDisk, &disk.paths.journal(), disk.applied + 1)
                .map_err(failed("read the journal"))?,
            paths: disk.paths.clone(),
            journal: disk.journal,
            fold: disk.fold,
            alert_log: disk.alert_log,
            durable: shared.positions.durable.clone(),
            position: disk.applied,
            tell: Tell {
                applied: movers.applied,
                alerts: movers.alerts,
                snapshot: movers.rules_saved,
                flow: Arc::clone(&shared.flow),
                live: Arc::clone(&shared.live),
                orders: Arc::clone(&shared.orders),
                metrics: Arc::clone(&shared.metrics),
                listener: self.listener.clone(),
                tests_told: 0,
                notices: self.notices(),
            },
        };
        let journal = JournalPart {
            writer: disk.writer,
            stamps: disk.stamps,
            boot_id: disk.boot_id,
            frames,
            own,
            durable: movers.durable,
            flow: Arc::clone(&shared.flow),
            anchor,
            metrics: Arc::clone(&shared.metrics),
            stop: self.stops.journal.clone(),
        };
        let (died, applying) = (disk.paths.died(), self.applying.clone());
        let keep_house = move |runtime: &Handle| {
            housekeeping.run(runtime);
            Ok::<(), Infallible>(())
        };
        let shade = move |runtime: &Handle| {
            shadow.run(runtime);
            Ok::<(), Infallible>(())
        };
        let applied = &shared.positions.applied;
        let start = |threads: &mut Threads| {
            threads.start("journal", move |runtime| journal.run(runtime))?;
            threads.start("rules", move |runtime| poison::noting_death(&died, &applying, || rules.run(runtime)))?;
            threads.start_behind(applied.clone(), "archive", move |runtime| archive.run(runtime))?;
            threads.start("notify", move |runtime| notify.run(runtime))?;
            threads.start_behind(applied.clone(), shadow::NAME, shade)?;
            threads.start("housekeeping", keep_house)
        };
        start(&mut self.threads).map_err(failed("start a thread"))
    }

    fn archive_part(
        &self,
        disk: &DiskState,
        (archived, synced, alerts_synced): (Progress, Progress, Progress),
        (anchor, room_wanted): (watch::Receiver<Anchor>, watch::Receiver<u64>),
    ) -> ArchivePart {
        let shared = &self.shared;
        let logs = (JournalId(disk.journal.0), JournalId(disk.alert_log.journal_id().0));
        let needs = ArchiveNeeds {
            last_entry: disk.writer.durable(),
            in_force: disk.fold.in_force(),
            logs,
            paths: disk.paths.clone(),
            applied: shared.positions.applied.clone(),
            alerts: shared.positions.alerts.clone(),
            archived,
            synced,
            alerts_synced,
            config: shared.config.archive.clone(),
            place: shared.archive.clone(),
            anchor,
            metrics: Arc::clone(&shared.metrics),
            registry: shared.registry.clone(),
            stop: self.stops.journal.clone(),
        };
        ArchivePart::new(needs, self.notices(), room_wanted)
    }

    fn notify_part(
        &self,
        disk: &DiskState,
        saved: Progress,
        (channels, ladder): (Vec<Arc<dyn Channel>>, Vec<Rung>),
    ) -> Result<NotifyPart, StartError> {
        let shared = &self.shared;
        let console_url =
            shared.config.console.public_url.clone().unwrap_or_else(|| format!("http://{}", self.console));
        Ok(NotifyPart {
            paths: disk.paths.clone(),
            journal: disk.journal,
            options: DeskOptions { console_url: Some(console_url), ladder },
            dispatcher: Dispatcher::new(channels, DispatcherOptions::default(), &shared.registry)
                .map_err(failed("register metrics"))?,
            applied: shared.positions.applied.clone(),
            alerts: shared.positions.alerts.clone(),
            inputs: shared.inputs.clone(),
            saved,
            metrics: Arc::clone(&shared.metrics),
            stop: self.stops.desk.clone(),
        })
    }

    fn shadow_part(&self, disk: &DiskState) -> ShadowPart {
        let shared = &self.shared;
        ShadowPart {
            paths: disk.paths.clone(),
            journal: disk.journal,
            draft: self.draft.subscribe(),
            applied: shared.positions.applied.clone(),
            alerts: shared.positions.alerts.clone(),
            live: Arc::clone(&shared.live),
            notices: self.notices(),
            metrics: Arc::clone(&shared.metrics),
            stop: self.stops.desk.clone(),
        }
    }

    /// A part's own way to tell what is wrong.
    fn notices(&self) -> Notices {
        Notices::new(self.shared.inputs.clone(), self.shared.positions.durable.clone())
    }

    fn housekeeping_part(
        &self,
        anchor: watch::Receiver<Anchor>,
        history_wanted: watch::Sender<u64>,
    ) -> HousekeepingPart {
        let shared = &self.shared;
        HousekeepingPart {
            paths: shared.paths.clone(),
            config: shared.config.journal.clone(),
            disk: shared.config.disk,
            rules: shared.positions.rules_saved.clone(),
            desk: shared.positions.desk_saved.clone(),
            archived: shared.positions.archive_synced.clone(),
            archived_alerts: shared.positions.alerts_synced.clone(),
            anchor,
            history_wanted,
            notices: self.notices(),
            metrics: Arc::clone(&shared.metrics),
            stop: self.stops.desk.clone(),
        }
    }

    fn start_tasks(
        &mut self,
        (sockets, panel_ports): (Sockets, PanelPorts),
        first: FirstEntries,
        demo: Option<DemoLogin>,
    ) -> Result<watch::Receiver<bool>, StartError> {
        let shared = &self.shared;
        let stops = &self.stops;
        let (commands, command_queue) = mpsc::channel::<Command>(256);
        let (acts, act_queue) = mpsc::channel(ACTS_MAX);
        let (begun, begun_seen) = watch::channel(false);
        let probe = ProbePart {
            config: shared.config.watch.clone(),
            target: self.mqtt,
            begun: begun_seen.clone(),
            listener: self.listener.clone(),
            durable: shared.positions.durable.clone(),
            applied: shared.positions.applied.clone(),
            metrics: Arc::clone(&shared.metrics),
            watchdog: Watchdog {
                applied: shared.positions.applied.clone(),
                metrics: Arc::clone(&shared.metrics),
                applying: self.applying.clone(),
                died: shared.paths.died(),
            },
        };
        let (health, health_seen) = watch::channel(probe.starting());
        let (questions, question_queue) = mpsc::channel(QUESTIONS_MAX);
        let (risk_questions, risk_queue) = mpsc::channel(risk::QUESTIONS_MAX);
        let (figures, figure_queue) = mpsc::channel(risk_figures::FIGURES_MAX);
        let ways = Ways { commands, acts, panels: questions, risk: risk_questions, risk_figures: figures };
        let console = console_of(shared, ways, health_seen, demo).map_err(failed("open the console's users"))?;
        let status = StatusPart {
            live: Arc::clone(&shared.live),
            journal: shared.journal,
            durable: shared.positions.durable.clone(),
            applied: shared.positions.applied.clone(),
            archived: shared.positions.archived.clone(),
            metrics: Arc::clone(&shared.metrics),
            stop: stops.console.clone(),
        };
        let first = first.journal(shared.paths.clone(), shared.inputs.clone(), begun);
        self.tasks.spawn(async move { ("start", first.await.map_err(|error| error.to_string())) });
        let (orders, inputs) = (Arc::clone(&shared.orders), shared.inputs.clone());
        self.tasks.spawn(async move {
            orders.serve(command_queue, inputs).await;
            ("orders", Ok(()))
        });
        let inputs = shared.inputs.clone();
        self.tasks.spawn(async move {
            risk_figures::serve(figure_queue, inputs).await;
            ("risk figures", Ok(()))
        });
        let acts = ActsPart {
            acts: act_queue,
            users: shared.paths.users(),
            inputs: shared.inputs.clone(),
            begun: begun_seen.clone(),
            stop: stops.desk.clone(),
        };
        self.tasks.spawn(async move { ("acts", acts.run().await) });
        let (inputs, stop, begun) = (shared.inputs.clone(), stops.journal.clone(), begun_seen.clone());
        self.tasks.spawn(async move {
            first_entries::journaled(begun, &stop).await;
            ("ticks", ticks::run(inputs, stop).await.map_err(|error| error.to_string()))
        });
        let (listener, stop) = (self.listener.clone(), stops.devices.clone());
        let begun = begun_seen.clone();
        self.tasks.spawn(async move {
            first_entries::journaled(begun, &stop).await;
            ("listener", listener.serve(sockets.mqtt, stop).await)
        });
        let stop = stops.console.clone();
        self.tasks.spawn(async move {
            let served = watchfire_console::serve(sockets.console, console, stop).await;
            ("console", served.map_err(|error| error.to_string()))
        });
        let stop = stops.devices.clone();
        self.tasks.spawn(async move { ("probe", probe.run(health, stop).await) });
        let (listener, panels) = (self.listener.clone(), self.panels.clone());
        self.tasks.spawn(async move {
            status.run(&listener, &panels).await;
            ("status", Ok(()))
        });
        let (listener, inputs, live) = (self.listener.clone(), shared.inputs.clone(), Arc::clone(&shared.live));
        let stop = stops.devices.clone();
        self.tasks.spawn(async move {
            listener.tell_troubles(inputs, live, stop).await;
            ("troubles", Ok(()))
        });
        self.start_panels(panel_ports, begun_seen.clone());
        self.start_inspection(question_queue).map_err(failed("start a thread"))?;
        self.start_risk(risk_queue)?;
        let (notices, stop) = (self.notices(), self.stops.desk.clone());
        reports::start(&self.shared, notices, stop, &mut self.threads)?;
        Ok(begun_seen)
    }

    fn start_inspection(&mut self, questions: mpsc::Receiver<PanelQuestion>) -> std::io::Result<()> {
        let shared = &self.shared;
        let part = InspectionPart {
            paths: shared.paths.clone(),
            journal: watchfire_journal::JournalId(shared.journal.0),
            durable: shared.positions.durable.clone(),
            inputs: shared.inputs.clone(),
            orders: Arc::clone(&shared.orders),
            panels: self.panels.panels(),
            questions,
            notices: self.notices(),
            metrics: Arc::clone(&shared.metrics),
            stop: self.stops.desk.clone(),
        };
        let applied = shared.positions.applied.clone();
        self.threads.start_behind(applied, "inspection", move |runtime| part.run(runtime))
    }

    fn start_risk(&mut self, questions: mpsc::Receiver<RiskQuestion>) -> Result<(), StartError> {
        let shared = &self.shared;
        let logs = RiskLogs {
            paths: shared.paths.clone(),
            journal: watchfire_journal::JournalId(shared.journal.0),
            applied: shared.positions.applied.clone(),
            alerts: shared.positions.alerts.clone(),
        };
        let figures = RiskMetrics::new(&shared.registry).map_err(failed("register metrics"))?;
        let metrics = (Arc::clone(&shared.metrics), figures);
        let part = RiskPart::new(logs, questions, self.notices(), metrics, self.stops.desk.clone());
        let applied = shared.positions.applied.clone();
        self.threads
            .start_behind(applied, risk::NAME, move |runtime| part.run(runtime))
            .map_err(failed("start a thread"))
    }

    fn start_panels(&mut self, ports: PanelPorts, begun: watch::Receiver<bool>) {
        let stop = self.stops.devices.clone();
        self.tasks.spawn(async move {
            first_entries::journaled(begun, &stop).await;
            ports.listening.serve(stop).await;
            ("panels", Ok(()))
        });
        let (panels, inputs, live) = (self.panels.clone(), self.shared.inputs.clone(), Arc::clone(&self.shared.live));
        let stop = self.stops.devices.clone();
        self.tasks.spawn(async move {
            panels.tell_troubles(inputs, live, stop).await;
            ("panel troubles", Ok(()))
        });
    }

    /// A reload of sites and rules, to be run beside the station.
    pub(crate) fn reload(&self) -> Reload {
        Reload {
            config: self.shared.config.clone(),
            paths: self.shared.paths.clone(),
            secrets: self.secrets.clone(),
            listener: self.listener.clone(),
            panels: self.panels.clone(),
            inputs: self.shared.inputs.clone(),
            draft: Arc::clone(&self.draft),
            metrics: Arc::clone(&self.shared.metrics),
        }
    }

    /// Waits until a part ends that must not; says which and why.
    pub(crate) async fn broken(&mut self) -> String {
        loop {
            tokio::select! {
                ended = self.threads.next_end() => match (ended.name, ended.fault) {
                    // It ends so because the rules have ended: theirs is the fault.
                    ("notify", None) => {}
                    // History is down until the next start; nothing else is.
                    ("archive" | "housekeeping" | "inspection" | "risk" | reports::NAME | shadow::NAME, fault) => error!(part = ended.name, ?fault, "goes on without it"),
                    (name, fault) => return format!("{name}: {}", fault.unwrap_or_else(|| "ended".into())),
                },
                Some(ended) = self.tasks.join_next() => match ended {
                    Ok(("start", Ok(()))) => {}
                    Ok((name, result)) => return format!("{name}: {}", result.err().unwrap_or_else(|| "ended".into())),
                    Err(error) => return format!("a task died: {error}"),
                },
            }
        }
    }

    /// Stops everything in order; each part finishes what it has begun.
    pub(crate) async fn stop(mut self) {
        info!("stopping");
        self.stops.devices.cancel();
        self.end_of_tasks(&["listener", "panels", "probe", "troubles", "panel troubles"]).await;
        self.stops.desk.cancel();
        for part in ["notify", "housekeeping", "inspection", "risk", reports::NAME, shadow::NAME] {
            self.threads.end_of(part).await;
        }
        self.stops.journal.cancel();
        for part in ["journal", "rules", "archive"] {
            self.threads.end_of(part).await;
        }
        self.stops.console.cancel();
        self.end_of_tasks(&["console", "status"]).await;
        self.tasks.shutdown().await;
        info!("stopped");
    }

    async fn end_of_tasks(&mut self, names: &[&str]) {
        let mut left = names.len();
        while left > 0 {
            match self.tasks.join_next().await {
                Some(Ok((name, result))) => {
                    if names.contains(&name) {
                        left -= 1;
                    }
                    if let Err(why) = result {
                        warn!(name, why, "ended badly");
                    }
                }
                Some(Err(error)) => warn!(%error, "a task died"),
                None => return,
            }
        }
    }
}

fn console_of(
    shared: &Shared,
    Ways { commands, acts, panels, risk, risk_figures }: Ways,
    health: watch::Receiver<Health>,
    demo: Option<DemoLogin>,
) -> Result<Console, watchfire_console::UsersError> {
    Ok(Console {
        live: Arc::clone(&shared.live),
        history: Some(Arc::new(shared.archive.history())),
        commands,
        acts,
        panels,
        risk,
        risk_figures,
        users: Users::open(&shared.paths.users())?,
        registry: shared.registry.clone(),
        health,
        demo,
        clock: Arc::new(clock::wall),
        displayed: Some(shared.metrics.displayed()),
        version: env!("CARGO_PKG_VERSION"),
        behind_tls_proxy: shared.config.console.behind_tls_proxy,
        limits: watchfire_console::Limits {
            connections_max: usize::try_from(shared.config.console.connections_max).unwrap_or(usize::MAX),
            ..watchfire_console::Limits::default()
        },
    })
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
