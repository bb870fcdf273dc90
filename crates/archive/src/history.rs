//! The read side: a few read-only connections that anybody may ask through, while the writer writes. A query sees one
//! committed state of the archive from its first row to its last.

use crate::alert_lives::{AlertLife, COUNTED_MAX, LIVES_MAX, LivesPage, SpanQuery};
use crate::alerts::{AlertHistory, AlertsCursor, AlertsPage, AlertsQuery};
use crate::audit::{self, AuditQuery, AuditRow};
use crate::availability::{Availability, availability};
use crate::check::Checked;
use crate::duty::{self, DutyCheckRow, DutyOfDevice, DutyQuery, InspectionRow, InspectionsQuery};
use crate::errors::Unfit;
use crate::fault::{Cause, Fault, Trouble};
use crate::figures::{Counting, Figures};
use crate::incidents::{self, IncidentAlert, IncidentLife, IncidentsQuery};
use crate::plain_row::Cell;
use crate::postgres::{self, Server, ServerReader};
use crate::readings::{ReadingsQuery, Series};
use crate::registry::{Counts, DefectCount, DeviceRow, OrderRow};
use crate::site_registry::{self, RegistryDevice, RegistryPoint};
use crate::sqlite::{self, FileReader};
use crate::state_at::{LOOK_BACK, alerts_of, last_values};
use std::path::Path;
use std::sync::Arc;
use watchfire_model::{Alert, AlertId, DeviceKey, DeviceName, PointName, Seq, SiteId, Timestamp};

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Every reader is in use or the archive is locked: again soon.
    #[error("the archive is busy, ask again: {0}")]
    Busy(#[source] Cause),
    /// The archive is down: again later.
    #[error("the archive cannot be read now: {0}")]
    Unavailable(#[source] Cause),
    /// The archive is not what it should be: a person is needed.
    #[error("the archive is damaged, move it aside and restore a backup or begin a new one: {0}")]
    Damaged(#[source] Cause),
    /// More than one question may read: ask for less.
    #[error("too much for one question, ask for a shorter time: {0}")]
    TooMuch(#[source] Cause),
}

impl From<Fault> for QueryError {
    fn from(fault: Fault) -> QueryError {
        if matches!(fault, Fault::Limit(_)) {
            return QueryError::TooMuch(Cause(fault));
        }
        match fault.trouble() {
            Trouble::Busy => QueryError::Busy(Cause(fault)),
            Trouble::Unavailable | Trouble::ReadOnly | Trouble::Full => QueryError::Unavailable(Cause(fault)),
            Trouble::Damaged => QueryError::Damaged(Cause(fault)),
        }
    }
}

impl From<Unfit> for QueryError {
    fn from(unfit: Unfit) -> QueryError {
        match unfit {
            Unfit::Fault(fault) => QueryError::from(fault),
            Unfit::Foreign | Unfit::Newer { .. } => {
                QueryError::Damaged(Cause(Fault::malformed("the archive", unfit.to_string())))
            }
        }
    }
}

/// Answers questions about the past. Cheap to clone; all clones share the readers. Every method waits for the disk or
/// the server: call it where waiting is allowed, never within a task.
#[derive(Clone)]
pub struct History {
    source: Arc<Source>,
}

enum Source {
    File(FileReader),
    Server(Box<ServerReader>),
}

impl History {
    /// The history in that file. The file is opened with the first question, and again after it could not be read: an
    /// archive that is down keeps nobody from starting.
    pub fn open(path: &Path) -> History {
        History { source: Arc::new(Source::File(FileReader::new(path))) }
    }

    /// The history on that server, which is connected to with the first question, and again after it was down.
    pub fn on_server(server: &Server) -> History {
        History { source: Arc::new(Source::Server(Box::new(ServerReader::new(server)))) }
    }

    /// A page of alerts, newest first.
    ///
    /// # Errors
    /// As the variants say.
    pub fn alerts(&self, query: &AlertsQuery) -> Result<AlertsPage, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::alerts_query::alerts(connection, query)),
            Source::Server(server) => server.ask(async |link| postgres::alerts_query::alerts(link, query).await),
        }
    }

    /// Everything about one alert; `None` when it is not in the archive.
    ///
    /// # Errors
    /// As the variants say.
    pub fn alert(&self, id: AlertId) -> Result<Option<AlertHistory>, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::alerts_query::alert(connection, id)),
            Source::Server(server) => server.ask(async |link| postgres::alerts_query::alert(link, id).await),
        }
    }

    /// The readings of a device, each series by itself, in order of point and metric. A series without readings in
    /// that span is left out. Where readings were given up and roll-ups stay, an hour (a minute in short spans of an archive
    /// on a server) is its lowest, highest and last value.
    ///
    /// # Errors
    /// As the variants say.
    pub fn readings(&self, query: &ReadingsQuery) -> Result<Vec<Series>, QueryError> {
        self.readings_or_roll_ups(query, true)
    }

    fn readings_or_roll_ups(&self, query: &ReadingsQuery, rolled_up: bool) -> Result<Vec<Series>, QueryError> {
        use {postgres::readings_query::readings as on_server, sqlite::readings_query::readings as in_file};
        match &*self.source {
            Source::File(file) => file.ask(|connection| in_file(connection, query, rolled_up)),
            Source::Server(server) => server.ask(async |link| on_server(link, query, rolled_up).await),
        }
    }

    /// The devices of a site, by source and name, after the one given.
    ///
    /// # Errors
    /// As the variants say.
    pub fn devices(&self, site: &SiteId, after: Option<&DeviceKey>) -> Result<Vec<DeviceRow>, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::registry_query::devices(connection, site, after)),
            Source::Server(server) => {
                server.ask(async |link| postgres::registry_query::devices(link, site, after).await)
            }
        }
    }

    /// Orders before that entry, newest first.
    ///
    /// # Errors
    /// As the variants say.
    pub fn orders(&self, before: Option<Seq>) -> Result<Vec<OrderRow>, QueryError> {
        let before = before.map_or(i64::MAX, |seq| seq.0.cast_signed());
        match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::registry_query::orders(connection, before)),
            Source::Server(server) => server.ask(async |link| postgres::registry_query::orders(link, before).await),
        }
    }

    /// Defects of the days from that time on, counted by site, source and kind.
    ///
    /// # Errors
    /// As the variants say.
    pub fn defects(&self, from: Timestamp) -> Result<Vec<DefectCount>, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::registry_query::defects(connection, from)),
            Source::Server(server) => server.ask(async |link| postgres::registry_query::defects(link, from).await),
        }
    }

    /// How much there is of everything.
    ///
    /// # Errors
    /// As the variants say.
    pub fn counts(&self) -> Result<Counts, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(sqlite::registry_query::counts),
            Source::Server(server) => server.ask(async |link| postgres::registry_query::counts(link).await),
        }
    }

    /// Duty checks of a month, newest first, at most [`crate::DUTY_CHECKS_MAX`].
    ///
    /// # Errors
    /// As the variants say.
    pub fn duty_checks(&self, query: &DutyQuery) -> Result<Vec<DutyCheckRow>, QueryError> {
        Ok(duty::checks_of(self.rows(query.checks())?)?)
    }

    /// What a month's duty checks came to, by transmission device.
    ///
    /// # Errors
    /// As the variants say.
    pub fn duty_figures(&self, query: &DutyQuery) -> Result<Vec<DutyOfDevice>, QueryError> {
        Ok(duty::figures_of(self.rows(query.counts())?)?)
    }

    /// What the duty checks that were asked in a span came to, by transmission device.
    ///
    /// # Errors
    /// As the variants say.
    pub fn duty_figures_of_span(&self, query: &SpanQuery) -> Result<Vec<DutyOfDevice>, QueryError> {
        Ok(duty::figures_of(self.rows(duty::counts_of_span(query))?)?)
    }

    /// Rounds of questions to transmission devices, newest first, at most [`crate::DUTY_CHECKS_MAX`].
    ///
    /// # Errors
    /// As the variants say.
    pub fn inspections(&self, query: &InspectionsQuery) -> Result<Vec<InspectionRow>, QueryError> {
        Ok(duty::rounds_of(self.rows(query.statement())?)?)
    }

    /// A page of incidents, newest first.
    ///
    /// # Errors
    /// As the variants say.
    pub fn incidents(&self, query: &IncidentsQuery) -> Result<Vec<IncidentLife>, QueryError> {
        Ok(incidents::incidents_of(self.rows(query.statement())?)?)
    }

    /// The alerts of an incident, in the order in which they came.
    ///
    /// # Errors
    /// As the variants say.
    pub fn incident_alerts(&self, incident: AlertId) -> Result<Vec<IncidentAlert>, QueryError> {
        Ok(incidents::members_of(self.rows(incidents::members(incident))?)?)
    }

    /// The alerts that an incident ever had, oldest first, with the times at which people got further with them; at most
    /// [`LIVES_MAX`].
    ///
    /// # Errors
    /// As the variants say.
    pub fn incident_lives(&self, incident: AlertId) -> Result<Vec<AlertLife>, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::figures_query::incident_lives(connection, incident)),
            Source::Server(server) => {
                server.ask(async |link| postgres::figures_query::incident_lives(link, incident).await)
            }
        }
    }

    /// Lines of the audit, newest first, at most [`crate::LIST_MAX`].
    ///
    /// # Errors
    /// As the variants say.
    pub fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, QueryError> {
        Ok(audit::lines_of(self.rows(query.statement())?)?)
    }

    /// The devices of a site as the set-up names them, at most [`crate::LIST_MAX`].
    ///
    /// # Errors
    /// As the variants say.
    pub fn registry(&self, site: &SiteId) -> Result<Vec<RegistryDevice>, QueryError> {
        Ok(site_registry::devices_of(self.rows(site_registry::devices(site))?)?)
    }

    /// The points of a transmission device as the set-up names them, by name and after one, at most
    /// [`crate::LIST_MAX`].
    ///
    /// # Errors
    /// As the variants say.
    pub fn registry_points(
        &self,
        site: &SiteId,
        device: &DeviceName,
        after: Option<&PointName>,
    ) -> Result<Vec<RegistryPoint>, QueryError> {
        Ok(site_registry::points_of(self.rows(site_registry::points(site, device, after))?)?)
    }

    /// The rows that a statement of both stores finds.
    fn rows(&self, (sql, cells): (&'static str, Vec<Cell>)) -> Result<Vec<Vec<Cell>>, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::plain_rows::read(connection, sql, &cells)),
            Source::Server(server) => server.ask(async |link| postgres::plain_rows::read(link, sql, &cells).await),
        }
    }

    /// Looks at the whole archive, which takes as long as reading all of it.
    ///
    /// # Errors
    /// As the variants say; what is found damaged is not an error but an answer.
    pub fn check(&self) -> Result<Checked, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(sqlite::check),
            Source::Server(server) => server.look(async |link| postgres::check(link).await),
        }
    }

    /// A page of the alerts raised in a span, oldest first, after the one given: for exports.
    ///
    /// # Errors
    /// As the variants say.
    pub fn lives(&self, query: &SpanQuery, after: Option<AlertsCursor>) -> Result<LivesPage, QueryError> {
        let lives = match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::figures_query::lives(connection, query, after)),
            Source::Server(server) => server.ask(async |link| postgres::figures_query::lives(link, query, after).await),
        };
        lives.map(LivesPage::of)
    }

    /// What the alerts raised in a span come to.
    ///
    /// # Errors
    /// As the variants say; [`QueryError::TooMuch`] beyond [`COUNTED_MAX`] alerts.
    pub fn figures(&self, query: &SpanQuery) -> Result<Figures, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(|connection| {
                let mut pages = Pages::default();
                while pages.goes_on()? {
                    pages.add(sqlite::figures_query::lives(connection, query, pages.after)?);
                }
                Ok(pages.counting.figures())
            }),
            Source::Server(server) => server.ask(async |link| {
                let mut pages = Pages::default();
                while pages.goes_on()? {
                    pages.add(postgres::figures_query::lives(link, query, pages.after).await?);
                }
                Ok(pages.counting.figures())
            }),
        }
    }

    /// How much of a span devices and sites were there.
    ///
    /// # Errors
    /// As the variants say; [`QueryError::TooMuch`] beyond [`crate::AVAILABILITY_DEVICES_MAX`] devices.
    pub fn availability(&self, query: &SpanQuery) -> Result<Availability, QueryError> {
        let span = (query.from, query.to);
        match &*self.source {
            Source::File(file) => file.ask(|connection| {
                let devices = sqlite::figures_query::known_devices(connection, query)?;
                Ok(availability(span, devices, &sqlite::figures_query::offline_transitions(connection, query)?))
            }),
            Source::Server(server) => server.ask(async |link| {
                let devices = postgres::figures_query::known_devices(link, query).await?;
                Ok(availability(span, devices, &postgres::figures_query::offline_transitions(link, query).await?))
            }),
        }
    }

    /// The alerts that were not over at a time, as they were then: most urgent first, at most
    /// [`crate::THEN_ALERTS_MAX`].
    ///
    /// # Errors
    /// As the variants say.
    pub fn alerts_at(&self, site: Option<&SiteId>, at: Timestamp) -> Result<Vec<Alert>, QueryError> {
        let transitions = match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::figures_query::transitions_until(connection, site, at)),
            Source::Server(server) => {
                server.ask(async |link| postgres::figures_query::transitions_until(link, site, at).await)
            }
        };
        Ok(alerts_of(&transitions?))
    }

    /// The last value of each series of a device at or before a time, as a series of one point; values older than 100
    /// days are left out.
    ///
    /// # Errors
    /// As the variants say.
    pub fn values_at(&self, device: &DeviceKey, at: Timestamp) -> Result<Vec<Series>, QueryError> {
        let mut found = Vec::new();
        for span in LOOK_BACK {
            let query = ReadingsQuery {
                site: device.site.clone(),
                source: device.source,
                device: device.name.clone(),
                from: at.minus(span),
                to: at,
                points_max: 0,
            };
            last_values(&mut found, self.readings_or_roll_ups(&query, false)?, at);
        }
        Ok(found)
    }
}

/// Counts page after page.
#[derive(Default)]
struct Pages {
    counting: Counting,
    after: Option<AlertsCursor>,
    counted: usize,
    is_over: bool,
}

impl Pages {
    fn goes_on(&self) -> Result<bool, Fault> {
        if self.counted > COUNTED_MAX {
            return Err(Fault::Limit("the span holds too many alerts"));
        }
        Ok(!self.is_over)
    }

    fn add(&mut self, lives: Vec<AlertLife>) {
        lives.iter().for_each(|life| self.counting.add(life));
        self.counted += lives.len();
        self.is_over = lives.len() < LIVES_MAX;
        self.after = lives.last().map(AlertLife::place);
    }
}
