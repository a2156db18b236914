// Which request the code that runs now belongs to, also after an `await` or in a timer, and what `withEnv` put in place for
// it, and the stores of AsyncLocalStorage: all travel with promises, as V8's continuation-preserved data. That is the request's
// number, or a frame: an array of that number, an environment, exports and a Map of stores, which is not changed any more.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { isObject } from "../webidl.js";

const { ReflectApply } = primordials;

/** The number of the request; 0 where the code belongs to none. */
export function currentRequest() {
  const context = ops.getAsyncContext();
  if (typeof context === "number") return context;
  return isObject(context) ? context[0] : 0;
}

/** The environment that `withEnv` set for the code that runs now, or undefined. */
export function scopedEnvironment() {
  const context = ops.getAsyncContext();
  return isObject(context) ? context[1] : undefined;
}

/** The exports that `withExports` set for the code that runs now, or undefined. */
export function scopedExports() {
  const context = ops.getAsyncContext();
  return isObject(context) ? context[2] : undefined;
}

/** Calls a function in a context, one that `ops.getAsyncContext()` gave or a frame, and comes back to the present one. */
export function callInContext(context, callback, receiver, args) {
  const before = ops.getAsyncContext();
  ops.setAsyncContext(context);
  try {
    return ReflectApply(callback, receiver, args);
  } finally {
    ops.setAsyncContext(before);
  }
}

/** Calls `callback` in a frame with these; undefined: as it was. Returns what it returns. */
export function callScoped(environment, exported, callback) {
  const frame = [
    currentRequest(),
    environment === undefined ? scopedEnvironment() : environment,
    exported === undefined ? scopedExports() : exported,
    asyncStores(),
  ];
  return callInContext(frame, callback, undefined, []);
}

/** The stores of the code that runs now, or undefined. */
export function asyncStores() {
  const context = ops.getAsyncContext();
  return isObject(context) ? context[3] : undefined;
}

/** The context of the code that runs now, with these stores. */
export function contextWithStores(stores) {
  return [currentRequest(), scopedEnvironment(), scopedExports(), stores];
}
