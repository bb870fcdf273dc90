//! From one client to others: rumqttd's router, and what keeps it alive.
//!
//! rumqttd 0.20 supplies the router: subscriptions, the logs behind them, retained messages, sessions. Its thread dies
//! of things that any client may do, so it never sees a client: it sees what the links have checked, in its own form
//! (`message.rs`), and from one thread of ours (`router.rs`), because its send blocks when it is slow.
//! - Every subscription is QoS 0 to the router; QoS 1 is between us and the subscriber (`link/subscriber.rs`). So there
//!   is no acknowledgement that could reach the router out of order.
//! - Shared subscriptions are a link of ours to the router and a round robin (`groups.rs`): the router keeps one cursor
//!   for all filters of a group's name, spins when a member is slow, and dies when a persistent one leaves.
//! - A link leaves the router through [`router::Router`]'s queue, after its last wake (`pump.rs`).
//! - Filters, topics and client ids that the router is given are bounded: it forgets none.
//!
//! Alerts do not take this way: see `outlet.rs`.

pub(crate) mod groups;
pub(crate) mod kept_wills;
pub(crate) mod outlet;
pub(crate) mod pump;
pub(crate) mod retained;
pub(crate) mod router;
pub(crate) mod sessions;
