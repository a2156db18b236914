//! Works around a forbidden clone3(2). Container runtimes before 2021 answer `EPERM` to calls that they do not know;
//! the C library then makes no thread and no process, where after `ENOSYS` it would use clone(2). When several filters
//! refuse a call, the newest filter's answer counts, so nano adds a filter that answers `ENOSYS`.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

use crate::clone::is_clone3_forbidden;

/// Makes sure that threads and processes can be made. If a filter had to be added, this process and its children can no
/// longer gain privileges by executing programs. Call it while there is one thread.
pub fn mend() {
    if is_clone3_forbidden() {
        // Without it, the first thread fails with an error that says why.
        let _ = answer_that_there_is_none();
    }
}

fn answer_that_there_is_none() -> Result<(), Box<dyn std::error::Error>> {
    let calls = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let none = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, none, TargetArch::try_from(std::env::consts::ARCH)?)?;
    Ok(apply_filter(&BpfProgram::try_from(filter)?)?)
}
