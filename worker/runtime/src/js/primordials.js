// Every intrinsic that a builtin names, captured while the realm is still pristine, so that a tenant who patches a
// global or a prototype changes nothing of how the builtins work.
//
// Names are built as Node builds them: `ArrayPrototypePush(array, value)` is `Array.prototype.push` with `this` as its
// first argument, `ObjectDefineProperty` a static, `MapPrototypeGetSize(map)` a getter, `SymbolIterator` a well-known
// symbol, `Promise` the constructor itself.

const { bind, call, apply } = Function.prototype;

/** Turns a method into a function that takes `this` first; immune to later changes of Function.prototype. */
const uncurryThis = bind.bind(call);
const applyBind = bind.bind(apply);

export const primordials = { __proto__: null, uncurryThis, applyBind };

/** What the builtins name: the rest would be in each worker's heap for nothing. Undefined: all are wanted. */
const words = globalThis.__nano?.words;

function nameOf(key) {
  if (typeof key === "symbol") return `Symbol${key.description[7].toUpperCase()}${key.description.slice(8)}`;
  return `${key[0].toUpperCase()}${key.slice(1)}`;
}

function define(name, value) {
  if (words === undefined || words.includes(` ${name} `)) primordials[name] = value;
}

function captureMember(prefix, key, descriptor, bindThis) {
  const name = `${prefix}${nameOf(key)}`;
  if ("get" in descriptor) {
    if (descriptor.get) define(`${prefix}Get${nameOf(key)}`, bindThis ? uncurryThis(descriptor.get) : descriptor.get);
    if (descriptor.set) define(`${prefix}Set${nameOf(key)}`, bindThis ? uncurryThis(descriptor.set) : descriptor.set);
    return;
  }
  const { value } = descriptor;
  if (typeof value !== "function") return define(name, value);
  define(name, bindThis ? uncurryThis(value) : value);
  // Variadic methods also get a form that takes its arguments as an array.
  if (bindThis && value.length === 1 && /^(push|unshift|concat|of)$/.test(value.name)) define(`${name}Apply`, applyBind(value));
}

function captureStatics(prefix, object) {
  for (const key of Reflect.ownKeys(object)) {
    if (key === "prototype" || key === "caller" || key === "arguments") continue;
    captureMember(prefix, key, Reflect.getOwnPropertyDescriptor(object, key), false);
  }
}

function capturePrototype(prefix, prototype) {
  for (const key of Reflect.ownKeys(prototype)) {
    if (key === "constructor") continue;
    captureMember(prefix, key, Reflect.getOwnPropertyDescriptor(prototype, key), true);
  }
}

// Namespaces.
for (const name of ["Atomics", "JSON", "Math", "Reflect"]) captureStatics(name, globalThis[name]);

// Constructors whose statics do not depend on `this`, or are only called on themselves.
for (
  const name of [
    "AggregateError", "Array", "ArrayBuffer", "BigInt", "BigInt64Array", "BigUint64Array", "Boolean", "DataView", "Date",
    "Error", "EvalError", "FinalizationRegistry", "Float16Array", "Float32Array", "Float64Array", "Function", "Int16Array", "Int32Array",
    "Int8Array", "Map", "Number", "Object", "Promise", "Proxy", "RangeError", "ReferenceError", "RegExp", "Set",
    "SharedArrayBuffer", "String", "Symbol", "SyntaxError", "TypeError", "URIError", "Uint16Array", "Uint32Array",
    "Uint8Array", "Uint8ClampedArray", "WeakMap", "WeakRef", "WeakSet",
  ]
) {
  const constructor = globalThis[name];
  if (constructor === undefined) continue;
  define(name, constructor);
  captureStatics(name, constructor);
  if (constructor.prototype !== undefined) capturePrototype(`${name}Prototype`, constructor.prototype);
}

// Promise statics read `this`.
for (const name of ["all", "allSettled", "any", "race", "reject", "resolve", "withResolvers"]) {
  if (typeof Promise[name] === "function") define(`Promise${nameOf(name)}`, Promise[name].bind(Promise));
}

// Intrinsics that have no global name.
const IteratorPrototype = Reflect.getPrototypeOf(Reflect.getPrototypeOf([][Symbol.iterator]()));
const AsyncIteratorPrototype = Reflect.getPrototypeOf(
  Reflect.getPrototypeOf(Reflect.getPrototypeOf((async function* () {})())),
);
const TypedArray = Reflect.getPrototypeOf(Uint8Array);
const intrinsics = {
  __proto__: null,
  ArrayIteratorPrototype: Reflect.getPrototypeOf([][Symbol.iterator]()),
  MapIteratorPrototype: Reflect.getPrototypeOf(new Map()[Symbol.iterator]()),
  SetIteratorPrototype: Reflect.getPrototypeOf(new Set()[Symbol.iterator]()),
  StringIteratorPrototype: Reflect.getPrototypeOf(""[Symbol.iterator]()),
  GeneratorPrototype: Reflect.getPrototypeOf(function* () {}).prototype,
  AsyncGeneratorPrototype: Reflect.getPrototypeOf(async function* () {}).prototype,
  IteratorPrototype,
  AsyncIteratorPrototype,
};
for (const name in intrinsics) {
  define(name, intrinsics[name]);
  capturePrototype(name, intrinsics[name]);
}
define("TypedArray", TypedArray);
captureStatics("TypedArray", TypedArray);
capturePrototype("TypedArrayPrototype", TypedArray.prototype);
define("AsyncFunction", Reflect.getPrototypeOf(async function () {}).constructor);
define("GeneratorFunction", Reflect.getPrototypeOf(function* () {}).constructor);
define("AsyncGeneratorFunction", Reflect.getPrototypeOf(async function* () {}).constructor);

for (
  const name of [
    "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "isFinite", "isNaN", "parseFloat", "parseInt",
  ]
) define(name, globalThis[name]);
define("globalThis", globalThis);
// Absent from the realm where V8 was built without it; the builtins only pass it through.
define("WebAssembly", globalThis.WebAssembly);

Object.freeze(primordials);
