//! Clients that connect, publish once and then only stay.

use super::say;
use crate::support::Fault;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use watchfire_simulator::packets::{self, Received};

/// How long they stay at the most; the bench ends them sooner.
const STAY_MAX: Duration = Duration::from_secs(300);

/// What it is started with.
#[derive(Serialize, Deserialize)]
pub(crate) struct Idle {
    pub(crate) target: SocketAddr,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) topic: String,
    pub(crate) connections: u32,
}

pub(super) async fn run(options: &Idle) -> Result<(), Fault> {
    let mut held = Vec::new();
    for number in 0..options.connections {
        held.push(connect(options, number).await?);
    }
    say(&held.len())?;
    tokio::time::sleep(STAY_MAX).await;
    Ok(())
}

async fn connect(options: &Idle, number: u32) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(options.target).await?;
    let client = format!("idle-{number}");
    socket.write_all(&packets::connect(&client, &options.user, &options.password, 600)).await?;
    expect(&mut socket, Received::Connected(0)).await?;
    let payload = format!(
        r#"{{"id":"{client}","readings":[{{"point":"air","metric":"temperature","value":20.5,"unit":"Cel"}}]}}"#
    );
    let mut publish = Vec::new();
    packets::publish(&mut publish, &options.topic, Some(1), payload.as_bytes());
    socket.write_all(&publish).await?;
    expect(&mut socket, Received::Acknowledged(1)).await?;
    Ok(socket)
}

async fn expect(socket: &mut TcpStream, wanted: Received) -> io::Result<()> {
    let mut input = Vec::new();
    loop {
        if let Some((received, _)) = packets::take(&input) {
            return if received == wanted { Ok(()) } else { Err(io::Error::other(format!("{received:?}"))) };
        }
        if socket.read_buf(&mut input).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
