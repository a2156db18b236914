// Default controllers (https://streams.spec.whatwg.org/#ts-default-controller-abstract-ops).

import { primordials } from "../../primordials.js";
import { internalPromiseRejectedWith, kFulfilled, promiseOfAlgorithm, uponPromise } from "../promises.js";
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

/** Stands for the transform algorithm of a transformer without one. */
function enqueueUnchanged() {}

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

/** `onFulfilled` and `onRejected` react to the promise that transform returned; the latter must do TransformStreamError. */
export function TransformStreamDefaultControllerPerformTransform(controller, chunk, onFulfilled, onRejected) {
  const { transformAlgorithm, transformer, object } = controller;
  let transformPromise;
  try {
    if (transformAlgorithm === enqueueUnchanged) {
      TransformStreamDefaultControllerEnqueue(controller, chunk);
      transformPromise = kFulfilled;
    } else {
      const result = ReflectApply(transformAlgorithm, transformer, [chunk, object]);
      transformPromise = promiseOfAlgorithm(result, controller.transformerIsInternal);
    }
  } catch (error) {
    transformPromise = internalPromiseRejectedWith(error);
  }
  uponPromise(transformPromise, onFulfilled, onRejected);
}

export function TransformStreamDefaultControllerTerminate(controller) {
  const { stream } = controller;
  ReadableStreamDefaultControllerClose(stream.readable.controller);
  const error = new TypeError("The transform stream has been terminated");
  TransformStreamErrorWritableAndUnblockWrite(stream, error);
}
