//! Tests of `shortage.rs`.

use super::*;

#[test]
fn the_limit_is_named() {
    for (errno, name) in [
        (Errno::EAGAIN, "RLIMIT_NPROC"),
        (Errno::EMFILE, "RLIMIT_NOFILE"),
        (Errno::ENFILE, "fs.file-max"),
        (Errno::ENOMEM, "RLIMIT_AS"),
        (Errno::EFBIG, "RLIMIT_FSIZE"),
        (Errno::EPERM, "profile of system calls"),
    ] {
        let text = explain(&errno.into());
        assert!(text.contains(name) && text.lines().count() == 1, "{text}");
    }
    assert_eq!(explain(&io::Error::other("something else")), "something else");
}
