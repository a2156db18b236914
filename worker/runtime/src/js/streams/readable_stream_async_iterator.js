// Asynchronous iteration of ReadableStream (https://streams.spec.whatwg.org/#rs-asynciterator), by Web IDL's asynchronous
// iterator objects (https://webidl.spec.whatwg.org/#js-asynchronous-iterable).

import { primordials } from "../primordials.js";
import { illegalInvocation, isObject } from "../webidl.js";
import { adoption, Deferred, kFulfilled, promiseRejectedWith, promiseResolvedWith, thenOf } from "./promises.js";
import { ReadableStreamDefaultControllerTakeChunk } from "./readable/default_controller_operations.js";
import {
  ReadableStreamDefaultReaderRead, ReadableStreamDefaultReaderRelease, ReadableStreamReaderGenericCancel,
} from "./readable/reader_operations.js";
import { AcquireReadableStreamDefaultReader } from "./readable/stream_operations.js";
import { seal } from "./sealed_class.js";
import { YoungSlot } from "./young_slot.js";

const {
  AsyncIteratorPrototype, ObjectDefineProperty, ObjectSetPrototypeOf, PromisePrototypeThen, SymbolToStringTag,
} = primordials;

let slotsOf;

/** The base gives each object its private field, whatever its prototype. */
class Holder {
  constructor(object) {
    return object;
  }
}

class Slots extends Holder {
  #slots;

  constructor(object, slots) {
    super(object);
    this.#slots = slots;
  }

  static {
    slotsOf = (value) => (isObject(value) && #slots in value ? value.#slots : undefined);
  }
}

/** A call of next() that reads: its promise is the one that reacts to "get the next iteration result". */
class Call extends Deferred {
  constructor(iterator) {
    super();
    this.iterator = iterator;
    /** There is a reaction to "get the next iteration result". */
    this.isReacting = false;
    /** What it will do, if that was settled before. */
    this.reaction = undefined;
  }

  finish(value, done) {
    this.iterator.isOngoing = false;
    if (done) this.iterator.isFinished = true;
    this.resolve({ value, done });
  }

  fail(e) {
    this.iterator.isOngoing = false;
    this.iterator.isFinished = true;
    this.reject(e);
  }

  read(reader) {
    ReadableStreamDefaultReaderRead(reader, this);
    this.react();
  }

  react() {
    this.isReacting = true;
    if (this.reaction !== undefined) PromisePrototypeThen(kFulfilled, this.reaction);
  }

  // "Get the next iteration result" is settled. A pull that gave the chunk comes before the reaction to it.
  settled(reaction) {
    if (this.isReacting) PromisePrototypeThen(kFulfilled, reaction);
    else this.reaction = reaction;
  }

  // As the read request.

  chunkSteps(chunk) {
    const adopt = adoption(chunk);
    if (adopt === undefined) this.settled(() => this.finish(chunk, false));
    else this.adopt(adopt);
  }

  // "Resolve" with a chunk that is a thenable.
  adopt(adopt) {
    adopt((value) => this.settled(() => this.finish(value, false)), (reason) => this.settled(() => this.fail(reason)));
  }

  closeSteps() {
    this.iterator.release();
    this.settled(() => this.finish(undefined, true));
  }

  errorSteps(e) {
    this.iterator.release();
    this.settled(() => this.fail(e));
  }
}
seal(Call);

const kNone = { __proto__: null };

/** NANO: a call of next() whose chunk was in the queue; its promise is that of the reaction which gives the result. */
class QuickCall {
  constructor(iterator) {
    /** kNone unless it is under way. */
    this.chunk = kNone;
    /** The controller whose reaction to a pull is performed by the way. */
    this.pulled = undefined;
    this.onTurn = () => {
      const { chunk, pulled } = this;
      this.chunk = kNone;
      if (pulled !== undefined) {
        this.pulled = undefined;
        pulled.onPullFulfilled();
      }
      iterator.isOngoing = false;
      return { value: chunk, done: false };
    };
  }
}
seal(QuickCall);

class IteratorSlots {
  constructor(reader, preventCancel) {
    this.reader = reader;
    this.preventCancel = preventCancel;
    this.isFinished = false;
    /** Whether the last call's promise, which is in `slot`, is to be waited for. */
    this.isOngoing = false;
    this.slot = new YoungSlot();
    /** Made once: only one is under way at a time. */
    this.quickCall = new QuickCall(this);
  }

  // The commonest case by itself, so that all of it is inlined.
  next() {
    const { stream } = this.reader;
    if (!this.isOngoing && !this.isFinished && stream !== undefined && stream.state === "readable") {
      const { controller } = stream;
      if (!controller.isByte && controller.queue.length > 0 && this.quickCall.chunk === kNone) {
        return this.takeChunk(controller);
      }
    }
    return this.begin(this.isOngoing ? this.after(() => this.nextSteps()) : this.nextSteps());
  }

  begin(promise) {
    this.slot.set(promise);
    this.isOngoing = true;
    return promise;
  }

  return(value) {
    const promise = this.begin(
      this.isOngoing ? this.after(() => this.returnSteps(value)) : this.returnSteps(value),
    );
    return thenOf(promise, () => ({ value, done: true }), undefined);
  }

  /** What `steps`, which are for when the last call is over, will return a promise for. */
  after(steps) {
    const { promise, resolve, reject } = new Deferred();
    const proceed = () => {
      const next = steps();
      // "Resolve" with a promise takes a microtask to call its `then`.
      PromisePrototypeThen(kFulfilled, () => {
        thenOf(next, resolve, reject);
      });
    };
    thenOf(this.slot.get(), proceed, proceed);
    return promise;
  }

  // NANO: a call can come between the end of the stream and the reaction to that, which makes the iterator finished. The
  // standard asserts that none does.
  isOver() {
    return this.isFinished || this.reader.stream === undefined;
  }

  release() {
    if (this.reader.stream !== undefined) ReadableStreamDefaultReaderRelease(this.reader);
  }

  nextSteps() {
    if (this.isOver()) return promiseResolvedWith({ value: undefined, done: true });
    const call = new Call(this);
    call.read(this.reader);
    return call.promise;
  }

  takeChunk(controller) {
    const { quickCall } = this;
    const pulled = ReadableStreamDefaultControllerTakeChunk(controller, quickCall);
    const adopt = adoption(quickCall.chunk);
    if (adopt !== undefined) return this.adoptChunk(adopt, pulled ? controller : undefined);
    if (pulled) quickCall.pulled = controller;
    const promise = PromisePrototypeThen(kFulfilled, quickCall.onTurn);
    this.slot.set(promise);
    this.isOngoing = true;
    return promise;
  }

  // The chunk in the quick call is a thenable.
  adoptChunk(adopt, pulled) {
    this.quickCall.chunk = kNone;
    if (pulled !== undefined) PromisePrototypeThen(kFulfilled, pulled.onPullFulfilled);
    const call = new Call(this);
    call.adopt(adopt);
    call.react();
    return this.begin(call.promise);
  }

  returnSteps(value) {
    if (this.isOver()) return promiseResolvedWith({ value, done: true });
    this.isFinished = true;
    const { reader } = this;
    if (this.preventCancel) {
      ReadableStreamDefaultReaderRelease(reader);
      return promiseResolvedWith(undefined);
    }
    const result = ReadableStreamReaderGenericCancel(reader, value).get();
    this.release();
    return result;
  }
}
seal(IteratorSlots);

const prototype = {
  __proto__: AsyncIteratorPrototype,

  next() {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStream AsyncIterator"));
    return slots.next();
  },

  return(value) {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStream AsyncIterator"));
    return slots.return(value);
  },
};
ObjectDefineProperty(prototype, SymbolToStringTag, {
  __proto__: null, value: "ReadableStream AsyncIterator", writable: false, enumerable: false, configurable: true,
});

/** The asynchronous iterator of a stream's slots. Throws when it is locked. */
export function createReadableStreamAsyncIterator(stream, preventCancel) {
  const iterator = ObjectSetPrototypeOf({}, prototype);
  new Slots(iterator, new IteratorSlots(AcquireReadableStreamDefaultReader(stream), preventCancel));
  return iterator;
}
