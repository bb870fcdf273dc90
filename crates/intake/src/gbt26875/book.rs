//! Who is connected where: the way of commands down, and how one address on two connections shows.
//!
//! A device that lost its link comes back before its old connection is seen to be dead; that is no double. Two senders
//! are proved when the **older** connection brings a frame although the newer one has been in use for [`GRACE`]. Both are
//! kept: an alarm of either counts, and to close one of them would let whoever forges an address silence the device.
//! Commands go to the connection that was heard last.

use crate::gbt26875::downlink::{Downlink, NotSent, PanelConnection};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;
use watchfire_model::DeviceKey;

/// What an old connection had received before may be read this much later.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// A double is over when neither showed for this long.
const CALM: Duration = Duration::from_secs(600);

/// Everybody who is connected.
#[derive(Debug, Default)]
pub(crate) struct Book {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    places: HashMap<DeviceKey, Vec<Place>>,
    doubles: BTreeMap<DeviceKey, Instant>,
}

/// One connection of a device.
#[derive(Debug)]
pub(crate) struct Place {
    /// The connection's number in this process.
    pub(crate) link: u64,
    pub(crate) commands: mpsc::Sender<Downlink>,
    pub(crate) bound_at: Instant,
    pub(crate) heard_at: Instant,
    pub(crate) shown: PanelConnection,
}

impl Book {
    /// A connection now stands for a device; gives how many others do.
    pub(crate) fn bind(&self, key: &DeviceKey, place: Place) -> usize {
        let mut inner = self.lock();
        let places = inner.places.entry(key.clone()).or_default();
        places.retain(|other| other.link != place.link);
        places.push(place);
        places.len() - 1
    }

    /// It no longer does.
    pub(crate) fn unbind(&self, key: &DeviceKey, link: u64) {
        let mut inner = self.lock();
        if let Some(places) = inner.places.get_mut(key) {
            places.retain(|place| place.link != link);
            if places.is_empty() {
                inner.places.remove(key);
            }
        }
    }

    /// A connection brought frames of a device; true when that proves a second sender that was not known yet.
    pub(crate) fn heard(&self, key: &DeviceKey, link: u64, now: Instant) -> bool {
        let mut inner = self.lock();
        let Some(places) = inner.places.get_mut(key) else { return false };
        let Some(mine) = places.iter_mut().find(|place| place.link == link) else { return false };
        mine.heard_at = now;
        let bound_at = mine.bound_at;
        let is_older = |other: &Place| other.bound_at > bound_at && now.duration_since(other.bound_at) > GRACE;
        let proved = places.iter().any(|other| other.link != link && is_older(other));
        proved && inner.doubles.insert(key.clone(), now).is_none()
    }

    /// Hands a command to the device's connection.
    pub(crate) fn send(&self, command: Downlink) -> Result<(), NotSent> {
        let inner = self.lock();
        let places = inner.places.get(&command.to).ok_or(NotSent::NotConnected)?;
        let place = places.iter().max_by_key(|place| place.heard_at).ok_or(NotSent::NotConnected)?;
        place.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => NotSent::Busy,
            TrySendError::Closed(_) => NotSent::NotConnected,
        })
    }

    /// Whether the device has a connection.
    pub(crate) fn is_connected(&self, key: &DeviceKey) -> bool {
        self.lock().places.contains_key(key)
    }

    /// Every connection of every device, by device.
    pub(crate) fn connections(&self) -> Vec<PanelConnection> {
        let inner = self.lock();
        let mut all: Vec<PanelConnection> = inner.places.values().flatten().map(|place| place.shown.clone()).collect();
        all.sort_by(|a, b| (&a.key, a.since, a.peer).cmp(&(&b.key, b.since, b.peer)));
        all
    }

    /// Forgets doubles that are over, and gives them.
    pub(crate) fn tidy(&self, now: Instant) -> Vec<DeviceKey> {
        let mut inner = self.lock();
        inner.doubles.extract_if(.., |_, seen| now.duration_since(*seen) > CALM).map(|(key, _)| key).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use watchfire_model::{DeviceName, SiteId, Source, Timestamp};
    use watchfire_wire::gbt26875::Command;

    fn key() -> DeviceKey {
        DeviceKey { site: SiteId::new("tower").unwrap(), source: Source::Gbt26875, name: DeviceName::new("7").unwrap() }
    }

    fn place(link: u64, at: Instant) -> (Place, mpsc::Receiver<Downlink>) {
        let (commands, received) = mpsc::channel(1);
        let shown = PanelConnection {
            key: key(),
            listed: true,
            listener: "a".into(),
            peer: "127.0.0.1:9".parse().unwrap(),
            since: Timestamp(0),
        };
        (Place { link, commands, bound_at: at, heard_at: at, shown }, received)
    }

    #[tokio::test]
    async fn a_reconnect_is_no_double_and_two_senders_are_told_once() {
        let (book, now) = (Book::default(), clock::now());
        let (first, _down) = place(1, now);
        assert_eq!(book.bind(&key(), first), 0);
        let again = now + Duration::from_secs(60);
        let (second, _down) = place(2, again);
        assert_eq!(book.bind(&key(), second), 1);
        assert!(!book.heard(&key(), 1, again + GRACE), "what was under way when the link was lost");
        assert!(!book.heard(&key(), 2, again + Duration::from_secs(30)), "the newer one alone");
        assert!(book.heard(&key(), 1, again + Duration::from_secs(31)));
        assert!(!book.heard(&key(), 1, again + Duration::from_secs(32)), "told once");
        assert!(book.tidy(again + CALM).is_empty());
        assert_eq!(book.tidy(again + CALM + Duration::from_secs(33)), [key()]);
    }

    #[tokio::test]
    async fn commands_go_where_the_device_was_heard_last() {
        let (book, now) = (Book::default(), clock::now());
        let command = || Downlink { to: key(), serial: 3, command: Command::CONTROL, unit: vec![91, 1, 5] };
        assert_eq!(book.send(command()), Err(NotSent::NotConnected));
        let ((first, mut to_first), (second, mut to_second)) = (place(1, now), place(2, now));
        book.bind(&key(), first);
        book.bind(&key(), second);
        book.heard(&key(), 1, now + Duration::from_secs(1));
        assert_eq!(book.send(command()), Ok(()));
        assert_eq!(book.send(command()), Err(NotSent::Busy));
        assert!(to_first.try_recv().is_ok() && to_second.try_recv().is_err());
        book.unbind(&key(), 1);
        assert_eq!(book.send(command()), Ok(()));
        book.unbind(&key(), 2);
        assert!(!book.is_connected(&key()) && book.connections().is_empty());
    }
}
