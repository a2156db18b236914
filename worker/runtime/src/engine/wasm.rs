//! Looks for shared memories in WebAssembly binaries, before V8 compiles them. V8 has no switch for them, and what is shared
//! is counted in no isolate's memory.
//!
//! Only imports and memories are read; whether the rest is valid is V8's to say.

use wasmparser::{Encoding, Parser, Payload, TypeRef};

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

/// Reads a binary.
pub(crate) fn examine(bytes: &[u8]) -> Verdict {
    match has_shared_memory(bytes) {
        Some(true) => Verdict::Shared,
        Some(false) => Verdict::Unshared,
        None => Verdict::Unreadable,
    }
}

/// `None` where the binary cannot be read.
fn has_shared_memory(bytes: &[u8]) -> Option<bool> {
    let mut shared = false;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::Version { encoding: Encoding::Component, .. } => return None,
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    shared |= matches!(import.ok()?.ty, TypeRef::Memory(memory) if memory.shared);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    shared |= memory.ok()?.shared;
                }
            }
            _ => {}
        }
    }
    Some(shared)
}

#[cfg(test)]
mod tests;
