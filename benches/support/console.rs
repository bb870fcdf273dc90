//! A browser without a screen: logs in, and hears alerts by server-sent events.

use crate::support::{Fault, http};
use serde::Deserialize;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
/// The station says something every 5 s.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// An alert as it was heard.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) device: String,
    /// Empty when the alert is of none.
    pub(crate) point: String,
}

/// Alerts as they come. Ends with the station.
pub(crate) struct Alerts {
    heard: Receiver<Heard>,
    socket: TcpStream,
    thread: Option<JoinHandle<()>>,
}

/// The part of an `AlertView` that is looked at.
#[derive(Deserialize)]
struct Alert {
    device: Option<AlertDevice>,
    point: Option<String>,
}

#[derive(Deserialize)]
struct AlertDevice {
    name: String,
}

impl Alerts {
    /// Logs in and listens; returns when the board was received.
    pub(crate) fn listen(console: SocketAddr, user: &str, password: &str) -> Result<Alerts, Fault> {
        let cookie = log_in(console, user, password)?;
        let mut socket = TcpStream::connect(console)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(SILENCE_MAX))?;
        write!(socket, "GET /api/v1/events HTTP/1.1\r\nhost: {console}\r\ncookie: {cookie}\r\n\r\n")?;
        let mut stream = Chunks::after_head(BufReader::new(socket.try_clone()?))?;
        while !stream.next()?.contains("event: board") {}
        let (tell, heard) = channel();
        let listen = move || {
            while let Ok(event) = stream.next() {
                let at = Instant::now();
                for (device, point) in places(&event) {
                    if tell.send(Heard { at, device, point }).is_err() {
                        return;
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("alerts".into()).spawn(listen)?;
        Ok(Alerts { heard, socket, thread: Some(thread) })
    }

    /// The next alert; `None` when none was heard for so long.
    pub(crate) fn next(&self, patience: Duration) -> Option<Heard> {
        self.heard.recv_timeout(patience).ok()
    }

    /// When the alert of that device was first heard.
    pub(crate) fn of(&self, device: &str, patience: Duration) -> Result<Instant, Fault> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let heard = self.heard.recv_timeout(left);
            let heard = heard.map_err(|_| format!("no alert of {device} was heard within {patience:?}"))?;
            if heard.device == device {
                return Ok(heard.at);
            }
        }
    }
}

impl Drop for Alerts {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn log_in(console: SocketAddr, user: &str, password: &str) -> Result<String, Fault> {
    let body = serde_json::json!({ "user": user, "password": password }).to_string();
    let answer = http::post(console, "/api/v1/session", &body, PATIENCE)?;
    let cookie = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).filter(|_| answer.code == 200);
    cookie.map(str::to_owned).ok_or_else(|| format!("the log-in was refused: {} {}", answer.code, answer.body).into())
}

/// The devices and points of the alert events in a piece of the stream.
fn places(piece: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for event in piece.split("\n\n").filter(|event| event.lines().any(|line| line == "event: alert")) {
        let data = event.lines().find_map(|line| line.strip_prefix("data: "));
        let alert = data.and_then(|data| serde_json::from_str::<Alert>(data).ok());
        found.extend(alert.and_then(|alert| Some((alert.device?.name, alert.point.unwrap_or_default()))));
    }
    found
}

/// The chunks of a chunked body (RFC 9112 §7.1). The console sends each event as one.
struct Chunks {
    input: BufReader<TcpStream>,
}

impl Chunks {
    fn after_head(mut input: BufReader<TcpStream>) -> Result<Chunks, Fault> {
        let mut line = String::new();
        input.read_line(&mut line)?;
        if !line.contains(" 200 ") {
            return Err(format!("the events were refused: {}", line.trim()).into());
        }
        while line != "\r\n" {
            line.clear();
            if input.read_line(&mut line)? == 0 {
                return Err("the console closed the connection".into());
            }
        }
        Ok(Chunks { input })
    }

    fn next(&mut self) -> Result<String, Fault> {
        let mut line = String::new();
        self.input.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16)?;
        let mut chunk = vec![0; length + 2];
        self.input.read_exact(&mut chunk)?;
        if length == 0 {
            return Err("the events have ended".into());
        }
        chunk.truncate(length);
        Ok(String::from_utf8(chunk)?)
    }
}
