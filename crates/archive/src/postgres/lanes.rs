//! Further connections that write readings beside the first, so that more than one process of the server takes them.
//!
//! Each device is of one lane. In a batch that is large enough every lane sends its devices' readings in a transaction of
//! its own, which also notes them and moves the lane's position; all of them are committed before the first connection
//! commits the rest of the batch and the cursor. So a lane is never behind the cursor in what it has, and ahead of it only
//! by a batch that was cut short: when that is delivered again, what the lane has by its position is left out. Everything
//! of a frame is in one lane, so that a frame is seen as a whole or not at all.
//!
//! What refers to names and days must find them when a lane commits: they are made before, each by itself.

use super::copy::Copy;
use super::link::Link;
use super::noted::Noted;
use super::server::Server;
use super::session::{Purpose, Session};
use super::times::At;
use crate::fault::Fault;
use std::num::NonZeroU16;
use watchfire_model::Seq;

/// The further connections with their positions.
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
}

struct Lane {
    session: Session,
    number: i32,
    position: Seq,
}

/// What the server knows of its lanes: how many connections share the devices, and how far each lane is.
pub(crate) struct Shares {
    shares: i32,
    positions: Vec<(i32, Seq)>,
}

impl Shares {
    /// As they are after the last batch; as many as wanted, when no lane is ahead of the cursor. Within the transaction that
    /// holds the cursors: what a connection that was lost still does is waited for.
    pub(crate) async fn settle(link: &Link, cursor: Seq, wanted: NonZeroU16) -> Result<Shares, Fault> {
        let sql = "SELECT lane, shares, position FROM lanes ORDER BY lane FOR UPDATE";
        let (mut shares, mut positions) = (1, Vec::new());
        for row in link.query(sql, &[]).await? {
            shares = row.try_get(1)?;
            positions.push((row.try_get(0)?, Seq(row.try_get::<_, i64>(2)?.cast_unsigned())));
        }
        let wanted = i32::from(wanted.get());
        if shares == wanted || positions.iter().any(|(_, position)| *position > cursor) {
            return Ok(Shares { shares, positions });
        }
        link.execute("DELETE FROM lanes", &[]).await?;
        let sql =
            "INSERT INTO lanes (lane, shares, position) SELECT lane, $1, $2 FROM generate_series(1, $1 - 1) AS lane";
        link.execute(sql, &[&wanted, &cursor.0.cast_signed()]).await?;
        Ok(Shares { shares: wanted, positions: (1..wanted).map(|lane| (lane, cursor)).collect() })
    }
}

impl Lanes {
    /// Connects them, to the server of the first connection: what a lane wrote to another one (there may be two that think
    /// themselves the one to be written to) would be missing where the cursor moves.
    pub(crate) fn open(server: &Server, first: &Session, shares: &Shares) -> Result<Lanes, Fault> {
        debug_assert!(shares.positions.iter().map(|(number, _)| *number).eq(1..shares.shares));
        let mut lanes = Lanes { lanes: Vec::new() };
        for &(number, position) in &shares.positions {
            let session = Session::open(server, Purpose::Write)?;
            if session.run(started_at)? != first.run(started_at)? {
                return Err(Fault::Limit("its connections go to different servers"));
            }
            lanes.lanes.push(Lane { session, number, position });
        }
        Ok(lanes)
    }

    /// The last entry of which any lane may have something; 0 without lanes.
    pub(crate) fn reach(&self) -> Seq {
        self.lanes.iter().map(|lane| lane.position).max().unwrap_or_default()
    }

    /// How many connections write, the first included.
    pub(crate) fn shares(&self) -> usize {
        1 + self.lanes.len()
    }

    /// Whether there is none but the first connection.
    pub(crate) fn is_none(&self) -> bool {
        self.lanes.is_empty()
    }

    /// The lane of a device: 0 is the first connection.
    pub(crate) fn of_device(&self, device: i32) -> usize {
        usize::try_from(device).unwrap_or(0) % self.shares()
    }

    /// Whether that lane has the readings of that entry.
    pub(crate) fn has(&self, lane: usize, seq: Seq) -> bool {
        lane.checked_sub(1).and_then(|index| self.lanes.get(index)).is_some_and(|lane| lane.position >= seq)
    }

    /// Every lane sends its share and commits it, beside what the first connection does meanwhile.
    pub(crate) fn send<T>(
        &mut self,
        shares: Vec<Copy>,
        to: Seq,
        meanwhile: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        std::thread::scope(|scope| {
            let sending: Vec<_> = self
                .lanes
                .iter_mut()
                .zip(shares)
                .map(|(lane, share)| scope.spawn(move || lane.send(share, to)))
                .collect();
            let first = meanwhile();
            let sent = sending.into_iter().map(|lane| match lane.join() {
                Ok(sent) => sent,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            // All are waited for; a lane's error is the batch's.
            let sent: Vec<Result<(), Fault>> = sent.collect();
            let first = first?;
            sent.into_iter().collect::<Result<(), _>>()?;
            Ok(first)
        })
    }
}

/// When the server was started, to the microsecond: which of several it is.
async fn started_at(link: &Link) -> Result<At, Fault> {
    let row = link.row("SELECT pg_postmaster_start_time()", &[]).await?;
    Ok(row.ok_or_else(|| Fault::malformed("the server", "it does not say when it was started"))?.try_get(0)?)
}

impl Lane {
    fn send(&mut self, mut share: Copy, to: Seq) -> Result<(), Fault> {
        share.sort();
        // Of a batch that was cut short, what is delivered again may end before what the lane has.
        let (number, from, to) = (self.number, self.position, to.max(self.position));
        self.session.run(async |link| {
            link.batch("BEGIN").await?;
            share.send_readings(link).await?;
            let sql = "UPDATE lanes SET position = $3 WHERE lane = $1 AND position = $2";
            let moved = link.execute(sql, &[&number, &from.0.cast_signed(), &to.0.cast_signed()]).await?;
            if moved != 1 {
                return Err(Fault::Limit("another writer moved it"));
            }
            Noted::of(&share).write(link).await?;
            link.batch("COMMIT").await
        })?;
        self.position = to;
        Ok(())
    }
}
