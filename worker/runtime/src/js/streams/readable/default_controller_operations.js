// Default controllers (https://streams.spec.whatwg.org/#rs-default-controller-abstract-ops) and their internal methods
// (#rs-default-controller-internal-methods).

import { primordials } from "../../primordials.js";
import {
  CAUSE_CONTROLLER, CAUSE_OVERFLOW, CAUSE_SINK, charge, chunkCost, guard, overflowError, release, releaseAllBut,
} from "../budget.js";
import { promiseOfStart } from "../lazy_promise.js";
import {
  internalPromiseRejectedWith, kFulfilled, kReactsItself, promiseOfAlgorithm, uponPromise,
} from "../promises.js";
import {
  DequeueValue, EnqueueValueWithSize, invalidChunkSizeError, IsValidChunkSize, ResetQueue,
} from "../queue_with_sizes.js";
import { createReadableStreamDefaultController } from "../readable_stream_default_controller.js";
import {
  ReadableStreamAddReadRequest, ReadableStreamClose, ReadableStreamError, ReadableStreamFulfillReadRequest,
} from "./controller_interface.js";
import { ReadableStreamDefaultControllerSlots } from "./slots.js";

const { ReflectApply } = primordials;

/** "An algorithm that returns a promise resolved with undefined." */
function doNothing() {}

/** [[CancelSteps]]. Returns a promise for `uponPromise`. */
export function ReadableStreamDefaultControllerCancelSteps(controller, reason) {
  clearQueue(controller);
  let promise;
  try {
    const result = ReflectApply(controller.cancelAlgorithm, controller.source, [reason]);
    promise = promiseOfAlgorithm(result, controller.sourceIsInternal);
  } catch (error) {
    promise = internalPromiseRejectedWith(error);
  }
  ReadableStreamDefaultControllerClearAlgorithms(controller);
  return promise;
}

/** [[PullSteps]] */
export function ReadableStreamDefaultControllerPullSteps(controller, readRequest) {
  const { stream, queue } = controller;
  if (queue.length > 0) {
    const chunk = DequeueValue(queue);
    release(controller.account, queue.dequeuedCost);
    if (controller.closeRequested && queue.length === 0) {
      ReadableStreamDefaultControllerClearAlgorithms(controller);
      ReadableStreamClose(stream);
    } else {
      ReadableStreamDefaultControllerCallPullIfNeeded(controller);
    }
    readRequest.chunkSteps(chunk);
    return;
  }
  ReadableStreamAddReadRequest(stream, readRequest);
  ReadableStreamDefaultControllerCallPullIfNeeded(controller);
}

// [[ReleaseSteps]] does nothing.

/**
 * NANO: [[PullSteps]] for a queue with chunks in it, whose first is put into `request.chunk`. True: the caller must
 * perform `onPullFulfilled` in the next microtask that it schedules, before anything else is scheduled; this saves a
 * microtask of its own.
 */
export function ReadableStreamDefaultControllerTakeChunk(controller, request) {
  const { queue } = controller;
  request.chunk = DequeueValue(queue);
  release(controller.account, queue.dequeuedCost);
  if (controller.closeRequested && queue.length === 0) {
    ReadableStreamDefaultControllerClearAlgorithms(controller);
    ReadableStreamClose(controller.stream);
    return false;
  }
  if (!beginPull(controller)) return false;
  const promise = callPull(controller);
  if (promise === kFulfilled) return true;
  if (promise !== kReactsItself) uponPromise(promise, controller.onPullFulfilled, controller.onPullRejected);
  return false;
}

function ReadableStreamDefaultControllerCallPullIfNeeded(controller) {
  if (!beginPull(controller)) return;
  const promise = callPull(controller);
  if (promise !== kReactsItself) uponPromise(promise, controller.onPullFulfilled, controller.onPullRejected);
}

/** Whether to call pull now. */
function beginPull(controller) {
  if (!ReadableStreamDefaultControllerShouldCallPull(controller)) return false;
  if (controller.pulling) {
    controller.pullAgain = true;
    return false;
  }
  controller.pulling = true;
  return true;
}

/** Returns a promise for `uponPromise`, or kReactsItself. */
function callPull(controller) {
  if (controller.onPullFulfilled === undefined) makePullReactions(controller);
  try {
    const result = ReflectApply(controller.pullAlgorithm, controller.source, [controller.object]);
    return promiseOfAlgorithm(result, controller.sourceIsInternal);
  } catch (error) {
    return internalPromiseRejectedWith(error);
  }
}

function makePullReactions(controller) {
  controller.onPullFulfilled = () => {
    controller.pulling = false;
    if (!controller.pullAgain) return;
    controller.pullAgain = false;
    ReadableStreamDefaultControllerCallPullIfNeeded(controller);
  };
  controller.onPullRejected = (e) => ReadableStreamDefaultControllerError(controller, e, CAUSE_SINK);
}

function ReadableStreamDefaultControllerShouldCallPull(controller) {
  if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(controller) || !controller.started) return false;
  const { reader } = controller.stream;
  if (reader !== undefined && reader.readRequests.length > 0) return true;
  return controller.strategyHWM - controller.queue.totalSize > 0;
}

function ReadableStreamDefaultControllerClearAlgorithms(controller) {
  controller.source = undefined;
  controller.pullAlgorithm = undefined;
  controller.cancelAlgorithm = undefined;
  controller.strategySizeAlgorithm = undefined;
}

export function ReadableStreamDefaultControllerClose(controller) {
  if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(controller)) return;
  controller.closeRequested = true;
  if (controller.queue.length === 0) {
    ReadableStreamDefaultControllerClearAlgorithms(controller);
    ReadableStreamClose(controller.stream);
  }
}

/** Throws what the standard returns as an abrupt completion. */
export function ReadableStreamDefaultControllerEnqueue(controller, chunk) {
  if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(controller)) return;
  const { stream } = controller;
  const { reader } = stream;
  if (reader !== undefined && reader.readRequests.length > 0) {
    ReadableStreamFulfillReadRequest(stream, chunk, false);
  } else {
    const { strategySizeAlgorithm } = controller;
    let chunkSize = 1;
    if (strategySizeAlgorithm !== null) {
      try {
        chunkSize = strategySizeAlgorithm(chunk);
        if (!IsValidChunkSize(chunkSize)) throw invalidChunkSizeError();
      } catch (error) {
        ReadableStreamDefaultControllerError(controller, error);
        throw error;
      }
    }
    // NANO: where size() closed or errored the stream, the standard queues a chunk that cannot be read any more.
    if (stream.state !== "readable") return;
    // NANO: the buffer limit.
    const cost = chunkCost(chunk);
    if (!charge(controller.account, cost)) {
      const error = overflowError(controller.account, cost);
      ReadableStreamDefaultControllerError(controller, error, CAUSE_OVERFLOW);
      throw error;
    }
    guard(controller, controller.account);
    EnqueueValueWithSize(controller.queue, chunk, chunkSize, cost);
  }
  ReadableStreamDefaultControllerCallPullIfNeeded(controller);
}

/** NANO: `cause` is for the metrics: one of budget.js's CAUSE_*. */
export function ReadableStreamDefaultControllerError(controller, e, cause = CAUSE_CONTROLLER) {
  const { stream } = controller;
  if (stream.state !== "readable") return;
  clearQueue(controller);
  ReadableStreamDefaultControllerClearAlgorithms(controller);
  ReadableStreamError(stream, e, cause);
}

function clearQueue(controller) {
  ResetQueue(controller.queue);
  releaseAllBut(controller.account, 0);
}

export function ReadableStreamDefaultControllerGetDesiredSize(controller) {
  const { state } = controller.stream;
  if (state === "errored") return null;
  if (state === "closed") return 0;
  return controller.strategyHWM - controller.queue.totalSize;
}

export function ReadableStreamDefaultControllerHasBackpressure(controller) {
  return !ReadableStreamDefaultControllerShouldCallPull(controller);
}

export function ReadableStreamDefaultControllerCanCloseOrEnqueue(controller) {
  return !controller.closeRequested && controller.stream.state === "readable";
}

/** The algorithms are methods of `source`, undefined where absent; `sourceIsInternal`: see promiseOfAlgorithm. */
export function SetUpReadableStreamDefaultController(
  stream, controller, source, sourceIsInternal, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark,
  sizeAlgorithm,
) {
  controller.strategySizeAlgorithm = sizeAlgorithm;
  controller.strategyHWM = highWaterMark;
  controller.source = source;
  controller.sourceIsInternal = sourceIsInternal;
  controller.pullAlgorithm = pullAlgorithm ?? doNothing;
  controller.cancelAlgorithm = cancelAlgorithm ?? doNothing;
  if (!sourceIsInternal) controller.object = createReadableStreamDefaultController(controller);
  stream.controller = controller;
  const startResult = startAlgorithm === undefined ? undefined : ReflectApply(startAlgorithm, source, [controller.object]);
  uponPromise(promiseOfStart(startResult, sourceIsInternal), () => {
    controller.started = true;
    ReadableStreamDefaultControllerCallPullIfNeeded(controller);
  }, (reason) => ReadableStreamDefaultControllerError(controller, reason, CAUSE_SINK));
}

/** `underlyingSourceDict`: start, pull and cancel, undefined where absent. */
export function SetUpReadableStreamDefaultControllerFromUnderlyingSource(
  stream, underlyingSource, underlyingSourceDict, highWaterMark, sizeAlgorithm,
) {
  const controller = new ReadableStreamDefaultControllerSlots(stream);
  const { start, pull, cancel } = underlyingSourceDict;
  SetUpReadableStreamDefaultController(
    stream, controller, underlyingSource, false, start, pull, cancel, highWaterMark, sizeAlgorithm,
  );
}
