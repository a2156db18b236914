//! One order, from the account to the certificate (RFC 8555 §7.4).

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, KeyAuthorization, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use zeroize::Zeroizing;

use super::board::Board;
use super::failure::{OrderError, said, text};
use crate::downstream::listener::Listener;
use crate::downstream::tls::Challenge;

/// How an authority's answer is waited for: the first look, and the longest wait in all.
const POLLS: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).backoff(1.5).timeout(Duration::from_secs(90));

/// Longest token of a challenge; they have some forty characters.
const MAX_TOKEN: usize = 256;

/// Largest chain, in bytes of PEM.
const MAX_CHAIN: usize = 64 * 1024;

/// A kind of challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Alpn,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http-01",
            Self::Alpn => "tls-alpn-01",
        }
    }

    fn of_library(self) -> ChallengeType {
        match self {
            Self::Http => ChallengeType::Http01,
            Self::Alpn => ChallengeType::TlsAlpn01,
        }
    }
}

/// How a certificate authority can reach this nano.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Means {
    /// The preferred one first.
    kinds: Vec<Kind>,
    /// Whether any listener has TLS: without one, certificates are for nothing.
    pub(super) has_tls: bool,
}

impl Means {
    /// By the listeners of all shards.
    pub(crate) fn at(listeners: &[Vec<Listener>]) -> Self {
        let listeners = listeners.iter().flatten();
        Self::of(listeners.map(|each| (each.options().tls, each.tcp_address().map(|address| address.port()))))
    }

    /// By the listeners: whether each has TLS, and its port. HTTP-01 comes to port 80 and TLS-ALPN-01 to port 443, also where
    /// other ports of this machine stand for them; the one whose port is there is tried first, and the other after a
    /// failure.
    fn of(listeners: impl Iterator<Item = (bool, Option<u16>)>) -> Self {
        let listeners: Vec<_> = listeners.collect();
        let any = |tls: bool| listeners.iter().any(|(has_tls, _)| *has_tls == tls);
        let usual = |tls: bool, port: u16| listeners.contains(&(tls, Some(port)));
        let mut kinds = Vec::new();
        kinds.extend(any(false).then_some(Kind::Http));
        kinds.extend(any(true).then_some(Kind::Alpn));
        if !usual(false, 80) && usual(true, 443) {
            kinds.reverse();
        }
        Self { kinds, has_tls: any(true) }
    }

    /// What is tried when so many challenges have failed.
    fn in_turn(&self, turn: usize) -> impl Iterator<Item = Kind> {
        let count = self.kinds.len();
        (0..count).filter_map(move |at| self.kinds.get((turn % count.max(1) + at) % count).copied())
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        names.join(", ")
    }
}

/// Orders a certificate for a name: its key and its chain, in PEM.
pub(super) async fn order(
    account: &Account,
    name: &str,
    (means, turn): (&Means, usize),
    board: &Board,
) -> Result<Zeroizing<Vec<u8>>, OrderError> {
    let identifiers = [Identifier::Dns(name.to_owned())];
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
    let kind = authorize(&mut order, name, (means, turn), board).await;
    if let Ok(Some(_)) | Err(_) = &kind {
        board.hide(name).await;
    }
    if let Some(kind) = kind? {
        tracing::debug!(name, kind = kind.as_str(), "the certificate authority found this nano");
    }
    let key = Zeroizing::new(order.finalize().await?);
    let chain = order.poll_certificate(&POLLS).await?;
    if chain.len() > MAX_CHAIN {
        return Err(OrderError::Unreached(format!("its chain of certificates has {} bytes", chain.len())));
    }
    let mut pem = Zeroizing::new(Vec::with_capacity(key.len() + chain.len()));
    pem.extend_from_slice(key.as_bytes());
    pem.extend_from_slice(chain.as_bytes());
    Ok(pem)
}

/// Shows the authority that the name leads here, by the kind that is returned; `None`: it knows already.
async fn authorize(
    order: &mut Order,
    name: &str,
    (means, turn): (&Means, usize),
    board: &Board,
) -> Result<Option<Kind>, OrderError> {
    // One that lists thousands would have nano ask for each.
    if order.state().authorizations.len() != 1 {
        return Err(OrderError::Unreached("an order for one name has other than one authorization".to_owned()));
    }
    let mut used = None;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        match (authorization.status, authorization.identifier().identifier) {
            (AuthorizationStatus::Pending | AuthorizationStatus::Valid, Identifier::Dns(known)) if known == name => {}
            (status, _) => return Err(OrderError::Refused(format!("the authorization for {name} is {status:?}"))),
        }
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let offered = |kind: &Kind| authorization.challenges.iter().any(|own| own.r#type == kind.of_library());
        let Some(kind) = means.in_turn(turn).find(offered) else {
            return Err(OrderError::NoChallenge(offer(&authorization.challenges), means.names()));
        };
        let Some(mut challenge) = authorization.challenge(kind.of_library()) else { continue };
        let answer = answer(name, kind, &challenge.token, &challenge.key_authorization())?;
        board.show(name, answer).await;
        used = Some(kind);
        challenge.set_ready().await.map_err(|error| failed(kind, error))?;
    }
    let Some(kind) = used else { return Ok(None) };
    match order.poll_ready(&POLLS).await.map_err(|error| failed(kind, error))? {
        OrderStatus::Ready => Ok(Some(kind)),
        _ => Err(OrderError::Challenge { kind: kind.as_str(), why: reason(order, kind).await }),
    }
}

/// What is answered to a challenge.
fn answer(name: &str, kind: Kind, token: &str, key: &KeyAuthorization) -> Result<Challenge, OrderError> {
    // RFC 8555 §8.3: base64url. It becomes part of a path.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if token.is_empty() || token.len() > MAX_TOKEN || !token.bytes().all(is_plain) {
        return Err(OrderError::Unreached("the token of its challenge is none".to_owned()));
    }
    Ok(match kind {
        Kind::Http => Challenge::Http { token: token.into(), answer: Bytes::copy_from_slice(key.as_str().as_bytes()) },
        Kind::Alpn => Challenge::alpn(name, key.digest().as_ref())?,
    })
}

/// An error while a challenge is pending: what the authority says then is said of the challenge.
fn failed(kind: Kind, error: instant_acme::Error) -> OrderError {
    match OrderError::from(error) {
        OrderError::Refused(why) => OrderError::Challenge { kind: kind.as_str(), why },
        other => other,
    }
}

/// Why a challenge failed, as far as the authority tells.
async fn reason(order: &mut Order, kind: Kind) -> String {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        let own = state.challenges.iter().find(|own| own.r#type == kind.of_library());
        if let Some(error) = own.and_then(|own| own.error.as_ref()) {
            return said(&text(error));
        }
    }
    "it does not say why".to_owned()
}

/// The kinds of challenges that are offered.
fn offer(challenges: &[instant_acme::Challenge]) -> String {
    let mut offer = String::new();
    for challenge in challenges.iter().take(8) {
        let separator = if offer.is_empty() { "" } else { ", " };
        let _ = match &challenge.r#type {
            ChallengeType::Http01 => write!(offer, "{separator}http-01"),
            ChallengeType::Dns01 => write!(offer, "{separator}dns-01"),
            ChallengeType::TlsAlpn01 => write!(offer, "{separator}tls-alpn-01"),
            ChallengeType::Unknown(other) => write!(offer, "{separator}{other}"),
            _ => Ok(()),
        };
    }
    if offer.is_empty() { "none".to_owned() } else { said(&offer) }
}

#[cfg(test)]
mod tests;
