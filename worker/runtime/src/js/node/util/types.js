// node:util/types (nodejs.org/api/util.html#utiltypes): what a value is inside, whatever it says of itself.

import {
  kArguments, kArrayBuffer, kAsyncFunction, kAsyncGeneratorFunction, kBigIntObject, kBooleanObject, kDataView, kDate, kGeneratorFunction, kMap,
  kMapIterator, kModuleNamespace, kNativeError, kNumberObject, kPromise, kProxy, kRegExp, kSet, kSetIterator, kSharedArrayBuffer, kStringObject,
  kSymbolObject, kWeakMap, kWeakSet,
} from "../../console/inspect/kinds.js";
import { CryptoKey } from "../../crypto/crypto_key.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";

const { ArrayBufferIsView, GeneratorPrototype, ObjectPrototypeIsPrototypeOf, TypedArrayPrototypeGetSymbolToStringTag } = primordials;

function kindOf(value) {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject ? ops.valueKind(value) : -1;
}

const is = (kind) => (value) => kindOf(value) === kind;
const isOneOf = (...kinds) => (value) => {
  const own = kindOf(value);
  for (let at = 0; at < kinds.length; at++) {
    if (kinds[at] === own) return true;
  }
  return false;
};
const isView = (name) => (value) => TypedArrayPrototypeGetSymbolToStringTag(value) === name;

/** What node:crypto says of a value, once something has imported it: before, there is no such object. */
let isKeyObject = (_value) => false;

export function setKeyObjectCheck(check) {
  isKeyObject = check;
}

export const moduleExports = {
  isAnyArrayBuffer: isOneOf(kArrayBuffer, kSharedArrayBuffer),
  isArgumentsObject: is(kArguments),
  isArrayBuffer: is(kArrayBuffer),
  isArrayBufferView: (value) => ArrayBufferIsView(value),
  isAsyncFunction: isOneOf(kAsyncFunction, kAsyncGeneratorFunction),
  isBigInt64Array: isView("BigInt64Array"),
  isBigIntObject: is(kBigIntObject),
  isBigUint64Array: isView("BigUint64Array"),
  isBooleanObject: is(kBooleanObject),
  isBoxedPrimitive: isOneOf(kNumberObject, kStringObject, kBooleanObject, kBigIntObject, kSymbolObject),
  isCryptoKey: (value) => value instanceof CryptoKey,
  isDataView: is(kDataView),
  isDate: is(kDate),
  isExternal: () => false,
  isFloat16Array: isView("Float16Array"),
  isFloat32Array: isView("Float32Array"),
  isFloat64Array: isView("Float64Array"),
  isGeneratorFunction: isOneOf(kGeneratorFunction, kAsyncGeneratorFunction),
  isGeneratorObject: (value) => kindOf(value) !== -1 && ObjectPrototypeIsPrototypeOf(GeneratorPrototype, value),
  isInt16Array: isView("Int16Array"),
  isInt32Array: isView("Int32Array"),
  isInt8Array: isView("Int8Array"),
  isKeyObject: (value) => isKeyObject(value),
  isMap: is(kMap),
  isMapIterator: is(kMapIterator),
  isModuleNamespaceObject: is(kModuleNamespace),
  isNativeError: is(kNativeError),
  isNumberObject: is(kNumberObject),
  isPromise: is(kPromise),
  isProxy: is(kProxy),
  isRegExp: is(kRegExp),
  isSet: is(kSet),
  isSetIterator: is(kSetIterator),
  isSharedArrayBuffer: is(kSharedArrayBuffer),
  isStringObject: is(kStringObject),
  isSymbolObject: is(kSymbolObject),
  isTypedArray: (value) => TypedArrayPrototypeGetSymbolToStringTag(value) !== undefined,
  isUint16Array: isView("Uint16Array"),
  isUint32Array: isView("Uint32Array"),
  isUint8Array: isView("Uint8Array"),
  isUint8ClampedArray: isView("Uint8ClampedArray"),
  isWeakMap: is(kWeakMap),
  isWeakSet: is(kWeakSet),
};
