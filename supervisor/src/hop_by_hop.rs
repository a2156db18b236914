//! The headers that nano never passes on.

use http::header::{self, HeaderName};

/// Headers that concern one connection only (RFC 9110 §7.6.1), and those that nano writes itself: in requests and
/// responses, of clients and of apps.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    *name == header::CONNECTION
        || *name == header::TRANSFER_ENCODING
        || *name == header::UPGRADE
        || *name == header::TE
        || *name == header::TRAILER
        || *name == "keep-alive"
        || *name == "proxy-connection"
}
