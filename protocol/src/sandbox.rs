//! The layers of a worker's sandbox, and the report that a worker sends of them before it is sent its app.

/// One layer of the sandbox around a worker. One list for the log, the metric's label, `nanoctl` and the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SandboxLayer {
    /// Limits of memory, threads and CPU time that the kernel keeps (a control group).
    Cgroup,
    /// No process, network, host name, mount or control group of the machine is visible (namespaces).
    Namespaces,
    /// An empty root directory in which nothing can be made.
    Root,
    /// A user and a group that no other app has.
    Uid,
    /// No capability in any set that counts.
    Capabilities,
    /// No program that it executes could gain privileges (`PR_SET_NO_NEW_PRIVS`).
    NoNewPrivs,
    /// Other processes of its user cannot read its memory, and it leaves no core (`PR_SET_DUMPABLE`).
    Undumpable,
    /// Resource limits: files, threads, sizes.
    Rlimits,
    /// No path of any file system, no TCP port, no process outside (Landlock).
    Landlock,
    /// The system call filter, on all threads (seccomp).
    Seccomp,
}

impl SandboxLayer {
    /// All of them, in the order of their codes on the wire.
    pub const ALL: [Self; 10] = [
        Self::Cgroup,
        Self::Namespaces,
        Self::Root,
        Self::Uid,
        Self::Capabilities,
        Self::NoNewPrivs,
        Self::Undumpable,
        Self::Rlimits,
        Self::Landlock,
        Self::Seccomp,
    ];

    /// The name in logs, metrics and `nanoctl`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cgroup => "cgroup",
            Self::Namespaces => "namespaces",
            Self::Root => "root",
            Self::Uid => "uid",
            Self::Capabilities => "capabilities",
            Self::NoNewPrivs => "no_new_privs",
            Self::Undumpable => "undumpable",
            Self::Rlimits => "rlimits",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
        }
    }
}

impl std::fmt::Display for SandboxLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether one layer is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerReport {
    /// Which.
    pub layer: SandboxLayer,
    /// Whether it is in force.
    pub active: bool,
    /// In words: how much of it, or why it is missing. May be empty. At most
    /// [`crate::limits::MAX_LAYER_DETAIL`] bytes.
    pub detail: String,
}
