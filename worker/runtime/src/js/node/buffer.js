// node:buffer (nodejs.org/api/buffer.html). A Buffer is a Uint8Array with more methods; `Buffer` itself is a function, since older
// code calls it without `new`.
// NANO: there is no pool: each buffer has an ArrayBuffer of its own.

import { customInspect, inspect } from "../console/inspect.js";
import { atob, btoa } from "../encoding/base64.js";
import { Blob } from "../file/blob.js";
import { File } from "../file/file.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  allocUnsafe, checkSize, FastBuffer, from, fromArrayLike, fromString, isAnyArrayBuffer, isUint8Array, kMaxLength, lengthOf, numberOf,
} from "./buffer/create.js";
import { encodingNumber, kAscii, kHex, kLatin1, kUtf16Le, kUtf8, normalizeEncoding } from "./buffer/encodings.js";
import { numberMethods } from "./buffer/numbers.js";
import { indexOf } from "./buffer/search.js";
import { invalidArgType, invalidArgValue, outOfRange, rangeError, unknownEncoding } from "./internal/errors.js";
import { validateNumber, validateString } from "./internal/validators.js";

const {
  ArrayBufferIsView, ArrayIsArray, MathMin, MathTrunc, NumberIsNaN, ObjectDefineProperties, ObjectDefineProperty,
  ObjectGetOwnPropertyNames, ObjectKeys, ObjectSetPrototypeOf, ReflectApply, StringPrototypeCharCodeAt, StringPrototypeReplace,
  StringPrototypeToLowerCase, StringPrototypeTrim, SymbolSpecies, TypedArrayPrototypeCopyWithin, TypedArrayPrototypeFill,
  TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength,
  TypedArrayPrototypeSet, TypedArrayPrototypeSubarray, Uint8Array,
} = primordials;

const kStringMaxLength = 536870888;

/** Node.js's Buffer: a function, since older code calls it without `new`. */
function Buffer(value, encodingOrOffset, length) {
  if (typeof value === "number") {
    if (typeof encodingOrOffset === "string") throw invalidArgType("string", "string", value);
    return alloc(value);
  }
  return from(value, encodingOrOffset, length);
}

ObjectSetPrototypeOf(Buffer, Uint8Array);
FastBuffer.prototype.constructor = Buffer;
Buffer.prototype = FastBuffer.prototype;
ObjectDefineProperty(Buffer, SymbolSpecies, { __proto__: null, configurable: true, enumerable: false, get: () => FastBuffer });

/** A part of a buffer as one of its own, of the same memory. */
function part(buffer, start, end) {
  /** @type {any} */
  const memory = TypedArrayPrototypeGetBuffer(buffer);
  return new FastBuffer(memory, TypedArrayPrototypeGetByteOffset(buffer) + start, end - start);
}

function alloc(size, fill = undefined, encoding = undefined) {
  checkSize(size);
  const buffer = new FastBuffer(size);
  if (fill === undefined || fill === 0 || size === 0) return buffer;
  return fillWith(buffer, fill, 0, size, encoding);
}

function byteLength(value, encoding = undefined) {
  if (typeof value !== "string") {
    if (ArrayBufferIsView(value) || isAnyArrayBuffer(value)) return value.byteLength;
    throw invalidArgType("string", ["string", "Buffer", "ArrayBuffer"], value);
  }
  switch (encodingNumber(encoding)) {
    case kUtf16Le:
      return value.length * 2;
    case kLatin1:
    case kAscii:
      return value.length;
    case kHex:
      return value.length >>> 1;
    case kUtf8:
    case undefined:
      return ops.textByteLength(value);
    default:
      return base64Length(value);
  }
}

function base64Length(text) {
  let { length } = text;
  for (let count = 0; count < 2 && length > 0 && StringPrototypeCharCodeAt(text, length - 1) === 61; count++) length--;
  return MathTrunc((length * 3) / 4);
}

function concat(list, length = undefined) {
  if (!ArrayIsArray(list)) throw invalidArgType("list", "Array", list);
  if (list.length === 0) return new FastBuffer();
  let total = 0;
  for (let at = 0; at < list.length; at++) {
    if (!isUint8Array(list[at])) throw invalidArgType(`list[${at}]`, ["Buffer", "Uint8Array"], list[at]);
    total += lengthOf(list[at]);
  }
  if (length !== undefined) {
    validateNumber(length, "length", 0, kMaxLength);
    total = length;
  }
  const buffer = allocUnsafe(total);
  let place = 0;
  for (let at = 0; at < list.length && place < total; at++) {
    const room = total - place;
    const bytes = lengthOf(list[at]) > room ? TypedArrayPrototypeSubarray(list[at], 0, room) : list[at];
    TypedArrayPrototypeSet(buffer, bytes, place);
    place += lengthOf(bytes);
  }
  return buffer;
}

function compareBytes(one, other) {
  const a = lengthOf(one);
  const b = lengthOf(other);
  const length = MathMin(a, b);
  for (let at = 0; at < length; at++) {
    if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
  }
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function checkBytes(value, name) {
  if (!isUint8Array(value)) throw invalidArgType(name, ["Buffer", "Uint8Array"], value);
}

function compare(one, other) {
  checkBytes(one, "buf1");
  checkBytes(other, "buf2");
  return one === other ? 0 : compareBytes(one, other);
}

/** An index of a slice: negative ones count from the end. */
function clamp(index, length, fallback) {
  let at = index === undefined ? fallback : +index;
  if (NumberIsNaN(at)) at = 0;
  at = MathTrunc(at);
  if (at < 0) at += length;
  if (at < 0) return 0;
  return at > length ? length : at;
}

function fillWith(buffer, value, offset, end, encoding) {
  const length = lengthOf(buffer);
  let start = offset;
  let stop = end;
  let name = encoding;
  if (typeof value === "string") {
    if (typeof offset === "string") {
      name = offset;
      start = 0;
      stop = length;
    } else if (typeof end === "string") {
      name = end;
      stop = length;
    }
    if (name !== undefined) {
      validateString(name, "encoding");
      if (normalizeEncoding(name) === undefined) throw unknownEncoding(name);
    }
  }
  if (start === undefined) start = 0;
  else validateNumber(start, "offset", 0, length);
  if (stop === undefined) stop = length;
  else validateNumber(stop, "end", 0, length);
  if (start >= stop) return buffer;
  if (typeof value === "number") return TypedArrayPrototypeFill(buffer, value & 255, start, stop);
  if (typeof value === "boolean") return TypedArrayPrototypeFill(buffer, +value, start, stop);
  let bytes = typeof value === "string" ? fromString(value, name) : value;
  if (ArrayBufferIsView(bytes)) bytes = bytesOf(bytes);
  if (!isUint8Array(bytes)) return TypedArrayPrototypeFill(buffer, +value & 255, start, stop);
  if (value === "") return TypedArrayPrototypeFill(buffer, 0, start, stop);
  const count = lengthOf(bytes);
  if (count === 0) throw invalidArgValue("value", value);
  if (count === 1) return TypedArrayPrototypeFill(buffer, bytes[0], start, stop);
  const first = count > stop - start ? TypedArrayPrototypeSubarray(bytes, 0, stop - start) : bytes;
  TypedArrayPrototypeSet(buffer, first, start);
  // Each copy doubles what is there.
  for (let done = lengthOf(first); done < stop - start;) {
    const next = MathMin(done, stop - start - done);
    TypedArrayPrototypeCopyWithin(buffer, start + done, start, start + next);
    done += next;
  }
  return buffer;
}

function decode(buffer, number, start, end) {
  const length = lengthOf(buffer);
  if (start <= 0 && end >= length) return ops.bytesToText(buffer, number);
  return ops.bytesToText(TypedArrayPrototypeSubarray(buffer, start, end), number);
}

function writeText(buffer, text, offset, length, number) {
  if (length === 0) return 0;
  return ops.textIntoBytes(text, TypedArrayPrototypeSubarray(buffer, offset, offset + length), number);
}

/** @type {any} */
const methods = {
  toString(encoding = undefined, start = undefined, end = undefined) {
    const length = lengthOf(this);
    if (arguments.length === 0) return ops.bytesToText(this, kUtf8);
    const from = start === undefined || start <= 0 ? 0 : MathTrunc(+start) || 0;
    const to = end === undefined || end > length ? length : MathTrunc(+end) || 0;
    if (from >= length || to <= from) return "";
    return decode(this, numberOf(encoding), from, to);
  },
  equals(other) {
    checkBytes(other, "otherBuffer");
    if (this === other) return true;
    return lengthOf(this) === lengthOf(other) && compareBytes(this, other) === 0;
  },
  compare(target, targetStart = 0, targetEnd = undefined, sourceStart = 0, sourceEnd = undefined) {
    checkBytes(target, "target");
    const length = lengthOf(target);
    const own = lengthOf(this);
    validateNumber(targetStart, "targetStart", 0, kMaxLength);
    if (targetEnd !== undefined) validateNumber(targetEnd, "targetEnd", 0, length);
    validateNumber(sourceStart, "sourceStart", 0, kMaxLength);
    if (sourceEnd !== undefined) validateNumber(sourceEnd, "sourceEnd", 0, own);
    const end = targetEnd ?? length;
    const stop = sourceEnd ?? own;
    if (sourceStart >= stop) return targetStart >= end ? 0 : -1;
    if (targetStart >= end) return 1;
    return compareBytes(TypedArrayPrototypeSubarray(this, sourceStart, stop), TypedArrayPrototypeSubarray(target, targetStart, end));
  },
  copy(target, targetStart = 0, sourceStart = 0, sourceEnd = undefined) {
    if (!isUint8Array(target)) throw invalidArgType("target", ["Buffer", "Uint8Array"], target);
    const own = lengthOf(this);
    const place = MathTrunc(+targetStart) || 0;
    if (place < 0) throw outOfRange("targetStart", ">= 0", place);
    const start = MathTrunc(+sourceStart) || 0;
    if (start < 0 || start > own) throw outOfRange("sourceStart", `>= 0 && <= ${own}`, start);
    const end = sourceEnd === undefined ? own : MathTrunc(+sourceEnd) || 0;
    if (end < 0) throw outOfRange("sourceEnd", ">= 0", end);
    const count = MathMin(MathMin(end, own) - start, lengthOf(target) - place);
    if (count <= 0) return 0;
    TypedArrayPrototypeSet(target, TypedArrayPrototypeSubarray(this, start, start + count), place);
    return count;
  },
  slice(start = undefined, end = undefined) {
    const length = lengthOf(this);
    const from = clamp(start, length, 0);
    const to = clamp(end, length, length);
    return part(this, from, to > from ? to : from);
  },
  subarray(start = undefined, end = undefined) {
    return ReflectApply(methods.slice, this, [start, end]);
  },
  write(text, offset = undefined, length = undefined, encoding = undefined) {
    validateString(text, "argument");
    const size = lengthOf(this);
    let start = offset;
    let count = length;
    let name = encoding;
    if (typeof offset === "string") {
      name = offset;
      start = count = undefined;
    } else if (typeof length === "string") {
      name = length;
      count = undefined;
    }
    if (start === undefined) start = 0;
    else validateNumber(start, "offset", 0, size);
    const rest = size - start;
    if (count === undefined) count = rest;
    else validateNumber(count, "length", 0, size);
    return writeText(this, text, start, MathMin(count, rest), numberOf(name));
  },
  fill(value, offset = undefined, end = undefined, encoding = undefined) {
    return fillWith(this, value, offset, end, encoding);
  },
  indexOf(value, offset = undefined, encoding = undefined) {
    return indexOf(this, value, offset, encoding, true, fromString);
  },
  lastIndexOf(value, offset = undefined, encoding = undefined) {
    return indexOf(this, value, offset, encoding, false, fromString);
  },
  includes(value, offset = undefined, encoding = undefined) {
    return indexOf(this, value, offset, encoding, true, fromString) !== -1;
  },
  toJSON() {
    const data = [];
    const length = lengthOf(this);
    for (let at = 0; at < length; at++) data[at] = this[at];
    return { type: "Buffer", data };
  },
  swap16() {
    return swap(this, 2);
  },
  swap32() {
    return swap(this, 4);
  },
  swap64() {
    return swap(this, 8);
  },
  [customInspect](depth, context) {
    const shown = MathMin(moduleExports.INSPECT_MAX_BYTES, lengthOf(this));
    const hex = decode(this, kHex, 0, shown);
    let text = StringPrototypeTrim(StringPrototypeReplace(hex, /(.{2})/g, "$1 "));
    const rest = lengthOf(this) - shown;
    if (rest > 0) text += ` ... ${rest} more byte${rest > 1 ? "s" : ""}`;
    const names = ObjectKeys(this);
    for (let at = lengthOf(this); at < names.length; at++) text += `, ${names[at]}: ${inspect(this[names[at]], context)}`;
    return `<${this.constructor?.name ?? "Buffer"} ${text}>`;
  },
};

function swap(buffer, size) {
  const length = lengthOf(buffer);
  if (length % size !== 0) throw rangeError("ERR_INVALID_BUFFER_SIZE", `Buffer size must be a multiple of ${size * 8}-bits`);
  for (let start = 0; start < length; start += size) {
    for (let low = start, high = start + size - 1; low < high; low++, high--) {
      const byte = buffer[low];
      buffer[low] = buffer[high];
      buffer[high] = byte;
    }
  }
  return buffer;
}

/** The older names: `utf8Slice(start, end)` and `utf8Write(text, offset, length)` of each encoding. */
const oldNames = ["ascii", "base64", "base64url", "latin1", "hex", "ucs2", "utf8"];
for (let at = 0; at < oldNames.length; at++) {
  const number = encodingNumber(oldNames[at]);
  methods[`${oldNames[at]}Slice`] = function (start = 0, end = lengthOf(this)) {
    return decode(this, number, start, end);
  };
  methods[`${oldNames[at]}Write`] = function (text, offset = 0, length = lengthOf(this) - offset) {
    return writeText(this, text, offset, length, number);
  };
}

methods.toLocaleString = methods.toString;
const numeric = numberMethods();
const tables = [methods, numeric];
for (let table = 0; table < tables.length; table++) {
  const names = ObjectGetOwnPropertyNames(tables[table]);
  for (let at = 0; at < names.length; at++) Buffer.prototype[names[at]] = tables[table][names[at]];
}
Buffer.prototype[customInspect] = methods[customInspect];
/** @type {any} */ (Buffer.prototype).inspect = methods[customInspect];
ObjectDefineProperties(Buffer.prototype, {
  parent: {
    __proto__: null,
    enumerable: true,
    get() {
      return this instanceof Buffer ? TypedArrayPrototypeGetBuffer(this) : undefined;
    },
  },
  offset: {
    __proto__: null,
    enumerable: true,
    get() {
      return this instanceof Buffer ? TypedArrayPrototypeGetByteOffset(this) : undefined;
    },
  },
});

Buffer.poolSize = 8192;
Buffer.from = from;
Buffer.of = (...items) => fromArrayLike(items);
Buffer.copyBytesFrom = (view, offset = 0, length = undefined) => {
  if (!ArrayBufferIsView(view)) throw invalidArgType("view", ["TypedArray"], view);
  const size = TypedArrayPrototypeGetByteLength(view) / (TypedArrayPrototypeGetLength(view) || 1);
  validateNumber(offset, "offset", 0);
  if (length !== undefined) validateNumber(length, "length", 0);
  const start = MathMin(offset * size, TypedArrayPrototypeGetByteLength(view));
  const end = length === undefined ? TypedArrayPrototypeGetByteLength(view) : MathMin(start + length * size, TypedArrayPrototypeGetByteLength(view));
  return from(new Uint8Array(TypedArrayPrototypeGetBuffer(view), TypedArrayPrototypeGetByteOffset(view) + start, end - start));
};
Buffer.alloc = alloc;
Buffer.allocUnsafe = allocUnsafe;
Buffer.allocUnsafeSlow = allocUnsafe;
Buffer.isBuffer = (value) => value instanceof Buffer;
Buffer.isEncoding = (name) => typeof name === "string" && name.length !== 0 && encodingNumber(name) !== undefined;
Buffer.byteLength = byteLength;
Buffer.concat = concat;
Buffer.compare = compare;

function SlowBuffer(length) {
  return allocUnsafe(length);
}
ObjectSetPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype);
ObjectSetPrototypeOf(SlowBuffer, Uint8Array);

function bytesOf(input) {
  if (ArrayBufferIsView(input)) {
    return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  }
  if (isAnyArrayBuffer(input)) return new Uint8Array(input);
  throw invalidArgType("input", ["ArrayBuffer", "Buffer", "TypedArray"], input);
}

function isUtf8(input) {
  return ops.decode(bytesOf(input), undefined, true, true) !== undefined;
}

function isAscii(input) {
  const bytes = bytesOf(input);
  const length = lengthOf(bytes);
  for (let at = 0; at < length; at++) {
    if (bytes[at] > 127) return false;
  }
  return true;
}

function transcode(source, fromEncoding, toEncoding) {
  checkBytes(source, "source");
  return fromString(ops.bytesToText(source, numberOf(fromEncoding)), normalizeEncoding(StringPrototypeToLowerCase(toEncoding)));
}

export const moduleExports = {
  Buffer,
  SlowBuffer,
  INSPECT_MAX_BYTES: 50,
  kMaxLength,
  kStringMaxLength,
  constants: { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength },
  Blob,
  File,
  atob,
  btoa,
  isAscii,
  isUtf8,
  transcode,
  resolveObjectURL: () => undefined,
};
