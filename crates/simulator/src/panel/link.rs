//! A transmission device's connection: it dials, and dials again.

use super::options::{Happening, PanelReport};
use super::transmitter::{Output, Transmitter};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::debug;
use watchfire_model::Timestamp;

/// After a failed attempt the next one waits this long.
const REDIAL: Duration = Duration::from_secs(1);
/// Bytes read at once.
const READ_BYTES: usize = 4_096;

/// How frames go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A stream.
    Tcp,
    /// Datagrams, one frame each.
    Udp,
}

/// Where the centre is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its port.
    pub address: SocketAddr,
    /// How.
    pub transport: Transport,
}

/// Runs a device until `stop`, or until nobody can tell it anything any more. `report` always says what came of it.
pub async fn run(
    mut transmitter: Transmitter,
    target: Target,
    mut happenings: mpsc::Receiver<Happening>,
    report: watch::Sender<PanelReport>,
    stop: CancellationToken,
) -> Transmitter {
    let mut pause = Duration::ZERO;
    while !stop.is_cancelled() {
        if !wait(&mut transmitter, pause, &mut happenings, &stop).await {
            break;
        }
        let ended = match Socket::connect(target).await {
            Ok(socket) => linked(&mut transmitter, socket, &mut happenings, &report, &stop).await,
            Err(error) => Ended::Failed(error),
        };
        pause = match ended {
            Ended::Over => break,
            Ended::Lost(back_after) => back_after,
            Ended::Failed(error) => {
                debug!(%error, "a simulated panel has no link");
                REDIAL
            }
        };
        report.send_replace(transmitter.report());
    }
    report.send_replace(transmitter.report());
    transmitter
}

/// Why a link ended.
enum Ended {
    Over,
    Lost(Duration),
    Failed(io::Error),
}

/// Waits without a link, while the panel goes on; false when it is over.
async fn wait(
    transmitter: &mut Transmitter,
    pause: Duration,
    happenings: &mut mpsc::Receiver<Happening>,
    stop: &CancellationToken,
) -> bool {
    let mut over = std::pin::pin!(tokio::time::sleep(pause));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            () = &mut over => return true,
            happening = happenings.recv() => match happening {
                Some(happening) => transmitter.happens(happening, now()),
                None => return false,
            },
        }
    }
}

async fn linked(
    transmitter: &mut Transmitter,
    mut socket: Socket,
    happenings: &mut mpsc::Receiver<Happening>,
    report: &watch::Sender<PanelReport>,
    stop: &CancellationToken,
) -> Ended {
    transmitter.connected(now());
    let mut bytes = [0; READ_BYTES];
    loop {
        let output = transmitter.due(now());
        if let Err(ended) = carry_out(transmitter, &mut socket, output).await {
            return ended;
        }
        report.send_replace(transmitter.report());
        let pause = transmitter.wake_at().since(now());
        let output = tokio::select! {
            biased;
            () = stop.cancelled() => return Ended::Over,
            happening = happenings.recv() => match happening {
                Some(Happening::LinkLost { back_after_ms }) => {
                    transmitter.disconnected();
                    return Ended::Lost(Duration::from_millis(u64::from(back_after_ms)));
                }
                Some(happening) => {
                    transmitter.happens(happening, now());
                    Output::default()
                }
                None => return Ended::Over,
            },
            read = socket.read(&mut bytes) => match read {
                Ok(count) if count > 0 => transmitter.hear(bytes.get(..count).unwrap_or_default(), now()),
                Ok(_) => {
                    transmitter.disconnected();
                    return Ended::Failed(io::ErrorKind::UnexpectedEof.into());
                }
                Err(error) => {
                    transmitter.disconnected();
                    return Ended::Failed(error);
                }
            },
            () = tokio::time::sleep(pause) => Output::default(),
        };
        if let Err(ended) = carry_out(transmitter, &mut socket, output).await {
            return ended;
        }
    }
}

async fn carry_out(transmitter: &mut Transmitter, socket: &mut Socket, output: Output) -> Result<(), Ended> {
    for frame in output.frames {
        if let Err(error) = socket.write(&frame).await {
            transmitter.disconnected();
            return Err(Ended::Failed(error));
        }
    }
    if output.hang_up { Err(Ended::Failed(io::ErrorKind::TimedOut.into())) } else { Ok(()) }
}

enum Socket {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Socket {
    async fn connect(target: Target) -> io::Result<Socket> {
        match target.transport {
            Transport::Tcp => {
                let socket = TcpStream::connect(target.address).await?;
                socket.set_nodelay(true)?;
                Ok(Socket::Tcp(socket))
            }
            Transport::Udp => {
                let any: SocketAddr =
                    if target.address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0; 16], 0).into() };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(target.address).await?;
                Ok(Socket::Udp(socket))
            }
        }
    }

    async fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(socket) => socket.read(bytes).await,
            Socket::Udp(socket) => socket.recv(bytes).await,
        }
    }

    async fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        match self {
            Socket::Tcp(socket) => socket.write_all(frame).await,
            Socket::Udp(socket) => socket.send(frame).await.map(drop),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the rim: a device has a clock of its own")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::EPOCH.plus(since)
}
