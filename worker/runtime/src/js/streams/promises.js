// Promises as the Streams Standard uses them (Web IDL §2.5, "Promise<T>"), out of reach of tenants who patch
// Promise.prototype.then, Promise.prototype.constructor or Promise[Symbol.species].

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";

const { ObjectDefineProperty, ObjectSetPrototypeOf, Promise, PromisePrototypeThen, PromiseReject } = primordials;

// `then` reads `constructor` and Symbol.species from its receiver. On promises of this class it finds undefined there
// and makes a plain promise. They never reach the tenant.
class InternalPromise extends Promise {
  constructor(executor) {
    super(executor);
  }
}
ObjectDefineProperty(InternalPromise.prototype, "constructor", {
  __proto__: null, value: undefined, writable: false, enumerable: false, configurable: false,
});
ObjectSetPrototypeOf(InternalPromise.prototype, null);

/**
 * Fulfilled with undefined, for ever. `PromisePrototypeThen(kFulfilled, steps)` is how a reaction to "a promise resolved
 * with undefined" is scheduled: one promise instead of two, and no closure.
 */
export const kFulfilled = new InternalPromise((resolve) => resolve(undefined));

let lastResolve;
let lastReject;
function capture(resolve, reject) {
  lastResolve = resolve;
  lastReject = reject;
}

/** "A new promise", together with the functions that settle it. */
export class Deferred {
  constructor() {
    this.promise = new Promise(capture);
    this.resolve = lastResolve;
    this.reject = lastReject;
  }
}

/** "A promise resolved with" undefined, for the tenant's eyes. */
export function promiseResolvedWithUndefined() {
  const promise = new Promise(capture);
  lastResolve(undefined);
  return promise;
}

/** "A promise rejected with". */
export const promiseRejectedWith = PromiseReject;

/** Sets [[PromiseIsHandled]]. */
export const setPromiseIsHandledToTrue = ops.markPromiseHandled;

/** "A new promise", for the builtins only: never hand one to the tenant. */
export function newInternalPromise() {
  const promise = new InternalPromise(capture);
  return { promise, resolve: lastResolve, reject: lastReject };
}

/**
 * "A promise resolved with `value`", for the builtins only, where just the fact of fulfilment matters: what is no object
 * counts as undefined. Reads `value.then` otherwise, as the standard has it, also when `value` is a promise.
 */
export function internalPromiseResolvedWith(value) {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return kFulfilled;
  const promise = new InternalPromise(capture);
  lastResolve(value);
  return promise;
}

/** "A promise rejected with `reason`", for the builtins only. */
export function internalPromiseRejectedWith(reason) {
  const promise = new InternalPromise(capture);
  lastReject(reason);
  return promise;
}

/**
 * "Upon fulfillment" and "upon rejection" of a LazyPromise, or of a promise that was made by this file's internal*
 * functions. The steps must not throw; what they return is of no account.
 */
export function uponPromise(promise, onFulfilled, onRejected) {
  if (promise.isLazy === true) promise.react(onFulfilled, onRejected);
  else PromisePrototypeThen(promise, onFulfilled, onRejected);
}

/**
 * What an algorithm of a stream returned, as a promise for `uponPromise`. Algorithms of the builtins (`isInternal`)
 * return undefined or a LazyPromise; those of tenants return anything.
 */
export function promiseOfAlgorithm(value, isInternal) {
  if (!isInternal) return internalPromiseResolvedWith(value);
  return value === undefined ? kFulfilled : value;
}
