// ReadableStreamBYOBReader (https://streams.spec.whatwg.org/#byob-reader-class) with the generic reader mixin
// (#generic-reader-mixin).

import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, illegalInvocation, isObject, kInternal, requireArguments,
} from "../webidl.js";
import { IsDetachedBuffer, ViewByteLength, ViewedArrayBuffer, ViewElementSize } from "./array_buffers.js";
import { Deferred, promiseRejectedWith } from "./promises.js";
import {
  ReadableStreamBYOBReaderRead, ReadableStreamBYOBReaderRelease, ReadableStreamReaderGenericCancel, releasedError,
  SetUpReadableStreamBYOBReader,
} from "./readable/reader_operations.js";
import { ReadableStreamBYOBReaderSlots } from "./readable/slots.js";
import { readableStreamSlots } from "./readable_stream.js";

const { ArrayBufferPrototypeGetByteLength, MathFloor, RangeError, TypeError } = primordials;

/** The read-into request of read(). */
class PromiseReadIntoRequest extends Deferred {
  chunkSteps(chunk) {
    this.resolve({ value: chunk, done: false });
  }

  closeSteps(chunk) {
    this.resolve({ value: chunk, done: true });
  }

  errorSteps(e) {
    this.reject(e);
  }
}

const READ = "Failed to execute 'read' on 'ReadableStreamBYOBReader'";
const READ_AT_LEAST = "Failed to execute 'readAtLeast' on 'ReadableStreamBYOBReader'";

let slotsOf;

export class ReadableStreamBYOBReader {
  #slots;

  constructor(stream) {
    if (stream === kInternal) {
      this.#slots = arguments[1];
      return;
    }
    const prefix = "Failed to construct 'ReadableStreamBYOBReader'";
    requireArguments(arguments.length, 1, prefix);
    const streamSlots = readableStreamSlots(stream);
    if (streamSlots === undefined) throw conversionError(prefix, "Argument 1", "is not of type ReadableStream");
    this.#slots = new ReadableStreamBYOBReaderSlots();
    SetUpReadableStreamBYOBReader(this.#slots, streamSlots);
  }

  get closed() {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStreamBYOBReader"));
    return slots.closedPromise.get();
  }

  cancel(reason = undefined) {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStreamBYOBReader"));
    if (slots.stream === undefined) return promiseRejectedWith(releasedError());
    return ReadableStreamReaderGenericCancel(slots, reason).get();
  }

  read(view, options = undefined) {
    try {
      const slots = slotsOf(this);
      if (slots === undefined) throw illegalInvocation("ReadableStreamBYOBReader");
      requireArguments(arguments.length, 1, READ);
      converters.ArrayBufferView(view, READ, "Argument 1");
      return readInto(slots, view, convertMin(options));
    } catch (error) {
      return promiseRejectedWith(error);
    }
  }

  /** Of Workers, from before the standard's `read()` had `min`. */
  readAtLeast(minElements, view) {
    try {
      const slots = slotsOf(this);
      if (slots === undefined) throw illegalInvocation("ReadableStreamBYOBReader");
      requireArguments(arguments.length, 2, READ_AT_LEAST);
      const min = converters["unsigned long long"].enforceRange(minElements, READ_AT_LEAST, "Argument 1");
      converters.ArrayBufferView(view, READ_AT_LEAST, "Argument 2");
      checkView(view, min);
      return readInto(slots, view, orWhatIsLeft(slots, view, min));
    } catch (error) {
      return promiseRejectedWith(error);
    }
  }

  releaseLock() {
    if (!(#slots in this)) throw illegalInvocation("ReadableStreamBYOBReader");
    if (this.#slots.stream === undefined) return;
    ReadableStreamBYOBReaderRelease(this.#slots);
  }

  static {
    slotsOf = (value) => (isObject(value) && #slots in value ? value.#slots : undefined);
  }
}

configureInterface(ReadableStreamBYOBReader);

/** The object for internal slots that were made by AcquireReadableStreamBYOBReader. */
export function createReadableStreamBYOBReader(slots) {
  // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
  return new ReadableStreamBYOBReader(kInternal, slots);
}

/** `min`, or the elements that are left of a stream that is closed where these are fewer. The standard's read() fails then. */
function orWhatIsLeft(slots, view, min) {
  const controller = slots.stream?.controller;
  if (controller === undefined || !controller.closeRequested) return min;
  const left = MathFloor(controller.queueTotalSize / ViewElementSize(view));
  return left > 0 && left < min ? left : min;
}

/** The steps of read() from its checks of the view on. */
function readInto(slots, view, min) {
  checkView(view, min);
  if (slots.stream === undefined) throw releasedError();
  const readIntoRequest = new PromiseReadIntoRequest();
  ReadableStreamBYOBReaderRead(slots, view, min, readIntoRequest);
  return readIntoRequest.promise;
}

/** The one member of ReadableStreamBYOBReaderReadOptions. */
function convertMin(options) {
  if (options === undefined || options === null) return 1;
  if (!isObject(options)) {
    throw conversionError(READ, "Argument 2", "cannot be converted to a dictionary (ReadableStreamBYOBReaderReadOptions)");
  }
  const { min } = options;
  if (min === undefined) return 1;
  return converters["unsigned long long"].enforceRange(min, READ, "'min' of 'ReadableStreamBYOBReaderReadOptions'");
}

function checkView(view, min) {
  const buffer = ViewedArrayBuffer(view);
  if (IsDetachedBuffer(buffer)) throw new TypeError(`${READ}: the view's buffer is detached`);
  const byteLength = ViewByteLength(view);
  if (byteLength === 0) throw new TypeError(`${READ}: the view is empty`);
  if (ArrayBufferPrototypeGetByteLength(buffer) === 0) throw new TypeError(`${READ}: the view's buffer is empty`);
  if (min === 0) throw new TypeError(`${READ}: 'min' must be greater than 0`);
  if (min > byteLength / ViewElementSize(view)) throw new RangeError(`${READ}: 'min' is greater than the view`);
}
