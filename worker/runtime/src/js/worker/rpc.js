// Calls of an app's own entrypoints and of RpcTargets by workerd's JavaScript RPC
// (https://developers.cloudflare.com/workers/runtime-apis/rpc/), within one isolate.
//
// NANO: arguments and results are copied by structured cloning where they can be; functions, RpcTargets, requests, responses
// and streams are passed as they are, or as stubs. The promise of a call is a plain one: nothing can be called on it before it is
// there.

import { Request } from "../fetch/request.js";
import { structuredClone } from "../html/structured_clone.js";
import { primordials } from "../primordials.js";
import { isObject } from "../webidl.js";
import { createExecutionContext } from "./execution_context.js";
import { getEnvironment } from "./environment.js";
import { currentRequest } from "./request_context.js";

const {
  ArrayPrototypePush, Error, FunctionPrototypeCall, ObjectDefineProperty, ObjectGetPrototypeOf, Proxy,
  ReflectApply, ReflectConstruct, ReflectGetOwnPropertyDescriptor, ReflectHas, ReflectOwnKeys, SymbolToStringTag,
  TypeError,
} = primordials;

const ObjectPrototype = ObjectGetPrototypeOf({});

/** A copy, or a stub, or what cannot be copied itself. `isTarget(object)`: whether its methods are called where it is. */
function passed(value, isTarget) {
  if (!isObject(value) || typeof value === "function") return value;
  if (isTarget(value)) return createStub(value, isTarget);
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

// What may be called from outside: methods of the object's classes, not what it has itself.
function methodOf(target, name) {
  if (name !== "constructor") {
    let owner = ObjectGetPrototypeOf(target);
    while (owner !== null && owner !== ObjectPrototype) {
      if (ReflectGetOwnPropertyDescriptor(owner, name) !== undefined) {
        const method = target[name];
        if (typeof method === "function") return method;
        break;
      }
      owner = ObjectGetPrototypeOf(owner);
    }
  }
  throw new TypeError(`The RPC receiver does not implement the method "${name}"`);
}

async function callMethod(target, name, args, isTarget) {
  const copies = [];
  for (let i = 0; i < args.length; i++) ArrayPrototypePush(copies, passed(args[i], isTarget));
  return passed(await ReflectApply(methodOf(target, name), target, copies), isTarget);
}

/** A member of a stub that is no method of what it stands for: it is an object, and not a promise. Undefined where there is none. */
function ownMember(name, tag) {
  if (name === SymbolToStringTag) return tag;
  return name === "then" ? undefined : ObjectPrototype[name];
}

function isCallable(name) {
  return typeof name === "string" && name !== "then" && !ReflectHas(ObjectPrototype, name);
}

/** What `new RpcStub(target)` is, and what an RpcTarget arrives as. */
export function createStub(target, isTarget) {
  return new Proxy({}, {
    __proto__: null,
    get(_, name) {
      if (!isCallable(name)) return ownMember(name, "RpcStub");
      return (...args) => callMethod(target, name, args, isTarget);
    },
    has: () => false,
  });
}

function createCall(value, isClass, props) {
  const id = currentRequest();
  if (id === 0) throw new Error("An entrypoint can be called while a request is handled, not when the module is evaluated");
  const context = createExecutionContext(id, undefined, props);
  return isClass ? ReflectConstruct(value, [context, getEnvironment()]) : { __proto__: null, value, context };
}

async function fetchFrom(value, isClass, props, input, init) {
  const request = new Request(input, init);
  const target = createCall(value, isClass, props);
  if (isClass) return await FunctionPrototypeCall(target.fetch, target, request);
  return await FunctionPrototypeCall(value.fetch, value, request, getEnvironment(), target.context);
}

/** An entrypoint of the app as its own code calls it: `stub.fetch(request)`, `stub.method()`, `stub({ props })`. */
function createEntrypointStub(value, isClass, props, isTarget) {
  return new Proxy(() => {}, {
    __proto__: null,
    get(_, name) {
      if (!isCallable(name)) return ownMember(name, "LoopbackServiceStub");
      if (name === "fetch") return (input, init = undefined) => fetchFrom(value, isClass, props, input, init);
      return async (...args) => {
        const target = isClass ? createCall(value, true, props) : ObjectPrototype;
        return await callMethod(target, name, args, isTarget);
      };
    },
    apply(_, __, args) {
      const options = args[0];
      const given = isObject(options) ? options.props : undefined;
      return createEntrypointStub(value, isClass, given === undefined ? {} : structuredClone(given), isTarget);
    },
    has: () => false,
    ownKeys: () => [],
    getOwnPropertyDescriptor: () => undefined,
  });
}

/**
 * The entrypoints among the exports of the app's first module, as `ctx.exports` has them. `isEntrypoint(value)`: whether it is a class
 * of WorkerEntrypoint.
 */
export function createExports(namespace, isEntrypoint, isTarget) {
  const exported = {};
  const names = ReflectOwnKeys(namespace);
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (typeof name !== "string") continue;
    const value = namespace[name];
    const isClass = isEntrypoint(value);
    if (!isClass && (!isObject(value) || typeof value === "function" || typeof value.fetch !== "function")) continue;
    ObjectDefineProperty(exported, name, {
      __proto__: null,
      value: createEntrypointStub(value, isClass, undefined, isTarget),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return exported;
}
