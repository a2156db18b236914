//! Content codings as HTTP has them (RFC 9110 §8.4.1). A decoder of the Compression Standard refuses what other servers
//! send and every other client takes: gzip of several members, which are joined (RFC 1952 §2.2), `deflate` without the
//! zlib format around it, something behind the end, an empty body.

use flate2::{Decompress, FlushDecompress};

use super::{Outcome, Step, WINDOW_BITS, brotli, step};

/// Bytes by which it is known what begins.
const MAGIC: usize = 2;
/// How a member of gzip begins.
const GZIP: [u8; MAGIC] = [0x1f, 0x8b];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// Decodes a content coding as other HTTP clients do.
pub(in super::super) struct Content {
    coding: Coding,
    state: State,
    /// The first bytes of what begins, until they say what it is.
    magic: Vec<u8>,
    /// A member ended: what follows is another one, or padding.
    further: bool,
}

enum State {
    /// Nothing has begun yet, or something ended and another may begin.
    Between,
    Inflate(Box<Decompress>),
    Unbrotli(brotli::Decoder),
    /// What comes now is of no meaning.
    Over,
}

impl Content {
    pub(super) fn new(coding: Coding) -> Self {
        Self { coding, state: State::Between, magic: Vec::with_capacity(MAGIC), further: false }
    }

    /// What the decoder within it has beyond what inflating takes.
    pub(super) fn memory(&self) -> Option<usize> {
        if let State::Unbrotli(coder) = &self.state { Some(coder.memory()) } else { None }
    }

    pub(super) fn step(&mut self, input: &[u8], finish: bool, output: &mut [u8]) -> Step {
        let (mut consumed, mut produced) = (0, 0);
        let outcome = loop {
            let rest = input.get(consumed..).unwrap_or_default();
            match &mut self.state {
                State::Over => {
                    consumed = input.len();
                    break if finish { Outcome::End } else { Outcome::More };
                }
                State::Between => {
                    let missing = rest.len().min(MAGIC.saturating_sub(self.magic.len()));
                    self.magic.extend_from_slice(rest.get(..missing).unwrap_or_default());
                    consumed += missing;
                    let is_last = finish && !self.magic.is_empty();
                    if self.magic.len() < MAGIC && !is_last {
                        break if finish { Outcome::End } else { Outcome::More };
                    }
                    self.begin();
                }
                State::Inflate(_) | State::Unbrotli(_) => {
                    let room = output.get_mut(produced..).unwrap_or_default();
                    let part = if self.magic.is_empty() { rest } else { &self.magic };
                    let done = match &mut self.state {
                        State::Inflate(coder) => inflate(coder, part, room),
                        State::Unbrotli(coder) => coder.step(part, room),
                        State::Between | State::Over => break Outcome::Corrupt,
                    };
                    produced += done.produced;
                    let stuck = done.consumed + done.produced == 0;
                    let all = done.consumed == part.len();
                    if self.magic.is_empty() {
                        consumed += done.consumed;
                    } else {
                        self.magic.drain(..done.consumed);
                    }
                    match done.outcome {
                        Outcome::End => self.ended(),
                        Outcome::Corrupt => break Outcome::Corrupt,
                        Outcome::More if stuck || produced == output.len() => break Outcome::More,
                        Outcome::More if all && consumed == input.len() => break Outcome::More,
                        Outcome::More => {}
                    }
                }
            }
        };
        Step { consumed, produced, outcome }
    }

    /// Enough came to know what begins.
    fn begin(&mut self) {
        let zlib = matches!(self.magic.as_slice(), [first, second] if is_zlib(*first, *second));
        self.state = match self.coding {
            Coding::Gzip => State::Inflate(Box::new(Decompress::new_gzip(WINDOW_BITS))),
            Coding::Deflate => State::Inflate(Box::new(Decompress::new(zlib))),
            Coding::Brotli => State::Unbrotli(brotli::Decoder::new()),
        };
        if self.further && self.magic != GZIP {
            self.state = State::Over;
        }
    }

    /// A member ended.
    fn ended(&mut self) {
        self.further = true;
        self.state = if self.coding == Coding::Gzip { State::Between } else { State::Over };
    }
}

fn inflate(coder: &mut Decompress, input: &[u8], output: &mut [u8]) -> Step {
    let before = (coder.total_in(), coder.total_out());
    let status = coder.decompress(input, output, FlushDecompress::None).ok();
    step(before, (coder.total_in(), coder.total_out()), status)
}

/// Whether this is how the zlib format begins (RFC 1950 §2.2): deflate with a window that there is, and its checksum.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31)
}

#[cfg(test)]
mod tests;
