//! From messages to the bytes for one peer, which wait here until their stream takes them.

use super::close_code::close_payload;
use super::deflate::{Coders, MIN_COMPRESSED};
use super::frame::{Head, Opcode, mask};

/// The sending side of a connection.
pub(crate) struct Sender {
    /// It masks what it sends.
    is_client: bool,
    /// Messages may be compressed, within a window of so many bits.
    deflate: Option<u8>,
    out: Vec<u8>,
    /// Where what is not sent begins.
    at: usize,
    /// The answer to a ping that came while other things waited: only the last one is answered (RFC 6455 §5.5.3).
    pong: Option<Vec<u8>>,
    closed: bool,
}

impl Sender {
    pub(crate) fn new(is_client: bool, deflate: Option<u8>) -> Self {
        Self { is_client, deflate, out: Vec::new(), at: 0, pong: None, closed: false }
    }

    /// Bytes that it holds.
    pub(crate) fn held(&self) -> usize {
        self.out.capacity()
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.out.len() - self.at
    }

    /// A message.
    pub(crate) fn message(&mut self, coders: &mut Coders, is_text: bool, payload: &mut [u8]) {
        let opcode = if is_text { Opcode::Text } else { Opcode::Binary };
        let bits = self.deflate.filter(|_| payload.len() >= MIN_COMPRESSED);
        match bits.and_then(|bits| coders.compress(payload, bits)) {
            Some(mut shorter) => self.push(opcode, true, &mut shorter),
            None => self.push(opcode, false, payload),
        }
    }

    pub(crate) fn ping(&mut self) {
        self.push(Opcode::Ping, false, &mut []);
    }

    /// Answers a ping.
    pub(crate) fn pong(&mut self, payload: Vec<u8>) {
        self.pong = Some(payload);
        if self.waiting() == 0 {
            self.push_pong();
        }
    }

    /// The end: nothing is added after it.
    pub(crate) fn close(&mut self, code: Option<u16>, reason: &str) {
        self.push(Opcode::Close, false, &mut close_payload(code, reason));
        self.closed = true;
    }

    /// The next bytes to be sent, at most `most`.
    pub(crate) fn take(&mut self, most: usize) -> Vec<u8> {
        let end = self.out.len().min(self.at.saturating_add(most));
        let piece = if self.at == 0 && end == self.out.len() {
            std::mem::take(&mut self.out)
        } else {
            let piece = self.out.get(self.at..end).unwrap_or_default().to_vec();
            self.at = end;
            piece
        };
        if self.waiting() == 0 {
            (self.out, self.at) = (Vec::new(), 0);
            self.push_pong();
        } else if self.at > self.out.len() / 2 {
            // Moved no more often than in doubling, so what is sent costs what it is long.
            self.out.drain(..self.at);
            self.out.shrink_to_fit();
            self.at = 0;
        }
        piece
    }

    fn push_pong(&mut self) {
        if let Some(mut payload) = self.pong.take() {
            self.push(Opcode::Pong, false, &mut payload);
        }
    }

    fn push(&mut self, opcode: Opcode, compressed: bool, payload: &mut [u8]) {
        if self.closed {
            return;
        }
        let key = if self.is_client { new_mask() } else { None };
        let length = u64::try_from(payload.len()).unwrap_or(u64::MAX);
        self.out.reserve(payload.len() + super::frame::MAX_HEAD);
        Head { fin: true, compressed, opcode, mask: key, length }.write(&mut self.out);
        if let Some(key) = key {
            mask(payload, key, 0);
        }
        self.out.extend_from_slice(payload);
    }
}

/// A key that no page can foresee (§10.3). Where the system has no random bytes, zeros: the frame is as valid.
fn new_mask() -> Option<[u8; 4]> {
    let mut key = [0; 4];
    let _ = getrandom::fill(&mut key);
    Some(key)
}

#[cfg(test)]
mod tests;
