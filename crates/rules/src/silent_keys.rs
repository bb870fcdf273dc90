//! The keys of rules that watch for silent devices.

use crate::metric_keys::HOLD_S_MAX;
use crate::rule::Kind;
use crate::rule_file::Draft;
use watchfire_settings::Section;

/// A silence of more than 31 days is never noticed in time (EN 50136-1 SP1 allows 32 d).
const SILENT_S_MAX: u64 = 31 * 86_400;

pub(crate) fn read_silent(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let after_s = section.optional_integer("after_s", 10..=SILENT_S_MAX);
    let gone_hold_s = section.integer_or("gone_hold_s", 60, 0..=HOLD_S_MAX);
    Some(Kind::Silent {
        after_s: after_s.and_then(|seconds| u32::try_from(seconds).ok()),
        gone_hold_s: u32::try_from(gone_hold_s).ok()?,
    })
}
