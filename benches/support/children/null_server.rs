//! A server that does nothing but acknowledge: how fast the load generator could be.

use super::{Listening, say};
use crate::support::Fault;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub(super) async fn run() -> Result<(), Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&Listening { address: listener.local_addr()? })?;
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        connections.spawn(serve(socket));
    }
}

async fn serve(mut socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let (mut input, mut out) = (Vec::with_capacity(16_384), Vec::new());
    while socket.read_buf(&mut input).await? > 0 {
        let mut taken = 0;
        while let Some(length) = input.get(taken..).and_then(|rest| answer(rest, &mut out)) {
            taken += length;
        }
        input.drain(..taken);
        socket.write_all(&out).await?;
        out.clear();
    }
    Ok(())
}

/// Answers the first whole packet; its length, `None` when there is none yet.
fn answer(bytes: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (kind, rest) = bytes.split_first()?;
    let (mut length, mut header) = (0usize, 1);
    for (index, byte) in rest.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * index);
        header += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let body = bytes.get(header..header + length)?;
    match kind >> 4 {
        1 => out.extend_from_slice(&[0x20, 2, 0, 0]),
        3 if kind & 2 != 0 => {
            let topic = usize::from(u16::from_be_bytes([*body.first()?, *body.get(1)?]));
            out.extend_from_slice(&[0x40, 2]);
            out.extend_from_slice(body.get(2 + topic..4 + topic)?);
        }
        _ => {}
    }
    Some(header + length)
}
