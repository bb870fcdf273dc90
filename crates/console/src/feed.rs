//! What happens, for whoever watches: a bounded ring that every client reads at its own pace with its own cursor.
//!
//! Publishing never waits for a client and costs the same for none and for hundreds. A client that falls so far behind
//! that the ring has dropped what it has not read is told so ([`Next::Behind`]); it reconnects and begins with the
//! whole board.
//!
//! Alert events carry the position of their record in the alert log. One record can change several alerts: only its
//! last event carries the position, so that a client that was cut off in the middle reads the record again from its
//! start. Every event holds the alert as a whole, so reading one twice changes nothing.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use watchfire_model::Timestamp;

/// Alert events that are kept for clients that come back.
pub const ALERT_EVENTS_MAX: usize = 4_096;
/// Their size, in bytes.
pub const ALERT_EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// `devices` events that are kept for clients that are slow.
pub const DEVICE_EVENTS_MAX: usize = 16;

/// One event.
#[derive(Debug)]
pub(crate) struct FeedEvent {
    pub(crate) kind: FeedKind,
    /// Position in the alert log up to which a client that has read this event has read everything.
    pub(crate) position: Option<u64>,
    /// JSON.
    pub(crate) data: Arc<str>,
    /// Time of a raise or escalation, which is what the displayed latency is counted from.
    pub(crate) raised_at: Option<Timestamp>,
    /// Whether any client was sent it.
    pub(crate) shown: AtomicBool,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FeedKind {
    Alert,
    Board,
    Devices,
    Status,
}

impl FeedKind {
    /// The name of the event on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            FeedKind::Alert => "alert",
            FeedKind::Board => "board",
            FeedKind::Devices => "devices",
            FeedKind::Status => "status",
        }
    }
}

impl FeedEvent {
    pub(crate) fn new(kind: FeedKind, position: Option<u64>, data: String) -> FeedEvent {
        FeedEvent { kind, position, data: Arc::from(data), raised_at: None, shown: AtomicBool::new(false) }
    }
}

/// How far a client has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    alerts: u64,
    devices: u64,
    status: u64,
}

/// What there is for a client.
pub(crate) enum Next {
    Event(Arc<FeedEvent>),
    Nothing,
    Behind,
}

/// The ring.
#[derive(Debug)]
pub(crate) struct Feed {
    rings: Mutex<Rings>,
    bell: watch::Sender<()>,
}

#[derive(Debug)]
struct Rings {
    alerts: Ring,
    devices: Ring,
    status: Ring,
    /// Position of the last record that was published.
    position: u64,
    /// The ring holds every event after this position.
    lost_through: u64,
}

#[derive(Debug)]
struct Ring {
    /// Number of the front event; events are numbered from 0.
    first: u64,
    events: VecDeque<Arc<FeedEvent>>,
    bytes: usize,
    events_max: usize,
    bytes_max: usize,
}

impl Feed {
    pub(crate) fn new() -> Feed {
        let rings = Rings {
            alerts: Ring::new(ALERT_EVENTS_MAX, ALERT_EVENT_BYTES_MAX),
            devices: Ring::new(DEVICE_EVENTS_MAX, usize::MAX),
            status: Ring::new(1, usize::MAX),
            position: 0,
            lost_through: 0,
        };
        Feed { rings: Mutex::new(rings), bell: watch::Sender::new(()) }
    }

    /// Everything up to that position is known from elsewhere: no client can resume from before it.
    pub(crate) fn begin_at(&self, position: u64) {
        let mut rings = self.rings();
        rings.position = position;
        rings.lost_through = position;
    }

    /// Adds events of the alert log, or a new board.
    pub(crate) fn publish(&self, position: u64, events: Vec<FeedEvent>) {
        let mut rings = self.rings();
        rings.position = rings.position.max(position);
        for event in events {
            for dropped in rings.alerts.push(event) {
                rings.lost_through = rings.lost_through.max(dropped.position.unwrap_or(rings.lost_through + 1));
            }
        }
        drop(rings);
        self.bell.send_replace(());
    }

    pub(crate) fn publish_devices(&self, data: String) {
        self.rings().devices.push(FeedEvent::new(FeedKind::Devices, None, data));
        self.bell.send_replace(());
    }

    pub(crate) fn publish_status(&self, data: String) {
        self.rings().status.push(FeedEvent::new(FeedKind::Status, None, data));
        self.bell.send_replace(());
    }

    /// A bell that rings whenever there is something new. Taken before the cursor, it misses nothing.
    pub(crate) fn bell(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    /// How many clients listen.
    pub(crate) fn clients(&self) -> usize {
        self.bell.receiver_count()
    }

    /// The position of the last record, and a cursor behind everything published up to now.
    pub(crate) fn end(&self) -> (u64, Cursor) {
        let rings = self.rings();
        (rings.position, rings.end())
    }

    /// A cursor behind that position; `None` when the ring no longer holds all that came after it.
    pub(crate) fn resume(&self, position: u64) -> Option<Cursor> {
        let rings = self.rings();
        if position < rings.lost_through || position > rings.position {
            return None;
        }
        let read = rings.alerts.events.iter().rposition(|event| event.position.is_some_and(|own| own <= position));
        let unread = read.map_or(0, |index| index + 1);
        let alerts = rings.alerts.first + u64::try_from(unread).unwrap_or(u64::MAX);
        Some(Cursor { alerts, ..rings.end() })
    }

    /// The next event for a client; alerts before anything else.
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Next {
        let rings = self.rings();
        let places = [
            (&rings.alerts, &mut cursor.alerts),
            (&rings.status, &mut cursor.status),
            (&rings.devices, &mut cursor.devices),
        ];
        for (ring, place) in places {
            // Only the newest status counts: a client that missed one has missed nothing.
            if ring.events_max == 1 {
                *place = (*place).max(ring.first);
            }
            if *place < ring.first {
                return Next::Behind;
            }
            if let Some(event) = ring.get(*place) {
                *place += 1;
                return Next::Event(event);
            }
        }
        Next::Nothing
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rings {
    fn end(&self) -> Cursor {
        Cursor { alerts: self.alerts.end(), devices: self.devices.end(), status: self.status.end() }
    }
}

impl Ring {
    fn new(events_max: usize, bytes_max: usize) -> Ring {
        Ring { first: 0, events: VecDeque::new(), bytes: 0, events_max, bytes_max }
    }

    fn end(&self) -> u64 {
        self.first + u64::try_from(self.events.len()).unwrap_or(u64::MAX)
    }

    fn get(&self, number: u64) -> Option<Arc<FeedEvent>> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.events.get(index).cloned()
    }

    /// Adds an event and returns those that had to go.
    fn push(&mut self, event: FeedEvent) -> Vec<Arc<FeedEvent>> {
        self.bytes += event.data.len();
        self.events.push_back(Arc::new(event));
        let mut dropped = Vec::new();
        while self.events.len() > self.events_max || (self.bytes > self.bytes_max && self.events.len() > 1) {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.data.len();
            self.first += 1;
            dropped.push(oldest);
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(position: Option<u64>, data: &str) -> FeedEvent {
        FeedEvent::new(FeedKind::Alert, position, data.to_owned())
    }

    fn read(feed: &Feed, cursor: &mut Cursor) -> String {
        let mut text = String::new();
        loop {
            match feed.next(cursor) {
                Next::Event(event) => text = format!("{text} {}", event.data),
                Next::Nothing => return text.trim().to_owned(),
                Next::Behind => return format!("{text} behind").trim().to_owned(),
            }
        }
    }

    #[test]
    fn a_client_resumes_where_it_stopped_and_rereads_a_record_it_saw_in_part() {
        let feed = Feed::new();
        feed.begin_at(4);
        feed.publish(5, vec![alert(None, "5a"), alert(Some(5), "5b")]);
        feed.publish(6, vec![alert(Some(6), "6")]);
        for (from, expected) in [(4, "5a 5b 6"), (5, "6"), (6, "")] {
            assert_eq!(read(&feed, &mut feed.resume(from).unwrap()), expected, "from {from}");
        }
        assert!(feed.resume(3).is_none(), "before the ring");
        assert!(feed.resume(7).is_none(), "another alert log");
    }

    #[test]
    fn who_falls_behind_is_told_and_who_reads_is_not() {
        let feed = Feed::new();
        let (_, mut slow) = feed.end();
        let (_, mut quick) = feed.end();
        let last = u64::try_from(ALERT_EVENTS_MAX).unwrap() + 1;
        for position in 1..=last {
            feed.publish(position, vec![alert(Some(position), "x")]);
            assert_eq!(read(&feed, &mut quick), "x");
        }
        assert_eq!(read(&feed, &mut slow), "behind");
        assert!(feed.resume(0).is_none(), "the first event is gone");
        assert!(feed.resume(1).is_some());
    }

    #[test]
    fn only_the_newest_status_counts_and_alerts_go_first() {
        let feed = Feed::new();
        let (_, mut cursor) = feed.end();
        feed.publish_devices("d".to_owned());
        feed.publish_status("s1".to_owned());
        feed.publish_status("s2".to_owned());
        feed.publish(1, vec![alert(Some(1), "a")]);
        assert_eq!(read(&feed, &mut cursor), "a s2 d");
    }
}
