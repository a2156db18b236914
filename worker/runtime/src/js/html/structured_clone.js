// structuredClone (https://html.spec.whatwg.org/multipage/structured-data.html). V8's serializer copies what the language
// defines; objects of the platform are copied here, or refused.

import { kProxy } from "../console/inspect/kinds.js";
import { cloneDOMException, DOMException, isDOMException } from "../dom/dom_exception.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  clonerOf, conversionError, isArrayBuffer, isInterfacePrototype, isObject, requireArguments, sequenceFrom, setCloner,
} from "../webidl.js";

const {
  ArrayPrototypePush, ObjectGetPrototypeOf, Set, SetPrototypeAdd, SetPrototypeHas, SymbolIterator,
} = primordials;

// The interface an object belongs to is the nearest marked prototype.
function interfacePrototype(object) {
  let prototype = object;
  for (let i = 0; i < 64; i++) {
    // The traps of a proxy in the chain are the app's code, which has no say here.
    if (ops.valueKind(prototype) === kProxy) return null;
    prototype = ObjectGetPrototypeOf(prototype);
    if (prototype === null || isInterfacePrototype(prototype)) return prototype;
  }
  return null;
}

function isHostObject(object) {
  return interfacePrototype(object) !== null;
}

function cloneHostObject(object) {
  const cloner = clonerOf(interfacePrototype(object));
  return cloner === null ? undefined : cloner(object);
}

function dataCloneError(message) {
  return new DOMException(message, "DataCloneError");
}

export function structuredClone(value, options = undefined) {
  const prefix = "Failed to execute 'structuredClone'";
  requireArguments(arguments.length, 1, prefix);
  const transfer = [];
  if (options !== undefined && options !== null) {
    if (!isObject(options)) throw conversionError(prefix, "Argument 2", "is not an object");
    const list = options.transfer;
    if (list !== undefined) readTransferList(list, transfer, prefix);
  }
  if (transfer.length === 0 && !isObject(value) && typeof value !== "symbol") return value;
  return ops.structuredClone(value, transfer, isHostObject, cloneHostObject, dataCloneError);
}

function readTransferList(value, transfer, prefix) {
  const method = isObject(value) ? value[SymbolIterator] : undefined;
  if (typeof method !== "function") throw conversionError(prefix, "'transfer' of 'StructuredSerializeOptions'", "is not a sequence");
  const items = sequenceFrom(value, method, (item, itemPrefix, context) => {
    if (!isObject(item)) throw conversionError(itemPrefix, context, "is not an object");
    return item;
  }, prefix, "'transfer'");
  const known = new Set();
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (!isArrayBuffer(item)) throw dataCloneError(`${prefix}: Item ${i} of 'transfer' cannot be transferred`);
    if (SetPrototypeHas(known, item)) throw dataCloneError(`${prefix}: Item ${i} of 'transfer' is there twice`);
    if (primordials.ArrayBufferPrototypeGetDetached(item)) throw dataCloneError(`${prefix}: Item ${i} of 'transfer' is detached`);
    SetPrototypeAdd(known, item);
    ArrayPrototypePush(transfer, item);
  }
}

setCloner(DOMException.prototype, (object) => (isDOMException(object) ? cloneDOMException(object) : undefined));
