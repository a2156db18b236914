//! On which names in which directories it depends what a path leads to: the path's own, and those of every link on the
//! way. If one of these names comes to stand for something else, the path may, too.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// As the kernel (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// What a name is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interest {
    /// What it stands for.
    Place,
    /// What is written there, too.
    Content,
}

/// Names by their directory, of which the path has no links.
pub(super) type Names = BTreeMap<PathBuf, BTreeMap<OsString, Interest>>;

/// What stands at a name.
#[derive(Debug, Clone)]
enum Found {
    Directory,
    Link(PathBuf),
    Other,
    Nothing,
}

/// Looks at each name once, however many paths it is on.
#[derive(Debug, Default)]
pub(super) struct Chains {
    known: HashMap<PathBuf, Found>,
}

impl Chains {
    /// Of all these paths.
    pub(super) fn names<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Names {
        let (mut chains, mut names) = (Self::default(), Names::new());
        for path in paths {
            chains.walk(path, &mut |directory, name, interest| {
                // Most are there already.
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

    /// Tells of every name on which it depends where the path leads, as far as it leads anywhere.
    pub(super) fn walk(&mut self, path: &Path, tell: &mut impl FnMut(&Path, &OsStr, Interest)) {
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
            let ends = ahead.is_empty() && !matches!(found, Found::Link(_) | Found::Directory);
            tell(&directory, &name, if ends { Interest::Content } else { Interest::Place });
            match found {
                Found::Directory => directory.push(name),
                Found::Link(target) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return;
                    }
                    if target.is_absolute() {
                        directory = PathBuf::from("/");
                    }
                    for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
                        ahead.push_front(part);
                    }
                }
                Found::Other | Found::Nothing => return,
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

fn look(path: &Path) -> Found {
    let Ok(found) = fs::symlink_metadata(path) else { return Found::Nothing };
    if found.is_dir() {
        Found::Directory
    } else if found.is_symlink() {
        fs::read_link(path).map_or(Found::Nothing, Found::Link)
    } else {
        Found::Other
    }
}
