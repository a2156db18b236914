//! A descriptor that swallows output and gives no input.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

/// `/dev/null`; where there is none, an empty file in memory that stays empty.
///
/// # Errors
/// The kernel gives neither.
pub fn open() -> io::Result<OwnedFd> {
    let null = File::options().read(true).write(true).open("/dev/null");
    null.map(OwnedFd::from).or_else(|_| empty())
}

fn empty() -> io::Result<OwnedFd> {
    let file = memfd_create("null", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    fcntl_add_seals(&file, SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL)?;
    Ok(file)
}

#[cfg(test)]
mod tests;
