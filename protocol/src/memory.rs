//! What `memory_mb` means on each level that watches it, in bytes. Each level only speaks when those before it did not,
//! so that a worker that ends can still say which request it was; the kernel is the last.

/// Native memory beside V8's heap and array buffers: compilers' scratch space, code, coders of compressed streams,
/// messages on their way, fragments.
pub const NATIVE_ALLOWANCE: u64 = 64 << 20;

/// What the process itself has: a worker that is ready has 21 MB, of which 16 MB are pages of its program (a kernel
/// charges those to the worker that touches them first). Of the program at most 60 MB are ever touched, and the kernel
/// can drop such pages. What is left over is the time that the worker's own watchdog has before the kernel acts.
pub const PROCESS: u64 = 64 << 20;

/// The `memory_mb` of apps whose configuration does not say it, in bytes. Workers that are started ahead are made for it.
pub const DEFAULT: u64 = 128 << 20;

/// V8's heap and array buffers together, at which the isolate is ended: allocations are refused, and V8 stops the
/// code, at `memory` already; a quarter more lets that happen.
#[must_use]
pub const fn isolate_limit(memory: u64) -> u64 {
    memory.saturating_add(memory / 4)
}

/// The whole process: what the kernel (`memory.max`), or the supervisor in its place, ends it for.
#[must_use]
pub const fn process_limit(memory: u64) -> u64 {
    isolate_limit(memory).saturating_add(NATIVE_ALLOWANCE).saturating_add(PROCESS)
}

const _: () = assert!(process_limit(DEFAULT) == 288 << 20);
const _: () = assert!(process_limit(u64::MAX) == u64::MAX);
