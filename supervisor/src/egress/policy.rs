//! Where one app may connect to, by its `egress`; to nano's own ports only if that names them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use nano_config::{EgressRule, EgressSetting, HostPattern};

use super::address::{is_this_machine, special_purpose};
use super::error::EgressError;
use super::target::{Host, Origin};

/// The addresses that one app may connect to.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// The app's `egress`; `None` for the user's own program, which may connect to any address.
    egress: Option<EgressSetting>,
    /// The TCP ports of nano itself.
    own: Arc<[u16]>,
}

impl Policy {
    pub(crate) fn new(egress: EgressSetting, own: Arc<[u16]>) -> Self {
        Self { egress: Some(egress), own }
    }

    pub(crate) fn everywhere() -> Self {
        Self { egress: None, own: Arc::default() }
    }

    /// Before the lookup: whether any address of this origin could be allowed.
    pub(super) fn check_origin(&self, origin: &Origin) -> Result<(), EgressError> {
        match self.egress.as_ref() {
            None | Some(EgressSetting::Public) => Ok(()),
            Some(EgressSetting::Off) => Err(EgressError::denied("the app's `egress` is \"off\": it makes no requests")),
            Some(EgressSetting::Allow(rules)) => {
                let possible = rules.iter().any(|rule| match rule {
                    EgressRule::Net(_) => true,
                    EgressRule::Host { .. } => names(rule, origin),
                });
                if possible { Ok(()) } else { Err(not_listed(origin)) }
            }
        }
    }

    /// For each address before it is connected to.
    pub(super) fn check_address(&self, origin: &Origin, address: IpAddr) -> Result<(), EgressError> {
        let Self { egress: Some(egress), own } = self else { return Ok(()) };
        let address = address.to_canonical();
        let socket = SocketAddr::new(address, origin.port);
        match egress {
            EgressSetting::Off => return self.check_origin(origin),
            EgressSetting::Public => {
                let what = special_purpose(address)
                    .or_else(|| is_this_machine(socket).then_some("an address of nano's own machine"));
                if let Some(what) = what {
                    return Err(not_public(origin, what));
                }
            }
            EgressSetting::Allow(rules) => {
                let allowed = rules.iter().any(|rule| match rule {
                    EgressRule::Net(net) => net.contains(&address),
                    EgressRule::Host { .. } => names(rule, origin),
                });
                if !allowed {
                    return Err(not_listed(origin));
                }
                let explicit = || rules.iter().any(|rule| has_port(rule) && names(rule, origin));
                if own.contains(&origin.port) && is_this_machine(socket) && !explicit() {
                    return Err(EgressError::denied(format!(
                        "{}:{} is nano itself: only a rule of the app's `egress` with this host and port allows it",
                        origin.host, origin.port
                    )));
                }
            }
        }
        Ok(())
    }
}

fn has_port(rule: &EgressRule) -> bool {
    matches!(rule, EgressRule::Host { port: Some(_), .. })
}

/// Whether a rule names this host and this port.
fn names(rule: &EgressRule, origin: &Origin) -> bool {
    let EgressRule::Host { host, port } = rule else { return false };
    if port.is_some_and(|port| port != origin.port) {
        return false;
    }
    match (host, &origin.host) {
        (HostPattern::Exact(name), Host::Address(address)) => {
            let text = name.as_str();
            let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
            text.parse().is_ok_and(|listed: IpAddr| listed.to_canonical() == *address)
        }
        (pattern, Host::Name(_)) => origin.host.as_configured().is_some_and(|name| pattern.matches(&name)),
        (_, Host::Address(_)) => false,
    }
}

fn not_listed(origin: &Origin) -> EgressError {
    EgressError::denied(format!("{}:{} is not in the app's `egress` list", origin.host, origin.port))
}

fn not_public(origin: &Origin, what: &str) -> EgressError {
    let host = &origin.host;
    let verb = if matches!(host, Host::Address(_)) { "is" } else { "leads to" };
    EgressError::denied(format!("{host} {verb} {what}, and the app's `egress` is \"public\""))
}
