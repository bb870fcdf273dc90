//! What a session says to the server: statements, prepared once, and rows copied in.

use crate::fault::Fault;
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::HashMap;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, CopyInSink, Row, RowStream, Statement};

/// See the head of this file.
pub(crate) struct Link {
    client: Client,
    prepared: RefCell<HashMap<&'static str, Statement>>,
}

/// The values of a statement.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Link {
    /// Over that connection.
    pub(crate) fn new(client: Client) -> Link {
        Link { client, prepared: RefCell::default() }
    }

    /// The connection itself, for what brings statements of its own.
    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Several statements without values.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// A statement without an answer; how many rows it touched.
    pub(crate) async fn execute(&self, sql: &'static str, params: Params<'_>) -> Result<u64, Fault> {
        Ok(self.client.execute(&self.prepare(sql).await?, params).await?)
    }

    /// As [`Link::execute`], by a statement that is not kept.
    pub(crate) async fn execute_once(&self, sql: &str, params: Params<'_>) -> Result<u64, Fault> {
        Ok(self.client.execute(sql, params).await?)
    }

    /// The types of a statement's values.
    pub(crate) async fn kinds_of(&self, sql: &'static str) -> Result<Vec<Type>, Fault> {
        Ok(self.prepare(sql).await?.params().to_vec())
    }

    /// A question; all rows of the answer.
    pub(crate) async fn query(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Fault> {
        Ok(self.client.query(&self.prepare(sql).await?, params).await?)
    }

    /// A question with one row for an answer, or none.
    pub(crate) async fn row(&self, sql: &'static str, params: Params<'_>) -> Result<Option<Row>, Fault> {
        Ok(self.client.query_opt(&self.prepare(sql).await?, params).await?)
    }

    /// A question; the rows as they come.
    pub(crate) async fn stream(&self, sql: &'static str, params: Params<'_>) -> Result<RowStream, Fault> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.query_raw(&statement, params.iter().copied()).await?)
    }

    /// A copy into a table.
    pub(crate) async fn copy_in(&self, sql: &'static str) -> Result<CopyInSink<Bytes>, Fault> {
        Ok(self.client.copy_in(&self.prepare(sql).await?).await?)
    }

    /// A copy into a table, by a statement that is not kept.
    pub(crate) async fn copy_in_once(&self, sql: &str) -> Result<CopyInSink<Bytes>, Fault> {
        Ok(self.client.copy_in(sql).await?)
    }

    async fn prepare(&self, sql: &'static str) -> Result<Statement, Fault> {
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.prepared.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }
}
