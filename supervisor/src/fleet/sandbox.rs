//! Checks that a worker's sandbox is in force, before it is sent its app.

use std::fmt::Write;
use std::path::Path;

use super::spawner_client::Contradictions;
use nano_config::{Config, SandboxPolicy};
use nano_protocol::{LayerReport, SandboxLayer};

/// `/proc` is needed and missing.
#[derive(Debug, thiserror::Error)]
#[error(
    "/proc is not mounted, and nano looks there whether its workers are locked up, as `sandbox: \"required\"`, the default for root, wants it: mount it (mount -t proc proc /proc), or set `sandbox` to \"best-effort\""
)]
pub struct NoProc;

/// How the sandbox of workers is enforced.
#[derive(Debug)]
pub(crate) struct SandboxEnforcement {
    /// What happens to a worker that lacks a layer.
    pub(crate) policy: SandboxPolicy,
}

impl SandboxEnforcement {
    /// The configuration's policy; its default depends on whether nano was started by `root`.
    pub(crate) fn new(config: &Config, root: bool) -> Self {
        let default = if root { SandboxPolicy::Required } else { SandboxPolicy::BestEffort };
        Self { policy: config.sandbox.unwrap_or(default) }
    }

    /// Whether workers can be inspected, if the policy needs that.
    pub(crate) fn check(&self) -> Result<(), NoProc> {
        let seen = Path::new("/proc/self/status").exists();
        if self.is_required() && !seen { Err(NoProc) } else { Ok(()) }
    }

    pub(crate) fn is_required(&self) -> bool {
        self.policy == SandboxPolicy::Required
    }

    /// The name of the policy, as in the configuration.
    pub(crate) fn policy_name(&self) -> &'static str {
        if self.is_required() { "required" } else { "best-effort" }
    }
}

/// Every layer's state, in the order of [`SandboxLayer::ALL`]: what the spawner made, and what the worker claims as far
/// as the inspection does not contradict it.
pub(super) fn judge_all(
    made: &[LayerReport],
    claims: &[LayerReport],
    contradictions: &Contradictions,
) -> Vec<LayerReport> {
    SandboxLayer::ALL.into_iter().map(|layer| judge(layer, made, claims, contradictions)).collect()
}

fn judge(
    layer: SandboxLayer,
    made: &[LayerReport],
    claims: &[LayerReport],
    contradictions: &Contradictions,
) -> LayerReport {
    let missing = |detail: String| LayerReport { layer, active: false, detail };
    // For layers that the spawner makes, its own report counts, not the worker's.
    let claim = match made.iter().chain(claims).find(|claim| claim.layer == layer) {
        Some(claim) if claim.active => claim.clone(),
        Some(claim) if layer == SandboxLayer::Cgroup => {
            return missing(format!("{}; its memory is looked at every 100 ms instead, which is weaker", claim.detail));
        }
        Some(claim) => return claim.clone(),
        None => return missing("the worker did not close it".to_owned()),
    };
    match contradictions {
        Ok(seen) => match seen.iter().find(|(name, _)| name == layer.as_str()) {
            None => claim,
            Some((_, seen)) => missing(format!("the worker claims it, but /proc shows {seen}")),
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
