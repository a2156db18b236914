// stream.Transform and stream.PassThrough (nodejs.org/api/stream.html#class-streamtransform): what is read comes of what is written.

import { primordials } from "../../primordials.js";
import { notImplemented } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { highWaterMarkOf } from "./defaults.js";
import { Duplex } from "./duplex.js";

const { FunctionPrototypeCall, ObjectSetPrototypeOf, Symbol } = primordials;

/** The callback of a write that waits until the readable side wants more. */
const kWaiting = Symbol("kWaiting");

/**
 * Node.js's Transform: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const Transform = function (given) {
  if (!(this instanceof Transform)) return new Transform(given);
  let options = given;
  // A readable side that holds nothing: the writable one would hold chunks in its place.
  const readableHighWaterMark = options ? highWaterMarkOf(this.readableObjectMode, options, "readableHighWaterMark", true) : null;
  if (readableHighWaterMark === 0) {
    options = { ...options, highWaterMark: null, readableHighWaterMark, writableHighWaterMark: options.writableHighWaterMark || 0 };
  }
  FunctionPrototypeCall(Duplex, this, options);
  // The first `_read()` needs nothing but what was written.
  this._readableState.sync = false;
  this[kWaiting] = null;
  if (options) {
    if (typeof options.transform === "function") this._transform = options.transform;
    if (typeof options.flush === "function") this._flush = options.flush;
  }
  this.on("prefinish", flushWithoutFinal);
};
ObjectSetPrototypeOf(Transform.prototype, Duplex.prototype);
ObjectSetPrototypeOf(Transform, Duplex);

const { prototype } = Transform;

/** @this {any} */
function final(callback = undefined) {
  if (typeof this._flush !== "function" || this.destroyed) {
    this.push(null);
    if (callback) callback();
    return;
  }
  this._flush((error, data) => {
    if (error) {
      if (callback) callback(error);
      else this.destroy(error);
      return;
    }
    if (data !== undefined && data !== null) this.push(data);
    this.push(null);
    if (callback) callback();
  });
}

/** Classes that have a `_final()` of their own end their readable side all the same. @this {any} */
function flushWithoutFinal() {
  if (this._final !== final) FunctionPrototypeCall(final, this);
}

prototype._final = final;

prototype._transform = function () {
  throw notImplemented("_transform()");
};

prototype._write = function (chunk, encoding, callback) {
  const readable = this._readableState;
  const writable = this._writableState;
  const { length } = readable;
  this._transform(chunk, encoding, (error, data) => {
    if (error) return void callback(error);
    if (data !== undefined && data !== null) this.push(data);
    // The readable side ended first: what comes of that is seen before more is written.
    if (readable.ended) nextTick(callback);
    else if (writable.ended || length === readable.length || readable.length < readable.highWaterMark) callback();
    else this[kWaiting] = callback;
  });
};

prototype._read = function () {
  const callback = this[kWaiting];
  if (!callback) return;
  this[kWaiting] = null;
  callback();
};

/**
 * Node.js's PassThrough: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const PassThrough = function (options) {
  if (!(this instanceof PassThrough)) return new PassThrough(options);
  FunctionPrototypeCall(Transform, this, options);
};
ObjectSetPrototypeOf(PassThrough.prototype, Transform.prototype);
ObjectSetPrototypeOf(PassThrough, Transform);

PassThrough.prototype._transform = function (chunk, encoding, callback) {
  callback(null, chunk);
};
