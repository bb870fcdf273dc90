//! The read side: a few read-only connections that anybody may ask through, while the writer writes. A query sees one
//! committed state of the archive from its first row to its last.

use crate::alerts::{AlertHistory, AlertsPage, AlertsQuery};
use crate::check::Checked;
use crate::errors::Unfit;
use crate::fault::{Cause, Fault, Trouble};
use crate::postgres::{self, Server, ServerReader};
use crate::readings::{ReadingsQuery, Series};
use crate::registry::{Counts, DefectCount, DeviceRow, OrderRow};
use crate::sqlite::{self, FileReader};
use std::path::Path;
use std::sync::Arc;
use watchfire_model::{AlertId, DeviceKey, Seq, SiteId, Timestamp};

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
    /// that span is left out.
    ///
    /// # Errors
    /// As the variants say.
    pub fn readings(&self, query: &ReadingsQuery) -> Result<Vec<Series>, QueryError> {
        match &*self.source {
            Source::File(file) => file.ask(|connection| sqlite::readings_query::readings(connection, query)),
            Source::Server(server) => server.ask(async |link| postgres::readings_query::readings(link, query).await),
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
}
