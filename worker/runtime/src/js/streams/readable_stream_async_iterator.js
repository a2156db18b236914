// Asynchronous iteration of ReadableStream (https://streams.spec.whatwg.org/#rs-asynciterator), by Web IDL's asynchronous
// iterator objects (https://webidl.spec.whatwg.org/#js-asynchronous-iterable).

import { primordials } from "../primordials.js";
import { illegalInvocation, isObject } from "../webidl.js";
import { LazyPromise } from "./lazy_promise.js";
import { Deferred, kFulfilled, promiseRejectedWith, uponPromise } from "./promises.js";
import {
  ReadableStreamDefaultReaderRead, ReadableStreamDefaultReaderRelease, ReadableStreamReaderGenericCancel,
} from "./readable/reader_operations.js";
import { AcquireReadableStreamDefaultReader } from "./readable/stream_operations.js";
import { seal } from "./sealed_class.js";

const { AsyncIteratorPrototype, ObjectDefineProperty, ObjectSetPrototypeOf, SymbolToStringTag } = primordials;

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

class IteratorSlots {
  constructor(reader, preventCancel) {
    this.reader = reader;
    this.preventCancel = preventCancel;
    this.isFinished = false;
    /** A LazyPromise that settles with the promise that was returned last; undefined when that is settled. */
    this.ongoing = undefined;
  }

  // Runs `steps` now, or once the promise returned last is settled. `steps` returns nothing, and calls `settled` when
  // the deferred it was given is settled.
  enqueue(steps) {
    const deferred = new Deferred();
    const twin = new LazyPromise();
    const settled = () => {
      if (this.ongoing === twin) this.ongoing = undefined;
      twin.resolve();
    };
    const before = this.ongoing;
    this.ongoing = twin;
    if (before === undefined) steps(deferred, settled);
    else before.react(() => steps(deferred, settled), undefined);
    return deferred.promise;
  }

  next(deferred, settled) {
    if (this.isFinished) {
      settled();
      deferred.resolve({ value: undefined, done: true });
      return;
    }
    ReadableStreamDefaultReaderRead(this.reader, new NextRequest(this, deferred, settled));
  }

  return(deferred, settled, value) {
    if (this.isFinished) {
      settled();
      deferred.resolve({ value, done: true });
      return;
    }
    this.isFinished = true;
    const { reader } = this;
    const fulfilled = () => {
      settled();
      deferred.resolve({ value, done: true });
    };
    if (this.preventCancel) {
      ReadableStreamDefaultReaderRelease(reader);
      uponPromise(kFulfilled, fulfilled, undefined);
      return;
    }
    const result = ReadableStreamReaderGenericCancel(reader, value);
    ReadableStreamDefaultReaderRelease(reader);
    result.react(fulfilled, (reason) => {
      settled();
      deferred.reject(reason);
    });
  }
}
seal(IteratorSlots);

/** The read request of next(). */
class NextRequest {
  constructor(iterator, deferred, settled) {
    this.iterator = iterator;
    this.deferred = deferred;
    this.settled = settled;
  }

  chunkSteps(chunk) {
    this.react(() => this.deferred.resolve({ value: chunk, done: false }));
  }

  closeSteps() {
    ReadableStreamDefaultReaderRelease(this.iterator.reader);
    this.react(() => {
      this.iterator.isFinished = true;
      this.deferred.resolve({ value: undefined, done: true });
    });
  }

  errorSteps(e) {
    ReadableStreamDefaultReaderRelease(this.iterator.reader);
    this.react(() => {
      this.iterator.isFinished = true;
      this.deferred.reject(e);
    });
  }

  // The reaction to the promise of "get the next iteration result".
  react(steps) {
    uponPromise(kFulfilled, () => {
      this.settled();
      steps();
    }, undefined);
  }
}
seal(NextRequest);

const prototype = {
  __proto__: AsyncIteratorPrototype,

  next() {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStream AsyncIterator"));
    return slots.enqueue((deferred, settled) => slots.next(deferred, settled));
  },

  return(value) {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStream AsyncIterator"));
    return slots.enqueue((deferred, settled) => slots.return(deferred, settled, value));
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
