//! Many transmission devices at once: some alarm within a time, many others only beat. Counts what is confirmed.
//!
//! Every alarm is another component of its device, so that whoever looks at the far side can count what came: device
//! `first_address + n` alarms at components 1 to `alarms_of(n)`.

use super::facility::{FIRE, Facility};
use super::options::{Happening, Heartbeat, PanelOptions};
use super::transmitter::{Output, Transmitter};
use crate::report::{Latency, micros};
use serde::Serialize;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watchfire_model::Timestamp;

/// How long the last confirmations are waited for: three repetitions after 10 s, and a little.
const DRAIN_MAX: Duration = Duration::from_secs(45);
/// Connections are begun so many at once.
const CONNECTS_AT_ONCE: usize = 64;

/// What to do.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The centre.
    pub target: SocketAddr,
    /// The address of the first device; the others follow.
    pub first_address: u64,
    /// Devices that alarm.
    pub alarming: u32,
    /// Alarms of all of them together.
    pub alarms: u32,
    /// Within this time, evenly.
    pub within: Duration,
    /// Further devices that only beat.
    pub beating: u32,
    /// Each so often.
    pub beat_every: Duration,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoadReport {
    /// Connections that were there when the alarms began.
    pub connected: u32,
    /// Connections that were lost.
    pub lost: u32,
    /// Alarms that happened.
    pub alarms: u64,
    /// Alarms that were confirmed.
    pub confirmed: u64,
    /// Alarms that had to be repeated.
    pub repeated: u64,
    /// Heartbeats that were confirmed.
    pub beats_confirmed: u64,
    /// From an alarm's frame to its confirmation.
    pub latency_ms: Latency,
}

/// How many alarms the `n`th of the alarming devices has.
pub fn alarms_of(options: &LoadOptions, n: u32) -> u32 {
    let (each, more) = (options.alarms / options.alarming.max(1), options.alarms % options.alarming.max(1));
    each + u32::from(n < more)
}

/// Connects everybody, then alarms, and waits for the confirmations; or until `stop`.
pub async fn run(options: &LoadOptions, stop: &CancellationToken) -> LoadReport {
    let mut devices = JoinSet::new();
    let begin = CancellationToken::new();
    let over = stop.child_token();
    let mut connecting = JoinSet::new();
    let (mut connected, mut lost) = (0, 0);
    for n in 0..options.alarming + options.beating {
        if connecting.len() >= CONNECTS_AT_ONCE
            && let Some(done) = connecting.join_next().await
        {
            begin_device(done, options, (&begin, &over), &mut devices, (&mut connected, &mut lost));
        }
        let target = options.target;
        connecting.spawn(async move { TcpStream::connect(target).await.map(|socket| (n, socket)) });
    }
    while let Some(done) = connecting.join_next().await {
        begin_device(done, options, (&begin, &over), &mut devices, (&mut connected, &mut lost));
    }
    begin.cancel();
    collect(options, devices, &over, connected, lost).await
}

type Connected = Result<std::io::Result<(u32, TcpStream)>, tokio::task::JoinError>;

fn begin_device(
    done: Connected,
    options: &LoadOptions,
    (begin, over): (&CancellationToken, &CancellationToken),
    devices: &mut JoinSet<Tally>,
    (connected, lost): (&mut u32, &mut u32),
) {
    match done {
        Ok(Ok((n, socket))) => {
            *connected += 1;
            devices.spawn(device(options.clone(), n, socket, begin.clone(), over.clone()));
        }
        _ => *lost += 1,
    }
}

async fn collect(
    options: &LoadOptions,
    mut devices: JoinSet<Tally>,
    over: &CancellationToken,
    connected: u32,
    mut lost: u32,
) -> LoadReport {
    let (mut total, mut alarming) = (Tally::default(), options.alarming);
    let deadline = tokio::time::sleep(options.within + DRAIN_MAX);
    let mut deadline = std::pin::pin!(deadline);
    loop {
        tokio::select! {
            () = &mut deadline, if !over.is_cancelled() => over.cancel(),
            ended = devices.join_next() => {
                let Some(ended) = ended else { break };
                let Ok(tally) = ended else {
                    lost += 1;
                    continue;
                };
                alarming -= u32::from(tally.is_alarming);
                lost += u32::from(tally.lost);
                total.add(tally);
                if alarming == 0 {
                    over.cancel();
                }
            }
        }
    }
    LoadReport {
        connected,
        lost,
        alarms: total.alarms,
        confirmed: total.confirmed,
        repeated: total.repeated,
        beats_confirmed: total.beats_confirmed,
        latency_ms: Latency::of(total.samples),
    }
}

#[derive(Debug, Default)]
struct Tally {
    is_alarming: bool,
    lost: bool,
    alarms: u64,
    confirmed: u64,
    repeated: u64,
    beats_confirmed: u64,
    samples: Vec<u32>,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.alarms += other.alarms;
        self.confirmed += other.confirmed;
        self.repeated += other.repeated;
        self.beats_confirmed += other.beats_confirmed;
        self.samples.extend(other.samples);
    }
}

/// One device: beats at once and then at its own moments; alarms when all are there.
async fn device(
    options: LoadOptions,
    n: u32,
    mut socket: TcpStream,
    begin: CancellationToken,
    over: CancellationToken,
) -> Tally {
    let is_alarming = n < options.alarming;
    let alarms = if is_alarming { alarms_of(&options, n) } else { 0 };
    let parts = u16::try_from(alarms).unwrap_or(u16::MAX);
    let beats = [Heartbeat::Empty, Heartbeat::State, Heartbeat::KeepAlive, Heartbeat::Greeting, Heartbeat::Clock];
    let choice = usize::try_from(n).unwrap_or(0) % beats.len();
    let mut transmitter = Transmitter::new(PanelOptions {
        heartbeat_every: options.beat_every,
        heartbeat: beats.get(choice).copied().unwrap_or_default(),
        ..PanelOptions::new(options.first_address + u64::from(n), Facility::of_smoke_detectors(parts))
    });
    let mut tally = Tally { is_alarming, ..Tally::default() };
    if socket.set_nodelay(true).is_err() {
        tally.lost = true;
        return tally;
    }
    transmitter.connected(wall());
    let mut course = Course { transmitter, next: 0, parts, sent_at: None, begun: None, tally };
    if let Err(Lost) = course.run(&options, n, &mut socket, &begin, &over).await {
        course.tally.lost = !over.is_cancelled();
    }
    course.finish()
}

struct Lost;

/// How far a device is.
struct Course {
    transmitter: Transmitter,
    /// Alarms that happened.
    next: u16,
    parts: u16,
    sent_at: Option<Instant>,
    begun: Option<Instant>,
    tally: Tally,
}

impl Course {
    async fn run(
        &mut self,
        options: &LoadOptions,
        n: u32,
        socket: &mut TcpStream,
        begin: &CancellationToken,
        over: &CancellationToken,
    ) -> Result<(), Lost> {
        let mut bytes = [0; 512];
        loop {
            let output = self.transmitter.due(wall());
            self.send(socket, output).await?;
            if self.parts > 0 && self.transmitter.report().confirmed == u64::from(self.parts) {
                return Ok(());
            }
            let alarm = self.next_alarm(options, n);
            let pause = self.transmitter.wake_at().since(wall());
            tokio::select! {
                biased;
                () = over.cancelled() => return Ok(()),
                () = begin.cancelled(), if self.begun.is_none() => self.begun = Some(now()),
                () = sleep_until(alarm), if alarm.is_some() => {
                    self.next += 1;
                    let [low, high] = self.next.to_le_bytes();
                    self.transmitter.happens(Happening::State { address: [1, 0, low, high], state: FIRE }, wall());
                }
                read = socket.read(&mut bytes) => {
                    let count = read.unwrap_or(0);
                    if count == 0 {
                        return Err(Lost);
                    }
                    self.hear(bytes.get(..count).unwrap_or_default(), socket).await?;
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn hear(&mut self, bytes: &[u8], socket: &mut TcpStream) -> Result<(), Lost> {
        let before = self.transmitter.report().confirmed;
        let sent_at = self.sent_at;
        let output = self.transmitter.hear(bytes, wall());
        if self.transmitter.report().confirmed > before
            && let Some(sent_at) = sent_at
        {
            self.tally.samples.push(micros(now().duration_since(sent_at)));
        }
        self.send(socket, output).await
    }

    async fn send(&mut self, socket: &mut TcpStream, output: Output) -> Result<(), Lost> {
        for frame in output.frames {
            self.sent_at = Some(now());
            socket.write_all(&frame).await.map_err(|_| Lost)?;
        }
        if output.hang_up { Err(Lost) } else { Ok(()) }
    }

    /// When its next alarm is: all alarms of all devices are spread evenly.
    fn next_alarm(&self, options: &LoadOptions, n: u32) -> Option<Instant> {
        let begun = self.begun.filter(|_| self.next < self.parts)?;
        let number = u32::from(self.next) * options.alarming + n;
        Some(begun + options.within * number / options.alarms.max(1))
    }

    fn finish(mut self) -> Tally {
        let report = self.transmitter.report();
        self.tally.alarms = report.happened;
        self.tally.confirmed = report.confirmed;
        self.tally.repeated = report.repeated;
        self.tally.beats_confirmed = report.beats_confirmed;
        self.tally
    }
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at.into()).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the rim: a load run measures time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the rim: a device has a clock of its own")]
fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::EPOCH.plus(since)
}
