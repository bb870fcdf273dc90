//! `watchfire demo`: everything in one process, with simulated sites whose devices connect to the real port. Among them
//! a care home in which a recorded house fire is played.

use super::outbox::Outbox;
use super::output;
use super::run::{Signals, stop, until_told};
use crate::cli::DemoOptions;
use crate::clock;
use crate::config::{Config, sites, station};
use crate::logging;
use crate::parts::listener::Secrets;
use crate::parts::paths::DataPaths;
use crate::parts::station::{Station, StationOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use watchfire_console::{DemoLogin, Role, Users};
use watchfire_model::{ChannelKind, UserName};
use watchfire_notify::Channel;
use watchfire_rules::RuleSet;
use watchfire_simulator::connections::{self, Target};
use watchfire_simulator::demo::{FIRE_AFTER_S, Play, SITES, cast};

const USER: &str = "demo";
const MQTT_PORT: u16 = 1883;
const CONSOLE_PORT: u16 = 8080;

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
    let (mqtt, mqtt_note) = port(MQTT_PORT)?;
    let (console, console_note) = port(CONSOLE_PORT)?;
    let config = config(&options.data, mqtt, console)?;
    let _log = logging::start(&config.station.log);
    let login = login(&DataPaths::new(&options.data).users())?;
    let secret = random_hex(16)?;
    let outbox = options.data.join("outbox");
    let channel = |kind: &ChannelKind| Arc::new(Outbox::new(*kind, &outbox)) as Arc<dyn Channel>;
    let started = Station::start(StationOptions {
        config,
        secrets: Secrets::One(secret.clone()),
        channels: ChannelKind::ALL.iter().map(channel).collect(),
        demo: Some(DemoLogin { user: login.user.clone(), password: login.password.clone() }),
    });
    let mut station = started.await.map_err(|error| error.to_string())?;
    for note in [mqtt_note, console_note].into_iter().flatten() {
        output::say(note);
    }
    greet(&station, &login, &options.data);

    let ended_devices = CancellationToken::new();
    let run = u64::try_from(clock::wall().as_micros()).unwrap_or(0);
    let target = Target { address: station.mqtt, password: secret, run };
    let mut devices = tokio::task::JoinSet::new();
    devices.spawn(connections::play(cast(), target, ended_devices.clone()));
    let ended = until_told(&mut station, &mut signals).await;
    output::say(
        "\nStopping; what was acknowledged is on disk, the next start goes on from here. / 正在停止，下次启动将继续。",
    );
    ended_devices.cancel();
    while devices.join_next().await.is_some() {}
    ended?;
    Ok(stop(station).await)
}

fn config(data: &Path, mqtt: SocketAddr, console: SocketAddr) -> Result<Config, String> {
    let lines = |problems: Vec<watchfire_settings::Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let text = format!(
        "[mqtt]\nlisten = \"{mqtt}\"\n[console]\nlisten = \"{console}\"\n[log]\nfilter = \"warn\"\n\
         [journal]\nreserve_bytes = 16777216\n[watch]\nprobe_interval_s = 2\n"
    );
    let mut station = station::parse("demo", &text, Path::new(".")).0.map_err(lines)?;
    station.data_dir = data.to_owned();
    let sites = sites::parse("demo sites", SITES).map_err(lines)?;
    Ok(Config { station, sites, rules: RuleSet::built_in() })
}

/// The usual port, or a free one with a note that says so.
fn port(usual: u16) -> Result<(SocketAddr, Option<String>), String> {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if TcpListener::bind(local(usual)).is_ok() {
        return Ok((local(usual), None));
    }
    let free = TcpListener::bind(local(0)).and_then(|listener| listener.local_addr());
    let free = free.map_err(|error| format!("no free port: {error}"))?;
    let note =
        format!("Port {usual} is taken; using {} instead. / 端口{usual}已被占用，改用{}。", free.port(), free.port());
    Ok((free, Some(note)))
}

/// The demo's operator; the password is new at each start.
fn login(folder: &Path) -> Result<DemoLogin, String> {
    let users = Users::open(folder).map_err(|error| error.to_string())?;
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
