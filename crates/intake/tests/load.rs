//! What a link costs: resident memory of an idle one, and (ignored: it wants a release build and a quiet machine) how
//! many acknowledgements a second pass through links and a journal that writes nothing.
//! `cargo test --release -p watchfire-intake --test load -- --ignored --nocapture`
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "tests: a failed step ends the test"
)]

use prometheus::Registry;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watchfire_intake::{Flow, Identities, Limits, MqttParts, MqttShared, Retained, Submission, serve};
use watchfire_model::{Bilingual, Identity, IdentityName, IdentityRole, Seq, Site, SiteId, SiteKind, Sites};

fn identities() -> Identities {
    let gateway = Identity { role: IdentityRole::Gateway, secret: String::new(), publish: vec![], subscribe: vec![] };
    let site = Site {
        name: Bilingual::default(),
        kind: SiteKind::Home,
        address: Bilingual::default(),
        time_zone: "UTC".into(),
        zones: BTreeMap::new(),
        devices: vec![],
        identities: BTreeMap::from([(IdentityName::new("gw").unwrap(), gateway)]),
        ladder: vec![],
        transmission_devices: Vec::new(),
        premises: Default::default(),
    };
    let sites = Sites { sites: BTreeMap::from([(SiteId::new("care").unwrap(), site)]), contacts: BTreeMap::new() };
    Identities::new(&sites, &BTreeMap::from([("care/gw".to_owned(), b"secret".to_vec())]))
}

/// A listener whose journal writes nothing.
async fn start(tasks: &mut JoinSet<()>) -> SocketAddr {
    let (queue, mut inbox) = mpsc::channel::<Submission>(16_384);
    let (notices, _) = mpsc::channel(1);
    let flow = Arc::new(Flow::default());
    let parts = MqttParts {
        limits: Limits::default(),
        identities: identities(),
        probe_password: "probing".into(),
        queue,
        flow: Arc::clone(&flow),
        notices,
        retained: &Retained::default(),
        registry: &Registry::new(),
    };
    let shared = MqttShared::start(parts).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap();
    tasks.spawn(serve(listener, shared, CancellationToken::new()));
    tasks.spawn_blocking(move || {
        let (mut batch, mut seq) = (Vec::new(), 0);
        while inbox.blocking_recv_many(&mut batch, 4_096) > 0 {
            for submission in batch.drain(..) {
                seq += 1;
                submission.ticket.durable(Seq(seq));
            }
            flow.journaled(Seq(seq));
            flow.applied(Seq(seq));
        }
    });
    port
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    match u8::try_from(body.len() / 128).unwrap() {
        0 => packet.push(u8::try_from(body.len()).unwrap()),
        high => packet.extend([u8::try_from(body.len() % 128).unwrap() | 128, high]),
    }
    packet.extend_from_slice(body);
    packet
}

fn connect(port: SocketAddr, id: usize) -> TcpStream {
    let mut body = b"\0\x04MQTT\x04\xc2\0\0".to_vec();
    for text in [format!("client-{id}").as_str(), "care/gw", "secret"] {
        body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        body.extend_from_slice(text.as_bytes());
    }
    let mut socket = TcpStream::connect(port).unwrap();
    socket.write_all(&packet(0x10, &body)).unwrap();
    let mut connack = [0; 4];
    socket.read_exact(&mut connack).unwrap();
    assert_eq!(connack, [0x20, 2, 0, 0]);
    socket
}

fn publish(id: u16) -> Vec<u8> {
    let topic = b"wf/v1/care/s1/readings";
    let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
    body.extend_from_slice(topic);
    body.extend(id.to_be_bytes());
    body.extend_from_slice(&[b'x'; 120]);
    packet(0x32, &body)
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

#[test]
fn an_idle_link_costs_little() {
    const LINKS: usize = 400;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut tasks = JoinSet::new();
    let port = runtime.block_on(start(&mut tasks));
    let mut open = |id: usize| {
        let mut socket = connect(port, id);
        // Each has published: buffers must be given back.
        socket.write_all(&publish(1)).unwrap();
        socket.read_exact(&mut [0; 4]).unwrap();
        socket
    };
    let warm: Vec<TcpStream> = (0..50).map(&mut open).collect();
    let before = resident_bytes();
    let links: Vec<TcpStream> = (50..50 + LINKS).map(&mut open).collect();
    let each = resident_bytes().saturating_sub(before) / u64::try_from(LINKS).unwrap();
    println!("{each} bytes resident per idle link");
    assert!(each <= 10_000, "{each} bytes");
    drop((warm, links));
    runtime.shutdown_background();
}

#[test]
#[ignore = "a measurement: wants a release build and a quiet machine"]
fn acknowledgements_a_second() {
    const CLIENTS: usize = 100;
    const IN_FLIGHT: usize = 10;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut tasks = JoinSet::new();
    let (acked, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let port = runtime.block_on(start(&mut tasks));
    for id in 0..CLIENTS {
        let socket = connect(port, id);
        socket.set_nonblocking(true).unwrap();
        let (acked, over) = (Arc::clone(&acked), Arc::clone(&over));
        let _guard = runtime.enter();
        let mut socket = tokio::net::TcpStream::from_std(socket).unwrap();
        tasks.spawn_on(
            async move {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let one = publish(1);
                let mut acks = vec![0; 4 * IN_FLIGHT];
                let mut partial = 0;
                socket.write_all(&one.repeat(IN_FLIGHT)).await.unwrap();
                while !over.load(Ordering::Relaxed) {
                    let count = partial + socket.read(&mut acks).await.unwrap();
                    partial = count % 4;
                    acked.fetch_add(u64::try_from(count / 4).unwrap(), Ordering::Relaxed);
                    socket.write_all(&one.repeat(count / 4)).await.unwrap();
                }
            },
            runtime.handle(),
        );
    }
    std::thread::sleep(Duration::from_secs(1));
    let (begun, before) = (Instant::now(), acked.load(Ordering::Relaxed));
    std::thread::sleep(Duration::from_secs(5));
    let rate = (acked.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64();
    println!("{rate:.0} acknowledgements a second, {CLIENTS} clients x {IN_FLIGHT} in flight x 120 bytes");
    over.store(true, Ordering::Relaxed);
    runtime.shutdown_background();
}
