//! Who may log in, and what an identity may publish and subscribe to.
//!
//! The user name is `<site>/<identity>`, the password the identity's secret. Secrets are kept as SHA-256 only and
//! compared in constant time; a user that does not exist takes as long as a wrong password. A snapshot is immutable:
//! a reload makes a new one.
//!
//! | role | may publish to | may subscribe to |
//! |---|---|---|
//! | device | `wf/v1/{site}/{device}/…` | `wf/v1/{site}/{device}/#` |
//! | gateway | `wf/v1/{site}/…` and the schemes of [`SCHEMES`] | the same |
//! | subscriber | – | `wf/v1/{site}/alerts` |
//!
//! `publish` and `subscribe` of the identity add filters. Nobody publishes to `wf/v1/{site}/alerts` (alerts are ours),
//! to a topic that begins with `$`, or to anything under `wf/` outside of his own site.

use crate::addresses::Addresses;
use crate::guesses::Guesses;
use crate::share::Share;
use crate::topics;
use compact_str::{CompactString, format_compact};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use watchfire_model::{EncodedInput, Frame, Identity, IdentityRole, Input, Link, Sites};

/// First levels of the topics of schemes other than our own that a gateway may use.
pub const SCHEMES: &[&str] =
    &["zigbee2mqtt", "v3", "application", "tele", "stat", "shellies", "homeassistant", "spBv1.0", "zwave"];

/// The site of the identities that are built in. It cannot be configured.
pub const STATION_SITE: &str = "station";

/// With what the probe logs in.
#[derive(Clone)]
pub struct Credentials {
    /// `<site>/<identity>`.
    pub user: String,
    /// The secret.
    pub password: String,
    /// Where the probe says from where it comes.
    pub(crate) addresses: Arc<Addresses>,
}

/// The password is not shown.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// An immutable snapshot of everybody who may log in.
#[derive(Debug, Default)]
pub struct Identities {
    by_user: HashMap<CompactString, Arc<Principal>>,
}

/// One identity, ready for the hot path.
#[derive(Debug)]
pub(crate) struct Principal {
    pub(crate) user: CompactString,
    pub(crate) site: CompactString,
    pub(crate) name: CompactString,
    /// The device's name, empty for a gateway.
    pub(crate) device: CompactString,
    own: CompactString,
    alerts: CompactString,
    role: Role,
    publish: Vec<String>,
    subscribe: Vec<String>,
    secret: [u8; 32],
    pub(crate) share: Arc<Share>,
    pub(crate) guesses: Arc<Guesses>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Device,
    Gateway,
    Subscriber,
}

impl Identities {
    /// A snapshot of the identities of `sites`. `secrets` holds the password of each user name `<site>/<identity>`;
    /// an identity without one cannot log in.
    pub fn new(sites: &Sites, secrets: &BTreeMap<String, Vec<u8>>) -> Identities {
        let mut by_user = HashMap::new();
        for (site, entry) in &sites.sites {
            for (name, identity) in &entry.identities {
                let user = format_compact!("{site}/{name}");
                let Some(secret) = secrets.get(user.as_str()).filter(|secret| !secret.is_empty()) else { continue };
                let principal = Principal::new(site.as_str(), name.as_str(), identity, secret);
                by_user.insert(user, Arc::new(principal));
            }
        }
        Identities { by_user }
    }

    /// Adds an identity that is not of `sites`: the probe's.
    pub(crate) fn with(mut self, principal: Arc<Principal>) -> Identities {
        self.by_user.insert(principal.user.clone(), principal);
        self
    }

    /// The identity of that user, if the password is its secret.
    pub(crate) fn check(&self, user: &str, password: &str) -> Option<Arc<Principal>> {
        let given: [u8; 32] = Sha256::digest(password.as_bytes()).into();
        let found = self.by_user.get(user);
        let expected = found.map_or([0; 32], |principal| principal.secret);
        let equal: bool = given.ct_eq(&expected).into();
        found.filter(|_| equal).cloned()
    }

    /// The identity of that user as it is now.
    pub(crate) fn get(&self, user: &str) -> Option<&Arc<Principal>> {
        self.by_user.get(user)
    }

    /// Takes over what `before` counts of the identities that both have.
    pub(crate) fn continuing(mut self, before: &Identities) -> Identities {
        for (user, principal) in &mut self.by_user {
            if let (Some(before), Some(principal)) = (before.by_user.get(user), Arc::get_mut(principal)) {
                principal.share = Arc::clone(&before.share);
                principal.guesses = Arc::clone(&before.guesses);
            }
        }
        self
    }
}

impl Principal {
    pub(crate) fn new(site: &str, name: &str, identity: &Identity, secret: &[u8]) -> Principal {
        let (role, device) = match &identity.role {
            IdentityRole::Device { name } => (Role::Device, name.as_str()),
            IdentityRole::Gateway => (Role::Gateway, ""),
            IdentityRole::Subscriber => (Role::Subscriber, ""),
        };
        let own = match role {
            Role::Device => format_compact!("wf/v1/{site}/{device}/"),
            Role::Gateway | Role::Subscriber => format_compact!("wf/v1/{site}/"),
        };
        Principal {
            user: format_compact!("{site}/{name}"),
            site: site.into(),
            name: name.into(),
            device: device.into(),
            own,
            alerts: format_compact!("wf/v1/{site}/alerts"),
            role,
            publish: identity.publish.clone(),
            subscribe: identity.subscribe.clone(),
            secret: Sha256::digest(secret).into(),
            share: Arc::new(Share::default()),
            guesses: Arc::default(),
        }
    }

    /// Whether a link of `self` may go on under `now`.
    pub(crate) fn is_same(&self, now: &Principal) -> bool {
        let lists = self.publish == now.publish && self.subscribe == now.subscribe;
        let who = self.role == now.role && self.device == now.device;
        lists && who && bool::from(self.secret.ct_eq(&now.secret))
    }

    /// Whether it stands for one device.
    pub(crate) fn is_device(&self) -> bool {
        self.role == Role::Device
    }

    /// Whether it may publish to that (well-formed) topic.
    pub(crate) fn may_publish(&self, topic: &str) -> bool {
        if topic == self.alerts || topic.starts_with('$') {
            return false;
        }
        match self.role {
            Role::Device | Role::Gateway if topic.starts_with(self.own.as_str()) => true,
            _ if is_foreign(topic, &self.site) => false,
            Role::Gateway if is_scheme(topic) => true,
            Role::Device | Role::Gateway | Role::Subscriber => {
                self.publish.iter().any(|filter| topics::matches(filter, topic))
            }
        }
    }

    /// Whether it may subscribe to that (well-formed, not shared) filter.
    pub(crate) fn may_subscribe(&self, filter: &str) -> bool {
        let own = match self.role {
            Role::Device | Role::Gateway => filter.starts_with(self.own.as_str()),
            Role::Subscriber => filter == self.alerts,
        };
        let listed = || self.subscribe.iter().any(|allowed| topics::covers(allowed, filter));
        let scheme = || self.role == Role::Gateway && is_scheme(filter);
        own || (!is_foreign(filter, &self.site) && (scheme() || listed()))
    }

    /// The journal's input for a frame that this identity sent.
    pub(crate) fn encode(&self, link: Link, topic: &str, payload: &[u8]) -> EncodedInput {
        let (site, identity, device) = (self.site.as_str(), self.name.as_str(), self.device.as_str());
        EncodedInput::new(&Input::Frame(Frame { site, identity, device, link, topic, payload }))
    }

    /// The topic on which this identity's site is told its alerts.
    pub(crate) fn alerts_topic(&self) -> &str {
        &self.alerts
    }
}

/// Under `wf/`, and not of that site. The wildcards in a listed filter do not reach into another site.
fn is_foreign(topic: &str, site: &str) -> bool {
    let mut levels = topic.split('/');
    let ours = levels.next() == Some("wf");
    ours && !(levels.next() == Some("v1") && levels.next() == Some(site))
}

fn is_scheme(topic: &str) -> bool {
    topic.split_once('/').is_some_and(|(first, rest)| SCHEMES.contains(&first) && !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::DeviceName;

    fn principal(role: IdentityRole) -> Principal {
        let identity = Identity {
            role,
            secret: String::new(),
            publish: vec!["plant/+/state".into(), "#".into()],
            subscribe: vec!["plant/#".into()],
        };
        Principal::new("care", "gw1", &identity, b"secret")
    }

    #[test]
    fn what_may_be_published() {
        let device = principal(IdentityRole::Device { name: DeviceName::new("smoke-1").unwrap() });
        let gateway = principal(IdentityRole::Gateway);
        let subscriber = principal(IdentityRole::Subscriber);
        for (topic, by_device, by_gateway) in [
            ("wf/v1/care/smoke-1/readings", true, true),
            ("wf/v1/care/smoke-2/readings", false, true),
            ("wf/v1/care/smoke-1", false, true),
            ("wf/v1/other/smoke-1/readings", false, false),
            ("wf/v2/care/smoke-1", false, false),
            ("wf/v1/care/alerts", false, false),
            ("$SYS/x", false, false),
        ] {
            // The listed filter `#` opens the rest of the own site to the device.
            let own_site = topic.starts_with("wf/v1/care/") && !topic.ends_with("alerts");
            assert_eq!(device.may_publish(topic), by_device || own_site, "{topic}");
            assert_eq!(gateway.may_publish(topic), by_gateway, "{topic}");
            assert_eq!(subscriber.may_publish(topic), own_site, "{topic}");
        }
        let strict = Principal { publish: vec!["plant/+/state".into()], ..principal(IdentityRole::Gateway) };
        assert!(strict.may_publish("zigbee2mqtt/kitchen") && strict.may_publish("plant/3/state"));
        assert!(!strict.may_publish("somewhere/else") && !strict.may_publish("zigbee2mqtt"));
        let alone = Principal {
            publish: Vec::new(),
            ..principal(IdentityRole::Device { name: DeviceName::new("smoke-1").unwrap() })
        };
        assert!(!alone.may_publish("wf/v1/care/smoke-2/readings") && !alone.may_publish("zigbee2mqtt/kitchen"));
    }

    #[test]
    fn what_may_be_heard() {
        let device = principal(IdentityRole::Device { name: DeviceName::new("smoke-1").unwrap() });
        let gateway = principal(IdentityRole::Gateway);
        let subscriber = principal(IdentityRole::Subscriber);
        for (filter, by_device, by_gateway, by_subscriber) in [
            ("wf/v1/care/smoke-1/cmd", true, true, false),
            ("wf/v1/care/#", false, true, false),
            ("wf/v1/care/alerts", false, true, true),
            ("wf/v1/+/alerts", false, false, false),
            ("wf/v1/other/alerts", false, false, false),
            ("zigbee2mqtt/#", false, true, false),
            ("plant/#", true, true, true),
            ("#", false, false, false),
        ] {
            assert_eq!(device.may_subscribe(filter), by_device, "{filter}");
            assert_eq!(gateway.may_subscribe(filter), by_gateway, "{filter}");
            assert_eq!(subscriber.may_subscribe(filter), by_subscriber, "{filter}");
        }
    }

    #[test]
    fn passwords() {
        let principal = Arc::new(principal(IdentityRole::Gateway));
        let identities = Identities::default().with(principal);
        assert!(identities.check("care/gw1", "secret").is_some());
        assert!(identities.check("care/gw1", "Secret").is_none());
        assert!(identities.check("care/gw2", "secret").is_none());
        let credentials = Credentials { user: "u".into(), password: "hidden".into(), addresses: Arc::default() };
        assert!(!format!("{credentials:?}").contains("hidden"));
    }
}
