// indexOf() and lastIndexOf() of Buffer.prototype (nodejs.org/api/buffer.html#bufindexofvalue-byteoffset-encoding).

import { primordials } from "../../primordials.js";
import { invalidArgType, unknownEncoding } from "../internal/errors.js";
import { encodingNumber, kUtf16Le } from "./encodings.js";

const {
  MathTrunc, NumberIsNaN, TypedArrayPrototypeGetLength, TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeIndexOf,
  TypedArrayPrototypeLastIndexOf,
} = primordials;

/** `toBytes(text, encoding)` has the bytes of a text. */
export function indexOf(buffer, value, offset, encoding, isForward, toBytes) {
  let name = encoding;
  let start = offset;
  if (typeof start === "string") {
    name = start;
    start = undefined;
  }
  const length = TypedArrayPrototypeGetLength(buffer);
  start = +start;
  if (NumberIsNaN(start)) start = isForward ? 0 : length;
  start = MathTrunc(start);
  if (start < 0) start += length;
  if (typeof value === "number") {
    const byte = value & 255;
    if (isForward) return TypedArrayPrototypeIndexOf(buffer, byte, start < 0 ? 0 : start);
    return start < 0 ? -1 : TypedArrayPrototypeLastIndexOf(buffer, byte, start);
  }
  let bytes = value;
  let step = 1;
  if (typeof value === "string") {
    const number = name === undefined || name === null || name === "" ? 0 : encodingNumber(name);
    if (number === undefined) throw unknownEncoding(name);
    if (number === kUtf16Le) step = 2;
    bytes = toBytes(value, name);
  } else if (TypedArrayPrototypeGetSymbolToStringTag(value) !== "Uint8Array") {
    throw invalidArgType("value", ["number", "string", "Buffer", "Uint8Array"], value);
  }
  return find(buffer, bytes, start, step, isForward);
}

function find(buffer, bytes, from, step, isForward) {
  const length = TypedArrayPrototypeGetLength(buffer);
  const count = TypedArrayPrototypeGetLength(bytes);
  let at = from;
  if (isForward) {
    if (at < 0) at = 0;
    if (count === 0) return at > length ? length : at;
  } else {
    if (at < 0) return -1;
    if (count === 0) return at > length ? length : at;
    if (at > length - count) at = length - count;
  }
  for (; at >= 0 && at + count <= length; at += isForward ? 1 : -1) {
    if (isForward) {
      at = TypedArrayPrototypeIndexOf(buffer, bytes[0], at);
      if (at === -1 || at + count > length) return -1;
    }
    let same = 0;
    while (same < count && buffer[at + same] === bytes[same]) same++;
    if (same === count && at % step === 0) return at;
  }
  return -1;
}
