//! Reading from the server: each question sees one committed state.

use super::link::Link;
use super::schema;
use super::server::Server;
use super::session::{Purpose, Session};
use crate::fault::{Cause, Fault, Trouble};
use crate::history::QueryError;
use crate::pool::Pool;

/// See the head of this file.
pub(crate) struct ServerReader {
    server: Server,
    pool: Pool<Session>,
}

impl ServerReader {
    /// Of that server, which is connected to with the first question.
    pub(crate) fn new(server: &Server) -> ServerReader {
        ServerReader { server: server.clone(), pool: Pool::new() }
    }

    /// The same over a connection of its own, which may take its time.
    pub(crate) fn look<T>(&self, ask: impl AsyncFn(&Link) -> Result<T, Fault>) -> Result<T, QueryError> {
        let session = Session::open(&self.server, Purpose::Upkeep)?;
        session.run(async |link| schema::check(link).await)?;
        answer(&session, &ask).map_err(query_error_of)
    }

    /// Answers with what `ask` reads from one committed state.
    pub(crate) fn ask<T>(&self, ask: impl AsyncFn(&Link) -> Result<T, Fault>) -> Result<T, QueryError> {
        let mut lent = self.pool.lend()?;
        if let Some(session) = lent.connection.take_if(|session| !session.is_closed()) {
            match answer(&session, &ask) {
                // While it was idle the server may have gone and come back: once more over a new connection.
                Err(fault) if fault.trouble() == Trouble::Unavailable => {}
                Err(fault) => return Err(query_error_of(fault)),
                Ok(found) => {
                    lent.connection = Some(session);
                    return Ok(found);
                }
            }
        }
        lent.connection = None;
        let session = Session::open(&self.server, Purpose::Ask)?;
        session.run(async |link| schema::check(link).await)?;
        let found = answer(&session, &ask).map_err(query_error_of)?;
        lent.connection = Some(session);
        Ok(found)
    }
}

fn answer<T>(session: &Session, ask: impl AsyncFn(&Link) -> Result<T, Fault>) -> Result<T, Fault> {
    session.run(async |link| {
        link.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let found = ask(link).await?;
        link.batch("COMMIT").await?;
        Ok(found)
    })
}

/// A question that the server ended because it took too long may read too much; anything else is as it is.
fn query_error_of(fault: Fault) -> QueryError {
    const QUERY_CANCELED: &str = "57014";
    match &fault {
        Fault::Postgres(error) if error.code().is_some_and(|code| code.code() == QUERY_CANCELED) => {
            QueryError::TooMuch(Cause(fault))
        }
        _ => QueryError::from(fault),
    }
}
