// stream.Writable (nodejs.org/api/stream.html#writable-streams): chunks are written one after the other, and wait for that.

import { primordials } from "../../primordials.js";
import { moduleExports as buffer } from "../buffer.js";
import { abortError, invalidArgType, notImplemented, unknownEncoding } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { addAbortSignal } from "./abort_signal.js";
import { viewAsBuffer } from "./chunks.js";
import { construct, destroy, errorOrDestroy, undestroy } from "./destroy.js";
import { alreadyFinished, cannotPipe, multipleCallback, nullValues, streamDestroyed, writeAfterEnd } from "./errors.js";
import { eos } from "./finished.js";
import { Stream } from "./legacy.js";
import { forgetBuffered, WritableState } from "./writable_state.js";

const {
  ArrayPrototypePush, ArrayPrototypeSlice, ArrayPrototypeSplice, Error, FunctionPrototypeCall, FunctionPrototypeSymbolHasInstance,
  ObjectDefineProperties, ObjectDefineProperty, ObjectSetPrototypeOf, Promise, StringPrototypeToLowerCase, SymbolAsyncDispose, SymbolFor, SymbolHasInstance,
} = primordials;

const { Buffer } = buffer;

function nothing() {}

/**
 * Node.js's Writable: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const Writable = function (options) {
  if (!(this instanceof Writable)) return new Writable(options);
  this._writableState = createWritableState(this, options, false);
  if (options) takeWriteOptions(this, options);
  FunctionPrototypeCall(Stream, this, options);
  if (this._construct) construct(this, () => writableConstructed(this));
};
ObjectSetPrototypeOf(Writable.prototype, Stream.prototype);
ObjectSetPrototypeOf(Writable, Stream);
Writable.WritableState = WritableState;

export function createWritableState(stream, options, isDuplex) {
  return new WritableState(options, isDuplex, (error) => written(stream, error));
}

function takeWriteOptions(stream, options) {
  if (typeof options.write === "function") stream._write = options.write;
  if (typeof options.writev === "function") stream._writev = options.writev;
  if (typeof options.destroy === "function") stream._destroy = options.destroy;
  if (typeof options.final === "function") stream._final = options.final;
  if (typeof options.construct === "function") stream._construct = options.construct;
  if (options.signal) addAbortSignal(options.signal, stream);
}

/** What a stream goes on with when `_construct()` is done. */
export function writableConstructed(stream) {
  const state = stream._writableState;
  if (!state.writing) writeBuffered(stream, state);
  if (state.ending) finishMaybe(stream, state, false);
}

// A Duplex inherits from Readable alone, and is a Writable all the same.
ObjectDefineProperty(Writable, SymbolHasInstance, {
  __proto__: null,
  value(object) {
    if (FunctionPrototypeSymbolHasInstance(this, object)) return true;
    return this === Writable && !!object && object._writableState instanceof WritableState;
  },
});

const { prototype } = Writable;

prototype.pipe = function () {
  errorOrDestroy(this, cannotPipe());
};

/** True or false, which write() returns; or the error. */
function write(stream, given, givenEncoding, callback) {
  const state = stream._writableState;
  let chunk = given;
  let encoding = givenEncoding;
  if (chunk === null) throw nullValues();
  if (!state.objectMode) {
    if (!encoding) encoding = state.defaultEncoding;
    else if (encoding !== "buffer" && !Buffer.isEncoding(encoding)) throw unknownEncoding(encoding);
    if (typeof chunk !== "string") {
      chunk = viewAsBuffer(given);
      if (chunk === undefined) throw invalidArgType("chunk", ["string", "Buffer", "TypedArray", "DataView"], given);
      encoding = "buffer";
    } else if (state.decodeStrings) {
      chunk = Buffer.from(chunk, encoding);
      encoding = "buffer";
    }
  }
  if (state.ending || state.destroyed) {
    const error = state.ending ? writeAfterEnd() : streamDestroyed("write");
    nextTick(callback, error);
    errorOrDestroy(stream, error, true);
    return error;
  }
  state.pendingcb++;
  return writeOrKeep(stream, state, chunk, encoding, callback);
}

prototype.write = function (chunk, encoding = undefined, callback = undefined) {
  const isCallback = typeof encoding === "function";
  const last = isCallback ? encoding : callback;
  return write(this, chunk, isCallback ? null : encoding, typeof last === "function" ? last : nothing) === true;
};

prototype.cork = function () {
  this._writableState.corked++;
};

prototype.uncork = function () {
  const state = this._writableState;
  if (state.corked === 0) return;
  state.corked--;
  if (!state.writing) writeBuffered(this, state);
};

prototype.setDefaultEncoding = function (encoding) {
  const name = typeof encoding === "string" ? StringPrototypeToLowerCase(encoding) : encoding;
  if (!Buffer.isEncoding(name)) throw unknownEncoding(name);
  this._writableState.defaultEncoding = name;
  return this;
};

function lengthOf(state, chunk) {
  return state.objectMode ? 1 : chunk.length;
}

function writeOrKeep(stream, state, chunk, encoding, callback) {
  const length = lengthOf(state, chunk);
  state.length += length;
  if (state.writing || state.corked > 0 || state.errored || !state.constructed) {
    ArrayPrototypePush(state.buffered, { chunk, encoding, callback });
    if (encoding !== "buffer") state.allBuffers = false;
    if (callback !== nothing) state.allNoop = false;
  } else {
    beginWrite(state, length, callback);
    stream._write(chunk, encoding, state.onwrite);
    state.sync = false;
  }
  const hasRoom = state.length < state.highWaterMark || state.length === 0;
  if (!hasRoom) state.needDrain = true;
  return hasRoom && !state.destroyed && !state.errored;
}

function beginWrite(state, length, callback) {
  state.writelen = length;
  state.writecb = callback;
  state.writing = state.sync = state.expectWriteCb = true;
}

/** What the implementation calls. */
function written(stream, error) {
  const state = stream._writableState;
  if (!state.expectWriteCb) return void errorOrDestroy(stream, multipleCallback());
  const { sync, writecb: callback } = state;
  state.writecb = null;
  state.writing = state.expectWriteCb = false;
  state.length -= state.writelen;
  state.writelen = 0;
  if (error) {
    if (!state.errored) state.errored = error;
    if (stream._readableState && !stream._readableState.errored) stream._readableState.errored = error;
    if (sync) nextTick(writeFailed, stream, state, error, callback);
    else writeFailed(stream, state, error, callback);
    return;
  }
  if (state.buffered.length > 0) writeBuffered(stream, state);
  if (!sync) return void afterWrite(stream, state, 1, callback);
  if (callback === nothing) {
    // Streams of objects have their tick always, in Node.js too.
    const needsTick = (state.needDrain && state.length === 0) || state.objectMode;
    if (!state.afterWritePending && needsTick) {
      nextTick(afterWrite, stream, state, 1, callback);
      state.afterWritePending = true;
    } else {
      state.pendingcb--;
      if (state.ending) finishMaybe(stream, state, true);
    }
  } else if (state.afterWriteTickInfo?.callback === callback) {
    state.afterWriteTickInfo.count++;
  } else {
    state.afterWriteTickInfo = { count: 1, callback };
    state.afterWritePending = true;
    nextTick(afterWrites, stream, state, state.afterWriteTickInfo);
  }
}

function writeFailed(stream, state, error, callback) {
  state.pendingcb--;
  callback(error);
  failBuffered(state);
  errorOrDestroy(stream, error);
}

function afterWrites(stream, state, { count, callback }) {
  state.afterWriteTickInfo = null;
  afterWrite(stream, state, count, callback);
}

function afterWrite(stream, state, count, callback) {
  state.afterWritePending = false;
  if (state.needDrain && !state.ending && !state.destroyed && state.length === 0) {
    state.needDrain = false;
    stream.emit("drain");
  }
  for (let done = 0; done < count; done++) {
    state.pendingcb--;
    callback(null);
  }
  if (state.destroyed) failBuffered(state);
  if (state.ending) finishMaybe(stream, state, true);
}

/** Tells the callbacks of what will not be written. */
function failBuffered(state) {
  if (state.writing) return;
  const { buffered } = state;
  for (let at = state.bufferedIndex; at < buffered.length; at++) {
    const { chunk, callback } = buffered[at];
    state.length -= lengthOf(state, chunk);
    callback(state.errored ?? streamDestroyed("write"));
  }
  callEndCallbacks(state, state.errored ?? streamDestroyed("end"));
  forgetBuffered(state);
}

/** Writes what waits: all of it at once where there is a `_writev()`. */
function writeBuffered(stream, state) {
  if (state.corked > 0 || state.bufferProcessing || state.destroyed || !state.constructed) return;
  const { buffered, bufferedIndex } = state;
  const count = buffered.length - bufferedIndex;
  if (count === 0) return;
  state.bufferProcessing = true;
  if (count > 1 && stream._writev) {
    state.pendingcb -= count - 1;
    const callback = state.allNoop ? nothing : (error) => {
      for (let at = bufferedIndex; at < buffered.length; at++) buffered[at].callback(error);
    };
    /** @type {any} */
    const chunks = state.allNoop && bufferedIndex === 0 ? buffered : ArrayPrototypeSlice(buffered, bufferedIndex);
    chunks.allBuffers = state.allBuffers;
    beginWrite(state, state.length, callback);
    if (state.destroyed) state.onwrite(streamDestroyed("write"));
    else stream._writev(chunks, state.onwrite);
    state.sync = false;
    forgetBuffered(state);
  } else {
    writeOneByOne(stream, state);
  }
  state.bufferProcessing = false;
}

function writeOneByOne(stream, state) {
  const { buffered } = state;
  let at = state.bufferedIndex;
  do {
    const { chunk, encoding, callback } = buffered[at];
    buffered[at++] = null;
    beginWrite(state, lengthOf(state, chunk), callback);
    if (state.destroyed) state.onwrite(streamDestroyed("write"));
    else stream._write(chunk, encoding, state.onwrite);
    state.sync = false;
  } while (at < buffered.length && !state.writing);
  if (at === buffered.length) {
    forgetBuffered(state);
  } else if (at > 256 && at > buffered.length / 2) {
    // Not before it is the longer part: each chunk is moved a few times at most.
    ArrayPrototypeSplice(buffered, 0, at);
    state.bufferedIndex = 0;
  } else {
    state.bufferedIndex = at;
  }
}

prototype._write = function (chunk, encoding, callback) {
  if (!this._writev) throw notImplemented("_write()");
  this._writev([{ chunk, encoding }], callback);
};
prototype._writev = null;

prototype.end = function (...args) {
  const state = this._writableState;
  let chunk = args[0];
  let encoding = args[1];
  let callback = args[2];
  if (typeof chunk === "function") {
    callback = chunk;
    chunk = encoding = null;
  } else if (typeof encoding === "function") {
    callback = encoding;
    encoding = null;
  }
  let error;
  if (chunk !== undefined && chunk !== null) {
    const result = write(this, chunk, encoding, nothing);
    if (result instanceof Error) error = result;
  }
  if (state.corked > 0) {
    state.corked = 1;
    this.uncork();
  }
  if (error === undefined) {
    if (!state.errored && !state.ending) {
      state.ending = true;
      finishMaybe(this, state, true);
      state.ended = true;
    } else if (state.finished) {
      error = alreadyFinished("end");
    } else if (state.destroyed) {
      error = streamDestroyed("end");
    }
  }
  if (typeof callback === "function") {
    if (error) nextTick(callback, error);
    else if (state.errored) nextTick(callback, state.errored);
    else if (state.finished) nextTick(callback, null);
    else ArrayPrototypePush(state.endCallbacks ??= [], callback);
  }
  return this;
};

/** Whether all is written that ever will be. */
function isComplete(state) {
  return state.ending && !state.destroyed && state.constructed && state.length === 0 && !state.errored && state.buffered.length === 0 &&
    !state.finished && !state.writing && !state.errorEmitted && !state.closeEmitted;
}

function finalDone(stream, state, error) {
  if (state.prefinished) return void errorOrDestroy(stream, error ?? multipleCallback());
  state.pendingcb--;
  if (error) {
    callEndCallbacks(state, error);
    errorOrDestroy(stream, error, state.sync);
  } else if (isComplete(state)) {
    state.prefinished = true;
    stream.emit("prefinish");
    state.pendingcb++;
    nextTick(finish, stream, state);
  }
}

function prefinish(stream, state) {
  if (state.prefinished || state.finalCalled) return;
  state.finalCalled = true;
  if (typeof stream._final !== "function" || state.destroyed) {
    state.prefinished = true;
    stream.emit("prefinish");
    return;
  }
  state.sync = true;
  state.pendingcb++;
  try {
    stream._final((error) => finalDone(stream, state, error));
  } catch (error) {
    finalDone(stream, state, error);
  }
  state.sync = false;
}

function finishMaybe(stream, state, isSync) {
  if (!isComplete(state)) return;
  prefinish(stream, state);
  if (state.pendingcb !== 0) return;
  if (isSync) {
    state.pendingcb++;
    nextTick(finishIfComplete, stream, state);
  } else if (isComplete(state)) {
    state.pendingcb++;
    finish(stream, state);
  }
}

function finishIfComplete(stream, state) {
  if (isComplete(state)) finish(stream, state);
  else state.pendingcb--;
}

function finish(stream, state) {
  state.pendingcb--;
  state.finished = true;
  callEndCallbacks(state, null);
  stream.emit("finish");
  if (!state.autoDestroy) return;
  const other = stream._readableState;
  if (!other || (other.autoDestroy && (other.endEmitted || other.readable === false))) stream.destroy();
}

function callEndCallbacks(state, error) {
  const callbacks = state.endCallbacks;
  if (callbacks === null) return;
  state.endCallbacks = null;
  for (let at = 0; at < callbacks.length; at++) callbacks[at](error);
}

prototype.destroy = function (error = undefined, callback = undefined) {
  const state = this._writableState;
  if (!state.destroyed && (state.bufferedIndex < state.buffered.length || state.endCallbacks !== null)) nextTick(failBuffered, state);
  FunctionPrototypeCall(destroy, this, error, callback);
  return this;
};
prototype._undestroy = undestroy;
prototype._destroy = function (error, callback) {
  callback(error);
};
prototype[SymbolFor("nodejs.rejection")] = function (error) {
  this.destroy(error);
};
prototype[SymbolAsyncDispose] = async function () {
  let error;
  if (!this.destroyed) {
    error = this.writableFinished ? null : abortError();
    this.destroy(error);
  }
  await new Promise((resolve, reject) => {
    eos(this, (failure) => (failure && failure.name !== "AbortError" ? reject(failure) : resolve(null)));
  });
};

/** A getter of one of the state's values; `otherwise`: what there is without a state. */
function stateGetter(name, otherwise) {
  return {
    __proto__: null,
    /** @this {any} */
    get() {
      return this._writableState ? this._writableState[name] : otherwise;
    },
  };
}

ObjectDefineProperties(prototype, {
  closed: stateGetter("closed", false),
  destroyed: {
    __proto__: null,
    /** @this {any} */
    get() {
      return this._writableState ? this._writableState.destroyed : false;
    },
    /** @this {any} */
    set(value) {
      if (this._writableState) this._writableState.destroyed = value;
    },
  },
  writable: {
    __proto__: null,
    /** @this {any} */
    get() {
      const state = this._writableState;
      return !!state && state.writable !== false && !state.destroyed && !state.errored && !state.ending && !state.ended;
    },
    /** @this {any} */
    set(value) {
      if (this._writableState) this._writableState.writable = !!value;
    },
  },
  writableFinished: stateGetter("finished", false),
  writableObjectMode: stateGetter("objectMode", false),
  writableBuffer: {
    __proto__: null,
    /** @this {any} */
    get() {
      return this._writableState?.getBuffer();
    },
  },
  writableEnded: stateGetter("ending", false),
  writableNeedDrain: {
    __proto__: null,
    /** @this {any} */
    get() {
      const state = this._writableState;
      return !!state && !state.destroyed && !state.ending && state.needDrain;
    },
  },
  writableHighWaterMark: stateGetter("highWaterMark", undefined),
  writableCorked: stateGetter("corked", 0),
  writableLength: stateGetter("length", undefined),
  errored: stateGetter("errored", null),
  writableAborted: {
    __proto__: null,
    /** @this {any} */
    get() {
      const state = this._writableState;
      return !!(state.writable !== false && (state.destroyed || state.errored) && !state.finished);
    },
  },
});
