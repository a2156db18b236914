// A body that comes in chunks, read to its end. What is collected counts as one queue of a stream (streams/budget.js): an
// app that waits for a whole body holds as much of it as one that lets it pile up.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  Account, CAUSE_OVERFLOW, CAUSE_SINK, charge, countErrored, guard, overflowError, releaseAllBut,
} from "../streams/budget.js";
import { byteRange, copyBytes, isChunk, uponChunk } from "./body_source.js";

const {
  ArrayBufferPrototypeGetByteLength, ArrayBufferPrototypeTransfer, ArrayPrototypePush, MathMax, MathMin, MathRound, RangeError,
  TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeSet, Uint8Array,
} = primordials;

/** What the error says to those who expected `max_body_mb` to be the limit. */
const READ_WHOLE = ": a body that is read whole must fit max_buffer_size_mb; read it in chunks, or raise that";

// Small chunks are copied to segments, each as long as all before it but within these bounds; large ones, and the first,
// are segments.
const shortestSegment = 65536;
const longestSegment = 1048576;
const largeChunk = 16384;
/** From so many bytes on, the memory that is left is looked at before a chunk is kept, or something is made of a body. */
export const watchedFrom = 131072;

/**
 * Reads a source to its end, then calls one of the two. The bytes are the caller's alone. NANO: beyond the buffer limit, or
 * where the app's memory would not hold the body and a copy of it, the source is cancelled, and the error says so; the
 * standard knows no limit.
 */
export function readAll(source, onBytes, onError) {
  new Collector(source, onBytes, onError).run();
}

/** The error of a body of which so many bytes have no room in the app's memory, in the form that was asked for. */
export function outOfMemory(length) {
  const megabytes = MathRound(length / 104857.6) / 10;
  return new RangeError(
    `The app's memory (memory_mb) has no room for this body read whole (${megabytes} MB of it); read it in chunks, or raise that`,
  );
}

/** Gives back at once the memory of bytes that are not used any more. */
export function discard(bytes) {
  ArrayBufferPrototypeTransfer(TypedArrayPrototypeGetBuffer(bytes), 0);
}

class Collector {
  #source;
  #onBytes;
  #onError;
  #account = new Account();
  #segments = [];
  /** The last segment, while it is not full. */
  #open = null;
  #filled = 0;
  #length = 0;

  constructor(source, onBytes, onError) {
    this.#source = source;
    this.#onBytes = onBytes;
    this.#onError = onError;
  }

  run() {
    try {
      for (;;) {
        const chunk = this.#source.pull();
        if (chunk === null) return this.#end();
        if (!isChunk(chunk)) {
          guard(this, this.#account);
          return uponChunk(chunk, (given) => this.#resume(given), (error) => this.#fail(error));
        }
        if (!this.#take(chunk)) return undefined;
      }
    } catch (error) {
      return this.#fail(error);
    }
  }

  #resume(chunk) {
    try {
      if (chunk === null) this.#end();
      else if (this.#take(chunk)) this.run();
    } catch (error) {
      this.#fail(error);
    }
  }

  // False when it was one too many.
  #take(chunk) {
    const length = TypedArrayPrototypeGetByteLength(chunk);
    if (length === 0) return true;
    if (!charge(this.#account, length)) return this.#refuse(overflowError(this.#account, length, READ_WHOLE), CAUSE_OVERFLOW);
    const total = this.#length + length;
    if (total > watchedFrom && !ops.memoryAllows(total)) return this.#refuse(outOfMemory(total), CAUSE_SINK);
    this.#length = total;
    if (this.#open !== null && this.#filled + length <= TypedArrayPrototypeGetByteLength(this.#open)) {
      TypedArrayPrototypeSet(this.#open, chunk, this.#filled);
      this.#filled += length;
      return true;
    }
    this.#close();
    if (length >= largeChunk || this.#segments.length === 0) {
      ArrayPrototypePush(this.#segments, this.#source.isAliased ? copyBytes(chunk) : chunk);
      return true;
    }
    this.#open = new Uint8Array(MathMin(MathMax(this.#length, shortestSegment), longestSegment));
    TypedArrayPrototypeSet(this.#open, chunk);
    this.#filled = length;
    return true;
  }

  #refuse(error, cause) {
    countErrored(cause);
    this.#fail(error);
    this.#source.cancel(error);
    return false;
  }

  #close() {
    if (this.#open !== null) ArrayPrototypePush(this.#segments, byteRange(this.#open, 0, this.#filled));
    this.#open = null;
  }

  #end() {
    this.#close();
    const segments = this.#segments;
    let bytes;
    if (segments.length === 1 && ArrayBufferPrototypeGetByteLength(TypedArrayPrototypeGetBuffer(segments[0])) === this.#length) {
      bytes = segments[0];
      this.#segments = [];
    } else {
      bytes = new Uint8Array(this.#length);
      let position = 0;
      for (let i = 0; i < segments.length; i++) {
        TypedArrayPrototypeSet(bytes, segments[i], position);
        position += TypedArrayPrototypeGetByteLength(segments[i]);
      }
    }
    this.#release();
    this.#onBytes(bytes);
  }

  #fail(error) {
    this.#release();
    this.#onError(error);
  }

  #release() {
    for (let i = 0; i < this.#segments.length; i++) discard(this.#segments[i]);
    this.#segments = [];
    this.#open = null;
    releaseAllBut(this.#account, 0);
  }
}
