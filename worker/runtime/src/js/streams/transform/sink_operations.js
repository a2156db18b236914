// Default sinks (https://streams.spec.whatwg.org/#ts-default-sink-abstract-ops): the writable side of transform streams.

import { primordials } from "../../primordials.js";
import { LazyPromise } from "../lazy_promise.js";
import { internalPromiseRejectedWith, kFulfilled, kReactsItself, promiseOfAlgorithm, uponPromise } from "../promises.js";
import {
  ReadableStreamDefaultControllerClose, ReadableStreamDefaultControllerError,
} from "../readable/default_controller_operations.js";
import {
  TransformStreamDefaultControllerClearAlgorithms, TransformStreamDefaultControllerPerformTransform,
} from "./controller_operations.js";
import { TransformStreamError } from "./stream_operations.js";

const { PromisePrototypeThen, ReflectApply } = primordials;

/**
 * NANO: promises that only link one step of a write to the next are left out; the steps run in the microtasks in which
 * they would. There is one write at a time.
 *
 * By the standard: the promise that transform returned settles; a microtask later the one derived from it, to which the
 * writable side reacts. Where the write had to wait for back-pressure to end, "resolve" with that derived promise takes
 * one microtask more.
 */
export function TransformStreamDefaultSinkWriteAlgorithm(stream, chunk) {
  if (stream.backpressure) {
    stream.waitingChunk = chunk;
    stream.onBackpressureChange = stream.onUnblocked;
  } else {
    performTransform(stream, chunk, 1);
  }
  return kReactsItself;
}

function performTransform(stream, chunk, delay) {
  const { controller } = stream;
  stream.delay = delay;
  if (controller.transformAlgorithm === undefined) {
    // NANO: the readable side is being cancelled: what becomes of the chunk is not seen. (The standard forgot it.)
    if (delay === 1) stream.delay = 0;
    PromisePrototypeThen(kFulfilled, stream.onTransformed);
    return;
  }
  TransformStreamDefaultControllerPerformTransform(controller, chunk, stream.onTransformed, stream.onTransformFailed);
}

/** Makes the steps of writes. */
export function makeSinkSteps(stream) {
  stream.onUnblocked = () => {
    const { waitingChunk, writable } = stream;
    stream.waitingChunk = undefined;
    if (writable.state === "erroring") rejectWrite(stream, writable.storedError, 1);
    else performTransform(stream, waitingChunk, 2);
  };
  stream.onTransformed = () => {
    if (stream.delay === 0) {
      stream.writable.controller.onWriteFulfilled();
    } else {
      stream.delay--;
      PromisePrototypeThen(kFulfilled, stream.onTransformed);
    }
  };
  stream.onTransformFailed = (reason) => {
    TransformStreamError(stream, reason);
    rejectWrite(stream, reason, stream.delay);
  };
}

function rejectWrite(stream, reason, delay) {
  PromisePrototypeThen(kFulfilled, () => {
    if (delay > 1) rejectWrite(stream, reason, delay - 1);
    else stream.writable.controller.onWriteRejected(reason);
  });
}

export function TransformStreamDefaultSinkAbortAlgorithm(stream, reason) {
  const { controller, readable } = stream;
  const errorReadable = (e) => ReadableStreamDefaultControllerError(readable.controller, e);
  return finish(controller, controller.cancelAlgorithm, reason, readable, () => errorReadable(reason), errorReadable);
}

export function TransformStreamDefaultSinkCloseAlgorithm(stream) {
  const { controller, readable } = stream;
  return finish(
    controller, controller.flushAlgorithm, controller.object, readable,
    () => ReadableStreamDefaultControllerClose(readable.controller),
    (r) => ReadableStreamDefaultControllerError(readable.controller, r),
  );
}

/**
 * What aborting, closing and cancelling have in common: the transformer is told by `algorithm`, once; then `onFulfilled` or
 * `onRejected` pass it on to `otherSide`, the slots of a stream, unless that is errored already. Returns [[finishPromise]].
 */
export function finish(controller, algorithm, argument, otherSide, onFulfilled, onRejected) {
  if (controller.finishPromise !== undefined) return controller.finishPromise;
  const finishPromise = new LazyPromise();
  controller.finishPromise = finishPromise;
  const promise = performAlgorithm(controller, algorithm, argument);
  TransformStreamDefaultControllerClearAlgorithms(controller);
  uponPromise(promise, () => {
    if (otherSide.state === "errored") {
      finishPromise.reject(otherSide.storedError);
    } else {
      onFulfilled();
      finishPromise.resolve();
    }
  }, (r) => {
    onRejected(r);
    finishPromise.reject(r);
  });
  return finishPromise;
}

/** Performs a transformer's flush or cancel algorithm. Returns a promise for `uponPromise`. */
function performAlgorithm(controller, algorithm, argument) {
  // NANO: after error() or terminate() there is none. (The standard forgot the case.)
  if (algorithm === undefined) return kFulfilled;
  try {
    return promiseOfAlgorithm(ReflectApply(algorithm, controller.transformer, [argument]), controller.transformerIsInternal);
  } catch (error) {
    return internalPromiseRejectedWith(error);
  }
}
