// The handler's third argument, by workerd's ExecutionContext
// (https://developers.cloudflare.com/workers/runtime-apis/context/).

import { retainIncomingRequest } from "../fetch/request.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";

const { ObjectDefineProperties, PromisePrototypeThen, PromiseResolve, SymbolToStringTag, TypeError } = primordials;

const kCreate = {};
let reportError;
let getExports;
let getTracing;
let holdRun = null;

/** Sets what `waitUntil` of a scheduled event asks first: `holdRun(id, promise)`, false for any other number. */
export function runsHeldBy(callback) {
  holdRun = callback;
}

/** Sets what is called with the reason of a rejected promise that `waitUntil` was given. */
export function onRejectedWait(callback) {
  reportError = callback;
}

/** Sets what `ctx.exports` is had from. */
export function exportsFrom(callback) {
  getExports = callback;
}

/** Sets what `ctx.tracing` is had from. */
export function tracingFrom(callback) {
  getTracing = callback;
}

/**
 * The worker does not end before `promise` is settled, nor is the body of `request`, number `id`, forgotten; if it rejects, that is
 * logged. `request`: undefined where it was held, or forgotten, already.
 */
export function holdRequest(id, request, promise) {
  if (holdRun !== null && holdRun(id, promise)) return;
  const settled = PromiseResolve(promise);
  // What goes on after the response may look at the request for the first time.
  if (request !== undefined) retainIncomingRequest(request);
  ops.waitUntilBegan(id);
  PromisePrototypeThen(settled, () => ops.waitUntilEnded(id), (reason) => {
    ops.waitUntilEnded(id);
    reportError(reason);
  });
}

export class ExecutionContext {
  #id;
  #request;
  // An object for the app to keep; made when it is looked at.
  #props;

  constructor(key, id, request, props) {
    if (key !== kCreate) throw new TypeError("Illegal constructor");
    this.#id = id;
    this.#request = request;
    this.#props = props;
  }

  get props() {
    if (!(#request in this)) throw new TypeError("Illegal invocation");
    return this.#props ??= {};
  }

  get exports() {
    if (!(#request in this)) throw new TypeError("Illegal invocation");
    return getExports();
  }

  get tracing() {
    if (!(#request in this)) throw new TypeError("Illegal invocation");
    return getTracing();
  }

  waitUntil(promise) {
    if (!(#request in this)) throw new TypeError("Illegal invocation");
    if (arguments.length < 1) {
      throw new TypeError("Failed to execute 'waitUntil' on 'ExecutionContext': 1 argument required, but only 0 present");
    }
    holdRequest(this.#id, this.#request, promise);
  }

  // NANO: there is no other server that the request could be passed to.
  passThroughOnException() {
    if (!(#request in this)) throw new TypeError("Illegal invocation");
  }
}

ObjectDefineProperties(ExecutionContext.prototype, {
  __proto__: null,
  props: { __proto__: null, enumerable: true },
  exports: { __proto__: null, enumerable: true },
  tracing: { __proto__: null, enumerable: true },
  waitUntil: { __proto__: null, enumerable: true },
  passThroughOnException: { __proto__: null, enumerable: true },
  [SymbolToStringTag]: { __proto__: null, value: "ExecutionContext", configurable: true },
});

/** The context of a call of the app for `request`, which is number `id`. */
export function createExecutionContext(id, request, props = undefined) {
  return new ExecutionContext(kCreate, id, request, props);
}
