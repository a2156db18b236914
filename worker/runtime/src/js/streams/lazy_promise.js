// A slot such as [[readyPromise]] or [[closedPromise]], and the promise that an operation such as WritableStreamAbort
// returns: a promise of undefined that many programs never look at, and which is therefore only made when someone does.
// Until then there is just its state.

import { primordials } from "../primordials.js";
import { Deferred, kFulfilled, promiseResolvedWithUndefined, setPromiseIsHandledToTrue } from "./promises.js";

const { Promise, PromisePrototypeThen } = primordials;

const PENDING = 0;
const FULFILLED = 1;
const REJECTED = 2;

export class LazyPromise {
  constructor() {
    this.state = PENDING;
    this.reason = undefined;
    /** [[PromiseIsHandled]] was set to true. */
    this.isHandled = false;
    this.promise = undefined;
    /** What settles `promise`, while that is pending. */
    this.deferred = undefined;
    // What the builtins do when it settles; see react().
    this.onFulfilled = undefined;
    this.onRejected = undefined;
  }

  /** The promise itself, the same each time until it is replaced. */
  get() {
    if (this.promise !== undefined) return this.promise;
    if (this.state === PENDING) {
      this.deferred = new Deferred();
      this.promise = this.deferred.promise;
    } else if (this.state === FULFILLED) {
      this.promise = promiseResolvedWithUndefined();
    } else {
      this.promise = rejection(this.reason, this.isHandled);
    }
    return this.promise;
  }

  /** "Upon fulfillment" and "upon rejection", for the builtins. Only once in the life of a promise. */
  react(onFulfilled, onRejected) {
    if (this.state === PENDING) {
      this.onFulfilled = onFulfilled;
      this.onRejected = onRejected;
    } else if (this.state === FULFILLED) {
      if (onFulfilled !== undefined) PromisePrototypeThen(kFulfilled, onFulfilled);
    } else if (onRejected !== undefined) {
      const { reason } = this;
      PromisePrototypeThen(kFulfilled, () => onRejected(reason));
    }
  }

  /** Replaces it by "a new promise". */
  renew() {
    this.state = PENDING;
    this.reason = undefined;
    this.isHandled = false;
    this.promise = undefined;
    this.deferred = undefined;
  }

  isFulfilled() {
    return this.state === FULFILLED;
  }

  /** Whether its settling is seen by anybody. */
  isAwaited() {
    return this.deferred !== undefined || this.onFulfilled !== undefined;
  }

  /** "Resolve" with undefined. Without effect when it is settled. */
  resolve() {
    if (this.state !== PENDING) return;
    this.state = FULFILLED;
    const { deferred, onFulfilled } = this;
    if (onFulfilled !== undefined) {
      this.onFulfilled = undefined;
      this.onRejected = undefined;
      PromisePrototypeThen(kFulfilled, onFulfilled);
    }
    if (deferred !== undefined) {
      this.deferred = undefined;
      deferred.resolve(undefined);
    }
  }

  /** "Reject". It must be pending. */
  reject(reason) {
    const { deferred, onRejected } = this;
    this.state = REJECTED;
    this.reason = reason;
    if (onRejected !== undefined) PromisePrototypeThen(kFulfilled, () => onRejected(reason));
    this.onFulfilled = undefined;
    this.onRejected = undefined;
    if (deferred === undefined) return;
    this.deferred = undefined;
    // Handled first, or it would be reported as an unhandled rejection.
    if (this.isHandled) setPromiseIsHandledToTrue(deferred.promise);
    deferred.reject(reason);
  }

  /** Rejects it if pending, else replaces it by a rejected one. Either way [[PromiseIsHandled]] becomes true. */
  ensureRejected(reason) {
    if (this.state !== PENDING) this.renew();
    this.isHandled = true;
    this.reject(reason);
  }

  static resolved() {
    const promise = new LazyPromise();
    promise.state = FULFILLED;
    return promise;
  }

  static rejected(reason) {
    const promise = new LazyPromise();
    promise.state = REJECTED;
    promise.reason = reason;
    return promise;
  }
}

let reject;
function captureReject(_, rejectPromise) {
  reject = rejectPromise;
}

function rejection(reason, isHandled) {
  const promise = new Promise(captureReject);
  if (isHandled) setPromiseIsHandledToTrue(promise);
  reject(reason);
  return promise;
}
