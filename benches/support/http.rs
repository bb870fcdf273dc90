//! As much of HTTP/1.1 as the station's console needs: requests whose answer ends with the connection.

use crate::support::Fault;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// GET of a path. Chunked bodies are given as they are.
pub(crate) fn get(address: SocketAddr, path: &str, patience: Duration) -> Result<Answer, Fault> {
    ask(address, &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"), patience)
}

/// POST of JSON to a path.
pub(crate) fn post(address: SocketAddr, path: &str, json: &str, patience: Duration) -> Result<Answer, Fault> {
    let length = json.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    let fields = format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    ask(address, &format!("{head}{fields}{json}"), patience)
}

fn ask(address: SocketAddr, request: &str, patience: Duration) -> Result<Answer, Fault> {
    let mut socket = TcpStream::connect_timeout(&address, patience)?;
    socket.set_read_timeout(Some(patience))?;
    socket.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("the console gave no whole answer")?;
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or("the console gave no HTTP answer")?;
    Ok(Answer { code, head: head.to_owned(), body: body.to_owned() })
}
