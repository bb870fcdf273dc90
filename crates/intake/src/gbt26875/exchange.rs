//! One connection's side of the protocol, without sockets and clocks: it is given bytes, times and what is durable, and
//! gives frames for the journal, bytes for the device, and what is to be told.
//!
//! **Invariants.** A CONFIRM is given out only when its frame, and every frame before it, is durable; answers leave in the
//! order of the frames. A repetition is confirmed again and not journaled again. No bytes make it panic or hold more than
//! two frames and what was fed last.

use crate::gate::Gate;
use crate::gbt26875::answers::Answers;
use crate::gbt26875::customs::{self, Answer};
use crate::gbt26875::downlink::Downlink;
use crate::gbt26875::pace::Pace;
use crate::gbt26875::recent::{Lane, Verdict};
use crate::gbt26875::roster::{self, Port, Roster, Transmitter};
use crate::gbt26875::settings::{GatewayLimits, Transport};
use crate::share::{Share, Stock};
use compact_str::{CompactString, format_compact};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use tokio::time::Instant;
use watchfire_model::{DeviceKey, EncodedInput, Frame, Input, Link, Timestamp};
use watchfire_wire::gbt26875::{Address, Command, Envelope, FrameFault, Piece, Reassembler, TimeLabel, Version};

/// Devices that may speak over one connection. An integrator's gateway carries several.
pub(crate) const DEVICES_MAX: usize = 64;

/// What the exchange looks up and is bounded by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World<'a> {
    pub(crate) roster: &'a Arc<Roster>,
    pub(crate) limits: &'a GatewayLimits,
    pub(crate) queued: &'a Arc<Stock>,
}

/// What came of the bytes.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Frames for the journal, to be handed on in this order.
    pub(crate) inputs: Vec<EncodedInput>,
    /// Bytes of their records.
    pub(crate) bytes: usize,
    /// What is to be counted and shown.
    pub(crate) told: Vec<Told>,
    /// The devices that were heard.
    pub(crate) heard: Vec<DeviceKey>,
    /// The connection is to be closed, after what is owed to it is written.
    pub(crate) close: Option<Refusal>,
}

/// One thing to be counted or shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// A frame goes to the journal.
    Journaled,
    /// The connection now stands for this device; it is the first or a further one.
    Bound { key: DeviceKey, listed: bool, further: bool },
    /// It no longer does: the allow-list changed.
    Unbound(DeviceKey),
    /// A repetition, confirmed again.
    Repeated,
    /// A repetition of what is not yet durable on another connection; not answered.
    RepeatedEarly,
    /// A frame with a wrong checksum; its bytes.
    Damaged(Vec<u8>),
    /// A frame that is too long or does not end as one; the serial number of its header.
    Misframed(u16),
    /// A command that is not for the centre, or reserved.
    ForeignCommand(Command),
}

/// Why a connection is closed by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// That address may not speak here.
    Unlisted(Address),
    /// More devices than one connection may carry.
    TooManyDevices,
    /// Too many bytes that are no frame.
    Unframed,
}

/// A connection's state.
#[derive(Debug)]
pub(crate) struct Exchange {
    stream: Reassembler,
    side: Side,
    /// Frames may wait in the stream although nothing more was received.
    more: bool,
    unfinished_since: Option<Instant>,
}

/// All of it but the stream, from which the frames are borrowed.
#[derive(Debug)]
struct Side {
    port: Arc<Port>,
    peer: SocketAddr,
    /// The frames' topic.
    name: CompactString,
    roster: Option<Arc<Roster>>,
    bound: Vec<Bound>,
    lane: Option<Lane>,
    /// That of the lane's tickets: the share of whoever was first here, also when the devices change.
    share: Option<Arc<Share>>,
    alive: Arc<()>,
    submitted: u64,
    settled: u64,
    answers: Answers,
    pace: Pace,
    heard: Option<Instant>,
}

/// A device of this connection, and how it speaks.
#[derive(Debug)]
struct Bound {
    transmitter: Arc<Transmitter>,
    source: Address,
    /// What it registered with.
    token: Option<CompactString>,
    centre: Address,
    version: Version,
}

impl Exchange {
    /// The exchange of a new connection.
    pub(crate) fn new(port: &Arc<Port>, peer: SocketAddr, limits: &GatewayLimits, now: Instant) -> Exchange {
        let side = Side {
            port: Arc::clone(port),
            peer,
            name: format_compact!("{}/{peer}", port.settings.name),
            roster: None,
            bound: Vec::new(),
            lane: None,
            share: None,
            alive: Arc::new(()),
            submitted: 0,
            settled: 0,
            answers: Answers::default(),
            pace: Pace::new(limits, now),
            heard: None,
        };
        Exchange { stream: Reassembler::new(), side, more: false, unfinished_since: None }
    }

    /// Takes bytes off the wire: a piece of a stream, or one datagram.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.stream.feed(bytes);
        self.more = true;
    }

    /// Whether [`Exchange::take`] has something to do now.
    pub(crate) fn has_more(&self, now: Instant) -> bool {
        self.more && self.side.pace.wait(now).is_none()
    }

    /// When a connection that sends too fast is read on.
    pub(crate) fn paused_until(&self, now: Instant) -> Option<Instant> {
        self.side.pace.wait(now)
    }

    /// Takes frames until there is no whole one, the chunk is full, or the device is too fast.
    pub(crate) fn take(&mut self, world: World<'_>, now: Instant) -> Taken {
        let mut taken = Taken::default();
        self.side.refresh(world.roster, &mut taken);
        let under_way = usize::try_from(self.side.under_way()).unwrap_or(usize::MAX);
        let room = usize::from(world.limits.unacked_max).saturating_sub(under_way).min(world.limits.chunk_frames);
        let mut moved = false;
        self.more = true;
        while taken.inputs.len() < room && taken.close.is_none() && self.side.pace.wait(now).is_none() {
            let piece = self.stream.next();
            match piece {
                Some(Piece::Frame { bytes, envelope }) => self.side.frame(bytes, &envelope, world, now, &mut taken),
                Some(Piece::Damaged { bytes, envelope }) => {
                    taken.told.push(Told::Damaged(bytes.to_vec()));
                    self.side.deny(&envelope);
                }
                Some(Piece::Misframed { envelope }) => {
                    taken.told.push(Told::Misframed(envelope.serial));
                    self.side.deny(&envelope);
                }
                None => self.more = false,
            }
            if !self.more && !self.give_up_datagram() {
                break;
            }
            moved = true;
        }
        if self.stream.unframed() > world.limits.unframed_bytes_max {
            taken.close = taken.close.or(Some(Refusal::Unframed));
        }
        self.unfinished_since = match self.stream.waiting() {
            0 => None,
            _ if moved => Some(now),
            _ => self.unfinished_since.or(Some(now)),
        };
        taken
    }

    /// At the end of a datagram nothing more will come; true when there is more to look at.
    fn give_up_datagram(&mut self) -> bool {
        let is_datagram = self.side.port.settings.transport == Transport::Udp;
        let gives_up = is_datagram && self.stream.waiting() > 0;
        if gives_up {
            self.stream.give_up();
            self.more = true;
        }
        gives_up
    }

    /// A frame was begun and not finished in time: another beginning is looked for in it.
    pub(crate) fn give_up(&mut self) {
        self.stream.give_up();
        self.unfinished_since = None;
        self.more = true;
    }

    /// A sound frame waits behind what was begun: that is given up for it. True when there is one.
    pub(crate) fn uncover(&mut self) -> bool {
        let found = self.stream.uncover();
        if found {
            self.unfinished_since = None;
            self.more = true;
        }
        found
    }

    /// So many submissions are durable; the frames that may now be written.
    pub(crate) fn durable(&mut self, number: u64, wall: Timestamp) -> Vec<Vec<u8>> {
        self.side.settled = self.side.settled.max(number);
        self.due(wall)
    }

    /// The frames that may be written now.
    pub(crate) fn due(&mut self, wall: Timestamp) -> Vec<Vec<u8>> {
        self.side.answers.due(self.side.settled, wall)
    }

    /// The frame of a command, in the device's version and with its addresses.
    pub(crate) fn command(&self, command: &Downlink, wall: Timestamp) -> Result<Vec<u8>, FrameFault> {
        let bound = self.side.bound.iter().find(|bound| bound.transmitter.key == command.to);
        let (digits, version, from, to) = bound.map_or(
            (Default::default(), watchfire_wire::gbt26875::OUR_VERSION, Address::NONE, Address::NONE),
            |bound| (bound.transmitter.digits, bound.version, bound.centre, bound.source),
        );
        let frame = Envelope {
            serial: command.serial,
            version,
            sent: TimeLabel::of(wall, digits),
            source: from,
            destination: to,
            command: command.command,
            unit: &command.unit,
        };
        frame.write()
    }

    /// Frames taken and not yet durable.
    pub(crate) fn under_way(&self) -> u64 {
        self.side.under_way()
    }

    /// The number of the last frame taken.
    pub(crate) fn submitted(&self) -> u64 {
        self.side.submitted
    }

    /// How many submissions are known to be durable.
    pub(crate) fn settled(&self) -> u64 {
        self.side.settled
    }

    /// How the connection hears of the journal; `None` before its first frame.
    pub(crate) fn gate(&self) -> Option<&Arc<Gate>> {
        self.side.lane.as_ref().map(|lane| &lane.gate)
    }

    /// The share out of which the connection's frames take their room; `None` before its first frame.
    pub(crate) fn share(&self) -> Option<&Arc<Share>> {
        self.side.share.as_ref()
    }

    /// When the last sound frame came.
    pub(crate) fn heard(&self) -> Option<Instant> {
        self.side.heard
    }

    /// Since when a frame is not whole.
    pub(crate) fn unfinished_since(&self) -> Option<Instant> {
        self.unfinished_since
    }

    /// The devices of this connection.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &DeviceKey> {
        self.side.bound.iter().map(|bound| &bound.transmitter.key)
    }

    /// The connection's name.
    pub(crate) fn name(&self) -> &str {
        &self.side.name
    }
}

impl Side {
    fn under_way(&self) -> u64 {
        self.submitted.saturating_sub(self.settled)
    }

    /// Under another allow-list, who speaks here is looked up anew: a device registers once, and its next frame may be a
    /// fire. The unlisted stay what they are.
    fn refresh(&mut self, roster: &Arc<Roster>, taken: &mut Taken) {
        if self.roster.as_ref().is_some_and(|known| Arc::ptr_eq(known, roster)) {
            return;
        }
        self.roster = Some(Arc::clone(roster));
        for bound in std::mem::take(&mut self.bound) {
            let key = bound.transmitter.key.clone();
            match self.listed(roster, bound.source, bound.token.as_ref()).cloned() {
                Some(transmitter) if transmitter.key == key => self.bound.push(Bound { transmitter, ..bound }),
                None if !bound.transmitter.is_listed => self.bound.push(bound),
                found => {
                    taken.told.push(Told::Unbound(key));
                    if let Some(transmitter) = found {
                        // As many as before at most.
                        let _ = self.bind(transmitter, bound.source, bound.token, taken);
                    }
                }
            }
        }
    }

    /// The listed device with that token, else of that address, else of this port.
    fn listed<'r>(
        &self,
        roster: &'r Roster,
        source: Address,
        token: Option<&CompactString>,
    ) -> Option<&'r Arc<Transmitter>> {
        let listener = &self.port.settings.name;
        match token {
            Some(token) => roster.of_token(listener, token),
            None if source == Address::NONE => roster.of_port(listener),
            None => roster.of_address(listener, source),
        }
    }

    fn frame(&mut self, bytes: &[u8], envelope: &Envelope<'_>, world: World<'_>, now: Instant, taken: &mut Taken) {
        self.pace.take(now);
        let place = match self.identify(envelope, world.roster, taken) {
            Ok(place) => place,
            Err(refusal) => {
                taken.close = Some(refusal);
                return self.deny(envelope);
            }
        };
        self.heard = Some(now);
        let Some(transmitter) = self.speaks(place, envelope) else { return };
        if !taken.heard.contains(&transmitter.key) {
            taken.heard.push(transmitter.key.clone());
        }
        let lane = self.lane(&transmitter, world.queued);
        let answer = customs::answer_to(envelope);
        if answer == Answer::Deny {
            taken.told.push(Told::ForeignCommand(envelope.command));
        }
        let verdict = self.judge(&transmitter, envelope, &lane, now, world.limits);
        if verdict == Verdict::UnderWay {
            return taken.told.push(Told::RepeatedEarly);
        }
        if verdict == Verdict::Again {
            taken.told.push(Told::Repeated);
        } else {
            let input = self.input(bytes, &transmitter);
            taken.bytes += input.record_bytes();
            taken.inputs.push(input);
            taken.told.push(Told::Journaled);
        }
        self.answers.owe(envelope, answer, transmitter.digits, self.submitted);
    }

    /// Whether the frame was there before. What is new gets its number.
    fn judge(
        &mut self,
        transmitter: &Transmitter,
        envelope: &Envelope<'_>,
        lane: &Lane,
        now: Instant,
        limits: &GatewayLimits,
    ) -> Verdict {
        if !customs::is_event(envelope) {
            self.submitted += 1;
            return Verdict::New;
        }
        let mut recent = transmitter.memory.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = recent.judge(envelope.serial, envelope.unit, lane, now, limits.duplicate_window);
        if verdict == Verdict::New {
            self.submitted += 1;
            if customs::is_reset(envelope.unit) {
                recent.forget();
            }
            recent.note(envelope.serial, envelope.unit, lane, self.submitted, now);
        }
        verdict
    }

    fn input(&self, payload: &[u8], transmitter: &Transmitter) -> EncodedInput {
        let link = match self.port.settings.transport {
            Transport::Tcp => Link::Gbt26875Tcp,
            Transport::Udp => Link::Gbt26875Udp,
        };
        let DeviceKey { site, name, .. } = &transmitter.key;
        EncodedInput::new(&Input::Frame(Frame {
            site: site.as_str(),
            identity: &self.port.settings.name,
            device: name.as_str(),
            link,
            topic: &self.name,
            payload,
        }))
    }

    /// The place among the bound devices of the one that sent this frame; see `roster.rs`.
    fn identify(&mut self, envelope: &Envelope<'_>, roster: &Roster, taken: &mut Taken) -> Result<usize, Refusal> {
        let source = envelope.source;
        if source == Address::NONE {
            let token = roster::token_of(envelope.unit);
            if let Some(registered) = token.as_ref().and_then(|token| self.listed(roster, source, Some(token))) {
                return self.bind(Arc::clone(registered), source, token, taken);
            }
            if !self.bound.is_empty() {
                return Ok(0);
            }
        } else if let Some(place) = self.bound.iter().position(|bound| bound.source == source) {
            return Ok(place);
        }
        let known = self.listed(roster, source, None).cloned();
        let transmitter = known.or_else(|| self.port.stranger(source, self.peer.ip()));
        self.bind(transmitter.ok_or(Refusal::Unlisted(source))?, source, None, taken)
    }

    /// Who registers is first from then on: what comes without an address is his.
    fn bind(
        &mut self,
        transmitter: Arc<Transmitter>,
        source: Address,
        token: Option<CompactString>,
        taken: &mut Taken,
    ) -> Result<usize, Refusal> {
        let first = token.is_some();
        if let Some(place) = self.bound.iter().position(|bound| bound.transmitter.key == transmitter.key) {
            if first {
                self.bound.swap(0, place);
                return Ok(0);
            }
            return Ok(place);
        }
        if self.bound.len() >= DEVICES_MAX {
            return Err(Refusal::TooManyDevices);
        }
        let (key, listed) = (transmitter.key.clone(), transmitter.is_listed);
        taken.told.push(Told::Bound { key, listed, further: !self.bound.is_empty() });
        let place = if first { 0 } else { self.bound.len() };
        let version = watchfire_wire::gbt26875::OUR_VERSION;
        self.bound.insert(place, Bound { transmitter, source, token, centre: Address::NONE, version });
        Ok(place)
    }

    /// Notes how the device speaks: commands are written in the same way.
    fn speaks(&mut self, place: usize, envelope: &Envelope<'_>) -> Option<Arc<Transmitter>> {
        let bound = self.bound.get_mut(place)?;
        bound.version = envelope.version;
        bound.centre = envelope.destination;
        if envelope.source != Address::NONE {
            bound.source = envelope.source;
        }
        Some(Arc::clone(&bound.transmitter))
    }

    /// The connection's way to the journal begins with its first device.
    fn lane(&mut self, transmitter: &Transmitter, queued: &Arc<Stock>) -> Lane {
        if let Some(lane) = &self.lane {
            return lane.clone();
        }
        let share = &transmitter.memory.share;
        let gate = Gate::new(Arc::clone(share), Arc::clone(queued));
        let lane = Lane { gate, alive: Arc::downgrade(&self.alive) };
        (self.lane, self.share) = (Some(lane.clone()), Some(Arc::clone(share)));
        lane
    }

    fn deny(&mut self, envelope: &Envelope<'_>) {
        let digits = self.bound.first().map_or(Default::default(), |bound| bound.transmitter.digits);
        self.answers.owe(envelope, Answer::Deny, digits, self.submitted);
    }
}
