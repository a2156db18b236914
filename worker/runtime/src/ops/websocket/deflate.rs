//! The compression of messages (RFC 7692 §7.2). A message is compressed by itself, without what came before it: so one
//! compressor and one decompressor do for all sockets of a worker, and a socket that is idle has neither.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::receiver::{Fault, Memory};

/// Messages below that are sent as they are: compression would save nothing that counts.
pub(super) const MIN_COMPRESSED: usize = 128;

/// What a sender leaves out at the end of each message (§7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Room that is made at a time for what is compressed or decompressed.
const STEP: usize = 16 * 1024;

/// Fast, since the app's time pays for it.
const LEVEL: u32 = 3;

/// Most last blocks in one message: each makes the decompressor begin anew.
const MAX_ENDS: u32 = 16;

/// The coders of one isolate, made when first needed.
#[derive(Default)]
pub(super) struct Coders {
    /// With the bits of its window.
    compress: Option<(u8, Compress)>,
    decompress: Option<Decompress>,
}

impl Coders {
    /// `message` compressed within a window of 2^`bits` bytes; `None` where that is not shorter.
    pub(super) fn compress(&mut self, message: &[u8], bits: u8) -> Option<Vec<u8>> {
        if self.compress.as_ref().is_none_or(|(made_for, _)| *made_for != bits) {
            let compress = Compress::new_with_window_bits(Compression::new(LEVEL), false, bits);
            self.compress = Some((bits, compress));
        }
        let (_, compress) = self.compress.as_mut()?;
        compress.reset();
        let mut out = Vec::new();
        loop {
            if out.len() >= message.len() {
                return None;
            }
            out.reserve(STEP.min(message.len()));
            let taken = usize::try_from(compress.total_in()).ok()?;
            compress.compress_vec(message.get(taken..)?, &mut out, FlushCompress::Sync).ok()?;
            let all = usize::try_from(compress.total_in()).ok()? == message.len();
            // Room is left: it had nothing more to put out.
            if all && out.len() < out.capacity() {
                break;
            }
        }
        out.ends_with(&TAIL).then(|| out.truncate(out.len() - TAIL.len()))?;
        (out.len() < message.len()).then_some(out)
    }

    /// What `compressed` was before it was compressed, at most `most` bytes of it, for which `memory` is asked as it grows.
    pub(super) fn decompress(
        &mut self,
        mut compressed: Vec<u8>,
        most: usize,
        memory: &mut Memory<'_>,
    ) -> Result<Vec<u8>, Fault> {
        compressed.extend_from_slice(&TAIL);
        let decompress = self.decompress.get_or_insert_with(|| Decompress::new(false));
        decompress.reset(false);
        let mut out = Vec::new();
        // Where the data begins that is being decompressed, and how many have ended before.
        let (mut start, mut ended) = (0, 0);
        loop {
            if out.len() > most {
                return Err(Fault::TooLarge);
            }
            if out.len() == out.capacity() {
                let more = out.capacity().clamp(STEP, 1 << 20);
                memory.take(more)?;
                out.reserve_exact(more);
            }
            let before = (decompress.total_in(), decompress.total_out());
            let taken = start + usize::try_from(before.0).unwrap_or(usize::MAX);
            let input = compressed.get(taken..).unwrap_or_default();
            let status = decompress.decompress_vec(input, &mut out, FlushDecompress::Sync);
            let taken = start + usize::try_from(decompress.total_in()).unwrap_or(usize::MAX);
            let all = taken >= compressed.len();
            match status {
                Err(_) => return Err(Fault::Protocol("a message is not compressed as it is said to be")),
                // A last block ends the data, and the sender goes on behind it (§7.2.3.5).
                Ok(Status::StreamEnd) => {
                    (start, ended) = (taken, ended + 1);
                    if all || compressed.get(start..) == Some(&TAIL) {
                        break;
                    }
                    if ended > MAX_ENDS {
                        return Err(Fault::Protocol("a compressed message has too many last blocks"));
                    }
                    decompress.reset(false);
                }
                Ok(_) if out.len() == out.capacity() => {}
                Ok(_) if all => break,
                Ok(_) if before == (decompress.total_in(), decompress.total_out()) => {
                    return Err(Fault::Protocol("a compressed message ends early"));
                }
                Ok(_) => {}
            }
        }
        if out.len() > most { Err(Fault::TooLarge) } else { Ok(out) }
    }
}

#[cfg(test)]
mod tests;
