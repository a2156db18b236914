//! The texts of the builtins where they lie in the program: V8's strings refer to them, and so does the snapshot. Were they in
//! it, each process would have a copy.

use super::{BuiltinError, function_of};
use crate::engine::extension::Extension;

/// Bytes of a length in [`StaticTexts::lengths`].
const LENGTH: usize = size_of::<u32>();

/// The texts, in the order of the extensions' sources.
#[derive(Clone)]
pub(crate) struct StaticTexts {
    paths: Vec<&'static str>,
    /// V8 and its snapshots know them by their addresses.
    texts: &'static [v8::OneByteConst],
}

impl StaticTexts {
    /// Those of the builtins' files, as functions; they stay in memory for good.
    pub(crate) fn of_files(extensions: &'static [Extension]) -> Result<Self, BuiltinError> {
        let sources = extensions.iter().flat_map(Extension::all_sources);
        let bodies = sources.map(|source| Ok(function_of(extensions, source.path)?.body));
        let bodies: Vec<String> = bodies.collect::<Result<_, BuiltinError>>()?;
        let texts = bodies.into_iter().map(|body| v8::String::create_external_onebyte_const(body.leak().as_bytes()));
        Ok(Self::new(extensions, texts.collect()))
    }

    /// Those that [`StaticTexts::all`] and [`StaticTexts::lengths`] gave. `None`: they are not those of these extensions.
    pub(crate) fn of_bytes(extensions: &'static [Extension], all: &'static [u8], lengths: &[u8]) -> Option<Self> {
        let mut rest = all;
        let mut texts = Vec::with_capacity(lengths.len() / LENGTH);
        for length in lengths.chunks(LENGTH) {
            let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
            let text;
            (text, rest) = rest.split_at_checked(length)?;
            #[expect(unsafe_code, reason = "a check would read all of them in each process")]
            // SAFETY: the build script wrote what `of_files` made, which `create_external_onebyte_const` found to be ASCII and
            // no longer than V8's strings.
            texts.push(unsafe { v8::String::create_external_onebyte_const_unchecked(text) });
        }
        let count = extensions.iter().flat_map(Extension::all_sources).count();
        (rest.is_empty() && texts.len() == count).then(|| Self::new(extensions, texts))
    }

    fn new(extensions: &'static [Extension], texts: Vec<v8::OneByteConst>) -> Self {
        let sources = extensions.iter().flat_map(Extension::all_sources);
        Self { paths: sources.map(|source| source.path).collect(), texts: texts.leak() }
    }

    pub(super) fn get(&self, path: &str) -> Option<&'static v8::OneByteConst> {
        let at = self.paths.iter().position(|known| *known == path)?;
        self.texts.get(at)
    }

    /// All texts, one after the other.
    pub(crate) fn all(&self) -> Vec<u8> {
        self.texts.iter().flat_map(|text| text.as_bytes()).copied().collect()
    }

    /// Their lengths in bytes, each as a little-endian `u32`.
    pub(crate) fn lengths(&self) -> Vec<u8> {
        self.texts.iter().flat_map(|text| u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes()).collect()
    }

    /// What V8 needs to find them again when it loads a snapshot.
    pub(crate) fn external_references(&self) -> impl Iterator<Item = v8::ExternalReference> {
        self.texts.iter().map(|text| v8::ExternalReference { pointer: std::ptr::from_ref(text).cast_mut().cast() })
    }
}
