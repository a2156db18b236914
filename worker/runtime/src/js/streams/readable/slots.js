// The internal slots of readable streams, their readers and controllers. The abstract operations work on these records;
// the objects that tenants hold keep theirs in a private field.

import { Account } from "../budget.js";
import { LazyPromise } from "../lazy_promise.js";
import { QueueWithSizes, Ring } from "../queue_with_sizes.js";
import { seal } from "../sealed_class.js";

/** The internal slots of ReadableStream (https://streams.spec.whatwg.org/#rs-internal-slots). */
export class ReadableStreamSlots {
  constructor() {
    this.state = "readable";
    this.storedError = undefined;
    /** Slots of a reader of either kind, or undefined. */
    this.reader = undefined;
    /** Slots of a controller of either kind. */
    this.controller = undefined;
    this.disturbed = false;
  }
}
seal(ReadableStreamSlots);

/** The internal slots of ReadableStreamDefaultReader (#default-reader-internal-slots) and the generic reader mixin. */
export class ReadableStreamDefaultReaderSlots {
  constructor() {
    this.stream = undefined;
    this.closedPromise = new LazyPromise();
    this.isByob = false;
    /** Read requests: objects with the methods chunkSteps(chunk), closeSteps() and errorSteps(e). */
    this.readRequests = new Ring();
    this.readIntoRequests = undefined;
  }
}
seal(ReadableStreamDefaultReaderSlots);

/** The internal slots of ReadableStreamBYOBReader (#byob-reader-internal-slots). */
export class ReadableStreamBYOBReaderSlots {
  constructor() {
    this.stream = undefined;
    this.closedPromise = new LazyPromise();
    this.isByob = true;
    this.readRequests = undefined;
    /** Read-into requests: objects with the methods chunkSteps(chunk), closeSteps(chunk) and errorSteps(e). */
    this.readIntoRequests = new Ring();
  }
}
seal(ReadableStreamBYOBReaderSlots);

/** The internal slots of ReadableStreamDefaultController (#rs-default-controller-internal-slots). */
export class ReadableStreamDefaultControllerSlots {
  constructor(stream) {
    this.stream = stream;
    this.isByte = false;
    /** The object that the source gets. */
    this.object = undefined;
    // The algorithms are methods with the object they are called on; undefined once cleared.
    this.source = undefined;
    this.sourceIsInternal = false;
    this.pullAlgorithm = undefined;
    this.cancelAlgorithm = undefined;
    /** Null: each chunk counts 1. Undefined: cleared. */
    this.strategySizeAlgorithm = null;
    this.strategyHWM = 0;
    this.started = false;
    this.closeRequested = false;
    this.pulling = false;
    this.pullAgain = false;
    this.queue = new QueueWithSizes();
    this.account = new Account();
    /** The reactions to a pull, made once for the stream. */
    this.onPullFulfilled = undefined;
    this.onPullRejected = undefined;
  }
}
seal(ReadableStreamDefaultControllerSlots);

/** The internal slots of ReadableByteStreamController (#rbs-controller-internal-slots). */
export class ReadableByteStreamControllerSlots {
  constructor(stream) {
    this.stream = stream;
    this.isByte = true;
    this.object = undefined;
    this.source = undefined;
    this.sourceIsInternal = false;
    this.pullAlgorithm = undefined;
    this.cancelAlgorithm = undefined;
    this.autoAllocateChunkSize = undefined;
    this.strategyHWM = 0;
    this.started = false;
    this.closeRequested = false;
    this.pulling = false;
    this.pullAgain = false;
    /** Slots of a ReadableStreamBYOBRequest, or null. */
    this.byobRequest = null;
    /** ReadableByteStreamQueueEntry objects. */
    this.queue = new Ring();
    this.queueTotalSize = 0;
    /** PullIntoDescriptor objects. */
    this.pendingPullIntos = new Ring();
    this.account = new Account();
    this.onPullFulfilled = undefined;
    this.onPullRejected = undefined;
  }
}
seal(ReadableByteStreamControllerSlots);

/** A readable byte stream queue entry. */
export class ReadableByteStreamQueueEntry {
  constructor(buffer, byteOffset, byteLength) {
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
  }
}
seal(ReadableByteStreamQueueEntry);

/** A pull-into descriptor. */
export class PullIntoDescriptor {
  constructor(
    buffer, bufferByteLength, byteOffset, byteLength, minimumFill, elementSize, viewConstructor, readerType,
  ) {
    this.buffer = buffer;
    this.bufferByteLength = bufferByteLength;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.bytesFilled = 0;
    this.minimumFill = minimumFill;
    this.elementSize = elementSize;
    this.viewConstructor = viewConstructor;
    /** "default", "byob" or "none". */
    this.readerType = readerType;
  }
}
seal(PullIntoDescriptor);

/** The internal slots of ReadableStreamBYOBRequest (#rs-byob-request-internal-slots). */
export class ReadableStreamBYOBRequestSlots {
  constructor(controller, view) {
    this.controller = controller;
    this.view = view;
    /** The object that the source gets; made when it asks. */
    this.object = undefined;
  }
}
seal(ReadableStreamBYOBRequestSlots);
