//! Text and bytes by the encodings of Node.js's buffers (nodejs.org/api/buffer.html#buffers-and-character-encodings).

use super::bytes::{contents, copy_in, to_uint8_array};
use super::encoding::base64;
use super::native_memory::has_room;
use super::{ops, throw_range_error};

ops! {
    "bytesToText" => bytes_to_text,
    "textByteLength" => text_byte_length,
    "textIntoBytes" => text_into_bytes,
    "textToBytes" => text_to_bytes,
}

const NO_ROOM: &str = "There is not enough memory for this text (memory_mb)";

/// The encodings, by the numbers that node/buffer/encodings.js has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextEncoding {
    Utf8,
    Utf16Le,
    Latin1,
    Ascii,
    Hex,
    Base64,
    Base64Url,
}

impl TextEncoding {
    fn of(scope: &v8::PinScope, number: v8::Local<v8::Value>) -> Self {
        match number.uint32_value(scope) {
            Some(1) => Self::Utf16Le,
            Some(2) => Self::Latin1,
            Some(3) => Self::Ascii,
            Some(4) => Self::Hex,
            Some(5) => Self::Base64,
            Some(6) => Self::Base64Url,
            _ => Self::Utf8,
        }
    }
}

/// `textToBytes(string, encoding) → Uint8Array`. Throws a RangeError when the app's memory is used up.
fn text_to_bytes(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(string) = v8::Local::<v8::String>::try_from(args.get(0)) else { return };
    let encoding = TextEncoding::of(scope, args.get(1));
    // No text is longer in any of them.
    if !has_room(scope, string.length().saturating_mul(3)) {
        return throw_range_error(scope, NO_ROOM);
    }
    let bytes = encode(scope, string, encoding, usize::MAX);
    match to_uint8_array(scope, &bytes) {
        Some(array) => rv.set(array.into()),
        None => throw_range_error(scope, NO_ROOM),
    }
}

/// `textIntoBytes(string, view, encoding) → number`: fills the view with as many whole characters as fit. Returns the bytes.
fn text_into_bytes(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(string) = v8::Local::<v8::String>::try_from(args.get(0)) else { return };
    let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(args.get(1)) else { return };
    let encoding = TextEncoding::of(scope, args.get(2));
    let most = view.byte_length();
    if !has_room(scope, most.min(string.length().saturating_mul(3))) {
        return throw_range_error(scope, NO_ROOM);
    }
    let bytes = encode(scope, string, encoding, most);
    copy_in(view, &bytes);
    rv.set_uint32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
}

/// `textByteLength(string) → number`: of UTF-8.
fn text_byte_length(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(string) = v8::Local::<v8::String>::try_from(args.get(0)) else { return };
    let length = string.utf8_length(scope);
    rv.set_double(f64::from(u32::try_from(length).unwrap_or(u32::MAX)));
}

/// `bytesToText(view, encoding) → string`. Throws a RangeError where it is too long, or the app's memory is used up.
fn bytes_to_text(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let mut storage = [0; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP];
    let view = v8::Local::<v8::ArrayBufferView>::try_from(args.get(0)).ok();
    let Some(bytes) = contents(scope, args.get(0), view.as_ref(), &mut storage) else { return };
    let encoding = TextEncoding::of(scope, args.get(1));
    // A text in between, and the string.
    let factor = if encoding == TextEncoding::Utf8 && !bytes.is_ascii() { 5 } else { 4 };
    if !has_room(scope, bytes.len().saturating_mul(factor)) {
        return throw_range_error(scope, NO_ROOM);
    }
    let one_byte = |text: &[u8]| v8::String::new_from_one_byte(scope, text, v8::NewStringType::Normal);
    let string = match encoding {
        TextEncoding::Utf8 if bytes.is_ascii() => one_byte(&bytes),
        TextEncoding::Utf8 => v8::String::new(scope, &String::from_utf8_lossy(&bytes)),
        TextEncoding::Utf16Le => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            v8::String::new_from_two_byte(scope, &units, v8::NewStringType::Normal)
        }
        TextEncoding::Latin1 => one_byte(&bytes),
        TextEncoding::Ascii => one_byte(&bytes.iter().map(|byte| byte & 0x7f).collect::<Vec<_>>()),
        TextEncoding::Hex => one_byte(&hex_encode(&bytes)),
        TextEncoding::Base64 => one_byte(&base64::encode(&bytes)),
        TextEncoding::Base64Url => one_byte(&base64url_encode(&bytes)),
    };
    match string {
        Some(string) => rv.set(string.into()),
        None => throw_range_error(scope, "The text is too long for a string"),
    }
}

/// At most `most` bytes, of whole characters.
fn encode(scope: &v8::PinScope, string: v8::Local<v8::String>, encoding: TextEncoding, most: usize) -> Vec<u8> {
    match encoding {
        TextEncoding::Utf8 => {
            let mut bytes = vec![0; string.length().saturating_mul(3).min(most).min(string.utf8_length(scope))];
            let written = string.write_utf8_v2(scope, &mut bytes, v8::WriteFlags::kReplaceInvalidUtf8, None);
            bytes.truncate(written);
            bytes
        }
        TextEncoding::Utf16Le => {
            let mut units = vec![0; string.length().min(most / 2)];
            string.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
            units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
        }
        TextEncoding::Latin1 | TextEncoding::Ascii => {
            let mut bytes = low_bytes(scope, string);
            bytes.truncate(most);
            bytes
        }
        TextEncoding::Hex => hex_decode(&digits(scope, string), most),
        TextEncoding::Base64 | TextEncoding::Base64Url => base64_decode(&digits(scope, string), most),
    }
}

/// The low byte of each of the string's units.
fn low_bytes(scope: &v8::PinScope, string: v8::Local<v8::String>) -> Vec<u8> {
    let mut bytes = vec![0; string.length()];
    string.write_one_byte_v2(scope, 0, &mut bytes, v8::WriteFlags::empty());
    bytes
}

/// The string's units that are ASCII; 0xff for the others.
fn digits(scope: &v8::PinScope, string: v8::Local<v8::String>) -> Vec<u8> {
    if string.contains_only_onebyte() {
        return low_bytes(scope, string);
    }
    let mut units = vec![0; string.length()];
    string.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
    units.iter().map(|unit| u8::try_from(*unit).unwrap_or(0xff)).collect()
}

fn hex_encode(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// Up to the first pair that is none.
fn hex_decode(text: &[u8], most: usize) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    pairs.map_while(|byte| byte).take(most).collect()
}

fn base64url_encode(bytes: &[u8]) -> Vec<u8> {
    let mut text = base64::encode(bytes);
    while text.last() == Some(&b'=') {
        text.pop();
    }
    for byte in &mut text {
        match *byte {
            b'+' => *byte = b'-',
            b'/' => *byte = b'_',
            _ => {}
        }
    }
    text
}

/// Of both alphabets, up to the first `=`; what is of neither is skipped.
fn base64_decode(text: &[u8], most: usize) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'-' => Some(62),
        b'_' => Some(63),
        other => base64::value_of(other),
    };
    let mut bytes = Vec::with_capacity((text.len() / 4 * 3 + 3).min(most));
    let (mut bits, mut count) = (0_u32, 0_u32);
    for digit in text.iter().take_while(|byte| **byte != b'=').filter_map(|byte| value(*byte)) {
        bits = bits << 6 | digit;
        count += 6;
        if count >= 8 {
            count -= 8;
            if bytes.len() >= most {
                break;
            }
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
