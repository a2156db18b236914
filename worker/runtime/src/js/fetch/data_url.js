// The data: URL processor (https://fetch.spec.whatwg.org/#data-url-processor).

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { parseMimeType, serializeMimeType } from "./mime_type.js";

const {
  NumberParseInt, RegExpPrototypeExec, StringPrototypeCharCodeAt, StringPrototypeIndexOf, StringPrototypeSlice,
  StringPrototypeTrim, Uint8Array,
} = primordials;

const base64End = /; *base64$/i;
const hexDigits = /^[0-9a-f]{2}$/i;

/** `{ type, bytes }` of a data: URL without its fragment; undefined where it is not valid. */
export function processDataUrl(href) {
  const input = StringPrototypeSlice(href, 5);
  const comma = StringPrototypeIndexOf(input, ",");
  if (comma === -1) return undefined;
  let type = StringPrototypeTrim(StringPrototypeSlice(input, 0, comma));
  let bytes = percentDecode(StringPrototypeSlice(input, comma + 1));
  const base64 = RegExpPrototypeExec(base64End, type);
  if (base64 !== null) {
    const decoded = ops.base64Decode(ops.decode(bytes, "windows-1252", false, true));
    if (decoded === undefined) return undefined;
    bytes = new Uint8Array(decoded.length);
    for (let i = 0; i < decoded.length; i++) bytes[i] = StringPrototypeCharCodeAt(decoded, i);
    type = StringPrototypeSlice(type, 0, base64.index);
  }
  if (type[0] === ";") type = `text/plain${type}`;
  const mime = parseMimeType(type);
  return { __proto__: null, type: mime === null ? "text/plain;charset=US-ASCII" : serializeMimeType(mime), bytes };
}

function percentDecode(text) {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const digits = text[i] === "%" ? StringPrototypeSlice(text, i + 1, i + 3) : "";
    if (RegExpPrototypeExec(hexDigits, digits) !== null) {
      bytes[length++] = NumberParseInt(digits, 16);
      i += 2;
    } else {
      bytes[length++] = StringPrototypeCharCodeAt(text, i);
    }
  }
  const result = new Uint8Array(length);
  for (let i = 0; i < length; i++) result[i] = bytes[i];
  return result;
}
