// How buffers are made (nodejs.org/api/buffer.html#static-method-bufferfromarray).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { bufferOutOfBounds, invalidArgType, unknownEncoding } from "../internal/errors.js";
import { validateNumber } from "../internal/validators.js";
import { encodingNumber, kUtf8 } from "./encodings.js";

const {
  ArrayBufferPrototypeGetByteLength, ArrayIsArray, MathTrunc, NumberIsNaN, ObjectSetPrototypeOf, ReflectApply, SymbolToPrimitive,
  TypedArrayPrototypeGetLength, TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeSet, Uint8Array,
} = primordials;

/** The longest buffer that V8 makes. */
export const kMaxLength = 2 ** 53 - 1;
/** What buffers are made of; node/buffer.js gives its prototype the methods. */
export class FastBuffer extends Uint8Array {}

export function isUint8Array(value) {
  return TypedArrayPrototypeGetSymbolToStringTag(value) === "Uint8Array";
}

export function isAnyArrayBuffer(value) {
  if (value === null || typeof value !== "object") return false;
  try {
    ArrayBufferPrototypeGetByteLength(value);
    return true;
  } catch {
    // Nano has no shared memory.
    return false;
  }
}

export function lengthOf(bytes) {
  return TypedArrayPrototypeGetLength(bytes);
}

/** The same bytes as a Buffer. */
function wrap(bytes) {
  return ObjectSetPrototypeOf(bytes, FastBuffer.prototype);
}

export function numberOf(encoding) {
  if (encoding === undefined || encoding === null || encoding === "") return kUtf8;
  const number = encodingNumber(encoding);
  if (number === undefined) throw unknownEncoding(encoding);
  return number;
}

export function checkSize(size) {
  validateNumber(size, "size", 0, kMaxLength);
}

export function allocUnsafe(size) {
  checkSize(size);
  return new FastBuffer(size);
}

export function fromString(text, encoding) {
  return wrap(ops.textToBytes(text, numberOf(typeof encoding === "string" ? encoding : undefined)));
}

function fromArrayBuffer(buffer, offset, length) {
  let start = 0;
  if (offset !== undefined) {
    start = +offset;
    if (NumberIsNaN(start)) start = 0;
  }
  const most = buffer.byteLength - start;
  if (most < 0) throw bufferOutOfBounds("offset");
  if (length === undefined) return new FastBuffer(buffer, start);
  const count = +length;
  if (count > 0) {
    if (count > most) throw bufferOutOfBounds("length");
    return new FastBuffer(buffer, start, count);
  }
  return new FastBuffer(buffer, start, 0);
}

export function fromArrayLike(list) {
  const length = list.length > 0 ? MathTrunc(list.length) : 0;
  const buffer = allocUnsafe(length);
  for (let at = 0; at < length; at++) buffer[at] = list[at];
  return buffer;
}

const kinds = ["string", "Buffer", "ArrayBuffer", "Array", "Array-like Object"];

export function from(value, encodingOrOffset = undefined, length = undefined) {
  if (typeof value === "string") return fromString(value, encodingOrOffset);
  if (typeof value === "object" && value !== null) {
    if (isAnyArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
    if (isUint8Array(value)) {
      const copy = allocUnsafe(lengthOf(value));
      TypedArrayPrototypeSet(copy, value);
      return copy;
    }
    // What the value itself says, as Node.js asks it.
    const convert = value["valueOf"];
    const inner = typeof convert === "function" ? ReflectApply(convert, value, []) : undefined;
    if (inner !== undefined && inner !== null && inner !== value && (typeof inner === "string" || typeof inner === "object")) {
      return from(inner, encodingOrOffset, length);
    }
    const found = fromObject(value);
    if (found !== undefined) return found;
    if (typeof value[SymbolToPrimitive] === "function") {
      const primitive = value[SymbolToPrimitive]("string");
      if (typeof primitive === "string") return fromString(primitive, encodingOrOffset);
    }
  }
  throw invalidArgType("first argument", kinds, value);
}

function fromObject(object) {
  if (object.length !== undefined || isAnyArrayBuffer(object.buffer)) {
    return typeof object.length === "number" ? fromArrayLike(object) : new FastBuffer();
  }
  if (object.type === "Buffer" && ArrayIsArray(object.data)) return fromArrayLike(object.data);
  return undefined;
}
