//! Many simple devices at full speed: each connection publishes readings of one device and keeps a window of publishes
//! that wait for their acknowledgement. Stops by itself, and when the far side goes away.

use crate::packets::{self, Received};
use crate::report::{Latency, Report, micros};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often a paced connection publishes what is due.
const PACE: Duration = Duration::from_millis(10);
/// How long the last acknowledgements are waited for.
const DRAIN_MAX: Duration = Duration::from_secs(30);
/// Latencies kept per connection; later ones replace older ones.
const SAMPLES_MAX: usize = 20_000;

/// What to do.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The broker.
    pub target: SocketAddr,
    /// User name, `<site>/<identity>`; empty: anonymous.
    pub user: String,
    /// Its password.
    pub password: String,
    /// The site in the topics.
    pub site: String,
    /// Connections, one device each.
    pub devices: u32,
    /// Prefix of device names and client ids.
    pub prefix: String,
    /// Publishes per second in all; 0: as fast as acknowledged.
    pub rate: u32,
    /// How long to publish.
    pub duration: Duration,
    /// Publishes of one connection that wait for their acknowledgement.
    pub in_flight: u16,
    /// 0 or 1.
    pub qos: u8,
    /// Size of the payload: padded to this many bytes.
    pub payload_bytes: usize,
    /// Readings of each publish, at points of their own.
    pub readings: u16,
    /// Keep the idempotency key of every acknowledged publish.
    pub keep_keys: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Counts and latencies.
    pub report: Report,
    /// Keys of the acknowledged publishes, when asked for.
    pub keys: Vec<String>,
}

/// Runs the load until its time is over, the far side is gone or `stop` says so.
pub async fn run(options: &LoadOptions, stop: &CancellationToken) -> Outcome {
    let mut connections = JoinSet::new();
    for number in 0..options.devices {
        connections.spawn(connection(options.clone(), number, stop.clone()));
    }
    let begin = now();
    let mut total = Tally::default();
    let (mut connected, mut lost) = (0, 0);
    while let Some(ended) = connections.join_next().await {
        let Ok((tally, end)) = ended else {
            lost += 1;
            continue;
        };
        connected += u32::from(end != End::NotConnected);
        lost += u32::from(end != End::Done);
        total.add(tally);
    }
    let seconds = total.last.map_or(0.0, |last| last.duration_since(total.first.unwrap_or(begin)).as_secs_f64());
    let counted = if options.qos == 0 { total.sent } else { total.acknowledged };
    #[expect(clippy::cast_precision_loss, reason = "a rate to three digits")]
    let per_second = if seconds > 0.0 { counted as f64 / seconds } else { 0.0 };
    let report = Report {
        connected,
        lost,
        sent: total.sent,
        acknowledged: total.acknowledged,
        seconds,
        per_second,
        latency_ms: Latency::of(total.samples),
    };
    Outcome { report, keys: total.keys }
}

#[derive(Default)]
struct Tally {
    sent: u64,
    acknowledged: u64,
    samples: Vec<u32>,
    keys: Vec<String>,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.samples.extend(other.samples);
        self.keys.extend(other.keys);
        self.first = match (self.first, other.first) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.last = self.last.max(other.last);
    }

    fn sample(&mut self, latency: Duration) {
        let sample = micros(latency);
        if self.samples.len() < SAMPLES_MAX {
            self.samples.push(sample);
        } else if let Some(slot) = self.samples.get_mut(usize::try_from(self.acknowledged).unwrap_or(0) % SAMPLES_MAX) {
            *slot = sample;
        }
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Done,
    NotConnected,
    Closed,
}

async fn connection(options: LoadOptions, number: u32, stop: CancellationToken) -> (Tally, End) {
    let mut device = match Device::connect(&options, number).await {
        Ok(device) => device,
        Err(_) => return (Tally::default(), End::NotConnected),
    };
    let ran = device.publish_all(&options, &stop).await;
    let end = if ran.is_ok() { End::Done } else { End::Closed };
    (device.tally, end)
}

struct Device {
    socket: TcpStream,
    name: String,
    topic: String,
    out: Vec<u8>,
    input: Vec<u8>,
    waiting: VecDeque<(u16, u64, Instant)>,
    next_id: u16,
    next_number: u64,
    keep_keys: bool,
    tally: Tally,
}

impl Device {
    async fn connect(options: &LoadOptions, number: u32) -> io::Result<Device> {
        let name = format!("{}{number}", options.prefix);
        let mut socket = TcpStream::connect(options.target).await?;
        socket.set_nodelay(true)?;
        socket.write_all(&packets::connect(&name, &options.user, &options.password, 300)).await?;
        let mut answer = [0u8; 64];
        let read = socket.read(&mut answer).await?;
        match answer.get(..read).and_then(packets::take) {
            Some((Received::Connected(0), _)) => {}
            _ => return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "the broker refused the connection")),
        }
        let topic = format!("wf/v1/{}/{name}/readings", options.site);
        Ok(Device {
            socket,
            name,
            topic,
            out: Vec::new(),
            input: Vec::with_capacity(4_096),
            waiting: VecDeque::new(),
            next_id: 1,
            next_number: 0,
            keep_keys: options.keep_keys,
            tally: Tally::default(),
        })
    }

    async fn publish_all(&mut self, options: &LoadOptions, stop: &CancellationToken) -> io::Result<()> {
        let begin = now();
        let end = begin + options.duration;
        let share = f64::from(options.rate) / f64::from(options.devices.max(1));
        while now() < end && !stop.is_cancelled() {
            let due = if options.rate == 0 { u64::MAX } else { due_by(begin.elapsed(), share) };
            self.fill(options, due);
            self.flush().await?;
            let window_full = options.qos == 1 && self.waiting.len() >= usize::from(options.in_flight);
            if options.qos == 1 && (window_full || (options.rate == 0 && !self.waiting.is_empty())) {
                self.receive().await?;
            } else if options.rate > 0 {
                self.receive_or_pace().await?;
            }
        }
        self.drain().await
    }

    /// Writes publishes into the buffer until the window is full or nothing more is due.
    fn fill(&mut self, options: &LoadOptions, due: u64) {
        const BURST_MAX: usize = 64;
        for _ in 0..BURST_MAX {
            let window_full = options.qos == 1 && self.waiting.len() >= usize::from(options.in_flight);
            if self.next_number >= due || window_full {
                return;
            }
            let payload = self.payload(options);
            let sent_at = now();
            let id = (options.qos == 1).then_some(self.next_id);
            packets::publish(&mut self.out, &self.topic, id, payload.as_bytes());
            if let Some(id) = id {
                self.waiting.push_back((id, self.next_number, sent_at));
                self.next_id = if id == u16::MAX { 1 } else { id + 1 };
            } else {
                self.tally.last = Some(sent_at);
            }
            self.tally.first.get_or_insert(sent_at);
            self.tally.sent += 1;
            self.next_number += 1;
        }
    }

    fn payload(&self, options: &LoadOptions) -> String {
        let tenths = 200 + self.next_number % 50;
        let (whole, tenth) = (tenths / 10, tenths % 10);
        let mut payload = format!(
            r#"{{"id":"{}-{}","readings":[{{"point":"air","metric":"temperature","value":{whole}.{tenth},"unit":"Cel"}}"#,
            self.name, self.next_number,
        );
        for point in 1..options.readings {
            let more =
                format!(r#",{{"point":"air{point}","metric":"temperature","value":{whole}.{tenth},"unit":"Cel"}}"#);
            payload.push_str(&more);
        }
        payload.push(']');
        while payload.len() + 1 < options.payload_bytes {
            payload.push(' ');
        }
        payload.push('}');
        payload
    }

    async fn flush(&mut self) -> io::Result<()> {
        if !self.out.is_empty() {
            self.socket.write_all(&self.out).await?;
            self.out.clear();
        }
        Ok(())
    }

    async fn receive_or_pace(&mut self) -> io::Result<()> {
        tokio::select! {
            received = self.socket.read_buf(&mut self.input) => self.received(received?),
            () = tokio::time::sleep(PACE) => Ok(()),
        }
    }

    async fn receive(&mut self) -> io::Result<()> {
        let read = self.socket.read_buf(&mut self.input).await?;
        self.received(read)
    }

    fn received(&mut self, read: usize) -> io::Result<()> {
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut taken = 0;
        while let Some((received, length)) = self.input.get(taken..).and_then(packets::take) {
            taken += length;
            if let Received::Acknowledged(id) = received {
                self.acknowledged(id)?;
            }
        }
        self.input.drain(..taken);
        Ok(())
    }

    fn acknowledged(&mut self, id: u16) -> io::Result<()> {
        let at = now();
        match self.waiting.pop_front() {
            Some((expected, number, sent_at)) if expected == id => {
                self.tally.acknowledged += 1;
                self.tally.last = Some(at);
                self.tally.sample(at.duration_since(sent_at));
                if self.keep_keys {
                    self.tally.keys.push(format!("{}-{number}", self.name));
                }
                Ok(())
            }
            _ => Err(io::Error::other("acknowledgement out of order")),
        }
    }

    async fn drain(&mut self) -> io::Result<()> {
        let deadline = now() + DRAIN_MAX;
        while !self.waiting.is_empty() && now() < deadline {
            self.receive().await?;
        }
        self.socket.write_all(&packets::DISCONNECT).await
    }
}

/// How many publishes of a paced connection are due after `elapsed`.
fn due_by(elapsed: Duration, per_second: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive count far below 2^53")]
    let due = (elapsed.as_secs_f64() * per_second).floor() as u64;
    due + 1
}

#[expect(clippy::disallowed_methods, reason = "a load generator measures real time")]
fn now() -> Instant {
    Instant::now()
}
