//! Counts the frames of a client that carry nothing: a few bytes each, and work for the server. They are not refused but
//! read more slowly, so that one who sends many by the nature of what it does is held up and not cut off.
//!
//! An account of points: such a frame costs some. Points come back with time, with what is written to the client (it
//! confirms that by frames), with each piece of a body that an app takes, and with each response.

/// As many as an account holds.
const MOST: u32 = 2_000;
/// Points that come back in each tick (half a second).
const PER_TICK: u32 = 100;
/// Bytes written for which one point comes back.
const BYTES_PER_POINT: usize = 512;
/// Points that come back with the end of a response.
pub(super) const PER_RESPONSE: u32 = 8;
/// A piece of a body that is smaller costs a point: what is kept of it is larger than itself.
const SMALL: u32 = 256;
/// Such pieces that are read in one turn of a connection: h2 has an entry for each, many times as large, until the turn ends,
/// and keeps room for as many as there ever were.
const SMALL_IN_TURN: u32 = 64;

/// The type of frames of bodies.
const DATA: u8 = 0;

/// The length of a frame's head (RFC 9113 §4.1).
const HEAD: usize = 9;

/// One connection's account, and where in its frames it is.
#[derive(Debug)]
pub(super) struct FrameMeter {
    points: u32,
    /// Bytes of the preface that are still to come.
    preface: usize,
    head: [u8; HEAD],
    /// Bytes of the head that are there.
    have: usize,
    /// Bytes of the payload that are still to come.
    payload: usize,
    /// Bytes written that have brought no point yet.
    written: usize,
    /// Bytes of bodies that came and were not taken note of.
    data: u32,
    /// Small pieces of bodies in this turn.
    small: u32,
}

impl Default for FrameMeter {
    fn default() -> Self {
        Self {
            points: MOST,
            preface: super::PREFACE.len(),
            head: [0; HEAD],
            have: 0,
            payload: 0,
            written: 0,
            data: 0,
            small: 0,
        }
    }
}

impl FrameMeter {
    /// Small pieces of bodies count from here on.
    pub(super) fn begin_turn(&mut self) {
        self.small = 0;
    }

    /// The client's next bytes. How many of them are for this turn.
    pub(super) fn feed(&mut self, all: &[u8]) -> usize {
        let mut bytes = all;
        while !bytes.is_empty() {
            let skipped = if self.preface > 0 { &mut self.preface } else { &mut self.payload };
            if *skipped > 0 {
                let taken = bytes.len().min(*skipped);
                *skipped -= taken;
                bytes = bytes.get(taken..).unwrap_or_default();
                continue;
            }
            if self.have == 0 && self.small == SMALL_IN_TURN {
                break;
            }
            let (first, rest) = bytes.split_at(bytes.len().min(HEAD - self.have));
            if let Some(place) = self.head.get_mut(self.have..self.have + first.len()) {
                place.copy_from_slice(first);
            }
            self.have += first.len();
            bytes = rest;
            if self.have == HEAD {
                self.have = 0;
                let [a, b, c, kind, flags, ..] = self.head;
                let length = u32::from_be_bytes([0, a, b, c]);
                self.payload = usize::try_from(length).unwrap_or(usize::MAX);
                self.points = self.points.saturating_sub(cost(kind, flags, length));
                if kind == DATA {
                    self.data = self.data.saturating_add(length);
                    self.small = self.small.saturating_add(u32::from(length < SMALL));
                }
            }
        }
        all.len() - bytes.len()
    }

    /// Whether the whole preface came.
    pub(super) fn has_begun(&self) -> bool {
        self.preface == 0
    }

    /// Bytes of bodies, as windows count them, in the frames that began since the last call.
    pub(super) fn take_data(&mut self) -> u32 {
        std::mem::take(&mut self.data)
    }

    /// Whether no more frames are to be read for now.
    pub(super) fn is_exhausted(&self) -> bool {
        self.points == 0
    }

    pub(super) fn tick(&mut self) {
        self.refund(PER_TICK);
    }

    pub(super) fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        let points = self.written / BYTES_PER_POINT;
        self.written %= BYTES_PER_POINT;
        self.refund(u32::try_from(points).unwrap_or(MOST));
    }

    pub(super) fn refund(&mut self, points: u32) {
        self.points = self.points.saturating_add(points).min(MOST);
    }
}

fn cost(kind: u8, flags: u8, length: u32) -> u32 {
    const END: u8 = 1;
    match kind {
        DATA if length >= SMALL => 0,
        DATA if length > 0 || flags & END != 0 => 1,
        DATA => 4,
        // HEADERS, WINDOW_UPDATE
        1 | 8 => 1,
        // RST_STREAM: what was begun for it is to be given up.
        3 => 8,
        // SETTINGS, which are to be acknowledged; an acknowledgement is expected once.
        4 => 8,
        // PING, CONTINUATION
        6 | 9 => 4,
        // PRIORITY and what is not known
        _ => 2,
    }
}

#[cfg(test)]
mod tests;
