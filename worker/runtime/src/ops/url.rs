//! Natives of url/url.js: the URL parser and the setters, by the `url` crate. A URL lives in JavaScript, as its href and
//! the places of its components; nothing of it stays here.

use url::{Position, Url};

use super::bytes::copy_in;
use super::ops;

mod standard;

use standard::Attribute;

ops! {
    "urlCanParse" => url_can_parse,
    "urlParse" => url_parse,
    "urlSet" => url_set,
}

fn parse(scope: &v8::PinScope, input: v8::Local<v8::Value>, base: v8::Local<v8::Value>) -> Option<Url> {
    // Lossy: lone surrogates become U+FFFD, as the conversion to a USVString demands.
    let input = input.to_rust_string_lossy(scope);
    if base.is_undefined() {
        return standard::parse(&input, None);
    }
    let base = standard::parse(&base.to_rust_string_lossy(scope), None)?;
    standard::parse(&input, Some(&base))
}

/// `urlCanParse(input, base | undefined) → boolean`.
fn url_can_parse(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    rv.set_bool(parse(scope, args.get(0), args.get(1)).is_some());
}

/// `urlParse(input, base | undefined, components) → href | undefined`. `components`: a Uint32Array(8), filled as
/// [`write_components`] says.
fn url_parse(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(url) = parse(scope, args.get(0), args.get(1)) {
        answer(scope, &url, args.get(2), &mut rv);
    }
}

/// `urlSet(href, which, value, components) → href | undefined`: the URL after its setter `which` (protocol, username,
/// password, host, hostname, port, pathname, search, hash: 0 to 8); undefined where the setter changes nothing.
fn url_set(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(url) = Url::parse(&args.get(0).to_rust_string_lossy(scope)) else { return };
    let value = args.get(2).to_rust_string_lossy(scope);
    let attribute = args.get(1).uint32_value(scope).and_then(Attribute::from_number);
    if let Some(url) = attribute.and_then(|attribute| standard::set(url, attribute, &value)) {
        answer(scope, &url, args.get(3), &mut rv);
    }
}

fn answer(scope: &mut v8::PinScope, url: &Url, components: v8::Local<v8::Value>, rv: &mut v8::ReturnValue) {
    let Ok(components) = v8::Local::<v8::ArrayBufferView>::try_from(components) else { return };
    // A href is ASCII: everything else was percent-encoded or punycoded.
    if let Some(href) = v8::String::new_from_one_byte(scope, url.as_str().as_bytes(), v8::NewStringType::Normal) {
        write_components(url, components);
        rv.set(href.into());
    }
}

/// Absent components.
const NONE: u32 = u32::MAX;

/// Eight places in the href: end of the scheme, end of the user name, start and end of the host, port (the number
/// itself), start of path, query and fragment. [`NONE`] where there is no port, query or fragment.
fn write_components(url: &Url, view: v8::Local<v8::ArrayBufferView>) {
    let before = |position| u32::try_from(url[..position].len()).unwrap_or(NONE);
    let values = [
        before(Position::AfterScheme),
        before(Position::AfterUsername),
        before(Position::BeforeHost),
        before(Position::AfterHost),
        url.port().map_or(NONE, u32::from),
        before(Position::BeforePath),
        url.query().map_or(NONE, |_| before(Position::AfterPath)),
        url.fragment().map_or(NONE, |_| before(Position::AfterQuery)),
    ];
    let mut bytes = [0; 32];
    for (place, value) in bytes.chunks_exact_mut(4).zip(values) {
        place.copy_from_slice(&value.to_ne_bytes());
    }
    copy_in(view, &bytes);
}
