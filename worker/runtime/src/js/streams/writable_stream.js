// WritableStream (https://streams.spec.whatwg.org/#ws-class).

import { primordials } from "../primordials.js";
import { configureInterface, conversionError, illegalInvocation, isObject, kInternal } from "../webidl.js";
import { promiseRejectedWith } from "./promises.js";
import { convertQueuingStrategy, ExtractHighWaterMark, ExtractSizeAlgorithm } from "./queuing_strategy.js";
import { WritableStreamCloseQueuedOrInFlight } from "./writable/controller_interface.js";
import { SetUpWritableStreamDefaultControllerFromUnderlyingSink } from "./writable/controller_operations.js";
import { WritableStreamSlots } from "./writable/slots.js";
import {
  AcquireWritableStreamDefaultWriter, IsWritableStreamLocked, lockedError, WritableStreamAbort, WritableStreamClose,
} from "./writable/stream_operations.js";
import { createWritableStreamDefaultWriter } from "./writable_stream_default_writer.js";

const { RangeError, TypeError } = primordials;

let slotsOf;

export class WritableStream {
  #slots;

  constructor(underlyingSink = undefined, strategy = undefined) {
    if (underlyingSink === kInternal) {
      this.#slots = strategy;
      return;
    }
    const prefix = "Failed to construct 'WritableStream'";
    if (underlyingSink !== undefined && !isObject(underlyingSink)) {
      throw conversionError(prefix, "Argument 1", "is not an object");
    }
    const strategyDict = convertQueuingStrategy(strategy, prefix, "Argument 2");
    const underlyingSinkDict = convertUnderlyingSink(underlyingSink, prefix);
    if (underlyingSinkDict.type !== undefined) {
      throw new RangeError(`${prefix}: a sink must not have a 'type' (there are no types yet)`);
    }
    this.#slots = new WritableStreamSlots();
    const sizeAlgorithm = ExtractSizeAlgorithm(strategyDict);
    const highWaterMark = ExtractHighWaterMark(strategyDict, 1);
    SetUpWritableStreamDefaultControllerFromUnderlyingSink(
      this.#slots, underlyingSink, underlyingSinkDict, highWaterMark, sizeAlgorithm,
    );
  }

  get locked() {
    if (!(#slots in this)) throw illegalInvocation("WritableStream");
    return IsWritableStreamLocked(this.#slots);
  }

  abort(reason = undefined) {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("WritableStream"));
    if (IsWritableStreamLocked(slots)) return promiseRejectedWith(lockedError());
    return WritableStreamAbort(slots, reason).get();
  }

  close() {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("WritableStream"));
    if (IsWritableStreamLocked(slots)) return promiseRejectedWith(lockedError());
    if (WritableStreamCloseQueuedOrInFlight(slots)) {
      return promiseRejectedWith(new TypeError("Cannot close a stream that is already closing"));
    }
    return WritableStreamClose(slots).get();
  }

  getWriter() {
    if (!(#slots in this)) throw illegalInvocation("WritableStream");
    return createWritableStreamDefaultWriter(AcquireWritableStreamDefaultWriter(this.#slots));
  }

  static {
    slotsOf = (value) => (isObject(value) && #slots in value ? value.#slots : undefined);
  }
}

configureInterface(WritableStream);

/** The internal slots of a WritableStream; undefined for anything else. */
export function writableStreamSlots(value) {
  return slotsOf(value);
}

/** The object for internal slots that were made by CreateWritableStream. */
export function createWritableStreamObject(slots) {
  return new WritableStream(kInternal, slots);
}

/** Converts to the dictionary UnderlyingSink: its members undefined where absent. */
function convertUnderlyingSink(sink, prefix) {
  const dictionary = {
    __proto__: null,
    abort: undefined,
    close: undefined,
    start: undefined,
    type: undefined,
    write: undefined,
  };
  if (sink === undefined) return dictionary;
  dictionary.abort = convertMethod(sink.abort, prefix, "abort");
  dictionary.close = convertMethod(sink.close, prefix, "close");
  dictionary.start = convertMethod(sink.start, prefix, "start");
  dictionary.type = sink.type;
  dictionary.write = convertMethod(sink.write, prefix, "write");
  return dictionary;
}

function convertMethod(method, prefix, name) {
  if (method === undefined || typeof method === "function") return method;
  throw conversionError(prefix, `'${name}' of 'UnderlyingSink'`, "is not a function");
}
