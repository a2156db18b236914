// The TransformStream inside a TextEncoderStream or TextDecoderStream
// (https://encoding.spec.whatwg.org/#interface-textdecoderstream, #interface-textencoderstream).

import { LazyPromise } from "../streams/lazy_promise.js";
import { createReadableStreamObject } from "../streams/readable_stream.js";
import {
  SetUpTransformStreamDefaultController, TransformStreamDefaultControllerEnqueue,
} from "../streams/transform/controller_operations.js";
import { TransformStreamDefaultControllerSlots, TransformStreamSlots } from "../streams/transform/slots.js";
import { InitializeTransformStream } from "../streams/transform/stream_operations.js";
import { createWritableStreamObject } from "../streams/writable_stream.js";

/**
 * Its two sides, `{ readable, writable }`. `transformer` has `transform(chunk)` and `flush()`, which return what to put
 * out, or undefined for nothing, and may throw.
 */
export function createTextTransform(transformer) {
  const stream = new TransformStreamSlots();
  const put = (chunk) => {
    if (chunk !== undefined) TransformStreamDefaultControllerEnqueue(stream.controller, chunk);
  };
  // What "set up" a TransformStream says.
  InitializeTransformStream(stream, LazyPromise.resolved(), 1, null, 0, null);
  SetUpTransformStreamDefaultController(
    stream,
    new TransformStreamDefaultControllerSlots(stream),
    transformer,
    true,
    (chunk) => put(transformer.transform(chunk)),
    () => put(transformer.flush()),
    undefined,
  );
  return {
    __proto__: null,
    readable: createReadableStreamObject(stream.readable),
    writable: createWritableStreamObject(stream.writable),
  };
}
