// node:querystring (nodejs.org/api/querystring.html).

import { primordials } from "../primordials.js";

const {
  ArrayIsArray, ArrayPrototypeJoin, ArrayPrototypePush, NumberIsFinite, NumberPrototypeToString, ObjectKeys, String, StringFromCharCode, StringFromCodePoint,
  StringPrototypeCharCodeAt, StringPrototypeIndexOf, StringPrototypeReplaceAll, StringPrototypeSlice, StringPrototypeSplit,
  TypeError, decodeURIComponent, encodeURIComponent,
} = primordials;

const codeAt = StringPrototypeCharCodeAt;

/** The value of a hexadecimal digit; -1: it is none. */
function digit(code) {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** Undoes percent-encoding where it is valid, byte by byte: the result's characters are bytes. */
function decodeBytes(text, isPlusSpace) {
  let bytes = "";
  for (let at = 0; at < text.length; at++) {
    const code = codeAt(text, at);
    if (isPlusSpace && code === 43) {
      bytes += " ";
      continue;
    }
    const high = code === 37 ? digit(codeAt(text, at + 1)) : -1;
    const low = high === -1 ? -1 : digit(codeAt(text, at + 2));
    if (low === -1) {
      bytes += text[at];
    } else {
      bytes += StringFromCharCode(high * 16 + low);
      at += 2;
    }
  }
  return bytes;
}

/** Bytes of UTF-8 as text; what is no UTF-8 becomes U+FFFD. */
function fromUtf8(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at++) {
    const first = codeAt(bytes, at);
    let rest = 0;
    let low = 128;
    let high = 191;
    let point = first;
    if (first >= 0xc2 && first <= 0xdf) {
      rest = 1;
      point = first & 31;
    } else if (first >= 0xe0 && first <= 0xef) {
      rest = 2;
      point = first & 15;
      if (first === 0xe0) low = 0xa0;
      if (first === 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
      rest = 3;
      point = first & 7;
      if (first === 0xf0) low = 0x90;
      if (first === 0xf4) high = 0x8f;
    } else if (first >= 128) {
      text += "\ufffd";
      continue;
    }
    let isWhole = true;
    for (let count = 0; count < rest; count++) {
      const next = codeAt(bytes, at + 1);
      if (!(next >= low && next <= high)) {
        isWhole = false;
        break;
      }
      point = point * 64 + (next & 63);
      low = 128;
      high = 191;
      at++;
    }
    text += isWhole ? StringFromCodePoint(point) : "\ufffd";
  }
  return text;
}

function unescapeBuffer(text, isPlusSpace = false) {
  return decodeBytes(text, isPlusSpace);
}

function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return fromUtf8(decodeBytes(String(text), false));
  }
}

/** Percent-encodes all but letters, digits and `!'()*-._~`. */
function escape(value) {
  const text = typeof value === "string" ? value : typeof value === "object" ? String(value) : `${value}`;
  try {
    return encodeURIComponent(text);
  } catch {
    /** @type {any} */
    const error = new TypeError("URI malformed");
    error.name = "URIError";
    error.code = "ERR_INVALID_URI";
    throw error;
  }
}

function primitive(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number" && NumberIsFinite(value)) return NumberPrototypeToString(value);
  if (typeof value === "bigint") return `${value}`;
  if (typeof value === "boolean") return value ? "true" : "false";
  return "";
}

function stringify(object, separator = undefined, equals = undefined, options = undefined) {
  const sep = separator || "&";
  const eq = equals || "=";
  const encode = typeof options?.encodeURIComponent === "function" ? options.encodeURIComponent : moduleExports.escape;
  if (object === null || typeof object !== "object") return "";
  const fields = [];
  const keys = ObjectKeys(object);
  for (let at = 0; at < keys.length; at++) {
    const value = object[keys[at]];
    const start = `${encode(primitive(keys[at]))}${eq}`;
    if (!ArrayIsArray(value)) {
      ArrayPrototypePush(fields, `${start}${encode(primitive(value))}`);
      continue;
    }
    for (let index = 0; index < value.length; index++) ArrayPrototypePush(fields, `${start}${encode(primitive(value[index]))}`);
  }
  return ArrayPrototypeJoin(fields, sep);
}

function parse(text, separator = undefined, equals = undefined, options = undefined) {
  const result = { __proto__: null };
  if (typeof text !== "string" || text.length === 0) return result;
  const sep = separator ? `${separator}` : "&";
  const eq = equals ? `${equals}` : "=";
  let pairs = 1000;
  if (typeof options?.maxKeys === "number") pairs = options.maxKeys > 0 ? options.maxKeys : -1;
  const own = typeof options?.decodeURIComponent === "function" ? options.decodeURIComponent : moduleExports.unescape;
  const isOwn = own !== unescape;
  const decode = (part) => {
    const spaced = StringPrototypeReplaceAll(part, "+", isOwn ? "%20" : " ");
    try {
      return own(spaced);
    } catch {
      return unescape(spaced);
    }
  };
  const fields = StringPrototypeSplit(text, sep);
  for (let at = 0; at < fields.length && pairs !== 0; at++) {
    const field = fields[at];
    if (field.length === 0) continue;
    const cut = StringPrototypeIndexOf(field, eq);
    const key = decode(cut === -1 ? field : StringPrototypeSlice(field, 0, cut));
    const value = cut === -1 ? "" : decode(StringPrototypeSlice(field, cut + eq.length));
    if (!(key in result)) result[key] = value;
    else if (ArrayIsArray(result[key])) ArrayPrototypePush(result[key], value);
    else result[key] = [result[key], value];
    pairs--;
  }
  return result;
}

export const moduleExports = {
  unescapeBuffer,
  unescape,
  escape,
  stringify,
  encode: stringify,
  parse,
  decode: parse,
};
