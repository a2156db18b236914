//! The startup snapshot: a heap image with all builtins evaluated, made at build time, restored in a millisecond.

use crate::engine::builtins::{self, BuiltinError, StaticTexts};
use crate::engine::extension::external_references;
use crate::engine::platform::{self, PlatformError};
use crate::ops::WEB_PLATFORM;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// V8 could not be set up.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A builtin threw.
    #[error(transparent)]
    Builtin(#[from] BuiltinError),
    /// V8 refused to write the heap image.
    #[error("V8 could not write the snapshot")]
    Blob,
    /// Each process would have the hash seed of the build.
    #[error("the snapshot cannot be rehashed: some builtin keeps a table in it that V8 cannot seed anew")]
    NotRehashable,
}

/// What a build script makes of the builtins, and a program has in it as a [`HeapImage`](crate::HeapImage).
#[derive(Debug)]
pub struct Snapshot {
    /// The heap.
    pub blob: Vec<u8>,
    /// The texts of the builtins, one after the other. They are not in the heap: it refers to them where they lie.
    pub texts: Vec<u8>,
    /// Their lengths.
    pub lengths: Vec<u8>,
}

/// Evaluates the builtins and makes a snapshot of them. Called by `nano-worker`'s build script.
///
/// # Errors
///
/// See [`SnapshotError`]; each is a mistake in nano, found at build time.
pub fn create() -> Result<Snapshot, SnapshotError> {
    platform::initialize()?;
    let texts = StaticTexts::of_files(&[WEB_PLATFORM])?;
    let references = external_references(&[WEB_PLATFORM], Some(&texts));
    let mut isolate = v8::Isolate::snapshot_creator(Some(references), None);
    let evaluated = evaluate_into(&mut isolate, &texts);
    // Keep: functions that ran during set-up need not be compiled again in each worker.
    // (After an error too: V8 insists on a blob before the creator may be dropped.)
    let blob = isolate.create_blob(v8::FunctionCodeHandling::Keep);
    evaluated?;
    let blob = blob.ok_or(SnapshotError::Blob)?;
    if !blob.can_be_rehashed() {
        return Err(SnapshotError::NotRehashable);
    }
    Ok(Snapshot { blob: blob.to_vec(), texts: texts.all(), lengths: texts.lengths() })
}

fn evaluate_into(isolate: &mut v8::OwnedIsolate, texts: &StaticTexts) -> Result<(), BuiltinError> {
    v8::scope!(let scope, isolate);
    let context = v8::Context::new(scope, v8::ContextOptions::default());
    scope.set_default_context(context);
    let scope = &mut v8::ContextScope::new(scope, context);
    builtins::evaluate_into_snapshot(scope, &[WEB_PLATFORM], texts)
}

#[cfg(test)]
mod tests;
