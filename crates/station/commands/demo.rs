//! `watchfire demo`: everything in one process, with simulated sites whose devices connect to the real port. Among them
//! a care home in which a recorded house fire is played.

use super::author;
use super::outbox::Outbox;
use super::output;
use super::run::{Signals, stop, until_told};
use crate::cli::DemoOptions;
use crate::clock;
use crate::config::{self, Config, dialects, sites, station};
use crate::logging;
use crate::parts::listener::Secrets;
use crate::parts::paths::DataPaths;
use crate::parts::sockets::Sockets;
use crate::parts::station::{Station, StationOptions};
use crate::set_up_store::Points;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use watchfire_console::{DemoLogin, Role, Users};
use watchfire_model::{ChannelKind, UserName};
use watchfire_notify::Channel;
use watchfire_rules::RuleSet;
use watchfire_rules::risk::RiskSettings;
use watchfire_simulator::connections::{self, Target};
use watchfire_simulator::demo::{FIRE_AFTER_S, Play, SITES, cast};
use watchfire_simulator::panel::{self, tower};

const USER: &str = "demo";
const MQTT_PORT: u16 = 1883;
const CONSOLE_PORT: u16 = 8080;
const PANEL_PORT: u16 = 5201;
/// What the demo's sites call the port for fire panels.
const PANEL_LISTENER: &str = "panels";

pub(crate) fn run(options: &DemoOptions) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(error),
    };
    let ended = runtime.block_on(demo(options));
    runtime.shutdown_background();
    ended.unwrap_or_else(output::failed)
}

async fn demo(options: &DemoOptions) -> Result<ExitCode, String> {
    let mut signals = Signals::listen().map_err(|error| error.to_string())?;
    let (mqtt, mqtt_note) = listen(MQTT_PORT).await?;
    let (console, console_note) = listen(CONSOLE_PORT).await?;
    let (panels, panel_note) = free(PANEL_PORT).await?;
    let config = config(&options.data, (address(&mqtt)?, address(&console)?, panels))?;
    let _log = logging::start(&config.station.log);
    let login = login(&DataPaths::new(&options.data).users())?;
    let secret = random_hex(16)?;
    let outbox = options.data.join("outbox");
    let channel = |kind: &ChannelKind| Arc::new(Outbox::new(*kind, &outbox)) as Arc<dyn Channel>;
    let started = Station::start(StationOptions {
        config,
        secrets: Secrets::One(secret.clone()),
        channels: ChannelKind::ALL.iter().map(channel).collect(),
        sockets: Some(Sockets { mqtt, console }),
        demo: Some(DemoLogin { user: login.user.clone(), password: login.password.clone() }),
    });
    let mut station = started.await.map_err(|error| error.to_string())?;
    for note in [mqtt_note, console_note, panel_note].into_iter().flatten() {
        output::say(note);
    }
    greet(&station, &login, &options.data);

    let ended_devices = CancellationToken::new();
    let run = u64::try_from(clock::wall().as_micros()).unwrap_or(0);
    let target = Target { address: station.mqtt, password: secret, run };
    let mut devices = tokio::task::JoinSet::new();
    devices.spawn(connections::play(cast(), target, ended_devices.clone()));
    for (_, address) in &station.panel_ports {
        let target = panel::Target { address: *address, transport: panel::Transport::Tcp };
        devices.spawn(tower::play(target, ended_devices.clone()));
    }
    let ended = until_told(&mut station, &mut signals).await;
    output::say(
        "\nStopping; what was acknowledged is on disk, the next start goes on from here. / 正在停止，下次启动将继续。",
    );
    ended_devices.cancel();
    while devices.join_next().await.is_some() {}
    ended?;
    Ok(stop(station).await)
}

fn config(data: &Path, (mqtt, console, panels): (SocketAddr, SocketAddr, SocketAddr)) -> Result<Config, String> {
    let lines = |problems: Vec<watchfire_settings::Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let text = format!(
        "[mqtt]\nlisten = \"{mqtt}\"\n[console]\nlisten = \"{console}\"\n[log]\nfilter = \"warn\"\n\
         [journal]\nreserve_bytes = 16777216\n[disk]\nfilling_percent = 99\nnearly_full_percent = 100\n\
         [watch]\nprobe_interval_s = 2\n[gbt26875.listeners.{PANEL_LISTENER}]\nlisten = \"{panels}\"\n"
    );
    let mut station = station::parse("demo", &text, Path::new(".")).0.map_err(lines)?;
    station.data_dir = data.to_owned();
    let sites = sites::parse("demo sites", SITES).map_err(lines)?;
    let profiles = config::spoken(&sites, Some(&station.gbt26875), &dialects::built_in());
    Ok(Config {
        station,
        sites,
        rules: RuleSet::built_in(),
        profiles,
        points: Points::default(),
        risk: RiskSettings::built_in(),
    })
}

/// Listens on the usual port, or on a free one with a note that says so. The socket is the one that is used, so nobody
/// can take the port in between.
async fn listen(usual: u16) -> Result<(TcpListener, Option<String>), String> {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if let Ok(listener) = TcpListener::bind(local(usual)).await {
        return Ok((listener, None));
    }
    let listener = TcpListener::bind(local(0)).await.map_err(|error| format!("no free port: {error}"))?;
    let free = address(&listener)?.port();
    let note = format!("Port {usual} is taken; using {free} instead. / 端口{usual}已被占用，改用{free}。");
    Ok((listener, Some(note)))
}

/// The usual port if it is free, else any; with a note that says so.
async fn free(usual: u16) -> Result<(SocketAddr, Option<String>), String> {
    let (listener, note) = listen(usual).await?;
    Ok((address(&listener)?, note))
}

fn address(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| error.to_string())
}

/// The demo's operator; the password is new at each start.
fn login(folder: &Path) -> Result<DemoLogin, String> {
    let users = Users::open(folder).map_err(|error| error.to_string())?.changed_by(author::of_this_process());
    let name = UserName::new(USER).map_err(|error| error.to_string())?;
    let password = format!("demo-{}", random_hex(5)?);
    let known = users.list().iter().any(|(user, _)| *user == name);
    let done = if known { users.set_password(&name, &password) } else { users.add(&name, Role::Operator, &password) };
    done.map_err(|error| error.to_string())?;
    Ok(DemoLogin { user: USER.to_owned(), password })
}

fn greet(station: &Station, login: &DemoLogin, data: &Path) {
    let earliest = (0..5).filter_map(|room| Play::new().photoelectric_alarm_at(room)).fold(f64::INFINITY, f64::min);
    output::say(format_args!(
        "
  watchfire demo / 演示
  Console / 控制台    http://{}     log in as {} / {}
  Devices / 设备      mqtt://{}  (MQTT 3.1.1 and 5)
  Panels / 报警主机   {}  (GB/T 26875.3, TCP)
  Data / 数据         {}

  In {FIRE_AFTER_S} s a real house fire (NIST test SDC33, a burning chair) is played through the care home's second floor.
  The photoelectric alarm in its lounge sounded {:.0} s after this start; watch what is known before.
  {FIRE_AFTER_S}秒后，敬老院二楼将回放一次真实住宅火灾的记录（NIST SDC33，沙发椅燃烧）。
  活动室的光电感烟报警器在启动后{:.0}秒才报警，请看在此之前已经知道了什么。
  Messages to the duty officer appear below. Ctrl-C ends the demo. / 发给值班员的消息显示在下方，按 Ctrl-C 结束。
",
        station.console,
        login.user,
        login.password,
        station.mqtt,
        station.panel_ports.first().map(|(_, address)| address.to_string()).unwrap_or_default(),
        data.display(),
        earliest,
        earliest,
    ));
}

fn random_hex(bytes: usize) -> Result<String, String> {
    let mut random = vec![0u8; bytes];
    getrandom::fill(&mut random).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
