//! Hosts of requests and patterns of configurations: one normal form each, and a pattern matches what it says.

#![no_main]

use std::str::from_utf8;

use libfuzzer_sys::{Corpus, fuzz_target};
use nano_config::{HostName, HostPattern, split_host_port};

/// Written down apart from the code under test: whether a wildcard's text covers a name.
fn is_below(host: &str, wildcard: &str) -> bool {
    host.strip_suffix(wildcard.trim_start_matches("*.")).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = from_utf8(data) else { return Corpus::Reject };
    let (authority, pattern) = text.split_once('\n').unwrap_or((text, text));
    let pattern = HostPattern::parse(pattern);
    if let Ok(pattern) = &pattern {
        assert_eq!(HostPattern::parse(pattern.as_str()).as_ref(), Ok(pattern), "the normal form is its own");
    }
    let Ok((host, port)) = split_host_port(authority) else { return Corpus::Keep };
    assert!(authority.starts_with(host));
    assert!(!host.contains('@') && (host.starts_with('[') || !host.contains(':')), "{authority:?}");
    if let Some(port) = port {
        let digits = authority.rsplit_once(':').expect("a port stands after a colon").1;
        assert_eq!(digits.trim_start_matches('0').parse().unwrap_or(0), port, "{authority:?}");
    }
    let Ok(host) = HostName::parse(host) else { return Corpus::Keep };
    assert_eq!(HostName::parse(host.as_str()).as_ref(), Ok(&host), "the normal form is its own");
    assert_eq!(HostName::parse(&host.as_str().to_ascii_uppercase()).as_ref(), Ok(&host), "case does not matter");
    assert!(host.as_str().bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
    assert!((1..=253).contains(&host.as_str().len()));
    if !host.as_str().starts_with('[') {
        assert_eq!(HostName::parse(&format!("{host}.", host = host.as_str())).as_ref(), Ok(&host), "nor does a dot");
    }
    for suffix in host.suffixes() {
        assert!(is_below(host.as_str(), suffix), "{suffix:?}");
    }
    if let Ok(pattern) = pattern {
        let expected = match &pattern {
            HostPattern::Any => true,
            HostPattern::Exact(exact) => exact.as_str() == host.as_str(),
            HostPattern::Wildcard(wildcard) => !host.is_ip() && is_below(host.as_str(), wildcard.as_str()),
        };
        assert_eq!(pattern.matches(&host), expected, "{pattern} and {host:?}");
    }
    Corpus::Keep
});
