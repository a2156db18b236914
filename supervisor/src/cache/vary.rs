//! Which requests a response is for (RFC 9111 §4.1): those that have the same values of the headers that its `Vary` names.

use http::header::VARY;
use http::{HeaderMap, HeaderName};

/// Most names: each is looked for in each request.
const MAX_NAMES: usize = 32;

/// The selecting headers of a response, with their values in the request that it was the response to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selecting(Vec<(HeaderName, Vec<u8>)>);

impl Selecting {
    /// `None`: it is for no other request, or names too many headers.
    pub(super) fn of(response: &HeaderMap, asked: &HeaderMap) -> Option<Self> {
        let mut selecting = Vec::new();
        for list in response.get_all(VARY) {
            let names = list.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            for name in names.filter(|name| !name.is_empty()) {
                // `*` is no name.
                let name = HeaderName::from_bytes(name).ok().filter(|name| name != "*")?;
                if selecting.len() >= MAX_NAMES {
                    return None;
                }
                let value = value(asked, &name);
                selecting.push((name, value));
            }
        }
        selecting.sort_unstable_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        selecting.dedup();
        Some(Self(selecting))
    }

    pub(super) fn select(&self, asked: &HeaderMap) -> bool {
        self.0.iter().all(|(name, own)| value(asked, name) == *own)
    }

    /// Bytes in memory.
    pub(super) fn cost(&self) -> usize {
        self.0.iter().map(|(name, value)| name.as_str().len() + value.len() + 64).sum()
    }
}

/// All values of a header, as one list. None is not the same as an empty one.
fn value(headers: &HeaderMap, name: &HeaderName) -> Vec<u8> {
    let mut whole = Vec::new();
    for value in headers.get_all(name) {
        whole.push(b',');
        whole.extend_from_slice(value.as_bytes().trim_ascii());
    }
    whole
}
