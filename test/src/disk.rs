//! A small disk for a site alone, where the machine lets us: then it can be filled up.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;

use crate::programs::{finish, tool};
use crate::site::Site;

/// Unmounted when dropped.
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Puts one of 4 MiB and so many files under the site's folder, which must be empty. `None` after a note on stderr where
    /// that is not allowed: only root may, and not in every container.
    #[must_use]
    pub fn under(site: &Site, files: u32) -> Option<Self> {
        let folder = site.folder().to_owned();
        let options = format!("size=4m,nr_inodes={files},mode=755");
        let mut mount = Command::new(tool("mount")?);
        let done = finish(mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder), "");
        if done.code == Some(0) {
            return Some(Self { folder });
        }
        eprintln!("skipped: no disk can be mounted: {}", done.stderr.trim());
        None
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let mut file = File::create(self.folder.join("filler")).unwrap();
        while file.write_all(&[b'x'; 4096]).is_ok() {}
        while file.write_all(b"x").is_ok() {}
    }

    /// Makes files until there can be no more.
    pub fn use_up_files(&self) {
        let folder = self.folder.join("filler-files");
        fs::create_dir(&folder).unwrap();
        let mut number = 0;
        while File::create(folder.join(number.to_string())).is_ok() {
            number += 1;
        }
    }

    /// Makes room again.
    pub fn empty(&self) {
        for result in
            [fs::remove_file(self.folder.join("filler")), fs::remove_dir_all(self.folder.join("filler-files"))]
        {
            result.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }).unwrap();
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A supervisor may live in it still.
        drop(Command::new("umount").arg("-l").arg(&self.folder).status());
    }
}
