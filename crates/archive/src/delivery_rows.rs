//! Attempts to tell somebody, and operators' orders, written.

use crate::alert_rows::verdict_words;
use crate::fault::Fault;
use rusqlite::{Connection, params};
use watchfire_model::{DeliveryId, Failure, JournalId, Order, OrderKind, Outcome, Seq, Timestamp};

/// Writes what became of a send. A repeated attempt (the station was killed between send and record) counts one more
/// send of the same delivery; it never takes back that it was delivered.
pub(crate) fn write_outcome(connection: &Connection, at: Timestamp, outcome: &Outcome) -> Result<(), Fault> {
    let delivery = outcome.delivery();
    let (state, failure, wait_s, sends, detail) = match outcome {
        Outcome::Attempt { .. } => ("sending", None, None, 1, ""),
        Outcome::Delivered { receipt, .. } => ("delivered", None, None, 0, receipt.as_str()),
        Outcome::Failed { failure, detail, .. } => {
            let (word, wait_s) = failure_words(*failure);
            ("failed", Some(word), wait_s, 0, detail.as_str())
        }
    };
    let sql = "INSERT INTO deliveries
        (id, alert, cause, contact, channel, attempt, state, failure, wait_s, sends, started_at, changed_at, detail)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12)
        ON CONFLICT (id) DO UPDATE SET
            sends = sends + excluded.sends,
            failure = iif(state = 'delivered', failure, excluded.failure),
            wait_s = iif(state = 'delivered', wait_s, excluded.wait_s),
            detail = iif(state = 'delivered', detail, excluded.detail),
            changed_at = iif(state = 'delivered', changed_at, excluded.changed_at),
            state = iif(state = 'delivered', state, excluded.state)";
    let DeliveryId { alert, cause, contact, channel, attempt } = delivery;
    connection.prepare_cached(sql)?.execute(params![
        delivery.to_string(),
        alert.to_string(),
        cause.0.cast_signed(),
        contact.as_str(),
        channel.as_str(),
        attempt,
        state,
        failure,
        wait_s,
        sends,
        at.0,
        detail,
    ])?;
    Ok(())
}

fn failure_words(failure: Failure) -> (&'static str, Option<u32>) {
    match failure {
        Failure::Throttled { wait_s } => ("throttled", Some(wait_s)),
        Failure::Unreachable => ("unreachable", None),
        Failure::Refused => ("refused", None),
    }
}

/// Writes an order that was given, whether or not the rules let it change anything.
pub(crate) fn write_order(
    connection: &Connection,
    journal: JournalId,
    seq: Seq,
    at: Timestamp,
    order: &Order,
) -> Result<(), Fault> {
    let (kind, verdict, note, forward) = match &order.kind {
        OrderKind::Acknowledge { .. } => ("acknowledge", None, None, None),
        OrderKind::Verify { verdict, note, .. } => ("verify", Some(*verdict), Some(note), None),
        OrderKind::Forward { to, .. } => ("forward", None, None, Some(to)),
        OrderKind::Close { note, .. } => ("close", None, Some(note), None),
        OrderKind::Reopen { note, .. } => ("reopen", None, Some(note), None),
    };
    let (verdict, cause) = verdict.map_or((None, None), verdict_words);
    let sql = "INSERT INTO orders (journal, seq, at, id, person, kind, alert, verdict, cause, note, forward)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    connection.prepare_cached(sql)?.execute(params![
        journal.to_string(),
        seq.0.cast_signed(),
        at.0,
        order.id.as_str(),
        order.by.as_str(),
        kind,
        order.kind.alert().to_string(),
        verdict,
        cause,
        note,
        forward,
    ])?;
    Ok(())
}
