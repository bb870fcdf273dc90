//! A system that a station calls about alerts: takes every call and notes its idempotency key. Ends with the bench.

use crate::support::Fault;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

/// The keys of the calls so far.
type Keys = Arc<Mutex<Vec<String>>>;

/// See the head of this file.
pub(crate) struct Webhook {
    address: SocketAddr,
    keys: Keys,
}

impl Webhook {
    /// Begins to listen.
    pub(crate) fn start() -> Result<Webhook, Fault> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, keys) = (listener.local_addr()?, Keys::default());
        let noted = Arc::clone(&keys);
        let accept = move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let noted = Arc::clone(&noted);
                // A caller without a thread gets no answer and calls again.
                let _ = Builder::new().name("call".into()).spawn(move || answer_all(socket, &noted));
            }
        };
        Builder::new().name("webhook".into()).spawn(accept)?;
        Ok(Webhook { address, keys })
    }

    /// Where it is called.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/alerts", self.address)
    }

    /// The key of every call so far.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer_all(socket: TcpStream, keys: &Keys) {
    let mut calls = BufReader::new(socket);
    while let Some(key) = call(&mut calls) {
        keys.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        if calls.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

/// The key of the next call on a connection; `None` at its end.
fn call(calls: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut length, mut key, mut line) = (0, String::new(), String::new());
    loop {
        line.clear();
        if calls.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok()?,
            Some((name, value)) if name.eq_ignore_ascii_case("idempotency-key") => value.trim().clone_into(&mut key),
            None if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    calls.read_exact(&mut body).ok()?;
    Some(key)
}
