// Writers (https://streams.spec.whatwg.org/#ws-writer-abstract-ops).

import { primordials } from "../../primordials.js";
import { CAUSE_OVERFLOW, charge, chunkCost, chunkCostAtMost, fitsAlone, overflowError } from "../budget.js";
import { LazyPromise } from "../lazy_promise.js";
import { Deferred, promiseRejectedWith } from "../promises.js";
import { IsValidChunkSize, invalidChunkSizeError } from "../queue_with_sizes.js";
import { WritableStreamAddWriteRequest, WritableStreamCloseQueuedOrInFlight } from "./controller_interface.js";
import {
  WritableStreamDefaultControllerError, WritableStreamDefaultControllerErrorIfNeeded,
  WritableStreamDefaultControllerGetChunkSize, WritableStreamDefaultControllerGetDesiredSize,
  WritableStreamDefaultControllerIsIdle, WritableStreamDefaultControllerWrite,
  WritableStreamDefaultControllerWriteToIdleSink, WritableStreamDefaultControllerWriteToIdleSinkForPipe,
} from "./controller_operations.js";
import { WritableStreamAbort, WritableStreamClose } from "./stream_operations.js";

const { TypeError } = primordials;

/** The error of everything that a writer does after releaseLock(). */
export function releasedError() {
  return new TypeError("This writer has been released and no longer has a stream");
}

/** Returns a LazyPromise. */
export function WritableStreamDefaultWriterAbort(writer, reason) {
  return WritableStreamAbort(writer.stream, reason);
}

/** Returns a LazyPromise. */
export function WritableStreamDefaultWriterClose(writer) {
  return WritableStreamClose(writer.stream);
}

/** Returns a LazyPromise. */
export function WritableStreamDefaultWriterCloseWithErrorPropagation(writer) {
  const { stream } = writer;
  const { state } = stream;
  if (WritableStreamCloseQueuedOrInFlight(stream) || state === "closed") return LazyPromise.resolved();
  if (state === "errored") return LazyPromise.rejected(stream.storedError);
  return WritableStreamDefaultWriterClose(writer);
}

function WritableStreamDefaultWriterEnsureClosedPromiseRejected(writer, error) {
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
    const request = new Deferred();
    refuseChunkOfInvalidSize(stream, request);
    return request.promise;
  }
  // NANO: the buffer limit. Refused before it is stored, and told so at once even while the sink is busy.
  if (WritableStreamDefaultControllerIsIdle(controller) && fitsAlone(chunkCostAtMost(chunk))) {
    return WritableStreamDefaultControllerWriteToIdleSink(controller, chunk, chunkSize);
  }
  const cost = chunkCost(chunk);
  if (!charge(controller.account, cost)) return promiseRejectedWith(refuseChunkBeyondLimit(controller, cost));
  const request = new Deferred();
  WritableStreamDefaultControllerWrite(controller, chunk, chunkSize, cost, request);
  return request.promise;
}

/**
 * NANO: WritableStreamDefaultWriterWrite for pipes: no promise is made, `request` is resolved or rejected instead.
 * Returns whether that will happen; if not, the chunk was refused.
 */
export function WritableStreamDefaultWriterWriteForPipe(writer, chunk, request) {
  const { stream } = writer;
  const { controller } = stream;
  const chunkSize = WritableStreamDefaultControllerGetChunkSize(controller, chunk);
  if (stream.state !== "writable" || WritableStreamCloseQueuedOrInFlight(stream)) return false;
  if (!IsValidChunkSize(chunkSize)) {
    refuseChunkOfInvalidSize(stream, request);
    return true;
  }
  if (WritableStreamDefaultControllerIsIdle(controller) && fitsAlone(chunkCostAtMost(chunk))) {
    WritableStreamDefaultControllerWriteToIdleSinkForPipe(controller, chunk, chunkSize, request);
    return true;
  }
  const cost = chunkCost(chunk);
  if (!charge(controller.account, cost)) {
    refuseChunkBeyondLimit(controller, cost);
    return false;
  }
  WritableStreamDefaultControllerWrite(controller, chunk, chunkSize, cost, request);
  return true;
}

function refuseChunkOfInvalidSize(stream, request) {
  WritableStreamAddWriteRequest(stream, request);
  WritableStreamDefaultControllerErrorIfNeeded(stream.controller, invalidChunkSizeError());
}

function refuseChunkBeyondLimit(controller, cost) {
  const error = overflowError(controller.account, cost);
  const { sink, sinkIsInternal } = controller;
  WritableStreamDefaultControllerError(controller, error, CAUSE_OVERFLOW);
  // What waits at the other end is told.
  if (sinkIsInternal) sink.overflowed(error);
  return error;
}
