//! The system call filter (seccomp(2)): the lists of [`system_calls`](super::system_calls) as BPF programs on all
//! threads.
//!
//! A program has two answers only, so there is one program for each kind of refusal; the kernel runs all of them and
//! the strictest answer counts. A call that only the first program refuses is on no list.
//!
//! They come in two parts. Without the second one a process can still change its user and its attributes, and install the
//! second part; a spare waits for its app in that state.

use std::collections::BTreeMap;

use nix::unistd::getpid;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads,
};

use super::LayerResult;
use super::system_calls::{ALLOWED, KILLED, REFUSED, Test, When, own_process};

/// The filter's second part, before it is installed.
#[derive(Debug)]
pub(super) struct SecondPart {
    programs: Vec<BpfProgram>,
    /// Programs of the first part.
    first: usize,
}

/// Installs the first part for every thread of the process.
pub(super) fn begin() -> Result<SecondPart, String> {
    let (first, programs) = programs().map_err(|error| format!("the filter cannot be compiled: {error}"))?;
    install(&first)?;
    Ok(SecondPart { programs, first: first.len() })
}

impl SecondPart {
    /// Installs it for every thread. Until the last program is there `seccomp` itself must work, so that is the one that
    /// kills.
    pub(super) fn install(self) -> LayerResult {
        install(&self.programs)?;
        Ok(format!("{} programs", self.first + self.programs.len()))
    }
}

fn install(programs: &[BpfProgram]) -> Result<(), String> {
    let cannot = |error| format!("the filter cannot be installed: {error}");
    programs.iter().try_for_each(|program| apply_filter_all_threads(program).map_err(cannot))
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Those of the first part, and of the second.
fn programs() -> Result<(Vec<BpfProgram>, Vec<BpfProgram>), BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let own = u64::from(getpid().as_raw().unsigned_abs());
    let killed = KILLED.iter().map(|call| (*call, When::Always)).chain(own_process());
    let killed: Vec<(i64, When)> = killed.collect();

    let mut known = Rules::new();
    let refused = REFUSED.iter().flat_map(|(_, calls)| calls.iter().map(|(call, _)| *call));
    for call in ALLOWED.iter().copied().chain(refused).chain(killed.iter().map(|(call, _)| *call)) {
        known.insert(call, Vec::new());
    }
    let no_such_call = SeccompAction::Errno(libc_errno(nix::libc::ENOSYS));
    let mut first = vec![SeccompFilter::new(known, no_such_call, SeccompAction::Allow, arch)?.try_into()?];
    let mut second = Vec::new();
    for (errno, calls) in REFUSED {
        let answer = SeccompAction::Errno(libc_errno(*errno));
        let rules = rules(calls.iter().copied(), own)?;
        let program = SeccompFilter::new(rules, SeccompAction::Allow, answer, arch)?.try_into()?;
        // Changing attributes of the process is among these.
        if *errno == nix::libc::EPERM { second.push(program) } else { first.push(program) }
    }
    first.extend(other_tables());
    let rules = rules(killed.into_iter(), own)?;
    second.push(SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillProcess, arch)?.try_into()?);
    Ok((first, second))
}

fn libc_errno(errno: i32) -> u32 {
    errno.unsigned_abs()
}

fn rules(calls: impl Iterator<Item = (i64, When)>, own: u64) -> Result<Rules, BackendError> {
    let mut rules = Rules::new();
    for (call, when) in calls {
        let chain = rules.entry(call).or_default();
        if let When::Any(cases) = when {
            for case in cases {
                let conditions = case.iter().map(|test| condition(*test, own)).collect::<Result<_, _>>()?;
                chain.push(SeccompRule::new(conditions)?);
            }
        }
    }
    Ok(rules)
}

fn condition(test: Test, own: u64) -> Result<SeccompCondition, BackendError> {
    use SeccompCmpArgLen::{Dword, Qword};
    match test {
        Test::IsNot(argument, value) => SeccompCondition::new(argument, Dword, SeccompCmpOp::Ne, value),
        Test::Bits(argument, mask, value) => {
            SeccompCondition::new(argument, Dword, SeccompCmpOp::MaskedEq(mask), value)
        }
        Test::IsNotNull(argument) => SeccompCondition::new(argument, Qword, SeccompCmpOp::Ne, 0),
        Test::IsNotOwn(argument) => SeccompCondition::new(argument, Dword, SeccompCmpOp::Ne, own),
    }
}

/// On x86-64 the calls of the x32 table bear the native architecture's mark and a high bit in their number. (Those of
/// i386 bear their own mark, which every program kills.)
#[cfg(target_arch = "x86_64")]
fn other_tables() -> Option<BpfProgram> {
    use nix::libc::{BPF_ABS, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
    use nix::libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS};
    use seccompiler::sock_filter;

    const X32_BIT: u32 = 0x4000_0000;
    let code = |parts: [u32; 3]| u16::try_from(parts.into_iter().fold(0, |all, part| all | part)).unwrap_or(u16::MAX);
    let step = |code: u16, k: u32, jf: u8| sock_filter { code, jt: 0, jf, k };
    Some(vec![
        // The number is the first field of `struct seccomp_data`.
        step(code([BPF_LD, BPF_W, BPF_ABS]), 0, 0),
        step(code([BPF_JMP, BPF_JGE, BPF_K]), X32_BIT, 1),
        step(code([BPF_RET, BPF_K, 0]), SECCOMP_RET_KILL_PROCESS, 0),
        step(code([BPF_RET, BPF_K, 0]), SECCOMP_RET_ALLOW, 0),
    ])
}

#[cfg(not(target_arch = "x86_64"))]
fn other_tables() -> Option<BpfProgram> {
    None
}

#[cfg(test)]
mod tests;
