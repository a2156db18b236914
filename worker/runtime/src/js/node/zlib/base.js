// The streams of node:zlib (nodejs.org/api/zlib.html#class-zlibzlibbase): a Transform around a coder, which works in turns of its own.

import { queueTask } from "../../html/timers.js";
import { primordials } from "../../primordials.js";
import { allocUnsafe, FastBuffer } from "../buffer/create.js";
import { moduleExports as buffer } from "../buffer.js";
import { outOfRange, plainError, rangeError } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { validateFiniteNumber } from "../internal/validators.js";
import { eos } from "../stream/finished.js";
import { Transform } from "../stream/transform.js";
import { constants } from "./constants.js";

const { ArrayPrototypePush, FunctionPrototypeCall, MathMin, ObjectDefineProperties, ObjectSetPrototypeOf, Symbol, TypedArrayPrototypeSubarray } = primordials;

const { Buffer, kMaxLength } = buffer;
const { concat } = Buffer;

/** As much input is taken in one turn: what packs well would put out nothing for long. */
const kTurn = 1 << 20;

/** Of a buffer that is written for a flush: which one. */
const kFlushFlag = Symbol("kFlushFlag");
const kError = Symbol("kError");

/** From the one that puts out least to the one that ends. */
const strength = { __proto__: null };
const flags = [
  constants.Z_NO_FLUSH, constants.Z_BLOCK, constants.Z_PARTIAL_FLUSH, constants.Z_SYNC_FLUSH, constants.Z_FULL_FLUSH, constants.Z_FINISH,
];
for (let at = 0; at < flags.length; at++) strength[flags[at]] = at;

/** A number among others, or what there is without it. */
export function rangedOption(value, name, least, most, otherwise) {
  if (!validateFiniteNumber(value, name)) return otherwise;
  if (value < least || value > most) throw outOfRange(name, `>= ${least} and <= ${most}`, value);
  return value;
}

/**
 * `defaults`: `flush`, `finishFlush` and `fullFlush`, and the most that those may be.
 * @type {any}
 */
export const ZlibBase = function (given, mode, handle, defaults) {
  let options = given;
  let chunkSize = constants.Z_DEFAULT_CHUNK;
  if (options) {
    if (validateFiniteNumber(options.chunkSize, "options.chunkSize")) ({ chunkSize } = options);
    if (chunkSize < constants.Z_MIN_CHUNK) throw outOfRange("options.chunkSize", `>= ${constants.Z_MIN_CHUNK}`, chunkSize);
    if (options.encoding || options.objectMode || options.writableObjectMode) {
      options = { ...options, encoding: null, objectMode: false, writableObjectMode: false };
    }
  }
  const flush = rangedOption(options?.flush, "options.flush", 0, defaults.most, defaults.flush);
  const finishFlush = rangedOption(options?.finishFlush, "options.finishFlush", 0, defaults.most, defaults.finishFlush);
  const maxOutputLength = rangedOption(options?.maxOutputLength, "options.maxOutputLength", 1, kMaxLength, kMaxLength);
  FunctionPrototypeCall(Transform, this, { autoDestroy: true, ...options });
  this[kError] = null;
  this.bytesWritten = 0;
  this._handle = handle;
  this._outBuffer = allocUnsafe(chunkSize);
  this._outOffset = 0;
  this._chunkSize = chunkSize;
  this._defaultFlushFlag = flush;
  this._finishFlushFlag = finishFlush;
  this._defaultFullFlushFlag = defaults.fullFlush;
  this._info = options?.info;
  this._maxOutputLength = maxOutputLength;
  this._rejectGarbageAfterEnd = options?.rejectGarbageAfterEnd === true;
};
ObjectSetPrototypeOf(ZlibBase.prototype, Transform.prototype);
ObjectSetPrototypeOf(ZlibBase, Transform);

const { prototype } = ZlibBase;

ObjectDefineProperties(prototype, {
  _closed: {
    __proto__: null,
    configurable: true,
    enumerable: true,
    /** @this {any} */
    get() {
      return !this._handle;
    },
  },
  bytesRead: {
    __proto__: null,
    configurable: true,
    enumerable: true,
    /** @this {any} */
    get() {
      return this.bytesWritten;
    },
    /** @this {any} */
    set(value) {
      this.bytesWritten = value;
    },
  },
});

prototype.reset = function () {
  if (!this._handle) throw plainError("ERR_INTERNAL_ASSERTION", "zlib binding closed");
  this._handle.reset();
};

prototype._flush = function (callback) {
  this._transform(new FastBuffer(), "", callback);
};

prototype._final = function (callback) {
  callback();
};

function flushBuffer(flag) {
  /** @type {any} */
  const marker = new FastBuffer();
  marker[kFlushFlag] = flag;
  return marker;
}

prototype.flush = function (givenKind = undefined, givenCallback = undefined) {
  const isDefault = typeof givenKind === "function" || (givenKind === undefined && !givenCallback);
  const callback = isDefault ? givenKind : givenCallback;
  const kind = isDefault ? this._defaultFullFlushFlag : givenKind;
  if (this.writableFinished) {
    if (callback) nextTick(callback);
  } else if (this.writableEnded) {
    if (callback) this.once("end", callback);
  } else {
    this.write(flushBuffer(kind), "", callback);
  }
};

prototype.close = function (callback = undefined) {
  if (callback) eos(this, callback);
  this.destroy();
};

prototype._destroy = function (error, callback) {
  closeHandle(this);
  callback(error);
};

function closeHandle(stream) {
  stream._handle?.close();
  stream._handle = null;
}

prototype._transform = function (chunk, encoding, callback) {
  let flag = typeof chunk[kFlushFlag] === "number" ? chunk[kFlushFlag] : this._defaultFlushFlag;
  // With the last chunk comes the end.
  if (this.writableEnded && this.writableLength === chunk.byteLength) {
    if (this._handle?.isBrotli) flag = this._finishFlushFlag;
    else if (strength[this._finishFlushFlag] > strength[flag]) flag = this._finishFlushFlag;
  }
  processChunk(this, chunk, flag, callback);
};

prototype._processChunk = function (chunk, flag, callback = undefined) {
  if (typeof callback !== "function") return processSync(this, chunk, flag);
  return processChunk(this, chunk, flag, callback);
};

function processChunk(stream, chunk, flag, callback) {
  if (!stream._handle) return void nextTick(callback);
  later(stream, { chunk, flag, callback, at: 0, left: chunk.byteLength });
}

/** A step in a turn of its own: others have theirs between. */
function later(stream, job) {
  try {
    queueTask(() => step(stream, job));
  } catch (error) {
    stream.destroy(error);
  }
}

/** A new buffer to write into, where there is no room in the present one. */
function makeRoom(stream) {
  if (stream._outOffset < stream._chunkSize) return;
  stream._outBuffer = allocUnsafe(stream._chunkSize);
  stream._outOffset = 0;
}

/** What a step put out. */
function takeOutput(stream, before, after) {
  if (after === before) return undefined;
  const start = stream._outOffset;
  stream._outOffset += before - after;
  return TypedArrayPrototypeSubarray(stream._outBuffer, start, stream._outOffset);
}

function fail(stream, error) {
  stream[kError] = error;
  stream.destroy(error);
}

function step(stream, job) {
  const handle = stream._handle;
  if (stream.destroyed || !handle) return void job.callback();
  const room = stream._chunkSize - stream._outOffset;
  const length = MathMin(job.left, kTurn);
  const isWhole = length === job.left;
  try {
    handle.write(isWhole ? job.flag : 0, job.chunk, job.at, length, stream._outBuffer, stream._outOffset, room);
  } catch (error) {
    return void fail(stream, error);
  }
  const { outputLeft } = handle;
  const inputLeft = job.left - length + handle.inputLeft;
  stream.bytesWritten += job.left - inputLeft;
  const output = takeOutput(stream, room, outputLeft);
  const isFull = output !== undefined && !stream.push(output);
  if (stream.destroyed) return void job.callback();
  makeRoom(stream);
  if (outputLeft === 0 || (!isWhole && handle.inputLeft === 0)) {
    job.at += job.left - inputLeft;
    job.left = inputLeft;
    if (isFull) readLater(stream, job);
    else later(stream, job);
    return;
  }
  if (inputLeft > 0) {
    if (stream._rejectGarbageAfterEnd) {
      const error = plainError("ERR_TRAILING_JUNK_AFTER_STREAM_END", "Trailing junk found after the end of the compressed stream");
      stream.destroy(error);
      return void job.callback(error);
    }
    // What is behind the end of the data is not looked at.
    stream.push(null);
  }
  job.callback();
}

/** Goes on when the stream is read. */
function readLater(stream, job) {
  const read = stream._read;
  stream._read = (size) => {
    stream._read = read;
    later(stream, job);
    stream._read(size);
  };
}

function tooLarge(most) {
  return rangeError("ERR_BUFFER_TOO_LARGE", `Cannot create a Buffer larger than ${most} bytes`);
}

function processSync(stream, chunk, flag) {
  const pieces = [];
  let length = 0;
  let at = 0;
  let left = chunk.byteLength;
  const handle = stream._handle;
  if (!handle) throw plainError("ERR_INTERNAL_ASSERTION", "zlib binding closed");
  for (;;) {
    const room = stream._chunkSize - stream._outOffset;
    try {
      handle.write(flag, chunk, at, left, stream._outBuffer, stream._outOffset, room);
    } catch (error) {
      closeHandle(stream);
      throw error;
    }
    const { inputLeft, outputLeft } = handle;
    const output = takeOutput(stream, room, outputLeft);
    if (output !== undefined) {
      ArrayPrototypePush(pieces, output);
      length += room - outputLeft;
    }
    if (length > stream._maxOutputLength) {
      closeHandle(stream);
      throw tooLarge(stream._maxOutputLength);
    }
    makeRoom(stream);
    at += left - inputLeft;
    left = inputLeft;
    if (outputLeft > 0) break;
  }
  stream.bytesWritten = at;
  closeHandle(stream);
  if (length === 0) return new FastBuffer();
  return pieces.length === 1 ? pieces[0] : concat(pieces, length);
}

/** All of an input at once: `zlib.gzipSync()`. */
export function codeSync(stream, input) {
  const output = processSync(stream, input, stream._finishFlushFlag);
  return stream._info ? { buffer: output, engine: stream } : output;
}

/** The same in turns of its own: `zlib.gzip()`. */
export function code(stream, input, callback) {
  const pieces = [];
  let length = 0;
  stream.on("data", (piece) => {
    ArrayPrototypePush(pieces, piece);
    length += piece.length;
    if (length <= stream._maxOutputLength) return;
    stream.close();
    stream.removeAllListeners("end");
    callback(tooLarge(stream._maxOutputLength));
  });
  stream.on("error", (error) => {
    stream.removeAllListeners("end");
    callback(error);
  });
  stream.on("end", () => {
    const output = pieces.length === 1 ? pieces[0] : concat(pieces, length);
    stream.close();
    callback(null, stream._info ? { buffer: output, engine: stream } : output);
  });
  stream.end(input);
}
