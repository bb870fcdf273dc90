//! Which frames a device sent of late, so that a resend is known as one after a restart too: kept in memory, and noted
//! in `recent_frames` in the transaction of their rows.
//!
//! # Format of `frames`, version 1
//! ```text
//! byte   version = 1
//! then frame after frame:
//! varint device id · signed varint receive time in µs, difference to the frame before · 8 bytes of fingerprint
//! ```

use super::link::Link;
use super::times::At;
use crate::fault::Fault;
use crate::recent_keys::{KEEP_US, RecentKeys};
use crate::varint::{Bytes, put, put_signed};
use futures_util::TryStreamExt;
use std::collections::HashMap;
use std::pin::pin;

const VERSION: u8 = 1;

/// See the head of this file.
#[derive(Default)]
pub(crate) struct RecentFrames {
    devices: HashMap<i32, RecentKeys>,
    /// The frames of the batch in the making.
    noted: Vec<u8>,
    last_received: i64,
    newest: i64,
}

impl RecentFrames {
    /// What is noted at the server.
    pub(crate) async fn load(link: &Link) -> Result<RecentFrames, Fault> {
        let mut recent = RecentFrames::default();
        let mut rows = pin!(link.stream("SELECT frames FROM recent_frames ORDER BY id", &[]).await?);
        while let Some(row) = rows.try_next().await? {
            let malformed = || Fault::malformed("the recent frames", "form");
            let mut bytes = Bytes(row.try_get(0)?);
            if bytes.byte() != Some(VERSION) {
                return Err(Fault::malformed("the recent frames", "version"));
            }
            let mut received = 0i64;
            while !bytes.is_empty() {
                let device = bytes.unsigned().and_then(|id| i32::try_from(id).ok()).ok_or_else(malformed)?;
                received = received.wrapping_add(bytes.signed().ok_or_else(malformed)?);
                let fingerprint = bytes.fixed().ok_or_else(malformed)?;
                recent.newest = recent.newest.max(received);
                recent.devices.entry(device).or_default().repeats(received, fingerprint);
            }
        }
        Ok(recent)
    }

    /// Whether the frame repeats one of late; if not, it is one from now on.
    pub(crate) fn repeats(&mut self, device: i32, received: i64, fingerprint: u64) -> bool {
        if self.devices.entry(device).or_default().repeats(received, fingerprint) {
            return true;
        }
        if self.noted.is_empty() {
            self.noted.push(VERSION);
            self.last_received = 0;
        }
        put(&mut self.noted, device.unsigned_abs().into());
        put_signed(&mut self.noted, received.wrapping_sub(self.last_received));
        self.noted.extend_from_slice(&fingerprint.to_le_bytes());
        self.last_received = received;
        self.newest = self.newest.max(received);
        false
    }

    /// Notes those of this batch at the server.
    pub(crate) async fn write(&mut self, link: &Link) -> Result<(), Fault> {
        if self.noted.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO recent_frames (last_received, frames) VALUES ($1, $2)";
        link.execute(sql, &[&At(self.newest), &self.noted]).await?;
        self.noted.clear();
        Ok(())
    }

    /// Forgets what is too old to be repeated.
    pub(crate) async fn forget(&mut self, link: &Link) -> Result<(), Fault> {
        let from = self.newest.saturating_sub(KEEP_US);
        self.devices.retain(|_, keys| {
            keys.forget_before(from);
            !keys.is_empty()
        });
        link.execute("DELETE FROM recent_frames WHERE last_received < $1", &[&At(from)]).await?;
        Ok(())
    }
}
