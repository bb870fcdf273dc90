//! Devices and sites, from memory.

use crate::console::App;
use crate::problem::ProblemView;
use crate::request::Params;
use crate::view::{DevicePage, DeviceState, DeviceView, SitePage};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Which devices.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DevicesParams {
    /// Only of that site.
    site: Option<String>,
    /// Only in that state.
    state: Option<DeviceFilter>,
}

/// A state to list devices by.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeviceFilter {
    /// Spoke within its time.
    Online,
    /// Said good-bye, or is silent for too long.
    Offline,
    /// Listed, but never spoke.
    NeverSeen,
    /// Spoke, but is not listed.
    Unclaimed,
}

/// The devices with their last values.
#[utoipa::path(get, path = "/api/v1/devices", tag = "devices", security(("session" = [])), params(DevicesParams), responses(
    (status = 200, description = "The devices, by site, source and name.", body = DevicePage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 422, description = "The query is wrong.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn list(State(app): State<Arc<App>>, Params(params): Params<DevicesParams>) -> Json<DevicePage> {
    let wanted = |device: &DeviceView| {
        params.site.as_deref().is_none_or(|site| site == device.site.id.as_str())
            && params.state.is_none_or(|state| state.fits(device))
    };
    let mut devices = app.live().devices(wanted);
    devices.sort_by(|a, b| {
        let key = |device: &DeviceView| (device.site.id.clone(), device.source, device.name.clone());
        key(a).cmp(&key(b))
    });
    Json(DevicePage { devices })
}

/// The sites.
#[utoipa::path(get, path = "/api/v1/sites", tag = "devices", security(("session" = [])), responses(
    (status = 200, description = "The sites, by id.", body = SitePage),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn sites(State(app): State<Arc<App>>) -> Json<SitePage> {
    Json(app.live().sites())
}

impl DeviceFilter {
    fn fits(self, device: &DeviceView) -> bool {
        match self {
            DeviceFilter::Online => device.state == DeviceState::Online,
            DeviceFilter::Offline => device.state == DeviceState::Offline,
            DeviceFilter::NeverSeen => device.state == DeviceState::NeverSeen,
            DeviceFilter::Unclaimed => !device.claimed,
        }
    }
}
