// node:string_decoder (nodejs.org/api/string_decoder.html): text of pieces, whose characters may be cut anywhere.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { FastBuffer } from "./buffer/create.js";
import { encodingNumber, kUtf16Le, kUtf8, normalizeEncoding } from "./buffer/encodings.js";
import { invalidArgType, unknownEncoding } from "./internal/errors.js";

const {
  ArrayBufferIsView, ObjectDefineProperties, Symbol, TypedArrayPrototypeFill, TypedArrayPrototypeGetLength, TypedArrayPrototypeSet,
  TypedArrayPrototypeSubarray, Uint8Array,
} = primordials;

const kNumber = Symbol("number");
const kPending = Symbol("pending");

/** How many bytes at the end are the beginning of a character of UTF-8. */
function utf8Tail(bytes) {
  const length = TypedArrayPrototypeGetLength(bytes);
  for (let count = 1; count <= 3 && count <= length; count++) {
    const byte = bytes[length - count];
    if (byte >= 0x80 && byte <= 0xbf) continue;
    let needed = 1;
    if (byte >= 0xc2 && byte <= 0xdf) needed = 2;
    else if (byte >= 0xe0 && byte <= 0xef) needed = 3;
    else if (byte >= 0xf0 && byte <= 0xf4) needed = 4;
    if (needed <= count) return 0;
    return count === 1 || isSecond(byte, bytes[length - count + 1]) ? count : 0;
  }
  return 0;
}

/** Whether a byte may follow the first of a character: not all of 80 to BF do (Unicode, table 3-7). */
function isSecond(first, second) {
  if (first === 0xe0) return second >= 0xa0;
  if (first === 0xed) return second <= 0x9f;
  if (first === 0xf0) return second >= 0x90;
  if (first === 0xf4) return second <= 0x8f;
  return true;
}

/** The same for UTF-16: half a unit, or the first of two, with half of the other where it came later. */
function utf16Tail(bytes, wasPending) {
  const length = TypedArrayPrototypeGetLength(bytes);
  if (length === 3 && wasPending === 2) return 3;
  if (length % 2 === 1) return 1;
  const last = length - 1;
  return last > 0 && bytes[last] >= 0xd8 && bytes[last] <= 0xdb ? 2 : 0;
}

function tailOf(bytes, number, wasPending) {
  if (number === kUtf8) return utf8Tail(bytes);
  if (number === kUtf16Le) return utf16Tail(bytes, wasPending);
  // Of base64, three bytes are four characters; of the others, each byte is whole.
  return number >= 5 ? TypedArrayPrototypeGetLength(bytes) % 3 : 0;
}

/** @this {any} */
function StringDecoder(encoding) {
  const name = normalizeEncoding(encoding);
  if (name === undefined) throw unknownEncoding(encoding);
  this.encoding = name;
  this[kNumber] = encodingNumber(name);
  this[kPending] = new Uint8Array(0);
}

/** The piece behind what was left. */
function joined(pending, bytes) {
  const left = TypedArrayPrototypeGetLength(pending);
  if (left === 0) return bytes;
  const all = new Uint8Array(left + TypedArrayPrototypeGetLength(bytes));
  TypedArrayPrototypeSet(all, pending);
  TypedArrayPrototypeSet(all, bytes, left);
  return all;
}

StringDecoder.prototype.write = function (piece) {
  if (typeof piece === "string") return piece;
  if (!ArrayBufferIsView(piece)) throw invalidArgType("buf", ["Buffer", "TypedArray", "DataView"], piece);
  const own = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
  const bytes = joined(this[kPending], own);
  const end = TypedArrayPrototypeGetLength(bytes) - tailOf(bytes, this[kNumber], TypedArrayPrototypeGetLength(this[kPending]));
  const rest = TypedArrayPrototypeSubarray(bytes, end);
  this[kPending] = new Uint8Array(rest);
  return end === 0 ? "" : ops.bytesToText(TypedArrayPrototypeSubarray(bytes, 0, end), this[kNumber]);
};

StringDecoder.prototype.end = function (piece = undefined) {
  const text = piece === undefined ? "" : this.write(piece);
  const pending = this[kPending];
  if (TypedArrayPrototypeGetLength(pending) === 0) return text;
  this[kPending] = new Uint8Array(0);
  return text + ops.bytesToText(pending, this[kNumber]);
};

StringDecoder.prototype.text = function (piece, offset) {
  this[kPending] = new Uint8Array(0);
  return this.write(TypedArrayPrototypeSubarray(piece, offset));
};

/** How many bytes the character has whose beginning is there. */
function total(decoder) {
  const pending = decoder[kPending];
  const count = TypedArrayPrototypeGetLength(pending);
  if (count === 0) return 0;
  if (decoder[kNumber] === kUtf16Le) return count === 1 ? 2 : 4;
  if (decoder[kNumber] !== kUtf8) return 3;
  if (pending[0] >= 0xf0) return 4;
  return pending[0] >= 0xe0 ? 3 : 2;
}

ObjectDefineProperties(StringDecoder.prototype, {
  lastChar: {
    __proto__: null,
    configurable: true,
    enumerable: true,
    get() {
      const last = TypedArrayPrototypeFill(new FastBuffer(4), 0);
      TypedArrayPrototypeSet(last, this[kPending]);
      return last;
    },
  },
  lastNeed: {
    __proto__: null,
    configurable: true,
    enumerable: true,
    get() {
      return total(this) - TypedArrayPrototypeGetLength(this[kPending]);
    },
  },
  lastTotal: {
    __proto__: null,
    configurable: true,
    enumerable: true,
    get() {
      return total(this);
    },
  },
});

export const moduleExports = { StringDecoder };
