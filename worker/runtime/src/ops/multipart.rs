//! Native of fetch/multipart.js: takes a `multipart/form-data` body apart (RFC 7578, and the parser of
//! <https://fetch.spec.whatwg.org/#body-mixin>).

mod parser;

use super::bytes::{copy_out, to_uint8_array};
use super::ops;
use parser::parse;

ops! {
    "multipartParse" => multipart_parse,
}

/// `multipartParse(bytes, boundary) → [name, filename | null, type | null, content, …] | undefined`: undefined where the body is
/// malformed. The content of a part with a file name is a Uint8Array, else a string.
fn multipart_parse(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(bytes) = copy_out(scope, args.get(0)) else { return };
    let boundary = args.get(1).to_rust_string_lossy(scope);
    let Some(parts) = parse(&bytes, boundary.as_bytes()) else { return };
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
