// Promises as the Streams Standard uses them (Web IDL §2.5, "Promise<T>"), out of reach of tenants who patch
// Promise.prototype.then, Promise.prototype.constructor or Promise[Symbol.species].

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { isObject } from "../webidl.js";
import { seal } from "./sealed_class.js";

const {
  ObjectDefineProperty, ObjectGetPrototypeOf, ObjectSetPrototypeOf, Promise, PromisePrototypeThen, PromiseReject,
  ReflectApply, ReflectSetPrototypeOf,
} = primordials;
const PromisePrototype = Promise.prototype;

// `then` reads `constructor` and Symbol.species from its receiver. Here it finds undefined, and makes a plain promise.
/** @extends {Promise<any>} */
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
 * with undefined" is scheduled: one promise instead of two, and no closure. It must never reach the tenant.
 */
export const kFulfilled = new InternalPromise((resolve) => resolve(undefined));

/**
 * `promise.then(onFulfilled, onRejected)` of a plain promise that a tenant holds, whatever its `constructor` is by now: for
 * that moment it is one of the builtins' own.
 */
export function thenOf(promise, onFulfilled, onRejected) {
  const prototype = ObjectGetPrototypeOf(promise);
  // False where the tenant has frozen it.
  const isOurs = ReflectSetPrototypeOf(promise, InternalPromise.prototype);
  const derived = PromisePrototypeThen(promise, onFulfilled, onRejected);
  if (isOurs) ReflectSetPrototypeOf(promise, prototype);
  return derived;
}

// What ops.valueKind() says of promises.
const PROMISE_KIND = 14;

/** Whether it is a promise of no class but Promise. */
function isPlainPromise(value) {
  return ops.valueKind(value) === PROMISE_KIND && ObjectGetPrototypeOf(value) === PromisePrototype;
}

/** "A new promise", together with the functions that settle it. */
export class Deferred {
  constructor() {
    this.resolve = undefined;
    this.reject = undefined;
    // Inlined and all on young objects: twice as fast as an executor that is made once and stores into variables.
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get() {
    return this.promise;
  }
}
seal(Deferred);

/** "A promise resolved with" undefined, for the tenant's eyes. */
export function promiseResolvedWithUndefined() {
  return new Promise((resolve) => resolve(undefined));
}

/** "A promise resolved with" a value of the builtins', for the tenant's eyes. */
export function promiseResolvedWith(value) {
  return new Promise((resolve) => resolve(value));
}

/** "A promise rejected with". */
export const promiseRejectedWith = PromiseReject;

/** Sets [[PromiseIsHandled]]. */
export const setPromiseIsHandledToTrue = ops.markPromiseHandled;

/** What a reaction returns whose promise is settled: a thenable that never settles it. */
export const kSettledAlready = /** @type {any} */ ({ __proto__: null, then() {} });

/** "A promise resolved with `value`", for the builtins only: a way to react to it. */
class Awaited {
  #value;

  constructor(value) {
    this.#value = value;
  }

  react(onFulfilled, onRejected) {
    awaitAndReact(this.#value, onFulfilled, onRejected);
  }

  /**
   * Reacts likewise, and settles when the reaction has run: with undefined, or rejected with the reason. Unless the reaction
   * has settled it, which it tells by returning kSettledAlready or true.
   */
  async reaction(onFulfilled, onRejected) {
    let result;
    try {
      result = await this.#value;
    } catch (reason) {
      if (onRejected(reason)) return kSettledAlready;
      throw reason;
    }
    return onFulfilled(result);
  }

  static isOne(promise) {
    return #value in promise;
  }
}
seal(Awaited);

/** Whether a promise for `uponPromise` is one for a tenant's value; it then has a method reaction(). */
export const isOfValue = Awaited.isOne;

// NANO: `await` uses a promise as it is, like browsers do; by Web IDL it would be wrapped in another, by way of a `then`
// that tenants can patch, and take two microtasks more.
async function awaitAndReact(value, onFulfilled, onRejected) {
  let result;
  try {
    result = await value;
  } catch (reason) {
    onRejected(reason);
    return;
  }
  onFulfilled(result);
}

/** "A promise rejected with `reason`", for the builtins only. */
class Thrown {
  constructor(reason) {
    this.reason = reason;
  }

  react(_, onRejected) {
    const { reason } = this;
    PromisePrototypeThen(kFulfilled, () => onRejected(reason));
  }
}
seal(Thrown);

/**
 * What a write or pull algorithm of the builtins returns when it will perform the controller's reaction by itself, in the
 * microtask in which the promise's would run: `onWriteFulfilled`, `onWriteRejected`, `onPullFulfilled`.
 */
export const kReactsItself = { __proto__: null };

/** "A promise resolved with `value`", for `uponPromise`. What is no object counts as undefined. */
function internalPromiseResolvedWith(value) {
  return isObject(value) ? new Awaited(value) : kFulfilled;
}

/** "A promise rejected with `reason`", for `uponPromise`. */
export function internalPromiseRejectedWith(reason) {
  return new Thrown(reason);
}

/**
 * "Upon fulfillment" and "upon rejection" of a LazyPromise, or of what the functions of this file return for it. The
 * steps must not throw; what they return is of no account.
 */
export function uponPromise(promise, onFulfilled, onRejected) {
  if (promise === kFulfilled) PromisePrototypeThen(kFulfilled, onFulfilled);
  else promise.react(onFulfilled, onRejected);
}

/**
 * What the resolve function of a promise does with `value`: `onFulfilled` or `onRejected` run when the promise would be
 * fulfilled or rejected, a microtask before those that react to it.
 */
export function resolveWith(value, onFulfilled, onRejected) {
  const adopt = adoption(value);
  if (adopt === undefined) onFulfilled(value);
  else adopt(onFulfilled, onRejected);
}

/**
 * How resolveWith() takes over what `value` will settle with; undefined if it is no thenable. Of what is a promise, `then` is
 * not called: a tenant can patch that.
 */
export function adoption(value) {
  if (!isObject(value)) return undefined;
  let then;
  try {
    ({ then } = value);
  } catch (error) {
    return failing(error);
  }
  return typeof then === "function" ? adopting(value, then) : undefined;
}

// Closures of their own functions: what they hold would be allocated at each call of adoption().
function failing(error) {
  return (_, onRejected) => onRejected(error);
}

function adopting(value, then) {
  const adopt = isPlainPromise(value) ? awaitAndReact : callThen;
  return (onFulfilled, onRejected) => {
    PromisePrototypeThen(kFulfilled, () => {
      adopt(value, onFulfilled, onRejected, then);
    });
  };
}

function callThen(value, onFulfilled, onRejected, then) {
  let isResolved = false;
  const reject = (reason) => {
    if (isResolved) return;
    isResolved = true;
    onRejected(reason);
  };
  const resolve = (result) => {
    if (isResolved) return;
    isResolved = true;
    resolveWith(result, onFulfilled, onRejected);
  };
  try {
    ReflectApply(then, value, [resolve, reject]);
  } catch (error) {
    reject(error);
  }
}

/** "Upon fulfillment" and "upon rejection" of "a promise resolved with `value`"; the steps get the value. */
export function uponValue(value, onFulfilled, onRejected) {
  awaitAndReact(value, onFulfilled, onRejected);
}

/**
 * What an algorithm of a stream returned, as a promise for `uponPromise`. Algorithms of the builtins (`isInternal`)
 * return undefined or a LazyPromise; those of tenants return anything.
 */
export function promiseOfAlgorithm(value, isInternal) {
  if (!isInternal) return internalPromiseResolvedWith(value);
  return value === undefined ? kFulfilled : value;
}
