// `request.url()`, `request.method()` and `request.headers()` for apps of the older nano (`request_accessors: "method"`).
//
// There the accessors return functions that also work as what they return, as far as JavaScript lets a function pass for
// it: conversions to a string (`${request.url}`, `+`, `==`, property keys, `new URL(request.url)`, JSON), the methods of
// strings, `length`, iteration; all methods of Headers, `instanceof Headers`, `new Headers(request.headers)`.
// What cannot work: `===`, `switch`, `typeof`, `request.url[0]`, keys of a Map.

import { customInspect, inspect, registerInspector } from "../console/inspect.js";
import { primordials } from "../primordials.js";
import { Headers, describeHeaders } from "./headers.js";

const {
  Function, ObjectCreate, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, ObjectSetPrototypeOf, ReflectApply, ReflectOwnKeys, String,
  SymbolToPrimitive,
} = primordials;

function define(object, key, value) {
  ObjectDefineProperty(object, key, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
}

// The methods of String.prototype convert what they are called on; these make that conversion work.
const stringLike = ObjectCreate(String.prototype);
const conversions = {
  /** @this {() => string} */
  toString() {
    return this();
  },
  /** @this {() => string} */
  valueOf() {
    return this();
  },
  /** @this {() => string} */
  toJSON() {
    return this();
  },
  /** @this {() => string} */
  [SymbolToPrimitive]() {
    return this();
  },
  /** @this {() => string} */
  [customInspect](depth, options) {
    // Printed alone as a string is, without quotes.
    return depth === options.depth ? this() : inspect(this(), options);
  },
};
const headersLike = ObjectCreate(Headers.prototype);

for (const key of ReflectOwnKeys(conversions)) define(stringLike, key, conversions[key]);
for (const key of ["apply", "bind", "call"]) {
  define(stringLike, key, Function.prototype[key]);
  define(headersLike, key, Function.prototype[key]);
}
for (const key of ReflectOwnKeys(Headers.prototype)) {
  const { value } = ObjectGetOwnPropertyDescriptor(Headers.prototype, key);
  if (typeof value !== "function" || key === "constructor") continue;
  define(headersLike, key, function () {
    return ReflectApply(value, this(), arguments);
  });
}
registerInspector(headersLike, (value) => describeHeaders(value()));

/** A function that returns `text`, and passes for it. */
export function callableString(text) {
  const callable = () => text;
  ObjectSetPrototypeOf(callable, stringLike);
  ObjectDefineProperty(callable, "length", { __proto__: null, value: text.length });
  return callable;
}

/** A function that returns `headers`, and passes for it. */
export function callableHeaders(headers) {
  const callable = () => headers;
  ObjectSetPrototypeOf(callable, headersLike);
  return callable;
}
