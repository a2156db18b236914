// WritableStreamDefaultWriter (https://streams.spec.whatwg.org/#default-writer-class).

import { primordials } from "../primordials.js";
import { configureInterface, conversionError, illegalInvocation, isObject, kInternal, requireArguments } from "../webidl.js";
import { promiseRejectedWith } from "./promises.js";
import { WritableStreamCloseQueuedOrInFlight } from "./writable/controller_interface.js";
import { WritableStreamDefaultWriterSlots } from "./writable/slots.js";
import { SetUpWritableStreamDefaultWriter } from "./writable/stream_operations.js";
import {
  releasedError, WritableStreamDefaultWriterAbort, WritableStreamDefaultWriterClose,
  WritableStreamDefaultWriterGetDesiredSize, WritableStreamDefaultWriterRelease, WritableStreamDefaultWriterWrite,
} from "./writable/writer_operations.js";
import { writableStreamSlots } from "./writable_stream.js";

const { TypeError } = primordials;

let slotsOf;

export class WritableStreamDefaultWriter {
  #slots;

  constructor(stream) {
    if (stream === kInternal) {
      this.#slots = arguments[1];
      return;
    }
    const prefix = "Failed to construct 'WritableStreamDefaultWriter'";
    requireArguments(arguments.length, 1, prefix);
    const streamSlots = writableStreamSlots(stream);
    if (streamSlots === undefined) throw conversionError(prefix, "Argument 1", "is not of type WritableStream");
    this.#slots = new WritableStreamDefaultWriterSlots();
    SetUpWritableStreamDefaultWriter(this.#slots, streamSlots);
  }

  get closed() {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("WritableStreamDefaultWriter"));
    return slots.closedPromise.get();
  }

  get desiredSize() {
    if (!(#slots in this)) throw illegalInvocation("WritableStreamDefaultWriter");
    if (this.#slots.stream === undefined) throw releasedError();
    return WritableStreamDefaultWriterGetDesiredSize(this.#slots);
  }

  get ready() {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("WritableStreamDefaultWriter"));
    return slots.readyPromise.get();
  }

  abort(reason = undefined) {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("WritableStreamDefaultWriter"));
    if (slots.stream === undefined) return promiseRejectedWith(releasedError());
    return WritableStreamDefaultWriterAbort(slots, reason).get();
  }

  close() {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("WritableStreamDefaultWriter"));
    if (slots.stream === undefined) return promiseRejectedWith(releasedError());
    if (WritableStreamCloseQueuedOrInFlight(slots.stream)) {
      return promiseRejectedWith(new TypeError("Cannot close a stream that is already closing"));
    }
    return WritableStreamDefaultWriterClose(slots).get();
  }

  releaseLock() {
    if (!(#slots in this)) throw illegalInvocation("WritableStreamDefaultWriter");
    if (this.#slots.stream === undefined) return;
    WritableStreamDefaultWriterRelease(this.#slots);
  }

  write(chunk = undefined) {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("WritableStreamDefaultWriter"));
    if (slots.stream === undefined) return promiseRejectedWith(releasedError());
    return WritableStreamDefaultWriterWrite(slots, chunk);
  }

  static {
    slotsOf = (value) => (isObject(value) && #slots in value ? value.#slots : undefined);
  }
}

configureInterface(WritableStreamDefaultWriter);

/** The object for internal slots that were made by AcquireWritableStreamDefaultWriter. */
export function createWritableStreamDefaultWriter(slots) {
  // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
  return new WritableStreamDefaultWriter(kInternal, slots);
}
