// http.OutgoingMessage (nodejs.org/api/http.html#class-httpoutgoingmessage): headers, and a body that is written.
//
// NANO: it is a Writable; in Node.js it is a Stream that behaves like one.

import { Headers, headersList } from "../../fetch/headers.js";
import { primordials } from "../../primordials.js";
import { moduleExports as buffer } from "../buffer.js";
import { invalidArgType, notImplemented, typeError } from "../internal/errors.js";
import { Writable } from "../stream/writable.js";
import { headersSent, validateHeader, validateHeaderName, valuesOf } from "./headers.js";

const {
  ArrayIsArray, ArrayPrototypePush, FunctionPrototypeCall, Map, MapPrototypeForEach, ObjectDefineProperties, ObjectKeys,
  ObjectSetPrototypeOf, StringPrototypeToLowerCase, Symbol, TypeError,
} = primordials;

const { Buffer } = buffer;

/** Name in lower case → `{ name, value }`. */
const kHeaders = Symbol("headers");
/** Whether the headers can be changed no more. */
export const kIsSent = Symbol("isSent");
/** The body, where it is given whole. */
export const kWhole = Symbol("whole");
/** Where the body goes: a BodySink, or null where there is none (yet). */
export const kSink = Symbol("sink");

/**
 * `autoDestroy`: whether it is over when it is written.
 *
 * Node.js's OutgoingMessage: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const OutgoingMessage = function (options, autoDestroy = true) {
  FunctionPrototypeCall(Writable, this, { __proto__: null, highWaterMark: options?.highWaterMark, autoDestroy });
  this[kHeaders] = { __proto__: null };
  this[kIsSent] = false;
  this[kWhole] = undefined;
  this[kSink] = null;
  this.chunkedEncoding = false;
  this.shouldKeepAlive = true;
  this.maxRequestsOnConnectionReached = false;
  this.useChunkedEncodingByDefault = true;
  this.sendDate = false;
  this.strictContentLength = false;
  this.socket = null;
};
ObjectSetPrototypeOf(OutgoingMessage.prototype, Writable.prototype);
ObjectSetPrototypeOf(OutgoingMessage, Writable);

const { prototype } = OutgoingMessage;

ObjectDefineProperties(prototype, {
  headersSent: {
    __proto__: null,
    configurable: true,
    enumerable: true,
    get() {
      return this[kIsSent];
    },
  },
  finished: {
    __proto__: null,
    configurable: true,
    get() {
      return this.writableEnded;
    },
    set() {},
  },
  connection: {
    __proto__: null,
    configurable: true,
    get() {
      return this.socket;
    },
    set(value) {
      this.socket = value;
    },
  },
});

prototype.setHeader = function (name, value) {
  if (this[kIsSent]) throw headersSent("set");
  validateHeader(name, value);
  this[kHeaders][StringPrototypeToLowerCase(name)] = { __proto__: null, name, value };
  return this;
};

prototype.setHeaders = function (headers) {
  if (this[kIsSent]) throw headersSent("set");
  const cookies = [];
  const take = (value, name) => {
    if (name === "set-cookie") ArrayPrototypePush(cookies, value);
    else this.setHeader(name, value);
  };
  if (headers instanceof Headers) {
    const list = headersList(headers);
    for (let at = 0; at < list.length; at += 2) take(list[at + 1], list[at]);
  } else {
    try {
      MapPrototypeForEach(headers, take);
    } catch (error) {
      if (error instanceof TypeError && !(headers instanceof Map)) throw invalidArgType("headers", ["Headers", "Map"], headers);
      throw error;
    }
  }
  if (cookies.length > 0) this.setHeader("set-cookie", cookies);
  return this;
};

prototype.appendHeader = function (name, value) {
  if (this[kIsSent]) throw headersSent("append");
  validateHeader(name, value);
  const key = StringPrototypeToLowerCase(name);
  const before = this[kHeaders][key];
  if (before === undefined) return this.setHeader(name, value);
  const values = [];
  const add = (each) => {
    if (!ArrayIsArray(each)) return void ArrayPrototypePush(values, each);
    for (let at = 0; at < each.length; at++) ArrayPrototypePush(values, each[at]);
  };
  add(before.value);
  add(value);
  before.value = values;
  return this;
};

prototype.getHeader = function (name) {
  validateHeaderName(name);
  return this[kHeaders][StringPrototypeToLowerCase(name)]?.value;
};

prototype.getHeaderNames = function () {
  return ObjectKeys(this[kHeaders]);
};

prototype.getRawHeaderNames = function () {
  const keys = ObjectKeys(this[kHeaders]);
  const names = [];
  for (let at = 0; at < keys.length; at++) ArrayPrototypePush(names, this[kHeaders][keys[at]].name);
  return names;
};

prototype.getHeaders = function () {
  const headers = { __proto__: null };
  const keys = ObjectKeys(this[kHeaders]);
  for (let at = 0; at < keys.length; at++) headers[keys[at]] = this[kHeaders][keys[at]].value;
  return headers;
};

prototype.hasHeader = function (name) {
  validateHeaderName(name);
  return this[kHeaders][StringPrototypeToLowerCase(name)] !== undefined;
};

prototype.removeHeader = function (name) {
  validateHeaderName(name);
  if (this[kIsSent]) throw headersSent("remove");
  delete this[kHeaders][StringPrototypeToLowerCase(name)];
};

/** Its headers as pairs, as `fetch` takes them. */
export function headerPairs(message) {
  const pairs = [];
  const keys = ObjectKeys(message[kHeaders]);
  for (let at = 0; at < keys.length; at++) {
    const { name, value } = message[kHeaders][keys[at]];
    const values = valuesOf(name, value);
    for (let each = 0; each < values.length; each++) ArrayPrototypePush(pairs, [name, values[each]]);
  }
  return pairs;
}

prototype.addTrailers = function () {};

prototype.setTimeout = function (milliseconds, callback = undefined) {
  if (typeof callback === "function") this.once("timeout", callback);
  this.socket?.setTimeout(milliseconds);
  return this;
};

prototype.flushHeaders = function () {
  if (this[kSink] === null && !this.writableEnded) this._open();
};

/** Sends the head: what extends it has how. */
prototype._implicitHeader = function () {
  throw notImplemented("_implicitHeader()");
};

/** Makes the body's stream, once, and sends the head with it. */
prototype._open = function () {
  throw notImplemented("_open()");
};

/** A body that is given whole, before anything was written, has a known length. */
prototype.end = function (chunk = undefined, encoding = undefined, callback = undefined) {
  const isCallback = typeof chunk === "function";
  const content = isCallback ? undefined : chunk;
  const ended = isCallback ? chunk : typeof encoding === "function" ? encoding : callback;
  const bytes = typeof content === "string" ? Buffer.from(content, typeof encoding === "string" ? encoding : "utf8") : content;
  if (this[kSink] === null && this.writableLength === 0 && !this.writableEnded && !this.destroyed) {
    this[kWhole] = bytes === undefined || bytes === null ? null : bytes;
  }
  return FunctionPrototypeCall(Writable.prototype.end, this, bytes, ended);
};

prototype._write = function (chunk, _encoding, callback) {
  if (this[kSink] === null) this._open();
  if (this[kSink] === null) callback();
  else this[kSink].write(chunk, callback);
};

prototype._final = function (callback) {
  if (this[kSink] === null) this._open();
  this[kSink]?.end();
  callback();
};

prototype._destroy = function (error, callback) {
  this[kSink]?.fail(error ?? typeError("ERR_STREAM_PREMATURE_CLOSE", "Premature close"));
  callback(error);
};
