// The handler's third argument, by workerd's ExecutionContext
// (https://developers.cloudflare.com/workers/runtime-apis/context/).

import { retainIncomingRequest } from "../fetch/request.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";

const { ObjectDefineProperties, PromisePrototypeThen, PromiseResolve, SymbolToStringTag, TypeError } = primordials;

const kCreate = {};
let reportError;

/** Sets what is called with the reason of a rejected promise that `waitUntil` was given. */
export function onRejectedWait(callback) {
  reportError = callback;
}

export class ExecutionContext {
  #id;
  #request;

  constructor(key, id, request) {
    if (key !== kCreate) throw new TypeError("Illegal constructor");
    this.#id = id;
    this.#request = request;
  }

  /**
   * The worker does not end before `promise` is settled, nor is the request's body forgotten; if it rejects, that is logged.
   */
  waitUntil(promise) {
    if (!(#request in this)) throw new TypeError("Illegal invocation");
    if (arguments.length < 1) {
      throw new TypeError("Failed to execute 'waitUntil' on 'ExecutionContext': 1 argument required, but only 0 present");
    }
    const settled = PromiseResolve(promise);
    // What goes on after the response may look at the request for the first time.
    retainIncomingRequest(this.#request);
    const id = this.#id;
    ops.waitUntilBegan(id);
    PromisePrototypeThen(settled, () => ops.waitUntilEnded(id), (reason) => {
      ops.waitUntilEnded(id);
      reportError(reason);
    });
  }
}

ObjectDefineProperties(ExecutionContext.prototype, {
  __proto__: null,
  waitUntil: { __proto__: null, enumerable: true },
  [SymbolToStringTag]: { __proto__: null, value: "ExecutionContext", configurable: true },
});

/** The context of the handler's call for `request`, which is number `id`. */
export function createExecutionContext(id, request) {
  return new ExecutionContext(kCreate, id, request);
}
