// The internal slots of writable streams, their writers and controllers. The abstract operations work on these records;
// the objects that tenants hold keep theirs in a private field.

import { Account } from "../budget.js";
import { LazyPromise } from "../lazy_promise.js";
import { QueueWithSizes, Ring } from "../queue_with_sizes.js";
import { seal } from "../sealed_class.js";
import { YoungSlot } from "../young_slot.js";

/** The internal slots of WritableStream (https://streams.spec.whatwg.org/#ws-internal-slots). */
export class WritableStreamSlots {
  constructor() {
    this.state = "writable";
    this.storedError = undefined;
    /** WritableStreamDefaultWriterSlots or undefined. */
    this.writer = undefined;
    /** WritableStreamDefaultControllerSlots. */
    this.controller = undefined;
    /** A write request, or one of the two marks below while NANO's shortcut is taken, or undefined. */
    this.inFlightWriteRequest = undefined;
    /** LazyPromises or undefined. */
    this.closeRequest = undefined;
    this.inFlightCloseRequest = undefined;
    /** PendingAbortRequest or undefined. */
    this.pendingAbortRequest = undefined;
    /**
     * One for each chunk in the controller's queue, in the same order: a Deferred, or whatever else has the methods
     * resolve and reject.
     */
    this.writeRequests = new Ring();
    this.backpressure = false;
    /** NANO: the Pipe that writes to it, if one does: it is told of the end of each write. */
    this.pipe = undefined;
    /** How many writes in a row were simple enough for the shortcut: see WritableStreamDefaultControllerWriteToIdleSink. */
    this.simpleWrites = 0;
    /** The promise of a write with kSettledByReaction. */
    this.inFlightWritePromise = new YoungSlot();
  }
}
seal(WritableStreamSlots);

/** [[inFlightWriteRequest]]: the write's promise is the reaction's own, and settles when the reaction returns. */
export const kSettledByReaction = { __proto__: null };
/** [[inFlightWriteRequest]]: the write is in flight, but its promise is settled already, or not made yet. */
export const kNoPromise = { __proto__: null };

/** A pending abort request. */
export class PendingAbortRequest {
  constructor(promise, reason, wasAlreadyErroring) {
    /** A LazyPromise. */
    this.promise = promise;
    this.reason = reason;
    this.wasAlreadyErroring = wasAlreadyErroring;
  }
}
seal(PendingAbortRequest);

/** The internal slots of WritableStreamDefaultController (#ws-default-controller-internal-slots). */
export class WritableStreamDefaultControllerSlots {
  constructor(stream) {
    this.stream = stream;
    /** The object that the sink gets; made when the sink first needs it. */
    this.object = undefined;
    // The algorithms are methods with the object they are called on; undefined once cleared.
    this.sink = undefined;
    this.sinkIsInternal = false;
    this.writeAlgorithm = undefined;
    this.closeAlgorithm = undefined;
    this.abortAlgorithm = undefined;
    /** Null: each chunk counts 1. Undefined: cleared. */
    this.strategySizeAlgorithm = null;
    this.strategyHWM = 0;
    this.started = false;
    this.queue = new QueueWithSizes();
    /** The close sentinel is this flag: it is always the last in the queue. */
    this.closeQueued = false;
    // NANO: [[abortController]] is made when looked at; these remember whether it was aborted before.
    this.signal = undefined;
    this.aborted = false;
    this.abortReason = undefined;
    // What is in flight left the queue, but still counts in its total size and in the account.
    this.inFlightSize = 0;
    this.inFlightCost = 0;
    this.account = new Account();
    /** The reactions to a write, made once for the stream. */
    this.onWriteFulfilled = undefined;
    this.onWriteRejected = undefined;
  }
}
seal(WritableStreamDefaultControllerSlots);

/** The internal slots of WritableStreamDefaultWriter (#default-writer-internal-slots). */
export class WritableStreamDefaultWriterSlots {
  constructor() {
    this.stream = undefined;
    this.readyPromise = new LazyPromise();
    this.closedPromise = new LazyPromise();
  }
}
seal(WritableStreamDefaultWriterSlots);
