//! QoS 1 publishes acknowledged durable by intake and journal alone, against mosquitto, which acknowledges from memory;
//! and against a server that does nothing, to see whether the load generator is the limit.

use crate::support::Fault;
use crate::support::children::{IntakeAlone, Listening};
use crate::support::load::{Load, Loaded};
use crate::support::mosquitto::Mosquitto;
use crate::support::options::Options;
use crate::support::place::Place;
use crate::support::process::Process;
use crate::support::samples::{median, spread, thousands};
use crate::support::site_plan::SECRET;
use crate::support::table::Row;

const BAR: f64 = 2.0;

/// One side's runs.
#[derive(Default)]
struct Side {
    rates: Vec<f64>,
    /// Cores that the server used, and the generator.
    server_cores: Vec<f64>,
    generator_cores: Vec<f64>,
}

impl Side {
    fn run(&mut self, load: &Load, server: &Process, place: &Place) -> Result<(), Fault> {
        let before = server.cpu_s();
        let loaded: Loaded = load.run(&place.log())?;
        self.rates.push(loaded.per_second);
        self.server_cores.push((server.cpu_s() - before) / loaded.seconds);
        self.generator_cores.push(loaded.cpu_s / loaded.seconds);
        Ok(())
    }

    fn cores(&self) -> String {
        format!("server {:.2} cores, generator {:.2}", median(&self.server_cores), median(&self.generator_cores))
    }
}

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let (rounds, seconds) = (options.either(7, 3), options.either(6.0, 3.0));
    let place = Place::new(&options.dir)?;
    let mosquitto = Mosquitto::start(&options.dir)?;
    let mut null = Process::start_child("null-server", &(), &place.log())?;
    let null_address = null.line::<Listening>()?.address;
    let clients = Load::standard(null_address, seconds).connections;
    let ours = IntakeAlone { journal: place.file("journal"), gateways: clients };
    let mut intake = Process::start_child("intake-alone", &ours, &place.log())?;
    let intake_address = intake.line::<Listening>()?.address;

    let anonymous = |address| Load::standard(address, seconds);
    let own_identities = Load {
        users: (0..clients).map(|gateway| format!("load/gw{gateway}")).collect(),
        password: SECRET.to_owned(),
        ..Load::standard(intake_address, seconds)
    };
    let one_identity = Load { users: vec!["load/gw0".to_owned()], ..own_identities.clone() };
    let [mut many, mut one, mut peer, mut ceiling] = std::array::from_fn(|_| Side::default());
    for _ in 0..rounds {
        peer.run(&anonymous(mosquitto.address), &mosquitto.process, &place)?;
        many.run(&own_identities, &intake, &place)?;
        one.run(&one_identity, &intake, &place)?;
        ceiling.run(&anonymous(null_address), &null, &place)?;
    }
    let (rate, peer_rate) = (median(&many.rates), median(&peer.rates));
    Ok(vec![Row {
        figure: "QoS 1 publishes acknowledged durable, 100 clients × 10 in flight × 120 B: intake and journal alone"
            .into(),
        bar: format!("≥ {BAR} × mosquitto without persistence"),
        measured: format!("{}/s, mosquitto {}/s", thousands(rate), thousands(peer_rate)),
        ratio: format!("{:.2} ×", rate / peer_rate),
        met: Some(rate / peer_rate >= BAR),
        notes: vec![
            format!(
                "medians of {rounds} alternating runs of {seconds} s; ours {}/s, mosquitto {}/s",
                spread(&many.rates, 0),
                spread(&peer.rates, 0)
            ),
            format!("ours, each client an identity of its own: {}; mosquitto: {}", many.cores(), peer.cores()),
            format!(
                "ours, all clients one identity: {}/s ({:.2} ×); {}",
                thousands(median(&one.rates)),
                median(&one.rates) / peer_rate,
                one.cores()
            ),
            format!(
                "the generator against a server that only acknowledges: {}/s; {}",
                thousands(median(&ceiling.rates)),
                ceiling.cores()
            ),
        ],
    }])
}
