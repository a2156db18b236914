//! Natives of encoding/: UTF-8 both ways, the legacy encodings by encoding_rs, and forgiving-base64.

use encoding_rs::{DecoderResult, Encoding};

use super::bytes::{contents, copy_in, copy_out, to_uint8_array};
use super::native_memory::{has_room, return_memory, take_memory};
use super::numbered::Numbered;
use super::{ops, throw_range_error};

pub(super) mod base64;

ops! {
    "base64Decode" => base64_decode,
    "base64Encode" => base64_encode,
    "decode" => decode,
    "decodeStream" => decode_stream,
    "decoderClose" => decoder_close,
    "decoderOpen" => decoder_open,
    "encodingName" => encoding_name,
    "utf8Encode" => utf8_encode,
    "utf8EncodeInto" => utf8_encode_into,
}

/// `encodingName(label) → string | undefined`: the encoding's name in lower case, by the label's, spaces around it ignored.
fn encoding_name(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let label = args.get(0).to_rust_string_lossy(scope);
    let encoding = Encoding::for_label_no_replacement(label.as_bytes());
    let name = encoding.and_then(|encoding| v8::String::new(scope, &encoding.name().to_ascii_lowercase()));
    if let Some(name) = name {
        rv.set(name.into());
    }
}

fn encoding_of(scope: &v8::PinScope, name: v8::Local<v8::Value>) -> &'static Encoding {
    if name.is_undefined() {
        return encoding_rs::UTF_8;
    }
    let name = name.to_rust_string_lossy(scope);
    Encoding::for_label_no_replacement(name.as_bytes()).unwrap_or(encoding_rs::UTF_8)
}

/// `decode(bytes, encoding | undefined, fatal, ignoreBOM) → string | undefined`: a whole text; undefined where `fatal` and
/// malformed. `encoding`: a name, undefined is UTF-8. A byte order mark of the encoding itself is dropped unless
/// `ignoreBOM`.
fn decode(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let mut storage = [0; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP];
    let view = v8::Local::<v8::ArrayBufferView>::try_from(args.get(0)).ok();
    let Some(bytes) = contents(scope, args.get(0), view.as_ref(), &mut storage) else { return };
    let (fatal, keep_bom) = (args.get(2).is_true(), args.get(3).is_true());
    let encoding = encoding_of(scope, args.get(1));
    if encoding == encoding_rs::UTF_8 {
        let text = if keep_bom { &bytes[..] } else { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes) };
        return decode_utf8(scope, text, fatal, &mut rv);
    }
    // A text in UTF-8, and the string.
    if !has_room(scope, bytes.len().saturating_mul(5)) {
        return throw_range_error(scope, NO_ROOM);
    }
    let mut decoder =
        if keep_bom { encoding.new_decoder_without_bom_handling() } else { encoding.new_decoder_with_bom_removal() };
    if let Some(text) = run_decoder(&mut decoder, &bytes, fatal, true) {
        set_string(scope, &mut rv, v8::String::new(scope, &text));
    }
}

const NO_ROOM: &str = "There is not enough memory for this text (memory_mb)";

/// V8 ends the process for a string that its heap has no room for: so that is asked first.
fn decode_utf8(scope: &mut v8::PinScope, text: &[u8], fatal: bool, rv: &mut v8::ReturnValue) {
    let valid = if text.is_ascii() { None } else { Some(std::str::from_utf8(text)) };
    let room = match valid {
        None => text.len(),
        Some(Ok(valid)) => string_size(valid),
        Some(Err(_)) if fatal => return,
        Some(Err(_)) => text.len().saturating_mul(5),
    };
    if !has_room(scope, room) {
        return throw_range_error(scope, NO_ROOM);
    }
    let string = match valid {
        None => v8::String::new_from_one_byte(scope, text, v8::NewStringType::Normal),
        Some(Ok(valid)) => v8::String::new(scope, valid),
        Some(Err(_)) => v8::String::new(scope, &String::from_utf8_lossy(text)),
    };
    set_string(scope, rv, string);
}

/// What V8 takes for a text: a byte for each unit, or two where one is beyond Latin-1.
fn string_size(text: &str) -> usize {
    let bytes = text.as_bytes();
    // A unit for each character's first byte, and one more for the characters beyond U+FFFF.
    let units =
        bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() + bytes.iter().filter(|byte| **byte >= 0xf0).count();
    if bytes.iter().any(|byte| *byte >= 0xc4) { units.saturating_mul(2) } else { units }
}

fn set_string(scope: &v8::PinScope, rv: &mut v8::ReturnValue, text: Option<v8::Local<v8::String>>) {
    match text {
        Some(text) => rv.set(text.into()),
        None => throw_range_error(scope, "The decoded text is too long for a string"),
    }
}

/// Decodes a piece; `None` if `fatal` and malformed.
fn run_decoder(decoder: &mut encoding_rs::Decoder, bytes: &[u8], fatal: bool, last: bool) -> Option<String> {
    if fatal {
        let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
        let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, last);
        return matches!(result, DecoderResult::InputEmpty).then_some(text);
    }
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len())?);
    let _ = decoder.decode_to_string(bytes, &mut text, last);
    Some(text)
}

/// Decoders between the pieces of a text. Lives in an isolate slot.
#[derive(Default)]
struct Decoders(Numbered<encoding_rs::Decoder>);

/// What an open decoder takes of the app's memory.
const DECODER_BYTES: usize = size_of::<Option<encoding_rs::Decoder>>() + size_of::<usize>();

/// `decoderOpen(encoding | undefined, ignoreBOM) → id`: a decoder for a text in pieces. Throws a RangeError when the app's
/// memory is used up.
fn decoder_open(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let encoding = encoding_of(scope, args.get(0));
    let decoder = if args.get(1).is_true() {
        encoding.new_decoder_without_bom_handling()
    } else {
        encoding.new_decoder_with_bom_removal()
    };
    if !take_memory(scope, DECODER_BYTES) {
        return throw_range_error(scope, "There is not enough memory to go on with this text");
    }
    if scope.get_slot::<Decoders>().is_none() {
        scope.set_slot(Decoders::default());
    }
    let Some(decoders) = scope.get_slot_mut::<Decoders>() else { return };
    let index = decoders.0.reserve();
    if let Ok(id) = u32::try_from(index) {
        decoders.0.put(index, decoder);
        rv.set_uint32(id);
    }
}

/// `decodeStream(id, bytes, fatal, last) → string | undefined`: a piece of a text; undefined where `fatal` and malformed.
/// The caller closes the decoder after the last piece or a fault.
fn decode_stream(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(bytes) = copy_out(scope, args.get(1)) else { return };
    let (fatal, last) = (args.get(2).is_true(), args.get(3).is_true());
    let Some(index) = args.get(0).uint32_value(scope).and_then(|id| usize::try_from(id).ok()) else { return };
    let text = {
        let decoders = scope.get_slot_mut::<Decoders>();
        let decoder = decoders.and_then(|decoders| decoders.0.get_mut(index));
        decoder.and_then(|decoder| run_decoder(decoder, &bytes, fatal, last))
    };
    if let Some(text) = text {
        set_string(scope, &mut rv, v8::String::new(scope, &text));
    }
}

/// `decoderClose(id)`: forgets a decoder.
fn decoder_close(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(index) = args.get(0).uint32_value(scope).and_then(|id| usize::try_from(id).ok()) else { return };
    let Some(decoders) = scope.get_slot_mut::<Decoders>() else { return };
    if decoders.0.take(index).is_some() {
        return_memory(scope, DECODER_BYTES);
    }
}

/// `utf8Encode(string) → Uint8Array`: lone surrogates become U+FFFD.
fn utf8_encode(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(string) = v8::Local::<v8::String>::try_from(args.get(0)) else { return };
    let length = string.utf8_length(scope);
    // What V8 writes to, and the copy.
    if !has_room(scope, length.saturating_mul(2)) {
        return throw_range_error(scope, NO_ROOM);
    }
    let mut bytes = vec![0; length];
    string.write_utf8_v2(scope, &mut bytes, v8::WriteFlags::kReplaceInvalidUtf8, None);
    match to_uint8_array(scope, &bytes) {
        Some(array) => rv.set(array.into()),
        None => throw_range_error(scope, NO_ROOM),
    }
}

/// `utf8EncodeInto(string, destination, result)`: fills `destination`, a Uint8Array, with as many whole characters as fit.
/// `result`, a Uint32Array(2), receives the UTF-16 units read and the bytes written.
fn utf8_encode_into(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Ok(string) = v8::Local::<v8::String>::try_from(args.get(0)) else { return };
    let Ok(destination) = v8::Local::<v8::ArrayBufferView>::try_from(args.get(1)) else { return };
    let Ok(result) = v8::Local::<v8::ArrayBufferView>::try_from(args.get(2)) else { return };
    // No string needs more than three bytes for each of its units.
    let mut bytes = vec![0; destination.byte_length().min(string.length().saturating_mul(3))];
    let mut read = 0;
    let written = string.write_utf8_v2(scope, &mut bytes, v8::WriteFlags::kReplaceInvalidUtf8, Some(&mut read));
    bytes.truncate(written);
    copy_in(destination, &bytes);
    let counts = [read, written].map(|count| u32::try_from(count).unwrap_or(u32::MAX).to_ne_bytes());
    copy_in(result, counts.as_flattened());
}

/// `base64Encode(string) → string`: the string's characters are bytes; the caller has checked that.
fn base64_encode(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(string) = v8::Local::<v8::String>::try_from(args.get(0)) else { return };
    let mut bytes = vec![0; string.length()];
    string.write_one_byte_v2(scope, 0, &mut bytes, v8::WriteFlags::empty());
    let text = base64::encode(&bytes);
    set_string(scope, &mut rv, v8::String::new_from_one_byte(scope, &text, v8::NewStringType::Normal));
}

/// `base64Decode(string) → string | undefined`: the bytes as characters; undefined where the string is no base64.
fn base64_decode(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(string) = v8::Local::<v8::String>::try_from(args.get(0)) else { return };
    if !string.contains_only_onebyte() {
        return;
    }
    let mut text = vec![0; string.length()];
    string.write_one_byte_v2(scope, 0, &mut text, v8::WriteFlags::empty());
    if let Some(bytes) = base64::decode(&text) {
        set_string(scope, &mut rv, v8::String::new_from_one_byte(scope, &bytes, v8::NewStringType::Normal));
    }
}
