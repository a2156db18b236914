//! Native of fetch/multipart.js: takes a `multipart/form-data` body apart (RFC 7578, and the parser of
//! <https://fetch.spec.whatwg.org/#body-mixin>).

mod parser;

use super::bytes::{contents, to_uint8_array};
use super::native_memory::could_have_room;
use super::{ops, throw_range_error};
use parser::{Part, parse};

ops! {
    "multipartParse" => multipart_parse,
}

/// Strings, a file's objects, places in lists and in their index.
const ENTRY: usize = 512;

/// `multipartParse(bytes, boundary) → [name, filename | null, type | null, content, …] | undefined`: undefined where the body is
/// malformed. The content of a part with a file name is a Uint8Array, else a string.
fn multipart_parse(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let mut storage = [0; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP];
    let view = v8::Local::<v8::ArrayBufferView>::try_from(args.get(0)).ok();
    let Some(bytes) = contents(scope, args.get(0), view.as_ref(), &mut storage) else { return };
    let boundary = args.get(1).to_rust_string_lossy(scope);
    let Some(parts) = parse(&bytes, boundary.as_bytes()) else { return };
    // A text beyond Latin-1 takes two bytes for each character.
    let cost = |part: &Part| ENTRY + part.content.len() * if part.filename.is_some() { 1 } else { 2 };
    if !could_have_room(scope, parts.iter().map(cost).sum()) {
        return throw_range_error(scope, "There is not enough memory for this form (memory_mb)");
    }
    let mut list: Vec<v8::Local<v8::Value>> = Vec::new();
    for part in parts {
        for text in [Some(part.name.as_str()), part.filename.as_deref(), part.content_type.as_deref()] {
            let text = match text {
                Some(text) => v8::String::new(scope, text).map(Into::into),
                None => Some(v8::null(scope).into()),
            };
            let Some(text) = text else { return };
            list.push(text);
        }
        let content = match part.filename {
            Some(_) => to_uint8_array(scope, part.content).map(Into::into),
            None => v8::String::new(scope, &String::from_utf8_lossy(part.content)).map(Into::into),
        };
        let Some(content) = content else { return };
        list.push(content);
    }
    rv.set(v8::Array::new_with_elements(scope, &list).into());
}
