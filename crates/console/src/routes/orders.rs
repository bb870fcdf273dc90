//! What operators do with an alert. An order is journaled and judged by the rules like everything else; the answer
//! comes when it took effect.

use crate::console::{App, Command};
use crate::gate::Who;
use crate::past;
use crate::problem::{Problem, ProblemView};
use crate::request::JsonBody;
use crate::users::Role;
use crate::view::{AlertView, VerdictView};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use utoipa::ToSchema;
use watchfire_model::{AlertId, Bilingual, Order, OrderId, OrderKind, Verdict};

/// The longest note and the longest `to`, in bytes.
const NOTE_BYTES_MAX: usize = 4_096;

/// An order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderBody {
    /// Idempotency key, chosen by the client: giving the same order again changes nothing. 1 to 128 bytes.
    order_id: String,
    /// What was found; needed to verify.
    #[serde(default)]
    verdict: Option<VerdictView>,
    /// In the operator's words.
    #[serde(default)]
    note: Option<String>,
    /// To whom; needed to forward.
    #[serde(default)]
    to: Option<String>,
}

/// The alert as the order left it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderDone {
    /// The alert.
    alert: AlertView,
}

type Answer = Result<Json<OrderDone>, Problem>;

/// Declares the handler of one order: they differ in the address and in what becomes of the body.
macro_rules! order {
    ($(#[$doc:meta])* $name:ident $path:literal $kind:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "alerts", security(("session" = [])), request_body = OrderBody,
            params(("id" = String, Path, description = "The alert's id.")), responses(
            (status = 200, description = "Done; the alert as it is now.", body = OrderDone),
            (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
            (status = 403, description = "A viewer gives no orders; or a foreign origin.", body = ProblemView, content_type = "application/problem+json"),
            (status = 404, description = "There is no such alert.", body = ProblemView, content_type = "application/problem+json"),
            (status = 409, description = "The rules refuse it; the detail says why.", body = ProblemView, content_type = "application/problem+json"),
            (status = 415, description = "The body is not sent as JSON.", body = ProblemView, content_type = "application/problem+json"),
            (status = 422, description = "Something is missing or wrong.", body = ProblemView, content_type = "application/problem+json"),
            (status = 503, description = "The station did not answer within 5 s; repeat with the same `order_id`.", body = ProblemView, content_type = "application/problem+json"),
        ))]
        pub(crate) async fn $name(
            State(app): State<Arc<App>>,
            Extension(who): Extension<Who>,
            Path(id): Path<String>,
            JsonBody(body): JsonBody<OrderBody>,
        ) -> Answer {
            let alert: AlertId = id.parse().map_err(|_| Problem::not_found())?;
            let kind: fn(AlertId, &OrderBody) -> Result<OrderKind, Problem> = $kind;
            let kind = kind(alert, &body)?;
            give(&app, who, &body.order_id, alert, kind).await
        }
    };
}

order!(
    /// "I have seen it": stops the sound and the ladder.
    acknowledge "/api/v1/alerts/{id}/acknowledge" |alert, _| Ok(OrderKind::Acknowledge { alert })
);
order!(
    /// Say what it turned out to be.
    verify "/api/v1/alerts/{id}/verify" |alert, body| {
        let verdict = body.verdict.ok_or_else(|| missing("verdict"))?;
        Ok(OrderKind::Verify { alert, verdict: Verdict::from(verdict), note: note(body)? })
    }
);
order!(
    /// Hand it on to the fire brigade or another authority.
    forward "/api/v1/alerts/{id}/forward" |alert, body| {
        let to = body.to.clone().filter(|to| !to.trim().is_empty()).ok_or_else(|| missing("to"))?;
        Ok(OrderKind::Forward { alert, to: within_limit(to)? })
    }
);
order!(
    /// Close it.
    close "/api/v1/alerts/{id}/close" |alert, body| Ok(OrderKind::Close { alert, note: note(body)? })
);
order!(
    /// Open it again.
    reopen "/api/v1/alerts/{id}/reopen" |alert, body| Ok(OrderKind::Reopen { alert, note: note(body)? })
);

async fn give(app: &App, who: Who, order_id: &str, alert: AlertId, kind: OrderKind) -> Answer {
    if who.role != Role::Operator {
        return Err(not_permitted());
    }
    OrderId::new(order_id).map_err(|_| missing("order_id"))?;
    if app.live().alert(alert).is_none() && matches!(past::alert(app, alert).await, Ok(None)) {
        return Err(Problem::not_found());
    }
    carry_out(app, who, order_id, kind).await?;
    let known = app.live().alert(alert).ok_or_else(not_taken)?;
    Ok(Json(OrderDone { alert: AlertView::clone(&known.view) }))
}

/// Gives an order to the station and waits until it is carried out or refused.
pub(crate) async fn carry_out(app: &App, who: Who, order_id: &str, kind: OrderKind) -> Result<(), Problem> {
    if who.role != Role::Operator {
        return Err(not_permitted());
    }
    let id = OrderId::new(order_id).map_err(|_| missing("order_id"))?;
    let order = Order { id, by: who.user, kind };
    let (reply, answer) = oneshot::channel();
    let carried_out = async {
        app.console.commands.send(Command { order, reply }).await.ok()?;
        answer.await.ok()
    };
    let answered = tokio::time::timeout(app.console.limits.order_wait, carried_out).await;
    let result = judged(answered.ok().flatten());
    app.meters.orders.with_label_values(&[result.as_ref().map_or_else(|(label, _)| *label, |()| "done")]).inc();
    result.map_err(|(_, problem)| problem)
}

/// What the station's answer means; none is an answer too.
fn judged(answer: Option<Result<(), Bilingual>>) -> Result<(), (&'static str, Problem)> {
    match answer {
        Some(Ok(())) => Ok(()),
        Some(Err(why)) => Err(("refused", Problem::refused(why))),
        None => Err(("not_taken", not_taken())),
    }
}

fn note(body: &OrderBody) -> Result<String, Problem> {
    within_limit(body.note.clone().unwrap_or_default())
}

fn within_limit(text: String) -> Result<String, Problem> {
    if text.len() <= NOTE_BYTES_MAX {
        return Ok(text);
    }
    Err(Problem::unprocessable(
        format!("the text is longer than {NOTE_BYTES_MAX} bytes"),
        format!("文字超过 {NOTE_BYTES_MAX} 字节"),
    ))
}

pub(crate) fn missing(member: &str) -> Problem {
    Problem::unprocessable(format!("`{member}` is missing or not usable"), format!("缺少 {member} 或其值无效"))
}

pub(crate) fn not_permitted() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "not-permitted",
        "a viewer gives no orders: ask an operator",
        "查看员不能下达指令,请联系值班员",
    )
}

pub(crate) fn not_taken() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "station-busy",
        "the station did not carry out the order in time; it may still do so: try again, nothing happens twice",
        "系统未能及时执行该操作,稍后可能仍会生效;请重试,不会重复执行",
    )
    .retry_after(Duration::from_secs(2))
}
