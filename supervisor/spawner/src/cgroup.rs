//! Control groups: what the kernel lets a worker have of memory, processes and CPU time, and how it tells that a worker
//! asked for more (cgroups(7)). Two ways to have them, by what the machine has: [`v2`] as systemd delegates it, [`v1`]
//! on older and hybrid machines.
//!
//! ```text
//! the group that nano was started in, or on v2 the one above
//! └── nano-PID           all of this nano's; locked, so that the next one knows what a killed one left behind
//!     ├── supervisor     v2: nano itself
//!     ├── app-NAME       equal CPU weight for every app, however many workers it has
//!     │   └── worker-N   one worker, with its limits of memory and processes
//!     └── app-spareN-…   the same for a worker that was started before it was known for which app
//!         └── worker-N
//! ```
//!
//! The CPU controller reaches down to the apps only: the kernel's scheduler pays for each of its groups, busy or not.

mod group;
mod instance;
mod own_cgroup;
mod v1;
mod v2;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

use group::Group;
use instance::Instance;
use own_cgroup::OwnCgroup;

/// The group of nano's own processes on v2.
const OWN_LEAF: &str = "supervisor";

/// The prefix of the names of apps' groups.
const APP_PREFIX: &str = "app-";

/// Longest app name that is used unchanged: a file name has at most 255 bytes.
const MAX_APP_NAME: usize = 200;

/// One resource that the kernel limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Controller {
    Memory,
    Pids,
    Cpu,
    /// On v2 on machines that have the other controllers on v1.
    #[cfg(test)]
    HugeTlb,
}

impl Controller {
    /// The controllers that nano uses. The first one is required.
    const ALL: [Self; 3] = [Self::Memory, Self::Pids, Self::Cpu];

    /// Whether it limits each worker, and not just all of an app together.
    fn is_per_worker(self) -> bool {
        self != Self::Cpu
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Pids => "pids",
            Self::Cpu => "cpu",
            #[cfg(test)]
            Self::HugeTlb => "hugetlb",
        }
    }
}

/// The limits of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CgroupLimits {
    /// Bytes: its memory, the pages of files that it was the first to read, and the kernel's memory for it. No swap.
    pub(crate) memory: u64,
    /// Processes and threads.
    pub(crate) pids: u64,
}

/// This machine's control groups, as far as nano may use them. One for each nano, in the process that starts workers.
#[derive(Debug)]
pub(crate) struct Backend {
    trees: Trees,
    lacking: Option<String>,
    apps: BTreeMap<String, AppGroups>,
    workers: u64,
    /// Groups whose processes have ended and which the kernel still holds.
    ending: Vec<Cgroup>,
}

#[derive(Debug)]
enum Trees {
    V2(Box<v2::Tree>),
    V1(Vec<v1::Tree>),
}

/// The groups of one app.
#[derive(Debug)]
struct AppGroups {
    groups: Vec<Arc<Group>>,
    workers: usize,
}

/// One worker's groups: one on v2, one for each hierarchy on v1.
#[derive(Debug)]
pub(crate) struct Cgroup {
    version: CgroupVersion,
    app: String,
    name: String,
    parts: Vec<HierarchyGroup>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CgroupVersion {
    V1,
    V2,
}

#[derive(Debug)]
struct HierarchyGroup {
    /// The app's.
    parent: Arc<Group>,
    /// The worker's own; `None`: it is in the app's.
    own: Option<Group>,
    controllers: Vec<Controller>,
}

impl HierarchyGroup {
    fn group(&self) -> &Group {
        self.own.as_ref().unwrap_or(&self.parent)
    }

    fn names(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        self.controllers.iter().map(|controller| controller.name())
    }
}

/// Why there are no control groups for nano.
#[derive(Debug, thiserror::Error)]
#[error("cgroup v2: {v2}; cgroup v1: {v1}")]
pub(crate) struct Unavailable {
    v2: String,
    v1: String,
}

/// Why a worker has no group.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the control group {group}: {source}")]
pub(crate) struct CgroupError {
    group: String,
    source: io::Error,
}

impl Backend {
    /// Finds the hierarchies and creates nano's group: v2 with a memory controller, else v1 with one, else v2 without,
    /// which can at least kill a whole group. `nano` lists the pids of nano's processes so far, this one included.
    /// Removes what killed nanos left behind.
    ///
    /// # Errors
    /// No hierarchy is usable.
    pub(crate) fn detect(nano: &[i32]) -> Result<Self, Unavailable> {
        let own = match OwnCgroup::own() {
            Ok(own) => own,
            Err(error) => return Err(Unavailable { v2: error.to_string(), v1: error.to_string() }),
        };
        let unified = own.unified().and_then(|path| v2::Tree::detect(&path, nano, &Controller::ALL));
        let unified = match unified {
            Ok((tree, None)) => return Ok(Self::new(Trees::V2(Box::new(tree)), None)),
            other => other,
        };
        match (unified, v1::Tree::detect(&own)) {
            (unified, Ok((trees, lacking))) => {
                if let Ok((tree, _)) = unified {
                    let _ = tree.close(Instant::now());
                }
                Ok(Self::new(Trees::V1(trees), lacking))
            }
            (Ok((tree, lacking)), Err(v1)) => {
                let lacking = lacking.map(|v2| Unavailable { v2, v1 }.to_string());
                Ok(Self::new(Trees::V2(Box::new(tree)), lacking))
            }
            (Err(v2), Err(v1)) => Err(Unavailable { v2, v1 }),
        }
    }

    fn new(trees: Trees, lacking: Option<String>) -> Self {
        Self { trees, lacking, apps: BTreeMap::new(), workers: 0, ending: Vec::new() }
    }

    /// Whether a worker's memory is limited.
    pub(crate) fn limits_memory(&self) -> bool {
        self.controllers().contains(&Controller::Memory)
    }

    /// The missing controllers and why they are missing.
    pub(crate) fn lacking(&self) -> Option<&str> {
        self.lacking.as_deref()
    }

    /// A summary for operators: `v1: memory pids cpu`.
    pub(crate) fn summary(&self) -> String {
        let names: Vec<_> = self.controllers().into_iter().map(Controller::name).collect();
        format!(
            "{}: {}",
            self.version().as_str(),
            if names.is_empty() { "no limits".to_owned() } else { names.join(" ") }
        )
    }

    fn controllers(&self) -> Vec<Controller> {
        match &self.trees {
            Trees::V2(tree) => tree.controllers.clone(),
            Trees::V1(trees) => trees.iter().flat_map(|tree| tree.controllers.iter().copied()).collect(),
        }
    }

    fn version(&self) -> CgroupVersion {
        match &self.trees {
            Trees::V2(_) => CgroupVersion::V2,
            Trees::V1(_) => CgroupVersion::V1,
        }
    }

    /// The hierarchies, with what each limits.
    fn hierarchies(&self) -> Vec<(&Instance, &[Controller])> {
        match &self.trees {
            Trees::V2(tree) => vec![(&tree.instance, &tree.controllers)],
            Trees::V1(trees) => trees.iter().map(|tree| (&tree.instance, tree.controllers.as_slice())).collect(),
        }
    }

    /// Creates a group for a worker of this app, with its limits and without processes.
    ///
    /// # Errors
    /// The kernel refuses. Nothing is left behind.
    pub(crate) fn create(&mut self, app: &str, limits: &CgroupLimits) -> Result<Cgroup, CgroupError> {
        self.sweep();
        self.workers += 1;
        let (app, name) = (group_name(app), format!("worker-{}", self.workers));
        let made = self.make(&app, &name, limits);
        made.map_err(|source| CgroupError { group: format!("{app}/{name}"), source })
    }

    fn make(&mut self, app: &str, name: &str, limits: &CgroupLimits) -> io::Result<Cgroup> {
        let version = self.version();
        if !self.apps.contains_key(app) {
            let groups = self.make_app(app)?;
            self.apps.insert(app.to_owned(), AppGroups { groups, workers: 0 });
        }
        let parents = self.apps.get(app).map(|app| app.groups.clone()).unwrap_or_default();
        let mut cgroup = Cgroup { version, app: app.to_owned(), name: name.to_owned(), parts: Vec::new() };
        let hierarchies = self.hierarchies().into_iter().map(|(_, controllers)| controllers.to_vec());
        let hierarchies: Vec<_> = hierarchies.zip(parents).collect();
        if let Some(app) = self.apps.get_mut(app) {
            app.workers += 1;
        }
        for (controllers, parent) in hierarchies {
            if version == CgroupVersion::V1 && !controllers.iter().any(|controller| controller.is_per_worker()) {
                cgroup.parts.push(HierarchyGroup { parent, own: None, controllers });
                continue;
            }
            let limited = parent.make(name).and_then(|group| {
                let limited = controllers.iter().try_for_each(|controller| match version {
                    CgroupVersion::V1 => v1::limit(&group, *controller, limits),
                    CgroupVersion::V2 => v2::limit(&group, *controller, limits),
                });
                cgroup.parts.push(HierarchyGroup { parent, own: Some(group), controllers });
                limited
            });
            if let Err(error) = limited {
                self.remove(cgroup);
                return Err(error);
            }
        }
        Ok(cgroup)
    }

    /// Creates the app's groups, which contain its workers' groups.
    fn make_app(&self, name: &str) -> io::Result<Vec<Arc<Group>>> {
        let mut groups: Vec<Arc<Group>> = Vec::new();
        for (instance, controllers) in self.hierarchies() {
            let made = instance.group.make(name).and_then(|group| {
                let handed_down = match self.version() {
                    CgroupVersion::V1 => Ok(()),
                    CgroupVersion::V2 => {
                        let mut down = controllers.iter().filter(|controller| controller.is_per_worker());
                        down.try_for_each(|controller| v2::enable(&group, *controller))
                    }
                };
                handed_down.map(|()| group)
            });
            match made {
                Ok(group) => groups.push(Arc::new(group)),
                Err(error) => {
                    self.unmake_app(name);
                    return Err(error);
                }
            }
        }
        Ok(groups)
    }

    fn unmake_app(&self, name: &str) -> bool {
        let left = self.hierarchies().into_iter().filter(|(instance, _)| instance.group.remove(name).is_err());
        left.count() == 0
    }

    /// Removes a worker's group and kills its processes. If the kernel still holds the group, a later call of this type
    /// removes it, at the latest [`Backend::close`].
    pub(crate) fn remove(&mut self, cgroup: Cgroup) {
        cgroup.kill();
        self.ending.push(cgroup);
        self.sweep();
    }

    /// Retries the removal of groups that the kernel still held. Returns how many are left.
    pub(crate) fn sweep(&mut self) -> usize {
        let is_left = |cgroup: &Cgroup| {
            let own = cgroup.parts.iter().filter(|part| part.own.is_some());
            let left = own.filter(|part| part.parent.remove(&cgroup.name).is_err());
            left.count() > 0
        };
        let (left, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.ending).into_iter().partition(is_left);
        self.ending = left;
        for cgroup in gone {
            let Some(app) = self.apps.get_mut(&cgroup.app) else { continue };
            app.workers = app.workers.saturating_sub(1);
        }
        let empty: Vec<_> =
            self.apps.iter().filter(|(_, app)| app.workers == 0).map(|(name, _)| name.clone()).collect();
        for name in empty {
            if self.unmake_app(&name) {
                self.apps.remove(&name);
            }
        }
        self.ending.len()
    }

    /// Kills all processes in groups of this nano, removes the groups, and undoes the changes of [`Backend::detect`].
    /// Waits for the kernel until `deadline` at most.
    ///
    /// # Errors
    /// Something is left behind.
    pub(crate) fn close(self, deadline: Instant) -> io::Result<()> {
        match self.trees {
            Trees::V2(tree) => tree.close(deadline),
            Trees::V1(trees) => trees.into_iter().map(|tree| tree.close(deadline)).fold(Ok(()), Result::and),
        }
    }
}

impl Cgroup {
    /// The descriptor that clone3(2) takes (`CLONE_INTO_CGROUP`) to start a process in the group. Only v2 has this.
    pub(crate) fn clone_into(&self) -> Option<BorrowedFd<'_>> {
        let part = self.parts.first().filter(|_| self.version == CgroupVersion::V2)?;
        Some(part.group().as_fd())
    }

    /// Moves a process into the group. Memory that it already has stays charged to its former group, so it should have
    /// almost none.
    ///
    /// # Errors
    /// The process is gone, or the kernel refuses.
    pub(crate) fn add(&self, pid: i32) -> io::Result<()> {
        self.parts.iter().try_for_each(|part| part.group().add(pid))
    }

    /// The name within nano's own: `app-NAME/worker-N`, which is how the lines of `/proc/PID/cgroup` of a worker end, but for
    /// that of the CPU controller on v1.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.app, self.name)
    }

    /// Evidence that this process is not in the group, if there is any: the group it is in instead.
    pub(crate) fn contradiction(&self, pid: u32) -> Option<String> {
        let groups = match std::fs::read_to_string(format!("/proc/{pid}/cgroup")) {
            Ok(groups) => groups,
            Err(error) => return Some(format!("no group: {error}")),
        };
        let name = self.name();
        let expected: Vec<(&str, &str)> = match self.version {
            CgroupVersion::V2 => vec![("", &name)],
            CgroupVersion::V1 => {
                let of = |part: &'_ HierarchyGroup| if part.own.is_some() { name.as_str() } else { self.app.as_str() };
                let each = |part| HierarchyGroup::names(part).map(move |controller| (controller, of(part)));
                self.parts.iter().flat_map(each).collect()
            }
        };
        let elsewhere = |(controller, name): &&(&str, &str)| {
            !own_cgroup::path_of(&groups, controller).is_some_and(|path| is_at(path, name))
        };
        let (first, _) = expected.iter().find(elsewhere)?;
        Some(format!("the group {} {first}", own_cgroup::path_of(&groups, first).unwrap_or("?")))
    }

    /// How many of its processes the kernel killed for lack of memory. Call it before [`Backend::remove`].
    pub(crate) fn oom_kills(&self) -> u64 {
        let group = self.memory();
        let kills = group.and_then(|group| match self.version {
            CgroupVersion::V1 => v1::oom_kills(group),
            CgroupVersion::V2 => v2::oom_kills(group),
        });
        kills.unwrap_or(0)
    }

    /// Raises its memory limit, if it has one. The processes in it stay as they are.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(crate) fn raise_memory(&self, bytes: u64) -> io::Result<()> {
        self.memory().map_or(Ok(()), |group| match self.version {
            CgroupVersion::V1 => v1::raise_memory(group, bytes),
            CgroupVersion::V2 => v2::raise_memory(group, bytes),
        })
    }

    /// Kills all its processes.
    pub(crate) fn kill(&self) {
        // Not what it shares with the app's other workers.
        if let Some(group) = self.parts.iter().find_map(|part| part.own.as_ref()) {
            group.kill();
        }
    }

    fn memory(&self) -> Option<&Group> {
        self.parts.iter().find(|part| part.controllers.contains(&Controller::Memory)).map(HierarchyGroup::group)
    }
}

impl CgroupVersion {
    const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

fn is_at(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|above| above.ends_with('/'))
}

/// A directory name for an app that cannot collide with the kernel's own files.
fn group_name(app: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if app.len() <= MAX_APP_NAME && app.bytes().all(plain) {
        return format!("{APP_PREFIX}{app}");
    }
    let hash = app
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let start: String = app.bytes().filter(|byte| plain(*byte)).take(MAX_APP_NAME).map(char::from).collect();
    format!("{APP_PREFIX}{start}-{hash:016x}")
}

#[cfg(test)]
mod tests;
