// Working with writable streams (https://streams.spec.whatwg.org/#ws-abstract-ops). Streams, writers and controllers are
// slot records (slots.js); the standard's assertions are left out.

import { primordials } from "../../primordials.js";
import { CAUSE_ABORT } from "../budget.js";
import { LazyPromise } from "../lazy_promise.js";
import { WritableStreamCloseQueuedOrInFlight, WritableStreamStartErroring } from "./controller_interface.js";
import {
  SetUpWritableStreamDefaultController, WritableStreamDefaultControllerClose, WritableStreamDefaultControllerSignalAbort,
} from "./controller_operations.js";
import {
  PendingAbortRequest, WritableStreamDefaultControllerSlots, WritableStreamDefaultWriterSlots, WritableStreamSlots,
} from "./slots.js";

const { TypeError } = primordials;

/** The error of whatever needs a stream that is not locked. */
export function lockedError() {
  return new TypeError("WritableStream is locked");
}

export function AcquireWritableStreamDefaultWriter(stream) {
  const writer = new WritableStreamDefaultWriterSlots();
  SetUpWritableStreamDefaultWriter(writer, stream);
  return writer;
}

/**
 * The algorithms are methods of `sink`, undefined where they do nothing: see promiseOfAlgorithm. It must also have a
 * method overflowed(error), which is called when a chunk was refused because of the buffer limit.
 */
export function CreateWritableStream(
  sink, startAlgorithm, writeAlgorithm, closeAlgorithm, abortAlgorithm, highWaterMark, sizeAlgorithm,
) {
  const stream = new WritableStreamSlots();
  const controller = new WritableStreamDefaultControllerSlots(stream);
  SetUpWritableStreamDefaultController(
    stream, controller, sink, true, startAlgorithm, writeAlgorithm, closeAlgorithm, abortAlgorithm, highWaterMark,
    sizeAlgorithm,
  );
  return stream;
}

// InitializeWritableStream is the constructor of WritableStreamSlots.

export function IsWritableStreamLocked(stream) {
  return stream.writer !== undefined;
}

export function SetUpWritableStreamDefaultWriter(writer, stream) {
  if (IsWritableStreamLocked(stream)) throw lockedError();
  writer.stream = stream;
  stream.writer = writer;
  const { readyPromise, closedPromise } = writer;
  switch (stream.state) {
    case "writable":
      if (WritableStreamCloseQueuedOrInFlight(stream) || !stream.backpressure) readyPromise.resolve();
      break;
    case "erroring":
      readyPromise.ensureRejected(stream.storedError);
      break;
    case "closed":
      readyPromise.resolve();
      closedPromise.resolve();
      break;
    default:
      readyPromise.ensureRejected(stream.storedError);
      closedPromise.ensureRejected(stream.storedError);
  }
}

/** Returns a LazyPromise. */
export function WritableStreamAbort(stream, reason) {
  if (stream.state === "closed" || stream.state === "errored") return LazyPromise.resolved();
  WritableStreamDefaultControllerSignalAbort(stream.controller, reason);
  // Listeners of the signal have run.
  const { state } = stream;
  if (state === "closed" || state === "errored") return LazyPromise.resolved();
  if (stream.pendingAbortRequest !== undefined) return stream.pendingAbortRequest.promise;
  const wasAlreadyErroring = state === "erroring";
  if (wasAlreadyErroring) reason = undefined;
  const promise = new LazyPromise();
  stream.pendingAbortRequest = new PendingAbortRequest(promise, reason, wasAlreadyErroring);
  if (!wasAlreadyErroring) WritableStreamStartErroring(stream, reason, CAUSE_ABORT);
  return promise;
}

/** Returns a LazyPromise. */
export function WritableStreamClose(stream) {
  const { state } = stream;
  if (state === "closed" || state === "errored") {
    return LazyPromise.rejected(new TypeError(`Cannot close a stream that is ${state}`));
  }
  const promise = new LazyPromise();
  stream.closeRequest = promise;
  const { writer } = stream;
  if (writer !== undefined && stream.backpressure && state === "writable") writer.readyPromise.resolve();
  WritableStreamDefaultControllerClose(stream.controller);
  return promise;
}
