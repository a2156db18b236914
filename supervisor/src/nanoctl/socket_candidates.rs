//! Finds a nano's control socket. A socket that another user put at a usual place is not used.

use std::cell::Cell;
use std::fmt::Write;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::{Gid, Group};

use crate::control::socket::{Environment, ROOTS};

/// The paths to try, in order.
#[derive(Debug)]
pub(super) struct SocketCandidates {
    named: Vec<PathBuf>,
    usual: Vec<PathBuf>,
    /// Why the config could not be asked.
    note: Option<String>,
    uid: u32,
    /// The path at which a nano answered.
    found: Cell<Option<usize>>,
}

/// No nano answers at any path.
#[derive(Debug)]
pub(super) struct NotFound {
    missed: Vec<(PathBuf, Miss)>,
    note: Option<String>,
    uid: u32,
}

/// Why no nano answers at a path.
#[derive(Debug)]
enum Miss {
    /// Nothing is there, or nothing listens.
    Absent(&'static str),
    /// A nano may be there.
    Barred(String),
    /// Another user owns the file.
    Planted(String),
}

impl SocketCandidates {
    /// The option and the variable name one path; a config names one in addition to the usual ones.
    pub(super) fn new(option: Option<&Path>, config: Option<&Path>) -> Self {
        let environment = Environment::of_process();
        let mut places =
            Self { named: Vec::new(), usual: Vec::new(), note: None, uid: environment.uid(), found: Cell::new(None) };
        if let Some(path) = option.or(environment.variable()) {
            places.named.push(path.to_owned());
            return places;
        }
        match config.map(nano_config::glance) {
            Some(Ok(glance)) => places.named.extend(glance.control_socket),
            // Faults of the file do not matter for the nano that serves.
            Some(Err(error)) => places.note = Some(error.to_string()),
            None => {}
        }
        places.usual = environment.usual_places();
        places
    }

    /// A connection to the first path where a nano answers; the same path on every call.
    pub(super) fn connect(&self) -> Result<(UnixStream, &Path), NotFound> {
        let mut missed = Vec::new();
        let named = self.named.iter().map(|path| (path, false));
        let all = named.chain(self.usual.iter().map(|path| (path, true)));
        for (index, (path, is_usual)) in all.enumerate() {
            if self.found.get().is_some_and(|found| found != index) {
                continue;
            }
            match self.try_one(path, is_usual) {
                Ok(stream) => {
                    self.found.set(Some(index));
                    return Ok((stream, path));
                }
                Err(miss) => missed.push((path.clone(), miss)),
            }
        }
        Err(NotFound { missed, note: self.note.clone(), uid: self.uid })
    }

    /// Whether the answer comes from a usual place although the config names another path: it may be another nano's.
    pub(super) fn is_guess(&self) -> bool {
        !self.named.is_empty() && self.found.get().is_some_and(|found| found >= self.named.len())
    }

    fn try_one(&self, path: &Path, is_usual: bool) -> Result<UnixStream, Miss> {
        let trusted = if is_usual { Some(self.trusted(path)?) } else { None };
        let stream = UnixStream::connect(path).map_err(|error| self.miss(path, &error))?;
        if let Some(trusted) = trusted {
            let peer = getsockopt(&stream, PeerCredentials).map_err(|error| Miss::Barred(error.to_string()))?;
            if !trusted.contains(&peer.uid()) {
                return Err(Miss::Planted(format!("uid {} listens there, who is neither you nor root", peer.uid())));
            }
        }
        Ok(stream)
    }

    /// The users who may listen at a usual place.
    fn trusted(&self, path: &Path) -> Result<Vec<u32>, Miss> {
        let mut trusted = vec![self.uid, 0];
        let directory = path.parent().unwrap_or(Path::new("/"));
        let owner = |path: &Path| fs::symlink_metadata(path).map(|found| found.uid());
        let directory_owner = owner(directory).map_err(|error| self.miss(path, &error))?;
        // If the parent directory is root's alone, root gave this directory to its owner: a nano runs as that user.
        let given_by_root = (self.uid == 0 || directory == Path::new(ROOTS))
            && directory.parent().is_some_and(|above| {
                fs::metadata(above).is_ok_and(|above| above.uid() == 0 && above.mode() & 0o022 == 0)
            });
        if given_by_root {
            trusted.push(directory_owner);
        }
        let foreign =
            |what: &Path, uid: u32| Miss::Planted(format!("{} is uid {uid}'s and is not followed", what.display()));
        if !trusted.contains(&directory_owner) {
            return Err(foreign(directory, directory_owner));
        }
        let found = fs::symlink_metadata(path).map_err(|error| self.miss(path, &error))?;
        if found.file_type().is_symlink() {
            let around = fs::metadata(directory).map_err(|error| self.miss(path, &error))?;
            if ![self.uid, 0].contains(&found.uid()) {
                return Err(foreign(path, found.uid()));
            }
            if ![self.uid, 0].contains(&around.uid()) || around.mode() & 0o022 != 0 {
                return Err(Miss::Planted(format!("it is a link, and others may write to {}", directory.display())));
            }
        }
        Ok(trusted)
    }

    fn miss(&self, path: &Path, error: &io::Error) -> Miss {
        match error.kind() {
            io::ErrorKind::NotFound => Miss::Absent(match fs::symlink_metadata(path) {
                Ok(_) => "the link there leads nowhere",
                Err(_) => "there is no such file",
            }),
            io::ErrorKind::ConnectionRefused if is_socket(path) => Miss::Absent("nobody listens there any more"),
            io::ErrorKind::ConnectionRefused => Miss::Absent("that is no socket"),
            io::ErrorKind::PermissionDenied => {
                let whose = fs::metadata(path).map(|found| match found.mode() & 0o060 {
                    0o060 => format!("for uid {} and the group {}", found.uid(), group_name(found.gid())),
                    _ => format!("uid {}'s", found.uid()),
                });
                let whose = whose.unwrap_or_else(|_| "another user's".to_owned());
                Miss::Barred(format!("permission denied: it is {whose}"))
            }
            _ => Miss::Barred(error.to_string()),
        }
    }
}

/// The group's name, or its number.
fn group_name(id: u32) -> String {
    let found = Group::from_gid(Gid::from_raw(id)).ok().flatten();
    found.map_or_else(|| id.to_string(), |group| format!("{:?}", group.name))
}

fn is_socket(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

impl NotFound {
    /// Whether there is certainly no nano.
    pub(super) fn is_certain(&self) -> bool {
        self.missed.iter().all(|(_, miss)| matches!(miss, Miss::Absent(_)))
    }

    /// Every path with what is wrong there.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.missed.iter().map(|(path, miss)| match miss {
            Miss::Absent(why) => (path.as_path(), *why),
            Miss::Barred(why) | Miss::Planted(why) => (path.as_path(), why.as_str()),
        })
    }
}

impl std::fmt::Display for NotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no nano answers")?;
        for (index, (path, why)) in self.places().enumerate() {
            let at = if index == 0 { " at" } else { ", nor at" };
            write!(f, "{at} {} ({why})", path.display())?;
        }
        if let Some(note) = &self.note {
            write!(f, "; {note}")?;
        }
        let mut advice = String::new();
        let roots = Path::new(ROOTS).join("control.sock");
        let barred = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
        if self.is_certain() {
            advice.push_str(
                ": is it running? `--socket PATH`, `--config FILE` or NANO_CONTROL_SOCKET name another socket",
            );
        }
        let planted = self.missed.iter().any(|(_, miss)| matches!(miss, Miss::Planted(_)));
        if planted {
            advice.push_str(": have it removed, or name the socket by `--socket PATH`");
        } else if self.uid != 0 {
            let there = fs::symlink_metadata(&roots);
            if !self.is_certain() {
                advice.push_str(": try with `sudo`, or as the user that runs nano");
            } else if there.is_ok() || there.is_err_and(|error| barred(&error)) {
                let _ = write!(advice, "; root's is at {}: try with `sudo`", roots.display());
            } else {
                advice.push_str("; if root started it, try with `sudo`");
            }
        }
        f.write_str(&advice)
    }
}
