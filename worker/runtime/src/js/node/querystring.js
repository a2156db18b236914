// node:querystring (nodejs.org/api/querystring.html).

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { moduleExports as buffer } from "./buffer.js";
import { kUtf8 } from "./buffer/encodings.js";

const {
  ArrayIsArray, ArrayPrototypeJoin, ArrayPrototypePush, NumberIsFinite, NumberPrototypeToString, ObjectKeys, String, StringFromCharCode,
  StringPrototypeCharCodeAt, StringPrototypeIndexOf, StringPrototypeReplaceAll, StringPrototypeSlice, StringPrototypeSplit,
  TypeError, decodeURIComponent, encodeURIComponent,
} = primordials;

const { Buffer } = buffer;
const codeAt = StringPrototypeCharCodeAt;

/** The value of a hexadecimal digit; -1: it is none. */
function digit(code) {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** Undoes percent-encoding where it is valid, byte by byte. */
function unescapeBuffer(text, isPlusSpace = false) {
  const source = `${text}`;
  let bytes = "";
  for (let at = 0; at < source.length; at++) {
    const code = codeAt(source, at);
    if (isPlusSpace && code === 43) {
      bytes += " ";
      continue;
    }
    const high = code === 37 ? digit(codeAt(source, at + 1)) : -1;
    const low = high === -1 ? -1 : digit(codeAt(source, at + 2));
    if (low === -1) {
      bytes += source[at];
    } else {
      bytes += StringFromCharCode(high * 16 + low);
      at += 2;
    }
  }
  return Buffer.from(bytes, "latin1");
}

function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return ops.bytesToText(unescapeBuffer(text), kUtf8);
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
