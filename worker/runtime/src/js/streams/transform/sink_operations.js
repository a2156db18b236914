// Default sinks (https://streams.spec.whatwg.org/#ts-default-sink-abstract-ops): the writable side of transform streams.
// What they return is a LazyPromise.

import { primordials } from "../../primordials.js";
import { LazyPromise, resolveWith } from "../lazy_promise.js";
import { internalPromiseRejectedWith, kFulfilled, promiseOfAlgorithm, uponPromise } from "../promises.js";
import {
  ReadableStreamDefaultControllerClose, ReadableStreamDefaultControllerError,
} from "../readable/default_controller_operations.js";
import {
  TransformStreamDefaultControllerClearAlgorithms, TransformStreamDefaultControllerPerformTransform,
} from "./controller_operations.js";

const { ReflectApply } = primordials;

export function TransformStreamDefaultSinkWriteAlgorithm(stream, chunk) {
  const { controller } = stream;
  if (!stream.backpressure) return TransformStreamDefaultControllerPerformTransform(controller, chunk);
  const promise = new LazyPromise();
  stream.backpressureChangePromise.react(() => {
    const { writable } = stream;
    if (writable.state === "erroring") promise.reject(writable.storedError);
    else resolveWith(promise, TransformStreamDefaultControllerPerformTransform(controller, chunk));
  }, undefined);
  return promise;
}

export function TransformStreamDefaultSinkAbortAlgorithm(stream, reason) {
  const { controller, readable } = stream;
  if (controller.finishPromise !== undefined) return controller.finishPromise;
  const finishPromise = new LazyPromise();
  controller.finishPromise = finishPromise;
  const cancelPromise = performAlgorithm(controller, controller.cancelAlgorithm, reason);
  TransformStreamDefaultControllerClearAlgorithms(controller);
  uponPromise(cancelPromise, () => {
    if (readable.state === "errored") {
      finishPromise.reject(readable.storedError);
    } else {
      ReadableStreamDefaultControllerError(readable.controller, reason);
      finishPromise.resolve();
    }
  }, (r) => {
    ReadableStreamDefaultControllerError(readable.controller, r);
    finishPromise.reject(r);
  });
  return finishPromise;
}

export function TransformStreamDefaultSinkCloseAlgorithm(stream) {
  const { controller, readable } = stream;
  if (controller.finishPromise !== undefined) return controller.finishPromise;
  const finishPromise = new LazyPromise();
  controller.finishPromise = finishPromise;
  const flushPromise = performAlgorithm(controller, controller.flushAlgorithm, controller.object);
  TransformStreamDefaultControllerClearAlgorithms(controller);
  uponPromise(flushPromise, () => {
    if (readable.state === "errored") {
      finishPromise.reject(readable.storedError);
    } else {
      ReadableStreamDefaultControllerClose(readable.controller);
      finishPromise.resolve();
    }
  }, (r) => {
    ReadableStreamDefaultControllerError(readable.controller, r);
    finishPromise.reject(r);
  });
  return finishPromise;
}

/** Performs a transformer's flush or cancel algorithm. Returns a promise for `uponPromise`. */
export function performAlgorithm(controller, algorithm, argument) {
  // NANO: after error() or terminate() there is none. (The standard forgot the case.)
  if (algorithm === undefined) return kFulfilled;
  try {
    return promiseOfAlgorithm(ReflectApply(algorithm, controller.transformer, [argument]), controller.transformerIsInternal);
  } catch (error) {
    return internalPromiseRejectedWith(error);
  }
}
