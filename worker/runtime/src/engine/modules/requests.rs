//! What modules ask for by `import`, and the imports that they must not have.

use super::specifier::Refusal;
use super::{Entry, Key, ModuleMap, SourceError};
use crate::engine::exception::{Location, ScriptError};

/// What a module imports, and the imports that it must not have, in the order they are written in.
pub(super) fn requests(
    scope: &mut v8::PinScope,
    map: &ModuleMap,
    key: &Key,
    module: v8::Local<v8::Module>,
) -> (Vec<(Key, Location)>, Vec<ScriptError>) {
    if module.is_synthetic_module() {
        return (Vec::new(), Vec::new());
    }
    let requests = module.get_module_requests();
    let mut found = Vec::with_capacity(requests.length());
    let mut refusals = Vec::new();
    // Last first: `want` takes from the end, and modules are best asked for in the order they are written in.
    for index in (0..requests.length()).rev() {
        let request = requests.get(scope, index).and_then(|data| v8::Local::<v8::ModuleRequest>::try_from(data).ok());
        let Some(request) = request else { continue };
        let specifier = request.get_specifier().to_rust_string_lossy(scope);
        let at = module.source_offset_to_location(request.get_source_offset());
        let place = Location {
            script: map.name_of(&key.0),
            line: u32::try_from(at.get_line_number()).map_or(0, |line| line.saturating_add(1)),
            column: u32::try_from(at.get_column_number()).map_or(0, |column| column.saturating_add(1)),
            source_line: String::new(),
        };
        let typed = is_typed_json(scope, request.get_import_attributes(), 3);
        match typed.and_then(|typed| map.resolve(&key.0, &specifier, typed)) {
            Ok(key) => found.push((key, place)),
            Err(refusal) => refusals.push(refused(&specifier, place, &refusal)),
        }
    }
    refusals.reverse();
    (found, refusals)
}

/// Imports of one graph that are named one by one.
const MOST_REFUSED: usize = 64;

/// Imports of one graph that its modules must not have, or that are not there.
#[derive(Default)]
pub(super) struct Refusals {
    named: Vec<ScriptError>,
    /// Those that are too many to be named.
    unnamed: usize,
}

impl Refusals {
    /// Adds those of one module.
    pub(super) fn add(&mut self, refusals: &[ScriptError]) {
        let room = MOST_REFUSED.saturating_sub(self.named.len());
        self.named.extend(refusals.iter().take(room).cloned());
        self.unnamed += refusals.len().saturating_sub(room);
    }

    /// All of them, and what else is wrong with the graph, as one error.
    pub(super) fn all_faults(&mut self, failed: Option<ScriptError>) -> Option<ScriptError> {
        let mut faults = self.named.drain(..).chain(failed);
        let mut first = faults.next()?;
        for other in faults {
            first.message.push('\n');
            first.message.push_str(&other.message);
        }
        if self.unnamed > 0 {
            first.message.push_str(&format!("\nand {} more", self.unnamed));
        }
        Some(first)
    }
}

/// Enters that a module's text cannot be had.
pub(super) fn absent(map: &mut ModuleMap, key: &Key, error: &SourceError, asked_at: &Location) -> ScriptError {
    let importer = if asked_at.line == 0 { String::new() } else { format!("\n{}", asked_at.excerpt()) };
    let error = ScriptError::new(format!("The module {} cannot be loaded: {error}{importer}", key.0), asked_at.clone());
    map.entries.insert(key.clone(), Entry::Failed(error.clone()));
    error
}

pub(super) fn refused(specifier: &str, place: Location, refusal: &Refusal) -> ScriptError {
    ScriptError::new(format!("Cannot import \"{specifier}\" ({}): {refusal}", place.excerpt()), place)
}

/// Reads `with { type: … }`: whether it says "json". `stride`: 3 where V8 adds the attribute's place to key and value, else 2.
pub(super) fn is_typed_json(
    scope: &v8::PinScope,
    attributes: v8::Local<v8::FixedArray>,
    stride: usize,
) -> Result<bool, Refusal> {
    let text = |index: usize| {
        let value = attributes.get(scope, index).and_then(|data| v8::Local::<v8::Value>::try_from(data).ok());
        value.map(|value| value.to_rust_string_lossy(scope)).unwrap_or_default()
    };
    let mut typed = false;
    for index in (0..attributes.length()).step_by(stride) {
        match (text(index).as_str(), text(index + 1).as_str()) {
            ("type", "json") => typed = true,
            (key, value) => return Err(Refusal::Attribute(format!("{key}: {value:?}"))),
        }
    }
    Ok(typed)
}
