// Where bodies come from piece by piece, and how that becomes a stream and the other way round. collect.js makes one
// piece of it again.
//
// A source is `{ pull() → Uint8Array | null | Promise of either, cancel(reason), isAliased }`. It is asked for one chunk
// at a time; null is the end. Its promises are its reader's alone. Chunks of an aliased source are in others' hands as
// well: code that keeps or gives away one copies it.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { CAUSE_ABORT, CAUSE_SINK, countErrored } from "../streams/budget.js";
import { LazyPromise } from "../streams/lazy_promise.js";
import { Deferred } from "../streams/promises.js";
import {
  ReadableByteStreamControllerClose, ReadableByteStreamControllerEnqueue, ReadableByteStreamControllerError,
  ReadableByteStreamControllerRespond,
} from "../streams/readable/byte_controller_operations.js";
import { ReadableStreamClose } from "../streams/readable/controller_interface.js";
import { ReadableStreamDefaultReaderRead, ReadableStreamReaderGenericCancel } from "../streams/readable/reader_operations.js";
import { AcquireReadableStreamDefaultReader, CreateReadableByteStream } from "../streams/readable/stream_operations.js";
import { seal } from "../streams/sealed_class.js";
import { viewBuffer } from "../webidl.js";

const {
  ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset, MathMin, ObjectDefineProperty, PromisePrototypeThen, PromiseReject, TypeError,
  TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeSet, Uint8Array,
} = primordials;

/** How a whole body is cut where it has to be a stream. */
const chunkLength = 65536;

export function isChunk(value) {
  return TypedArrayPrototypeGetSymbolToStringTag(value) === "Uint8Array";
}

/** "Get a copy of the bytes" of an ArrayBuffer or a view; none of a detached one. */
export function copyBytes(source) {
  if (!ArrayBufferIsView(source)) return copyRange(source, 0, ArrayBufferPrototypeGetByteLength(source));
  if (TypedArrayPrototypeGetSymbolToStringTag(source) !== undefined) {
    const offset = TypedArrayPrototypeGetByteOffset(source);
    return copyRange(TypedArrayPrototypeGetBuffer(source), offset, TypedArrayPrototypeGetByteLength(source));
  }
  try {
    return copyRange(viewBuffer(source), DataViewPrototypeGetByteOffset(source), DataViewPrototypeGetByteLength(source));
  } catch {
    // Detached, or out of the bounds of a buffer that shrank.
    return new Uint8Array(0);
  }
}

/** The bytes of a Uint8Array from `start` to `end`, not copied. Not its `subarray`, which tenants can patch. */
export function byteRange(bytes, start, end) {
  return new Uint8Array(TypedArrayPrototypeGetBuffer(bytes), TypedArrayPrototypeGetByteOffset(bytes) + start, end - start);
}

function copyRange(buffer, offset, length) {
  const copy = new Uint8Array(length);
  if (length > 0) TypedArrayPrototypeSet(copy, new Uint8Array(buffer, offset, length));
  return copy;
}

const noConstructor = { __proto__: null, value: undefined, writable: false, enumerable: false, configurable: false };

/** Waits for a source's promise. `then` would look at Promise.prototype.constructor, which tenants can patch. */
export function uponChunk(promise, onFulfilled, onRejected) {
  ObjectDefineProperty(promise, "constructor", noConstructor);
  PromisePrototypeThen(promise, onFulfilled, onRejected);
}

/** An incoming request's body. */
export class IncomingSource {
  constructor(id) {
    this.id = id;
    this.isAliased = false;
  }

  pull() {
    return ops.requestBodyRead(this.id);
  }

  // What is left of it is taken from the client, and dropped.
  cancel() {
    ops.requestBodyCancel(this.id);
  }
}
seal(IncomingSource);

/**
 * The body of the response to a fetch, which native code keeps as it comes. `key`: the request's number there;
 * `onOver`: called once when it was read to its end, failed or is not wanted, or null.
 */
export class FetchSource {
  constructor(key, onOver) {
    this.key = key;
    this.isAliased = false;
    this.onOver = onOver;
    this.aborted = false;
    this.reason = undefined;
    /** Internal slots of the stream that was made of it, or undefined. */
    this.stream = undefined;
  }

  pull() {
    if (this.aborted) return PromiseReject(this.reason);
    const result = ops.fetchBodyRead(this.key);
    if (this.onOver === null) return result;
    if (result === null) this.over();
    else if (!isChunk(result)) uponChunk(result, (chunk) => chunk === null && this.over(), () => this.over());
    return result;
  }

  cancel(reason) {
    this.aborted = true;
    this.reason = reason;
    ops.fetchAbort(this.key, reason);
    this.over();
  }

  /** Ends it for its reader, with `reason`. */
  abort(reason) {
    if (this.aborted) return;
    this.cancel(reason);
    const { stream } = this;
    if (stream !== undefined && stream.state === "readable") {
      ReadableByteStreamControllerError(stream.controller, reason, CAUSE_ABORT);
    }
  }

  over() {
    const { onOver } = this;
    this.onOver = null;
    if (onOver !== null) onOver();
  }
}
seal(FetchSource);

/** A string or bytes, in pieces. The bytes are copied. */
export class WholeSource {
  #position = 0;

  constructor(content) {
    this.bytes = typeof content === "string" ? ops.utf8Encode(content) : content;
    this.isAliased = false;
  }

  pull() {
    const { bytes } = this;
    const length = MathMin(TypedArrayPrototypeGetByteLength(bytes) - this.#position, chunkLength);
    if (length === 0) return null;
    const offset = TypedArrayPrototypeGetByteOffset(bytes) + this.#position;
    this.#position += length;
    return copyRange(TypedArrayPrototypeGetBuffer(bytes), offset, length);
  }

  cancel() {}
}
seal(WholeSource);

/**
 * What a body's stream may not give.
 * @returns {any}
 */
function refuseChunk() {
  // The stream is none the worse, but its body is.
  countErrored(CAUSE_SINK);
  return new TypeError("A stream that is a body must give Uint8Arrays only");
}

/**
 * What a ReadableStream gives; locks it. Takes its internal slots. `convert(value)`: a Uint8Array of what is none, or the error that
 * it is.
 */
export class StreamSource {
  #reader;
  #convert;

  constructor(stream, convert = refuseChunk) {
    this.#convert = convert;
    this.#reader = AcquireReadableStreamDefaultReader(stream);
    stream.disturbed = true;
    this.isAliased = true;
  }

  pull() {
    const request = new ChunkRequest(this.#convert);
    ReadableStreamDefaultReaderRead(this.#reader, request);
    return request.take();
  }

  cancel(reason) {
    return ReadableStreamReaderGenericCancel(this.#reader, reason);
  }
}
seal(StreamSource);

// A read request whose outcome may be there at once.
class ChunkRequest {
  #chunk;
  #deferred;
  #convert;

  constructor(convert) {
    this.#convert = convert;
  }

  chunkSteps(value) {
    const chunk = isChunk(value) ? value : this.#convert(value);
    if (chunk !== value && !isChunk(chunk)) {
      this.errorSteps(chunk);
    } else if (this.#deferred === undefined) {
      this.#chunk = chunk;
    } else {
      this.#deferred.resolve(chunk);
    }
  }

  closeSteps() {
    if (this.#deferred === undefined) this.#chunk = null;
    else this.#deferred.resolve(null);
  }

  errorSteps(error) {
    if (this.#deferred === undefined) this.#chunk = PromiseReject(error);
    else this.#deferred.reject(error);
  }

  take() {
    if (this.#chunk !== undefined) return this.#chunk;
    this.#deferred = new Deferred();
    return this.#deferred.promise;
  }
}
seal(ChunkRequest);

// The underlying source of the byte stream that a source becomes.
class SourceStream {
  constructor(source) {
    this.source = source;
    this.stream = CreateReadableByteStream(this, undefined, this.pull, this.cancel);
  }

  pull() {
    const result = this.source.pull();
    if (result === null || isChunk(result)) {
      this.deliver(result);
      return undefined;
    }
    const pulled = new LazyPromise();
    uponChunk(result, (chunk) => {
      this.deliver(chunk);
      pulled.resolve();
    }, (error) => {
      ReadableByteStreamControllerError(this.stream.controller, error, CAUSE_SINK);
      pulled.resolve();
    });
    return pulled;
  }

  deliver(chunk) {
    const { controller } = this.stream;
    try {
      if (chunk !== null) {
        ReadableByteStreamControllerEnqueue(controller, this.source.isAliased ? copyBytes(chunk) : chunk);
        return;
      }
      ReadableByteStreamControllerClose(controller);
      if (controller.pendingPullIntos.length > 0) ReadableByteStreamControllerRespond(controller, 0);
    } catch (error) {
      ReadableByteStreamControllerError(controller, error, CAUSE_SINK);
    }
  }

  cancel(reason) {
    return this.source.cancel(reason);
  }
}
seal(SourceStream);

/** The internal slots of a byte stream that gives what `source` gives, when it is asked. */
export function streamFromSource(source) {
  const { stream } = new SourceStream(source);
  if (source instanceof FetchSource) source.stream = stream;
  return stream;
}

/**
 * The source of a stream that streamFromSource made, if nobody has it locked or has read from it; undefined otherwise. It
 * is the caller's then, and the stream is locked and disturbed. Whoever only wants the body need not take the stream's way.
 */
export function takeUntouchedSource(stream) {
  const source = untouchedSource(stream);
  if (source === undefined) return undefined;
  AcquireReadableStreamDefaultReader(stream);
  stream.disturbed = true;
  return source;
}

/** The source of such a stream; it stays as it is. */
function untouchedSource(stream) {
  const { controller } = stream;
  if (stream.state !== "readable" || stream.disturbed || stream.reader !== undefined || !controller.isByte) return undefined;
  const made = controller.source;
  return controller.sourceIsInternal && made instanceof SourceStream ? made.source : undefined;
}

/**
 * Whether a body, a source or the internal slots of a stream, is an incoming request's, untouched, which is not known yet
 * whether anything comes.
 */
export function mayBeEmpty(body) {
  const source = body instanceof IncomingSource ? body : untouchedSource(body);
  return source instanceof IncomingSource && ops.requestBodyLength(source.id) === -1;
}

/** How many bytes a source will give that was not read from; -1 where that is not known. */
export function sourceLength(source) {
  if (source instanceof IncomingSource) return ops.requestBodyLength(source.id);
  return source instanceof FetchSource ? ops.fetchBodyLength(source.key) : -1;
}

/** The internal slots of what a body's stream is like after the body was read: closed, disturbed, locked. */
export function usedStream() {
  const stream = CreateReadableByteStream({ __proto__: null }, undefined, undefined, undefined);
  ReadableStreamClose(stream);
  AcquireReadableStreamDefaultReader(stream);
  stream.disturbed = true;
  return stream;
}
