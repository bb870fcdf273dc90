//! What the station hands to the console, and what all requests share.

use crate::health::Health;
use crate::live::Live;
use crate::login_limit::LoginLimit;
use crate::meters::Meters;
use crate::sessions::Sessions;
use crate::users::Users;
use crate::view::{
    DutyMonthView, DutyReportView, RiskAreaPage, RiskAreaView, RiskPage, RiskSiteView, TransmissionDeviceView,
};
use prometheus::{Histogram, Registry};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use watchfire_archive::History;
use watchfire_model::{Act, Bilingual, DistrictPath, Order, Seq, SiteId, Timestamp, UserName};

/// The station's time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything the console works with.
pub struct Console {
    /// The board in memory.
    pub live: Arc<Live>,
    /// History; without it everything but history works.
    pub history: Option<Arc<History>>,
    /// Where orders go.
    pub commands: mpsc::Sender<Command>,
    /// Who may log in.
    pub users: Users,
    /// Where what people do goes, for the audit; nobody waits for it.
    pub acts: mpsc::Sender<Act>,
    /// Where questions about transmission devices go.
    pub panels: mpsc::Sender<PanelQuestion>,
    /// Where questions about risk go.
    pub risk: mpsc::Sender<RiskQuestion>,
    /// Where figures for the risk score go.
    pub risk_figures: mpsc::Sender<RiskFigures>,
    /// What `/metrics` shows; the console adds its own.
    pub registry: Registry,
    /// What the probe found.
    pub health: watch::Receiver<Health>,
    /// In the demo: the log-in that the log-in page shows.
    pub demo: Option<DemoLogin>,
    /// The station's time.
    pub clock: Clock,
    /// Observes the time from a raise's entry until the first client is sent it, in seconds.
    pub displayed: Option<Histogram>,
    /// The version that the pages show.
    pub version: &'static str,
    /// Whether a proxy with TLS stands before the console: cookies are `Secure` then, and the last address in
    /// `X-Forwarded-For` is the client's.
    pub behind_tls_proxy: bool,
    /// How much of everything.
    pub limits: Limits,
}

/// The log-in of the demo.
#[derive(Clone, Debug)]
pub struct DemoLogin {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: String,
}

/// An order on its way to the rules.
#[derive(Debug)]
pub struct Command {
    /// The order.
    pub order: Order,
    /// Answered when the order took effect and [`Live`] shows it, or with why the rules refused it.
    pub reply: oneshot::Sender<Result<(), Bilingual>>,
}

/// A question about transmission devices, for the station to answer.
#[derive(Debug)]
pub enum PanelQuestion {
    /// How each is asked and what it answered.
    Devices {
        /// Only of that site.
        site: Option<SiteId>,
        /// The answer, by site and name.
        reply: oneshot::Sender<Vec<TransmissionDeviceView>>,
    },
    /// A site's duty checks.
    DutyChecks {
        /// Of which site.
        site: SiteId,
        /// Of which month; the one that runs by default.
        month: Option<String>,
        /// The answer; `None` when that is not a month.
        reply: oneshot::Sender<Option<DutyReportView>>,
    },
    /// The figures of all sites.
    DutyFigures {
        /// Of which month; the one that runs by default.
        month: Option<String>,
        /// The answer; `None` when that is not a month.
        reply: oneshot::Sender<Option<DutyMonthView>>,
    },
}

/// A question about risk, for the station to answer.
#[derive(Debug)]
pub enum RiskQuestion {
    /// Whom to inspect first.
    Ranking {
        /// Only in that district and those below it.
        district: Option<DistrictPath>,
        /// Only in that building.
        building: Option<String>,
        /// Only with that colour.
        band: Option<&'static str>,
        /// So many before the first.
        offset: u32,
        /// So many at most.
        limit: u32,
        /// The answer.
        reply: oneshot::Sender<RiskPage>,
    },
    /// Buildings and districts, the highest score first.
    Areas {
        /// Only buildings, or only districts.
        buildings: Option<bool>,
        /// So many before the first.
        offset: u32,
        /// So many at most.
        limit: u32,
        /// The answer.
        reply: oneshot::Sender<RiskAreaPage>,
    },
    /// One building or district.
    Area {
        /// The district, or that of the building.
        district: Option<DistrictPath>,
        /// The building.
        building: Option<String>,
        /// The answer; `None` when no unit is there.
        reply: oneshot::Sender<Option<RiskAreaView>>,
    },
    /// A site and its zones.
    Site {
        /// Which.
        site: SiteId,
        /// The answer; `None` when there is no such site.
        reply: oneshot::Sender<Option<RiskSiteView>>,
    },
}

/// Figures that no detector delivers, as they would be published over MQTT.
#[derive(Debug)]
pub struct RiskFigures {
    /// Of which site.
    pub site: SiteId,
    /// What they are.
    pub kind: RiskFiguresKind,
    /// The payload.
    pub payload: Vec<u8>,
    /// Who says so.
    pub by: UserName,
    /// Answered with the entry's number when it is on disk, or with what is wrong with the payload.
    pub reply: oneshot::Sender<Result<Seq, Bilingual>>,
}

/// What figures for the risk score are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RiskFiguresKind {
    /// Readings of the site's pseudo device `risk`.
    Figures,
    /// Readings of its pseudo device `weather`.
    Weather,
    /// A weather warning, CAP or JSON.
    Warning,
}

/// How much of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections_max: usize,
    /// Connections of one address at once; not applied behind a proxy.
    pub connections_per_address_max: usize,
    /// Clients that listen to events at once.
    pub event_clients_max: usize,
    /// A request's head must be complete within this time.
    pub head_wait: Duration,
    /// An answer must begin within this time.
    pub answer_wait: Duration,
    /// The station must have carried out or refused an order within this time.
    pub order_wait: Duration,
    /// A client that takes nothing for this long is cut off.
    pub stall_wait: Duration,
    /// Between two `status` events, and between two looks at whether a listening client is still logged in.
    pub status_every: Duration,
    /// Between two `devices` events.
    pub devices_every: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 1_024,
            connections_per_address_max: 256,
            event_clients_max: 256,
            head_wait: Duration::from_secs(10),
            answer_wait: Duration::from_secs(15),
            order_wait: Duration::from_secs(5),
            stall_wait: Duration::from_secs(20),
            status_every: Duration::from_secs(5),
            devices_every: Duration::from_secs(1),
        }
    }
}

/// Password hashes computed at once: a storm of log-ins must leave the cores to the alarms.
const HASHES_AT_ONCE: usize = 1;
/// Log-ins that may wait for their turn; some 30 ms each.
const LOGINS_WAITING_MAX: usize = 32;
/// History queries at once, and those that may wait for their turn.
const QUERIES_AT_ONCE: usize = 4;

/// What all requests share.
pub(crate) struct App {
    pub(crate) console: Console,
    pub(crate) sessions: Sessions,
    pub(crate) meters: Meters,
    pub(crate) login_limit: Mutex<LoginLimit>,
    pub(crate) hashing: Semaphore,
    pub(crate) logins_waiting: Semaphore,
    pub(crate) queries: Arc<Semaphore>,
    pub(crate) event_slots: Arc<Semaphore>,
    pub(crate) stop: CancellationToken,
}

impl App {
    /// # Errors
    /// When the registry has metrics of the console's names already.
    pub(crate) fn new(console: Console, stop: CancellationToken) -> Result<App, prometheus::Error> {
        let limits = console.limits;
        let named = [("connections", limits.connections_max), ("event_clients", limits.event_clients_max)];
        let sessions = Sessions::open(console.users.directory());
        Ok(App {
            login_limit: Mutex::new(LoginLimit::with_desks(sessions.desks().into_iter())),
            sessions,
            meters: Meters::new(&console.registry, &named)?,
            hashing: Semaphore::new(HASHES_AT_ONCE),
            logins_waiting: Semaphore::new(LOGINS_WAITING_MAX),
            queries: Arc::new(Semaphore::new(QUERIES_AT_ONCE)),
            event_slots: Arc::new(Semaphore::new(limits.event_clients_max)),
            stop,
            console,
        })
    }

    pub(crate) fn live(&self) -> &Live {
        &self.console.live
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.console.clock)()
    }

    /// Tells the audit. What finds no room is in the log only: a log-in waits for nothing.
    pub(crate) fn tell(&self, act: Act) {
        if let Err(lost) = self.console.acts.try_send(act) {
            tracing::warn!(%lost, "the audit is not told");
        }
    }

    pub(crate) fn ready(&self) -> bool {
        self.console.health.borrow().trouble(self.now()).is_none()
    }

    pub(crate) fn status(&self) -> crate::view::StatusView {
        self.live().status(self.ready(), self.console.version)
    }
}
