//! Every address of the console, in one table. A test holds it against the OpenAPI document.

mod alerts;
mod audit;
mod devices;
mod duty_records;
mod events;
mod figures;
mod openapi;
mod orders;
mod panels;
mod past_incidents;
mod readings;
mod reports;
mod risk;
mod session;
mod station;
mod tables;
mod tests;

use crate::console::App;
use crate::gate;
use crate::pages;
use crate::problem::Problem;
use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use std::sync::Arc;

/// An address.
struct Route {
    path: &'static str,
    /// For the test that holds the table against the OpenAPI document; the handler itself knows.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the test"))]
    methods: &'static [&'static str],
    /// Whether it answers without a log-in.
    open: bool,
    handler: MethodRouter<Arc<App>>,
}

/// Every address but those of the pages.
fn routes() -> Vec<Route> {
    let open = |path, methods, handler| Route { path, methods, open: true, handler };
    let closed = |path, methods, handler| Route { path, methods, open: false, handler };
    vec![
        open(
            "/api/v1/session",
            &["get", "post", "delete"],
            get(session::show).post(session::log_in).delete(session::log_out),
        ),
        open("/api/v1/openapi.json", &["get"], get(openapi::show)),
        open("/healthz", &["get"], get(station::alive)),
        open("/readyz", &["get"], get(station::ready)),
        open("/metrics", &["get"], get(station::metrics)),
        closed("/api/v1/alerts", &["get"], get(alerts::list)),
        closed("/api/v1/alerts/{id}", &["get"], get(alerts::show)),
        closed("/api/v1/alerts/{id}/acknowledge", &["post"], post(orders::acknowledge)),
        closed("/api/v1/alerts/{id}/verify", &["post"], post(orders::verify)),
        closed("/api/v1/alerts/{id}/forward", &["post"], post(orders::forward)),
        closed("/api/v1/alerts/{id}/close", &["post"], post(orders::close)),
        closed("/api/v1/alerts/{id}/reopen", &["post"], post(orders::reopen)),
        closed("/api/v1/incidents", &["get"], get(alerts::incidents)),
        closed("/api/v1/alerts.csv", &["get"], get(tables::alerts_csv)),
        closed("/api/v1/alerts.xlsx", &["get"], get(tables::alerts_xlsx)),
        closed("/api/v1/figures", &["get"], get(figures::show)),
        closed("/api/v1/history/incidents", &["get"], get(past_incidents::list)),
        closed("/api/v1/history/incidents.csv", &["get"], get(past_incidents::csv)),
        closed("/api/v1/history/incidents/{id}", &["get"], get(past_incidents::show)),
        closed("/api/v1/history/duty-checks.csv", &["get"], get(duty_records::checks_csv)),
        closed("/api/v1/history/duty-checks/devices", &["get"], get(duty_records::devices)),
        closed("/api/v1/history/inspections", &["get"], get(duty_records::inspections)),
        closed("/api/v1/history/inspections.csv", &["get"], get(duty_records::inspections_csv)),
        closed("/api/v1/audit", &["get"], get(audit::list)),
        closed("/api/v1/audit.csv", &["get"], get(audit::csv)),
        closed("/api/v1/figures.csv", &["get"], get(tables::figures_csv)),
        closed("/api/v1/figures.xlsx", &["get"], get(tables::figures_xlsx)),
        closed("/api/v1/reports/{period}", &["get"], get(reports::show)),
        closed("/api/v1/state", &["get"], get(figures::then)),
        closed("/api/v1/devices", &["get"], get(devices::list)),
        closed("/api/v1/readings", &["get"], get(readings::list)),
        closed("/api/v1/readings.csv", &["get"], get(tables::readings_csv)),
        closed("/api/v1/readings.xlsx", &["get"], get(tables::readings_xlsx)),
        closed("/api/v1/sites", &["get"], get(devices::sites)),
        closed("/api/v1/transmission-devices", &["get"], get(panels::list)),
        closed("/api/v1/transmission-devices/orders", &["post"], post(panels::order)),
        closed("/api/v1/duty-checks", &["get", "post"], get(panels::duty_checks).post(panels::check_duty)),
        closed("/api/v1/tests", &["get", "post"], get(tests::list).post(tests::start)),
        closed("/api/v1/tests/{id}/approve", &["post"], post(tests::approve)),
        closed("/api/v1/tests/{id}/end", &["post"], post(tests::end)),
        closed("/api/v1/duty-checks/figures", &["get"], get(panels::duty_figures)),
        closed("/api/v1/risk", &["get"], get(risk::ranking)),
        closed("/api/v1/risk/areas", &["get"], get(risk::areas)),
        closed("/api/v1/risk/area", &["get"], get(risk::area)),
        closed("/api/v1/risk/sites/{site}", &["get"], get(risk::site)),
        closed("/api/v1/risk/sites/{site}/figures", &["post"], post(risk::figures)),
        closed("/api/v1/risk/sites/{site}/weather", &["post"], post(risk::weather)),
        closed("/api/v1/risk/sites/{site}/warning", &["post"], post(risk::warning)),
        closed("/api/v1/shadow", &["get"], get(station::shadow)),
        closed("/api/v1/status", &["get"], get(station::status)),
        closed("/api/v1/events", &["get"], get(events::listen)),
    ]
}

/// The whole of it: pages for every other address that is not the API's.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut open = Router::new();
    let mut closed = Router::new();
    for route in routes() {
        if route.open {
            open = open.route(route.path, route.handler);
        } else {
            closed = closed.route(route.path, route.handler);
        }
    }
    closed
        .route_layer(from_fn_with_state(Arc::clone(app), gate::require_session))
        .merge(open)
        .fallback(pages::page)
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(map_response(explain))
        .layer(from_fn_with_state(Arc::clone(app), gate::same_origin))
        .layer(from_fn_with_state(Arc::clone(app), gate::security_headers))
        .layer(from_fn_with_state(Arc::clone(app), gate::time_and_count))
        .with_state(Arc::clone(app))
}

/// Gives refusals that the framework makes by itself a body: a path that is not UTF-8, say.
async fn explain(response: Response) -> Response {
    let bare = response.status() == axum::http::StatusCode::BAD_REQUEST
        && response
            .headers()
            .get(axum::http::header::CONTENT_TYPE)
            .is_none_or(|kind| kind != "application/problem+json");
    if bare { Problem::not_found().into_response() } else { response }
}

#[cfg(test)]
mod table_tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_address_is_documented_and_nothing_else_is() {
        let routed: BTreeSet<String> = routes()
            .iter()
            .flat_map(|route| route.methods.iter().map(|method| format!("{method} {}", route.path)))
            .collect();
        let document = serde_json::to_value(openapi::document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let documented: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| format!("{method} {path}")))
            .collect();
        assert_eq!(routed, documented);
    }

    #[test]
    fn what_needs_a_session_says_so() {
        let document = serde_json::to_value(openapi::document()).unwrap();
        for route in routes() {
            for method in route.methods {
                let security = &document["paths"][route.path][method]["security"];
                assert_eq!(security.is_null(), route.open, "{method} {}", route.path);
            }
        }
    }
}
