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

/// See the file's head.
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::Coder;
    use super::*;

    fn pack(format: &str, data: &[u8]) -> Vec<u8> {
        let mut output = vec![0; data.len() * 2 + 100];
        let step = Coder::new(format, false).unwrap().step(data, true, &mut output);
        assert_eq!((step.consumed, &step.outcome), (data.len(), &Outcome::End));
        output.truncate(step.produced);
        output
    }

    /// What a body decodes to, in pieces of these sizes; `None` where it is corrupt or ends too early.
    fn unpack(coding: Coding, body: &[u8], step_in: usize, step_out: usize) -> Option<Vec<u8>> {
        let mut content = Content::new(coding);
        let mut output = vec![0; step_out];
        let (mut whole, mut at) = (Vec::new(), 0);
        loop {
            let part = &body[at..body.len().min(at + step_in)];
            let finish = part.is_empty();
            let step = content.step(part, finish, &mut output);
            at += step.consumed;
            whole.extend_from_slice(&output[..step.produced]);
            match step.outcome {
                Outcome::End => return Some(whole),
                Outcome::Corrupt => return None,
                Outcome::More if finish && step.produced == 0 => return None,
                Outcome::More => assert!(finish || step.consumed + step.produced > 0, "no progress at {at}"),
            }
        }
    }

    fn everywhere(coding: Coding, body: &[u8], expected: Option<&[u8]>, what: &str) {
        for (step_in, step_out) in [(65_536, 65_536), (1, 65_536), (2, 3), (7, 1), (65_536, 1)] {
            let got = unpack(coding, body, step_in, step_out);
            assert_eq!(got.as_deref(), expected, "{what}: {step_in} in, {step_out} out");
        }
    }

    #[test]
    fn members_of_gzip_are_joined_and_padding_is_passed_over() {
        let (a, b) = (pack("gzip", b"first "), pack("gzip", b"second"));
        let empty = pack("gzip", b"");
        everywhere(Coding::Gzip, &[&a[..], &b].concat(), Some(b"first second"), "two members");
        everywhere(Coding::Gzip, &[&empty[..], &a, &empty, &empty, &b].concat(), Some(b"first second"), "empty ones");
        for padding in [&[0; 1][..], &[0; 512], b"\x1f", b"\x1fx", b"<!-- page -->"] {
            everywhere(Coding::Gzip, &[&a[..], padding].concat(), Some(b"first "), "padding");
        }
        everywhere(Coding::Gzip, &[&a[..], &[0; 8], &b].concat(), Some(b"first "), "a member behind padding");
    }

    #[test]
    fn deflate_comes_with_and_without_zlib() {
        for data in [&b"to be or not to be"[..], b"", &[7; 5000]] {
            for format in ["deflate", "deflate-raw"] {
                let packed = pack(format, data);
                everywhere(Coding::Deflate, &packed, Some(data), format);
                everywhere(Coding::Deflate, &[&packed[..], b"more"].concat(), Some(data), format);
            }
        }
        let packed = pack("brotli", b"to be or not to be");
        everywhere(Coding::Brotli, &[&packed[..], b"more"].concat(), Some(b"to be or not to be"), "brotli");
    }

    #[test]
    fn what_is_cut_short_or_corrupt_is_no_body_and_an_empty_one_is_empty() {
        for (coding, format) in [(Coding::Gzip, "gzip"), (Coding::Deflate, "deflate"), (Coding::Brotli, "brotli")] {
            everywhere(coding, b"", Some(b""), format);
            let packed = pack(format, b"hello hello hello hello");
            for length in 1..packed.len() {
                everywhere(coding, &packed[..length], None, &format!("{format}, {length} bytes"));
            }
        }
        let whole = pack("gzip", b"hello");
        everywhere(Coding::Gzip, &[&whole[..], &whole[..whole.len() - 1]].concat(), None, "a second member cut short");
        everywhere(Coding::Gzip, b"no gzip at all", None, "text");
        let mut bad = [&whole[..], &whole].concat();
        *bad.last_mut().unwrap() ^= 1;
        everywhere(Coding::Gzip, &bad, None, "a second member's checksum");
    }
}
