//! The OpenAPI document.

use super::{
    alerts, audit, devices, duty_records, events, figures, orders, panels, past_incidents, readings, reports, risk,
    session, station, tables, tests,
};
use axum::Json;
use std::sync::LazyLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "watchfire console", description = "Alerts, devices, history and health of one station."),
    paths(
        session::show, session::log_in, session::log_out,
        alerts::list, alerts::show, alerts::incidents,
        orders::acknowledge, orders::verify, orders::forward, orders::close, orders::reopen,
        devices::list, devices::sites, readings::list,
        panels::list, panels::order, panels::duty_checks, panels::duty_figures, panels::check_duty,
        tests::list, tests::start, tests::approve, tests::end,
        risk::ranking, risk::areas, risk::area, risk::site, risk::figures, risk::weather, risk::warning,
        station::status, station::shadow, station::alive, station::ready, station::metrics,
        figures::show, figures::then, reports::show,
        tables::alerts_csv, tables::alerts_xlsx, tables::readings_csv, tables::readings_xlsx, tables::figures_xlsx,
        tables::figures_csv,
        past_incidents::list, past_incidents::show, past_incidents::csv,
        duty_records::devices, duty_records::checks_csv, duty_records::inspections, duty_records::inspections_csv,
        audit::list, audit::csv,
        events::listen, show,
    ),
    modifiers(&SessionCookie),
)]
struct Document;

struct SessionCookie;

impl Modify for SessionCookie {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::gate::SESSION_COOKIE));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// The document, made once.
pub(crate) fn document() -> &'static utoipa::openapi::OpenApi {
    static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(Document::openapi);
    &DOCUMENT
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "station", responses(
    (status = 200, description = "OpenAPI 3.1.", body = Object),
))]
pub(crate) async fn show() -> Json<&'static utoipa::openapi::OpenApi> {
    Json(document())
}
