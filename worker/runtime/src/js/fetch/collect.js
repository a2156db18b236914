// A body that comes in chunks, read to its end. What is collected counts as one queue of a stream (streams/budget.js): an
// app that waits for a whole body holds as much of it as one that lets it pile up.

import { primordials } from "../primordials.js";
import {
  Account, CAUSE_OVERFLOW, charge, countErrored, guard, overflowError, releaseAllBut,
} from "../streams/budget.js";
import { byteRange, copyBytes, isChunk, uponChunk } from "./body_source.js";

const { MathMax, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeSet, Uint8Array } = primordials;

/** What the error says to those who expected `max_body_mb` to be the limit. */
const READ_WHOLE = ": a body that is read whole must fit max_buffer_size_mb; read it in chunks, or raise that";

/** Room that the second chunk makes, at least. */
const firstCapacity = 65536;

/**
 * Reads a source to its end, then calls one of the two. The bytes are nobody else's. NANO: beyond the buffer limit the
 * source is cancelled, and the error is the limit's; the standard knows no limit.
 */
export function readAll(source, onBytes, onError) {
  new Collector(source, onBytes, onError).run();
}

class Collector {
  #source;
  #onBytes;
  #onError;
  #account = new Account();
  /** The only chunk so far, or what all of them were copied to. */
  #bytes = null;
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
    if (!charge(this.#account, length)) {
      const error = overflowError(this.#account, length, READ_WHOLE);
      countErrored(CAUSE_OVERFLOW);
      this.#fail(error);
      this.#source.cancel(error);
      return false;
    }
    const total = this.#length + length;
    if (this.#bytes === null) {
      this.#bytes = this.#source.isAliased ? copyBytes(chunk) : chunk;
    } else {
      if (total > TypedArrayPrototypeGetByteLength(this.#bytes)) this.#grow(total);
      TypedArrayPrototypeSet(this.#bytes, chunk, this.#length);
    }
    this.#length = total;
    return true;
  }

  #grow(needed) {
    const grown = new Uint8Array(MathMax(needed, 2 * this.#length, firstCapacity));
    TypedArrayPrototypeSet(grown, this.#filled());
    this.#bytes = grown;
  }

  #filled() {
    return byteRange(this.#bytes, 0, this.#length);
  }

  #end() {
    let bytes = this.#bytes ?? new Uint8Array(0);
    if (TypedArrayPrototypeGetByteLength(bytes) > this.#length) bytes = copyBytes(this.#filled());
    this.#release();
    this.#onBytes(bytes);
  }

  #fail(error) {
    this.#release();
    this.#onError(error);
  }

  #release() {
    this.#bytes = null;
    releaseAllBut(this.#account, 0);
  }
}
