//! V8's process-wide set-up: flags, entropy, platform. Once per process, before the first isolate.

use std::sync::OnceLock;

use crate::engine::fatal;

pub(crate) mod tasks;

/// Bytes of native stack that must exist for the thread that runs JavaScript; see [`STACK_KIB`].
pub const MIN_THREAD_STACK: usize = 4 << 20;

/// What JavaScript may use of the thread's stack, in KiB. V8 counts from where the isolate is made; the rest of
/// [`MIN_THREAD_STACK`] is for native code that runs on top of JavaScript (regular expressions, JSON, our callbacks).
const STACK_KIB: usize = 2048;

/// Why V8 could not be set up.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlatformError {
    /// A flag that this V8 does not know: it would otherwise be ignored in silence.
    #[error("V8 does not know these flags: {0}")]
    UnknownFlags(String),
}

/// Sets V8 up; later calls return what the first one did. Call it on the main thread, before other threads start.
///
/// # Errors
///
/// [`PlatformError::UnknownFlags`] after a change of V8's version only.
pub fn initialize() -> Result<(), PlatformError> {
    static DONE: OnceLock<Result<(), PlatformError>> = OnceLock::new();
    DONE.get_or_init(initialize_once).clone()
}

fn initialize_once() -> Result<(), PlatformError> {
    let flags = [
        "nano".to_owned(), // argv[0]; V8 leaves it alone
        format!("--stack-size={STACK_KIB}"),
        // No single WebAssembly memory is larger than 1 GiB, in pages of 64 KiB.
        "--wasm-max-mem-pages=16384".to_owned(),
        // Nor its binary larger than 64 MiB, nor all its machine code than 128 MiB; tables have a million entries.
        "--wasm-max-module-size=67108864".to_owned(),
        "--wasm-max-committed-code-mb=128".to_owned(),
        "--wasm-max-table-size=1000000".to_owned(),
        // The snapshot's hash tables are seeded anew in each process, or every installation would share one seed.
        "--rehash-snapshot".to_owned(),
        // The default, spelled out because the limits depend on it: no flag changes after this.
        "--freeze-flags-after-init".to_owned(),
    ];
    set_flags(flags.to_vec())?;
    v8::V8::set_entropy_source(fill_random);
    v8::V8::set_fatal_error_handler(fatal::on_fatal_error);
    v8::V8::initialize_platform(new_platform().make_shared());
    v8::V8::initialize();
    Ok(())
}

/// `flags`: like a command line, the program's name first.
fn set_flags(flags: Vec<String>) -> Result<(), PlatformError> {
    let unknown = v8::V8::set_flags_from_command_line(flags);
    match unknown.get(1..) {
        None | Some([]) => Ok(()),
        Some(unknown) => Err(PlatformError::UnknownFlags(unknown.join(" "))),
    }
}

/// V8's own source falls back to the clock where it cannot open /dev/urandom, as in a sandbox.
fn fill_random(buffer: &mut [u8]) -> bool {
    getrandom::fill(buffer).is_ok()
}

/// One background thread, for compiling hot code and collecting garbage beside JavaScript. Against V8's single-threaded
/// mode it made no measurable difference to memory (3.9 MB idle), start or throughput of small handlers (2026-11, two
/// cores); it keeps long compilations and collections out of the turn that caused them.
fn new_platform() -> v8::UniqueRef<v8::Platform> {
    // The test harness runs each test on a thread of its own, which the protected platform does not allow.
    let unprotected = cfg!(test);
    v8::new_custom_platform(1, false, unprotected, tasks::TaskPlatform)
}

/// V8's version, e.g. `15.2.1`.
#[must_use]
pub fn v8_version() -> &'static str {
    v8::V8::get_version()
}

#[cfg(test)]
mod tests;
