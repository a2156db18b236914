// What byte streams do with buffers and views (https://streams.spec.whatwg.org/#misc-abstract-ops).

import { primordials } from "../primordials.js";
import { viewBuffer } from "../webidl.js";

const {
  ArrayBuffer, ArrayBufferPrototypeGetDetached, ArrayBufferPrototypeTransferToFixedLength, BigInt64Array, BigUint64Array,
  DataView, DataViewPrototypeGetByteLength, DataViewPrototypeGetByteOffset, Float32Array, Float64Array,
  Int16Array, Int32Array, Int8Array, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeSet, Uint16Array, Uint32Array, Uint8Array,
  Uint8ClampedArray,
} = primordials;

// The typed array constructors table.
const constructors = {
  __proto__: null,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
  Int16Array,
  Int32Array,
  Int8Array,
  Uint16Array,
  Uint32Array,
  Uint8Array,
  Uint8ClampedArray,
};
const elementSizes = { __proto__: null };
for (const name in constructors) elementSizes[name] = constructors[name].BYTES_PER_ELEMENT;

/** Float16Array is one that V8 adds to a realm only when the snapshot is loaded; to be called before any code of an app runs. */
export function captureFloat16Array(Float16Array) {
  if (Float16Array === undefined) return;
  constructors.Float16Array = Float16Array;
  elementSizes.Float16Array = 2;
}

export { viewBuffer as ViewedArrayBuffer };

export function IsDetachedBuffer(buffer) {
  return ArrayBufferPrototypeGetDetached(buffer);
}

/** Throws for a buffer that cannot be detached, such as a WebAssembly memory's, and for one that already is. */
export function TransferArrayBuffer(buffer) {
  return ArrayBufferPrototypeTransferToFixedLength(buffer);
}

/** [[ByteLength]] of a view; 0 for one that is out of bounds. */
export function ViewByteLength(view) {
  if (TypedArrayPrototypeGetSymbolToStringTag(view) !== undefined) return TypedArrayPrototypeGetByteLength(view);
  try {
    return DataViewPrototypeGetByteLength(view);
  } catch {
    return 0;
  }
}

/** [[ByteOffset]] of a view; 0 for one that is out of bounds. */
export function ViewByteOffset(view) {
  if (TypedArrayPrototypeGetSymbolToStringTag(view) !== undefined) return TypedArrayPrototypeGetByteOffset(view);
  try {
    return DataViewPrototypeGetByteOffset(view);
  } catch {
    return 0;
  }
}

/**
 * The constructor of a view's kind.
 * @returns {any}
 */
export function ViewConstructor(view) {
  const name = TypedArrayPrototypeGetSymbolToStringTag(view);
  return name === undefined ? DataView : constructors[name];
}

/** Bytes per element of a view; 1 for a DataView. */
export function ViewElementSize(view) {
  const name = TypedArrayPrototypeGetSymbolToStringTag(view);
  return name === undefined ? 1 : elementSizes[name];
}

/** CloneArrayBuffer. Throws a RangeError where memory is short. */
export function CloneArrayBuffer(buffer, byteOffset, byteLength) {
  const clone = new ArrayBuffer(byteLength);
  TypedArrayPrototypeSet(new Uint8Array(clone), new Uint8Array(buffer, byteOffset, byteLength));
  return clone;
}

export function CloneAsUint8Array(view) {
  return new Uint8Array(CloneArrayBuffer(viewBuffer(view), ViewByteOffset(view), ViewByteLength(view)));
}

/** CopyDataBlockBytes, with the bounds checked by the views that it makes. */
export function CopyDataBlockBytes(toBuffer, toIndex, fromBuffer, fromIndex, count) {
  TypedArrayPrototypeSet(new Uint8Array(toBuffer, toIndex, count), new Uint8Array(fromBuffer, fromIndex, count));
}
