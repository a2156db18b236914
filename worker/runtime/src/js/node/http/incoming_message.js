// http.IncomingMessage (nodejs.org/api/http.html#class-httpincomingmessage): a request for a server, or a response for a client.

import { primordials } from "../../primordials.js";
import { plainError } from "../internal/errors.js";
import "../stream.js";
import { Readable } from "../stream/readable.js";
import { distinct, joined, kList } from "./headers.js";

const {
  ArrayPrototypePush, FunctionPrototypeCall, ObjectDefineProperties, ObjectSetPrototypeOf, PromisePrototypeThen, Symbol,
} = primordials;

const kHeaders = Symbol("headers");
const kDistinct = Symbol("headersDistinct");
/** A reader of the body, once it is read; null where there is none. */
const kReader = Symbol("reader");
const kStream = Symbol("stream");

function nothing() {}

/**
 * Node.js's IncomingMessage: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const IncomingMessage = function (socket) {
  FunctionPrototypeCall(Readable, this, { __proto__: null, highWaterMark: socket?.readableHighWaterMark });
  this.socket = socket;
  this.httpVersionMajor = 1;
  this.httpVersionMinor = 1;
  this.httpVersion = "1.1";
  this.complete = false;
  this.aborted = false;
  this.upgrade = null;
  this.url = "";
  this.method = null;
  this.statusCode = null;
  this.statusMessage = null;
  this.client = socket;
  this.joinDuplicateHeaders = false;
  this.rawTrailers = [];
  this[kList] = [];
  this[kHeaders] = null;
  this[kDistinct] = null;
  this[kReader] = null;
  this[kStream] = null;
};
ObjectSetPrototypeOf(IncomingMessage.prototype, Readable.prototype);
ObjectSetPrototypeOf(IncomingMessage, Readable);

/** What a message is of: a flat list of headers, and the stream of its body, or null. */
export function fill(message, list, stream) {
  message[kList] = list;
  message[kStream] = stream;
}

function connectionReset() {
  return plainError("ECONNRESET", "aborted", { __proto__: null });
}

const { prototype } = IncomingMessage;

ObjectDefineProperties(prototype, {
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
  headers: {
    __proto__: null,
    configurable: true,
    get() {
      return this[kHeaders] ??= joined(this[kList]);
    },
    set(value) {
      this[kHeaders] = value;
    },
  },
  headersDistinct: {
    __proto__: null,
    configurable: true,
    get() {
      return this[kDistinct] ??= distinct(this[kList]);
    },
    set(value) {
      this[kDistinct] = value;
    },
  },
  rawHeaders: {
    __proto__: null,
    configurable: true,
    get() {
      const list = this[kList];
      const copy = [];
      for (let at = 0; at < list.length; at++) ArrayPrototypePush(copy, list[at]);
      return copy;
    },
    set(value) {
      this[kList] = value;
    },
  },
  trailers: { __proto__: null, configurable: true, get: () => ({}), set: nothing },
  trailersDistinct: { __proto__: null, configurable: true, get: () => ({ __proto__: null }), set: nothing },
});

prototype._read = function () {
  if (this[kStream] === null) {
    this.complete = true;
    this.push(null);
    return;
  }
  const reader = this[kReader] ??= this[kStream].getReader();
  PromisePrototypeThen(reader.read(), ({ done, value }) => {
    if (done) this.complete = true;
    this.push(done ? null : value);
  }, () => {
    this.aborted = true;
    this.destroy(connectionReset());
  });
};

prototype._destroy = function (error, callback) {
  if (!this.readableEnded || !this.complete) {
    this.aborted = true;
    this.emit("aborted");
  }
  const body = this[kReader] ?? this[kStream];
  if (body !== null && !this.complete) PromisePrototypeThen(body.cancel(error), nothing, nothing);
  // A message that nobody listens to for errors is over all the same.
  callback(error !== null && this.listenerCount("error") === 0 ? null : error);
};

prototype.setTimeout = function (milliseconds, callback = undefined) {
  this.socket?.setTimeout(milliseconds, callback);
  return this;
};

/** Reads what is left, for nobody. */
prototype._dump = function () {
  this.resume();
};
