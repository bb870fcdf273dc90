//! Causes that are neither a series nor a silent device: what the station says about itself, steps of the clock, tables
//! that are full, and the alarms of devices for which there was no place any more.

use crate::casebook::{Cause, Ground, StandingKey};
use crate::engine::Engine;
use crate::event::Effects;
use crate::event_time::EventTime;
use crate::levels::evidence;
use crate::rule::Kind;
use crate::series::Phase;
use crate::wording;
use compact_str::CompactString;
use watchfire_model::{
    Bilingual, Class, ClockStep, DeviceKey, Evidence, Notice, NoticeKind, Reading, RuleRef, Severity, SiteId,
};

/// The site of alerts about the station itself.
pub const STATION_SITE: &str = "station";
/// So many subjects of one kind of notice, or strangers' alarms of one site and rule, are told apart at a time; what
/// comes beyond shares one alert.
pub const SUBJECTS_MAX: usize = 100;
/// The subject that the rest shares.
const THE_REST: &str = "*";

/// How a standing cause begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It goes on until it is said to be over.
    Lasting,
    /// It happened. The alert stays active until a person closes it.
    Happened,
}

impl Engine {
    /// The station says something about itself.
    pub(crate) fn notice(&mut self, notice: &Notice, out: &mut Effects) {
        let (class, severity, manner) = judge_notice(notice.kind);
        let rule = notice_rule(notice.kind);
        let device = device_concerned(notice);
        let site = device.as_ref().map_or_else(station_site, |device| device.site.clone());
        let key = StandingKey { site, rule, subject: notice.subject.clone() };
        let mut ground = station_ground(&key, class, severity, wording::notice(notice));
        ground.device = device;
        if notice.active {
            self.stand(key, ground, manner, out);
        } else {
            self.stand_down(&key, ground, out);
        }
    }

    /// The station starts: what it said of itself is over until it says so again. Whoever reports a lasting trouble
    /// forgets with the process that he did; kept for ever, it would hide the next one. Not so the ways to people: the desk
    /// is a fold, and remembers.
    pub(crate) fn station_restarted(&mut self, out: &mut Effects) {
        let remembered = notice_rule(NoticeKind::ChannelDown);
        let own = |key: &&StandingKey| {
            key.site.as_str() == STATION_SITE && key.rule.starts_with("station-") && key.rule != remembered
        };
        let keys: Vec<StandingKey> = self.standing.keys().filter(own).cloned().collect();
        for key in keys {
            let ground = station_ground(&key, Class::Fault, Severity::Major, wording::station_restarted());
            self.stand_down(&key, ground, out);
        }
    }

    /// The wall clock stepped. Nothing here depends on it, but a person must know: times on paper are off.
    pub(crate) fn clock_step(&mut self, step: &ClockStep, out: &mut Effects) {
        let key = StandingKey { site: station_site(), rule: "station-clock-step".into(), subject: String::new() };
        let ground = station_ground(&key, Class::Fault, Severity::Major, wording::clock_step(step.ahead_us));
        self.stand(key, ground, Manner::Happened, out);
    }

    /// A site has more devices than are watched.
    pub(crate) fn too_many_devices(&mut self, site: &SiteId, out: &mut Effects) {
        let key = StandingKey { site: site.clone(), rule: "unclaimed-devices".into(), subject: String::new() };
        self.table_full(key, None, wording::too_many_devices(site), out);
    }

    /// A device has more series than are watched.
    pub(crate) fn too_many_series(&mut self, device: &DeviceKey, out: &mut Effects) {
        let subject = device.to_string();
        let key = StandingKey { site: device.site.clone(), rule: "device-points".into(), subject };
        self.table_full(key, Some(device.clone()), wording::too_many_series(device), out);
    }

    /// Raised once, until a person closes it: not again for each frame that finds no place.
    fn table_full(&mut self, key: StandingKey, device: Option<DeviceKey>, reason: Bilingual, out: &mut Effects) {
        let key = self.told_apart(key);
        if self.standing.get(&key).is_some_and(|standing| standing.hold.case.is_some()) {
            return;
        }
        let mut ground = station_ground(&key, Class::Security, Severity::Major, reason);
        ground.device = device;
        self.stand(key, ground, Manner::Happened, out);
    }

    /// Readings for which there is no place: a device's own alarm still alarms.
    pub(crate) fn stranger(&mut self, device: &DeviceKey, readings: &[Reading], out: &mut Effects) {
        for reading in readings {
            for number in self.rules_for_stranger(&device.site, device.source, &reading.metric) {
                self.stranger_reading(device, reading, number, out);
            }
        }
    }

    fn stranger_reading(&mut self, device: &DeviceKey, reading: &Reading, number: u16, out: &mut Effects) {
        let rule = self.rule(number);
        if !matches!(rule.kind, Kind::DeviceAlarm { .. }) {
            return;
        }
        let label = Bilingual::same(device.name.as_str());
        let met = rule.met_by(reading.value, false);
        let mut reason =
            if met { wording::met(&label, rule, reading, None) } else { wording::over(&label, rule, reading) };
        let time = EventTime::judge(reading.at, self.stamp.at);
        self.add_time(&mut reason, &device.site, time);
        let subject = format!("{device}/{}/{}", reading.metric, reading.point);
        let key = StandingKey { site: device.site.clone(), rule: rule.name.clone(), subject };
        let ground = Ground {
            class: rule.class,
            severity: rule.severity,
            rule: rule.reference(),
            site: device.site.clone(),
            zone: None,
            device: Some(device.clone()),
            point: Some(reading.point.clone()),
            reason,
            evidence: Vec::<Evidence>::from([evidence(device.clone(), reading, time.at)]),
            late: time.late,
        };
        if met {
            self.stand(key, ground, Manner::Lasting, out);
        } else {
            self.stand_down(&key, ground, out);
        }
    }

    fn stand(&mut self, key: StandingKey, ground: Ground, manner: Manner, out: &mut Effects) {
        let key = self.told_apart(key);
        let happened = manner == Manner::Happened || key.subject == THE_REST;
        let now = self.stamp.at;
        let standing = self.standing.entry(key.clone()).or_default();
        standing.said_at = now;
        if standing.hold.phase == Phase::Holding {
            return;
        }
        let cause = Cause::Standing(key);
        self.begin(cause.clone(), ground, out);
        if happened {
            let Some(hold) = self.hold_mut(&cause) else { return };
            hold.phase = Phase::Idle;
            let case = hold.case;
            if let Some(case) = case.and_then(|case| self.book.get_mut(case)) {
                case.latched = true;
            }
        }
    }

    fn stand_down(&mut self, key: &StandingKey, ground: Ground, out: &mut Effects) {
        if self.standing.get(key).is_some_and(|standing| standing.hold.phase == Phase::Holding) {
            self.end(&Cause::Standing(key.clone()), ground, out);
        }
    }

    /// The key itself, or the one that the rest shares when there are too many beside it.
    fn told_apart(&self, key: StandingKey) -> StandingKey {
        if self.standing.contains_key(&key) {
            return key;
        }
        let first = StandingKey { subject: String::new(), ..key.clone() };
        let beside =
            self.standing.range(first..).take_while(|(other, _)| other.site == key.site && other.rule == key.rule);
        if beside.count() >= SUBJECTS_MAX { StandingKey { subject: THE_REST.to_owned(), ..key } } else { key }
    }
}

fn notice_rule(kind: NoticeKind) -> CompactString {
    CompactString::from(format!("station-{}", kind.as_str().replace('_', "-")))
}

fn station_site() -> SiteId {
    SiteId::new(STATION_SITE).expect("`station` is an id")
}

/// The device that a notice is about: its alert belongs to that site, whose people are told.
fn device_concerned(notice: &Notice) -> Option<DeviceKey> {
    if !matches!(notice.kind, NoticeKind::InspectionUnanswered | NoticeKind::DutyUnanswered) {
        return None;
    }
    let mut parts = notice.subject.splitn(3, '/');
    let (site, source, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some(DeviceKey { site: site.parse().ok()?, source: source.parse().ok()?, name: name.parse().ok()? })
}

fn station_ground(key: &StandingKey, class: Class, severity: Severity, reason: Bilingual) -> Ground {
    Ground {
        class,
        severity,
        rule: RuleRef { name: key.rule.clone(), version: 1 },
        site: key.site.clone(),
        zone: None,
        device: None,
        point: None,
        reason,
        evidence: Vec::new(),
        late: false,
    }
}

fn judge_notice(kind: NoticeKind) -> (Class, Severity, Manner) {
    match kind {
        NoticeKind::DiskFilling => (Class::Fault, Severity::Minor, Manner::Lasting),
        NoticeKind::DiskNearlyFull => (Class::Fault, Severity::Major, Manner::Lasting),
        NoticeKind::DiskFull => (Class::Fault, Severity::Critical, Manner::Lasting),
        NoticeKind::ArchiveGap => (Class::Fault, Severity::Major, Manner::Happened),
        NoticeKind::ArchiveDown => (Class::Fault, Severity::Major, Manner::Lasting),
        NoticeKind::EntrySkipped => (Class::Fault, Severity::Critical, Manner::Happened),
        NoticeKind::ReplayDiffers => (Class::Fault, Severity::Major, Manner::Happened),
        NoticeKind::ChannelDown => (Class::Fault, Severity::Major, Manner::Lasting),
        NoticeKind::LoginAttack => (Class::Security, Severity::Major, Manner::Lasting),
        NoticeKind::DoubleIdentity => (Class::Security, Severity::Major, Manner::Lasting),
        NoticeKind::Flood => (Class::Security, Severity::Major, Manner::Lasting),
        NoticeKind::JournalDamaged => (Class::Fault, Severity::Critical, Manner::Happened),
        NoticeKind::HistoryLost => (Class::Fault, Severity::Critical, Manner::Happened),
        NoticeKind::EvidenceLost => (Class::Fault, Severity::Critical, Manner::Happened),
        NoticeKind::PartDown => (Class::Fault, Severity::Critical, Manner::Lasting),
        NoticeKind::InspectionUnanswered => (Class::Fault, Severity::Major, Manner::Lasting),
        NoticeKind::DutyUnanswered => (Class::Supervisory, Severity::Major, Manner::Lasting),
        NoticeKind::ReportUnsent => (Class::Fault, Severity::Minor, Manner::Lasting),
    }
}
