// Asynchronous iteration of ReadableStream (https://streams.spec.whatwg.org/#rs-asynciterator), by Web IDL's asynchronous
// iterator objects (https://webidl.spec.whatwg.org/#js-asynchronous-iterable).

import { primordials } from "../primordials.js";
import { illegalInvocation, isObject } from "../webidl.js";
import { LazyPromise } from "./lazy_promise.js";
import { Deferred, kFulfilled, promiseRejectedWith } from "./promises.js";
import { ReadableStreamDefaultControllerTakeChunk } from "./readable/default_controller_operations.js";
import {
  ReadableStreamDefaultReaderRead, ReadableStreamDefaultReaderRelease, ReadableStreamReaderGenericCancel,
} from "./readable/reader_operations.js";
import { AcquireReadableStreamDefaultReader } from "./readable/stream_operations.js";
import { seal } from "./sealed_class.js";

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

/** A call of next() or return(): its promise, and who waits for that. */
class Call extends Deferred {
  constructor(iterator, value) {
    super();
    this.iterator = iterator;
    /** The argument of return(), or the chunk that next() got. */
    this.value = value;
    /** A LazyPromise that settles before the promise does; made when another call waits for it. */
    this.twin = undefined;
  }

  // Called before the promise is settled.
  over() {
    const { iterator, twin } = this;
    if (iterator.ongoing === this) iterator.ongoing = undefined;
    if (twin !== undefined) twin.resolve();
  }

  finish(done) {
    this.over();
    this.resolve({ value: this.value, done });
  }

  fail(e) {
    this.over();
    this.reject(e);
  }

  // As the read request of next(). Each result waits for the reaction to "get the next iteration result".

  chunkSteps(chunk) {
    this.value = chunk;
    PromisePrototypeThen(kFulfilled, () => this.finish(false));
  }

  closeSteps() {
    const { iterator } = this;
    ReadableStreamDefaultReaderRelease(iterator.reader);
    PromisePrototypeThen(kFulfilled, () => {
      iterator.isFinished = true;
      this.finish(true);
    });
  }

  errorSteps(e) {
    const { iterator } = this;
    ReadableStreamDefaultReaderRelease(iterator.reader);
    PromisePrototypeThen(kFulfilled, () => {
      iterator.isFinished = true;
      this.fail(e);
    });
  }
}

/** NANO: a call of next() whose chunk was in the queue; its promise is that of the reaction which gives the result. */
class QuickCall {
  constructor(iterator) {
    this.chunk = undefined;
    /** As in Call. */
    this.twin = undefined;
    /** The controller whose reaction to a pull is performed by the way. */
    this.pulled = undefined;
    this.onTurn = () => {
      const { chunk, pulled, twin } = this;
      this.chunk = undefined;
      if (pulled !== undefined) {
        this.pulled = undefined;
        pulled.onPullFulfilled();
      }
      if (iterator.ongoing === this) iterator.ongoing = undefined;
      if (twin !== undefined) {
        this.twin = undefined;
        twin.resolve();
      }
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
    /** The last Call or QuickCall, unless its promise is settled. */
    this.ongoing = undefined;
    /** Made once: only one is under way at a time. */
    this.quickCall = new QuickCall(this);
  }

  next() {
    if (this.ongoing === undefined && !this.isFinished) {
      const { controller, state } = this.reader.stream;
      if (state === "readable" && !controller.isByte && controller.queue.length > 0) return this.nextFromQueue(controller);
    }
    const call = new Call(this, undefined);
    const before = this.begin(call);
    if (before === undefined) this.nextSteps(call);
    else before.react(() => this.nextSteps(call), undefined);
    return call.promise;
  }

  nextFromQueue(controller) {
    const { quickCall } = this;
    this.ongoing = quickCall;
    if (ReadableStreamDefaultControllerTakeChunk(controller, quickCall)) quickCall.pulled = controller;
    return PromisePrototypeThen(kFulfilled, quickCall.onTurn);
  }

  return(value) {
    const call = new Call(this, value);
    const before = this.begin(call);
    if (before === undefined) this.returnSteps(call);
    else before.react(() => this.returnSteps(call), undefined);
    return call.promise;
  }

  // What the call has to wait for: a LazyPromise that is never rejected, or undefined.
  begin(call) {
    const before = this.ongoing;
    this.ongoing = call;
    if (before === undefined) return undefined;
    before.twin ??= new LazyPromise();
    return before.twin;
  }

  nextSteps(call) {
    if (this.isFinished) call.finish(true);
    else ReadableStreamDefaultReaderRead(this.reader, call);
  }

  returnSteps(call) {
    if (this.isFinished) {
      call.finish(true);
      return;
    }
    this.isFinished = true;
    const { reader } = this;
    if (this.preventCancel) {
      ReadableStreamDefaultReaderRelease(reader);
      PromisePrototypeThen(kFulfilled, () => call.finish(true));
      return;
    }
    const result = ReadableStreamReaderGenericCancel(reader, call.value);
    ReadableStreamDefaultReaderRelease(reader);
    result.react(() => call.finish(true), (reason) => call.fail(reason));
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
