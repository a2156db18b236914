//! The headers by which an app learns who its client is. nano sets them, whatever the client sent.

use std::io::Write;
use std::net::IpAddr;

use http::HeaderName;
use nano_protocol::HeaderBlockBuilder;

use super::origin::Origin;
use crate::downstream::Client;

/// The longest text of an address: that of an IPv6 address with an IPv4 address at its end.
const LONGEST_ADDRESS: usize = 45;

/// Whether a header is not for the app: it says who the client is, which nano says itself, or only a trusted proxy may say.
pub(super) fn is_dropped(name: &HeaderName, origin: Origin) -> bool {
    let name = name.as_str();
    if origin.is_vouched { is_set_here(name) } else { is_claim(name) }
}

/// What nano sets, and what it has read for that.
fn is_set_here(name: &str) -> bool {
    matches!(name, "x-forwarded-for" | "x-forwarded-proto" | "cf-connecting-ip" | "forwarded")
}

/// What says who the client is, or what it asked a proxy. Of a client's own saying that is worth nothing, and apps believe it.
fn is_claim(name: &str) -> bool {
    name.starts_with("x-forwarded-")
        || matches!(
            name,
            "forwarded"
                | "x-real-ip"
                | "true-client-ip"
                | "cf-connecting-ip"
                | "cf-connecting-ipv6"
                | "cf-ipcountry"
                | "cf-visitor"
        )
}

/// Adds nano's own. Those with the address are absent where it is not known. False: they do not fit.
pub(super) fn push(block: &mut HeaderBlockBuilder, client: Client) -> bool {
    let mut fits = block.push(b"x-forwarded-proto", client.scheme.as_str().as_bytes());
    if let Some(ip) = client.ip {
        let mut room = [0; LONGEST_ADDRESS];
        let text = text(ip, &mut room);
        fits &= block.push(b"x-forwarded-for", text) && block.push(b"cf-connecting-ip", text);
    }
    fits
}

fn text(ip: IpAddr, room: &mut [u8; LONGEST_ADDRESS]) -> &[u8] {
    let mut rest = room.as_mut_slice();
    let _ = write!(rest, "{ip}");
    let left = rest.len();
    room.get(..LONGEST_ADDRESS - left).unwrap_or_default()
}

#[cfg(test)]
mod tests;
