//! A client that goes the whole way: CONNECT, PUBLISH at QoS 1, PUBACK, through the real port into the real journal.
//! What it cannot see, a dead router, [`crate::MqttShared::router_answers`] does.

use crate::clock;
use crate::identity::Credentials;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The probe's name as identity and device.
pub const DEVICE: &str = "probe";
/// Where it publishes; the payload is of our own scheme and empty of readings.
pub const TOPIC: &str = "wf/v1/station/probe/readings";
const PAYLOAD: &[u8] = br#"{"readings":[]}"#;
const CLIENT_ID: &str = "probe";

/// How far the probe came.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The port does not take connections, or broke one off.
    #[error("failed to reach the MQTT port: {0}")]
    Port(#[from] std::io::Error),
    /// It did not come to its end in time: the journal is slow, or a part has died.
    #[error("no acknowledgement within {0:?}")]
    Late(Duration),
    /// It was answered with something else.
    #[error("the MQTT port answered {0:02x?} instead of {1}")]
    Refused(Vec<u8>, &'static str),
}

/// Goes the whole way once; gives how long it took.
///
/// # Errors
/// When it did not get through; the station then is not ready, and the watchdog is not fed.
pub async fn once(port: SocketAddr, credentials: &Credentials, deadline: Duration) -> Result<Duration, ProbeError> {
    let begun = clock::now();
    tokio::time::timeout(deadline, go(port, credentials)).await.map_err(|_| ProbeError::Late(deadline))??;
    Ok(clock::now().duration_since(begun))
}

async fn go(port: SocketAddr, credentials: &Credentials) -> Result<(), ProbeError> {
    let mut socket = open(port, credentials).await?;
    socket.set_nodelay(true)?;
    socket.write_all(&connect(credentials)).await?;
    expect(&mut socket, [0x20, 2, 0, 0], "CONNACK").await?;
    socket.write_all(&publish()).await?;
    expect(&mut socket, [0x40, 2, 0, 1], "PUBACK").await?;
    socket.write_all(&[0xE0, 0]).await?;
    Ok(())
}

/// Connects from a port that the listener is told before, so that the probe has a place when others have taken all.
async fn open(port: SocketAddr, credentials: &Credentials) -> Result<TcpStream, ProbeError> {
    let (socket, this_machine) = match port.ip() {
        IpAddr::V4(_) => (TcpSocket::new_v4()?, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        IpAddr::V6(_) => (TcpSocket::new_v6()?, IpAddr::V6(Ipv6Addr::LOCALHOST)),
    };
    // The listener's address is one of this machine.
    let from = if port.ip().is_unspecified() { this_machine } else { port.ip() };
    socket.bind(SocketAddr::new(from, 0))?;
    credentials.addresses.expect_probe(socket.local_addr()?);
    Ok(socket.connect(port).await?)
}

async fn expect(socket: &mut TcpStream, expected: [u8; 4], what: &'static str) -> Result<(), ProbeError> {
    let mut bytes = [0; 4];
    socket.read_exact(&mut bytes).await?;
    if bytes == expected { Ok(()) } else { Err(ProbeError::Refused(bytes.to_vec(), what)) }
}

fn connect(credentials: &Credentials) -> Vec<u8> {
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 0xC2, 0, 30];
    for text in [CLIENT_ID, &credentials.user, &credentials.password] {
        put(&mut body, text);
    }
    packet(0x10, &body)
}

fn publish() -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, TOPIC);
    body.extend_from_slice(&[0, 1]);
    body.extend_from_slice(PAYLOAD);
    packet(0x32, &body)
}

fn put(body: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(0);
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(text.as_bytes());
}

/// The probe's packets are under 16,384 bytes.
fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let low = u8::try_from(body.len() & 0x7F).unwrap_or(0);
    match u8::try_from(body.len() >> 7).unwrap_or(0) {
        0 => out.push(low),
        high => out.extend([low | 0x80, high]),
    }
    out.extend_from_slice(body);
    out
}
