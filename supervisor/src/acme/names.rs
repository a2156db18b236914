//! For which names certificates are ordered.

use std::collections::BTreeSet;

use nano_config::{Config, HostPattern};

/// Most names; what is beyond them has no certificate.
const MAX_NAMES: usize = 10_000;

/// The exact hostnames of all apps, without addresses, without `localhost` and what is below it, and without those that
/// an entry of `tls.certificates` has or covers with a wildcard. A name that only a request brings is never one. Also how
/// many were left out because there are too many.
pub(super) fn wanted(config: &Config) -> (BTreeSet<String>, usize) {
    let entries = config.tls.iter().flat_map(|tls| &tls.certificates).flat_map(|entry| &entry.hostnames);
    let entries: BTreeSet<&str> = entries.map(HostPattern::as_str).collect();
    let has_file = |name: &str| {
        let above = name.split_once('.').map(|(_, above)| format!("*.{above}"));
        entries.contains(name) || above.is_some_and(|above| entries.contains(above.as_str()))
    };
    let hosts = config.apps.iter().flat_map(|app| &app.hostnames).filter_map(|pattern| match pattern {
        HostPattern::Exact(host) if !host.is_ip() => Some(host.as_str()),
        _ => None,
    });
    let hosts = hosts.filter(|name| *name != "localhost" && !name.ends_with(".localhost") && !has_file(name));
    let mut names: BTreeSet<String> = hosts.map(str::to_owned).collect();
    let mut left_out = 0;
    while names.len() > MAX_NAMES {
        names.pop_last();
        left_out += 1;
    }
    (names, left_out)
}

#[cfg(test)]
mod tests;
