//! Which system calls a worker's filter allows, refuses, or kills the process for. Measured with V8 15.2 under
//! strace(1): start, compilers of all tiers, WebAssembly, Intl, collections under pressure, terminations, deaths.
//!
//! Libraries try some calls and can do without them: these fail with an error. Calls that only an attacker would make
//! kill the process. Calls that are on no list do not exist (`ENOSYS`).

use nix::libc::*;

/// A test of one argument, from 0.
#[derive(Debug, Clone, Copy)]
pub(super) enum Test {
    /// Its low 32 bits are another value.
    IsNot(u8, u64),
    /// The bits of the mask (first) have this value.
    Bits(u8, u64, u64),
    /// It is no null pointer.
    IsNotNull(u8),
    /// It is not the number of this process.
    IsNotOwn(u8),
}

/// When a list's answer is given.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    Always,
    /// All tests of one of these hold.
    Any(&'static [&'static [Test]]),
}

use Test::{Bits, IsNot, IsNotNull, IsNotOwn};
use When::{Always, Any};

/// A constant of the C library as an argument's value.
const fn value(constant: i32) -> u64 {
    constant.cast_unsigned() as u64
}

pub(super) const ALLOWED: &[i64] = &[
    // Memory. Some of mmap is refused below; executable memory is not, or no JavaScript would be compiled.
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_pkey_mprotect,
    SYS_madvise,
    // Threads that are there.
    SYS_futex_waitv,
    SYS_membarrier,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_getpid,
    SYS_gettid,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
    // V8 asks for the kernel's version when a heap may pass 3 GB, and dies without an answer. The host's name comes with it.
    SYS_uname,
    // Signals of one's own.
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_rt_sigtimedwait,
    // Time.
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    // The watchdog's timer, which was made before.
    SYS_timer_settime,
    SYS_nanosleep,
    SYS_gettimeofday,
    // The sockets, pipes and event counters that are open.
    SYS_read,
    SYS_readv,
    SYS_recvfrom,
    SYS_write,
    SYS_writev,
    SYS_close,
    SYS_fstat,
    SYS_lseek,
    SYS_ppoll,
    SYS_eventfd2,
    // Information about itself.
    SYS_getrandom,
    SYS_getrusage,
    SYS_times,
    #[cfg(target_arch = "x86_64")]
    SYS_poll,
    #[cfg(target_arch = "x86_64")]
    SYS_time,
];

/// Calls that fail, by their errno.
pub(super) const REFUSED: &[(i32, &[(i64, When)])] = &[
    (
        ENOENT,
        &[
            (SYS_openat, Always),
            (SYS_openat2, Always),
            (SYS_newfstatat, Always),
            (SYS_statx, Always),
            (SYS_statfs, Always),
            (SYS_readlinkat, Always),
            (SYS_faccessat, Always),
            (SYS_faccessat2, Always),
            #[cfg(target_arch = "x86_64")]
            (SYS_open, Always),
            #[cfg(target_arch = "x86_64")]
            (SYS_stat, Always),
            #[cfg(target_arch = "x86_64")]
            (SYS_lstat, Always),
            #[cfg(target_arch = "x86_64")]
            (SYS_readlink, Always),
            #[cfg(target_arch = "x86_64")]
            (SYS_access, Always),
        ],
    ),
    (
        ENOSYS,
        &[
            // The filter cannot read what it is asked for: that lies behind a pointer.
            (SYS_clone3, Always),
            // Priority inheritance: much code in the kernel that nothing here needs.
            (
                SYS_futex,
                Any(&[
                    &[FutexOperation::test(FUTEX_FD)],
                    &[FutexOperation::test(FUTEX_LOCK_PI)],
                    &[FutexOperation::test(FUTEX_UNLOCK_PI)],
                    &[FutexOperation::test(FUTEX_TRYLOCK_PI)],
                    &[FutexOperation::test(FUTEX_WAIT_REQUEUE_PI)],
                    &[FutexOperation::test(FUTEX_CMP_REQUEUE_PI)],
                    &[FutexOperation::test(FUTEX_LOCK_PI2)],
                ]),
            ),
        ],
    ),
    (EAFNOSUPPORT, &[(SYS_socket, Always), (SYS_socketpair, Always)]),
    (ENOTTY, &[(SYS_ioctl, Always)]),
    (
        EPERM,
        &[
            // All threads are there, and there shall be no other process.
            (SYS_clone, Always),
            #[cfg(target_arch = "x86_64")]
            (SYS_fork, Always),
            #[cfg(target_arch = "x86_64")]
            (SYS_vfork, Always),
            // A file's pages, or the machine's large ones.
            (SYS_mmap, Any(&[&[Bits(3, value(MAP_ANONYMOUS), 0)], &[Bits(3, value(MAP_HUGETLB), value(MAP_HUGETLB))]])),
            // Names of threads and of memory; and what seccompiler makes sure of before each program.
            (
                SYS_prctl,
                Any(&[&[
                    IsNot(0, value(PR_SET_NAME)),
                    IsNot(0, value(PR_SET_VMA)),
                    IsNot(0, value(PR_SET_NO_NEW_PRIVS)),
                ]]),
            ),
            // Above all no F_SETOWN, which sends signals to others.
            (
                SYS_fcntl,
                Any(&[&[
                    IsNot(1, value(F_GETFD)),
                    IsNot(1, value(F_SETFD)),
                    IsNot(1, value(F_GETFL)),
                    IsNot(1, value(F_SETFL)),
                    IsNot(1, value(F_DUPFD_CLOEXEC)),
                ]]),
            ),
            // Reading its own limits.
            (SYS_prlimit64, Any(&[&[IsNotNull(2)], &[IsNot(0, 0), IsNotOwn(0)]])),
            (SYS_getcwd, Always),
            (SYS_sched_setaffinity, Always),
            (SYS_sched_setscheduler, Always),
            (SYS_setpriority, Always),
            (SYS_sysinfo, Always),
            (SYS_personality, Always),
        ],
    ),
];

/// Calls that kill the process, whatever their arguments.
pub(super) const KILLED: &[i64] = &[
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_kcmp,
    SYS_kill,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_unshare,
    SYS_setns,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_memfd_create,
    SYS_memfd_secret,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_fanotify_init,
    SYS_fanotify_mark,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_capset,
    SYS_seccomp,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    SYS_modify_ldt,
];

/// Signals to threads of other processes; `abort` sends one to its own.
pub(super) fn own_process() -> [(i64, When); 1] {
    [(SYS_tgkill, Any(&[&[IsNotOwn(0)]]))]
}

/// The second argument of futex(2) without its flags.
struct FutexOperation;

impl FutexOperation {
    const MASK: u64 = value(!(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME));

    const fn test(operation: i32) -> Test {
        Bits(1, Self::MASK, value(operation))
    }
}
