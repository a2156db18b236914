// Default controllers (https://streams.spec.whatwg.org/#ws-default-controller-abstract-ops) and their internal methods
// (#ws-default-controller-internal-methods).

import { createAbortSignal, signalAbort } from "../../dom/abort.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { CAUSE_CONTROLLER, chargeAfterAll, chunkCost, guard, release, releaseAllBut } from "../budget.js";
import { promiseOfStart } from "../lazy_promise.js";
import {
  Deferred, internalPromiseRejectedWith, isOfValue, kFulfilled, kReactsItself, kSettledAlready, promiseOfAlgorithm, uponPromise,
} from "../promises.js";
import { EnqueueValueWithSize, ResetQueue, SubtractSize, TakeValue } from "../queue_with_sizes.js";
import { createWritableStreamDefaultController } from "../writable_stream_default_controller.js";
import {
  WritableStreamAddWriteRequest, WritableStreamCloseQueuedOrInFlight, WritableStreamDealWithRejection,
  WritableStreamFinishErroring, WritableStreamFinishInFlightClose, WritableStreamFinishInFlightCloseWithError,
  WritableStreamFinishInFlightWrite, WritableStreamFinishInFlightWriteWithError, WritableStreamMarkCloseRequestInFlight,
  WritableStreamMarkFirstWriteRequestInFlight, WritableStreamStartErroring, WritableStreamUpdateBackpressure,
} from "./controller_interface.js";
import { kNoPromise, kSettledByReaction, WritableStreamDefaultControllerSlots } from "./slots.js";

const { PromisePrototypeThen, ReflectApply } = primordials;
const { promiseHasHandler, rejectPromise, resolvePromise } = ops;

/** "An algorithm that returns a promise resolved with undefined." */
function doNothing() {}

/** The algorithms are methods of `sink`, undefined where absent; `sinkIsInternal`: see promiseOfAlgorithm. */
export function SetUpWritableStreamDefaultController(
  stream, controller, sink, sinkIsInternal, startAlgorithm, writeAlgorithm, closeAlgorithm, abortAlgorithm, highWaterMark,
  sizeAlgorithm,
) {
  stream.controller = controller;
  controller.strategySizeAlgorithm = sizeAlgorithm;
  controller.strategyHWM = highWaterMark;
  controller.sink = sink;
  controller.sinkIsInternal = sinkIsInternal;
  controller.writeAlgorithm = writeAlgorithm ?? doNothing;
  controller.closeAlgorithm = closeAlgorithm ?? doNothing;
  controller.abortAlgorithm = abortAlgorithm ?? doNothing;
  if (!sinkIsInternal) controller.object = createWritableStreamDefaultController(controller);
  WritableStreamUpdateBackpressure(stream, WritableStreamDefaultControllerGetBackpressure(controller));
  const startResult = startAlgorithm === undefined ? undefined : ReflectApply(startAlgorithm, sink, [controller.object]);
  uponPromise(promiseOfStart(startResult, sinkIsInternal), () => {
    controller.started = true;
    WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
  }, (reason) => {
    controller.started = true;
    WritableStreamDealWithRejection(stream, reason);
  });
}

/** `underlyingSinkDict`: start, write, close and abort, undefined where absent. */
export function SetUpWritableStreamDefaultControllerFromUnderlyingSink(
  stream, underlyingSink, underlyingSinkDict, highWaterMark, sizeAlgorithm,
) {
  const controller = new WritableStreamDefaultControllerSlots(stream);
  const { start, write, close, abort } = underlyingSinkDict;
  SetUpWritableStreamDefaultController(
    stream, controller, underlyingSink, false, start, write, close, abort, highWaterMark, sizeAlgorithm,
  );
}

/** NANO: of [[abortController]]. See WritableStreamDefaultControllerSlots. */
export function WritableStreamDefaultControllerGetSignal(controller) {
  if (controller.signal === undefined) {
    controller.signal = createAbortSignal();
    if (controller.aborted) signalAbort(controller.signal, controller.abortReason);
  }
  return controller.signal;
}

/** NANO: "Signal abort on [[abortController]]". */
export function WritableStreamDefaultControllerSignalAbort(controller, reason) {
  if (controller.aborted) return;
  controller.aborted = true;
  controller.abortReason = reason;
  if (controller.signal !== undefined) signalAbort(controller.signal, reason);
}

/** [[AbortSteps]] */
export function WritableStreamDefaultControllerAbortSteps(controller, reason) {
  let promise;
  try {
    const result = ReflectApply(controller.abortAlgorithm, controller.sink, [reason]);
    promise = promiseOfAlgorithm(result, controller.sinkIsInternal);
  } catch (error) {
    promise = internalPromiseRejectedWith(error);
  }
  WritableStreamDefaultControllerClearAlgorithms(controller);
  return promise;
}

/** [[ErrorSteps]] */
export function WritableStreamDefaultControllerErrorSteps(controller) {
  ResetQueue(controller.queue);
  controller.closeQueued = false;
  releaseAllBut(controller.account, 0);
}

/**
 * NANO: a stream that turns erroring while its sink is busy lets go at once of the chunks that the sink will never
 * see, and of what they are charged. It cannot be seen, since desiredSize is null from then on.
 */
export function WritableStreamDefaultControllerForgetDoomedChunks(controller) {
  ResetQueue(controller.queue);
  releaseAllBut(controller.account, controller.inFlightCost);
}

function WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller) {
  const { stream } = controller;
  if (!controller.started || stream.inFlightWriteRequest !== undefined) return;
  if (stream.state === "erroring") {
    WritableStreamFinishErroring(stream);
    return;
  }
  const { queue } = controller;
  if (queue.length > 0) {
    WritableStreamMarkFirstWriteRequestInFlight(stream);
    const chunk = TakeValue(queue);
    WritableStreamDefaultControllerProcessWrite(controller, chunk, queue.dequeuedSize, queue.dequeuedCost);
  } else if (controller.closeQueued) {
    WritableStreamDefaultControllerProcessClose(controller);
  }
}

function WritableStreamDefaultControllerClearAlgorithms(controller) {
  controller.sink = undefined;
  controller.writeAlgorithm = undefined;
  controller.closeAlgorithm = undefined;
  controller.abortAlgorithm = undefined;
  controller.strategySizeAlgorithm = undefined;
}

export function WritableStreamDefaultControllerClose(controller) {
  controller.closeQueued = true;
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
}

/** NANO: `cause` is for the metrics: one of budget.js's CAUSE_*. */
export function WritableStreamDefaultControllerError(controller, error, cause) {
  WritableStreamDefaultControllerClearAlgorithms(controller);
  WritableStreamStartErroring(controller.stream, error, cause);
}

export function WritableStreamDefaultControllerErrorIfNeeded(controller, error, cause = CAUSE_CONTROLLER) {
  if (controller.stream.state === "writable") WritableStreamDefaultControllerError(controller, error, cause);
}

function WritableStreamDefaultControllerGetBackpressure(controller) {
  return WritableStreamDefaultControllerGetDesiredSize(controller) <= 0;
}

export function WritableStreamDefaultControllerGetChunkSize(controller, chunk) {
  const { strategySizeAlgorithm } = controller;
  if (strategySizeAlgorithm === null || strategySizeAlgorithm === undefined) return 1;
  try {
    return strategySizeAlgorithm(chunk);
  } catch (error) {
    WritableStreamDefaultControllerErrorIfNeeded(controller, error);
    return 1;
  }
}

export function WritableStreamDefaultControllerGetDesiredSize(controller) {
  return controller.strategyHWM - controller.queue.totalSize;
}

function WritableStreamDefaultControllerProcessClose(controller) {
  const { stream } = controller;
  WritableStreamMarkCloseRequestInFlight(stream);
  controller.closeQueued = false;
  let promise;
  try {
    const result = ReflectApply(controller.closeAlgorithm, controller.sink, []);
    promise = promiseOfAlgorithm(result, controller.sinkIsInternal);
  } catch (error) {
    promise = internalPromiseRejectedWith(error);
  }
  WritableStreamDefaultControllerClearAlgorithms(controller);
  uponPromise(
    promise,
    () => WritableStreamFinishInFlightClose(stream),
    (reason) => WritableStreamFinishInFlightCloseWithError(stream, reason),
  );
}

/** The request is in flight already, and the chunk out of the queue, though it still counts there. */
function WritableStreamDefaultControllerProcessWrite(controller, chunk, size, cost) {
  controller.inFlightSize = size;
  controller.inFlightCost = cost;
  let promise;
  try {
    const result = ReflectApply(controller.writeAlgorithm, controller.sink, [chunk, controller.object]);
    promise = promiseOfAlgorithm(result, controller.sinkIsInternal);
  } catch (error) {
    promise = internalPromiseRejectedWith(error);
  }
  reactToWrite(controller, promise);
}

function reactToWrite(controller, promise) {
  if (controller.onWriteFulfilled === undefined) makeWriteReactions(controller);
  // A sink that never answers must not keep the bytes charged once the stream is gone.
  if (promise !== kFulfilled) guard(controller, controller.account);
  if (promise === kReactsItself) return;
  uponPromise(promise, controller.onWriteFulfilled, controller.onWriteRejected);
}

function makeWriteReactions(controller) {
  controller.onWriteFulfilled = () => writeFulfilled(controller);
  controller.onWriteRejected = (reason) => writeRejected(controller, reason);
}

// "Upon fulfillment of sinkWritePromise." What it returns settles the write's promise, if that is the reaction's own.
function writeFulfilled(controller) {
  const { stream } = controller;
  const request = stream.inFlightWriteRequest;
  let result;
  if (request === kSettledByReaction) {
    stream.inFlightWriteRequest = undefined;
    if (!isSimple(controller, stream.inFlightWritePromise)) {
      stream.simpleWrites = 0;
      resolvePromise(stream.inFlightWritePromise.get());
      result = kSettledAlready;
    }
  } else {
    if (isSimple(controller, request)) stream.simpleWrites++;
    else stream.simpleWrites = 0;
    WritableStreamFinishInFlightWrite(stream);
  }
  SubtractSize(controller.queue, controller.inFlightSize);
  if (controller.inFlightCost !== 0) {
    release(controller.account, controller.inFlightCost);
    controller.inFlightCost = 0;
  }
  if (stream.state === "writable" && !WritableStreamCloseQueuedOrInFlight(stream)) {
    WritableStreamUpdateBackpressure(stream, WritableStreamDefaultControllerGetBackpressure(controller));
  }
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
  if (stream.pipe !== undefined) stream.pipe.goOn();
  return result;
}

// "Upon rejection of sinkWritePromise." Returns whether the write's promise is rejected by now, if it is the reaction's own.
function writeRejected(controller, reason) {
  const { stream } = controller;
  let isSettled = false;
  if (stream.inFlightWriteRequest === kSettledByReaction) {
    stream.inFlightWriteRequest = kNoPromise;
    stream.simpleWrites = 0;
    isSettled = !isUnwatched(controller);
    if (isSettled) rejectPromise(stream.inFlightWritePromise.get(), reason);
  }
  if (stream.state === "writable") WritableStreamDefaultControllerClearAlgorithms(controller);
  release(controller.account, controller.inFlightCost);
  controller.inFlightCost = 0;
  WritableStreamFinishInFlightWriteWithError(stream, reason);
  return isSettled;
}

/**
 * `size` is valid, `cost` is charged. NANO: `request` is what the standard has WritableStreamDefaultWriterWrite make a
 * promise for.
 */
export function WritableStreamDefaultControllerWrite(controller, chunk, size, cost, request) {
  const { stream, queue } = controller;
  guard(controller, controller.account);
  WritableStreamAddWriteRequest(stream, request);
  EnqueueValueWithSize(queue, chunk, size, cost);
  WritableStreamUpdateBackpressure(stream, WritableStreamDefaultControllerGetBackpressure(controller));
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
}

// NANO: from here on, the commonest case: nothing is queued or in flight, and the sink is called at once. A chunk that
// it answers at once was never buffered, and is not charged; whether it would fit was asked before.

/** Whether a chunk that is written goes to the sink at once. */
export function WritableStreamDefaultControllerIsIdle(controller) {
  return controller.stream.inFlightWriteRequest === undefined && controller.queue.length === 0 && controller.started;
}

/** Calls the sink. Returns undefined when that did, else a promise for `uponPromise`. */
function startWrite(controller, chunk, size) {
  const { stream, queue } = controller;
  queue.totalSize += size;
  WritableStreamUpdateBackpressure(stream, WritableStreamDefaultControllerGetBackpressure(controller));
  stream.inFlightWriteRequest = kNoPromise;
  controller.inFlightSize = size;
  controller.inFlightCost = 0;
  if (controller.onWriteFulfilled === undefined) makeWriteReactions(controller);
  try {
    const result = ReflectApply(controller.writeAlgorithm, controller.sink, [chunk, controller.object]);
    return result === undefined ? undefined : promiseOfAlgorithm(result, controller.sinkIsInternal);
  } catch (error) {
    return internalPromiseRejectedWith(error);
  }
}

// The sink's answer is still to come.
function awaitAnswer(controller, chunk, promise) {
  chargeInFlight(controller, chunk);
  reactToWrite(controller, promise);
}

function chargeInFlight(controller, chunk) {
  const cost = chunkCost(chunk);
  chargeAfterAll(controller.account, cost);
  controller.inFlightCost = cost;
  // A sink that never answers must not keep the bytes charged once the stream is gone.
  guard(controller, controller.account);
}

/** `request` is resolved or rejected when the write is over. */
export function WritableStreamDefaultControllerWriteToIdleSinkForPipe(controller, chunk, size, request) {
  const result = startWrite(controller, chunk, size);
  controller.stream.inFlightWriteRequest = request;
  if (result === undefined) PromisePrototypeThen(kFulfilled, controller.onWriteFulfilled);
  else awaitAnswer(controller, chunk, result);
}

// The standard makes a promise for the write, and one for the sink's answer whose reaction settles the former. Where
// settling it is the only thing that the reaction does for others to see, the reaction's own promise does as well, which
// settles when the reaction returns. Whether that is so is known only when the reaction runs (isSimple). If it is not, the
// promise is settled natively, before all else that the reaction does; that takes longer than what the shortcut saves, which
// is therefore only taken after a run of writes that were simple.
const SIMPLE_WRITES_BEFORE_SHORTCUT = 8;

/**
 * Whether the end of the write in flight calls no sink, and settles nothing visibly after the write's own promise: either
 * no code waits for `ready`, or none waits for the write. `request` has the write's promise, by
 * get(); undefined if that is not known.
 */
function isSimple(controller, request) {
  const { stream } = controller;
  if (stream.state !== "writable" || controller.queue.length !== 0 || stream.closeRequest !== undefined) return false;
  const { writer } = stream;
  if (writer === undefined || !writer.readyPromise.isAwaited()) return true;
  return request !== undefined && !promiseHasHandler(request.get());
}

/** Whether no code would see the stream become errored, and no sink is called for it. */
function isUnwatched(controller) {
  const { stream } = controller;
  if (stream.state !== "writable" || controller.queue.length !== 0 || stream.closeRequest !== undefined) return false;
  const { writer } = stream;
  return writer === undefined || !(writer.readyPromise.isAwaited() || writer.closedPromise.isAwaited());
}

/** Returns the write's promise. */
export function WritableStreamDefaultControllerWriteToIdleSink(controller, chunk, size) {
  const { stream } = controller;
  const result = startWrite(controller, chunk, size);
  if (stream.simpleWrites >= SIMPLE_WRITES_BEFORE_SHORTCUT && isSimple(controller, undefined)) {
    if (result === undefined) {
      stream.inFlightWriteRequest = kSettledByReaction;
      const promise = PromisePrototypeThen(kFulfilled, controller.onWriteFulfilled);
      stream.inFlightWritePromise.set(promise);
      return promise;
    }
    if (isOfValue(result)) {
      stream.inFlightWriteRequest = kSettledByReaction;
      chargeInFlight(controller, chunk);
      const promise = result.reaction(controller.onWriteFulfilled, controller.onWriteRejected);
      stream.inFlightWritePromise.set(promise);
      return promise;
    }
  }
  const request = new Deferred();
  stream.inFlightWriteRequest = request;
  if (result === undefined) PromisePrototypeThen(kFulfilled, controller.onWriteFulfilled);
  else awaitAnswer(controller, chunk, result);
  return request.promise;
}
