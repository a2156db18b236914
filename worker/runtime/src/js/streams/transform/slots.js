// The internal slots of transform streams and their controllers. The abstract operations work on these records; the
// objects that tenants hold keep theirs in a private field.

import { seal } from "../sealed_class.js";

/** The internal slots of TransformStream (https://streams.spec.whatwg.org/#ts-internal-slots). */
export class TransformStreamSlots {
  constructor() {
    /** WritableStreamSlots. */
    this.writable = undefined;
    /** ReadableStreamSlots. */
    this.readable = undefined;
    /** TransformStreamDefaultControllerSlots. */
    this.controller = undefined;
    this.backpressure = undefined;
    /**
     * NANO: in place of [[backpressureChangePromise]], its reaction. It has one at most: of the write that waits for the
     * end of back-pressure, or else of the pull that waits for its return.
     */
    this.onBackpressureChange = undefined;
    /** The chunk of the write that waits. */
    this.waitingChunk = undefined;
    /** Microtasks between the end of a transform and the reaction to the write that caused it. */
    this.delay = 0;
    // The steps of a write, made once for the stream: see sink_operations.js.
    this.onUnblocked = undefined;
    this.onTransformed = undefined;
    this.onTransformFailed = undefined;
  }
}
seal(TransformStreamSlots);

/** The internal slots of TransformStreamDefaultController (#ts-default-controller-internal-slots). */
export class TransformStreamDefaultControllerSlots {
  constructor(stream) {
    this.stream = stream;
    /** The object that the transformer gets. */
    this.object = undefined;
    // The algorithms are methods with the object they are called on; undefined once cleared.
    this.transformer = undefined;
    this.transformerIsInternal = false;
    this.transformAlgorithm = undefined;
    this.flushAlgorithm = undefined;
    this.cancelAlgorithm = undefined;
    /** A LazyPromise or undefined. */
    this.finishPromise = undefined;
  }
}
seal(TransformStreamDefaultControllerSlots);
