//! What native code in a worker might try, one raw system call or a few for each attempt.

use nix::errno::Errno;
use nix::libc;

/// What the attempts are aimed at.
pub(crate) struct Target {
    /// A process of the same user, not sandboxed.
    pub(crate) victim: i64,
    /// A file that every user may read and write, with a NUL at the end.
    pub(crate) file: String,
    /// A directory that every user may write to, with a NUL at the end.
    pub(crate) directory: String,
    /// A file that only root may read, with a NUL at the end.
    pub(crate) root_file: String,
    /// A set-user-id program of root, with a NUL at the end.
    pub(crate) root_program: String,
    /// A port of 127.0.0.1 with a listener.
    pub(crate) port: u16,
    /// And on this abstract Unix socket.
    pub(crate) abstract_name: String,
}

type Outcome = Result<i64, Errno>;

/// A system call by its number.
fn call(number: i64, arguments: &[i64]) -> Outcome {
    let at = |index: usize| arguments.get(index).copied().unwrap_or(0);
    #[expect(unsafe_code, reason = "an attacker makes raw calls")]
    // SAFETY: pointers among the arguments are null, or point to objects of the caller that outlive the call and are as
    // large as the call expects. Calls that would pull the ground from under this process end it, which is an outcome.
    let result = unsafe { libc::syscall(number, at(0), at(1), at(2), at(3), at(4), at(5)) };
    Errno::result(result)
}

/// An object's address, as an argument.
fn to<T: ?Sized>(object: &T) -> i64 {
    (object as *const T).cast::<u8>() as i64
}

/// The address of memory that the kernel may write to.
fn room() -> i64 {
    to(vec![0_i64; 128].leak())
}

fn path(text: &str) -> i64 {
    assert!(text.ends_with('\0'));
    to(text)
}

const HERE: i64 = libc::AT_FDCWD as i64;
const PAGE: i64 = 4096;
const READ: i64 = libc::O_RDONLY as i64;
const BOTH: i64 = libc::O_RDWR as i64;

fn open(file: &str, flags: i64) -> Outcome {
    call(libc::SYS_openat, &[HERE, path(file), flags, 0o600])
}

fn socket(family: i32, kind: i32, protocol: i32) -> Outcome {
    call(libc::SYS_socket, &[family.into(), kind.into(), protocol.into()])
}

fn map(protection: i32, flags: i32, file: i64) -> Outcome {
    call(libc::SYS_mmap, &[0, PAGE, protection.into(), flags.into(), file, 0])
}

fn proc_file(process: i64, name: &str, flags: i64) -> Outcome {
    open(&format!("/proc/{process}/{name}\0"), flags)
}

fn inet_address(port: u16) -> [u8; 16] {
    let mut address = [0; 16];
    address[0] = 2;
    address[2..4].copy_from_slice(&port.to_be_bytes());
    address[4] = 127;
    address[7] = 1;
    address
}

/// A filter of one instruction.
static ALLOW_ALL: i64 = 0x7fff_0000_0000_0006;

fn prctl(arguments: &[i64]) -> Outcome {
    call(libc::SYS_prctl, arguments)
}

/// Runs in a child made by `fork` and friends: there the attempt has succeeded.
fn child_or_parent(made: Outcome) -> Outcome {
    if made == Ok(0) {
        let _ = call(libc::SYS_exit_group, &[0]);
    }
    made
}

fn execute(program: &str) -> Outcome {
    let arguments = [path(program), 0];
    // Returns only if it failed; `true` says by its exit status that it ran.
    call(libc::SYS_execve, &[path(program), to(&arguments), to(&[0_i64])])
}

fn mount(target: &Target) -> Outcome {
    let made = call(libc::SYS_mount, &[path("none\0"), path(&target.directory), path("tmpfs\0"), 0, 0]);
    if made.is_ok() {
        let _ = call(libc::SYS_umount2, &[path(&target.directory), 0]);
    }
    made
}

fn connect(family: i32, address: &[u8]) -> Outcome {
    let socket = socket(family, libc::SOCK_STREAM, 0)?;
    call(libc::SYS_connect, &[socket, to(address), address.len() as i64])
}

fn process_vm(number: i64, victim: i64) -> Outcome {
    let buffer = [0_u8; 8];
    let local = [to(&buffer), 8];
    // Nothing is mapped there: whoever may do it is told so (EFAULT), and only then.
    let remote = [8_i64, 8];
    match call(number, &[victim, to(&local), 1, to(&remote), 1, 0]) {
        Err(Errno::EFAULT) => Ok(0),
        other => other,
    }
}

/// Reads `length` bytes at `address` of another process.
pub(crate) fn read_memory(process: i64, address: i64, length: usize) -> Result<Vec<u8>, Errno> {
    let buffer = vec![0_u8; length];
    let (local, remote) = ([to(buffer.as_slice()), length as i64], [address, length as i64]);
    call(libc::SYS_process_vm_readv, &[process, to(&local), 1, to(&remote), 1, 0])?;
    Ok(buffer)
}

/// Clone with these flags.
fn clone(flags: i64) -> Outcome {
    child_or_parent(call(libc::SYS_clone, &[flags | i64::from(libc::SIGCHLD)]))
}

/// `struct clone_args` with no flags: a new process.
fn clone3() -> Outcome {
    let mut arguments = [0_i64; 11];
    arguments[4] = libc::SIGCHLD.into();
    child_or_parent(call(libc::SYS_clone3, &[to(&arguments), 88]))
}

fn many_descriptors() -> Outcome {
    let mut last = Ok(0);
    for _ in 0..300 {
        last = call(libc::SYS_fcntl, &[1, libc::F_DUPFD_CLOEXEC.into(), 0]);
        last?;
    }
    last
}

fn thread() -> Outcome {
    match std::thread::Builder::new().spawn(|| ()) {
        Ok(_) => Ok(0),
        Err(error) => Err(Errno::from_raw(error.raw_os_error().unwrap_or(0))),
    }
}

/// A call of another table of the same kernel.
#[cfg(target_arch = "x86_64")]
fn x32() -> Outcome {
    call(libc::SYS_getpid | 0x4000_0000, &[])
}

#[cfg(target_arch = "x86_64")]
fn i386() -> Outcome {
    let result: i64;
    #[expect(unsafe_code, reason = "the i386 entry to the kernel")]
    // SAFETY: getpid of the i386 table (20) touches no memory; the entry leaves r8 to r11 undefined.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("rax") 20_i64 => result, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    Ok(result)
}

type Attempt = (&'static str, fn(&Target) -> Outcome);

/// Name and deed. Standard input is a file that was open before, standard output a pipe.
pub(crate) const ATTEMPTS: &[Attempt] = &[
    // Files.
    ("open /etc/passwd", |_| open("/etc/passwd\0", READ)),
    ("open a file for writing", |t| open(&t.file, BOTH)),
    ("open a file of root", |t| open(&t.root_file, READ)),
    ("create a file", |t| {
        open(&format!("{}/new\0", t.directory.trim_end_matches('\0')), BOTH | i64::from(libc::O_CREAT))
    }),
    ("openat2", |t| call(libc::SYS_openat2, &[HERE, path(&t.file), to(&[0_i64; 3]), 24])),
    ("open a directory", |_| open("/\0", READ)),
    ("stat /etc/passwd", |_| call(libc::SYS_newfstatat, &[HERE, path("/etc/passwd\0"), room(), 0])),
    ("readlink /proc/self/exe", |_| call(libc::SYS_readlinkat, &[HERE, path("/proc/self/exe\0"), room(), 256])),
    ("access /bin/sh", |_| call(libc::SYS_faccessat, &[HERE, path("/bin/sh\0"), 1, 0])),
    ("getcwd", |_| call(libc::SYS_getcwd, &[room(), 256])),
    ("chdir", |t| call(libc::SYS_chdir, &[path(&t.directory)])),
    ("mkdir", |t| {
        call(libc::SYS_mkdirat, &[HERE, path(&format!("{}/sub\0", t.directory.trim_end_matches('\0'))), 0o700])
    }),
    ("truncate a file", |t| call(libc::SYS_truncate, &[path(&t.file), 0])),
    ("chmod a file", |t| call(libc::SYS_fchmodat, &[HERE, path(&t.file), 0o777])),
    ("unlink a file", |t| call(libc::SYS_unlinkat, &[HERE, path(&t.file), 0])),
    ("write to the open file", |_| call(libc::SYS_write, &[0, to(b"x"), 1])),
    ("name_to_handle_at", |_| {
        // 128 bytes for the handle.
        let handle = vec![128_i64; 20].leak();
        call(libc::SYS_name_to_handle_at, &[HERE, path("/\0"), to(handle), room(), 0])
    }),
    ("open_by_handle_at", |_| call(libc::SYS_open_by_handle_at, &[HERE, to(&[8_i64; 4]), READ])),
    ("inotify_init1", |_| call(libc::SYS_inotify_init1, &[0])),
    ("fanotify_init", |_| call(libc::SYS_fanotify_init, &[0, 0])),
    ("ioctl on the pipe", |_| call(libc::SYS_ioctl, &[1, libc::FIONREAD as i64, room()])),
    // Memory.
    ("map the open file", |_| map(libc::PROT_READ, libc::MAP_PRIVATE, 0)),
    ("map the open file as code", |_| map(libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE, 0)),
    ("memfd_create", |_| call(libc::SYS_memfd_create, &[path("x\0"), 0])),
    ("memfd_secret", |_| call(libc::SYS_memfd_secret, &[0])),
    ("open /proc/self/mem", |_| open("/proc/self/mem\0", BOTH)),
    ("lock memory", |_| {
        let own = map(libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
        call(libc::SYS_mlock, &[own, PAGE])
    }),
    ("userfaultfd", |_| call(libc::SYS_userfaultfd, &[1])),
    ("shmget", |_| call(libc::SYS_shmget, &[0, PAGE, 0o600])),
    ("msgget", |_| call(libc::SYS_msgget, &[0, 0o600])),
    ("semget", |_| call(libc::SYS_semget, &[0, 1, 0o600])),
    ("mq_open", |_| {
        let made = call(libc::SYS_mq_open, &[path("nano-attack\0"), BOTH | i64::from(libc::O_CREAT), 0o600, 0]);
        let _ = made.is_ok().then(|| call(libc::SYS_mq_unlink, &[path("nano-attack\0")]));
        made
    }),
    // Other processes.
    ("open another's memory", |t| proc_file(t.victim, "mem", READ)),
    ("read another's environment", |t| proc_file(t.victim, "environ", READ)),
    ("process_vm_readv", |t| process_vm(libc::SYS_process_vm_readv, t.victim)),
    ("process_vm_writev", |t| process_vm(libc::SYS_process_vm_writev, t.victim)),
    ("ptrace another", |t| call(libc::SYS_ptrace, &[libc::PTRACE_SEIZE.into(), t.victim, 0, 0])),
    ("ptrace traceme", |_| call(libc::SYS_ptrace, &[libc::PTRACE_TRACEME.into()])),
    ("kill another", |t| call(libc::SYS_kill, &[t.victim, libc::SIGCONT.into()])),
    ("kill everybody", |_| call(libc::SYS_kill, &[-1, 0])),
    ("tkill another", |t| call(libc::SYS_tkill, &[t.victim, libc::SIGCONT.into()])),
    ("tgkill another", |t| call(libc::SYS_tgkill, &[t.victim, t.victim, libc::SIGCONT.into()])),
    ("pidfd_open another", |t| call(libc::SYS_pidfd_open, &[t.victim, 0])),
    ("take another's descriptor", |t| {
        let process = call(libc::SYS_pidfd_open, &[t.victim, 0])?;
        call(libc::SYS_pidfd_getfd, &[process, 1, 0])
    }),
    ("signals by fcntl to another", |t| call(libc::SYS_fcntl, &[1, libc::F_SETOWN.into(), t.victim])),
    ("limits of another", |t| call(libc::SYS_prlimit64, &[t.victim, libc::RLIMIT_CORE.into(), to(&[0_i64, 0]), 0])),
    ("kcmp", |t| call(libc::SYS_kcmp, &[t.victim, t.victim, 1, 0, 0])),
    // Programs, processes, threads.
    ("execve", |_| execute("/bin/true\0")),
    ("execve a program of root", |t| execute(&t.root_program)),
    ("execveat", |_| {
        let arguments = [path("/bin/true\0"), 0];
        call(libc::SYS_execveat, &[HERE, path("/bin/true\0"), to(&arguments), to(&[0_i64]), 0])
    }),
    #[cfg(target_arch = "x86_64")]
    ("fork", |_| child_or_parent(call(libc::SYS_fork, &[]))),
    ("clone a process", |_| clone(0)),
    ("clone3 a process", |_| clone3()),
    ("start a thread", |_| thread()),
    // Namespaces and mounts.
    ("clone with a user namespace", |_| clone(libc::CLONE_NEWUSER.into())),
    ("unshare the user namespace", |_| call(libc::SYS_unshare, &[libc::CLONE_NEWUSER.into()])),
    ("unshare the network", |_| call(libc::SYS_unshare, &[libc::CLONE_NEWNET.into()])),
    ("setns", |t| {
        let process = call(libc::SYS_pidfd_open, &[t.victim, 0])?;
        call(libc::SYS_setns, &[process, libc::CLONE_NEWNET.into()])
    }),
    ("mount", mount),
    ("umount", |t| call(libc::SYS_umount2, &[path(&t.directory), 0])),
    ("fsopen", |_| call(libc::SYS_fsopen, &[path("tmpfs\0"), 0])),
    ("pivot_root", |t| call(libc::SYS_pivot_root, &[path(&t.directory), path(&t.directory)])),
    ("chroot", |_| call(libc::SYS_chroot, &[path("/\0")])),
    // The network.
    ("TCP socket", |_| socket(libc::AF_INET, libc::SOCK_STREAM, 0)),
    ("UDP socket, IPv6", |_| socket(libc::AF_INET6, libc::SOCK_DGRAM, 0)),
    ("Unix socket", |_| socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)),
    ("netlink socket", |_| socket(libc::AF_NETLINK, libc::SOCK_RAW, 0)),
    ("raw IP socket", |_| socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP)),
    ("packet socket", |_| socket(libc::AF_PACKET, libc::SOCK_RAW, 0)),
    ("crypto socket", |_| socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0)),
    ("socketpair", |_| call(libc::SYS_socketpair, &[libc::AF_UNIX.into(), libc::SOCK_STREAM.into(), 0, room()])),
    ("connect by TCP", |t| connect(libc::AF_INET, &inet_address(t.port))),
    ("bind a TCP port", |_| {
        let socket = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
        call(libc::SYS_bind, &[socket, to(&inet_address(0)), 16])
    }),
    ("connect to an abstract socket", |t| connect(libc::AF_UNIX, &[&[1, 0, 0], t.abstract_name.as_bytes()].concat())),
    // Parts of the kernel that attackers like.
    ("bpf", |_| call(libc::SYS_bpf, &[0, to(&[1_i64, 0x0000_0004_0000_0004, 1, 0, 0, 0, 0, 0, 0]), 72])),
    ("perf_event_open", |_| {
        // Software clock of this process, user space only.
        let mut event = [0_i64; 16];
        (event[0], event[5]) = (1 | 128 << 32, 0b110_0000);
        call(libc::SYS_perf_event_open, &[to(&event), 0, -1, -1, 0])
    }),
    ("io_uring_setup", |_| call(libc::SYS_io_uring_setup, &[1, room()])),
    ("keyctl", |_| call(libc::SYS_keyctl, &[0, -3, 1])),
    ("add_key", |_| call(libc::SYS_add_key, &[path("user\0"), path("x\0"), to(b"x"), 1, -3])),
    ("futex with priority inheritance", |_| call(libc::SYS_futex, &[room(), libc::FUTEX_LOCK_PI.into(), 0, 0, 0])),
    ("syslog", |_| call(libc::SYS_syslog, &[10, 0, 0])),
    #[cfg(target_arch = "x86_64")]
    ("modify_ldt", |_| call(libc::SYS_modify_ldt, &[0, room(), 64])),
    #[cfg(target_arch = "x86_64")]
    ("iopl", |_| call(libc::SYS_iopl, &[3])),
    #[cfg(target_arch = "x86_64")]
    ("a call of the x32 table", |_| x32()),
    #[cfg(target_arch = "x86_64")]
    ("a call of the i386 table", |_| i386()),
    // What it is, and may use.
    ("setuid to root", |_| call(libc::SYS_setuid, &[0])),
    ("setresuid to another", |_| call(libc::SYS_setresuid, &[12_345, 12_345, 12_345])),
    ("setgroups", |_| call(libc::SYS_setgroups, &[1, to(&[0_i64])])),
    ("capset", |_| {
        // Version 3, this process; CAP_CHOWN, effective and permitted.
        call(libc::SYS_capset, &[to(&[0x2008_0522_i64]), to(&[0x0000_0001_0000_0001_i64, 0, 0])])
    }),
    ("become dumpable", |_| prctl(&[libc::PR_SET_DUMPABLE.into(), 1])),
    ("keep capabilities", |_| prctl(&[libc::PR_SET_KEEPCAPS.into(), 1])),
    ("turn the supervisor's death off", |_| prctl(&[libc::PR_SET_PDEATHSIG.into(), 0])),
    ("another filter by prctl", |_| prctl(&[libc::PR_SET_SECCOMP.into(), 2, to(&[1, to(&ALLOW_ALL)])])),
    ("another filter by seccomp", |_| call(libc::SYS_seccomp, &[1, 0, to(&[1, to(&ALLOW_ALL)])])),
    ("personality", |_| call(libc::SYS_personality, &[libc::ADDR_NO_RANDOMIZE.into()])),
    ("higher limits", |_| {
        call(libc::SYS_prlimit64, &[0, libc::RLIMIT_NOFILE.into(), 0, room()])?;
        call(libc::SYS_prlimit64, &[0, libc::RLIMIT_NOFILE.into(), to(&[1000_i64, 1000]), 0])
    }),
    ("300 descriptors", |_| many_descriptors()),
    ("higher priority", |_| call(libc::SYS_setpriority, &[0, 0, -5])),
    ("real-time scheduling", |_| call(libc::SYS_sched_setscheduler, &[0, 1, to(&[1_i64])])),
    ("all processors", |_| call(libc::SYS_sched_setaffinity, &[0, 8, to(&[-1_i64])])),
    ("uname", |_| call(libc::SYS_uname, &[room()])),
    ("a call without a name", |_| call(9999, &[])),
    // What must work, or nothing would.
    ("memory that is written and executed", |_| {
        let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        map(all, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)
    }),
    ("the time", |_| call(libc::SYS_clock_gettime, &[2, room()])),
];
