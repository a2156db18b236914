// stream.Readable (nodejs.org/api/stream.html#readable-streams): what is pushed into it is read, or given to 'data'.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { moduleExports as buffer } from "../buffer.js";
import { encodingNumber, kUtf8 } from "../buffer/encodings.js";
import { abortError, invalidArgType, notImplemented, outOfRange } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { moduleExports as stringDecoder } from "../string_decoder.js";
import { addAbortSignal } from "./abort_signal.js";
import { chunksOf, clearChunks, putBack, takeChunks, viewAsBuffer } from "./chunks.js";
import { construct, destroy, errorOrDestroy, undestroy } from "./destroy.js";
import { pushAfterEnd, unshiftAfterEnd } from "./errors.js";
import { eos } from "./finished.js";
import { Stream } from "./legacy.js";
import { pipe, unpipe } from "./readable_pipe.js";
import { kPaused, ReadableState } from "./readable_state.js";

const {
  ArrayPrototypePush, FunctionPrototypeCall, MathClz32, NumberIsInteger, NumberIsNaN, NumberParseInt, ObjectDefineProperties,
  ObjectSetPrototypeOf, Promise, ReflectApply, SetPrototypeClear, SymbolAsyncDispose, SymbolFor,
} = primordials;

const { Buffer } = buffer;
const { StringDecoder } = stringDecoder;
const base = Stream.prototype;

/**
 * Node.js's Readable: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const Readable = function (options) {
  if (!(this instanceof Readable)) return new Readable(options);
  this._readableState = new ReadableState(options, this, false);
  if (options) takeReadOptions(this, options);
  FunctionPrototypeCall(Stream, this, options);
  if (this._construct) construct(this, () => readableConstructed(this));
};
ObjectSetPrototypeOf(Readable.prototype, Stream.prototype);
ObjectSetPrototypeOf(Readable, Stream);
Readable.ReadableState = ReadableState;

function takeReadOptions(stream, options) {
  if (typeof options.read === "function") stream._read = options.read;
  if (typeof options.destroy === "function") stream._destroy = options.destroy;
  if (typeof options.construct === "function") stream._construct = options.construct;
  if (options.signal) addAbortSignal(options.signal, stream);
}

/** What a stream goes on with when `_construct()` is done. */
export function readableConstructed(stream) {
  if (stream._readableState.needReadable) maybeReadMore(stream, stream._readableState);
}

const { prototype } = Readable;

prototype.destroy = destroy;
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
    error = this.readableEnded ? null : abortError();
    this.destroy(error);
  }
  await new Promise((resolve, reject) => {
    eos(this, (failure) => (failure && failure !== error ? reject(failure) : resolve(null)));
  });
};

prototype.push = function (chunk, encoding) {
  return add(this, this._readableState, chunk, encoding, false);
};
prototype.unshift = function (chunk, encoding) {
  return add(this, this._readableState, chunk, encoding, true);
};

function add(stream, state, given, encoding, isFront) {
  if (given === null) {
    state.reading = false;
    endOfInput(stream, state);
    return false;
  }
  let chunk = given;
  // Whether it is text in the stream's encoding already.
  let isDecoded = false;
  if (state.objectMode) {
    isDecoded = !!encoding;
  } else if (typeof chunk === "string") {
    isDecoded = state.encoding === (encoding || state.defaultEncoding);
    if (!isDecoded) chunk = Buffer.from(chunk, encoding || state.defaultEncoding);
    if (isFront && !isDecoded && state.encoding) chunk = ops.bytesToText(chunk, encodingNumber(state.encoding) ?? kUtf8);
  } else if (chunk !== undefined) {
    chunk = viewAsBuffer(chunk);
    if (chunk === undefined) {
      errorOrDestroy(stream, invalidArgType("chunk", ["string", "Buffer", "TypedArray", "DataView"], given));
      return false;
    }
  }
  if (!state.objectMode && !(chunk && chunk.length > 0)) {
    if (!isFront) {
      state.reading = false;
      maybeReadMore(stream, state);
    }
    return wantsMore(state);
  }
  return isFront ? addToFront(stream, state, chunk) : addToBack(stream, state, chunk, isDecoded);
}

function addToFront(stream, state, chunk) {
  if (state.endEmitted) errorOrDestroy(stream, unshiftAfterEnd());
  else if (state.destroyed || state.errored) return false;
  else store(stream, state, chunk, true);
  return wantsMore(state);
}

function addToBack(stream, state, chunk, isDecoded) {
  if (state.ended) {
    errorOrDestroy(stream, pushAfterEnd());
    return false;
  }
  if (state.destroyed || state.errored) return false;
  state.reading = false;
  if (state.decoder && !isDecoded) {
    const text = state.decoder.write(chunk);
    if (!state.objectMode && text.length === 0) {
      maybeReadMore(stream, state);
      return wantsMore(state);
    }
    store(stream, state, text, false);
  } else {
    store(stream, state, chunk, false);
  }
  return wantsMore(state);
}

function wantsMore(state) {
  return !state.ended && (state.length < state.highWaterMark || state.length === 0);
}

/** Nobody that it is piped to is waited for any more. */
function forgetWaiting(state) {
  if (state.multiAwaitDrain) SetPrototypeClear(state.awaitDrainWriters);
  else state.awaitDrainWriters = null;
}

function store(stream, state, chunk, isFront) {
  if (state.flowing && state.length === 0 && !state.sync && state.dataListening) {
    forgetWaiting(state);
    state.dataEmitted = true;
    stream.emit("data", chunk);
  } else {
    state.length += state.objectMode ? 1 : chunk.length;
    if (isFront) putBack(state, chunk);
    else ArrayPrototypePush(state.buffer, chunk);
    if (state.needReadable) emitReadable(stream);
  }
  maybeReadMore(stream, state);
}

prototype.isPaused = function () {
  const state = this._readableState;
  return state[kPaused] === true || state.flowing === false;
};

prototype.setEncoding = function (encoding) {
  const state = this._readableState;
  const decoder = new StringDecoder(encoding);
  state.decoder = decoder;
  state.encoding = decoder.encoding;
  const chunks = chunksOf(state);
  let text = "";
  for (let at = 0; at < chunks.length; at++) text += decoder.write(chunks[at]);
  clearChunks(state);
  if (text !== "") ArrayPrototypePush(state.buffer, text);
  state.length = text.length;
  return this;
};

/** The next power of two: reading so much at once is expected again. */
function raisedHighWaterMark(count) {
  if (count > 0x40000000) throw outOfRange("size", "<= 1GiB", count);
  return count <= 1 ? count : 2 ** (32 - MathClz32(count - 1));
}

/** How much of what is there read(count) takes. */
function readableCount(count, state) {
  if (count <= 0 || (state.length === 0 && state.ended)) return 0;
  if (state.objectMode) return 1;
  if (NumberIsNaN(count)) {
    return state.flowing && state.length > 0 ? state.buffer[state.bufferIndex].length : state.length;
  }
  if (count <= state.length) return count;
  return state.ended ? state.length : 0;
}

prototype.read = function (size) {
  let wanted = size;
  if (wanted === undefined) wanted = NaN;
  else if (!NumberIsInteger(wanted)) wanted = NumberParseInt(wanted, 10);
  const state = this._readableState;
  if (wanted > state.highWaterMark) state.highWaterMark = raisedHighWaterMark(wanted);
  if (wanted !== 0) state.emittedReadable = false;

  // read(0) that finds enough, or the end, says so and asks for no more.
  const isEnough = state.ended || (state.highWaterMark !== 0 ? state.length >= state.highWaterMark : state.length > 0);
  if (wanted === 0 && state.needReadable && isEnough) {
    if (state.length === 0 && state.ended) endReadable(this);
    else emitReadable(this);
    return null;
  }
  let count = readableCount(wanted, state);
  if (count === 0 && state.ended) {
    if (state.length === 0) endReadable(this);
    return null;
  }

  const isLow = state.needReadable || state.length === 0 || state.length - count < state.highWaterMark;
  if (isLow && !state.ended && !state.reading && !state.destroyed && !state.errored && state.constructed) {
    state.reading = true;
    state.sync = true;
    if (state.length === 0) state.needReadable = true;
    try {
      this._read(state.highWaterMark);
    } catch (error) {
      errorOrDestroy(this, error);
    }
    state.sync = false;
    // It may have come at once.
    if (!state.reading) count = readableCount(wanted, state);
  }

  const chunk = count > 0 ? takeChunks(state, count) : null;
  if (chunk === null) {
    if (state.length <= state.highWaterMark) state.needReadable = true;
    count = 0;
  } else {
    state.length -= count;
    forgetWaiting(state);
  }
  if (state.length === 0) {
    if (!state.ended) state.needReadable = true;
    if (wanted !== count && state.ended) endReadable(this);
  }
  if (chunk !== null && !state.errorEmitted && !state.closeEmitted) {
    state.dataEmitted = true;
    this.emit("data", chunk);
  }
  return chunk;
};

function endOfInput(stream, state) {
  if (state.ended) return;
  const rest = state.decoder?.end();
  if (rest?.length) {
    ArrayPrototypePush(state.buffer, rest);
    state.length += state.objectMode ? 1 : rest.length;
  }
  state.ended = true;
  if (state.sync) {
    emitReadable(stream);
  } else {
    state.needReadable = false;
    state.emittedReadable = true;
    emitReadableNow(stream);
  }
}

function emitReadable(stream) {
  const state = stream._readableState;
  state.needReadable = false;
  if (state.emittedReadable) return;
  state.emittedReadable = true;
  nextTick(emitReadableNow, stream);
}

function emitReadableNow(stream) {
  const state = stream._readableState;
  if (!state.destroyed && !state.errored && (state.length > 0 || state.ended)) {
    stream.emit("readable");
    state.emittedReadable = false;
  }
  if (!state.flowing && !state.ended && state.length <= state.highWaterMark) state.needReadable = true;
  flow(stream);
}

/** Reads ahead up to the high water mark, in a tick of its own. */
function maybeReadMore(stream, state) {
  if (state.readingMore || state.reading || !state.constructed) return;
  state.readingMore = true;
  nextTick(readMore, stream, state);
}

function readMore(stream, state) {
  while (!state.reading && !state.ended && (state.length < state.highWaterMark || (state.flowing && state.length === 0))) {
    const before = state.length;
    stream.read(0);
    if (before === state.length) break;
  }
  state.readingMore = false;
}

prototype._read = function () {
  throw notImplemented("_read()");
};
prototype.pipe = pipe;
prototype.unpipe = unpipe;

prototype.on = function (name, listener) {
  const result = FunctionPrototypeCall(base.on, this, name, listener);
  const state = this._readableState;
  if (name === "data") {
    state.dataListening = true;
    if (this.listenerCount("readable") > 0) state.readableListening = true;
    if (state.flowing !== false) this.resume();
  } else if (name === "readable" && !state.endEmitted && !state.readableListening) {
    state.readableListening = state.needReadable = true;
    state.flowing = state.emittedReadable = false;
    if (state.length > 0) emitReadable(this);
    else if (!state.reading) nextTick(readNothing, this);
  }
  return result;
};
prototype.addListener = prototype.on;

function readNothing(stream) {
  stream.read(0);
}

prototype.removeListener = function (name, listener) {
  const result = FunctionPrototypeCall(base.removeListener, this, name, listener);
  if (name === "readable") nextTick(updateListening, this);
  else if (name === "data" && this.listenerCount("data") === 0) this._readableState.dataListening = false;
  return result;
};
prototype.off = prototype.removeListener;

prototype.removeAllListeners = function (name) {
  const result = ReflectApply(base.removeAllListeners, this, arguments);
  if (name === "readable" || name === undefined) nextTick(updateListening, this);
  return result;
};

function updateListening(stream) {
  const state = stream._readableState;
  state.readableListening = stream.listenerCount("readable") > 0;
  if (state.resumeScheduled && state[kPaused] === false) state.flowing = true;
  else if (state.dataListening) stream.resume();
  else if (!state.readableListening) state.flowing = null;
}

prototype.resume = function () {
  const state = this._readableState;
  if (!state.flowing) {
    // Who listens to 'readable' reads by itself.
    state.flowing = !state.readableListening;
    if (!state.resumeScheduled) {
      state.resumeScheduled = true;
      nextTick(resumeNow, this, state);
    }
  }
  state[kPaused] = false;
  return this;
};

function resumeNow(stream, state) {
  if (!state.reading) stream.read(0);
  state.resumeScheduled = false;
  stream.emit("resume");
  flow(stream);
  if (state.flowing && !state.reading) stream.read(0);
}

prototype.pause = function () {
  const state = this._readableState;
  if (state.flowing !== false) {
    state.flowing = false;
    this.emit("pause");
  }
  state[kPaused] = true;
  return this;
};

function flow(stream) {
  const state = stream._readableState;
  while (state.flowing && stream.read() !== null);
}

function endReadable(stream) {
  const state = stream._readableState;
  if (state.endEmitted) return;
  state.ended = true;
  nextTick(endNow, state, stream);
}

function endNow(state, stream) {
  if (state.errored || state.closeEmitted || state.endEmitted || state.length > 0) return;
  state.endEmitted = true;
  stream.emit("end");
  if (stream.writable && stream.allowHalfOpen === false) {
    nextTick(endOtherSide, stream);
  } else if (state.autoDestroy) {
    const other = stream._writableState;
    if (!other || (other.autoDestroy && (other.finished || other.writable === false))) stream.destroy();
  }
}

function endOtherSide(stream) {
  if (stream.writable && !stream.writableEnded && !stream.destroyed) stream.end();
}

/** A getter of one of the state's values; `otherwise`: what there is without a state. */
function stateGetter(name, otherwise) {
  return {
    __proto__: null,
    /** @this {any} */
    get() {
      return this._readableState ? this._readableState[name] : otherwise;
    },
  };
}

ObjectDefineProperties(prototype, {
  readable: {
    __proto__: null,
    /** @this {any} */
    get() {
      const state = this._readableState;
      return !!state && state.readable !== false && !state.destroyed && !state.errorEmitted && !state.endEmitted;
    },
    /** @this {any} */
    set(value) {
      if (this._readableState) this._readableState.readable = !!value;
    },
  },
  readableAborted: {
    __proto__: null,
    /** @this {any} */
    get() {
      const state = this._readableState;
      return !!(state.readable !== false && (state.destroyed || state.errored) && !state.endEmitted);
    },
  },
  readableFlowing: {
    __proto__: null,
    /** @this {any} */
    get() {
      return this._readableState.flowing;
    },
    /** @this {any} */
    set(value) {
      if (this._readableState) this._readableState.flowing = value;
    },
  },
  destroyed: {
    __proto__: null,
    /** @this {any} */
    get() {
      return this._readableState ? this._readableState.destroyed : false;
    },
    /** @this {any} */
    set(value) {
      if (this._readableState) this._readableState.destroyed = value;
    },
  },
  readableDidRead: stateGetter("dataEmitted", undefined),
  readableHighWaterMark: stateGetter("highWaterMark", undefined),
  readableBuffer: stateGetter("buffer", undefined),
  readableLength: stateGetter("length", undefined),
  readableObjectMode: stateGetter("objectMode", false),
  readableEncoding: stateGetter("encoding", null),
  errored: stateGetter("errored", null),
  closed: stateGetter("closed", false),
  readableEnded: stateGetter("endEmitted", false),
});

Readable._fromList = (count, state) => takeChunks(state, count);
