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
    /** A LazyPromise. */
    this.backpressureChangePromise = undefined;
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
