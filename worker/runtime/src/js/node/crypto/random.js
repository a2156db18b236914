// Random bytes and numbers (nodejs.org/api/crypto.html#cryptorandombytessize-callback).

import { crypto } from "../../crypto/crypto.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { FastBuffer } from "../buffer/create.js";
import { invalidArgType, outOfRange } from "../internal/errors.js";
import { validateBoolean, validateFunction, validateNumber, validateObject } from "../internal/validators.js";
import { byteLength, isBytes, kMaxInt32, reportLater, runLater } from "./util.js";

const {
  ArrayBufferIsView, DataViewPrototypeGetBuffer, DataViewPrototypeGetByteOffset, MathMin, NumberIsNaN, NumberIsSafeInteger,
  TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeSubarray,
  Uint8Array,
} = primordials;

/** Bytes that the system is asked for at once. */
const kPiece = 65536;

function fill(bytes) {
  const length = byteLength(bytes);
  for (let at = 0; at < length; at += kPiece) {
    ops.randomFill(TypedArrayPrototypeSubarray(bytes, at, MathMin(at + kPiece, length)));
  }
  return bytes;
}

function assertOffset(offset, elementSize, length) {
  validateNumber(offset, "offset");
  const place = offset * elementSize;
  const most = MathMin(length, kMaxInt32);
  if (NumberIsNaN(place) || place > most || place < 0) throw outOfRange("offset", `>= 0 && <= ${most}`, place);
  return place >>> 0;
}

function assertSize(size, elementSize, offset, length) {
  validateNumber(size, "size");
  const count = size * elementSize;
  if (NumberIsNaN(count) || count > kMaxInt32 || count < 0) throw outOfRange("size", `>= 0 && <= ${kMaxInt32}`, count);
  if (count + offset > length) throw outOfRange("size + offset", `<= ${length}`, count + offset);
  return count >>> 0;
}

export function randomBytes(size, callback) {
  const count = assertSize(size, 1, 0, Infinity);
  if (callback !== undefined) validateFunction(callback, "callback");
  const bytes = new FastBuffer(count);
  if (callback === undefined) return fill(bytes);
  runLater(callback, () => fill(bytes));
}

/** The bytes of a part of a buffer or view, which are to be filled. */
function partOf(buf, offset, size) {
  const elementSize = buf.BYTES_PER_ELEMENT || 1;
  const length = byteLength(buf);
  const start = assertOffset(offset, elementSize, length);
  const count = size === undefined ? length - start : assertSize(size, elementSize, start, length);
  if (!ArrayBufferIsView(buf)) return new Uint8Array(buf, start, count);
  const isDataView = TypedArrayPrototypeGetSymbolToStringTag(buf) === undefined;
  const memory = isDataView ? DataViewPrototypeGetBuffer(buf) : TypedArrayPrototypeGetBuffer(buf);
  const before = isDataView ? DataViewPrototypeGetByteOffset(buf) : TypedArrayPrototypeGetByteOffset(buf);
  return new Uint8Array(memory, before + start, count);
}

export function randomFillSync(buf, offset = 0, size = undefined) {
  if (!isBytes(buf)) throw invalidArgType("buf", ["ArrayBuffer", "ArrayBufferView"], buf);
  fill(partOf(buf, offset, size));
  return buf;
}

export function randomFill(buf, offset, size, callback) {
  if (!isBytes(buf)) throw invalidArgType("buf", ["ArrayBuffer", "ArrayBufferView"], buf);
  let part;
  let done = callback;
  if (typeof offset === "function") {
    done = offset;
    part = partOf(buf, 0, undefined);
  } else if (typeof size === "function") {
    done = size;
    part = partOf(buf, offset, undefined);
  } else {
    validateFunction(callback, "callback");
    part = partOf(buf, offset, size);
  }
  runLater(done, () => {
    fill(part);
    return buf;
  });
}

/** The largest difference that numbers are drawn of. */
const kMaxRange = 2 ** 48 - 1;

/** A number from 0 to below `range`, each as likely as another. */
function below(range) {
  const limit = kMaxRange - (kMaxRange % range);
  const bytes = new Uint8Array(6);
  for (;;) {
    ops.randomFill(bytes);
    let number = 0;
    for (let at = 0; at < 6; at++) number = number * 256 + bytes[at];
    if (number < limit) return number % range;
  }
}

export function randomInt(min, max, callback) {
  let low = min;
  let high = max;
  let done = callback;
  const isMinLeftOut = max === undefined || typeof max === "function";
  if (isMinLeftOut) {
    done = max;
    high = min;
    low = 0;
  }
  if (done !== undefined) validateFunction(done, "callback");
  if (!NumberIsSafeInteger(low)) throw invalidArgType("min", "a safe integer", low);
  if (!NumberIsSafeInteger(high)) throw invalidArgType("max", "a safe integer", high);
  if (high <= low) throw outOfRange("max", `greater than the value of "min" (${low})`, high);
  const range = high - low;
  if (!(range <= kMaxRange)) throw outOfRange(isMinLeftOut ? "max" : "max - min", `<= ${kMaxRange}`, range);
  const number = low + below(range);
  if (done === undefined) return number;
  reportLater(done, () => number);
}

export function randomUUID(options) {
  if (options !== undefined) validateObject(options, "options");
  if (options?.disableEntropyCache !== undefined) validateBoolean(options.disableEntropyCache, "options.disableEntropyCache");
  return ops.randomUuid();
}

export function getRandomValues(array) {
  return crypto.getRandomValues(array);
}
