//! Where clone3(2) is forbidden. Container runtimes before 2021 answer `EPERM` for calls that they do not know; the C
//! library takes that for the truth and makes no thread and no process, where after `ENOSYS` it would use clone(2). Of
//! several filters that refuse a call the newest one's answer counts, so one more filter mends it.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

use crate::clone::is_clone3_forbidden;

/// Makes sure that there can be threads and processes. This process and its children can gain no privileges by executing
/// programs from here on, if there was something to mend. Call it with one thread.
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
