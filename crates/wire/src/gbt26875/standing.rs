//! What is true at the points of each panel, as far as it was said: needed because a reset names no points, and because
//! most statements are only worth a reading when they change. Part of [`Sessions`](crate::Sessions).
//!
//! Only points of which something is true are kept, and no more than [`POINTS_MAX`]. Of a point that finds no place the
//! alarm is told all the same, and its state ends it; only a reset cannot, so that a person must.

use super::object::System;
use super::statement::{Set, Statement};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use watchfire_model::PointName;

/// So many points of all panels are remembered.
pub const POINTS_MAX: usize = 65_536;
/// So many points of one panel.
pub const POINTS_PER_PANEL_MAX: usize = 8_192;

/// By site and device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    panels: BTreeMap<CompactString, BTreeMap<CompactString, Panel>>,
    points: usize,
    /// Once a point found no place, whatever is not remembered may hold all the same.
    overflowed: bool,
}

/// Whose point it is: a system's kind and address, or the transmission device itself.
pub(super) type Owner = Option<(u8, u8)>;

/// One device: owner and point → what is true there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Panel {
    points: BTreeMap<(Owner, PointName), Set>,
    #[serde(skip)]
    room: usize,
    #[serde(skip)]
    overflowed: bool,
}

/// The memory is full.
pub(super) struct NoRoom;

impl Standing {
    /// Takes a panel out for the time of a frame.
    pub(super) fn lend(&mut self, site: &str, device: &str) -> Panel {
        let panel = self.panels.get_mut(site).and_then(|devices| devices.remove(device));
        let mut panel = panel.unwrap_or_default();
        self.points -= panel.points.len();
        panel.room = (POINTS_MAX - self.points).min(POINTS_PER_PANEL_MAX);
        panel.overflowed = self.overflowed;
        panel
    }

    /// Puts it back.
    pub(super) fn take_back(&mut self, site: &str, device: &str, panel: Panel) {
        self.overflowed |= panel.overflowed;
        if !panel.points.is_empty() {
            self.points += panel.points.len();
            let panel = Panel { points: panel.points, ..Panel::default() };
            self.panels.entry(CompactString::new(site)).or_default().insert(CompactString::new(device), panel);
        } else if self.panels.get(site).is_some_and(BTreeMap::is_empty) {
            self.panels.remove(site);
        }
    }
}

impl Panel {
    /// Whether the statement was said and did not end, as far as is known.
    pub(super) fn may_hold(&self, owner: Owner, point: &PointName, statement: Statement) -> bool {
        self.overflowed || self.holds(owner, point, statement)
    }

    /// Whether nothing can hold at any of its points.
    pub(super) fn is_blank(&self) -> bool {
        self.points.is_empty() && !self.overflowed
    }

    /// What is remembered of a point.
    pub(super) fn remembered(&self, owner: Owner, point: &PointName) -> Set {
        if self.points.is_empty() {
            return Set::default();
        }
        self.points.get(&(owner, point.clone())).copied().unwrap_or_default()
    }

    /// Whether the statement is remembered as true.
    pub(super) fn holds(&self, owner: Owner, point: &PointName, statement: Statement) -> bool {
        self.remembered(owner, point).has(statement)
    }

    /// Notes what was said.
    pub(super) fn note(
        &mut self,
        owner: Owner,
        point: &PointName,
        statement: Statement,
        holds: bool,
    ) -> Result<(), NoRoom> {
        if self.points.is_empty() && !holds {
            return Ok(());
        }
        let key = (owner, point.clone());
        if let Some(statements) = self.points.get_mut(&key) {
            if holds {
                statements.add(statement);
            } else {
                statements.remove(statement);
            }
            if statements.is_empty() {
                self.points.remove(&key);
            }
        } else if holds && self.points.len() >= self.room {
            self.overflowed = true;
            return Err(NoRoom);
        } else if holds {
            let mut statements = Set::default();
            statements.add(statement);
            self.points.insert(key, statements);
        }
        Ok(())
    }

    /// What a reset of that owner ends.
    pub(super) fn ended_by_reset(&self, owner: Owner) -> Vec<(PointName, Statement)> {
        let of_owner = self.points.iter().filter(|((whose, _), _)| *whose == owner);
        let ended = of_owner.flat_map(|((_, point), statements)| {
            let ended =
                Statement::ALL.iter().filter(|statement| statement.ends_at_reset() && statements.has(**statement));
            ended.map(|statement| (point.clone(), *statement))
        });
        ended.collect()
    }
}

pub(super) fn owner(system: System) -> Owner {
    Some((system.kind, system.address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_leaves_nothing_behind_and_what_finds_no_place_is_said() {
        let mut standing = Standing::default();
        let point = |number: usize| PointName::new(&number.to_string()).unwrap();
        let mut panel = standing.lend("s", "d");
        for number in 0..POINTS_PER_PANEL_MAX {
            assert!(panel.note(None, &point(number), Statement::Smoke, true).is_ok());
        }
        assert!(panel.note(None, &point(POINTS_PER_PANEL_MAX), Statement::Smoke, true).is_err());
        assert!(panel.note(None, &point(0), Statement::Fault, true).is_ok());
        standing.take_back("s", "d", panel);
        assert_eq!(standing.points, POINTS_PER_PANEL_MAX);
        let mut panel = standing.lend("s", "d");
        for (point, statement) in panel.ended_by_reset(None) {
            assert_eq!(statement, Statement::Smoke);
            assert!(panel.note(None, &point, statement, false).is_ok());
        }
        assert!(panel.may_hold(None, &point(0), Statement::Fault));
        assert!(panel.note(None, &point(0), Statement::Fault, false).is_ok());
        standing.take_back("s", "d", panel);
        assert!(standing.lend("s", "d").may_hold(None, &point(POINTS_PER_PANEL_MAX), Statement::Smoke));
        assert_eq!(standing, Standing { overflowed: true, ..Standing::default() });
    }
}
