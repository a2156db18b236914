// Numbers in buffers: read…() and write…() of Buffer.prototype (nodejs.org/api/buffer.html).

import { primordials } from "../../primordials.js";
import { bufferOutOfBounds, invalidArgType, outOfRange } from "../internal/errors.js";

const {
  BigInt, BigIntAsIntN, DataView, DataViewPrototypeGetFloat32, DataViewPrototypeGetFloat64, DataViewPrototypeSetFloat32,
  DataViewPrototypeSetFloat64, MathFloor, Number, NumberIsInteger, NumberIsNaN, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetLength,
} = primordials;

/** Checks where `size` bytes begin. */
function checkOffset(buffer, offset, size) {
  if (typeof offset !== "number") throw invalidArgType("offset", "number", offset);
  const last = TypedArrayPrototypeGetLength(buffer) - size;
  if (NumberIsInteger(offset) && offset >= 0 && offset <= last) return;
  if (MathFloor(offset) !== offset) throw outOfRange("offset", "an integer", offset);
  if (last < 0) throw bufferOutOfBounds();
  throw outOfRange("offset", `>= 0 and <= ${last}`, offset);
}

function checkSize(size) {
  if (typeof size !== "number") throw invalidArgType("byteLength", "number", size);
  if (NumberIsInteger(size) && size >= 1 && size <= 6) return;
  if (MathFloor(size) !== size) throw outOfRange("byteLength", "an integer", size);
  throw outOfRange("byteLength", ">= 1 and <= 6", size);
}

/** `2 ** 31`, with an `n` where the value has one. */
function checkValue(value, size, isSigned) {
  const bits = size * 8;
  const min = isSigned ? -(2 ** (bits - 1)) : 0;
  const max = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  if (!(value > max || value < min)) return;
  let range;
  if (size > 4) {
    range = isSigned ? `>= -(2 ** ${bits - 1}) and < 2 ** ${bits - 1}` : `>= 0 and < 2 ** ${bits}`;
  } else {
    range = `>= ${min} and <= ${max}`;
  }
  throw outOfRange("value", range, value);
}

function readUnsigned(buffer, offset, size, isLittle) {
  checkOffset(buffer, offset, size);
  let value = 0;
  for (let at = 0; at < size; at++) value = value * 256 + buffer[isLittle ? offset + size - 1 - at : offset + at];
  return value;
}

function readSigned(buffer, offset, size, isLittle) {
  const value = readUnsigned(buffer, offset, size, isLittle);
  const half = 2 ** (size * 8 - 1);
  return value >= half ? value - 2 * half : value;
}

function write(buffer, value, offset, size, isLittle, isSigned) {
  let rest = +value;
  checkValue(rest, size, isSigned);
  checkOffset(buffer, offset, size);
  // Toward zero, as the bits of a number are.
  rest = rest < 0 ? -MathFloor(-rest) + 2 ** (size * 8) : MathFloor(rest);
  for (let at = 0; at < size; at++) {
    buffer[isLittle ? offset + at : offset + size - 1 - at] = rest % 256;
    rest = MathFloor(rest / 256);
  }
  return offset + size;
}

function readBig(buffer, offset, isLittle, isSigned) {
  checkOffset(buffer, offset, 8);
  const first = readUnsigned(buffer, offset, 4, isLittle);
  const second = readUnsigned(buffer, offset + 4, 4, isLittle);
  const value = isLittle ? BigInt(second) * 4294967296n + BigInt(first) : BigInt(first) * 4294967296n + BigInt(second);
  return isSigned ? BigIntAsIntN(64, value) : value;
}

function writeBig(buffer, value, offset, isLittle, isSigned) {
  const min = isSigned ? -(2n ** 63n) : 0n;
  const max = isSigned ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  if (value > max || value < min) {
    throw outOfRange("value", isSigned ? ">= -(2n ** 63n) and < 2n ** 63n" : ">= 0n and < 2n ** 64n", value);
  }
  checkOffset(buffer, offset, 8);
  const low = Number(value & 0xffffffffn);
  const high = Number((value >> 32n) & 0xffffffffn);
  write(buffer, isLittle ? low : high, offset, 4, isLittle, false);
  return write(buffer, isLittle ? high : low, offset + 4, 4, isLittle, false);
}

function writeNaN(buffer, offset, size, isLittle) {
  const top = size === 4 ? [0x7f, 0xc0] : [0x7f, 0xf8];
  for (let at = 0; at < size; at++) buffer[isLittle ? offset + size - 1 - at : offset + at] = top[at] ?? 0;
  return offset + size;
}

function viewOf(buffer) {
  return new DataView(
    TypedArrayPrototypeGetBuffer(buffer), TypedArrayPrototypeGetByteOffset(buffer), TypedArrayPrototypeGetLength(buffer),
  );
}

function floats(methods, name, size, get, set) {
  for (let endian = 0; endian < 2; endian++) {
    const isLittle = endian === 1;
    const suffix = isLittle ? "LE" : "BE";
    methods[`read${name}${suffix}`] = function (offset = 0) {
      checkOffset(this, offset, size);
      return get(viewOf(this), offset, isLittle);
    };
    methods[`write${name}${suffix}`] = function (value, offset = 0) {
      checkOffset(this, offset, size);
      const number = +value;
      // Which of the bits of what is no number are set is not left to V8.
      if (NumberIsNaN(number)) return writeNaN(this, offset, size, isLittle);
      set(viewOf(this), offset, number, isLittle);
      return offset + size;
    };
  }
}

function integers(methods, name, size, endian) {
  const isLittle = endian !== "BE";
  const unsigned = [`readUInt${name}`, `readUint${name}`];
  const signed = `readInt${name}`;
  const writers = [`writeUInt${name}`, `writeUint${name}`];
  const read = function (offset = 0) {
    return readUnsigned(this, offset, size, isLittle);
  };
  const store = function (value, offset = 0) {
    return write(this, value, offset, size, isLittle, false);
  };
  for (let at = 0; at < 2; at++) {
    methods[unsigned[at]] = read;
    methods[writers[at]] = store;
  }
  methods[signed] = function (offset = 0) {
    return readSigned(this, offset, size, isLittle);
  };
  methods[`writeInt${name}`] = function (value, offset = 0) {
    return write(this, value, offset, size, isLittle, true);
  };
}

function variable(methods, endian) {
  const isLittle = endian === "LE";
  const check = (offset, size) => {
    if (offset === undefined) throw invalidArgType("offset", "number", offset);
    checkSize(size);
  };
  const read = function (offset, size) {
    check(offset, size);
    return readUnsigned(this, offset, size, isLittle);
  };
  const store = function (value, offset, size) {
    check(offset, size);
    return write(this, value, offset, size, isLittle, false);
  };
  methods[`readUInt${endian}`] = methods[`readUint${endian}`] = read;
  methods[`writeUInt${endian}`] = methods[`writeUint${endian}`] = store;
  methods[`readInt${endian}`] = function (offset, size) {
    check(offset, size);
    return readSigned(this, offset, size, isLittle);
  };
  methods[`writeInt${endian}`] = function (value, offset, size) {
    check(offset, size);
    return write(this, value, offset, size, isLittle, true);
  };
}

function bigs(methods, endian) {
  const isLittle = endian === "LE";
  const read = function (offset = 0) {
    return readBig(this, offset, isLittle, false);
  };
  const store = function (value, offset = 0) {
    return writeBig(this, value, offset, isLittle, false);
  };
  methods[`readBigUInt64${endian}`] = methods[`readBigUint64${endian}`] = read;
  methods[`writeBigUInt64${endian}`] = methods[`writeBigUint64${endian}`] = store;
  methods[`readBigInt64${endian}`] = function (offset = 0) {
    return readBig(this, offset, isLittle, true);
  };
  methods[`writeBigInt64${endian}`] = function (value, offset = 0) {
    return writeBig(this, value, offset, isLittle, true);
  };
}

/** All of them, by name. */
export function numberMethods() {
  const methods = { __proto__: null };
  integers(methods, "8", 1, "LE");
  const endians = ["LE", "BE"];
  for (let at = 0; at < 2; at++) {
    integers(methods, `16${endians[at]}`, 2, endians[at]);
    integers(methods, `32${endians[at]}`, 4, endians[at]);
    variable(methods, endians[at]);
    bigs(methods, endians[at]);
  }
  floats(methods, "Float", 4, DataViewPrototypeGetFloat32, DataViewPrototypeSetFloat32);
  floats(methods, "Double", 8, DataViewPrototypeGetFloat64, DataViewPrototypeSetFloat64);
  return methods;
}
