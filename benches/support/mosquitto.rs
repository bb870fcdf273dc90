//! The peer: mosquitto without persistence, which acknowledges from memory.

use crate::support::place::{Place, free_address};
use crate::support::process::Process;
use crate::support::{Fault, machine};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const START_MAX: Duration = Duration::from_secs(10);

/// A running mosquitto.
pub(crate) struct Mosquitto {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    _place: Place,
}

impl Mosquitto {
    /// Starts it on a free port.
    pub(crate) fn start(parent: &Path) -> Result<Mosquitto, Fault> {
        let program = program().ok_or("mosquitto is not installed: apt-get install mosquitto")?;
        let place = Place::new(parent)?;
        let address = free_address()?;
        // Started as root it would become another user, and no longer end with the bench.
        let text = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest none\nuser root\nmax_inflight_messages 0\nmax_queued_messages 0\n",
            address.port()
        );
        let config = place.file("mosquitto.conf");
        std::fs::write(&config, text)?;
        let args = ["-c".to_owned(), config.display().to_string()];
        let mut process = Process::start(&program, &args, &place.log())?;
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if process.has_ended() || begun.elapsed() > START_MAX {
                return Err(format!("mosquitto did not start: {}", place.log_end()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Mosquitto { process, address, _place: place })
    }
}

/// Its version.
pub(crate) fn version() -> String {
    let said = program().and_then(|program| machine::output(&program.display().to_string(), &["-h"]));
    said.unwrap_or_else(|| "mosquitto: not installed".to_owned())
}

fn program() -> Option<PathBuf> {
    let places = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"];
    places.iter().map(PathBuf::from).find(|place| place.exists())
}
