//! The exchange for its fuzz target, which knows only bytes.

use crate::clock;
use crate::gate::Ticket;
use crate::gbt26875::exchange::{Exchange, World};
use crate::gbt26875::roster::{Port, Roster};
use crate::gbt26875::settings::{GatewayLimits, ListenerSettings, Transport, Unlisted};
use crate::share::Stock;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use watchfire_model::{Seq, SiteId, Timestamp};

/// Feeds the bytes in pieces, whose lengths are the bytes' own, to a connection that takes everybody; gives how many
/// frames went to the journal and how many were answered once it had them.
///
/// # Panics
/// When a frame is confirmed before it is durable.
pub fn exchange_all(bytes: &[u8], datagrams: bool) -> [usize; 2] {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let settings = ListenerSettings {
        name: "fuzz".into(),
        addr: here,
        transport: if datagrams { Transport::Udp } else { Transport::Tcp },
        insecure: false,
        site: SiteId::new("fuzz").ok(),
        unlisted: Unlisted::Accept,
    };
    let limits = GatewayLimits { frames_burst: u32::MAX, ..GatewayLimits::default() };
    let (now, queued, roster) = (clock::now(), Arc::<Stock>::default(), Arc::<Roster>::default());
    let mut exchange = Exchange::new(&Arc::new(Port::new(settings)), here, &limits, now);
    let (mut rest, mut journaled, mut answered) = (bytes, 0, 0);
    while let Some(length) = rest.first() {
        let (piece, after) = rest.split_at(usize::from(*length).clamp(1, rest.len()));
        rest = after;
        exchange.feed(piece);
        while exchange.has_more(now) {
            let before = exchange.settled();
            let taken = exchange.take(World { roster: &roster, limits: &limits, queued: &queued }, now);
            journaled += taken.inputs.len();
            answered += exchange.due(Timestamp::EPOCH).len();
            assert_eq!(exchange.settled(), before, "nothing was durable meanwhile");
            let number = exchange.submitted();
            if let Some(gate) = exchange.gate().filter(|_| number > before) {
                Ticket::new(gate, number, 0, true).durable(Seq(number));
                answered += exchange.durable(number, Timestamp::EPOCH).len();
            }
            if taken.close.is_some() {
                return [journaled, answered];
            }
        }
        if length.is_multiple_of(11) {
            exchange.uncover();
        }
        if length.is_multiple_of(7) {
            exchange.give_up();
        }
    }
    [journaled, answered]
}
