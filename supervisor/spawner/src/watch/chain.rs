//! The names in directories that decide where a path leads: the path's own, and those of every symbolic link on the
//! way. If one of these names refers to another file, the path may too.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The kernel's limit (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// What a name is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interest {
    /// Which file it refers to.
    Place,
    /// The file's content too.
    Content,
}

/// Names by their directory. The directories' paths contain no links.
pub(super) type Names = BTreeMap<PathBuf, BTreeMap<OsString, Interest>>;

/// What a name refers to.
#[derive(Debug, Clone)]
enum NameTarget {
    Directory,
    Link(PathBuf),
    Other,
    Nothing,
}

/// Resolves each name once, however many paths contain it.
#[derive(Debug, Default)]
pub(super) struct Chains {
    known: HashMap<PathBuf, NameTarget>,
}

impl Chains {
    /// The names that decide where these paths lead.
    pub(super) fn names<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Names {
        let (mut chains, mut names) = (Self::default(), Names::new());
        for path in paths {
            chains.walk(path, &mut |directory, name, interest| {
                // Most are in the map already.
                if !names.contains_key(directory) {
                    names.insert(directory.to_owned(), BTreeMap::new());
                }
                if let Some(own) = names.get_mut(directory) {
                    let known = own.entry(name.to_owned()).or_insert(interest);
                    *known = (*known).max(interest);
                }
            });
        }
        names
    }

    /// Calls `visit` for every name that decides where the path leads, as far as it leads anywhere.
    pub(super) fn walk(&mut self, path: &Path, visit: &mut impl FnMut(&Path, &OsStr, Interest)) {
        let mut directory = PathBuf::from("/");
        let mut ahead: VecDeque<OsString> = parts(path).collect();
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                directory.pop();
                continue;
            }
            let here = directory.join(&name);
            let found = self.known.entry(here).or_insert_with_key(|here| look(here)).clone();
            let ends = ahead.is_empty() && !matches!(found, NameTarget::Link(_) | NameTarget::Directory);
            visit(&directory, &name, if ends { Interest::Content } else { Interest::Place });
            match found {
                NameTarget::Directory => directory.push(name),
                NameTarget::Link(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return;
                    }
                    if target.is_absolute() {
                        directory = PathBuf::from("/");
                    }
                    for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
                        ahead.push_front(part);
                    }
                }
                NameTarget::Other | NameTarget::Nothing => return,
            }
        }
    }
}

/// The names in a path, and `..`.
fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

fn look(path: &Path) -> NameTarget {
    let Ok(found) = fs::symlink_metadata(path) else { return NameTarget::Nothing };
    if found.is_dir() {
        NameTarget::Directory
    } else if found.is_symlink() {
        fs::read_link(path).map_or(NameTarget::Nothing, NameTarget::Link)
    } else {
        NameTarget::Other
    }
}
