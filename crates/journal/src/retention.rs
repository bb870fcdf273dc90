//! Which segments leave the journal. Pure: the segments, the cursors, the time and the room are arguments.
//!
//! A segment leaves, oldest first, when it is sealed, every cursor is past it, and it is older than `keep_ms` or the
//! journal is larger than `bytes_max`. When the disk is at its limit, cursors that may be overrun hold nothing any more;
//! what they lose is a gap that the caller writes down and reports.

use crate::layout::SegmentInfo;

/// A segment and the time of its newest record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgedSegment {
    /// The segment.
    pub segment: SegmentInfo,
    /// The stamp of its newest record, Unix milliseconds; of any later record if that is easier to know.
    pub newest_ms: i64,
}

/// A reader's durable position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor<'a> {
    /// Whose.
    pub name: &'a str,
    /// The last record whose effect is durable with that reader.
    pub position: u64,
    /// What it may lose.
    pub hold: Hold,
}

/// How far a cursor holds segments back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing leaves before this cursor, whatever happens (rules, desk).
    Always,
    /// Segments leave before this cursor when the disk is at its limit (archive).
    UntilDiskLimit,
}

/// How long and how much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Segments behind every cursor stay so long, in milliseconds.
    pub keep_ms: i64,
    /// But no more than this of them, in bytes.
    pub bytes_max: u64,
}

/// The disk as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is enough.
    Enough,
    /// At the limit: so many bytes must be freed.
    Short(u64),
}

/// What leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The segments that leave, oldest first.
    pub leave: Vec<SegmentInfo>,
    /// What overrun readers lose.
    pub gaps: Vec<Gap>,
}

/// Records that a reader has not made durable and that leave nevertheless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Whose.
    pub cursor: String,
    /// The first record lost.
    pub from: u64,
    /// The last record lost.
    pub to: u64,
}

/// Plans what leaves. The segments are in order, oldest first.
pub fn plan(segments: &[AgedSegment], cursors: &[Cursor<'_>], policy: &Policy, room: Room, now_ms: i64) -> Plan {
    let held_from = |hold: &dyn Fn(Hold) -> bool| {
        cursors.iter().filter(|cursor| hold(cursor.hold)).map(|cursor| cursor.position).min().unwrap_or(u64::MAX)
    };
    let behind_all = held_from(&|_| true);
    let behind_essential = held_from(&|hold| hold == Hold::Always);
    let mut kept_bytes: u64 = segments.iter().map(|aged| aged.segment.bytes).sum();
    let mut to_free = match room {
        Room::Enough => 0,
        Room::Short(bytes) => bytes,
    };
    let mut plan = Plan::default();
    for aged in segments {
        let Some(end) = aged.segment.end else { break };
        let last = end.saturating_sub(1);
        let is_due = now_ms.saturating_sub(aged.newest_ms) > policy.keep_ms || kept_bytes > policy.bytes_max;
        let leaves = (last <= behind_all && (is_due || to_free > 0)) || (last <= behind_essential && to_free > 0);
        if !leaves {
            break;
        }
        kept_bytes = kept_bytes.saturating_sub(aged.segment.bytes);
        to_free = to_free.saturating_sub(aged.segment.bytes);
        plan.leave.push(aged.segment);
    }
    plan.gaps = gaps(&plan.leave, cursors);
    plan
}

fn gaps(leave: &[SegmentInfo], cursors: &[Cursor<'_>]) -> Vec<Gap> {
    let Some((first, end)) = leave.first().zip(leave.last()).and_then(|(first, last)| Some((first.first, last.end?)))
    else {
        return Vec::new();
    };
    let to = end.saturating_sub(1);
    cursors
        .iter()
        .filter(|cursor| cursor.position < to)
        .map(|cursor| Gap { cursor: cursor.name.to_owned(), from: first.max(cursor.position + 1), to })
        .collect()
}
