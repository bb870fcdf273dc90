//! Attempts to tell somebody, and operators' orders, written.

use super::link::Link;
use super::times::{At, clean};
use crate::alert_words::{order_words, outcome_words};
use crate::fault::Fault;
use watchfire_model::{DeliveryId, JournalId, Order, Outcome, Seq, Timestamp};

/// Writes what became of a send. A repeated attempt (the station was killed between send and record) counts one more
/// send of the same delivery; it never takes back that it was delivered.
pub(crate) async fn write_outcome(link: &Link, at: Timestamp, outcome: &Outcome) -> Result<(), Fault> {
    let delivery = outcome.delivery();
    let words = outcome_words(outcome);
    let sql = "INSERT INTO deliveries AS old
        (id, alert, cause, contact, channel, attempt, state, failure, wait_s, sends, started_at, changed_at, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)
        ON CONFLICT (id) DO UPDATE SET
            sends = old.sends + excluded.sends,
            failure = CASE old.state WHEN 'delivered' THEN old.failure ELSE excluded.failure END,
            wait_s = CASE old.state WHEN 'delivered' THEN old.wait_s ELSE excluded.wait_s END,
            detail = CASE old.state WHEN 'delivered' THEN old.detail ELSE excluded.detail END,
            changed_at = CASE old.state WHEN 'delivered' THEN old.changed_at ELSE excluded.changed_at END,
            state = CASE old.state WHEN 'delivered' THEN old.state ELSE excluded.state END";
    let DeliveryId { alert, cause, contact, channel, attempt } = delivery;
    link.execute(
        sql,
        &[
            &delivery.to_string(),
            &alert.to_string(),
            &cause.0.cast_signed(),
            &contact.as_str(),
            &channel.as_str(),
            &attempt.cast_signed(),
            &words.state,
            &words.failure,
            &words.wait_s.map(u32::cast_signed),
            &words.sends,
            &At(at.0),
            &&*clean(words.detail),
        ],
    )
    .await?;
    Ok(())
}

/// Writes an order that was given, whether or not the rules let it change anything.
pub(crate) async fn write_order(
    link: &Link,
    journal: JournalId,
    seq: Seq,
    at: Timestamp,
    order: &Order,
) -> Result<(), Fault> {
    let words = order_words(order);
    let sql = "INSERT INTO orders (journal, seq, at, id, person, kind, alert, verdict, cause, note, forward)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    link.execute(
        sql,
        &[
            &journal.to_string(),
            &seq.0.cast_signed(),
            &At(at.0),
            &order.id.as_str(),
            &order.by.as_str(),
            &words.kind,
            &words.alert,
            &words.verdict,
            &words.cause,
            &words.note.as_deref().map(clean).as_deref(),
            &words.forward.map(clean).as_deref(),
        ],
    )
    .await?;
    Ok(())
}
