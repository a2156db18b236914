// Interfacing with controllers (https://streams.spec.whatwg.org/#ws-abstract-ops-used-by-controllers): how a controller
// affects its stream.

import { CAUSE_SINK, countErrored } from "../budget.js";
import { uponPromise } from "../promises.js";
import { kNoPromise } from "./slots.js";
import {
  WritableStreamDefaultControllerAbortSteps, WritableStreamDefaultControllerErrorSteps,
  WritableStreamDefaultControllerForgetDoomedChunks,
} from "./controller_operations.js";
import { WritableStreamDefaultWriterEnsureReadyPromiseRejected } from "./writer_operations.js";

/** NANO: given `request`, instead of making a promise; pipes have a cheaper one. */
export function WritableStreamAddWriteRequest(stream, request) {
  stream.writeRequests.push(request);
}

export function WritableStreamCloseQueuedOrInFlight(stream) {
  return stream.closeRequest !== undefined || stream.inFlightCloseRequest !== undefined;
}

export function WritableStreamDealWithRejection(stream, error) {
  if (stream.state === "writable") {
    WritableStreamStartErroring(stream, error, CAUSE_SINK);
    return;
  }
  WritableStreamFinishErroring(stream);
}

export function WritableStreamFinishErroring(stream) {
  stream.state = "errored";
  WritableStreamDefaultControllerErrorSteps(stream.controller);
  const { storedError, writeRequests } = stream;
  while (writeRequests.length > 0) writeRequests.shift().reject(storedError);
  const abortRequest = stream.pendingAbortRequest;
  if (abortRequest === undefined) {
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
    return;
  }
  stream.pendingAbortRequest = undefined;
  if (abortRequest.wasAlreadyErroring) {
    abortRequest.promise.reject(storedError);
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
    return;
  }
  const promise = WritableStreamDefaultControllerAbortSteps(stream.controller, abortRequest.reason);
  uponPromise(promise, () => {
    abortRequest.promise.resolve();
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
  }, (reason) => {
    abortRequest.promise.reject(reason);
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
  });
}

export function WritableStreamFinishInFlightClose(stream) {
  stream.inFlightCloseRequest.resolve();
  stream.inFlightCloseRequest = undefined;
  if (stream.state === "erroring") {
    stream.storedError = undefined;
    if (stream.pendingAbortRequest !== undefined) {
      stream.pendingAbortRequest.promise.resolve();
      stream.pendingAbortRequest = undefined;
    }
  }
  stream.state = "closed";
  const { writer } = stream;
  if (writer !== undefined) writer.closedPromise.resolve();
}

export function WritableStreamFinishInFlightCloseWithError(stream, error) {
  stream.inFlightCloseRequest.reject(error);
  stream.inFlightCloseRequest = undefined;
  if (stream.pendingAbortRequest !== undefined) {
    stream.pendingAbortRequest.promise.reject(error);
    stream.pendingAbortRequest = undefined;
  }
  WritableStreamDealWithRejection(stream, error);
}

export function WritableStreamFinishInFlightWrite(stream) {
  stream.inFlightWriteRequest.resolve(undefined);
  stream.inFlightWriteRequest = undefined;
}

export function WritableStreamFinishInFlightWriteWithError(stream, error) {
  const request = stream.inFlightWriteRequest;
  stream.inFlightWriteRequest = undefined;
  if (request !== kNoPromise) request.reject(error);
  WritableStreamDealWithRejection(stream, error);
}

function WritableStreamHasOperationMarkedInFlight(stream) {
  return stream.inFlightWriteRequest !== undefined || stream.inFlightCloseRequest !== undefined;
}

export function WritableStreamMarkCloseRequestInFlight(stream) {
  stream.inFlightCloseRequest = stream.closeRequest;
  stream.closeRequest = undefined;
}

export function WritableStreamMarkFirstWriteRequestInFlight(stream) {
  stream.inFlightWriteRequest = stream.writeRequests.shift();
}

function WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream) {
  if (stream.closeRequest !== undefined) {
    stream.closeRequest.reject(stream.storedError);
    stream.closeRequest = undefined;
  }
  const { writer } = stream;
  if (writer !== undefined) writer.closedPromise.ensureRejected(stream.storedError);
}

/** NANO: `cause` is for the metrics: one of budget.js's CAUSE_*. */
export function WritableStreamStartErroring(stream, reason, cause) {
  const { controller, writer } = stream;
  stream.state = "erroring";
  stream.storedError = reason;
  countErrored(cause);
  if (writer !== undefined) WritableStreamDefaultWriterEnsureReadyPromiseRejected(writer, reason);
  if (!WritableStreamHasOperationMarkedInFlight(stream) && controller.started) {
    WritableStreamFinishErroring(stream);
  } else {
    WritableStreamDefaultControllerForgetDoomedChunks(controller);
  }
}

export function WritableStreamUpdateBackpressure(stream, backpressure) {
  const { writer } = stream;
  if (writer !== undefined && backpressure !== stream.backpressure) {
    if (backpressure) writer.readyPromise.renew();
    else writer.readyPromise.resolve();
  }
  stream.backpressure = backpressure;
}
