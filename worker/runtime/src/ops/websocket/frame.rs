//! Frames (RFC 6455 §5): their heads, and the masking of their payloads.

/// Longest payload of a control frame.
pub(super) const MAX_CONTROL: usize = 125;

/// Most bytes of a head.
pub(super) const MAX_HEAD: usize = 14;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn of(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// It is the last of its message.
    pub(super) fin: bool,
    /// Its message is compressed: RSV1 (RFC 7692 §6).
    pub(super) compressed: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: Option<[u8; 4]>,
    pub(super) length: u64,
}

/// Why bytes are no head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

impl Head {
    /// The head at the beginning of `bytes` and how long it is; `None`: it is not all there.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let Some([first, second]) = bytes.first_chunk() else { return Ok(None) };
        if first & 0x30 != 0 {
            return Err(Malformed("a reserved bit is set"));
        }
        let opcode = Opcode::of(first & 0x0f).ok_or(Malformed("the opcode is reserved"))?;
        let (fin, short) = (first & 0x80 != 0, second & 0x7f);
        if opcode.is_control() && (!fin || usize::from(short) > MAX_CONTROL) {
            return Err(Malformed("a control frame is fragmented or too long"));
        }
        let (length, mut at) = match short {
            126 => match bytes.get(2..4).and_then(<[u8]>::first_chunk) {
                Some(long) => (u64::from(u16::from_be_bytes(*long)), 4),
                None => return Ok(None),
            },
            127 => match bytes.get(2..10).and_then(<[u8]>::first_chunk) {
                Some(long) => (u64::from_be_bytes(*long), 10),
                None => return Ok(None),
            },
            short => (u64::from(short), 2),
        };
        let is_shortest = match short {
            126 => length > 125,
            127 => length > 0xffff && length < 1 << 63,
            _ => true,
        };
        if !is_shortest {
            return Err(Malformed("a length is not written in its shortest form"));
        }
        let mask = if second & 0x80 == 0 {
            None
        } else {
            let Some(mask) = bytes.get(at..at + 4).and_then(<[u8]>::first_chunk) else { return Ok(None) };
            at += 4;
            Some(*mask)
        };
        Ok(Some((Self { fin, compressed: first & 0x40 != 0, opcode, mask, length }, at)))
    }

    /// Appends it to `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.fin) << 7 | u8::from(self.compressed) << 6 | self.opcode.bits());
        let masked = u8::from(self.mask.is_some()) << 7;
        if let Some(short) = u8::try_from(self.length).ok().filter(|length| *length < 126) {
            out.push(masked | short);
        } else if let Ok(length) = u16::try_from(self.length) {
            out.push(masked | 126);
            out.extend_from_slice(&length.to_be_bytes());
        } else {
            out.push(masked | 127);
            out.extend_from_slice(&self.length.to_be_bytes());
        }
        out.extend(self.mask.into_iter().flatten());
    }
}

/// Masks or unmasks `bytes`, which begin `at` bytes into the payload.
pub(super) fn mask(bytes: &mut [u8], key: [u8; 4], at: usize) {
    let [a, b, c, d] = key;
    let key = match at % 4 {
        0 => [a, b, c, d],
        1 => [b, c, d, a],
        2 => [c, d, a, b],
        _ => [d, a, b, c],
    };
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.into_iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests;
