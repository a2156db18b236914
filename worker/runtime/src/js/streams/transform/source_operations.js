// Default sources (https://streams.spec.whatwg.org/#ts-default-source-abstract-ops): the readable side of transform
// streams.

import { LazyPromise } from "../lazy_promise.js";
import { kReactsItself, uponPromise } from "../promises.js";
import { WritableStreamDefaultControllerErrorIfNeeded } from "../writable/controller_operations.js";
import { TransformStreamDefaultControllerClearAlgorithms } from "./controller_operations.js";
import { performAlgorithm } from "./sink_operations.js";
import { TransformStreamSetBackpressure, TransformStreamUnblockWrite } from "./stream_operations.js";

export function TransformStreamDefaultSourceCancelAlgorithm(stream, reason) {
  const { controller, writable } = stream;
  if (controller.finishPromise !== undefined) return controller.finishPromise;
  const finishPromise = new LazyPromise();
  controller.finishPromise = finishPromise;
  const cancelPromise = performAlgorithm(controller, controller.cancelAlgorithm, reason);
  TransformStreamDefaultControllerClearAlgorithms(controller);
  uponPromise(cancelPromise, () => {
    if (writable.state === "errored") {
      finishPromise.reject(writable.storedError);
    } else {
      WritableStreamDefaultControllerErrorIfNeeded(writable.controller, reason);
      TransformStreamUnblockWrite(stream);
      finishPromise.resolve();
    }
  }, (r) => {
    WritableStreamDefaultControllerErrorIfNeeded(writable.controller, r);
    TransformStreamUnblockWrite(stream);
    finishPromise.reject(r);
  });
  return finishPromise;
}

export function TransformStreamDefaultSourcePullAlgorithm(stream) {
  TransformStreamSetBackpressure(stream, false);
  stream.onBackpressureChange = stream.readable.controller.onPullFulfilled;
  return kReactsItself;
}
