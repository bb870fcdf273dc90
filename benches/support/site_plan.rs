//! The `sites.toml` of a station that is measured: sites with a gateway identity each (or many), and the devices that
//! publish, listed, so that nothing is unclaimed.

use std::fmt::Write as _;
use std::ops::Range;

/// The password of every identity.
pub(crate) const SECRET: &str = "bench-secret";

/// One site.
pub(crate) struct SitePlan {
    /// Its id.
    pub(crate) id: String,
    /// Identities `gw0`, `gw1`, …: gateways.
    pub(crate) gateways: u32,
    /// Names of its devices, in our own scheme.
    pub(crate) devices: Vec<String>,
    /// Addresses of its fire panels' transmission devices.
    pub(crate) panels: Range<u64>,
}

impl SitePlan {
    /// A site with one gateway and devices `<prefix>0`, `<prefix>1`, ….
    pub(crate) fn new(id: &str, prefix: &str, devices: u32) -> SitePlan {
        let devices = (0..devices).map(|number| format!("{prefix}{number}")).collect();
        SitePlan { id: id.to_owned(), gateways: 1, devices, panels: 0..0 }
    }

    /// A site with transmission devices of these addresses.
    pub(crate) fn of_panels(id: &str, panels: Range<u64>) -> SitePlan {
        SitePlan { panels, ..SitePlan::new(id, "", 0) }
    }
}

/// More of `sites.toml`: a contact that is called, at once and once, about every alert of these sites.
pub(crate) fn told_by_webhook(sites: &[SitePlan], url: &str) -> String {
    let mut text = format!("[contacts.centre]\nname = {{ en = \"centre\", zh = \"中心\" }}\nwebhook = \"{url}\"\n");
    for site in sites {
        let _ = writeln!(text, "[[sites.{}.ladder]]\ncontacts = [\"centre\"]\nwait_s = 3600", site.id);
    }
    text
}

/// The text of `sites.toml`.
pub(crate) fn toml(sites: &[SitePlan]) -> String {
    let mut text = String::new();
    for site in sites {
        let id = &site.id;
        let _ = writeln!(text, "[sites.{id}]\nname = {{ en = \"{id}\", zh = \"{id}\" }}\nkind = \"building\"");
        for gateway in 0..site.gateways {
            let _ = writeln!(text, "[sites.{id}.identities.gw{gateway}]\nrole = \"gateway\"\nsecret = \"file:secret\"");
        }
        for device in &site.devices {
            let _ = writeln!(text, "[[sites.{id}.devices]]\nsource = \"watchfire\"\nname = \"{device}\"");
        }
        for address in site.panels.clone() {
            let _ = writeln!(text, "[sites.{id}.transmission_devices.p{address}]\naddress = {address}");
        }
    }
    text
}
