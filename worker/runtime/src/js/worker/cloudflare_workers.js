// The module `cloudflare:workers` (https://developers.cloudflare.com/workers/runtime-apis/bindings/#importing-env-as-a-global),
// by workerd's src/cloudflare/workers.ts. It is made when an app imports it.
//
// NANO: classes of Durable Objects and Workflows can be extended, so that a bundle with them loads; nothing makes objects of
// them. There is no tracing and no `ctx.cache`: spans are not recorded, the cache has no members.

import { primordials } from "../primordials.js";
import { illegalConstructor, isObject } from "../webidl.js";
import { getEnvironment } from "./environment.js";
import { holdRequest } from "./execution_context.js";
import { createExports, createStub } from "./rpc.js";
import { callScoped, currentRequest, scopedEnvironment, scopedExports } from "./request_context.js";

const {
  ArrayPrototypeUnshift, Error, ObjectDefineProperty, ObjectPrototypeIsPrototypeOf, Proxy, ReflectApply,
  ReflectDefineProperty, ReflectDeleteProperty, ReflectGet, ReflectGetOwnPropertyDescriptor, ReflectHas, ReflectOwnKeys, ReflectSet,
  Symbol, SymbolToStringTag, TypeError,
} = primordials;

/** The module's exports; null until an app imports it. */
let workers = null;
/** Returns the request with a number, or undefined. */
let requestOf;
/** The namespace of the app's first module, once it is evaluated. */
let mainNamespace = null;
/** What `ctx.exports` is; made when it is looked at. */
let mainExports = null;

/** Sets how a request is found by its number. */
export function requestsFrom(callback) {
  requestOf = callback;
}

/** Called natively for each import of a module that is no file. */
export function builtInModule(name) {
  if (name !== "cloudflare:workers") return undefined;
  return workers ??= createModule();
}

/** The app's first module, once it is evaluated. */
export function setMainNamespace(namespace) {
  mainNamespace = namespace;
}

/** Whether a value is a class that extends WorkerEntrypoint. */
export function isEntrypointClass(value) {
  return workers !== null && typeof value === "function" && isObject(value.prototype) &&
    ObjectPrototypeIsPrototypeOf(workers.WorkerEntrypoint.prototype, value.prototype);
}

function isRpcTarget(value) {
  return workers !== null &&
    (ObjectPrototypeIsPrototypeOf(workers.RpcTarget.prototype, value) ||
      ObjectPrototypeIsPrototypeOf(workers.WorkerEntrypoint.prototype, value));
}

/** `ctx.exports`. */
export function getExports() {
  if (mainNamespace === null) return {};
  return mainExports ??= createExports(mainNamespace, isEntrypointClass, isRpcTarget);
}

function defineTag(constructor, name) {
  ObjectDefineProperty(constructor.prototype, SymbolToStringTag, { __proto__: null, value: name, configurable: true });
}

function createEntrypointClass(name) {
  const { [name]: constructor } = { [name]: class {
    constructor(ctx, env) {
      if (!isObject(ctx)) throw new TypeError(`Failed to construct '${name}': Argument 1 is not an object`);
      ObjectDefineProperty(this, "ctx", { __proto__: null, value: ctx, writable: true, enumerable: true, configurable: true });
      ObjectDefineProperty(this, "env", { __proto__: null, value: env, writable: true, enumerable: true, configurable: true });
    }
  } };
  defineTag(constructor, name);
  return constructor;
}

function createIllegalClass(name) {
  const { [name]: constructor } = { [name]: class {
    constructor() {
      throw illegalConstructor();
    }
  } };
  defineTag(constructor, name);
  return constructor;
}

/** A proxy of what `current()` returns at the time; without it, an empty object. */
function createView(current, isWritable) {
  const traps = {
    __proto__: null,
    get(_, name) {
      const inner = current();
      return isObject(inner) ? ReflectGet(inner, name) : undefined;
    },
    has(_, name) {
      const inner = current();
      return isObject(inner) ? ReflectHas(inner, name) : false;
    },
    ownKeys() {
      const inner = current();
      return isObject(inner) ? ReflectOwnKeys(inner) : [];
    },
    getOwnPropertyDescriptor(_, name) {
      const inner = current();
      return isObject(inner) ? ReflectGetOwnPropertyDescriptor(inner, name) : undefined;
    },
  };
  if (isWritable) {
    traps.set = (_, name, value) => {
      const inner = current();
      return isObject(inner) ? ReflectSet(inner, name, value) : true;
    };
    traps.deleteProperty = (_, name) => {
      const inner = current();
      return isObject(inner) ? ReflectDeleteProperty(inner, name) : true;
    };
    traps.defineProperty = (_, name, descriptor) => {
      const inner = current();
      return isObject(inner) ? ReflectDefineProperty(inner, name, descriptor) : true;
    };
  }
  return new Proxy({}, traps);
}

function currentEnvironment() {
  const scoped = scopedEnvironment();
  return scoped === undefined ? getEnvironment() : scoped;
}

function currentExports() {
  const scoped = scopedExports();
  return scoped === undefined ? getExports() : scoped;
}

// Null and undefined stand for nothing at all.
function toScoped(value) {
  if (value === null || value === undefined) return null;
  return isObject(value) ? value : undefined;
}

function requireFunction(callback, name) {
  if (typeof callback !== "function") throw new TypeError(`Failed to execute '${name}': the last argument is not a function`);
}

function waitUntil(promise) {
  if (arguments.length < 1) throw new TypeError("Failed to execute 'waitUntil': 1 argument required, but only 0 present");
  const id = currentRequest();
  if (id === 0) throw new Error("waitUntil() belongs to a request: it cannot be called when the module is evaluated");
  holdRequest(id, requestOf(id), promise);
}

let tracing = null;

/** `tracing` of the module and of a handler's context: spans that nobody sees. Made when it is looked at. */
export function getTracing() {
  return tracing ??= createTracing();
}

function createTracing() {
  class Span {
    get isTraced() {
      return false;
    }

    setAttribute(_key, _value) {
      return this;
    }

    setAttributes(_attributes) {
      return this;
    }

    recordException(_exception) {}

    setStatus(_status) {
      return this;
    }

    spanContext() {
      return { traceId: "00000000000000000000000000000000", spanId: "0000000000000000", traceFlags: 0 };
    }

    updateName(_name) {
      return this;
    }

    end() {}
  }
  defineTag(Span, "Span");

  const enter = (name) => (_spanName, callback, ...args) => {
    requireFunction(callback, name);
    ArrayPrototypeUnshift(args, new Span());
    return ReflectApply(callback, undefined, args);
  };
  return {
    Span,
    enterSpan: enter("enterSpan"),
    startActiveSpan: enter("startActiveSpan"),
    startSpan: (_name) => new Span(),
    getActiveSpan: () => undefined,
    withActiveSpan: (_span, callback, ...args) => {
      requireFunction(callback, "withActiveSpan");
      return ReflectApply(callback, undefined, args);
    },
  };
}

function createModule() {
  class RpcTarget {}
  defineTag(RpcTarget, "RpcTarget");

  class RpcStub {
    constructor(target) {
      if (!isObject(target)) throw new TypeError("Failed to construct 'RpcStub': Argument 1 is not an object");
      return createStub(target, isRpcTarget);
    }
  }
  defineTag(RpcStub, "RpcStub");

  return {
    __proto__: null,
    DurableObject: createEntrypointClass("DurableObject"),
    RpcPromise: createIllegalClass("RpcPromise"),
    RpcProperty: createIllegalClass("RpcProperty"),
    RpcStub,
    RpcTarget,
    ServiceStub: createIllegalClass("ServiceStub"),
    WorkerEntrypoint: createEntrypointClass("WorkerEntrypoint"),
    WorkflowEntrypoint: createEntrypointClass("WorkflowEntrypoint"),
    abortIsolate(_reason) {
      throw new Error("nano has no abortIsolate()");
    },
    cache: createView(() => undefined, false),
    env: createView(currentEnvironment, true),
    exports: createView(currentExports, false),
    restore: Symbol("cloudflare:workers:restore"),
    tracing: getTracing(),
    waitUntil,
    withEnv(newEnv, callback) {
      requireFunction(callback, "withEnv");
      return callScoped(toScoped(newEnv), undefined, callback);
    },
    withEnvAndExports(newEnv, newExports, callback) {
      requireFunction(callback, "withEnvAndExports");
      return callScoped(toScoped(newEnv), toScoped(newExports), callback);
    },
    withExports(newExports, callback) {
      requireFunction(callback, "withExports");
      return callScoped(undefined, toScoped(newExports), callback);
    },
  };
}
