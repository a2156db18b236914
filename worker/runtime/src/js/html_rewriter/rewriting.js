// A document on its way through a rewriter: a source (fetch/body_source.js) that reads another one. It goes on when it is asked
// for more, so the reader's pace is that of the document and of the handlers.
//
// The native part (../../ops/html_rewriter.rs) says what is to be done until a piece of the document is read. While a handler's
// promise is awaited, or more of the document, what came out before goes to the reader.

import { isChunk, byteRange, uponChunk } from "../fetch/body_source.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { Deferred, kFulfilled, uponValue } from "../streams/promises.js";
import { seal } from "../streams/sealed_class.js";
import { isObject } from "../webidl.js";
import { callInContext } from "../worker/request_context.js";
import { openContent } from "./content.js";
import { createToken, Scope } from "./tokens.js";

const { ArrayPrototypePop, ArrayPrototypePush, PromisePrototypeThen, PromiseReject, TypedArrayPrototypeGetByteLength } = primordials;

// The codes of the native part: what is to be done, in the low four bits. From 1 to 6 it is a handler, with a token of that kind.
const DONE = 0;
const END_TAG = 2;
const CONTENT = 7;
const DRAIN = 8;

/** From so many bytes of output on, it is taken. As large is a piece of a content. ops/html_rewriter/rewriting.rs has the same number. */
const PIECE = 65536;

// What is next.
const READ = 0;
const RESUME = 1;
const WRITE_CONTENT = 2;
const OVER = 3;

// What is waited for.
const NOTHING = 0;
/** Microtasks that a handler has queued come before the next one. */
const A_MICROTASK = 1;
const A_PROMISE = 2;

export class Rewriting {
  isAliased = false;
  #id;
  #registrations = [];
  /** In which the handlers are called: that of transform(). */
  #context = ops.getAsyncContext();
  #input = null;
  #inputEnded = false;
  #chunk = null;
  #position = 0;
  #next = READ;
  #waitsFor = NOTHING;
  /** Counts what was waited for. */
  #waits = 0;
  #runs = false;
  /** The output is to be taken before it goes on. */
  #full = false;
  /** Of a reader that waits, or null. */
  #reader = null;
  /** Of the handler that was called last, or null. */
  #scope = null;
  /** The content that is being written, or null: `{ source, html, chunk, position }`. */
  #content = null;
  /** Contents and handlers of end tags that the native part knows by their places here; and places that are free. */
  #numbered = [];
  #free = [];
  /** What was left of the output when it was over. */
  #rest = null;
  #failed = false;
  #error;

  /** Throws where the encoding is not known. `registrations`: selectors and what HTMLRewriter has beside them, in turn. */
  constructor(encoding, registrations) {
    const native = [];
    for (let i = 0; i < registrations.length; i += 2) {
      const { functions } = registrations[i + 1];
      let kinds = 0;
      for (let bit = 0; bit < 4; bit++) if (functions[bit] !== undefined) kinds |= 1 << bit;
      ArrayPrototypePush(native, registrations[i], kinds);
      ArrayPrototypePush(this.#registrations, registrations[i + 1]);
    }
    this.#id = ops.rewriterOpen(this, encoding, native);
  }

  /** The source of the document. */
  begin(input) {
    this.#input = input;
  }

  pull() {
    if (this.#waitsFor === NOTHING && !this.#runs) this.#run();
    if (this.#waitsFor !== A_MICROTASK && !this.#runs) {
      const output = this.#takeOutput();
      if (output !== null) return output;
      if (this.#next === OVER) return this.#failed ? PromiseReject(this.#error) : null;
    }
    this.#reader = new Deferred();
    return this.#reader.promise;
  }

  cancel(reason) {
    if (this.#next === OVER) return undefined;
    this.#end();
    return this.#cancelSources(reason);
  }

  /** Keeps `entry` for the native part, and returns its number. */
  number(entry) {
    const number = this.#free.length > 0 ? ArrayPrototypePop(this.#free) : this.#numbered.length;
    this.#numbered[number] = entry;
    return number;
  }

  #run() {
    this.#runs = true;
    try {
      while (this.#waitsFor === NOTHING && this.#next !== OVER && !this.#full) this.#step();
    } catch (error) {
      this.#fail(error);
    }
    this.#runs = false;
  }

  // A function of its own: V8 looks whether the app's time is up when one is entered.
  #step() {
    if (this.#next === RESUME) this.#follow(ops.rewriterResume(this.#id));
    else if (this.#next === WRITE_CONTENT) this.#writeContent();
    else if (this.#chunk !== null) this.#follow(ops.rewriterWrite(this.#id, this.#chunk, this.#position));
    else if (this.#inputEnded) this.#follow(ops.rewriterEnd(this.#id));
    else this.#take(this.#input.pull(), (chunk) => this.#read(chunk));
  }

  #read(chunk) {
    if (chunk === null) {
      this.#inputEnded = true;
    } else if (TypedArrayPrototypeGetByteLength(chunk) > 0) {
      this.#chunk = chunk;
      this.#position = 0;
    }
  }

  #follow(code) {
    const number = code >>> 4;
    const kind = code & 15;
    this.#next = RESUME;
    if (kind === DONE) {
      this.#next = READ;
      if (this.#chunk === null) {
        this.#end();
        return;
      }
      this.#position += number;
      if (this.#position >= TypedArrayPrototypeGetByteLength(this.#chunk)) this.#chunk = null;
      this.#forgetReleased();
    } else if (kind === CONTENT) {
      const { value, html } = this.#numbered[number];
      this.#numbered[number] = null;
      this.#next = WRITE_CONTENT;
      this.#content = { __proto__: null, source: openContent(value), html, chunk: null, position: 0 };
    } else if (kind === DRAIN) {
      this.#full = true;
    } else if (kind === END_TAG) {
      const handler = this.#numbered[number];
      this.#numbered[number] = null;
      this.#call(kind, handler, undefined);
    } else {
      const { receiver, functions } = this.#registrations[number >>> 2];
      this.#call(kind, functions[number & 3], receiver);
    }
  }

  #call(kind, handler, receiver) {
    const scope = new Scope(this.#id, this);
    this.#scope = scope;
    const result = callInContext(this.#context, handler, receiver, [createToken(kind, scope)]);
    if (this.#next === OVER) return;
    const done = () => {
      scope.end();
      this.#goOn();
    };
    if (isObject(result)) {
      this.#await();
      uponValue(result, () => this.#next !== OVER && done(), (error) => this.#failLater(error));
    } else {
      this.#waitsFor = A_MICROTASK;
      PromisePrototypeThen(kFulfilled, () => this.#next !== OVER && done());
    }
  }

  /** A chunk of a source, or null, or a promise of either. */
  #take(chunk, take) {
    if (chunk === null || isChunk(chunk)) {
      take(chunk);
      return;
    }
    this.#waitsFor = A_PROMISE;
    uponChunk(chunk, (given) => {
      if (this.#next === OVER) return;
      take(given);
      this.#goOn();
    }, (error) => this.#failLater(error));
  }

  #writeContent() {
    const content = this.#content;
    if (content.chunk === null) {
      this.#take(content.source.pull(), (chunk) => {
        content.chunk = chunk;
        content.position = 0;
        if (chunk !== null) return;
        this.#content = null;
        this.#next = RESUME;
      });
      return;
    }
    const length = TypedArrayPrototypeGetByteLength(content.chunk);
    const end = content.position + PIECE < length ? content.position + PIECE : length;
    if (ops.rewriterFeed(this.#id, byteRange(content.chunk, content.position, end), content.html) >= PIECE) this.#full = true;
    if (end === length) content.chunk = null;
    else content.position = end;
  }

  /** A handler's promise is awaited. One that is fulfilled already is no reason to give away what little came out. */
  #await() {
    this.#waitsFor = A_PROMISE;
    if (this.#reader === null) return;
    const wait = ++this.#waits;
    PromisePrototypeThen(kFulfilled, () => {
      PromisePrototypeThen(kFulfilled, () => {
        if (this.#waits === wait && this.#waitsFor === A_PROMISE) this.#answer();
      });
    });
  }

  #goOn() {
    this.#waits++;
    this.#waitsFor = NOTHING;
    // Without a reader, the next one has it go on.
    if (this.#reader === null) return;
    const waits = this.#waits;
    this.#run();
    // A handler's promise has the reader answered later.
    if (this.#waitsFor !== A_MICROTASK && this.#waits === waits) this.#answer();
  }

  #answer() {
    const reader = this.#reader;
    if (reader === null) return;
    const output = this.#takeOutput();
    if (output === null && this.#next !== OVER) return;
    this.#reader = null;
    if (output !== null) reader.resolve(output);
    else if (this.#failed) reader.reject(this.#error);
    else reader.resolve(null);
  }

  /** What came out, or null. */
  #takeOutput() {
    this.#full = false;
    if (this.#next === OVER) {
      const rest = this.#rest;
      this.#rest = null;
      return rest;
    }
    try {
      return ops.rewriterOutput(this.#id);
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  #forgetReleased() {
    if (this.#numbered.length === this.#free.length) return;
    const released = ops.rewriterReleased(this.#id);
    for (let i = 0; i < released.length; i++) {
      this.#numbered[released[i]] = null;
      ArrayPrototypePush(this.#free, released[i]);
    }
  }

  #failLater(error) {
    if (this.#next === OVER) return;
    this.#fail(error);
    this.#answer();
  }

  #fail(error) {
    if (this.#next === OVER) return;
    this.#failed = true;
    this.#error = error;
    this.#end();
    this.#cancelSources(error);
  }

  #cancelSources(reason) {
    const content = this.#content;
    this.#content = null;
    if (content !== null) content.source.cancel(reason);
    return this.#inputEnded ? undefined : this.#input.cancel(reason);
  }

  #end() {
    try {
      this.#rest = ops.rewriterOutput(this.#id);
    } catch (error) {
      // There is no memory for it; what is missing shall not look like the end.
      if (!this.#failed) this.#error = error;
      this.#failed = true;
    }
    this.#next = OVER;
    this.#waitsFor = NOTHING;
    if (this.#scope !== null) this.#scope.end();
    ops.rewriterClose(this.#id);
    this.#chunk = null;
    this.#numbered = [];
    this.#free = [];
  }
}
seal(Rewriting);
