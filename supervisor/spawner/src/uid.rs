//! A uid for each app's workers, when nano runs as root.
//!
//! The uids are in a range of nano's own. An app's uid follows from its name, so it is the same after every restart and
//! on every machine, unless another app of the configuration has the same one: then the app that had it first keeps it
//! (at the start: the first in the file), and the other gets the next free one. The last uid of the range is the
//! supervisor's, if there is no user `nano`, and the one before it that of workers that check apps' modules.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::{Rc, Weak};

/// Without `uid_base`: above the uids of people and packages, below those that systemd assigns itself (`DynamicUser=`,
/// 61184 and up).
const DEFAULT_BASE: u32 = 60_000;
const DEFAULT_WIDTH: u32 = 1184;

/// With `uid_base`: as large as containers' ranges.
const WIDTH: u32 = 65_536;

/// The range that a configuration's `uid_base` stands for: its first uid, and how many there are.
pub(crate) fn range(base: Option<u32>) -> (u32, u32) {
    base.map_or((DEFAULT_BASE, DEFAULT_WIDTH), |base| (base, WIDTH))
}

/// The uid of the range that no app gets.
#[must_use]
pub fn supervisors_own(base: Option<u32>) -> u32 {
    let (base, width) = range(base);
    base + (width - 1)
}

/// The range and its leases.
#[derive(Debug)]
pub(crate) struct Uids {
    base: u32,
    width: u32,
    /// That of workers that check.
    checkers: Rc<UidLease>,
    leases: RefCell<BTreeMap<u32, Weak<UidLease>>>,
    /// Those that apps of the nano before this one have: no other app gets them.
    kept: HashMap<String, u32>,
    taken: HashSet<u32>,
}

/// An app's uid (and gid), reserved for as long as this value lives.
#[derive(Debug)]
pub(crate) struct UidLease {
    pub(crate) uid: u32,
    app: String,
}

/// Every uid of the range is taken.
#[derive(Debug, thiserror::Error)]
#[error("all {width} uids from {base} on have an app already: set `uid_base` to a range of {WIDTH} that is free")]
pub(crate) struct NoUid {
    base: u32,
    width: u32,
}

impl Uids {
    /// `base` is the config's `uid_base`, which leaves room for the range. `kept` are the uids that apps of the nano before
    /// this one have.
    pub(crate) fn new(base: Option<u32>, kept: BTreeMap<String, u32>) -> Self {
        let (base, width) = range(base);
        let checkers = Rc::new(UidLease { uid: base + (width - 2), app: String::new() });
        let own = base..base + (width - 2);
        let kept: HashMap<_, _> = kept.into_iter().filter(|(_, uid)| own.contains(uid)).collect();
        let taken = kept.values().copied().collect();
        Self { base, width, checkers, leases: RefCell::default(), kept, taken }
    }

    /// The uid of workers that check apps' modules. No app has it.
    pub(crate) fn checkers(&self) -> &Rc<UidLease> {
        &self.checkers
    }

    /// The apps that have one now, with their uids.
    pub(crate) fn in_use(&self) -> BTreeMap<String, u32> {
        let leases = self.leases.borrow();
        leases.values().filter_map(Weak::upgrade).map(|lease| (lease.app.clone(), lease.uid)).collect()
    }

    /// The app's uid; all its generations share it.
    pub(crate) fn lease(&self, app: &str) -> Result<Rc<UidLease>, NoUid> {
        let mut leases = self.leases.borrow_mut();
        leases.retain(|_, lease| lease.strong_count() > 0);
        if let Some(own) = leases.values().filter_map(Weak::upgrade).find(|lease| lease.app == app) {
            return Ok(own);
        }
        let first = offset(app, self.width);
        let next = (0..self.width).map(|step| self.base + (first + step) % self.width);
        let next = next.filter(|uid| *uid < self.base + (self.width - 2) && !self.taken.contains(uid));
        let kept = self.kept.get(app).copied();
        let free = kept
            .into_iter()
            .chain(next)
            .find(|uid| !leases.contains_key(uid))
            .ok_or(NoUid { base: self.base, width: self.width })?;
        let lease = Rc::new(UidLease { uid: free, app: app.to_owned() });
        leases.insert(free, Rc::downgrade(&lease));
        Ok(lease)
    }
}

/// FNV-1a (32 bits) of the name: the same in every build, unlike the standard library's hashes.
fn offset(app: &str, width: u32) -> u32 {
    let hash = app.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % width
}

#[cfg(test)]
mod tests;
