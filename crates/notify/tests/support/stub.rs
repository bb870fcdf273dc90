//! A server that says one thing, whatever it is asked; for what real servers do only when they are ill.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The longest that a test waits for a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves one connection.
pub(crate) struct Stub {
    /// On 127.0.0.1.
    pub(crate) port: u16,
    requests: Receiver<String>,
    _thread: JoinHandle<()>,
}

impl Stub {
    /// Reads one HTTP request and answers it; the status may hold further header lines.
    pub(crate) fn http(status: &str, body: &str) -> Stub {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        Stub::serve(move |stream, tell| {
            tell(read_request(stream.try_clone().unwrap()));
            // A client that has read enough closes the connection.
            let _ = stream.write_all(answer.as_bytes());
        })
    }

    /// Takes the connection and says nothing until the other side gives up.
    pub(crate) fn silent() -> Stub {
        Stub::serve(|stream, _| {
            let _ = stream.read_to_end(&mut Vec::new());
        })
    }

    /// Greets as a mail server, and gives each of those commands its answer; `250 ok` to any other.
    pub(crate) fn smtp(answers: &[(&str, &str)]) -> Stub {
        let own = |(command, answer): &(&str, &str)| ((*command).to_owned(), (*answer).to_owned());
        let answers: Vec<(String, String)> = answers.iter().map(own).collect();
        Stub::serve(move |stream, _| {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            stream.write_all(b"220 stub\r\n").unwrap();
            for line in lines.map_while(Result::ok) {
                let answer = answers.iter().find(|(command, _)| line.starts_with(command));
                let reply = answer.map_or("250 ok", |(_, answer)| answer);
                if stream.write_all(format!("{reply}\r\n").as_bytes()).is_err() {
                    return;
                }
            }
        })
    }

    fn serve(work: impl Fn(&mut TcpStream, &dyn Fn(String)) + Send + 'static) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = channel();
        let thread = std::thread::Builder::new().name("stub".to_owned()).spawn(move || {
            let tell = |request| drop(sender.send(request));
            if let Ok((mut stream, _)) = listener.accept() {
                work(&mut stream, &tell);
            }
        });
        Stub { port, requests, _thread: thread.unwrap() }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What it was asked.
    pub(crate) fn request(&self) -> String {
        self.requests.recv_timeout(PATIENCE).unwrap()
    }

    /// Whether it was asked anything yet.
    pub(crate) fn was_asked(&self) -> bool {
        self.requests.try_recv().is_ok()
    }
}

fn read_request(stream: TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request.push_str(&line);
        if line == "\r\n" || line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request + std::str::from_utf8(&body).unwrap()
}
