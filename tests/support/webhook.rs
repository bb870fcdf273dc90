//! A system that is called about alerts: takes every call, notes its idempotency key, and can be told to keep the
//! caller waiting.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Builder;

/// See the head of this file.
pub(crate) struct Receiver {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    keys: Mutex<Vec<String>>,
    /// Calls are noted and not answered.
    holding: AtomicBool,
}

impl Receiver {
    /// Listens until the test process ends.
    pub(crate) fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let accept = move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&of_thread);
                let serve = move || while let Some(()) = take_call(&socket, &shared) {};
                Builder::new().name("caller".to_owned()).spawn(serve).unwrap();
            }
        };
        Builder::new().name("receiver".to_owned()).spawn(accept).unwrap();
        Receiver { port, shared }
    }

    /// Where to call.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/alerts", self.port)
    }

    /// From now on calls are noted and not answered, or answered again.
    pub(crate) fn hold(&self, hold: bool) {
        self.shared.holding.store(hold, Ordering::SeqCst);
    }

    /// The idempotency key of every call so far, in the order in which they came.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.shared.keys.lock().unwrap().clone()
    }
}

/// One call on a connection that may be used again; `None` at its end.
fn take_call(mut socket: &TcpStream, shared: &Shared) -> Option<()> {
    let mut reader = BufReader::new(socket);
    let (mut length, mut key) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.split_once(':') else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "idempotency-key" => key = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    shared.keys.lock().unwrap().push(key);
    if shared.holding.load(Ordering::SeqCst) {
        // Until the caller gives up, or dies.
        let _ = socket.read(&mut [0]);
        return None;
    }
    socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ok()
}
