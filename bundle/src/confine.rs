//! What this process gives up before it looks at the project.
//!
//! | what | how |
//! |---|---|
//! | files outside of the project, writing outside of the output | Landlock, where the kernel has it |
//! | sockets, programs, other processes | a system call filter |
//! | memory, processor time, files' sizes | resource limits |

use std::collections::BTreeMap;

use anyhow::Context;
use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
};
use nano_protocol::bundle::BundleRequest;
use nix::libc;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

/// Address space in bytes. A large project's bundle takes some hundred megabytes.
const ADDRESS_SPACE: u64 = 8 << 30;
/// Memory of its own in bytes.
const DATA: u64 = 4 << 30;
/// Processor time in seconds.
const CPU: u64 = 120;
/// The longest file that is written, in bytes.
const FILE: u64 = 256 << 20;

const LIMITS: &[(Resource, u64)] = &[
    (Resource::RLIMIT_CORE, 0),
    (Resource::RLIMIT_AS, ADDRESS_SPACE),
    (Resource::RLIMIT_DATA, DATA),
    (Resource::RLIMIT_CPU, CPU),
    (Resource::RLIMIT_FSIZE, FILE),
];

/// Calls that no bundler needs, and whoever takes one over would.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_open,
    libc::SYS_kill,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_io_uring_setup,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
];

/// Gives everything up for this thread and all that it starts.
pub(crate) fn confine(request: &BundleRequest) -> anyhow::Result<()> {
    for (resource, most) in LIMITS {
        let (_, hard) = getrlimit(*resource)?;
        let most = (*most).min(hard);
        setrlimit(*resource, most, most)?;
    }
    prctl::set_no_new_privs()?;
    prctl::set_dumpable(false)?;
    close_files(request).context("Landlock")?;
    apply_filter(&filter().context("the system call filter")?)?;
    Ok(())
}

/// Best effort: without Landlock, paths are checked all the same ([`crate::plugin`]).
fn close_files(request: &BundleRequest) -> Result<(), RulesetError> {
    let abi = ABI::V6;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = AccessFs::WriteFile | AccessFs::MakeReg;
    let mut rules =
        Ruleset::default().handle_access(AccessFs::from_all(abi))?.handle_access(AccessNet::from_all(abi))?.create()?;
    if let Ok(root) = PathFd::new(&request.root) {
        rules = rules.add_rule(PathBeneath::new(root, read))?;
    }
    if let Ok(out) = PathFd::new(&request.out) {
        rules = rules.add_rule(PathBeneath::new(out, write))?;
    }
    rules.restrict_self()?;
    Ok(())
}

fn filter() -> anyhow::Result<BpfProgram> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let rules: BTreeMap<i64, Vec<_>> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let refused = SeccompAction::Errno(u32::try_from(libc::EPERM)?);
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, refused, arch)?.try_into()?)
}
