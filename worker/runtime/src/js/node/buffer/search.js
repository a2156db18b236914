// indexOf() and lastIndexOf() of Buffer.prototype (nodejs.org/api/buffer.html#bufindexofvalue-byteoffset-encoding).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { invalidArgType, unknownEncoding } from "../internal/errors.js";
import { encodingNumber, kUtf16Le } from "./encodings.js";

const {
  MathTrunc, NumberIsNaN, TypedArrayPrototypeGetLength, TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeIndexOf,
  TypedArrayPrototypeLastIndexOf, TypedArrayPrototypeSubarray,
} = primordials;

/** `toBytes(text, encoding)` has the bytes of a text. */
export function indexOf(buffer, value, offset, encoding, isForward, toBytes) {
  let name = encoding;
  let start = offset;
  if (typeof start === "string") {
    name = start;
    start = undefined;
  }
  const number = name === undefined || name === null || name === "" ? 0 : encodingNumber(name);
  // Of UTF-16 whole units of two bytes are looked at, of a number, single bytes.
  const step = number === kUtf16Le && typeof value !== "number" ? 2 : 1;
  const size = TypedArrayPrototypeGetLength(buffer);
  const length = size - size % step;
  start = +start;
  if (NumberIsNaN(start)) start = isForward ? 0 : length;
  start = MathTrunc(start);
  // As Node.js: of a text it is counted from the last whole unit.
  if (start < 0) start += typeof value === "string" ? length : size;
  if (typeof value === "number") {
    const byte = value & 255;
    if (isForward) return TypedArrayPrototypeIndexOf(buffer, byte, start < 0 ? 0 : start);
    return start < 0 ? -1 : TypedArrayPrototypeLastIndexOf(buffer, byte, start);
  }
  let bytes = value;
  if (typeof value === "string") {
    if (number === undefined) throw unknownEncoding(name);
    bytes = toBytes(value, name);
  } else if (TypedArrayPrototypeGetSymbolToStringTag(value) !== "Uint8Array") {
    throw invalidArgType("value", ["number", "string", "Buffer", "Uint8Array"], value);
  }
  return find(buffer, length, bytes, start, step, isForward);
}

function find(buffer, length, bytes, from, step, isForward) {
  const count = TypedArrayPrototypeGetLength(bytes);
  const at = from < 0 ? 0 : from > length ? length : from;
  if (count === 0) return at;
  const units = count - count % step;
  if (units === 0 || from < 0 && !isForward || count > length || isForward && at + count > length) return -1;
  const needle = units < count ? TypedArrayPrototypeSubarray(bytes, 0, units) : bytes;
  return ops.findBytes(buffer, needle, at - at % step, step, isForward);
}
