//! The machine's time zone, read while its files can be read: ICU would look for it at the first local date.

use std::path::Path;
use std::{env, fs};

/// Longest name; the longest in the database has 30 characters.
const MAX_NAME: usize = 64;

/// Sets the zone's name where ICU looks first.
pub(super) fn load() {
    let zone = from_link().or_else(from_file).unwrap_or_else(|| "UTC".to_owned());
    #[expect(unsafe_code, clippy::disallowed_methods, reason = "ICU reads it from the environment")]
    // SAFETY: there is one thread.
    unsafe {
        env::set_var("TZ", zone);
    }
}

/// Everywhere with systemd: `/etc/localtime` → `/usr/share/zoneinfo/Europe/Berlin`.
fn from_link() -> Option<String> {
    name_in(fs::read_link("/etc/localtime").ok()?.as_path())
}

fn name_in(target: &Path) -> Option<String> {
    valid(target.to_str()?.split_once("zoneinfo/")?.1)
}

/// Debian and Alpine without the link.
fn from_file() -> Option<String> {
    valid(fs::read_to_string("/etc/timezone").ok()?.lines().next()?)
}

fn valid(name: &str) -> Option<String> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'+' | b'-');
    let name = name.trim();
    (!name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(fine)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests;
