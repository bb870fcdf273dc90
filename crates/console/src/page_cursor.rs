//! Where a page of the board ended, as text that a client gives back: `<class>,<raised_at>,<id>`, `raised_at` in
//! microseconds since the epoch. A page of history ends with the archive's own `<raised_at>,<id>`.

use crate::alert_board::Urgency;
use watchfire_archive::AlertsCursor;
use watchfire_model::Class;

pub(crate) fn write(place: Urgency) -> String {
    let rest = AlertsCursor { raised_at: place.raised_at, id: place.id };
    format!("{},{rest}", place.class.as_str())
}

pub(crate) fn read(text: &str) -> Option<Urgency> {
    let (class, rest) = text.split_once(',')?;
    let AlertsCursor { raised_at, id } = rest.parse().ok()?;
    Some(Urgency { class: class_named(class)?, raised_at, id })
}

/// The class of that name.
pub(crate) fn class_named(name: &str) -> Option<Class> {
    Class::ALL.iter().copied().find(|class| class.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::{AlertId, JournalId, Seq, Timestamp};

    #[test]
    fn a_cursor_reads_back_and_rubbish_does_not() {
        let id = AlertId { journal: JournalId([3; 16]), cause: Seq(9), ordinal: 1 };
        let place = Urgency { class: Class::EarlyWarning, raised_at: Timestamp(-5), id };
        assert_eq!(read(&write(place)), Some(place));
        for rubbish in ["", ",", "fire", "fire,1", "x,1,2", "1,2"] {
            assert_eq!(read(rubbish), None, "{rubbish:?}");
        }
    }
}
