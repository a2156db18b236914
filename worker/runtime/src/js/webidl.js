// Web IDL (https://webidl.spec.whatwg.org/): conversions from JavaScript values, argument counts, and the shape that
// interface objects must have.
//
// A converter is `(value, prefix, context) => converted`. `prefix` names the operation ("Failed to execute 'append' on
// 'Headers'"), `context` the value ("Argument 1"). Both only serve messages, so callers pass constants, never strings
// that would have to be built on the path without errors.

import { kArrayBuffer, kSharedArrayBuffer } from "./console/inspect/kinds.js";
import { ops } from "./ops.js";
import { primordials } from "./primordials.js";

const {
  Array, ArrayBufferIsView, ArrayIsArray, ArrayIteratorPrototype, ArrayPrototypePush,
  ArrayPrototypeSort, BigInt, DataViewPrototypeGetBuffer, Map, MapPrototypeSet, MathFloor, MathFround, MathMax, MathMin,
  MathTrunc, Number, NumberIsFinite, NumberIsNaN, ObjectDefineProperty, ObjectDefineProperties, PromiseResolve, ReflectApply,
  ReflectGetOwnPropertyDescriptor, ReflectOwnKeys, RegExpPrototypeExec,
  StringPrototypeToWellFormed, SymbolIterator, SymbolToStringTag, TypeError, TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetSymbolToStringTag,
} = primordials;

// The values that the fast path of sequences compares with, read while the realm is pristine.
const arrayValues = Array.prototype[SymbolIterator];
const arrayIteratorNext = ArrayIteratorPrototype.next;

/** Passed to constructors of interfaces that users cannot construct, and by builtins that skip conversions. */
export const kInternal = /** @type {any} */ ({ __proto__: null });

/** A TypeError with the message that all converters use. */
export function conversionError(prefix, context, problem) {
  return new TypeError(`${prefix ? `${prefix}: ` : ""}${context ?? "Value"} ${problem}`);
}

/** Throws unless at least `required` arguments were passed. */
export function requireArguments(count, required, prefix) {
  if (count < required) throw argumentCountError(count, required, prefix);
}

function argumentCountError(count, required, prefix) {
  return new TypeError(
    `${prefix}: ${required} argument${required === 1 ? "" : "s"} required, but only ${count} present`,
  );
}

/** The error of a method or getter called on something that is not an instance. */
export function illegalInvocation(interfaceName) {
  return new TypeError(interfaceName === undefined ? "Illegal invocation" : `Illegal invocation: this is not a ${interfaceName}`);
}

/** The error of `new X()` where X has no constructor. */
export function illegalConstructor() {
  return new TypeError("Illegal constructor");
}

export function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

// ---- numbers (§3.2.4) ----

function toNumber(value, prefix, context) {
  switch (typeof value) {
    case "number":
      return value;
    case "bigint":
      throw conversionError(prefix, context, "is a BigInt and cannot be converted to a number");
    case "symbol":
      throw conversionError(prefix, context, "is a symbol and cannot be converted to a number");
    default:
      return +value;
  }
}

// ToInt32-like wrap for any bit length up to 64; values are exact up to 2^53.
function createIntegerConverter(bitLength, signed) {
  const upper = bitLength === 64 ? 2 ** 53 - 1 : signed ? 2 ** (bitLength - 1) - 1 : 2 ** bitLength - 1;
  const lower = !signed ? 0 : bitLength === 64 ? -(2 ** 53) + 1 : -(2 ** (bitLength - 1));
  const modulo = 2 ** bitLength;
  const half = 2 ** (bitLength - 1);

  function wrap(number) {
    if (number === 0 || !NumberIsFinite(number)) return 0;
    let integer = MathTrunc(number);
    if (integer >= lower && integer <= upper) return integer === 0 ? 0 : integer;
    if (bitLength === 64) {
      const wrapped = signed ? primordials.BigIntAsIntN(64, BigInt(integer)) : primordials.BigIntAsUintN(64, BigInt(integer));
      return Number(wrapped);
    }
    integer %= modulo;
    if (integer < 0) integer += modulo;
    return signed && integer >= half ? integer - modulo : integer;
  }

  function convert(value, prefix, context) {
    return wrap(toNumber(value, prefix, context));
  }
  /** [EnforceRange]: throws instead of wrapping. */
  convert.enforceRange = function (value, prefix, context) {
    const number = toNumber(value, prefix, context);
    if (!NumberIsFinite(number)) throw conversionError(prefix, context, "is not a finite number");
    const integer = MathTrunc(number);
    if (integer < lower || integer > upper) {
      throw conversionError(prefix, context, `is outside the accepted range of ${lower} to ${upper}`);
    }
    return integer === 0 ? 0 : integer;
  };
  /** [Clamp]: the nearest value in range. */
  convert.clamp = function (value, prefix, context) {
    const number = toNumber(value, prefix, context);
    if (NumberIsNaN(number)) return 0;
    const clamped = MathMin(MathMax(number, lower), upper);
    const floor = MathFloor(clamped);
    const rest = clamped - floor;
    const rounded = rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1;
    return rounded === 0 ? 0 : rounded;
  };
  return convert;
}

function toUnrestrictedDouble(value, prefix, context) {
  return toNumber(value, prefix, context);
}

function toDouble(value, prefix, context) {
  const number = toNumber(value, prefix, context);
  if (!NumberIsFinite(number)) throw conversionError(prefix, context, "is not a finite number");
  return number;
}

function toUnrestrictedFloat(value, prefix, context) {
  return MathFround(toNumber(value, prefix, context));
}

function toFloat(value, prefix, context) {
  const number = MathFround(toDouble(value, prefix, context));
  if (!NumberIsFinite(number)) throw conversionError(prefix, context, "is outside the range of a single-precision number");
  return number;
}

// ---- strings (§3.2.10 to 12) ----

function toDOMString(value, prefix, context) {
  if (typeof value === "string") return value;
  if (typeof value === "symbol") throw conversionError(prefix, context, "is a symbol and cannot be converted to a string");
  return `${value}`;
}

function toUSVString(value, prefix, context) {
  return StringPrototypeToWellFormed(toDOMString(value, prefix, context));
}

const notByte = /[^\0-\xFF]/;

function toByteString(value, prefix, context) {
  const string = toDOMString(value, prefix, context);
  if (RegExpPrototypeExec(notByte, string) !== null) {
    throw conversionError(prefix, context, "is not a valid ByteString: it contains a character greater than 255");
  }
  return string;
}

// ---- objects, functions, buffers ----

function toObject(value, prefix, context) {
  if (!isObject(value)) throw conversionError(prefix, context, "is not an object");
  return value;
}

function toFunction(value, prefix, context) {
  if (typeof value !== "function") throw conversionError(prefix, context, "is not a function");
  return value;
}

/** True for an ArrayBuffer; false for a SharedArrayBuffer. */
export function isArrayBuffer(value) {
  return typeof value === "object" && value !== null && ops.valueKind(value) === kArrayBuffer;
}

/** True for a SharedArrayBuffer. V8 adds that class to realms after the snapshot is loaded, so nothing of it is captured. */
export function isSharedArrayBuffer(value) {
  return typeof value === "object" && value !== null && ops.valueKind(value) === kSharedArrayBuffer;
}

/** The buffer of a typed array or DataView. */
export function viewBuffer(view) {
  return TypedArrayPrototypeGetSymbolToStringTag(view) === undefined
    ? DataViewPrototypeGetBuffer(view)
    : TypedArrayPrototypeGetBuffer(view);
}

function toBufferSource(value, prefix, context) {
  if (ArrayBufferIsView(value)) return toArrayBufferView(value, prefix, context);
  if (!isArrayBuffer(value)) throw conversionError(prefix, context, "is not an ArrayBuffer or a view of one");
  return value;
}

function toAllowSharedBufferSource(value, prefix, context) {
  if (!ArrayBufferIsView(value) && !isArrayBuffer(value) && !isSharedArrayBuffer(value)) {
    throw conversionError(prefix, context, "is not an ArrayBuffer, a SharedArrayBuffer or a view of one");
  }
  return value;
}

function toArrayBufferView(value, prefix, context) {
  if (!ArrayBufferIsView(value)) throw conversionError(prefix, context, "is not a view of an ArrayBuffer");
  if (isSharedArrayBuffer(viewBuffer(value))) {
    throw conversionError(prefix, context, "is a view of a SharedArrayBuffer, which is not allowed here");
  }
  return value;
}

function toUint8Array(value, prefix, context) {
  if (!ArrayBufferIsView(value) || TypedArrayPrototypeGetSymbolToStringTag(value) !== "Uint8Array") {
    throw conversionError(prefix, context, "is not a Uint8Array");
  }
  return toArrayBufferView(value, prefix, context);
}

/** The converters by the names that Web IDL gives the types. */
export const converters = {
  __proto__: null,
  any: (value) => value,
  undefined: () => undefined,
  boolean: (value) => !!value,
  byte: createIntegerConverter(8, true),
  octet: createIntegerConverter(8, false),
  short: createIntegerConverter(16, true),
  "unsigned short": createIntegerConverter(16, false),
  long: createIntegerConverter(32, true),
  "unsigned long": createIntegerConverter(32, false),
  "long long": createIntegerConverter(64, true),
  "unsigned long long": createIntegerConverter(64, false),
  float: toFloat,
  "unrestricted float": toUnrestrictedFloat,
  double: toDouble,
  "unrestricted double": toUnrestrictedDouble,
  DOMString: toDOMString,
  ByteString: toByteString,
  USVString: toUSVString,
  object: toObject,
  Function: toFunction,
  BufferSource: toBufferSource,
  AllowSharedBufferSource: toAllowSharedBufferSource,
  ArrayBufferView: toArrayBufferView,
  Uint8Array: toUint8Array,
  /** Promise<any>: never throws, a thenable is adopted. */
  Promise: (value) => PromiseResolve(value),
};

// ---- parameterised types ----

/** `T?`: null and undefined become null. */
export function createNullableConverter(converter) {
  return (value, prefix, context) => (value === null || value === undefined ? null : converter(value, prefix, context));
}

/** `enum`: one of the strings in `values`, an array. */
export function createEnumConverter(name, values) {
  const allowed = { __proto__: null };
  for (let i = 0; i < values.length; i++) allowed[values[i]] = true;
  return (value, prefix, context) => {
    const string = toDOMString(value, prefix, context);
    if (allowed[string] !== true) throw conversionError(prefix, context, `'${string}' is not a valid value of ${name}`);
    return string;
  };
}

/** Objects of one interface; `isInstance` is its brand check and must accept any value. */
export function createInterfaceConverter(name, isInstance) {
  return (value, prefix, context) => {
    if (!isInstance(value)) throw conversionError(prefix, context, `is not of type ${name}`);
    return value;
  };
}

/** Walks an iterable as §3.2.21 "create a sequence from an iterable" does, without materialising it. */
export function forEachOfIterable(iterable, method, prefix, context, visit) {
  if (
    method === arrayValues && ArrayIsArray(iterable) && ArrayIteratorPrototype.next === arrayIteratorNext
  ) {
    for (let i = 0; i < iterable.length; i++) visit(iterable[i], i);
    return;
  }
  const iterator = ReflectApply(method, iterable, []);
  if (!isObject(iterator)) throw conversionError(prefix, context, "is not iterable: its iterator is not an object");
  const next = iterator.next;
  for (let i = 0;; i++) {
    const result = ReflectApply(next, iterator, []);
    if (!isObject(result)) throw conversionError(prefix, context, "is not iterable: its iterator's result is not an object");
    if (result.done) return;
    visit(result.value, i);
  }
}

/** `sequence<T>`: a fresh array. */
export function createSequenceConverter(converter) {
  return (value, prefix, context) => {
    if (!isObject(value)) throw conversionError(prefix, context, "is not a sequence");
    const method = value[SymbolIterator];
    if (method === undefined || method === null) throw conversionError(prefix, context, "is not iterable");
    if (typeof method !== "function") throw conversionError(prefix, context, "is not iterable");
    return sequenceFrom(value, method, converter, prefix, context);
  };
}

/** `sequence<T>` of a value whose @@iterator method was read already. */
export function sequenceFrom(value, method, converter, prefix, context) {
  const result = [];
  forEachOfIterable(value, method, prefix, context, (item, i) => {
    defineIndex(result, i, converter(item, prefix, `${context}, item ${i}`));
  });
  return result;
}

function defineIndex(array, index, value) {
  ObjectDefineProperty(array, index, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

/** `record<K, V>`: a Map in the order of the object's own keys. */
export function createRecordConverter(keyConverter, valueConverter) {
  return (value, prefix, context) => {
    if (!isObject(value)) throw conversionError(prefix, context, "is not an object");
    const result = new Map();
    const keys = ReflectOwnKeys(value);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const descriptor = ReflectGetOwnPropertyDescriptor(value, key);
      if (descriptor === undefined || !descriptor.enumerable) continue;
      const typedKey = keyConverter(key, prefix, context);
      MapPrototypeSet(result, typedKey, valueConverter(value[key], prefix, context));
    }
    return result;
  };
}

/**
 * Dictionaries. Each of `dictionaries` is one level of inheritance, the base first: an array of members
 * `{ key, converter, required?, defaultValue? }`; `defaultValue` is a function where present. Members are read in
 * lexicographical order within a level, as §3.2.17 demands. The result has a null prototype and lacks absent members.
 */
export function createDictionaryConverter(name, ...dictionaries) {
  const members = [];
  for (let i = 0; i < dictionaries.length; i++) {
    const level = dictionaries[i];
    ArrayPrototypeSort(level, (a, b) => (a.key === b.key ? 0 : a.key < b.key ? -1 : 1));
    for (let j = 0; j < level.length; j++) ArrayPrototypePush(members, level[j]);
  }
  return (value, prefix, context) => {
    const absent = value === undefined || value === null;
    if (!absent && !isObject(value)) throw conversionError(prefix, context, `cannot be converted to a dictionary (${name})`);
    const result = { __proto__: null };
    for (let i = 0; i < members.length; i++) {
      const member = members[i];
      const given = absent ? undefined : value[member.key];
      if (given !== undefined) {
        result[member.key] = member.converter(given, prefix, `'${member.key}' of '${name}'`);
      } else if (member.defaultValue !== undefined) {
        result[member.key] = member.defaultValue();
      } else if (member.required) {
        throw new TypeError(
          `${prefix ? `${prefix}: ` : ""}can not convert to '${name}' because '${member.key}' is required in '${name}'`,
        );
      }
    }
    return result;
  };
}

// ---- interfaces (§3.7) ----

// Marks the prototypes of interfaces with what only this module can see, so that objects of the platform can be told from
// others without a table to look them up in.
class Marked extends /** @type {any} */ (function (prototype) {
  return prototype;
}) {
  #cloner = null;

  constructor(prototype) {
    super(prototype);
  }

  static is(object) {
    return #cloner in object;
  }

  static cloner(prototype) {
    return prototype.#cloner;
  }

  static setCloner(prototype, cloner) {
    prototype.#cloner = cloner;
  }
}

/** True for the prototype of an interface; `object` must be an object. */
export function isInterfacePrototype(object) {
  return Marked.is(object);
}

/** How structuredClone copies instances of the interface; null where it refuses them. */
export function clonerOf(prototype) {
  return Marked.cloner(prototype);
}

/** Makes an interface serializable: `cloner(object)` returns a copy, or undefined for what is no instance. */
export function setCloner(prototype, cloner) {
  Marked.setCloner(prototype, cloner);
}

/**
 * Gives a class the shape of an interface object: enumerable members, and @@toStringTag. Members keyed by symbols and
 * private members are left alone. `name` is the interface's identifier where it differs from the class's name.
 */
export function configureInterface(constructor, name = constructor.name) {
  makeEnumerable(constructor);
  makeEnumerable(constructor.prototype);
  new Marked(constructor.prototype);
  ObjectDefineProperty(constructor.prototype, SymbolToStringTag, {
    __proto__: null,
    value: name,
    writable: false,
    enumerable: false,
    configurable: true,
  });
}

/** A mixin or namespace: members enumerable only. */
function makeEnumerable(object) {
  const isConstructor = typeof object === "function";
  const keys = ReflectOwnKeys(object);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (typeof key !== "string" || key === "constructor") continue;
    if (isConstructor && (key === "length" || key === "name" || key === "prototype")) continue;
    const descriptor = ReflectGetOwnPropertyDescriptor(object, key);
    if (!descriptor.configurable || descriptor.enumerable) continue;
    ObjectDefineProperty(object, key, { __proto__: null, enumerable: true });
  }
}

/** Constants: on the interface object and on its prototype, enumerable and fixed (§3.7.5). */
export function defineConstants(constructor, constants) {
  const descriptors = { __proto__: null };
  for (const key in constants) {
    descriptors[key] = { __proto__: null, value: constants[key], writable: false, enumerable: true, configurable: false };
  }
  ObjectDefineProperties(constructor, descriptors);
  ObjectDefineProperties(constructor.prototype, descriptors);
}
