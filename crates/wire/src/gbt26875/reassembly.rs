//! Frames out of a stream that may glue, split and damage them.
//!
//! A frame is measured by its length field. What cannot be the beginning of a frame is passed over byte by byte, so that
//! a sound frame behind any garbage is found. Where the garbage looks like the beginning of a longer frame, the sound one
//! inside is found once enough bytes have come; or when the caller's time for completing a frame is over and it calls
//! [`Reassembler::give_up`]; or, sooner, by [`Reassembler::uncover`], since an alarm does not wait behind half a frame.
//!
//! A frame with both marks in place and a wrong checksum is handed out as damaged, so that it can be denied; unless
//! another frame begins inside of it that is sound or still coming in. Of what begins where a frame is due and is too long
//! or does not end as a frame, the header is handed out as misframed, and its bytes are passed over.

use super::envelope::{self, END, Envelope, FRAME_BYTES_MIN, HEADER_BYTES, START, UNIT_BYTES_MAX};

/// So many bytes in a row that belong to no frame: nobody speaks the protocol here.
pub const UNFRAMED_BYTES_MAX: usize = 8 * 1024;

/// What comes out of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A sound frame.
    Frame {
        /// Its bytes: what is journaled.
        bytes: &'a [u8],
        /// What stands in it.
        envelope: Envelope<'a>,
    },
    /// Begins, measures and ends as a frame, but the checksum is wrong.
    Damaged {
        /// Its bytes.
        bytes: &'a [u8],
        /// What seems to stand in it: to be denied, never to be believed.
        envelope: Envelope<'a>,
    },
    /// Begins where a frame is due, but is too long or does not end as one.
    Misframed {
        /// What seems to stand in its header, without an application unit: to be denied, never to be believed.
        envelope: Envelope<'static>,
    },
}

/// Puts frames together. Holds less than two frames, and what was fed since the last call of [`Reassembler::next`].
#[derive(Debug, Default)]
pub struct Reassembler {
    bytes: Vec<u8>,
    start: usize,
    unframed: usize,
    /// What comes next does not begin behind a whole frame.
    astray: bool,
}

enum Found {
    Frame(usize),
    Damaged(usize),
    Incomplete,
    Nothing,
}

impl Reassembler {
    /// Nothing heard yet.
    pub fn new() -> Reassembler {
        Reassembler::default()
    }

    /// Takes bytes off the wire, or a whole datagram.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next piece; `None` until more bytes come.
    #[expect(clippy::should_implement_trait, reason = "a piece borrows from the buffer, which an iterator cannot")]
    pub fn next(&mut self) -> Option<Piece<'_>> {
        loop {
            match self.look() {
                Found::Nothing if self.waiting() == 0 => return None,
                Found::Nothing => {
                    let header = envelope::headed(self.rest()).filter(|_| !self.astray);
                    self.pass_over(1);
                    if let Some(envelope) = header {
                        return Some(Piece::Misframed { envelope });
                    }
                }
                Found::Incomplete => return None,
                Found::Frame(length) => {
                    (self.unframed, self.astray) = (0, false);
                    let bytes = self.take(length);
                    let envelope = Envelope::read(bytes).expect("`look` has read it");
                    return Some(Piece::Frame { bytes, envelope });
                }
                Found::Damaged(length) => {
                    self.unframed += length;
                    self.astray = false;
                    let bytes = self.take(length);
                    let envelope = envelope::measured(bytes).expect("`look` has measured it");
                    return Some(Piece::Damaged { bytes, envelope });
                }
            }
        }
    }

    /// What waits does not become a frame in time: it is passed over as far as another frame may begin. At the end of a
    /// datagram, and when a frame takes too long; then [`Reassembler::next`] again.
    pub fn give_up(&mut self) {
        self.pass_over(self.waiting().min(1));
    }

    /// Passes over what waits to become a frame when a sound one lies behind its beginning; true when one does. Not at once:
    /// the rest of a frame in which another one is carried may be on its way.
    pub fn uncover(&mut self) -> bool {
        let rest = self.rest();
        let hidden = (1..rest.len()).find(|at| matches!(look_at(rest.get(*at..).unwrap_or_default()), Found::Frame(_)));
        if let Some(count) = hidden {
            self.pass_over(count);
        }
        hidden.is_some()
    }

    /// Bytes of a frame that is not yet whole.
    pub fn waiting(&self) -> usize {
        self.bytes.len().saturating_sub(self.start)
    }

    /// Bytes since the last sound frame that belong to none. Beyond [`UNFRAMED_BYTES_MAX`] the peer is to be dropped.
    pub fn unframed(&self) -> usize {
        self.unframed
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn look(&self) -> Found {
        let rest = self.rest();
        match look_at(rest) {
            Found::Damaged(length) => {
                let inner = (1..length).find(|at| {
                    let inner = rest.get(*at..).unwrap_or_default();
                    matches!(look_at(inner), Found::Frame(_) | Found::Incomplete) && inner.len() > START.len()
                });
                match inner {
                    Some(_) => Found::Nothing,
                    None => Found::Damaged(length),
                }
            }
            found => found,
        }
    }

    fn pass_over(&mut self, count: usize) {
        let rest = self.bytes.get(self.start + count..).unwrap_or_default();
        let begins = |pair: &[u8]| pair == START.as_slice();
        // A single `40` at the end may be half of a mark.
        let half = usize::from(rest.last() == START.first());
        let more = rest.windows(START.len()).position(begins).unwrap_or(rest.len() - half);
        self.start += count + more;
        self.unframed += count + more;
        self.astray = true;
    }

    fn take(&mut self, length: usize) -> &[u8] {
        let start = self.start;
        self.start += length;
        self.bytes.get(start..self.start).unwrap_or_default()
    }
}

fn look_at(bytes: &[u8]) -> Found {
    if !bytes.starts_with(&START) {
        return if START.starts_with(bytes) && !bytes.is_empty() { Found::Incomplete } else { Found::Nothing };
    }
    if bytes.len() < HEADER_BYTES {
        return Found::Incomplete;
    }
    let Some(unit) = envelope::announced(bytes).filter(|unit| *unit <= UNIT_BYTES_MAX) else { return Found::Nothing };
    let length = FRAME_BYTES_MIN + unit;
    match bytes.get(..length) {
        None => Found::Incomplete,
        Some(frame) if !frame.ends_with(&END) => Found::Nothing,
        Some(frame) if Envelope::read(frame).is_ok() => Found::Frame(length),
        Some(_) => Found::Damaged(length),
    }
}
