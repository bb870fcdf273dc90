//! The archive as one SQLite file: for a care home, a campus, a district. Nothing to install and nothing to keep.

mod alert_rows;
pub(crate) mod alerts_query;
mod block;
mod delivery_rows;
mod export;
pub(crate) mod figures_query;
mod files;
mod fold;
mod names;
pub(crate) mod plain_rows;
mod reader;
pub(crate) mod readings_query;
pub(crate) mod registry_query;
mod retention;
mod rollups;
mod rows;
mod schema;
mod store;
mod tail;
mod upkeep;

pub(crate) use export::Export;
pub(crate) use files::restore;
pub(crate) use reader::FileReader;
pub(crate) use store::FileStore;
pub(crate) use upkeep::{adopt, check, copy};
