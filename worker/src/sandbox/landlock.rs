//! Landlock (landlock(7)): a rule set that handles everything and allows nothing.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope,
};

use super::LayerResult;

/// Newest first. All of one version's rights or none: it must be certain what is in force.
const VERSIONS: [(ABI, u8); 10] = [
    (ABI::V10, 10),
    (ABI::V9, 9),
    (ABI::V8, 8),
    (ABI::V7, 7),
    (ABI::V6, 6),
    (ABI::V5, 5),
    (ABI::V4, 4),
    (ABI::V3, 3),
    (ABI::V2, 2),
    (ABI::V1, 1),
];

/// The first version that can deny TCP ports.
const NETWORK: u8 = 4;
/// The first version that can deny signals and abstract sockets.
const SCOPES: u8 = 6;

/// Closes the file system, the network and other processes for this thread and all that it starts.
pub(super) fn close() -> LayerResult {
    let mut refusal = String::new();
    for (abi, version) in VERSIONS {
        match deny_all(abi, version) {
            Ok(RulesetStatus::FullyEnforced) => return Ok(describe(version)),
            Ok(status) => return Err(format!("version {version} of Landlock is {status:?}")),
            Err(error) => refusal = error.to_string(),
        }
    }
    Err(format!("this kernel has no Landlock, or it is not switched on (kernel parameter lsm=): {refusal}"))
}

fn deny_all(abi: ABI, version: u8) -> Result<RulesetStatus, RulesetError> {
    let mut rules =
        Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(abi))?;
    if version >= NETWORK {
        rules = rules.handle_access(AccessNet::from_all(abi))?;
    }
    if version >= SCOPES {
        rules = rules.scope(Scope::from_all(abi))?;
    }
    Ok(rules.create()?.restrict_self()?.ruleset)
}

fn describe(version: u8) -> String {
    let lacks = match version {
        SCOPES.. => "",
        NETWORK.. => ", without signals and abstract sockets",
        _ => ", without network, signals and abstract sockets",
    };
    format!("version {version}{lacks}")
}
