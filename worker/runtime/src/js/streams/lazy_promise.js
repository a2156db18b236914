// A slot such as [[readyPromise]] or [[closedPromise]]: a promise of undefined that most programs never look at, and
// which is therefore only made when someone does. Until then there is just its state.

import { primordials } from "../primordials.js";
import { Deferred, promiseResolvedWithUndefined, setPromiseIsHandledToTrue } from "./promises.js";

const { Promise } = primordials;

const PENDING = 0;
const FULFILLED = 1;
const REJECTED = 2;

export class LazyPromise {
  constructor() {
    this.state = PENDING;
    this.reason = undefined;
    this.promise = undefined;
    /** What settles `promise`, while that is pending. */
    this.deferred = undefined;
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
      this.promise = handledRejection(this.reason);
    }
    return this.promise;
  }

  /** Replaces it by "a new promise". */
  renew() {
    this.state = PENDING;
    this.reason = undefined;
    this.promise = undefined;
    this.deferred = undefined;
  }

  isPending() {
    return this.state === PENDING;
  }

  /** True while somebody waits, or could. */
  isAwaited() {
    return this.deferred !== undefined;
  }

  /** "Resolve" with undefined. Without effect when it is settled. */
  resolve() {
    if (this.state !== PENDING) return;
    this.state = FULFILLED;
    const { deferred } = this;
    if (deferred === undefined) return;
    this.deferred = undefined;
    deferred.resolve(undefined);
  }

  /** Rejects it if pending, else replaces it by a rejected one. Either way [[PromiseIsHandled]] is true. */
  ensureRejected(reason) {
    const { deferred } = this;
    if (this.state !== PENDING) this.promise = undefined;
    this.state = REJECTED;
    this.reason = reason;
    if (deferred === undefined) return;
    this.deferred = undefined;
    // Handled first, or it would be reported as an unhandled rejection.
    setPromiseIsHandledToTrue(deferred.promise);
    deferred.reject(reason);
  }
}

let reject;
function captureReject(_, rejectPromise) {
  reject = rejectPromise;
}

function handledRejection(reason) {
  const promise = new Promise(captureReject);
  setPromiseIsHandledToTrue(promise);
  reject(reason);
  return promise;
}
