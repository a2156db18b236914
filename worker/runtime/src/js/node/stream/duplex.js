// stream.Duplex (nodejs.org/api/stream.html#duplex-and-transform-streams): a Readable, with what a Writable has beside it.

import { primordials } from "../../primordials.js";
import { addAbortSignal } from "./abort_signal.js";
import { construct } from "./destroy.js";
import { Stream } from "./legacy.js";
import { Readable, readableConstructed } from "./readable.js";
import { ReadableState } from "./readable_state.js";
import { createWritableState, Writable, writableConstructed } from "./writable.js";

const { FunctionPrototypeCall, ObjectDefineProperties, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, ObjectKeys, ObjectSetPrototypeOf } =
  primordials;

/** What options may have in place of methods of a class. */
const kMethods = ["read", "write", "writev", "destroy", "final", "construct"];

/**
 * Node.js's Duplex: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const Duplex = function (options) {
  if (!(this instanceof Duplex)) return new Duplex(options);
  this._readableState = new ReadableState(options, this, true);
  this._writableState = createWritableState(this, options, true);
  this.allowHalfOpen = options?.allowHalfOpen !== false;
  if (options) {
    if (options.readable === false) closeReadableSide(this);
    if (options.writable === false) closeWritableSide(this);
    for (let at = 0; at < kMethods.length; at++) {
      const method = options[kMethods[at]];
      if (typeof method === "function") this[`_${kMethods[at]}`] = method;
    }
    if (options.signal) addAbortSignal(options.signal, this);
  }
  FunctionPrototypeCall(Stream, this, options);
  if (this._construct) {
    construct(this, () => {
      readableConstructed(this);
      writableConstructed(this);
    });
  }
};
ObjectSetPrototypeOf(Duplex.prototype, Readable.prototype);
ObjectSetPrototypeOf(Duplex, Readable);

function closeReadableSide(stream) {
  const state = stream._readableState;
  state.readable = false;
  state.ended = state.endEmitted = true;
}

function closeWritableSide(stream) {
  const state = stream._writableState;
  state.writable = false;
  state.ending = state.ended = state.finished = true;
}

const { prototype } = Duplex;
const methods = ObjectKeys(Writable.prototype);
for (let at = 0; at < methods.length; at++) {
  if (!prototype[methods[at]]) prototype[methods[at]] = Writable.prototype[methods[at]];
}
prototype.destroy = Writable.prototype.destroy;

const shared = [
  "writable", "writableHighWaterMark", "writableObjectMode", "writableBuffer", "writableLength", "writableFinished", "writableCorked",
  "writableEnded", "writableNeedDrain",
];
for (let at = 0; at < shared.length; at++) {
  const descriptor = ObjectGetOwnPropertyDescriptor(Writable.prototype, shared[at]);
  if (descriptor !== undefined) ObjectDefineProperty(prototype, shared[at], descriptor);
}
ObjectDefineProperties(prototype, {
  destroyed: {
    __proto__: null,
    /** @this {any} */
    get() {
      if (this._readableState === undefined || this._writableState === undefined) return false;
      return this._readableState.destroyed && this._writableState.destroyed;
    },
    /** @this {any} */
    set(value) {
      if (!this._readableState || !this._writableState) return;
      this._readableState.destroyed = value;
      this._writableState.destroyed = value;
    },
  },
});
