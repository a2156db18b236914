// The names of the encodings of buffers, and their numbers in ops/buffer_text.rs.

import { primordials } from "../../primordials.js";

const { StringPrototypeToLowerCase } = primordials;

export const kUtf8 = 0;
export const kUtf16Le = 1;
export const kLatin1 = 2;
export const kAscii = 3;
export const kHex = 4;
const kBase64 = 5;
const kBase64Url = 6;

const numbers = {
  __proto__: null,
  utf8: kUtf8, "utf-8": kUtf8,
  ucs2: kUtf16Le, "ucs-2": kUtf16Le, utf16le: kUtf16Le, "utf-16le": kUtf16Le,
  latin1: kLatin1, binary: kLatin1,
  ascii: kAscii,
  hex: kHex,
  base64: kBase64,
  base64url: kBase64Url,
};

const names = ["utf8", "utf16le", "latin1", "ascii", "hex", "base64", "base64url"];

/** The number of an encoding; undefined: there is none of that name. */
export function encodingNumber(name) {
  if (typeof name !== "string") return undefined;
  return numbers[name] ?? numbers[StringPrototypeToLowerCase(name)];
}

/** The name that Node.js writes for an encoding; undefined: there is none. */
export function normalizeEncoding(name) {
  if (name === undefined || name === null || name === "") return "utf8";
  const number = encodingNumber(name);
  return number === undefined ? undefined : names[number];
}
