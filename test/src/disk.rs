//! A small disk of its own for the site, where the machine lets us: then it can be filled up.

use nano_test::{Site, finish, tool};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// Unmounted when dropped.
pub(crate) struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Puts one under the site's folder, which must be empty. Only root may.
    pub(crate) fn under(site: &Site) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            return None;
        }
        let folder = site.folder().to_owned();
        let done = finish(
            Command::new(tool("mount")?).args(["-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs"]).arg(&folder),
            "",
        );
        // In a container root may not mount.
        (done.code == Some(0)).then_some(Self { folder })
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.folder.join("filler")).unwrap();
        while file.write_all(&[b'x'; 4096]).is_ok() {}
        while file.write_all(b"x").is_ok() {}
    }

    /// Makes room again.
    pub(crate) fn empty(&self) {
        fs::remove_file(self.folder.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A supervisor may live in it still.
        drop(Command::new("umount").arg("-l").arg(&self.folder).status());
    }
}
