//! What an isolate starts from: a heap image, and the texts that it refers to.

use crate::engine::builtins::StaticTexts;
use crate::engine::extension::{Extension, external_references};

/// No heap image is smaller, in bytes.
const MIN_BLOB: usize = 64 * 1024;

/// The parts of what [`crate::snapshot::create`] made, as they lie in the program.
#[derive(Debug, Clone, Copy)]
pub struct HeapImage {
    /// The heap.
    pub blob: &'static [u8],
    /// The texts of the builtins, one after the other.
    pub texts: &'static [u8],
    /// Their lengths.
    pub lengths: &'static [u8],
}

impl HeapImage {
    /// Has an isolate start from it. Returns the texts too. `None`: it is of another build.
    pub(crate) fn apply(
        self,
        params: v8::CreateParams,
        extensions: &'static [Extension],
    ) -> Option<(v8::CreateParams, StaticTexts)> {
        let blob = v8::StartupData::from(self.blob);
        // V8 does not check that there is a header before it reads one.
        if blob.len() < MIN_BLOB || !blob.is_valid() {
            return None;
        }
        let texts = StaticTexts::of_bytes(extensions, self.texts, self.lengths)?;
        let params = params.external_references(external_references(extensions, Some(&texts))).snapshot_blob(blob);
        Some((params, texts))
    }
}
