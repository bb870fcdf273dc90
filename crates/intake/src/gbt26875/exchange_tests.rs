//! The exchange without sockets: tables, and random streams against what must always hold.

use crate::clock;
use crate::gate::Ticket;
use crate::gbt26875::downlink::Downlink;
use crate::gbt26875::exchange::{Exchange, Refusal, Taken, Told, World};
use crate::gbt26875::roster::{Port, Roster};
use crate::gbt26875::settings::{GatewayLimits, ListenerSettings, TransmitterSettings, Transport, Unlisted};
use crate::share::Stock;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use watchfire_model::encoding::decode_entry;
use watchfire_model::{DeviceKey, DeviceName, Input, Seq, SiteId, Source, Timestamp};
use watchfire_wire::gbt26875::{Address, Command, Digits, Envelope, OUR_VERSION, TimeLabel};

/// 2026-03-15T08:30:20+08:00.
const WALL: Timestamp = Timestamp::from_seconds(1_773_534_620);

struct Bench {
    exchange: Exchange,
    roster: Arc<Roster>,
    limits: GatewayLimits,
    queued: Arc<Stock>,
    now: Instant,
    issued: u64,
}

/// The allow-list: device 7 with binary times, device 8 in BCD, `east` without an address at this port.
fn listed() -> Vec<TransmitterSettings> {
    let device = |name: &str, address: u64, digits| TransmitterSettings {
        site: SiteId::new("tower").unwrap(),
        device: DeviceName::new(name).unwrap(),
        address: Address::new(address).unwrap(),
        listener: (address == 0).then(|| "a".into()),
        token: None,
        digits,
    };
    vec![device("7", 7, Digits::Binary), device("8", 8, Digits::Bcd), device("east", 0, Digits::Binary)]
}

fn bench(transport: Transport, limits: GatewayLimits, listed: &[TransmitterSettings], unlisted: Unlisted) -> Bench {
    let port = Arc::new(Port::new(ListenerSettings {
        name: "a".into(),
        addr: "127.0.0.1:0".parse().unwrap(),
        transport,
        insecure: false,
        site: Some(SiteId::new("tower").unwrap()),
        unlisted,
    }));
    let now = clock::now();
    Bench {
        exchange: Exchange::new(&port, "10.0.0.7:999".parse().unwrap(), &limits, now),
        roster: Arc::new(Roster::new(listed, &Roster::default())),
        limits,
        queued: Arc::default(),
        now,
        issued: 0,
    }
}

fn usual() -> Bench {
    bench(Transport::Tcp, GatewayLimits::default(), &listed(), Unlisted::Refuse)
}

impl Bench {
    fn take(&mut self) -> Taken {
        let world = World { roster: &self.roster, limits: &self.limits, queued: &self.queued };
        self.exchange.take(world, self.now)
    }

    fn hear(&mut self, bytes: &[u8]) -> Taken {
        self.exchange.feed(bytes);
        self.take()
    }

    /// Makes so many more submissions durable, and gives what is then written.
    fn settle(&mut self, count: u64) -> Vec<Said> {
        for _ in 0..count {
            let Some(gate) = self.exchange.gate().filter(|_| self.issued < self.exchange.submitted()) else { break };
            self.issued += 1;
            Ticket::new(gate, self.issued, 0, true).durable(Seq(self.issued));
        }
        let issued = self.issued;
        said(&self.exchange.durable(issued, WALL))
    }
}

/// Command, serial number, unit of a frame of ours.
type Said = (u8, u16, Vec<u8>);

fn said(frames: &[Vec<u8>]) -> Vec<Said> {
    let read = |frame: &Vec<u8>| {
        let envelope = Envelope::read(frame).unwrap();
        (envelope.command.0, envelope.serial, envelope.unit.to_vec())
    };
    frames.iter().map(read).collect()
}

fn frame(source: u64, serial: u16, command: u8, unit: &[u8]) -> Vec<u8> {
    let envelope = Envelope {
        serial,
        version: OUR_VERSION,
        sent: TimeLabel::UNKNOWN,
        source: Address::new(source).unwrap(),
        destination: Address::new(1).unwrap(),
        command: Command(command),
        unit,
    };
    envelope.write().unwrap()
}

/// Device and payload of what goes to the journal.
fn journaled(taken: &mut Taken) -> Vec<(String, Vec<u8>)> {
    let read = |input: &mut watchfire_model::EncodedInput| {
        let record = input.stamp(WALL).to_vec();
        let Input::Frame(frame) = decode_entry(Seq(1), &record).unwrap().input else { panic!() };
        assert_eq!((frame.site, frame.identity, frame.topic), ("tower", "a", "a/10.0.0.7:999"));
        (frame.device.to_owned(), frame.payload.to_vec())
    };
    taken.inputs.iter_mut().map(read).collect()
}

#[test]
fn nothing_is_confirmed_before_it_is_durable_and_answers_keep_their_order() {
    let mut bench = usual();
    let mut broken = frame(7, 3, 2, &[2, 1]);
    broken[20] ^= 1;
    let glued =
        [frame(7, 1, 2, &[]), frame(7, 2, 2, &[0x16]), broken, frame(7, 4, 7, &[]), frame(7, 5, 3, &[])].concat();
    let mut taken = bench.hear(&glued);
    let devices: Vec<String> = journaled(&mut taken).into_iter().map(|(device, _)| device).collect();
    assert_eq!(devices, ["7", "7", "7", "7"]);
    assert_eq!(bench.exchange.due(WALL), Vec::<Vec<u8>>::new());
    assert_eq!(bench.settle(1), [(3, 1, vec![])]);
    assert_eq!(bench.settle(1), [(3, 2, vec![0x17]), (6, 3, vec![])]);
    assert_eq!(bench.settle(9), [(3, 4, vec![])], "a device's CONFIRM is journaled and not answered");
}

#[test]
fn an_answer_has_the_frames_serial_version_and_swapped_addresses_and_the_time_of_now() {
    let mut bench = usual();
    bench.hear(&frame(8, 9, 2, &[]));
    bench.settle(0);
    let gate = Arc::clone(bench.exchange.gate().unwrap());
    Ticket::new(&gate, 1, 0, true).durable(Seq(1));
    let frames = bench.exchange.durable(1, WALL);
    let answer = Envelope::read(&frames[0]).unwrap();
    assert_eq!((answer.source.get(), answer.destination.get(), answer.version), (1, 8, OUR_VERSION));
    assert_eq!(answer.sent.0, [0x20, 0x30, 0x08, 0x15, 0x03, 0x26], "device 8 reads BCD");
}

#[test]
fn a_repetition_is_confirmed_again_and_journaled_once() {
    let mut bench = usual();
    let fire = frame(7, 1, 2, &[2, 1, 1]);
    assert_eq!(bench.hear(&fire).inputs.len(), 1);
    let early = bench.hear(&fire);
    assert_eq!((early.inputs.len(), early.told), (0, vec![Told::Repeated]));
    assert_eq!(bench.settle(0), []);
    assert_eq!(bench.settle(1), [(3, 1, vec![]), (3, 1, vec![])]);
    let mut later_label = fire.clone();
    // Another time of sending: the sum is corrected with it.
    later_label[6] += 5;
    let sum = later_label.len() - 3;
    later_label[sum] = later_label[sum].wrapping_add(5);
    bench.now += Duration::from_secs(40);
    assert_eq!(bench.hear(&later_label).inputs.len(), 0);
    assert_eq!(bench.settle(0), [(3, 1, vec![])]);
    assert_eq!(bench.hear(&frame(7, 2, 2, &[2, 1, 1])).inputs.len(), 1, "another serial number");
    assert_eq!(bench.hear(&frame(8, 1, 2, &[2, 1, 1])).inputs.len(), 1, "another device");
    let heartbeat = frame(7, 3, 2, &[]);
    assert_eq!(bench.hear(&[&heartbeat[..], &heartbeat].concat()).inputs.len(), 2, "each is a sign of life");
}

#[test]
fn who_is_not_in_the_list_is_denied_or_taken_as_the_port_says() {
    let mut bench = usual();
    let taken = bench.hear(&frame(99, 4, 2, &[2, 1]));
    assert_eq!((taken.inputs.len(), taken.close), (0, Some(Refusal::Unlisted(Address::new(99).unwrap()))));
    assert_eq!(said(&bench.exchange.due(WALL)), [(6, 4, vec![])]);
    let mut open = self::bench(Transport::Tcp, GatewayLimits::default(), &[], Unlisted::Accept);
    let mut taken = open.hear(&[frame(99, 4, 2, &[2, 1]), frame(0, 5, 2, &[2, 1])].concat());
    let devices: Vec<String> = journaled(&mut taken).into_iter().map(|(device, _)| device).collect();
    assert_eq!(devices, ["99", "99"], "without an address it is the connection's device");
    let mut open = self::bench(Transport::Tcp, GatewayLimits::default(), &[], Unlisted::Accept);
    assert_eq!(journaled(&mut open.hear(&frame(0, 5, 2, &[2, 1])))[0].0, "10.0.0.7");
}

#[test]
fn without_an_address_it_is_the_ports_device_and_another_list_finds_it_anew() {
    let mut bench = usual();
    assert_eq!(journaled(&mut bench.hear(&frame(0, 1, 2, &[])))[0].0, "east");
    bench.roster = Arc::new(Roster::new(&listed()[..2], &bench.roster));
    let taken = bench.hear(&frame(0, 2, 2, &[]));
    assert!(matches!(taken.told[..], [Told::Unbound(_)]));
    assert_eq!(taken.close, Some(Refusal::Unlisted(Address::NONE)));
}

#[test]
fn what_no_device_may_order_is_kept_and_denied() {
    let mut bench = usual();
    for (serial, command) in (1..).zip([1, 4, 8, 127]) {
        assert_eq!(bench.hear(&frame(7, serial, command, &[90, 1])).inputs.len(), 1);
        assert_eq!(bench.settle(1), [(6, serial, vec![])]);
    }
    bench.hear(&frame(7, 9, 128, &[0xcc, 5, 1]));
    assert_eq!(bench.settle(1), [(3, 9, vec![])]);
}

#[test]
fn too_long_and_without_an_end_are_denied_once() {
    let mut bench = usual();
    let mut long = frame(7, 1, 2, &[7; 1024]);
    long[24..26].copy_from_slice(&1025_u16.to_le_bytes());
    let mut open = frame(7, 2, 2, &[2, 1]);
    let end = open.len() - 2;
    open[end..].copy_from_slice(&[0x35, 0x35]);
    let taken = bench.hear(&[long, frame(7, 5, 2, &[]), open, frame(7, 6, 2, &[])].concat());
    let misframed: Vec<&Told> = taken.told.iter().filter(|told| matches!(told, Told::Misframed(_))).collect();
    assert_eq!(misframed, [&Told::Misframed(1), &Told::Misframed(2)]);
    assert_eq!(bench.settle(9), [(6, 1, vec![]), (3, 5, vec![]), (6, 2, vec![]), (3, 6, vec![])]);
}

#[test]
fn a_fire_after_a_reset_is_no_repetition_of_the_one_before_it() {
    let mut bench = usual();
    // A device without a clock, which begins to count anew.
    let fire = frame(7, 0, 2, &[1, 1, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0]);
    let reset = frame(7, 1, 2, &[4, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    let journaled = [&fire, &fire, &reset, &reset, &fire, &fire].map(|frame| bench.hear(frame).inputs.len());
    assert_eq!(journaled, [1, 0, 1, 0, 1, 0]);
    assert_eq!(bench.settle(9).len(), 6, "each is confirmed");
}

#[test]
fn what_does_not_end_behind_a_damaged_frame_is_denied_too() {
    let mut bench = usual();
    let (mut damaged, mut open) = (frame(7, 1, 2, &[2, 1]), frame(7, 2, 2, &[2, 1]));
    damaged[28] ^= 4;
    let end = open.len() - 1;
    open[end] = 0;
    bench.hear(&[damaged, open, frame(7, 3, 2, &[])].concat());
    assert_eq!(bench.settle(9), [(6, 1, vec![]), (6, 2, vec![]), (3, 3, vec![])]);
}

#[test]
fn a_command_speaks_as_the_device_does() {
    let mut bench = usual();
    let mut heartbeat = Envelope::read(&frame(8, 9, 2, &[])).unwrap().write().unwrap();
    heartbeat[5] = 0x5d;
    heartbeat[27] = heartbeat[27].wrapping_add(0x5c);
    bench.hear(&heartbeat);
    let to = DeviceKey {
        site: SiteId::new("tower").unwrap(),
        source: Source::Gbt26875,
        name: DeviceName::new("8").unwrap(),
    };
    let command = Downlink { to, serial: 300, command: Command::CONTROL, unit: vec![91, 1, 5] };
    let frame = bench.exchange.command(&command, WALL).unwrap();
    let sent = Envelope::read(&frame).unwrap();
    assert_eq!((sent.serial, sent.command, sent.unit), (300, Command::CONTROL, &[91, 1, 5][..]));
    assert_eq!((sent.source.get(), sent.destination.get(), sent.version.user), (1, 8, 0x5d));
    assert_eq!(sent.sent.0[0], 0x20);
}

#[test]
fn a_slow_or_endless_frame_is_given_up_and_rubbish_closes() {
    let mut bench = usual();
    let whole = frame(7, 1, 2, &[2, 1, 9]);
    bench.hear(&whole[..20]);
    assert_eq!(bench.exchange.unfinished_since(), Some(bench.now));
    bench.now += Duration::from_secs(10);
    bench.exchange.give_up();
    assert_eq!(bench.hear(&frame(7, 2, 2, &[])).inputs.len(), 1);
    assert_eq!(bench.exchange.unfinished_since(), None);
    let taken = bench.hear(&[0x55; 8 * 1024 + 1]);
    assert_eq!(taken.close, Some(Refusal::Unframed));
}

#[test]
fn a_fire_behind_half_a_frame_is_uncovered() {
    let mut bench = usual();
    let fire = frame(7, 2, 2, &[2, 1, 9]);
    // Cut where what follows is read as the length: 0x0101.
    assert_eq!(bench.hear(&frame(7, 1, 2, &[])[..20]).inputs.len(), 0);
    assert_eq!(bench.hear(&fire[..fire.len() - 1]).inputs.len(), 0);
    assert!(!bench.exchange.uncover(), "it is not whole");
    assert_eq!(bench.hear(&fire[fire.len() - 1..]).inputs.len(), 0);
    assert!(bench.exchange.uncover());
    assert_eq!(bench.exchange.unfinished_since(), None);
    assert_eq!(bench.take().inputs.len(), 1);
}

#[test]
fn what_is_cut_off_in_one_datagram_does_not_reach_into_the_next() {
    let mut bench = bench(Transport::Udp, GatewayLimits::default(), &listed(), Unlisted::Refuse);
    let whole = frame(7, 1, 2, &[2, 1, 9]);
    assert_eq!(bench.hear(&whole[..30]).inputs.len(), 0);
    assert_eq!(bench.hear(&[whole.clone(), frame(7, 2, 2, &[])].concat()).inputs.len(), 2);
    let hidden = [&whole[..28], &frame(7, 3, 2, &[])].concat();
    assert_eq!(bench.hear(&hidden).inputs.len(), 1, "what looked like a longer frame hides none");
}

#[test]
fn too_fast_is_read_more_slowly_and_nothing_is_lost() {
    let limits = GatewayLimits { frames_per_s: 10, frames_burst: 3, ..GatewayLimits::default() };
    let mut bench = bench(Transport::Tcp, limits, &listed(), Unlisted::Refuse);
    let many: Vec<u8> = (0..9).flat_map(|serial| frame(7, serial, 2, &[])).collect();
    let mut count = bench.hear(&many).inputs.len();
    assert_eq!(count, 3);
    while count < 9 {
        assert!(!bench.exchange.has_more(bench.now));
        bench.now = bench.exchange.paused_until(bench.now).unwrap();
        count += bench.take().inputs.len();
    }
    assert_eq!(bench.now.duration_since(clock::now()).as_millis().div_ceil(100), 6);
}

/// One thing that happens on a connection.
#[derive(Clone, Debug)]
enum Happens {
    Frame { source: u64, serial: u16, command: u8, unit: Vec<u8> },
    Damaged { serial: u16 },
    Garbage(Vec<u8>),
    Durable(u64),
    Passes(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    let command = prop_oneof![8 => Just(2u8), 1 => any::<u8>()];
    let unit = prop_oneof![Just(vec![]), Just(vec![0x16]), prop::collection::vec(any::<u8>(), 0..40)];
    let framed = (7u64..9, 0u16..4, command, unit);
    prop_oneof![
        8 => framed.prop_map(|(source, serial, command, unit)| Happens::Frame { source, serial, command, unit }),
        1 => (0u16..4).prop_map(|serial| Happens::Damaged { serial }),
        1 => prop::collection::vec(any::<u8>().prop_filter("no mark", |byte| *byte != 0x40), 1..60).prop_map(Happens::Garbage),
        3 => (1u64..5).prop_map(Happens::Durable),
        1 => (1u64..70).prop_map(Happens::Passes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// However the stream is cut: every sound frame is journaled, or repeats one that was within the window; every frame
    /// is answered as its command asks, in order, and none before it and all before it are durable.
    #[test]
    fn every_frame_is_journaled_or_repeats_and_is_answered_in_order_when_durable(
        events in prop::collection::vec(happens(), 1..60),
        cuts in prop::collection::vec(1usize..50, 1..20),
    ) {
        let mut bench = usual();
        let mut expected: Vec<(u64, u8, u16)> = Vec::new();
        let (mut answered, mut journal) = (Vec::new(), Vec::new());
        let mut last: BTreeMap<(u64, u16), (Vec<u8>, Instant)> = BTreeMap::new();
        let mut expected_journal = Vec::new();
        let mut cuts = cuts.iter().cycle();
        for event in events {
            let bytes = match event {
                Happens::Durable(count) => {
                    answered.extend(bench.settle(count));
                    let durable = bench.issued;
                    let due = expected.iter().take_while(|(number, ..)| *number <= durable).count();
                    prop_assert_eq!(answered.len(), due);
                    continue;
                }
                Happens::Passes(seconds) => {
                    bench.now += Duration::from_secs(seconds);
                    continue;
                }
                Happens::Garbage(bytes) => bytes,
                Happens::Damaged { serial } => {
                    let mut bytes = frame(7, serial, 2, &[]);
                    bytes[27] ^= 0x80;
                    expected.push((expected_journal.len() as u64, 6, serial));
                    bytes
                }
                Happens::Frame { source, serial, command, unit } => {
                    let bytes = frame(source, serial, command, &unit);
                    let is_event = matches!(command, 2 | 128..) && unit.len() > 1 && ![21, 25, 28].contains(&unit[0]);
                    let repeats = last.get(&(source, serial)).is_some_and(|(before, at)| {
                        *before == unit && bench.now.duration_since(*at) <= Duration::from_secs(60)
                    });
                    if !(is_event && repeats) {
                        expected_journal.push(bytes.clone());
                        if is_event {
                            last.insert((source, serial), (unit, bench.now));
                        }
                    }
                    let number = expected_journal.len() as u64;
                    match command {
                        3 | 5 | 6 => {}
                        1 | 4 | 8..=127 => expected.push((number, 6, serial)),
                        _ => expected.push((number, 3, serial)),
                    }
                    bytes
                }
            };
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                rest = after;
                let mut taken = bench.hear(piece);
                prop_assert_eq!(taken.close, None);
                journal.extend(journaled(&mut taken).into_iter().map(|(_, payload)| payload));
            }
        }
        answered.extend(bench.settle(1_000));
        prop_assert_eq!(&journal, &expected_journal);
        let expected: Vec<(u8, u16)> = expected.into_iter().map(|(_, command, serial)| (command, serial)).collect();
        let answered: Vec<(u8, u16)> = answered.into_iter().map(|(command, serial, _)| (command, serial)).collect();
        prop_assert_eq!(answered, expected);
        prop_assert_eq!(bench.exchange.under_way(), 0);
    }

    /// Any bytes at all, in any pieces, over either transport.
    #[test]
    fn no_bytes_are_a_danger(
        pieces in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0x40u8), Just(0x23), any::<u8>()], 0..300), 1..20),
        datagrams in any::<bool>(),
    ) {
        let transport = if datagrams { Transport::Udp } else { Transport::Tcp };
        let mut bench = bench(transport, GatewayLimits::default(), &[], Unlisted::Accept);
        let mut serials = BTreeSet::new();
        for piece in pieces {
            let taken = bench.hear(&piece);
            serials.insert(taken.inputs.len());
            bench.settle(2);
            if !bench.exchange.uncover() {
                bench.exchange.give_up();
            }
        }
    }
}

#[test]
fn the_fuzz_targets_way_in_counts_as_it_should() {
    let frames = [frame(7, 1, 2, &[]), frame(7, 2, 5, &[21, 1, 1]), frame(7, 3, 9, &[])].concat();
    assert_eq!(crate::gbt26875::exchange_all(&frames, false), [3, 2]);
    assert_eq!(crate::gbt26875::exchange_all(&frames[..30], true), [1, 1]);
    assert_eq!(crate::gbt26875::exchange_all(&[0x40; 3_000], false), [0, 1], "denied once, however long it goes on");
}
