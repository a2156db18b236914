//! Resource limits of this process (getrlimit(2)): raises them as far as allowed, and reports those that are too low.

use std::fmt;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// A limit, and how much of it nano needs.
struct Need {
    resource: Resource,
    /// For the operator: the resource, the limit's name, where it is set.
    what: &'static str,
    name: &'static str,
    set: &'static str,
    /// With less nano cannot start.
    least: u64,
    /// Lower values are raised to this.
    wanted: u64,
    why: &'static str,
}

const STACK: &str = "RLIMIT_STACK";

const NEEDS: [Need; 5] = [
    Need {
        resource: Resource::RLIMIT_NOFILE,
        what: "open files",
        name: "RLIMIT_NOFILE",
        set: "ulimit -n, LimitNOFILE=",
        least: 64,
        // The default of 1024 exists for select(2).
        wanted: u64::MAX,
        why: "one for each connection and a few for each worker",
    },
    Need {
        resource: Resource::RLIMIT_AS,
        what: "bytes of addresses",
        name: "RLIMIT_AS",
        set: "ulimit -v, LimitAS=",
        // V8 reserves addresses and aligns within them: a worker has 17 GiB, and 49 GiB for a moment.
        least: 64 << 30,
        wanted: u64::MAX,
        why: "V8 reserves addresses that it does not use; what a worker may really use is bounded by `memory_mb`",
    },
    Need {
        resource: Resource::RLIMIT_DATA,
        what: "bytes of data",
        name: "RLIMIT_DATA",
        set: "ulimit -d, LimitDATA=",
        least: 1 << 30,
        wanted: u64::MAX,
        why: "V8 reserves room for code that it does not use; what a worker may really use is bounded by `memory_mb`",
    },
    Need {
        resource: Resource::RLIMIT_STACK,
        what: "bytes of stack",
        name: STACK,
        set: "ulimit -s, LimitSTACK=",
        least: 4 << 20,
        wanted: 8 << 20,
        why: "JavaScript runs on it",
    },
    Need {
        resource: Resource::RLIMIT_NPROC,
        what: "processes and threads",
        name: "RLIMIT_NPROC",
        set: "ulimit -u, LimitNPROC=",
        least: 16,
        wanted: u64::MAX,
        why: "two processes, a few threads, and four for each worker; all others of the same user count, too",
    },
];

/// One limit that is too low.
#[derive(Debug, PartialEq, Eq)]
struct Shortage {
    what: &'static str,
    name: &'static str,
    set: &'static str,
    has: u64,
    least: u64,
    why: &'static str,
}

/// Limits that are too low and that the user who started nano may not raise.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct TooLittle(Vec<Shortage>);

impl TooLittle {
    /// Whether the stack is one of them, so that this process must report it at once.
    #[must_use]
    pub fn is_about_stack(&self) -> bool {
        self.0.iter().any(|shortage| shortage.name == STACK)
    }
}

impl fmt::Display for TooLittle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Shortage { what, name, set, has, least, why }) in self.0.iter().enumerate() {
            let gap = if index > 0 { "; " } else { "" };
            write!(
                f,
                "{gap}this process may have {has} {what} ({name}), and nano needs at least {least}: {why}. Raise the limit ({set} in a systemd unit)"
            )?;
        }
        Ok(())
    }
}

/// Raises limits that are too low, as far as allowed.
///
/// # Errors
/// A limit stays too low.
pub fn raise() -> Result<(), TooLittle> {
    let shortages: Vec<_> = NEEDS.iter().filter_map(raise_one).collect();
    if shortages.is_empty() { Ok(()) } else { Err(TooLittle(shortages)) }
}

fn raise_one(need: &Need) -> Option<Shortage> {
    // A failure here shows soon enough.
    let (mut soft, hard) = getrlimit(need.resource).ok()?;
    let wanted = need.wanted.min(hard);
    if soft < wanted && setrlimit(need.resource, wanted, hard).is_ok() {
        soft = wanted;
    }
    let Need { what, name, set, least, why, .. } = *need;
    (soft < least).then_some(Shortage { what, name, set, has: soft, least, why })
}

#[cfg(test)]
mod tests;
