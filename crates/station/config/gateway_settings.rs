//! What the configuration says of fire panels, as the gateway takes it.

use super::gateway::{GatewayConfig, TransportConfig, UnlistedConfig};
use std::time::Duration;
use watchfire_intake::gbt26875::{
    GatewayLimits, GatewaySettings, ListenerSettings, TransmitterSettings, Transport, Unlisted,
};
use watchfire_model::{Sites, TransmissionDevice};
use watchfire_wire::Profiles;
use watchfire_wire::gbt26875::{Address, Dialect, Digits};

/// The ports, the devices of all sites, and the limits.
pub(crate) fn gateway_settings(config: &GatewayConfig, sites: &Sites, profiles: &Profiles) -> GatewaySettings {
    let listeners = config.listeners.iter().map(|(name, listener)| ListenerSettings {
        name: name.clone(),
        addr: listener.listen,
        transport: match listener.transport {
            TransportConfig::Tcp => Transport::Tcp,
            TransportConfig::Udp => Transport::Udp,
        },
        insecure: listener.insecure,
        site: listener.site.clone(),
        unlisted: match listener.unlisted {
            UnlistedConfig::Refuse => Unlisted::Refuse,
            UnlistedConfig::Accept => Unlisted::Accept,
        },
    });
    let transmitters = sites.sites.iter().flat_map(|(site, details)| {
        details.transmission_devices.iter().map(|device| TransmitterSettings {
            site: site.clone(),
            device: device.name.clone(),
            address: Address::new(device.address).unwrap_or(Address::NONE),
            listener: device.listener.clone(),
            token: device.token.clone(),
            digits: digits(site.as_str(), device, profiles),
        })
    });
    GatewaySettings { listeners: listeners.collect(), transmitters: transmitters.collect(), limits: limits(config) }
}

/// How the device writes times: as its own dialect, or that of its listener, has it.
fn digits(site: &str, device: &TransmissionDevice, profiles: &Profiles) -> Digits {
    let spoken = profiles.gbt26875.spoken_by.get(site);
    let by = [Some(device.name.as_str()), device.listener.as_deref()];
    let name = by.into_iter().flatten().find_map(|speaker| spoken?.get(speaker));
    name.and_then(|name| profiles.gbt26875.dialects.get(name)).unwrap_or(Dialect::standard()).time
}

fn limits(config: &GatewayConfig) -> GatewayLimits {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let rate = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    GatewayLimits {
        connections_max: count(config.connections_max),
        connections_per_address_max: count(config.connections_per_address_max),
        connects_per_address_per_s: rate(config.connects_per_address_per_s),
        // As many as may be there at all: after a cut of the line all come back at once.
        connects_per_address_burst: rate(config.connections_per_address_max),
        first_frame_timeout: Duration::from_secs(config.first_frame_timeout_s),
        frame_timeout: Duration::from_secs(config.frame_timeout_s),
        idle_max: Duration::from_secs(config.idle_max_s),
        unframed_bytes_max: count(config.unframed_bytes_max),
        frames_per_s: rate(config.frames_per_s),
        frames_burst: rate(config.frames_burst),
        unacked_max: u16::try_from(config.unacknowledged_max).unwrap_or(u16::MAX),
        device_unacked_max: count(config.device_unacknowledged_max),
        device_unacked_bytes_max: count(config.device_unacknowledged_bytes_max),
        queue_bytes_max: count(config.queue_bytes_max),
        duplicate_window: Duration::from_secs(config.duplicate_window_s),
        write_timeout: Duration::from_secs(config.write_timeout_s),
        datagrams_waiting_max: count(config.datagrams_waiting_max),
        ..GatewayLimits::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{dialects, sites, spoken, station};
    use std::path::Path;

    #[test]
    fn the_configurations_defaults_are_the_gateways() {
        let config = station::parse("w.toml", "", Path::new(".")).0.unwrap().gbt26875;
        assert_eq!(gateway_settings(&config, &Sites::default(), &Profiles::default()), GatewaySettings::default());
    }

    #[test]
    fn listeners_and_devices_reach_the_gateway_with_their_way_of_writing_times() {
        let text = "[gbt26875.listeners.a]\nlisten = \"127.0.0.1:0\"\ntransport = \"udp\"\ndialect = \"dahua\"\n";
        let config = station::parse("w.toml", text, Path::new(".")).0.unwrap().gbt26875;
        let text = "\
[sites.tower]
name = { en = \"Tower\", zh = \"塔楼\" }
[sites.tower.transmission_devices.one]
address = 889
[sites.tower.transmission_devices.two]
listener = \"a\"
[sites.tower.transmission_devices.three]
address = 890
dialect = \"dahua\"
";
        let sites = sites::parse("s.toml", text).unwrap();
        let profiles = spoken(&sites, Some(&config), &dialects::built_in());
        assert_eq!(profiles.gbt26875.dialects.len(), 1, "only what is spoken");
        let settings = gateway_settings(&config, &sites, &profiles);
        assert_eq!(settings.problems(), []);
        let told: Vec<(&str, Digits)> =
            settings.transmitters.iter().map(|device| (device.device.as_str(), device.digits)).collect();
        assert_eq!(told, [("889", Digits::Binary), ("890", Digits::Bcd), ("two", Digits::Bcd)]);
        assert_eq!(settings.listeners[0].transport, Transport::Udp);
        let names: Vec<&str> = sites.sites["tower"].devices.iter().map(|device| device.name.as_str()).collect();
        assert_eq!(names.len(), 3, "each is a device of the site: {names:?}");
    }
}
