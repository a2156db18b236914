//! Executes a program for which some system calls fail, as behind a container's profile:
//! `refuse_calls clone3=1,… PROGRAM ARG…`, with numbers of errors as the kernel has them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

fn number(call: &str) -> i64 {
    match call {
        "clone3" => libc::SYS_clone3,
        "close_range" => libc::SYS_close_range,
        "openat2" => libc::SYS_openat2,
        "pidfd_open" => libc::SYS_pidfd_open,
        "inotify_init1" => libc::SYS_inotify_init1,
        "memfd_create" => libc::SYS_memfd_create,
        "io_uring_setup" => libc::SYS_io_uring_setup,
        other => panic!("{other} is not in this program's list"),
    }
}

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let list = arguments.next().expect("a list of calls").into_string().unwrap();
    let architecture = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    for rule in list.split(',') {
        let (call, error) = rule.split_once('=').expect("call=error");
        let calls = BTreeMap::from([(number(call), Vec::new())]);
        let answer = SeccompAction::Errno(error.parse().unwrap());
        let filter = SeccompFilter::new(calls, SeccompAction::Allow, answer, architecture).unwrap();
        apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
    }
    let error = Command::new(arguments.next().expect("a program")).args(arguments).exec();
    panic!("it cannot be executed: {error}");
}
