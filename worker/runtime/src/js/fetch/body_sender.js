// A body that comes in chunks, on its way to the supervisor: a response's, for the client, or that of a fetch.
// A chunk is pulled when there is room for it on the wire, so the receiver's pace is the app's: back-pressure reaches `pull`
// and `ready`. What does not fit is kept, one chunk at most, and counts in the gauge of buffered bytes.

import { primordials } from "../primordials.js";
import { Account, chargeAfterAll, releaseAllBut } from "../streams/budget.js";
import { seal } from "../streams/sealed_class.js";
import { byteRange, copyBytes, isChunk, uponChunk } from "./body_source.js";

const { TypedArrayPrototypeGetByteLength } = primordials;

export class BodySender {
  #id;
  #source;
  #wire;
  #onOver;
  #account = new Account();
  /** What of the last chunk was not sent yet, or null. */
  #rest = null;
  #isOver = false;

  /**
   * `wire`: `{ chunk(id, bytes), end(id), fail(id, error) }`; `chunk` answers as ops.responseChunk does. `onOver(id)` is
   * called once: at the end, after a failure, or when it was cancelled.
   */
  constructor(id, source, wire, onOver) {
    this.#id = id;
    this.#source = source;
    this.#wire = wire;
    this.#onOver = onOver;
  }

  /** Sends until the source has nothing or there is no room. Called again when there is room. */
  pump() {
    try {
      if (this.#rest !== null && !this.#sendRest()) return;
      while (!this.#isOver) {
        const chunk = this.#source.pull();
        if (chunk === null) {
          this.#end();
        } else if (!isChunk(chunk)) {
          uponChunk(chunk, (given) => this.#resume(given), (error) => this.#fail(error));
          return;
        } else if (!this.#send(chunk)) {
          return;
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The body is not wanted any more. */
  cancel(reason) {
    if (this.#isOver) return;
    this.#finish();
    this.#source.cancel(reason);
  }

  #resume(chunk) {
    if (this.#isOver) return;
    if (chunk === null) this.#end();
    else if (this.#send(chunk)) this.pump();
  }

  // False when there is no more room.
  #send(chunk) {
    const length = TypedArrayPrototypeGetByteLength(chunk);
    if (length === 0) return true;
    const balance = this.#wire.chunk(this.#id, chunk);
    if (balance < 0) {
      const rest = byteRange(chunk, length + balance, length);
      // The app may change its chunk when it is asked for the next one.
      this.#rest = this.#source.isAliased ? copyBytes(rest) : rest;
      chargeAfterAll(this.#account, -balance);
    }
    return balance > 0;
  }

  #sendRest() {
    const length = TypedArrayPrototypeGetByteLength(this.#rest);
    const balance = this.#wire.chunk(this.#id, this.#rest);
    this.#rest = balance < 0 ? byteRange(this.#rest, length + balance, length) : null;
    releaseAllBut(this.#account, balance < 0 ? -balance : 0);
    return balance > 0;
  }

  #end() {
    this.#finish();
    this.#wire.end(this.#id);
  }

  // A stream that gave something else than bytes is not errored by that, so it has to be told.
  #fail(error) {
    if (this.#isOver) return;
    this.#finish();
    this.#wire.fail(this.#id, error);
    this.#source.cancel(error);
  }

  #finish() {
    this.#isOver = true;
    this.#rest = null;
    releaseAllBut(this.#account, 0);
    this.#onOver(this.#id);
  }
}
seal(BodySender);
