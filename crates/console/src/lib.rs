//! The console: an HTTP API, the live board, the web pages, `/metrics` and health.
//!
//! The station feeds [`Live`], hands over a [`Console`] and calls [`serve`]. Open alerts, log-in and orders work from
//! memory and two small files ([`Users`] and the sessions beside it); only history asks the archive, and says so when
//! the archive is down. What the interface says is in [`view`], where it is said in `routes`.
//!
//! Absent on purpose: TLS (a proxy does that, and says so by [`Console::behind_tls_proxy`]); any way to change rules,
//! sites or devices; a default password.

mod alert_board;
mod alert_table;
mod console;
mod csv;
mod device_table;
mod feed;
mod figure_sheets;
mod gate;
mod health;
mod live;
mod local_clock;
mod login_limit;
mod meters;
mod names;
mod page_cursor;
mod pages;
mod password;
mod past;
mod private_file;
mod problem;
mod reading_table;
mod record_tables;
mod report;
mod report_page;
mod report_span;
mod request;
mod routes;
mod server;
mod sessions;
mod shadow_board;
mod station_status;
mod stream;
mod table;
mod test_board;
mod turns;
mod users;
pub mod view;
mod words;
mod xlsx;

pub use alert_board::{ALERTS_MAX, ALERTS_OVER_MAX, STEPS_PER_ALERT_MAX};
pub use console::{
    Clock, Command, Console, DemoLogin, Limits, PanelQuestion, RiskFigures, RiskFiguresKind, RiskQuestion,
};
pub use device_table::{POINTS_PER_DEVICE_MAX, SeenDevice, UNCLAIMED_DEVICES_MAX};
pub use feed::{ALERT_EVENT_BYTES_MAX, ALERT_EVENTS_MAX, DEVICE_EVENTS_MAX};
pub use health::{Health, ProbePass};
pub use live::{ALERTS_PER_BOARD_MAX, DEVICES_PER_EVENT_MAX, Live, Loaded};
pub use names::kind_name;
pub use pages::has_pages;
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordError};
pub use report::{Report, SpanFigures, WrittenReport};
pub use report_span::{Period, ReportSpan};
pub use request::BODY_BYTES_MAX;
pub use server::serve;
pub use sessions::{SESSION_LIFE, SESSIONS_MAX, SESSIONS_PER_USER_MAX};
pub use shadow_board::{ShadowCall, ShadowDifference, ShadowFacts, ShadowSummary};
pub use station_status::{StatusNumbers, TROUBLES_MAX};
pub use test_board::{TestEnd, TestFacts, TestedPoint};
pub use users::{Author, Role, USERS_MAX, UserChange, Users, UsersError};
