// node:async_hooks (nodejs.org/api/async_context.html). What travels is a Map of stores (worker/request_context.js); each change
// makes another Map, so that what was captured before stays as it was.
// NANO: createHook() observes nothing, and all ids are 0, as in Cloudflare Workers.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { typeError } from "./internal/errors.js";
import { validateFunction, validateObject, validateString } from "./internal/validators.js";
import { asyncStores, callInContext, contextWithStores } from "../worker/request_context.js";

const {
  Map, MapPrototypeDelete, MapPrototypeForEach, MapPrototypeGet, MapPrototypeHas,
  MapPrototypeSet, ObjectDefineProperty,
} = primordials;

/** The stores of the code that runs now, in a Map of their own. */
function copyOfStores() {
  const copy = new Map();
  const stores = asyncStores();
  if (stores !== undefined) MapPrototypeForEach(stores, (value, key) => MapPrototypeSet(copy, key, value));
  return copy;
}

/** Runs a function with stores, on behalf of whom it runs now. */
function runWith(stores, callback, receiver, args) {
  return callInContext(contextWithStores(stores), callback, receiver, args);
}

/** A function that runs with these stores, and with `receiver` or its own. */
function bound(callback, stores, receiver = undefined) {
  validateFunction(callback, "fn");
  const run = receiver === undefined
    ? function (...args) {
      return runWith(stores, callback, this, args);
    }
    : (...args) => runWith(stores, callback, receiver, args);
  ObjectDefineProperty(run, "length", {
    __proto__: null, value: callback.length, writable: false, enumerable: false, configurable: true,
  });
  return run;
}

class AsyncLocalStorage {
  #default;
  #name = "";

  constructor(options = {}) {
    validateObject(options, "options");
    this.#default = options.defaultValue;
    if (options.name !== undefined) this.#name = `${options.name}`;
  }

  get name() {
    return this.#name;
  }

  static bind(callback) {
    return bound(callback, asyncStores());
  }

  static snapshot() {
    const stores = asyncStores();
    return function snapshot(callback, ...args) {
      return runWith(stores, callback, this, args);
    };
  }

  disable() {
    const stores = copyOfStores();
    MapPrototypeDelete(stores, this);
    ops.setAsyncContext(contextWithStores(stores));
  }

  enterWith(store) {
    const stores = copyOfStores();
    MapPrototypeSet(stores, this, store);
    ops.setAsyncContext(contextWithStores(stores));
  }

  run(store, callback, ...args) {
    const stores = copyOfStores();
    MapPrototypeSet(stores, this, store);
    return runWith(stores, callback, undefined, args);
  }

  exit(callback, ...args) {
    const stores = copyOfStores();
    MapPrototypeDelete(stores, this);
    return runWith(stores, callback, undefined, args);
  }

  getStore() {
    const stores = asyncStores();
    if (stores === undefined || !MapPrototypeHas(stores, this)) return this.#default;
    return MapPrototypeGet(stores, this);
  }
}

class AsyncResource {
  #stores = asyncStores();

  constructor(type, options = {}) {
    validateString(type, "type");
    if (type.length === 0) throw typeError("ERR_ASYNC_TYPE", `Invalid name for async "type": ${type}`);
    if (typeof options === "number") return;
    validateObject(options, "options", { allowFunction: true });
  }

  static bind(callback, type = undefined, receiver = undefined) {
    validateFunction(callback, "fn");
    if (type !== undefined) validateString(type, "type");
    return bound(callback, asyncStores(), receiver);
  }

  bind(callback, receiver = undefined) {
    return bound(callback, this.#stores, receiver);
  }

  runInAsyncScope(callback, receiver, ...args) {
    return runWith(this.#stores, callback, receiver, args);
  }

  emitDestroy() {
    return this;
  }

  asyncId() {
    return 0;
  }

  triggerAsyncId() {
    return 0;
  }
}

function createHook(callbacks) {
  validateObject(callbacks, "callbacks");
  return {
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  };
}

const resource = { __proto__: null };

export const moduleExports = {
  AsyncLocalStorage,
  AsyncResource,
  asyncWrapProviders: { __proto__: null, NONE: 0 },
  createHook,
  executionAsyncId: () => 0,
  executionAsyncResource: () => resource,
  triggerAsyncId: () => 0,
};
