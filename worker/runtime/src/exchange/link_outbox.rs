//! What is to be sent on one data link, and which bodies may add to it.

use bytes::Bytes;
use nano_protocol::{Outbox, SendHalf, StreamId, Turns};

/// Unsent bytes of a link from which on no more of a body joins them, so that a supervisor that does not read costs no
/// more than that; the frames' heads count.
pub(super) const MAX_UNSENT: usize = 1 << 20;

/// Most pieces of bodies in a turn, and in what is done between turns. A script may make piece after piece in one call, so
/// that nothing else of its app is done meanwhile.
pub(super) const MAX_PIECES: u32 = 256;

/// The frames for one data link, and whose turn it is to add to a body.
pub(super) struct LinkOutbox {
    pub(super) frames: Outbox,
    turns: Turns,
    /// Pieces that may be sent before something else is done.
    pieces: u32,
}

impl Default for LinkOutbox {
    fn default() -> Self {
        Self { frames: Outbox::default(), turns: Turns::new(MAX_UNSENT), pieces: MAX_PIECES }
    }
}

impl LinkOutbox {
    /// Whether nothing more than there is should be added.
    pub(super) fn is_full(&self) -> bool {
        self.frames.len() >= MAX_UNSENT
    }

    /// How much of a body may be added now. None though its receiver takes some: it waits for its turn.
    pub(super) fn room(&mut self, stream: StreamId, body: &SendHalf) -> usize {
        if self.is_spent() && body.room() > 0 {
            self.turns.give_way(stream);
            return 0;
        }
        self.turns.room(stream, body.room(), self.frames.len())
    }

    /// Adds at most `most` bytes of what `body` was given, as far as its receiver takes them. Returns how many.
    pub(super) fn send(&mut self, stream: StreamId, body: &mut SendHalf, most: usize) -> usize {
        let sent = body.send(stream, &mut self.frames, most);
        self.count(stream, sent);
        sent
    }

    /// Adds what a whole body still has, as far as there is room; the rest waits for its turn.
    pub(super) fn send_rest(&mut self, stream: StreamId, body: &mut SendHalf) {
        while !body.is_ended() {
            let room = self.room(stream, body);
            if self.send(stream, body, room) == 0 {
                return;
            }
        }
    }

    /// Adds a piece of `body`, for which there is room; `end`: it is the last.
    pub(super) fn send_piece(&mut self, stream: StreamId, body: &mut SendHalf, data: Bytes, end: bool) {
        body.sent(data.len(), end);
        self.count(stream, data.len());
        self.frames.push_data(stream, end, data);
    }

    fn count(&mut self, stream: StreamId, sent: usize) {
        if sent > 0 {
            self.pieces = self.pieces.saturating_sub(1);
            self.turns.sent(stream, sent);
        }
    }

    /// The body that is to go on now, if there is room for one of those that wait.
    pub(super) fn next_turn(&mut self) -> Option<StreamId> {
        self.renew();
        self.turns.next(self.frames.len())
    }

    /// Something else was done.
    pub(super) fn renew(&mut self) {
        self.pieces = MAX_PIECES;
    }

    /// Whether something else is to be done before the next turn.
    pub(super) fn is_spent(&self) -> bool {
        self.pieces == 0
    }

    /// Whether [`LinkOutbox::next_turn`] has one.
    pub(super) fn is_turn_due(&self) -> bool {
        self.turns.is_due(self.frames.len())
    }

    /// No more of this body will be sent.
    pub(super) fn leave(&mut self, stream: StreamId) {
        self.turns.leave(stream);
    }
}

#[cfg(test)]
mod tests;
