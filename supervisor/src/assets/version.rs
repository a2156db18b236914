//! Versions of files.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::SystemTime;

use aws_lc_rs::digest::{Context, SHA256};
use http::HeaderValue;
use nano_spawner::Fingerprint;

use crate::conditions::Validators;

/// What tells one version of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// Bytes.
    pub(super) size: u64,
    /// When it was changed.
    pub(super) modified: SystemTime,
    /// With its quotes, and with `W/` if it is weak.
    pub(super) etag: HeaderValue,
}

impl Version {
    /// The version with this content: the same on every machine, and after files were written anew as they were.
    pub(super) fn of_content(found: &Metadata, tag: Tag) -> io::Result<Self> {
        Ok(Self { size: found.len(), modified: found.modified()?, etag: tag.quoted(true) })
    }

    /// The version of a file in this state, whose content is not read for that. The tag is weak where the file could be
    /// changed without another state: RFC 9110 §8.8.1.
    pub(super) fn of_state(found: &Metadata, now: SystemTime) -> io::Result<Self> {
        let state = Fingerprint::from(found);
        let numbers = [found.dev(), found.ino(), found.size()].map(u64::to_le_bytes);
        let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()].map(i64::to_le_bytes);
        let tag = Tag::of([numbers.as_flattened(), times.as_flattened()]);
        Ok(Self { size: found.len(), modified: found.modified()?, etag: tag.quoted(state.is_settled(now)) })
    }

    /// The version of the same content in a coding, as bytes of its own.
    pub(super) fn coded(mut self, coding: &str) -> Self {
        let plain = self.etag.to_str().unwrap_or_default().trim_end_matches('"');
        if let Ok(etag) = HeaderValue::try_from(format!("{plain}-{coding}\"")) {
            self.etag = etag;
        }
        self
    }

    /// What conditional requests ask for.
    pub(super) fn validators(&self) -> Validators {
        Validators { size: self.size, modified: Some(self.modified), etag: Some(self.etag.clone()) }
    }
}

/// A digest that is a tag's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag([u8; 16]);

impl Tag {
    /// The tag of these bytes.
    pub(super) fn of<const N: usize>(parts: [&[u8]; N]) -> Self {
        let mut digest = Context::new(&SHA256);
        parts.into_iter().for_each(|part| digest.update(part));
        // Half of it is enough to tell versions apart.
        Self(digest.finish().as_ref().first_chunk().copied().unwrap_or_default())
    }

    fn quoted(self, strong: bool) -> HeaderValue {
        let weak = if strong { "" } else { "W/" };
        let etag = format!("{weak}\"{:032x}\"", u128::from_be_bytes(self.0));
        HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("W/\"\""))
    }
}
