// application/x-www-form-urlencoded (https://url.spec.whatwg.org/#application/x-www-form-urlencoded).
// Lists of names and values are flat arrays `[name, value, …]`.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";

const {
  ArrayPrototypePush, RegExpPrototypeExec, StringPrototypeCharCodeAt, StringPrototypeIncludes, StringPrototypeIndexOf,
  StringPrototypeSlice, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetLength, Uint8Array, decodeURIComponent, encodeURIComponent,
} = primordials;

/** The parser, for a string without lone surrogates. */
export function parseUrlencoded(input) {
  const list = [];
  let from = 0;
  // Looked for once for all names without one.
  let equals = StringPrototypeIndexOf(input, "=");
  while (from <= input.length) {
    let to = StringPrototypeIndexOf(input, "&", from);
    if (to === -1) to = input.length;
    if (to > from) {
      if (equals !== -1 && equals < from) equals = StringPrototypeIndexOf(input, "=", from);
      if (equals === -1 || equals >= to) {
        ArrayPrototypePush(list, decode(StringPrototypeSlice(input, from, to)));
        ArrayPrototypePush(list, "");
      } else {
        ArrayPrototypePush(list, decode(StringPrototypeSlice(input, from, equals)));
        ArrayPrototypePush(list, decode(StringPrototypeSlice(input, equals + 1, to)));
      }
    }
    from = to + 1;
  }
  return list;
}

function decode(text) {
  const hasPlus = StringPrototypeIncludes(text, "+");
  if (!hasPlus && !StringPrototypeIncludes(text, "%")) return text;
  if (hasPlus) {
    let spaced = "";
    let from = 0;
    for (let i = StringPrototypeIndexOf(text, "+"); i !== -1; i = StringPrototypeIndexOf(text, "+", from)) {
      spaced += `${StringPrototypeSlice(text, from, i)} `;
      from = i + 1;
    }
    text = spaced + StringPrototypeSlice(text, from);
  }
  try {
    return decodeURIComponent(text);
  } catch {
    return decodeLossy(text);
  }
}

// Percent signs that are none, or bytes that are not UTF-8.
function decodeLossy(text) {
  const bytes = ops.utf8Encode(text);
  const size = TypedArrayPrototypeGetLength(bytes);
  const decoded = new Uint8Array(size);
  let length = 0;
  for (let i = 0; i < size; i++) {
    let byte = bytes[i];
    if (byte === 37 && i + 2 < size && isHexDigit(bytes[i + 1]) && isHexDigit(bytes[i + 2])) {
      byte = hexValue(bytes[i + 1]) * 16 + hexValue(bytes[i + 2]);
      i += 2;
    }
    decoded[length++] = byte;
  }
  return ops.decode(new Uint8Array(TypedArrayPrototypeGetBuffer(decoded), 0, length), undefined, false, true);
}

function isHexDigit(byte) {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102);
}

function hexValue(byte) {
  return byte <= 57 ? byte - 48 : (byte | 32) - 87;
}

/** The serializer. */
export function serializeUrlencoded(list) {
  let result = "";
  for (let i = 0; i < list.length; i += 2) {
    if (i > 0) result += "&";
    result += `${encode(list[i])}=${encode(list[i + 1])}`;
  }
  return result;
}

const needsEncoding = /[^A-Za-z0-9*\-._]/;

function encode(text) {
  if (RegExpPrototypeExec(needsEncoding, text) === null) return text;
  const encoded = encodeURIComponent(text);
  let result = "";
  let from = 0;
  for (let i = 0; i < encoded.length; i++) {
    let replacement;
    let width = 1;
    switch (StringPrototypeCharCodeAt(encoded, i)) {
      case 33:
        replacement = "%21";
        break;
      case 39:
        replacement = "%27";
        break;
      case 40:
        replacement = "%28";
        break;
      case 41:
        replacement = "%29";
        break;
      case 126:
        replacement = "%7E";
        break;
      case 37:
        if (encoded[i + 1] === "2" && encoded[i + 2] === "0") {
          replacement = "+";
          width = 3;
          break;
        }
        continue;
      default:
        continue;
    }
    result += StringPrototypeSlice(encoded, from, i) + replacement;
    from = i + width;
    i += width - 1;
  }
  return result + StringPrototypeSlice(encoded, from);
}
