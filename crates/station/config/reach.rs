//! Who would be told of a fire, and by what: sites whose alarms reach nobody, contacts that no configured channel reaches,
//! and planned duty checks whose failing calls nobody. Not a mistake that keeps the station from starting, but nobody should learn of it at night.

use super::station::NotifyConfig;
use watchfire_intake::STATION_SITE;
use watchfire_model::{ChannelKind, Class, Rung, Site, Sites};
use watchfire_settings::Problem;

/// Every site whose danger to life reaches nobody, and every channel that a ladder needs and the station has not.
pub(crate) fn unreached(sites: &Sites, notify: &NotifyConfig) -> Vec<Problem> {
    let configured = |kind: &ChannelKind| match kind {
        ChannelKind::Email => notify.email.is_some(),
        ChannelKind::Sms => notify.sms.is_some(),
        ChannelKind::Webhook => notify.webhook.is_some(),
    };
    let of_station = fallback(sites);
    let mut problems = Vec::new();
    for (id, site) in sites.sites.iter().filter(|(id, _)| id.as_str() != STATION_SITE) {
        if checks_guards(site) && !site.ladder.iter().any(|rung| rung.classes.contains(&Class::Supervisory)) {
            let key = format!("sites.{id}.ladder");
            let message = "a guard who misses a duty check here is shown and calls nobody: give the ladder a rung with \
                           classes = [\"supervisory\"]";
            problems.push(Problem { file: "sites".into(), line: 0, key, message: message.into() });
        }
        let own = site.ladder.iter().any(|rung| tells(rung, Class::Fire));
        let ladder = if own { &site.ladder } else { &of_station };
        let reached = ladder.iter().filter(|rung| tells(rung, Class::Fire)).flat_map(|rung| {
            rung.contacts
                .iter()
                .filter_map(|contact| sites.contacts.get(contact))
                .flat_map(|contact| contact.channels.keys())
        });
        if reached.into_iter().any(configured) {
            continue;
        }
        let key = format!("sites.{id}.ladder");
        let message = if ladder.is_empty() {
            "nobody is told of a fire here: give the site a ladder, or [sites.station] one for all"
        } else {
            "a fire here reaches nobody: none of the contacts' channels is configured under [notify]"
        };
        problems.push(Problem { file: "sites".into(), line: 0, key, message: message.into() });
    }
    problems
}

/// The station's own ladder, for dangers to life at sites that have none.
pub(crate) fn fallback(sites: &Sites) -> Vec<Rung> {
    let station = sites.sites.iter().find(|(id, _)| id.as_str() == STATION_SITE);
    let rungs = station.into_iter().flat_map(|(_, site)| &site.ladder);
    rungs.map(|rung| Rung { classes: Default::default(), ..rung.clone() }).collect()
}

fn checks_guards(site: &Site) -> bool {
    site.transmission_devices.iter().any(|device| device.duty.is_some())
}

fn tells(rung: &Rung, class: Class) -> bool {
    rung.classes.is_empty() || rung.classes.contains(&class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sites::parse;
    use crate::config::station;
    use std::path::Path;

    const CONTACTS: &str = "[contacts.li]\nname = { en = \"Li\", zh = \"李\" }\nemail = \"li@example.org\"\n";
    const SITE: &str = "[sites.home]\nname = { en = \"Home\", zh = \"家\" }\n";
    const RUNG: &str = "contacts = [\"li\"]\n";

    fn check(sites: &str, notify: &str) -> Vec<String> {
        let sites = parse("sites.toml", sites).unwrap();
        let config = station::parse("watchfire.toml", notify, Path::new(".")).0.unwrap();
        unreached(&sites, &config.notify).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_site_whose_fire_reaches_nobody_is_told() {
        let mail = "[notify.email]\nhost = \"127.0.0.1\"\ntls = \"none\"\nfrom = \"a@b\"\n";
        let nobody = "sites: sites.home.ladder: nobody is told of a fire here: give the site a ladder, or [sites.station] one for all";
        let no_way = "sites: sites.home.ladder: a fire here reaches nobody: none of the contacts' channels is configured under [notify]";
        let own = format!("{CONTACTS}{SITE}[[sites.home.ladder]]\n{RUNG}");
        let station = format!(
            "{CONTACTS}{SITE}[sites.station]\nname = {{ en = \"S\", zh = \"站\" }}\n[[sites.station.ladder]]\n{RUNG}classes = [\"fault\"]\n"
        );
        assert_eq!(check(&format!("{CONTACTS}{SITE}"), mail), [nobody]);
        assert_eq!(check(&own, ""), [no_way]);
        assert_eq!(check(&own, mail), [] as [&str; 0]);
        assert_eq!(check(&station, mail), [] as [&str; 0]);
    }

    #[test]
    fn a_missed_duty_check_that_calls_nobody_is_told() {
        let mail = "[notify.email]\nhost = \"127.0.0.1\"\ntls = \"none\"\nfrom = \"a@b\"\n";
        let device = "[sites.home.transmission_devices.utd-1]\naddress = 889\n\
                      duty = { from = \"22:00\", until = \"06:00\", checks = 2 }\n";
        let site = format!("{CONTACTS}{SITE}{device}[[sites.home.ladder]]\n{RUNG}");
        let told = "sites: sites.home.ladder: a guard who misses a duty check here is shown and calls nobody: give the \
                    ladder a rung with classes = [\"supervisory\"]";
        assert_eq!(check(&site, mail), [told]);
        let site = format!("{site}[[sites.home.ladder]]\n{RUNG}classes = [\"supervisory\"]\n");
        assert_eq!(check(&site, mail), [] as [&str; 0]);
    }
}
