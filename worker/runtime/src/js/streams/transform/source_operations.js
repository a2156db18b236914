// Default sources (https://streams.spec.whatwg.org/#ts-default-source-abstract-ops): the readable side of transform
// streams.

import { kReactsItself } from "../promises.js";
import { WritableStreamDefaultControllerErrorIfNeeded } from "../writable/controller_operations.js";
import { finish } from "./sink_operations.js";
import { TransformStreamSetBackpressure, TransformStreamUnblockWrite } from "./stream_operations.js";

export function TransformStreamDefaultSourceCancelAlgorithm(stream, reason) {
  const { controller, writable } = stream;
  const errorWritable = (e) => {
    WritableStreamDefaultControllerErrorIfNeeded(writable.controller, e);
    TransformStreamUnblockWrite(stream);
  };
  return finish(controller, controller.cancelAlgorithm, reason, writable, () => errorWritable(reason), errorWritable);
}

export function TransformStreamDefaultSourcePullAlgorithm(stream) {
  TransformStreamSetBackpressure(stream, false);
  stream.onBackpressureChange = stream.readable.controller.onPullFulfilled;
  return kReactsItself;
}
