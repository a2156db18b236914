//! Looks for shared memories in WebAssembly binaries, before V8 compiles them. V8 has no switch for them, and what is shared
//! is counted in no isolate's memory.
//!
//! Reads what comes before the code: types are skipped with their section, imports and memories are read
//! (<https://webassembly.github.io/spec/core/binary/modules.html>).

/// What is to be done with a binary.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No memory of it is shared.
    Unshared,
    /// It declares or imports a shared memory.
    Shared,
    /// It is malformed, or newer than this reader: a module that V8 takes all the same must be refused.
    Unreadable,
}

const HEADER: &[u8] = b"\0asm\x01\0\0\0";
const SECTION_IMPORT: u8 = 2;
const SECTION_MEMORY: u8 = 5;
const LIMITS_MAXIMUM: u8 = 0x01;
const LIMITS_SHARED: u8 = 0x02;

/// Reads a binary.
pub(crate) fn examine(bytes: &[u8]) -> Verdict {
    match find_shared(bytes) {
        Some(true) => Verdict::Shared,
        Some(false) => Verdict::Unshared,
        None => Verdict::Unreadable,
    }
}

/// Whether a memory is shared; `None` where the binary cannot be read.
fn find_shared(bytes: &[u8]) -> Option<bool> {
    let mut module = Reader(bytes.strip_prefix(HEADER)?);
    let mut shared = false;
    while !module.0.is_empty() {
        let number = module.byte()?;
        let length = module.u32()?;
        let mut section = Reader(module.take(length)?);
        match number {
            SECTION_IMPORT => shared |= section.imports()?,
            SECTION_MEMORY => {
                for _ in 0..section.u32()? {
                    shared |= section.limits()?;
                }
            }
            _ => continue,
        }
        if !section.0.is_empty() {
            return None;
        }
    }
    Some(shared)
}

/// What is left of a binary or of a section. Every method takes something off its beginning.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn take(&mut self, length: u32) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    /// An unsigned LEB128 number of at most `bytes` bytes.
    fn leb128(&mut self, bytes: u32) -> Option<u64> {
        let mut value = 0;
        for place in 0..bytes {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << (7 * place).min(63);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn u32(&mut self) -> Option<u32> {
        u32::try_from(self.leb128(5)?).ok()
    }

    fn name(&mut self) -> Option<()> {
        let length = self.u32()?;
        self.take(length).map(drop)
    }

    /// Whether a shared memory is imported.
    fn imports(&mut self) -> Option<bool> {
        let mut shared = false;
        for _ in 0..self.u32()? {
            self.name()?;
            self.name()?;
            match self.byte()? {
                // A function: the number of its type.
                0x00 => drop(self.u32()?),
                0x01 => {
                    self.value_type()?;
                    self.limits()?;
                }
                0x02 => shared |= self.limits()?,
                0x03 => {
                    self.value_type()?;
                    self.byte()?;
                }
                // An exception's tag: an attribute, the number of its type.
                0x04 => {
                    self.byte()?;
                    self.u32()?;
                }
                _ => return None,
            }
        }
        Some(shared)
    }

    /// The limits of a table or a memory; whether they are shared.
    fn limits(&mut self) -> Option<bool> {
        let flags = self.byte()?;
        if flags > 0x07 {
            return None;
        }
        self.leb128(10)?;
        if flags & LIMITS_MAXIMUM != 0 {
            self.leb128(10)?;
        }
        Some(flags & LIMITS_SHARED != 0)
    }

    fn value_type(&mut self) -> Option<()> {
        match self.byte()? {
            // (ref ht), (ref null ht): a heap type follows, a number of 33 bits.
            0x63 | 0x64 => self.leb128(5).map(drop),
            // All others are a single byte.
            0x40..0x80 => Some(()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(sections: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        for (number, content) in sections {
            bytes.extend([*number, u8::try_from(content.len()).unwrap_or(u8::MAX)]);
            bytes.extend(*content);
        }
        bytes
    }

    #[test]
    fn shared_memories_are_found_wherever_they_are() {
        assert_eq!(examine(HEADER), Verdict::Unshared);
        let types: (u8, &[u8]) = (1, &[1, 0x60, 0, 0]);
        for (sections, verdict) in [
            (vec![(5, &[1, 0, 1][..])], Verdict::Unshared),
            (vec![types, (5, &[1, 1, 1, 2])], Verdict::Unshared),
            (vec![(5, &[1, 3, 1, 2])], Verdict::Shared),
            (vec![(5, &[2, 0, 1, 3, 1, 2])], Verdict::Shared),
            // 64-bit.
            (vec![(5, &[1, 7, 1, 0x80, 2])], Verdict::Shared),
            (vec![(5, &[1, 5, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 2])], Verdict::Unshared),
            // Imported, after a function, a table, a global and a tag.
            (vec![(2, &[1, 1, b'm', 1, b'x', 2, 3, 1, 2])], Verdict::Shared),
            (
                vec![
                    types,
                    (2, &[5, 0, 0, 0, 0, 0, 0, 1, 0x63, 0x70, 0, 1, 0, 0, 3, 0x7f, 0, 0, 0, 4, 0, 0, 0, 0, 2, 3, 1, 2]),
                ],
                Verdict::Shared,
            ),
            (vec![(2, &[1, 0, 0, 2, 1, 1, 2]), (5, &[1, 3, 1, 2])], Verdict::Shared),
            // A number with more bytes than it needs.
            (vec![(5, &[0x81, 0x80, 0, 3, 1, 2])], Verdict::Shared),
        ] {
            assert_eq!(examine(&module(&sections)), verdict, "{sections:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_to_be() {
        let whole = module(&[(2, &[1, 1, b'm', 1, b'x', 2, 3, 1, 2]), (5, &[1, 1, 1, 2])]);
        for length in (0..whole.len()).filter(|length| ![8, 19].contains(length)) {
            assert_eq!(examine(&whole[..length]), Verdict::Unreadable, "{length}");
        }
        for sections in [
            vec![(5, &[1, 0x0b, 1, 2][..])],
            vec![(5, &[1, 0, 1, 0])],
            vec![(2, &[1, 0, 0, 5, 3, 1, 2])],
            vec![(2, &[1, 0, 0, 1, 0x3f, 3, 1, 2])],
            vec![(5, &[0xff, 0xff, 0xff, 0xff, 0x7f, 0, 1])],
        ] {
            assert_eq!(examine(&module(&sections)), Verdict::Unreadable, "{sections:?}");
        }
    }
}
