//! Who is logged in.

use crate::users::Role;
use serde::Serialize;
use utoipa::ToSchema;

/// The session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// The log-in name.
    pub user: String,
    /// What this user may do.
    pub role: Role,
    /// Version of the station.
    pub version: &'static str,
    /// Whether this is the demo.
    pub demo: bool,
}
