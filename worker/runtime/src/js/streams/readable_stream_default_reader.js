// ReadableStreamDefaultReader (https://streams.spec.whatwg.org/#default-reader-class) with the generic reader mixin
// (#generic-reader-mixin).

import { configureInterface, conversionError, illegalInvocation, isObject, kInternal, requireArguments } from "../webidl.js";
import { Deferred, promiseRejectedWith } from "./promises.js";
import {
  ReadableStreamDefaultReaderRead, ReadableStreamDefaultReaderRelease, ReadableStreamReaderGenericCancel, releasedError,
  SetUpReadableStreamDefaultReader,
} from "./readable/reader_operations.js";
import { ReadableStreamDefaultReaderSlots } from "./readable/slots.js";
import { readableStreamSlots } from "./readable_stream.js";

/** The read request of read(). */
class PromiseReadRequest extends Deferred {
  chunkSteps(chunk) {
    this.resolve({ value: chunk, done: false });
  }

  closeSteps() {
    this.resolve({ value: undefined, done: true });
  }

  errorSteps(e) {
    this.reject(e);
  }
}

let slotsOf;

export class ReadableStreamDefaultReader {
  #slots;

  constructor(stream) {
    if (stream === kInternal) {
      this.#slots = arguments[1];
      return;
    }
    const prefix = "Failed to construct 'ReadableStreamDefaultReader'";
    requireArguments(arguments.length, 1, prefix);
    const streamSlots = readableStreamSlots(stream);
    if (streamSlots === undefined) throw conversionError(prefix, "Argument 1", "is not of type ReadableStream");
    this.#slots = new ReadableStreamDefaultReaderSlots();
    SetUpReadableStreamDefaultReader(this.#slots, streamSlots);
  }

  get closed() {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStreamDefaultReader"));
    return slots.closedPromise.get();
  }

  cancel(reason = undefined) {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStreamDefaultReader"));
    if (slots.stream === undefined) return promiseRejectedWith(releasedError());
    return ReadableStreamReaderGenericCancel(slots, reason).get();
  }

  read() {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStreamDefaultReader"));
    if (slots.stream === undefined) return promiseRejectedWith(releasedError());
    const readRequest = new PromiseReadRequest();
    ReadableStreamDefaultReaderRead(slots, readRequest);
    return readRequest.promise;
  }

  releaseLock() {
    if (!(#slots in this)) throw illegalInvocation("ReadableStreamDefaultReader");
    if (this.#slots.stream === undefined) return;
    ReadableStreamDefaultReaderRelease(this.#slots);
  }

  static {
    slotsOf = (value) => (isObject(value) && #slots in value ? value.#slots : undefined);
  }
}

configureInterface(ReadableStreamDefaultReader);

/** The object for internal slots that were made by AcquireReadableStreamDefaultReader. */
export function createReadableStreamDefaultReader(slots) {
  // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
  return new ReadableStreamDefaultReader(kInternal, slots);
}
