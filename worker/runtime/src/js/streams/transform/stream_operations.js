// Working with transform streams (https://streams.spec.whatwg.org/#ts-abstract-ops).

import { primordials } from "../../primordials.js";
import { kFulfilled } from "../promises.js";
import { ReadableStreamDefaultControllerError } from "../readable/default_controller_operations.js";
import { CreateReadableStream } from "../readable/stream_operations.js";
import { WritableStreamDefaultControllerErrorIfNeeded } from "../writable/controller_operations.js";
import { CreateWritableStream } from "../writable/stream_operations.js";
import { TransformStreamDefaultControllerClearAlgorithms } from "./controller_operations.js";
import {
  TransformStreamDefaultSinkAbortAlgorithm, TransformStreamDefaultSinkCloseAlgorithm,
  TransformStreamDefaultSinkWriteAlgorithm, makeSinkSteps,
} from "./sink_operations.js";
import {
  TransformStreamDefaultSourceCancelAlgorithm, TransformStreamDefaultSourcePullAlgorithm,
} from "./source_operations.js";
import { seal } from "../sealed_class.js";

const { PromisePrototypeThen } = primordials;

/** The sink and source of a transform stream: its sides' algorithms as methods. */
class Sides {
  constructor(stream, startPromise) {
    this.stream = stream;
    this.startPromise = startPromise;
  }

  start() {
    return this.startPromise;
  }

  write(chunk) {
    return TransformStreamDefaultSinkWriteAlgorithm(this.stream, chunk);
  }

  abort(reason) {
    return TransformStreamDefaultSinkAbortAlgorithm(this.stream, reason);
  }

  close() {
    return TransformStreamDefaultSinkCloseAlgorithm(this.stream);
  }

  /** NANO: the writable side is errored, because a chunk was beyond its buffer limit. */
  overflowed(error) {
    TransformStreamError(this.stream, error);
  }

  pull() {
    return TransformStreamDefaultSourcePullAlgorithm(this.stream);
  }

  cancel(reason) {
    return TransformStreamDefaultSourceCancelAlgorithm(this.stream, reason);
  }
}
seal(Sides);

/** `startPromise`: a LazyPromise. */
export function InitializeTransformStream(
  stream, startPromise, writableHighWaterMark, writableSizeAlgorithm, readableHighWaterMark, readableSizeAlgorithm,
) {
  const sides = new Sides(stream, startPromise);
  makeSinkSteps(stream);
  stream.writable = CreateWritableStream(
    sides, sides.start, sides.write, sides.close, sides.abort, writableHighWaterMark, writableSizeAlgorithm,
  );
  stream.readable = CreateReadableStream(
    sides, sides.start, sides.pull, sides.cancel, readableHighWaterMark, readableSizeAlgorithm,
  );
  TransformStreamSetBackpressure(stream, true);
}

export function TransformStreamError(stream, e) {
  ReadableStreamDefaultControllerError(stream.readable.controller, e);
  TransformStreamErrorWritableAndUnblockWrite(stream, e);
}

/** NANO: `cause` is for the metrics: one of budget.js's CAUSE_*. */
export function TransformStreamErrorWritableAndUnblockWrite(stream, e, cause = undefined) {
  TransformStreamDefaultControllerClearAlgorithms(stream.controller);
  WritableStreamDefaultControllerErrorIfNeeded(stream.writable.controller, e, cause);
  TransformStreamUnblockWrite(stream);
}

export function TransformStreamSetBackpressure(stream, backpressure) {
  const { onBackpressureChange } = stream;
  stream.onBackpressureChange = undefined;
  stream.backpressure = backpressure;
  if (onBackpressureChange !== undefined) PromisePrototypeThen(kFulfilled, onBackpressureChange);
}

export function TransformStreamUnblockWrite(stream) {
  if (stream.backpressure) TransformStreamSetBackpressure(stream, false);
}

/**
 * "Upon fulfillment of [[backpressureChangePromise]]", for a transformer of the builtins that waits for the end of
 * back-pressure while it transforms: then nothing else waits for a change.
 */
export function uponBackpressureChange(stream, steps) {
  stream.onBackpressureChange = steps;
}
