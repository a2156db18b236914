//! The main thread's stack, on which JavaScript runs. The kernel lets it grow up to a limit that the process inherits.

use std::io;

use nano_runtime::platform::MIN_THREAD_STACK;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Makes sure that the stack may grow as far as JavaScript is allowed to use it; beyond its end the process would crash
/// where an app should see a `RangeError`.
pub(crate) fn ensure() -> Result<(), String> {
    let needed = u64::try_from(MIN_THREAD_STACK).unwrap_or(u64::MAX);
    let (soft, hard) = getrlimit(Resource::RLIMIT_STACK).map_err(|error| io::Error::from(error).to_string())?;
    if soft >= needed {
        return Ok(());
    }
    setrlimit(Resource::RLIMIT_STACK, needed.min(hard), hard).map_err(|error| io::Error::from(error).to_string())?;
    if hard < needed {
        return Err(format!("the stack is limited to {hard} bytes (ulimit -Hs); JavaScript needs {needed}"));
    }
    Ok(())
}
