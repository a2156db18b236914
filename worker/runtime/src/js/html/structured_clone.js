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
  ArrayPrototypePush, Map, MapPrototypeGet, MapPrototypeSet, ObjectGetPrototypeOf, Set, SetPrototypeAdd, SetPrototypeHas,
  SymbolIterator,
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

/** What objects of the platform that can be transferred are marked with, by their interface's prototype. */
const transferers = new Map();
/** Of the clone that is being made: each object that is transferred, and what takes its place. */
let replacements = null;

/**
 * Objects of an interface can be transferred: `is(object)`, whether this one can, `prepare()` makes an object that takes the place of
 * one, `commit(object, replacement)` moves what it stands for.
 */
export function setTransferer(prototype, transferer) {
  MapPrototypeSet(transferers, prototype, transferer);
}

function transfererOf(object) {
  const transferer = MapPrototypeGet(transferers, interfacePrototype(object));
  return transferer !== undefined && transferer.is(object) ? transferer : undefined;
}

function cloneHostObject(object) {
  const replacement = replacements === null ? undefined : MapPrototypeGet(replacements, object);
  if (replacement !== undefined) return replacement;
  const cloner = clonerOf(interfacePrototype(object));
  return cloner === null ? undefined : cloner(object);
}

function dataCloneError(message) {
  return new DOMException(message, "DataCloneError");
}

export function structuredClone(value, options = undefined) {
  const prefix = "Failed to execute 'structuredClone'";
  requireArguments(arguments.length, 1, prefix);
  return cloneWithTransfer(value, options, prefix, undefined).value;
}

/**
 * A copy, and the objects that took the place of those that were transferred. `options`: a dictionary with `transfer`.
 * `source`: an object that must not be transferred.
 */
export function cloneWithTransfer(value, options, prefix, source) {
  const transfer = [];
  const objects = [];
  if (options !== undefined && options !== null) {
    if (!isObject(options)) throw conversionError(prefix, "Argument 2", "is not an object");
    const list = options.transfer;
    if (list !== undefined) readTransferList(list, transfer, objects, prefix, source);
  }
  const taking = [];
  if (transfer.length === 0 && objects.length === 0 && !isObject(value) && typeof value !== "symbol") {
    return { __proto__: null, value, objects: taking };
  }
  const outer = replacements;
  replacements = objects.length === 0 ? null : new Map();
  try {
    for (let i = 0; i < objects.length; i++) {
      const replacement = objects[i].transferer.prepare();
      MapPrototypeSet(replacements, objects[i].object, replacement);
      ArrayPrototypePush(taking, replacement);
    }
    value = ops.structuredClone(value, transfer, isHostObject, cloneHostObject, dataCloneError);
  } finally {
    replacements = outer;
  }
  for (let i = 0; i < objects.length; i++) objects[i].transferer.commit(objects[i].object, taking[i]);
  return { __proto__: null, value, objects: taking };
}

function readTransferList(value, transfer, objects, prefix, source) {
  const method = isObject(value) ? value[SymbolIterator] : undefined;
  if (typeof method !== "function") throw conversionError(prefix, "'transfer' of 'StructuredSerializeOptions'", "is not a sequence");
  const items = sequenceFrom(value, method, (item, itemPrefix, context) => {
    if (!isObject(item)) throw conversionError(itemPrefix, context, "is not an object");
    return item;
  }, prefix, "'transfer'");
  const known = new Set();
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const transferer = isArrayBuffer(item) || item === source ? undefined : transfererOf(item);
    if (!isArrayBuffer(item) && transferer === undefined) {
      throw dataCloneError(`${prefix}: Item ${i} of 'transfer' cannot be transferred`);
    }
    if (SetPrototypeHas(known, item)) throw dataCloneError(`${prefix}: Item ${i} of 'transfer' is there twice`);
    if (transferer !== undefined) {
      SetPrototypeAdd(known, item);
      ArrayPrototypePush(objects, { __proto__: null, object: item, transferer });
      continue;
    }
    if (primordials.ArrayBufferPrototypeGetDetached(item)) throw dataCloneError(`${prefix}: Item ${i} of 'transfer' is detached`);
    SetPrototypeAdd(known, item);
    ArrayPrototypePush(transfer, item);
  }
}

setCloner(DOMException.prototype, (object) => (isDOMException(object) ? cloneDOMException(object) : undefined));
