// Event streams (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation): bytes become events,
// however they are cut. What is kept of an event that is not complete, and of a line, counts as one queue of a stream
// (streams/budget.js).

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  Account, CAUSE_OVERFLOW, charge, countErrored, guard, overflowError, releaseAllBut,
} from "../streams/budget.js";

const {
  MathMax, MathMin, RegExpPrototypeExec, StringPrototypeIndexOf, StringPrototypeSlice, TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeSet, Uint8Array,
} = primordials;

const LF = 10;
const CR = 13;
const digits = /^[0-9]+$/;
/** The bytes of U+FEFF, which may stand before the first line. */
const mark = [0xef, 0xbb, 0xbf];
/** What a line of data takes beside its text: until the event is complete, V8 keeps it as four strings that refer to each other. */
const lineOverhead = 128;
/** The buffer of a line: at first, and the most that is kept for the next one. */
const smallest = 256;
const largest = 65536;

export class EventStream {
  /** What is to be read of the chunk that came last, and where that goes on. */
  #chunk = null;
  #position = 0;
  /** The line that is not complete, in the first bytes of a buffer. */
  #line = null;
  #length = 0;
  #afterCr = false;
  /** How many bytes of the mark came; -1 when that is decided. */
  #marked = 0;
  #data = "";
  /** What that costs. */
  #dataCost = 0;
  #type = "";
  #id;
  #lastId;
  #retry = -1;
  #account = new Account();

  /** `id`: the last event's of the connection before. */
  constructor(id) {
    this.#id = id;
    this.#lastId = id;
  }

  /** The id at the end of the last event, had it data or not: "last event ID string". */
  get lastId() {
    return this.#lastId;
  }

  /** The time that the stream has set since it was asked last, in milliseconds; -1 for none. */
  takeRetry() {
    const retry = this.#retry;
    this.#retry = -1;
    return retry;
  }

  /** Takes the next chunk; the one before must be used up. Its bytes are read until `takeEvent` gives null. */
  push(chunk) {
    this.#chunk = chunk;
    this.#position = 0;
  }

  /** The next event that is complete, `{ type, data, id }`; null when the chunk is used up. Throws beyond the buffer limit. */
  takeEvent() {
    const chunk = this.#chunk;
    if (chunk === null) return null;
    const length = TypedArrayPrototypeGetByteLength(chunk);
    while (this.#position < length) {
      if (this.#marked >= 0 && this.#skipsMark(chunk[this.#position])) continue;
      if (this.#afterCr) {
        this.#afterCr = false;
        if (chunk[this.#position] === LF) {
          this.#position++;
          continue;
        }
      }
      let end = this.#position;
      while (end < length && chunk[end] !== LF && chunk[end] !== CR) end++;
      this.#keep(chunk, this.#position, end);
      if (end === length) break;
      this.#afterCr = chunk[end] === CR;
      this.#position = end + 1;
      const event = this.#endLine();
      if (event !== null) return event;
    }
    this.#chunk = null;
    return null;
  }

  /** Nothing of it is needed any more. */
  discard() {
    this.#chunk = null;
    this.#line = null;
    this.#length = 0;
    this.#data = "";
    this.#dataCost = 0;
    releaseAllBut(this.#account, 0);
  }

  // Whether the byte was of the mark; one that was begun and is none belongs to the line.
  #skipsMark(byte) {
    if (byte === mark[this.#marked]) {
      this.#marked++;
      this.#position++;
      if (this.#marked === 3) this.#marked = -1;
      return true;
    }
    const begun = this.#marked;
    this.#marked = -1;
    if (begun > 0) this.#keep(mark, 0, begun);
    return false;
  }

  #charge(cost) {
    guard(this, this.#account);
    if (charge(this.#account, cost)) return;
    countErrored(CAUSE_OVERFLOW);
    const error = overflowError(this.#account, cost);
    this.discard();
    throw error;
  }

  #keep(bytes, start, end) {
    const added = end - start;
    if (added === 0) return;
    const needed = this.#length + added;
    const capacity = this.#line === null ? 0 : TypedArrayPrototypeGetByteLength(this.#line);
    if (needed > capacity) {
      // Twice as large, so that a long line in small pieces is not copied for each.
      const larger = MathMax(smallest, needed, MathMin(capacity * 2, needed + 1048576));
      this.#charge(larger - capacity);
      const line = new Uint8Array(larger);
      if (this.#length > 0) TypedArrayPrototypeSet(line, this.#line);
      this.#line = line;
    }
    for (let i = 0; i < added; i++) this.#line[this.#length + i] = bytes[start + i];
    this.#length = needed;
  }

  #endLine() {
    if (this.#length === 0) return this.#dispatch();
    const line = new Uint8Array(this.#length);
    for (let i = 0; i < this.#length; i++) line[i] = this.#line[i];
    const text = ops.decode(line, undefined, false, true);
    this.#length = 0;
    if (TypedArrayPrototypeGetByteLength(this.#line) > largest) {
      this.#line = null;
      releaseAllBut(this.#account, this.#dataCost);
    }
    const colon = StringPrototypeIndexOf(text, ":");
    if (colon === 0) return null;
    if (colon === -1) {
      this.#field(text, "");
    } else {
      const from = text[colon + 1] === " " ? colon + 2 : colon + 1;
      this.#field(StringPrototypeSlice(text, 0, colon), StringPrototypeSlice(text, from));
    }
    return null;
  }

  #field(name, value) {
    if (name === "data") {
      const cost = value.length * 2 + lineOverhead;
      this.#charge(cost);
      this.#dataCost += cost;
      this.#data += `${value}\n`;
    } else if (name === "event") {
      this.#type = value;
    } else if (name === "id") {
      if (StringPrototypeIndexOf(value, "\0") === -1) this.#id = value;
    } else if (name === "retry") {
      if (RegExpPrototypeExec(digits, value) !== null) this.#retry = +value;
    }
  }

  #dispatch() {
    const data = this.#data;
    const type = this.#type === "" ? "message" : this.#type;
    this.#data = "";
    this.#type = "";
    this.#dataCost = 0;
    this.#lastId = this.#id;
    releaseAllBut(this.#account, this.#line === null ? 0 : TypedArrayPrototypeGetByteLength(this.#line));
    if (data === "") return null;
    return { __proto__: null, type, data: StringPrototypeSlice(data, 0, -1), id: this.#id };
  }
}
