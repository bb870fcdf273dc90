//! The sockets on which a station listens.

use crate::config::StationConfig;
use crate::parts::start_error::StartError;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Where devices and browsers connect.
pub(crate) struct Sockets {
    /// For devices.
    pub(crate) mqtt: TcpListener,
    /// For browsers.
    pub(crate) console: TcpListener,
}

impl Sockets {
    /// Opens those of the configuration.
    pub(crate) async fn bind(config: &StationConfig) -> Result<Sockets, StartError> {
        Ok(Sockets {
            mqtt: bind(config.mqtt.listen, "listen for devices").await?,
            console: bind(config.console.listen, "listen for browsers").await?,
        })
    }
}

async fn bind(address: SocketAddr, doing: &'static str) -> Result<TcpListener, StartError> {
    let failed_at = |error: std::io::Error| StartError { doing, why: format!("{address}: {error}") };
    TcpListener::bind(address).await.map_err(failed_at)
}
