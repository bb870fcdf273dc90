//! The sites.

use super::{Label, Text};
use serde::Serialize;
use utoipa::ToSchema;

/// Every site.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SitePage {
    /// The sites, by id.
    pub sites: Vec<SiteView>,
}

/// A site.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SiteView {
    /// Its id.
    pub id: Label,
    /// Its name.
    pub name: Text,
    /// `home`, `care_home`, `building` or `other`.
    pub kind: &'static str,
    /// Where it is.
    pub address: Text,
    /// IANA time zone.
    pub time_zone: Label,
    /// Its parts, by id.
    pub zones: Vec<ZoneView>,
}

/// A part of a site.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ZoneView {
    /// Its id.
    pub id: Label,
    /// Its name.
    pub name: Text,
}
