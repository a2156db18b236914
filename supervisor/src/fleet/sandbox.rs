//! Whether a worker is locked up as it says, before it is told its app.

mod outside;

use std::fmt::Write;

use nano_config::{Config, SandboxPolicy};
use nano_protocol::{LayerReport, SandboxLayer};
use nix::unistd::geteuid;

use super::uid::Uids;
use outside::Outside;

/// How workers are locked up.
#[derive(Debug)]
pub(crate) struct Sandboxing {
    /// What happens to a worker that lacks a layer.
    pub(crate) policy: SandboxPolicy,
    /// Where their users come from; `None` if nano may not change users.
    pub(super) uids: Option<Uids>,
}

impl Sandboxing {
    /// As the configuration says; what it leaves open depends on whether nano is root.
    pub(crate) fn new(config: &Config) -> Self {
        let root = geteuid().is_root();
        let default = if root { SandboxPolicy::Required } else { SandboxPolicy::BestEffort };
        Self { policy: config.sandbox.unwrap_or(default), uids: root.then(|| Uids::new(config.uid_base)) }
    }

    pub(crate) fn is_required(&self) -> bool {
        self.policy == SandboxPolicy::Required
    }

    /// The name of the policy, as in the configuration.
    pub(crate) fn policy_name(&self) -> &'static str {
        if self.is_required() { "required" } else { "best-effort" }
    }
}

/// What a worker's user is to be: its own, or why it has none of its own.
pub(super) type User = Result<u32, String>;

/// Every layer's state, in the order of [`SandboxLayer::ALL`]: what the worker says, as far as it is not seen to be
/// otherwise from outside.
pub(super) fn inspect(pid: u32, user: &User, claims: &[LayerReport]) -> Vec<LayerReport> {
    let outside = Outside::look(pid);
    SandboxLayer::ALL.into_iter().map(|layer| judge(layer, user, claims, outside.as_ref())).collect()
}

fn judge(
    layer: SandboxLayer,
    user: &User,
    claims: &[LayerReport],
    outside: Result<&Outside, &std::io::Error>,
) -> LayerReport {
    let missing = |detail: String| LayerReport { layer, active: false, detail };
    let claim = match (layer, user) {
        (SandboxLayer::Uid, Ok(uid)) => LayerReport { layer, active: true, detail: uid.to_string() },
        (SandboxLayer::Uid, Err(reason)) => return missing(reason.clone()),
        _ => match claims.iter().find(|claim| claim.layer == layer) {
            Some(claim) if claim.active => claim.clone(),
            Some(claim) => return claim.clone(),
            None => return missing("the worker did not close it".to_owned()),
        },
    };
    match outside {
        Ok(outside) => match outside.contradiction(layer, user.as_ref().ok().copied()) {
            None => claim,
            Some(seen) => missing(format!("the worker claims it, but /proc shows {seen}")),
        },
        Err(error) => missing(format!("it cannot be checked from outside: {error}")),
    }
}

/// The layers that are not in force, with their reasons, in one line.
pub(crate) fn lacking(layers: &[LayerReport]) -> String {
    let mut text = String::new();
    for report in layers.iter().filter(|report| !report.active) {
        let comma = if text.is_empty() { "" } else { "; " };
        let _ = write!(text, "{comma}{} ({})", report.layer, report.detail);
    }
    text
}

/// The names of the layers that are in force.
pub(crate) fn in_force(layers: &[LayerReport]) -> String {
    let names: Vec<_> = layers.iter().filter(|report| report.active).map(|report| report.layer.as_str()).collect();
    names.join(" ")
}
