// A slot such as [[readyPromise]] or [[closedPromise]], and the promise that an operation such as WritableStreamAbort
// returns: a promise of undefined that many programs never look at, and which is therefore only made when someone does.
// Until then there is just its state.

import { primordials } from "../primordials.js";
import { isObject } from "../webidl.js";
import {
  Deferred, kFulfilled, promiseResolvedWithUndefined, resolveWith, setPromiseIsHandledToTrue, thenOf,
} from "./promises.js";
import { Ring } from "./queue_with_sizes.js";
import { seal } from "./sealed_class.js";

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
    // What the builtins do when it settles; see react(). There is hardly ever more than one reaction.
    this.onFulfilled = undefined;
    this.onRejected = undefined;
    this.furtherReactions = undefined;
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

  /** "Upon fulfillment" and "upon rejection", for the builtins. The steps must not throw. */
  react(onFulfilled, onRejected) {
    if (this.state === FULFILLED) {
      scheduleFulfilled(onFulfilled);
    } else if (this.state === REJECTED) {
      scheduleRejected(onRejected, this.reason);
    } else if (this.deferred !== undefined) {
      // Whoever looked at it may react as well: each in turn.
      thenOf(this.promise, onFulfilled, onRejected);
    } else if (this.onFulfilled === undefined && this.onRejected === undefined) {
      this.onFulfilled = onFulfilled;
      this.onRejected = onRejected;
    } else {
      this.furtherReactions ??= new Ring();
      this.furtherReactions.push(onFulfilled);
      this.furtherReactions.push(onRejected);
    }
  }

  /** Replaces it, when it is settled, by "a new promise". */
  renew() {
    this.state = PENDING;
    this.reason = undefined;
    this.isHandled = false;
    this.promise = undefined;
  }

  isFulfilled() {
    return this.state === FULFILLED;
  }

  /** Whether its settling is observed. */
  isAwaited() {
    return this.deferred !== undefined || this.onFulfilled !== undefined;
  }

  /** "Resolve" with undefined. Without effect when it is settled. */
  resolve() {
    if (this.state !== PENDING) return;
    this.state = FULFILLED;
    const { deferred, onFulfilled, furtherReactions } = this;
    if (onFulfilled !== undefined) {
      this.onFulfilled = undefined;
      this.onRejected = undefined;
      scheduleFulfilled(onFulfilled);
    }
    if (furtherReactions !== undefined) {
      this.furtherReactions = undefined;
      while (furtherReactions.length > 0) {
        scheduleFulfilled(furtherReactions.shift());
        furtherReactions.shift();
      }
    }
    if (deferred !== undefined) {
      this.deferred = undefined;
      deferred.resolve(undefined);
    }
  }

  /** "Reject". Without effect when it is settled. */
  reject(reason) {
    if (this.state !== PENDING) return;
    const { deferred, onRejected, furtherReactions } = this;
    this.state = REJECTED;
    this.reason = reason;
    this.deferred = undefined;
    this.onFulfilled = undefined;
    this.onRejected = undefined;
    this.furtherReactions = undefined;
    scheduleRejected(onRejected, reason);
    while (furtherReactions !== undefined && furtherReactions.length > 0) {
      furtherReactions.shift();
      scheduleRejected(furtherReactions.shift(), reason);
    }
    if (deferred === undefined) return;
    // Handled first, or it would be reported as an unhandled rejection.
    if (this.isHandled) setPromiseIsHandledToTrue(deferred.promise);
    deferred.reject(reason);
  }

  /** Rejects it a microtask later. */
  rejectSoon(reason) {
    PromisePrototypeThen(kFulfilled, () => this.reject(reason));
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
seal(LazyPromise);

function scheduleFulfilled(onFulfilled) {
  if (onFulfilled !== undefined) PromisePrototypeThen(kFulfilled, onFulfilled);
}

function scheduleRejected(onRejected, reason) {
  if (onRejected !== undefined) PromisePrototypeThen(kFulfilled, () => onRejected(reason));
}

/** "Resolve `promise` with `other`", both LazyPromises: it will settle as that does. */
export function resolveWithPromise(promise, other) {
  // The microtask is what "resolve" takes to call `then`.
  PromisePrototypeThen(kFulfilled, () => other.react(() => promise.resolve(), (reason) => promise.reject(reason)));
}

/** "Resolve `promise` with `value`", a tenant's. */
export function resolveWithValue(promise, value) {
  resolveWith(value, () => promise.resolve(), (reason) => promise.reject(reason));
}

/**
 * "A promise resolved with startResult", for `uponPromise`: unlike those of the other algorithms it is wrapped by the
 * standard itself. Where `isInternal`, it is undefined or a LazyPromise.
 */
export function promiseOfStart(startResult, isInternal) {
  if (!isObject(startResult)) return kFulfilled;
  const promise = new LazyPromise();
  if (isInternal) resolveWithPromise(promise, startResult);
  else resolveWithValue(promise, startResult);
  return promise;
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
