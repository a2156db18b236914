// Default controllers (https://streams.spec.whatwg.org/#ts-default-controller-abstract-ops).

import { primordials } from "../../primordials.js";
import { LazyPromise } from "../lazy_promise.js";
import { internalPromiseRejectedWith, promiseOfAlgorithm, uponPromise } from "../promises.js";
import {
  ReadableStreamDefaultControllerCanCloseOrEnqueue, ReadableStreamDefaultControllerClose,
  ReadableStreamDefaultControllerEnqueue, ReadableStreamDefaultControllerHasBackpressure,
} from "../readable/default_controller_operations.js";
import { createTransformStreamDefaultController } from "../transform_stream_default_controller.js";
import { TransformStreamDefaultControllerSlots } from "./slots.js";
import {
  TransformStreamError, TransformStreamErrorWritableAndUnblockWrite, TransformStreamSetBackpressure,
} from "./stream_operations.js";

const { ReflectApply, TypeError } = primordials;

/** "An algorithm which returns a promise resolved with undefined." */
function doNothing() {}

/** The transform algorithm of a transformer without one. */
function enqueueUnchanged(chunk, object, controller) {
  TransformStreamDefaultControllerEnqueue(controller, chunk);
}

/** The algorithms are methods of `transformer`; `transformerIsInternal`: see promiseOfAlgorithm. */
export function SetUpTransformStreamDefaultController(
  stream, controller, transformer, transformerIsInternal, transformAlgorithm, flushAlgorithm, cancelAlgorithm,
) {
  stream.controller = controller;
  controller.transformer = transformer;
  controller.transformerIsInternal = transformerIsInternal;
  controller.transformAlgorithm = transformAlgorithm ?? enqueueUnchanged;
  controller.flushAlgorithm = flushAlgorithm ?? doNothing;
  controller.cancelAlgorithm = cancelAlgorithm ?? doNothing;
  if (!transformerIsInternal) controller.object = createTransformStreamDefaultController(controller);
}

/** `transformerDict`: transform, flush and cancel, undefined where absent. */
export function SetUpTransformStreamDefaultControllerFromTransformer(stream, transformer, transformerDict) {
  const controller = new TransformStreamDefaultControllerSlots(stream);
  const { transform, flush, cancel } = transformerDict;
  SetUpTransformStreamDefaultController(stream, controller, transformer, false, transform, flush, cancel);
}

export function TransformStreamDefaultControllerClearAlgorithms(controller) {
  controller.transformer = undefined;
  controller.transformAlgorithm = undefined;
  controller.flushAlgorithm = undefined;
  controller.cancelAlgorithm = undefined;
}

export function TransformStreamDefaultControllerEnqueue(controller, chunk) {
  const { stream } = controller;
  const readableController = stream.readable.controller;
  if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(readableController)) {
    throw new TypeError("Cannot enqueue: the readable side of the transform stream is closed or errored");
  }
  try {
    ReadableStreamDefaultControllerEnqueue(readableController, chunk);
  } catch (e) {
    TransformStreamErrorWritableAndUnblockWrite(stream, e);
    throw stream.readable.storedError;
  }
  const backpressure = ReadableStreamDefaultControllerHasBackpressure(readableController);
  if (backpressure !== stream.backpressure) TransformStreamSetBackpressure(stream, true);
}

export function TransformStreamDefaultControllerError(controller, e) {
  TransformStreamError(controller.stream, e);
}

/** Returns a LazyPromise. */
export function TransformStreamDefaultControllerPerformTransform(controller, chunk) {
  // NANO: the readable side is being cancelled: nobody will see what becomes of the chunk. (The standard forgot the case.)
  if (controller.transformAlgorithm === undefined) return LazyPromise.resolved();
  let transformPromise;
  try {
    // `controller` itself is for enqueueUnchanged only: a transformer's own method must not get a third argument.
    const { transformAlgorithm, transformer, object } = controller;
    const result = transformAlgorithm === enqueueUnchanged
      ? enqueueUnchanged(chunk, object, controller)
      : ReflectApply(transformAlgorithm, transformer, [chunk, object]);
    transformPromise = promiseOfAlgorithm(result, controller.transformerIsInternal);
  } catch (error) {
    transformPromise = internalPromiseRejectedWith(error);
  }
  const promise = new LazyPromise();
  uponPromise(transformPromise, () => promise.resolve(), (r) => {
    TransformStreamError(controller.stream, r);
    promise.reject(r);
  });
  return promise;
}

export function TransformStreamDefaultControllerTerminate(controller) {
  const { stream } = controller;
  ReadableStreamDefaultControllerClose(stream.readable.controller);
  const error = new TypeError("The transform stream has been terminated");
  TransformStreamErrorWritableAndUnblockWrite(stream, error);
}
