//! The same over UDP.

use crate::device::{fire, frame};
use crate::station::{PATIENCE, Station};
use tokio::net::UdpSocket;
use watchfire_intake::gbt26875::Downlink;
use watchfire_model::{DeviceKey, DeviceName, Link, SiteId, Source};
use watchfire_wire::gbt26875::{Command, Envelope};

struct Sender(UdpSocket);

impl Sender {
    async fn new(station: &Station) -> Sender {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(station.port("udp")).await.unwrap();
        Sender(socket)
    }

    /// The next datagram: command and serial number of the one frame in it.
    async fn heard(&self) -> (u8, u16) {
        let mut bytes = [0; 2_048];
        let count = tokio::time::timeout(PATIENCE, self.0.recv(&mut bytes)).await.unwrap().unwrap();
        let envelope = Envelope::read(&bytes[..count]).unwrap();
        (envelope.command.0, envelope.serial)
    }
}

#[tokio::test]
async fn datagrams_are_confirmed_one_by_one() {
    let station = Station::start().await;
    let sender = Sender::new(&station).await;
    sender.0.send(&[fire(7, 1, 1), fire(7, 2, 2)].concat()).await.unwrap();
    assert_eq!((sender.heard().await, sender.heard().await), ((3, 1), (3, 2)));
    sender.0.send(&fire(7, 1, 1)[..40]).await.unwrap();
    let mut broken = fire(7, 3, 1);
    broken[40] ^= 1;
    sender.0.send(&broken).await.unwrap();
    assert_eq!(sender.heard().await, (6, 3));
    sender.0.send(&fire(7, 2, 2)).await.unwrap();
    assert_eq!(sender.heard().await, (3, 2));
    assert_eq!(station.frames().len(), 2);
    assert!(station.frames().iter().all(|seen| seen.link == Link::Gbt26875Udp && seen.who == "tower/7@udp"));
}

#[tokio::test]
async fn rubbish_begins_nothing_and_commands_find_their_sender() {
    let station = Station::start().await;
    let (rubbish, sender) = (Sender::new(&station).await, Sender::new(&station).await);
    rubbish.0.send(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    sender.0.send(&frame(8, 1, 2, &[])).await.unwrap();
    assert_eq!(sender.heard().await, (3, 1));
    assert_eq!(station.gateway.connections(), 1);
    let to = DeviceKey {
        site: SiteId::new("tower").unwrap(),
        source: Source::Gbt26875,
        name: DeviceName::new("8").unwrap(),
    };
    let check = Downlink { to, serial: 77, command: Command::CONTROL, unit: vec![91, 1, 5] };
    station.gateway.panels().send(check).unwrap();
    assert_eq!(sender.heard().await, (1, 77));
    station.stopped().await;
}
