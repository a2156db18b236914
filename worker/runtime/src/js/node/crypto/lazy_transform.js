// What Hash, Hmac and the ciphers are streams by. Most are never used as such, so what a stream needs is made when something first
// asks for it.

import { primordials } from "../../primordials.js";
import { Transform } from "../stream/transform.js";

const { ObjectDefineProperties, ObjectDefineProperty, ObjectSetPrototypeOf, ReflectApply } = primordials;

/** @this {any} */
export function LazyTransform(options) {
  this._options = options;
}

ObjectSetPrototypeOf(LazyTransform.prototype, Transform.prototype);
ObjectSetPrototypeOf(LazyTransform, Transform);

/** A state of the stream, which replaces this when it is asked for. */
function stateOf(name) {
  return {
    __proto__: null,
    configurable: true,
    enumerable: true,
    get() {
      ReflectApply(Transform, this, [this._options]);
      this._writableState.decodeStrings = false;
      return this[name];
    },
    set(value) {
      ObjectDefineProperty(this, name, { __proto__: null, value, configurable: true, enumerable: true, writable: true });
    },
  };
}

ObjectDefineProperties(LazyTransform.prototype, {
  _readableState: stateOf("_readableState"),
  _writableState: stateOf("_writableState"),
});
