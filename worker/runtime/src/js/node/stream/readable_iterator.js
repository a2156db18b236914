// A Readable as an asynchronous iterator (nodejs.org/api/stream.html#readablesymbolasynciterator), and around a stream of the oldest
// kind (#readablewrapstream).

import { primordials } from "../../primordials.js";
import { validateObject } from "../internal/validators.js";
import { destroyer, errorOrDestroy } from "./destroy.js";
import { bothErrors } from "./errors.js";
import { eos } from "./finished.js";
import { Readable } from "./readable.js";

const { FunctionPrototypeBind, ObjectKeys, Promise, SymbolAsyncIterator } = primordials;

function nothing() {}

function iteratorOf(given, options = undefined) {
  const stream = typeof given.read === "function" ? given : wrapped(given, { objectMode: true });
  /** @type {any} */
  const iterator = chunksOfStream(stream, options);
  iterator.stream = stream;
  return iterator;
}

async function* chunksOfStream(stream, options) {
  let wake = nothing;
  // A listener, and what a promise is made with.
  function next(resolve) {
    if (this === stream) {
      wake();
      wake = nothing;
    } else {
      wake = resolve;
    }
  }
  stream.on("readable", next);
  let error;
  const stop = eos(stream, { writable: false }, (failure) => {
    error = failure ? bothErrors(error, failure) : null;
    wake();
    wake = nothing;
  });
  try {
    for (;;) {
      const chunk = stream.destroyed ? null : stream.read();
      if (chunk !== null) yield chunk;
      else if (error) throw error;
      else if (error === null) return;
      else await new Promise(next);
    }
  } catch (failure) {
    error = bothErrors(error, failure);
    throw error;
  } finally {
    if ((error || options?.destroyOnReturn !== false) && (error === undefined || stream._readableState.autoDestroy)) {
      destroyer(stream, null);
    } else {
      stream.off("readable", next);
      stop();
    }
  }
}

/** @this {any} */
function wrap(stream) {
  let isPaused = false;
  stream.on("data", (chunk) => {
    if (!this.push(chunk) && stream.pause) {
      isPaused = true;
      stream.pause();
    }
  });
  stream.on("end", () => this.push(null));
  stream.on("error", (error) => errorOrDestroy(this, error));
  stream.on("close", () => this.destroy());
  stream.on("destroy", () => this.destroy());
  this._read = () => {
    if (!isPaused || !stream.resume) return;
    isPaused = false;
    stream.resume();
  };
  const keys = ObjectKeys(stream);
  for (let at = 1; at < keys.length; at++) {
    const method = stream[keys[at]];
    if (this[keys[at]] === undefined && typeof method === "function") this[keys[at]] = FunctionPrototypeBind(method, stream);
  }
  return this;
}

function wrapped(stream, options = undefined) {
  const readable = new Readable({
    objectMode: stream.readableObjectMode ?? stream.objectMode ?? true,
    ...options,
    destroy(error, callback) {
      destroyer(stream, error);
      callback(error);
    },
  });
  return readable.wrap(stream);
}

/** Gives Readable these methods. */
export function installIterators() {
  const prototype = Readable.prototype;
  prototype.wrap = wrap;
  prototype[SymbolAsyncIterator] = function () {
    return iteratorOf(this);
  };
  prototype.iterator = function (options = undefined) {
    if (options !== undefined) validateObject(options, "options");
    return iteratorOf(this, options);
  };
  Readable.wrap = wrapped;
}
