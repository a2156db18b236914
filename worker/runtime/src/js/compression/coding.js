// The transform of a CompressionStream or DecompressionStream
// (https://compression.spec.whatwg.org/#compression-stream, #decompression-stream): the algorithms that they have in
// common, around a native coder.
//
// NANO: the standard puts out all that comes of a chunk at once. Here it is pieces of 64 KiB, and while the readable side
// has enough, the next one waits: a few bytes that stand for gigabytes cost no more memory than any other chunk, and the
// write that they came with ends when the last piece was taken. The end of a stream, which is what the coder still holds,
// is put out at once.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { ViewByteLength, ViewByteOffset, ViewedArrayBuffer } from "../streams/array_buffers.js";
import { LazyPromise } from "../streams/lazy_promise.js";
import { createReadableStreamObject } from "../streams/readable_stream.js";
import { seal } from "../streams/sealed_class.js";
import {
  SetUpTransformStreamDefaultController, TransformStreamDefaultControllerEnqueue,
} from "../streams/transform/controller_operations.js";
import { TransformStreamDefaultControllerSlots, TransformStreamSlots } from "../streams/transform/slots.js";
import { InitializeTransformStream, uponBackpressureChange } from "../streams/transform/stream_operations.js";
import { createWritableStreamObject } from "../streams/writable_stream.js";
import { converters, createEnumConverter } from "../webidl.js";

const {
  ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, MathMin, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeSet,
  TypeError, Uint32Array, Uint8Array,
} = primordials;

// The most that one step of a coder takes in, and puts out; ops/compression.rs has the same number.
const PIECE = 65536;

// What a step reports, and its outcomes.
const result = new Uint32Array(3);
const CONSUMED = 0;
const FILLED = 1;
const OUTCOME = 2;
const END = 1;
const CORRUPT = 2;

// Coders are numbered from 0.
const UNOPENED = -1;
const CLOSED = -2;

const empty = new Uint8Array(0);

export const toCompressionFormat = createEnumConverter("CompressionFormat", ["brotli", "deflate", "deflate-raw", "gzip"]);

/** A TransformStream's [[readable]] and [[writable]], for a format that toCompressionFormat returned. */
export function createCodingTransform(format, decompress) {
  const stream = new TransformStreamSlots();
  const coding = new Coding(stream, format, decompress);
  // What "set up" a TransformStream says.
  InitializeTransformStream(stream, LazyPromise.resolved(), 1, null, 0, null);
  SetUpTransformStreamDefaultController(
    stream, new TransformStreamDefaultControllerSlots(stream), coding, true, coding.transform, coding.flush, coding.cancel,
  );
  return {
    __proto__: null,
    readable: createReadableStreamObject(stream.readable),
    writable: createWritableStreamObject(stream.writable),
  };
}

/** The transformer, and owner of the native coder. No tenant gets hold of it. */
class Coding {
  constructor(stream, format, decompress) {
    this.stream = stream;
    this.format = format;
    this.decompress = decompress;
    this.coder = UNOPENED;
    /** Whether the end of the compressed data was reached (of data to decompress; compressing, the stream ends with it). */
    this.ended = false;
    // The chunk that is being coded.
    this.input = undefined;
    this.position = 0;
    /** Whether `input` is a copy, which nothing else can change. */
    this.copied = false;
    /** A piece that waits for the readable side, and the LazyPromise of the write that waits with it. */
    this.piece = undefined;
    this.written = undefined;
  }

  /** "Compress and enqueue a chunk", "decompress and enqueue a chunk". */
  transform(chunk) {
    try {
      this.input = bytesOf(chunk, this.decompress);
      this.position = 0;
      this.copied = false;
      if (this.code(false)) return undefined;
    } catch (error) {
      this.close();
      throw error;
    }
    this.written = new LazyPromise();
    this.wait();
    return this.written;
  }

  /** "Compress flush and enqueue", "decompress flush and enqueue". */
  flush() {
    try {
      this.input = empty;
      this.position = 0;
      this.copied = true;
      this.code(true);
      if (this.decompress && !this.ended) throw new TypeError(`The ${this.format} data ends too early`);
    } finally {
      this.close();
    }
  }

  cancel() {
    this.close();
  }

  close() {
    const { coder } = this;
    this.coder = CLOSED;
    this.input = undefined;
    this.piece = undefined;
    if (coder >= 0) ops.coderClose(coder);
  }

  /**
   * Codes what is left of the input. False when it stopped before the end, because the readable side has enough for now;
   * not with `finish`.
   */
  code(finish) {
    if (this.ended) {
      this.refuseMore();
      return true;
    }
    for (;;) {
      const filled = this.fill(finish);
      const more = filled === PIECE || this.position < TypedArrayPrototypeGetByteLength(this.input);
      if (this.ended) {
        // The native state is of no more use.
        ops.coderClose(this.coder);
        this.coder = CLOSED;
      }
      if (filled > 0) {
        const piece = new Uint8Array(filled);
        ops.coderOutput(piece);
        if (!finish && this.stream.backpressure) {
          this.piece = piece;
          this.keepInput();
          return false;
        }
        // Code that waits for the piece may change the chunk before this returns.
        if (more) this.keepInput();
        TransformStreamDefaultControllerEnqueue(this.stream.controller, piece);
        if (this.coder === CLOSED && !this.ended) return true;
      }
      if (this.ended) {
        this.refuseMore();
        return true;
      }
      if (!more) return true;
    }
  }

  /** Steps until a piece is full, the input used up, or the end reached. Returns the bytes of the piece. */
  fill(finish) {
    if (this.coder === UNOPENED) this.coder = ops.coderOpen(this, this.format, this.decompress);
    const { input } = this;
    const length = TypedArrayPrototypeGetByteLength(input);
    const buffer = ViewedArrayBuffer(input);
    const offset = ViewByteOffset(input);
    let filled = 0;
    for (;;) {
      const part = new Uint8Array(buffer, offset + this.position, MathMin(PIECE, length - this.position));
      ops.coderStep(this.coder, part, filled, finish, result);
      const progress = result[CONSUMED] > 0 || result[FILLED] > filled;
      this.position += result[CONSUMED];
      filled = result[FILLED];
      if (result[OUTCOME] === END) {
        this.ended = true;
        return filled;
      }
      if (result[OUTCOME] === CORRUPT || (!progress && this.position < length)) {
        throw new TypeError(`The data is not valid ${this.format}`);
      }
      if (filled === PIECE || !progress || (this.position === length && !finish)) return filled;
    }
  }

  /** Goes on when the readable side wants more, or ends when it will not. */
  wait() {
    uponBackpressureChange(this.stream, () => this.resume());
  }

  resume() {
    const { stream, written } = this;
    const { writable } = stream;
    if (writable.state !== "writable") {
      this.close();
      // An abort waits for the write, and would report its failure as its own.
      if (writable.pendingAbortRequest !== undefined) written.resolve();
      else written.reject(writable.storedError);
      return;
    }
    if (stream.backpressure) {
      this.wait();
      return;
    }
    try {
      const { piece } = this;
      this.piece = undefined;
      TransformStreamDefaultControllerEnqueue(stream.controller, piece);
      if (!this.code(false)) {
        this.wait();
        return;
      }
    } catch (error) {
      this.close();
      written.reject(error);
      return;
    }
    written.resolve();
  }

  /** Copies what is left of a chunk that the tenant could change. */
  keepInput() {
    if (this.copied) return;
    const length = TypedArrayPrototypeGetByteLength(this.input) - this.position;
    const rest = new Uint8Array(length);
    TypedArrayPrototypeSet(
      rest, new Uint8Array(ViewedArrayBuffer(this.input), ViewByteOffset(this.input) + this.position, length),
    );
    this.input = rest;
    this.position = 0;
    this.copied = true;
  }

  refuseMore() {
    if (this.input !== undefined && this.position < TypedArrayPrototypeGetByteLength(this.input)) {
      throw new TypeError(`There is more data after the end of the ${this.format} data`);
    }
  }
}

seal(Coding);

/** A chunk as a Uint8Array over the same memory; a detached one is empty. */
function bytesOf(chunk, decompress) {
  const prefix = decompress ? "Failed to decompress" : "Failed to compress";
  converters.BufferSource(chunk, prefix, "The chunk");
  if (ArrayBufferIsView(chunk)) {
    const length = ViewByteLength(chunk);
    return length === 0 ? empty : new Uint8Array(ViewedArrayBuffer(chunk), ViewByteOffset(chunk), length);
  }
  return ArrayBufferPrototypeGetByteLength(chunk) === 0 ? empty : new Uint8Array(chunk);
}
