//! Attempts to tell somebody, and operators' orders, written.

use crate::alert_words::{order_words, outcome_words};
use crate::fault::Fault;
use rusqlite::{Connection, params};
use watchfire_model::{DeliveryId, JournalId, Order, Outcome, Seq, Timestamp};

/// Writes what became of a send. A repeated attempt (the station was killed between send and record) counts one more
/// send of the same delivery; it never takes back that it was delivered.
pub(crate) fn write_outcome(connection: &Connection, at: Timestamp, outcome: &Outcome) -> Result<(), Fault> {
    let delivery = outcome.delivery();
    let words = outcome_words(outcome);
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
        words.state,
        words.failure,
        words.wait_s,
        words.sends,
        at.0,
        words.detail,
    ])?;
    Ok(())
}

/// Writes an order that was given, whether or not the rules let it change anything.
pub(crate) fn write_order(
    connection: &Connection,
    journal: JournalId,
    seq: Seq,
    at: Timestamp,
    order: &Order,
) -> Result<(), Fault> {
    let words = order_words(order);
    let sql = "INSERT INTO orders (journal, seq, at, id, person, kind, alert, verdict, cause, note, forward)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    connection.prepare_cached(sql)?.execute(params![
        journal.to_string(),
        seq.0.cast_signed(),
        at.0,
        order.id.as_str(),
        order.by.as_str(),
        words.kind,
        words.alert,
        words.verdict,
        words.cause,
        words.note,
        words.forward,
    ])?;
    Ok(())
}
