// Writers (https://streams.spec.whatwg.org/#ws-writer-abstract-ops).

import { primordials } from "../../primordials.js";
import { CAUSE_OVERFLOW, charge, chunkCost, overflowError } from "../budget.js";
import { promiseRejectedWith, promiseResolvedWithUndefined } from "../promises.js";
import { IsValidChunkSize, invalidChunkSizeError } from "../queue_with_sizes.js";
import { WritableStreamAddWriteRequest, WritableStreamCloseQueuedOrInFlight } from "./controller_interface.js";
import {
  WritableStreamDefaultControllerError, WritableStreamDefaultControllerErrorIfNeeded,
  WritableStreamDefaultControllerGetChunkSize, WritableStreamDefaultControllerGetDesiredSize,
  WritableStreamDefaultControllerWrite,
} from "./controller_operations.js";
import { WritableStreamAbort, WritableStreamClose } from "./stream_operations.js";

const { TypeError } = primordials;

/** The error of everything that a writer does after releaseLock(). */
export function releasedError() {
  return new TypeError("This writer has been released and no longer has a stream");
}

export function WritableStreamDefaultWriterAbort(writer, reason) {
  return WritableStreamAbort(writer.stream, reason);
}

export function WritableStreamDefaultWriterClose(writer) {
  return WritableStreamClose(writer.stream);
}

export function WritableStreamDefaultWriterCloseWithErrorPropagation(writer) {
  const { stream } = writer;
  const { state } = stream;
  if (WritableStreamCloseQueuedOrInFlight(stream) || state === "closed") return promiseResolvedWithUndefined();
  if (state === "errored") return promiseRejectedWith(stream.storedError);
  return WritableStreamDefaultWriterClose(writer);
}

export function WritableStreamDefaultWriterEnsureClosedPromiseRejected(writer, error) {
  writer.closedPromise.ensureRejected(error);
}

export function WritableStreamDefaultWriterEnsureReadyPromiseRejected(writer, error) {
  writer.readyPromise.ensureRejected(error);
}

export function WritableStreamDefaultWriterGetDesiredSize(writer) {
  return WritableStreamGetDesiredSize(writer.stream);
}

/** The writer's desired size, whether there is a writer or not. */
export function WritableStreamGetDesiredSize(stream) {
  const { state } = stream;
  if (state === "errored" || state === "erroring") return null;
  if (state === "closed") return 0;
  return WritableStreamDefaultControllerGetDesiredSize(stream.controller);
}

export function WritableStreamDefaultWriterRelease(writer) {
  const { stream } = writer;
  const error = releasedError();
  WritableStreamDefaultWriterEnsureReadyPromiseRejected(writer, error);
  WritableStreamDefaultWriterEnsureClosedPromiseRejected(writer, error);
  stream.writer = undefined;
  writer.stream = undefined;
}

export function WritableStreamDefaultWriterWrite(writer, chunk) {
  const { stream } = writer;
  const { controller } = stream;
  const chunkSize = WritableStreamDefaultControllerGetChunkSize(controller, chunk);
  if (stream !== writer.stream) return promiseRejectedWith(releasedError());
  const { state } = stream;
  if (state === "errored") return promiseRejectedWith(stream.storedError);
  if (WritableStreamCloseQueuedOrInFlight(stream) || state === "closed") {
    return promiseRejectedWith(new TypeError("Cannot write to a closed stream"));
  }
  if (state === "erroring") return promiseRejectedWith(stream.storedError);
  if (!IsValidChunkSize(chunkSize)) {
    const promise = WritableStreamAddWriteRequest(stream);
    WritableStreamDefaultControllerErrorIfNeeded(controller, invalidChunkSizeError());
    return promise;
  }
  // NANO: the buffer limit. Refused before it is stored, and told so at once even while the sink is busy.
  const cost = chunkCost(chunk);
  if (!charge(controller.account, cost)) {
    const error = overflowError(controller.account, cost);
    WritableStreamDefaultControllerError(controller, error, CAUSE_OVERFLOW);
    return promiseRejectedWith(error);
  }
  return WritableStreamDefaultControllerWrite(controller, chunk, chunkSize, cost);
}
