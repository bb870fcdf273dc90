//! Bytes written for people, and a raw socket that sends and expects them.
//!
//! ```text
//! 0a ff        bytes in hex
//! "text"       the text's bytes
//! s"text"      the text's bytes after their length (u16)
//! 30{ … }      a packet: first byte, remaining length, body
//! p{ … }       a v5 property block: its length, its bytes
//! x300"a"      the text 300 times
//! $name        a word of `words`
//! ```

use crate::station::PATIENCE;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

const WORDS: &[(&str, &str)] = &[
    ("c4", r#"10{ s"MQTT" 04 c2 003c s"raw" s"care/gw1" s"secret" }"#),
    ("c5", r#"10{ s"MQTT" 05 c2 003c p{} s"raw" s"care/gw1" s"secret" }"#),
    ("dev4", r#"10{ s"MQTT" 04 c2 003c s"dev" s"care/smoke-1" s"secret" }"#),
    ("dev5", r#"10{ s"MQTT" 05 c2 003c p{} s"dev" s"care/smoke-1" s"secret" }"#),
    ("sub5", r#"10{ s"MQTT" 05 c2 003c p{} s"desk" s"care/desk" s"secret" }"#),
    ("a4", "20020000"),
    ("a5", "20{ 00 00 p{ 11 00000000 21 0400 24 01 27 00041200 22 0010 } }"),
    ("ping", "c000"),
    ("pong", "d000"),
];

/// The bytes of a script.
pub(crate) fn bytes(script: &str) -> Vec<u8> {
    let mut rest = script;
    let out = read(&mut rest);
    assert!(rest.is_empty(), "unbalanced: {script}");
    out
}

fn read(rest: &mut &str) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        *rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return out };
        match first {
            '}' => return out,
            '"' => out.extend(text(rest)),
            's' => {
                *rest = &rest[1..];
                let text = text(rest);
                out.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
                out.extend(text);
            }
            'x' => {
                let (count, tail) = rest[1..].split_at(rest[1..].find('"').unwrap());
                *rest = tail;
                out.extend(text(rest).repeat(count.parse().unwrap()));
            }
            'p' => out.extend(block(rest, 1)),
            '$' => {
                let end = rest.find(|c: char| c.is_whitespace() || c == '}').unwrap_or(rest.len());
                let (_, script) = WORDS.iter().find(|(name, _)| *name == &rest[1..end]).expect("a word");
                out.extend(bytes(script));
                *rest = &rest[end..];
            }
            _ => {
                out.push(u8::from_str_radix(&rest[..2], 16).unwrap_or_else(|_| panic!("not hex: {rest}")));
                if rest[2..].starts_with('{') {
                    out.extend(block(rest, 2));
                } else {
                    *rest = &rest[2..];
                }
            }
        }
    }
}

fn text(rest: &mut &str) -> Vec<u8> {
    let (text, tail) = rest[1..].split_once('"').unwrap();
    *rest = tail;
    text.as_bytes().to_vec()
}

fn block(rest: &mut &str, skip: usize) -> Vec<u8> {
    *rest = &rest[skip + 1..];
    let body = read(rest);
    *rest = &rest[1..];
    let (mut out, mut length) = (Vec::new(), body.len());
    loop {
        let low = u8::try_from(length & 127).unwrap();
        length >>= 7;
        out.push(if length > 0 { low | 128 } else { low });
        if length == 0 {
            break;
        }
    }
    out.extend(body);
    out
}

/// A raw client.
pub(crate) struct Raw<S = TcpStream>(pub(crate) S);

impl Raw {
    pub(crate) async fn open(port: SocketAddr) -> Raw {
        let socket = TcpStream::connect(port).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Raw(socket)
    }

    /// Opens, sends a CONNECT and expects its CONNACK.
    pub(crate) async fn connect(port: SocketAddr, connect: &str, connack: &str) -> Raw {
        let mut raw = Raw::open(port).await;
        raw.send(connect).await;
        raw.expect(connack).await;
        raw
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(crate) async fn send(&mut self, script: &str) {
        self.send_bytes(&bytes(script)).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        tokio::time::timeout(PATIENCE, self.0.write_all(bytes)).await.unwrap().unwrap();
    }

    /// Expects exactly these bytes next.
    pub(crate) async fn expect(&mut self, script: &str) {
        let expected = bytes(script);
        let mut got = vec![0; expected.len()];
        let mut have = 0;
        while have < got.len() {
            match tokio::time::timeout(PATIENCE, self.0.read(&mut got[have..])).await {
                Ok(Ok(0)) => panic!("closed after {:02x?} instead of {script} {expected:02x?}", &got[..have]),
                Ok(Ok(count)) => have += count,
                Ok(Err(error)) => panic!("{error} after {:02x?} instead of {script}", &got[..have]),
                Err(_) => panic!("only {:02x?} instead of {script} {expected:02x?}", &got[..have]),
            }
        }
        assert_eq!(got, expected, "got {got:02x?} instead of {script} {expected:02x?}");
    }

    /// Expects the end of the connection and nothing before it.
    pub(crate) async fn closed(&mut self) {
        let mut rest = [0; 64];
        match tokio::time::timeout(PATIENCE, self.0.read(&mut rest)).await.expect("still open") {
            Ok(0) | Err(_) => {}
            Ok(count) => panic!("{:02x?} instead of the end", &rest[..count]),
        }
    }

    /// Expects that nothing comes while other things that take longer do.
    pub(crate) async fn silent(&mut self) {
        let mut one = [0];
        let read = tokio::time::timeout(Duration::from_millis(30), self.0.read(&mut one)).await;
        assert!(read.is_err(), "{read:?} instead of silence: {one:02x?}");
    }

    /// The link still answers.
    pub(crate) async fn alive(&mut self) {
        self.send("$ping").await;
        self.expect("$pong").await;
    }
}
