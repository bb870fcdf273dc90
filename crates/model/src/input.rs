//! What is journaled. Everything else is derived from it.

use crate::{Act, Bilingual, Frame, JournalId, Order, Outcome, Seq, Timestamp};
use serde::{Deserialize, Serialize};

/// One journaled input. The order of the variants is on disk: add at the end, never change one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input<'a> {
    /// A device's frame.
    #[serde(borrow)]
    Frame(Frame<'a>),
    /// A second has passed.
    Tick,
    /// An operator's order.
    Order(Order),
    /// Rules, profiles, sites and contacts in force from here on.
    Setup(Setup),
    /// A send was attempted, delivered or failed.
    Outcome(Outcome),
    /// The station started.
    Started(Started),
    /// The entry of that number is not applied: the station died twice at it.
    Skip(Seq),
    /// The wall clock stepped.
    ClockStep(ClockStep),
    /// The station says something about itself.
    Notice(Notice),
    /// A client leaves a will.
    #[serde(borrow)]
    Will(Will<'a>),
    /// A will is over.
    WillOver(WillOver<'a>),
    /// The journal was restored from a backup: from here on it is another one.
    Restored(Restored),
    /// Somebody did something that only the audit is told.
    Act(Act),
}

/// One record of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    /// Its position.
    pub seq: Seq,
    /// When it was journaled; never decreases from entry to entry.
    pub at: Timestamp,
    /// What came in.
    pub input: Input<'a>,
}

/// What is to be published when a client's link dies. Journaled at its CONNECT, so that a kill of the station does not lose
/// it: it takes the place of the one before of the same client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Will<'a> {
    /// The site of the client's identity.
    pub site: &'a str,
    /// The identity.
    pub identity: &'a str,
    /// The client id.
    pub client: &'a str,
    /// The number of its link: never the same again in this journal.
    pub number: u64,
    /// Where it is published.
    pub topic: &'a str,
    /// What is published.
    #[serde(borrow, with = "serde_bytes")]
    pub payload: &'a [u8],
    /// 0 or 1.
    pub qos: u8,
    /// The RETAIN flag.
    pub retain: bool,
    /// How long after the end of the link it is published, in seconds.
    pub delay_s: u32,
    /// The client's keep-alive, in seconds; 0 when it has none.
    pub keep_alive_s: u16,
    /// How long subscribers may be given it, in seconds.
    pub expiry_s: Option<u32>,
    /// MQTT 5 properties for subscribers, encoded.
    #[serde(borrow, with = "serde_bytes")]
    pub properties: &'a [u8],
}

/// A will was published, or taken back by a DISCONNECT. Of no meaning for a later will of the same client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WillOver<'a> {
    /// The site of the client's identity.
    pub site: &'a str,
    /// The identity.
    pub identity: &'a str,
    /// The client id.
    pub client: &'a str,
    /// The number of the link that left it.
    pub number: u64,
}

/// A restore from a backup. Alerts raised behind it bear the new id, so that none has the id of one that was raised behind
/// the backup and is lost here, but may be known elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The journal that was backed up.
    pub before: JournalId,
    /// The journal from this entry on.
    pub journal: JournalId,
}

/// Names the checked set-up by the SHA-256 of its canonical JSON, which is stored beside the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// SHA-256.
    pub sha256: [u8; 32],
}

/// A start of the station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Version and commit of the build.
    pub build: String,
    /// "The same journal gives the same alerts" holds for one engine version.
    pub engine_version: u32,
    /// The wall clock at the start.
    pub wall: Timestamp,
    /// Which boot of the machine this is.
    pub boot_id: [u8; 16],
    /// Time since that boot, suspended time included, in microseconds.
    pub boot_us: u64,
    /// How long the station was down, as far as it can be known, in microseconds.
    pub down_us: u64,
}

/// The wall clock and the station's clock came apart by more than 5 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStep {
    /// How far the wall clock is ahead, in microseconds; negative when it is behind.
    pub ahead_us: i64,
}

/// The station says something about itself, for the rules to raise or clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// Which disk, identity, channel or table; empty when there is only one.
    pub subject: String,
    /// The figures, in one sentence.
    pub detail: Bilingual,
    /// True when it begins, false when it is over.
    pub active: bool,
}

/// What a station can say about itself. The order is on disk: add at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The disk is 85 % full.
    DiskFilling,
    /// The disk is 95 % full.
    DiskNearlyFull,
    /// The reserve has been given up: acknowledging stops when it is used up.
    DiskFull,
    /// The archive gave up entries that were not yet in it.
    ArchiveGap,
    /// The archive cannot be written.
    ArchiveDown,
    /// An entry was skipped because the station died twice at it.
    EntrySkipped,
    /// A re-run of the journal gave other transitions than the alert log holds.
    ReplayDiffers,
    /// A channel (SMS, e-mail, webhook) does not deliver.
    ChannelDown,
    /// Wrong credentials, again and again.
    LoginAttack,
    /// One address or client id on two connections.
    DoubleIdentity,
    /// A device sends faster than it may.
    Flood,
    /// A sealed part of the journal cannot be read; what it held is in no other place but a backup.
    JournalDamaged,
    /// History was given up before its age because the disk was full.
    HistoryLost,
    /// Evidence was given up before its age because the disk was full.
    EvidenceLost,
    /// A part of the station does not run; the others do.
    PartDown,
    /// A transmission device does not answer its inspection. The subject is the device's key.
    InspectionUnanswered,
    /// A guard does not answer a duty check. The subject is the transmission device's key.
    DutyUnanswered,
    /// A report could not be sent.
    ReportUnsent,
}

impl NoticeKind {
    /// The name in metrics, rules and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeKind::DiskFilling => "disk_filling",
            NoticeKind::DiskNearlyFull => "disk_nearly_full",
            NoticeKind::DiskFull => "disk_full",
            NoticeKind::ArchiveGap => "archive_gap",
            NoticeKind::ArchiveDown => "archive_down",
            NoticeKind::EntrySkipped => "entry_skipped",
            NoticeKind::ReplayDiffers => "replay_differs",
            NoticeKind::ChannelDown => "channel_down",
            NoticeKind::LoginAttack => "login_attack",
            NoticeKind::DoubleIdentity => "double_identity",
            NoticeKind::Flood => "flood",
            NoticeKind::JournalDamaged => "journal_damaged",
            NoticeKind::HistoryLost => "history_lost",
            NoticeKind::EvidenceLost => "evidence_lost",
            NoticeKind::PartDown => "part_down",
            NoticeKind::InspectionUnanswered => "inspection_unanswered",
            NoticeKind::DutyUnanswered => "duty_unanswered",
            NoticeKind::ReportUnsent => "report_unsent",
        }
    }
}
