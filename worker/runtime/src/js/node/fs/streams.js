// fs.ReadStream, fs.WriteStream (nodejs.org/api/fs.html#fscreatereadstreampath-options).

import { primordials } from "../../primordials.js";
import { FastBuffer } from "../buffer/create.js";
import { outOfRange } from "../internal/errors.js";
import { validateInteger } from "../internal/validators.js";
import "../stream.js";
import { Readable } from "../stream/readable.js";
import { Writable } from "../stream/writable.js";
import { close, open, readAt, writeAt } from "./descriptors.js";
import { optionsOf } from "./files.js";
import { toFlags, toMode } from "./flags.js";
import { toPath } from "./paths.js";

const { FunctionPrototypeCall, MathMin, ObjectSetPrototypeOf, TypedArrayPrototypeSubarray } = primordials;

function openFile(stream, callback) {
  if (typeof stream.fd === "number") return void callback();
  try {
    stream.fd = open(stream.path, toFlags(stream.flags), toMode(stream.mode, 0o666));
  } catch (error) {
    return void callback(error);
  }
  callback();
  stream.emit("open", stream.fd);
  stream.emit("ready");
}

function closeFile(stream, error, callback) {
  const { fd } = stream;
  if (typeof fd !== "number" || !stream.autoClose) return void callback(error);
  stream.fd = null;
  try {
    close(fd);
  } catch (failure) {
    return void callback(error ?? failure);
  }
  callback(error);
}

function begin(stream, path, options) {
  stream.fd = options.fd?.fd ?? options.fd ?? null;
  stream.path = stream.fd === null ? toPath(path) : undefined;
  stream.mode = options.mode ?? 0o666;
  stream.autoClose = options.autoClose ?? true;
  stream.pending = false;
}

function streamOptions(options) {
  return {
    __proto__: null, highWaterMark: options.highWaterMark, autoDestroy: options.autoClose ?? true, emitClose: options.emitClose ?? true, signal: options.signal,
  };
}

/**
 * Functions, since classes of older code call them without `new`.
 * @type {any}
 */
export const ReadStream = function (path, given) {
  if (!(this instanceof ReadStream)) return new ReadStream(path, given);
  const options = optionsOf(given, { __proto__: null });
  begin(this, path, options);
  this.flags = options.flags ?? "r";
  this.start = options.start;
  this.end = options.end ?? Infinity;
  this.pos = undefined;
  this.bytesRead = 0;
  if (this.start !== undefined) {
    validateInteger(this.start, "start", 0);
    this.pos = this.start;
  }
  if (this.end !== Infinity) {
    validateInteger(this.end, "end", 0);
    if (this.start !== undefined && this.start > this.end) throw outOfRange("start", `<= "end" (here: ${this.end})`, this.start);
    this.pos ??= 0;
  }
  FunctionPrototypeCall(Readable, this, { ...streamOptions(options), encoding: options.encoding ?? undefined });
};
ObjectSetPrototypeOf(ReadStream.prototype, Readable.prototype);
ObjectSetPrototypeOf(ReadStream, Readable);
ReadStream.prototype._construct = function (callback) {
  openFile(this, callback);
};
ReadStream.prototype._read = function (size) {
  const left = this.pos === undefined ? size : MathMin(this.end - this.pos + 1, size);
  if (left <= 0) return void this.push(null);
  const chunk = new FastBuffer(left);
  let count;
  try {
    count = readAt(this.fd, chunk, this.pos);
  } catch (error) {
    return void this.destroy(error);
  }
  if (this.pos !== undefined) this.pos += count;
  this.bytesRead += count;
  this.push(count === 0 ? null : count === left ? chunk : TypedArrayPrototypeSubarray(chunk, 0, count));
};
ReadStream.prototype._destroy = function (error, callback) {
  closeFile(this, error, callback);
};
ReadStream.prototype.close = function (callback = undefined) {
  if (typeof callback === "function") this.once("close", callback);
  this.destroy();
};

/** @type {any} */
export const WriteStream = function (path, given) {
  if (!(this instanceof WriteStream)) return new WriteStream(path, given);
  const options = optionsOf(given, { __proto__: null });
  begin(this, path, options);
  this.flags = options.flags ?? "w";
  this.start = options.start;
  this.pos = undefined;
  this.bytesWritten = 0;
  if (this.start !== undefined) {
    validateInteger(this.start, "start", 0);
    this.pos = this.start;
  }
  FunctionPrototypeCall(Writable, this, { ...streamOptions(options), decodeStrings: true });
  if (options.encoding) this.setDefaultEncoding(options.encoding);
};
ObjectSetPrototypeOf(WriteStream.prototype, Writable.prototype);
ObjectSetPrototypeOf(WriteStream, Writable);
WriteStream.prototype._construct = function (callback) {
  openFile(this, callback);
};
WriteStream.prototype._write = function (chunk, _encoding, callback) {
  try {
    const count = writeAt(this.fd, chunk, this.pos);
    if (this.pos !== undefined) this.pos += count;
    this.bytesWritten += count;
  } catch (error) {
    return void callback(error);
  }
  callback();
};
WriteStream.prototype._destroy = ReadStream.prototype._destroy;
WriteStream.prototype.close = function (callback = undefined) {
  if (typeof callback === "function") this.once("close", callback);
  this.end();
};
