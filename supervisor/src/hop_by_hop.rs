//! The headers that nano passes on in no direction.

use http::header::{self, HeaderName};

/// Headers that concern one connection only (RFC 9110 §7.6.1), and those that we write ourselves: of requests and responses in
/// both directions, clients' and apps'.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    *name == header::CONNECTION
        || *name == header::TRANSFER_ENCODING
        || *name == header::UPGRADE
        || *name == header::TE
        || *name == header::TRAILER
        || *name == "keep-alive"
        || *name == "proxy-connection"
}
