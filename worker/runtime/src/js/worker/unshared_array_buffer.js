// SharedArrayBuffer (https://tc39.es/ecma262/#sec-sharedarraybuffer-objects) where there is nobody to share with. Packages look at the class
// and its getters when they are loaded. What it makes are array buffers, which count as such.

import { primordials } from "../primordials.js";

const {
  ArrayBuffer, ArrayBufferPrototypeGetByteLength, ArrayBufferPrototypeGetMaxByteLength, ArrayBufferPrototypeGetResizable,
  ArrayBufferPrototypeResize, ArrayBufferPrototypeSlice, Object, ObjectDefineProperty, ObjectSetPrototypeOf, RangeError, SymbolToStringTag,
  TypeError,
} = primordials;

class SharedArrayBuffer extends ArrayBuffer {
  #brand;

  static #check(value) {
    if (value === null || typeof value !== "object" || !(#brand in value)) throw new TypeError("The object is not a SharedArrayBuffer");
  }

  get byteLength() {
    SharedArrayBuffer.#check(this);
    return ArrayBufferPrototypeGetByteLength(this);
  }

  get growable() {
    SharedArrayBuffer.#check(this);
    return ArrayBufferPrototypeGetResizable(this);
  }

  get maxByteLength() {
    SharedArrayBuffer.#check(this);
    return ArrayBufferPrototypeGetMaxByteLength(this);
  }

  grow(newLength) {
    SharedArrayBuffer.#check(this);
    const length = +newLength;
    if (length < ArrayBufferPrototypeGetByteLength(this)) throw new RangeError("SharedArrayBuffer.prototype.grow(): it cannot become shorter");
    ArrayBufferPrototypeResize(this, length);
  }

  slice(start, end) {
    SharedArrayBuffer.#check(this);
    return ArrayBufferPrototypeSlice(this, start, end);
  }
}

ObjectDefineProperty(SharedArrayBuffer.prototype, SymbolToStringTag, { __proto__: null, value: "SharedArrayBuffer", configurable: true });
// It is no ArrayBuffer to `instanceof`, and has nothing of one.
ObjectSetPrototypeOf(SharedArrayBuffer.prototype, Object.prototype);

export const moduleExports = { SharedArrayBuffer };
