//! From a bundle to a directory, and whether a directory still is the bundle. Everything is checked before the directory
//! has its name: it is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{BundleError, MAX_MANIFEST, Manifest, directory_name, hash_of, sha256};

/// Begins the names of directories that are not whole yet.
pub(crate) const UNFINISHED: &str = ".unfinished-";

fn failed(path: &Path) -> impl Fn(io::Error) -> BundleError {
    move |source| BundleError::Io { path: path.display().to_string(), source }
}

/// Where a bundle's manifest is kept, beside its directory.
fn manifest_path(bundles: &Path, hash: &str) -> PathBuf {
    bundles.join(format!("{}.json", directory_name(hash)))
}

/// Writes a bundle below `bundles`.
pub(crate) fn unpack(bundles: &Path, hash: &str, manifest: &[u8], data: &[u8]) -> Result<(), BundleError> {
    if hash_of(manifest) != hash {
        return Err(BundleError::Checksum { what: "the manifest".to_owned() });
    }
    let parsed = Manifest::parse(manifest)?;
    let mut rest = data;
    let mut files = Vec::with_capacity(parsed.files.len());
    for file in &parsed.files {
        let size = usize::try_from(file.bytes).unwrap_or(usize::MAX);
        let Some((own, behind)) = rest.split_at_checked(size) else {
            return Err(BundleError::Checksum { what: file.path.clone() });
        };
        if sha256(own) != file.sha256 {
            return Err(BundleError::Checksum { what: file.path.clone() });
        }
        files.push((file.path.as_str(), own));
        rest = behind;
    }
    if !rest.is_empty() {
        return Err(BundleError::Checksum { what: "the end".to_owned() });
    }
    let unfinished = bundles.join(format!("{UNFINISHED}{}", directory_name(hash)));
    let written = write(bundles, &unfinished, hash, manifest, &files);
    if written.is_err() {
        // As on a full disk.
        let _ = fs::remove_dir_all(&unfinished);
    }
    written
}

fn write(
    bundles: &Path,
    unfinished: &Path,
    hash: &str,
    manifest: &[u8],
    files: &[(&str, &[u8])],
) -> Result<(), BundleError> {
    remove(unfinished)?;
    fs::create_dir(unfinished).map_err(failed(unfinished))?;
    for (path, bytes) in files {
        let place = unfinished.join(path);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        // Read-only: nothing changes it, not even by mistake.
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o444).open(&place).map_err(failed(&place))?;
        file.write_all(bytes).and_then(|()| file.sync_data()).map_err(failed(&place))?;
    }
    sync(unfinished)?;
    replace(&manifest_path(bundles, hash), manifest).map_err(failed(bundles))?;
    let whole = bundles.join(directory_name(hash));
    remove(&whole)?;
    fs::rename(unfinished, &whole).map_err(failed(&whole))?;
    sync(bundles)
}

/// Replaces a file at once, so that it is the old or the new one whatever happens.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_data()).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn sync(directory: &Path) -> Result<(), BundleError> {
    File::open(directory).and_then(|opened| opened.sync_all()).map_err(failed(directory))
}

fn remove(directory: &Path) -> Result<(), BundleError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(directory)(error)),
        _ => Ok(()),
    }
}

/// Removes what there is of a bundle.
pub(crate) fn forget(bundles: &Path, hash: &str) {
    let _ = fs::remove_dir_all(bundles.join(directory_name(hash)));
    let _ = fs::remove_file(manifest_path(bundles, hash));
}

/// Whether the directory of a bundle is there; what is in it is known to [`verify`].
pub(crate) fn is_there(bundles: &Path, hash: &str) -> bool {
    bundles.join(directory_name(hash)).is_dir()
}

/// Whether the directory has exactly the bundle's files, bit by bit.
pub(crate) fn verify(bundles: &Path, hash: &str) -> Result<(), BundleError> {
    let place = manifest_path(bundles, hash);
    let text = read(&place, MAX_MANIFEST).map_err(failed(&place))?;
    if hash_of(&text) != hash {
        return Err(BundleError::Checksum { what: "the manifest".to_owned() });
    }
    let manifest = Manifest::parse(&text)?;
    let top = bundles.join(directory_name(hash));
    for file in &manifest.files {
        let place = top.join(&file.path);
        let bytes = read(&place, usize::try_from(file.bytes).unwrap_or(usize::MAX)).map_err(failed(&place))?;
        if sha256(&bytes) != file.sha256 {
            return Err(BundleError::Checksum { what: file.path.clone() });
        }
    }
    if count(&top, manifest.files.len()).map_err(failed(&top))? != manifest.files.len() {
        return Err(BundleError::Checksum { what: "the number of files".to_owned() });
    }
    Ok(())
}

/// At most one byte more than it should have. A link is not followed.
fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("this is no file"));
    }
    let mut bytes = Vec::new();
    file.take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Everything in it that is no directory, up to one more than expected.
fn count(directory: &Path, expected: usize) -> io::Result<usize> {
    let (mut open, mut found) = (vec![directory.to_owned()], 0);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                found += 1;
            }
            if found > expected {
                return Ok(found);
            }
        }
    }
    Ok(found)
}
