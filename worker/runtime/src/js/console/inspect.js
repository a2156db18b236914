// inspect(value, options): the text of any value, in the format of Node's util.inspect.
//
// Values come from tenants, so every step may meet a getter or a proxy that throws: a value that cannot be looked at is
// printed as such, and the rest still is. The whole text is bounded whatever the value.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  arrayBufferParts, arrayParts, iteratorParts, mapParts, promiseParts, setParts, typedArrayParts,
} from "./inspect/collections.js";
import { formatError, isError } from "./inspect/errors.js";
import * as kinds from "./inspect/kinds.js";
import { kArrayParts, kObjectParts, layOut, sortParts } from "./inspect/layout.js";
import { constructorName, functionBase, prefixOf } from "./inspect/names.js";
import { boxedBase, dataViewParts, namespaceParts } from "./inspect/objects.js";
import { addInheritedProperties, formatProperty, isBuiltinName } from "./inspect/properties.js";
import { formatNumber, formatPrimitive, indentLines } from "./inspect/strings.js";

const {
  ArrayBufferPrototypeGetByteLength, ArrayIsArray, ArrayPrototypeIncludes, ArrayPrototypePop, ArrayPrototypePush,
  DatePrototypeGetTime, DatePrototypeToISOString, DatePrototypeToString, FunctionPrototypeCall,
  Map, MapPrototypeGet, MapPrototypeGetSize, MapPrototypeSet, MathMax, NumberIsNaN, ObjectGetOwnPropertyDescriptor,
  ObjectGetOwnPropertyNames, ObjectGetOwnPropertySymbols, ObjectGetPrototypeOf, ObjectKeys,
  ObjectPrototypeHasOwnProperty, ObjectPrototypePropertyIsEnumerable, RegExp, RegExpPrototypeToString,
  SetPrototypeGetSize, StringPrototypeSlice, SymbolFor, SymbolIterator, SymbolPrototypeToString, SymbolToStringTag,
  TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetLength, TypedArrayPrototypeGetSymbolToStringTag, Uint8Array,
} = primordials;

/** The key of a value's own formatter, the one that Node has: `[Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect)`. */
export const customInspect = SymbolFor("nodejs.util.inspect.custom");

/** Characters of one text, about: beyond it, values are left out. */
export const outputLimit = 1 << 20;

const defaults = {
  __proto__: null,
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  showProxy: false,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
};

const colorCodes = {
  __proto__: null,
  special: [36, 39],
  number: [33, 39],
  bigint: [33, 39],
  boolean: [33, 39],
  undefined: [90, 39],
  null: [1, 22],
  string: [32, 39],
  symbol: [32, 39],
  date: [35, 39],
  regexp: [31, 39],
  module: [4, 24],
};

// Stamps prototypes of host classes with how their instances are printed, where only this module can see it.
class Stamped extends /** @type {any} */ (function (object) {
  return object;
}) {
  #inspector;

  constructor(prototype, inspector) {
    super(prototype);
    this.#inspector = inspector;
  }

  static get(prototype) {
    return #inspector in prototype ? prototype.#inspector : undefined;
  }
}

/**
 * How instances of a host class are printed: `describe(value)` returns an object whose properties are shown, or undefined
 * when `value` is no instance. With `asEntries`, it returns a flat array of keys and values, shown as a map's.
 */
export function registerInspector(prototype, describe, asEntries = false) {
  new Stamped(prototype, { __proto__: null, describe, asEntries });
}

class Context {
  constructor(options, budget) {
    for (const key in defaults) {
      const given = options === undefined ? undefined : options[key];
      this[key] = given === undefined ? defaults[key] : given;
    }
    if (this.maxArrayLength === null) this.maxArrayLength = Infinity;
    if (this.maxStringLength === null) this.maxStringLength = Infinity;
    this.indentation = 0;
    this.currentDepth = 0;
    this.seen = [];
    this.circular = undefined;
    this.budget = budget;
  }

  stylize(text, style) {
    this.budget.used += text.length;
    if (!(/** @type {any} */ (this).colors)) return text;
    const codes = colorCodes[style];
    return codes === undefined ? text : `\u001b[${codes[0]}m${text}\u001b[${codes[1]}m`;
  }

  isExhausted() {
    return this.budget.used > outputLimit;
  }

  formatValue(value, depth, inTypedArray = false) {
    return formatValue(this, value, depth, inTypedArray);
  }

  formatProperty(object, depth, key, kind) {
    return formatProperty(this, object, depth, key, kind);
  }
}

/** The text of `value`. Never throws. */
export function inspect(value, options = undefined) {
  let ctx;
  try {
    // The older form, inspect(value, showHidden, depth, colors).
    if (typeof options === "boolean" || arguments.length > 2) {
      options = { __proto__: null, showHidden: options, depth: arguments[2], colors: arguments[3] };
    }
    ctx = new Context(options !== null && typeof options === "object" ? options : undefined, { __proto__: null, used: 0 });
  } catch {
    ctx = new Context(undefined, { __proto__: null, used: 0 });
  }
  return formatValue(ctx, value, 0);
}

function formatValue(ctx, value, depth, inTypedArray = false) {
  // Each value stands on a line of its own at worst.
  ctx.budget.used += ctx.indentation + 2;
  if (value === null) return ctx.stylize("null", "null");
  if (typeof value !== "object" && typeof value !== "function") return formatPrimitive(ctx, value);
  if (ctx.isExhausted()) return "...";
  const { indentation, currentDepth } = ctx;
  const seen = ctx.seen.length;
  try {
    return formatObject(ctx, value, depth, inTypedArray);
  } catch (error) {
    // A trap or getter threw, or the stack is full. What was begun for this value is undone.
    ctx.indentation = indentation;
    ctx.currentDepth = currentDepth;
    while (ctx.seen.length > seen) ArrayPrototypePop(ctx.seen);
    return ctx.stylize(failureText(value, error), "special");
  }
}

function failureText(value, error) {
  let name = "Object";
  let reason = "Inspection threw";
  try {
    name = ops.constructorName(value) || name;
    const message = ObjectGetOwnPropertyDescriptor(error, "message")?.value;
    if (message === "Maximum call stack size exceeded") {
      return `[${name}: Inspection interrupted prematurely. ${message}.]`;
    }
    if (typeof message === "string") reason = `Inspection threw (${StringPrototypeSlice(message, 0, 200)})`;
  } catch {
    // The stack is full even here: the constants will do.
  }
  return `[${name} <${reason}>]`;
}

function formatObject(ctx, value, depth, inTypedArray) {
  const context = value;
  let kind = ops.valueKind(value);
  const isProxy = kind === kinds.kProxy;
  while (kind === kinds.kProxy) {
    const details = ops.proxyDetails(value);
    if (details[1] === null) return ctx.stylize("<Revoked Proxy>", "special");
    if (ctx.showProxy) return formatProxy(ctx, details, depth);
    value = details[0];
    kind = ops.valueKind(value);
  }
  if (ctx.customInspect) {
    const custom = formatCustom(ctx, context, value, depth, isProxy);
    if (custom !== undefined) return custom;
  }
  if (ArrayPrototypeIncludes(ctx.seen, value)) {
    if (ctx.circular === undefined) ctx.circular = new Map();
    let index = MapPrototypeGet(ctx.circular, value);
    if (index === undefined) {
      index = MapPrototypeGetSize(ctx.circular) + 1;
      MapPrototypeSet(ctx.circular, value, index);
    }
    return ctx.stylize(`[Circular *${index}]`, "special");
  }
  const description = describeHostObject(value);
  if (description !== undefined) return formatHostObject(ctx, value, description, depth);
  return formatRaw(ctx, value, kind, depth, inTypedArray);
}

function formatCustom(ctx, context, value, depth, isProxy) {
  const custom = value[customInspect];
  if (typeof custom !== "function" || custom === inspect) return undefined;
  // A prototype that happens to carry the formatter of its instances is printed raw.
  const { constructor } = value;
  if (constructor && constructor.prototype === value) return undefined;
  const remaining = ctx.depth === null ? null : ctx.depth - depth;
  const options = { ...userOptions(ctx), stylize: (text, style) => ctx.stylize(`${text}`, style) };
  let result;
  try {
    result = FunctionPrototypeCall(custom, context, remaining, options, inspect);
  } catch {
    return undefined;
  }
  if (result === context) return undefined;
  if (typeof result !== "object" || result === null) {
    const text = typeof result === "symbol" ? SymbolPrototypeToString(result) : `${result}`;
    ctx.budget.used += text.length;
    return indentLines(text, ctx.indentation);
  }
  return indentLines(formatValue(ctx, result, depth), isProxy ? 0 : ctx.indentation);
}

function userOptions(ctx) {
  const options = {};
  for (const key in defaults) options[key] = ctx[key];
  return options;
}

// ---- host classes ----

function describeHostObject(value) {
  let prototype = value;
  // Tenants' classes extend ours, but not twenty levels deep; proxies in the chain end the search.
  for (let i = 0; i < 20; i++) {
    if (ops.valueKind(prototype) === kinds.kProxy) return undefined;
    prototype = ObjectGetPrototypeOf(prototype);
    if (prototype === null) return undefined;
    const inspector = Stamped.get(prototype);
    if (inspector === undefined) continue;
    const data = inspector.describe(value);
    if (data !== undefined) return { __proto__: null, data, asEntries: inspector.asEntries, prototype };
  }
  return undefined;
}

function formatHostObject(ctx, value, description, depth) {
  const { data, asEntries } = description;
  const name = constructorName(ctx, value, depth) ?? description.prototype[SymbolToStringTag] ?? "Object";
  if (ctx.depth !== null && depth > ctx.depth) return ctx.stylize(`[${name}]`, "special");
  // As Node's own classes do: the data is laid out as if it stood alone, then moved to its place.
  const inner = new Context(ctx, ctx.budget);
  /** @type {any} */ (inner).depth = ctx.depth === null ? null : MathMax(ctx.depth - 1, 0);
  inner.seen = ctx.seen;
  inner.circular = ctx.circular;
  ArrayPrototypePush(ctx.seen, value);
  inner.currentDepth = 1;
  const parts = [];
  if (asEntries) {
    for (let i = 0; i < data.length && !ctx.isExhausted(); i += 2) {
      inner.indentation = 2;
      ArrayPrototypePush(parts, `${formatValue(inner, data[i], 1)} => ${formatValue(inner, data[i + 1], 1)}`);
    }
  } else {
    const keys = ObjectKeys(data);
    for (let i = 0; i < keys.length && !ctx.isExhausted(); i++) {
      ArrayPrototypePush(parts, formatProperty(inner, data, 1, keys[i], kObjectParts));
    }
  }
  inner.indentation = 0;
  ArrayPrototypePop(ctx.seen);
  if (ctx.circular === undefined) ctx.circular = inner.circular;
  let reference = "";
  if (ctx.circular !== undefined) {
    const index = MapPrototypeGet(ctx.circular, value);
    if (index !== undefined) reference = `${ctx.stylize(`<ref *${index}>`, "special")} `;
  }
  if (parts.length === 0) return `${reference}${name} {}`;
  return indentLines(`${reference}${name} ${layOut(inner, parts, "", ["{", "}"], kObjectParts, 1)}`, ctx.indentation);
}

// ---- everything else ----

function formatProxy(ctx, details, depth) {
  if (ctx.depth !== null && depth > ctx.depth) return ctx.stylize("Proxy [Array]", "special");
  depth += 1;
  ctx.indentation += 2;
  const parts = [formatValue(ctx, details[0], depth), formatValue(ctx, details[1], depth)];
  ctx.indentation -= 2;
  return layOut(ctx, parts, "", ["Proxy [", "]"], kArrayParts, depth);
}

function keysOf(value, showHidden) {
  const symbols = ObjectGetOwnPropertySymbols(value);
  let keys;
  if (showHidden) {
    keys = ObjectGetOwnPropertyNames(value);
    for (let i = 0; i < symbols.length; i++) ArrayPrototypePush(keys, symbols[i]);
    return keys;
  }
  try {
    keys = ObjectKeys(value);
  } catch {
    // A module namespace whose bindings are not all initialised.
    keys = ObjectGetOwnPropertyNames(value);
  }
  for (let i = 0; i < symbols.length; i++) {
    if (ObjectPrototypePropertyIsEnumerable(value, symbols[i])) ArrayPrototypePush(keys, symbols[i]);
  }
  return keys;
}

// How one kind of value is printed: braces around parts, or only a base.
function formatRaw(ctx, value, kind, depth, inTypedArray) {
  let inherited;
  let onPrototype;
  if (ctx.showHidden && (ctx.depth === null || depth <= ctx.depth)) {
    inherited = [];
    onPrototype = (object, isFirst, name) => {
      if (!isFirst || !isBuiltinName(name)) {
        addInheritedProperties(ctx, value, isFirst ? object : value, depth, inherited);
      }
    };
  }
  const constructor = constructorName(ctx, value, depth, onPrototype);
  if (inherited !== undefined && inherited.length === 0) inherited = undefined;

  let tag = value[SymbolToStringTag];
  // An own tag is printed among the properties.
  if (
    typeof tag !== "string" ||
    (tag !== "" &&
      (ctx.showHidden ? ObjectPrototypeHasOwnProperty : ObjectPrototypePropertyIsEnumerable)(value, SymbolToStringTag))
  ) tag = "";

  let base = "";
  let braces = ["{", "}"];
  let partsKind = kObjectParts;
  let contents;
  let keys;
  const isPlain = () => keys.length === 0 && inherited === undefined;

  // What lost its iterator or pretends to be a plain object is printed as one.
  const isIterable = constructor === null || !!value[SymbolIterator];
  const isArray = isIterable && ArrayIsArray(value);
  if (!isIterable && kind >= kinds.kMap && kind <= kinds.kSetIterator) kind = kinds.kOrdinary;
  if (constructor === "Object" && typeof value !== "function" && kind > kinds.kArguments) kind = kinds.kOrdinary;

  if (isArray) {
    const prefix = constructor !== "Array" || tag !== "" ? prefixOf(constructor, tag, "Array", `(${value.length})`) : "";
    keys = ops.ownNonIndexProperties(value, !ctx.showHidden);
    braces = [`${prefix}[`, "]"];
    if (value.length === 0 && isPlain()) return `${braces[0]}]`;
    partsKind = kArrayParts;
    contents = arrayParts;
  } else {
    switch (kind) {
      case kinds.kSet: {
        const size = SetPrototypeGetSize(value);
        keys = keysOf(value, ctx.showHidden);
        const prefix = prefixOf(constructor, tag, "Set", `(${size})`);
        if (size === 0 && isPlain()) return `${prefix}{}`;
        braces[0] = `${prefix}{`;
        contents = () => setParts(ctx, value, size, depth);
        break;
      }
      case kinds.kMap: {
        const size = MapPrototypeGetSize(value);
        keys = keysOf(value, ctx.showHidden);
        const prefix = prefixOf(constructor, tag, "Map", `(${size})`);
        if (size === 0 && isPlain()) return `${prefix}{}`;
        braces[0] = `${prefix}{`;
        contents = () => mapParts(ctx, value, size, depth);
        break;
      }
      case kinds.kTypedArray: {
        keys = ops.ownNonIndexProperties(value, !ctx.showHidden);
        const fallback = constructor === null ? TypedArrayPrototypeGetSymbolToStringTag(value) : "";
        const size = TypedArrayPrototypeGetLength(value);
        braces = [`${prefixOf(constructor, tag, fallback, `(${size})`)}[`, "]"];
        if (size === 0 && keys.length === 0 && !ctx.showHidden) return `${braces[0]}]`;
        partsKind = kArrayParts;
        contents = typedArrayParts;
        break;
      }
      case kinds.kMapIterator:
      case kinds.kSetIterator: {
        keys = keysOf(value, ctx.showHidden);
        const name = kind === kinds.kMapIterator ? "Map Iterator" : "Set Iterator";
        braces = [`[${tag === name ? tag : tag === "" ? name : `${tag}] [${name}`}] {`, "}"];
        contents = () => iteratorParts(ctx, value, depth, braces);
        break;
      }
      case kinds.kArguments:
        keys = keysOf(value, ctx.showHidden);
        braces[0] = constructor === "Object" ? "[Arguments] {" : `${prefixOf(constructor, tag, "Arguments")}{`;
        if (isPlain()) return `${braces[0]}}`;
        break;
      case kinds.kFunction:
      case kinds.kAsyncFunction:
      case kinds.kGeneratorFunction:
      case kinds.kAsyncGeneratorFunction:
        keys = keysOf(value, ctx.showHidden);
        base = functionBase(value, kind, constructor, tag);
        if (isPlain()) return ctx.stylize(base, "special");
        break;
      case kinds.kRegExp: {
        keys = keysOf(value, ctx.showHidden);
        base = RegExpPrototypeToString(constructor === null ? new RegExp(value) : value);
        const prefix = prefixOf(constructor, tag, "RegExp");
        if (prefix !== "RegExp ") base = `${prefix}${base}`;
        if (isPlain() || (ctx.depth !== null && depth > ctx.depth)) return ctx.stylize(base, "regexp");
        break;
      }
      case kinds.kDate: {
        keys = keysOf(value, ctx.showHidden);
        base = NumberIsNaN(DatePrototypeGetTime(value)) ? DatePrototypeToString(value) : DatePrototypeToISOString(value);
        const prefix = prefixOf(constructor, tag, "Date");
        if (prefix !== "Date ") base = `${prefix}${base}`;
        if (isPlain()) return ctx.stylize(base, "date");
        break;
      }
      case kinds.kArrayBuffer:
      case kinds.kSharedArrayBuffer: {
        keys = keysOf(value, ctx.showHidden);
        const prefix = prefixOf(constructor, tag, kind === kinds.kArrayBuffer ? "ArrayBuffer" : "SharedArrayBuffer");
        const byteLength = kind === kinds.kArrayBuffer
          ? ArrayBufferPrototypeGetByteLength(value)
          : TypedArrayPrototypeGetByteLength(new Uint8Array(value));
        if (inTypedArray && isPlain()) return `${prefix}{ byteLength: ${formatNumber(ctx, byteLength)} }`;
        braces[0] = `${prefix}{`;
        contents = () => {
          const parts = inTypedArray ? [] : arrayBufferParts(ctx, value);
          ArrayPrototypePush(parts, `byteLength: ${formatNumber(ctx, byteLength)}`);
          return parts;
        };
        break;
      }
      case kinds.kDataView:
        keys = keysOf(value, ctx.showHidden);
        braces[0] = `${prefixOf(constructor, tag, "DataView")}{`;
        contents = () => dataViewParts(ctx, value, depth);
        break;
      case kinds.kPromise:
        keys = keysOf(value, ctx.showHidden);
        braces[0] = `${prefixOf(constructor, tag, "Promise")}{`;
        contents = promiseParts;
        break;
      case kinds.kWeakSet:
      case kinds.kWeakMap:
        keys = keysOf(value, ctx.showHidden);
        braces[0] = `${prefixOf(constructor, tag, kind === kinds.kWeakSet ? "WeakSet" : "WeakMap")}{`;
        contents = () => [ctx.stylize("<items unknown>", "special")];
        break;
      case kinds.kModuleNamespace: {
        const names = keysOf(value, ctx.showHidden);
        keys = [];
        braces[0] = `${prefixOf(constructor, tag, "Module")}{`;
        contents = () => namespaceParts(ctx, value, names, depth);
        break;
      }
      case kinds.kNumberObject:
      case kinds.kStringObject:
      case kinds.kBooleanObject:
      case kinds.kBigIntObject:
      case kinds.kSymbolObject:
        keys = keysOf(value, ctx.showHidden);
        base = boxedBase(ctx, value, kind, keys, constructor, tag);
        if (isPlain()) return base;
        break;
      default:
        keys = keysOf(value, ctx.showHidden);
        if (constructor !== "Object" && isError(value)) {
          base = formatError(ctx, value, constructor, tag, keys);
          ctx.budget.used += base.length;
          if (isPlain()) return base;
        } else if (constructor === "Object") {
          if (tag !== "") braces[0] = `${prefixOf(constructor, tag, "Object")}{`;
          if (isPlain()) return `${braces[0]}}`;
        } else {
          if (isPlain()) return `${prefixOf(constructor, tag, "Object")}{}`;
          braces[0] = `${prefixOf(constructor, tag, "Object")}{`;
        }
    }
  }

  if (ctx.depth !== null && depth > ctx.depth) {
    const name = StringPrototypeSlice(prefixOf(constructor, tag, isArray ? "Array" : "Object"), 0, -1);
    return ctx.stylize(constructor === null ? name : `[${name}]`, "special");
  }

  depth += 1;
  ArrayPrototypePush(ctx.seen, value);
  ctx.currentDepth = depth;
  const parts = contents === undefined ? [] : contents(ctx, value, depth);
  for (let i = 0; i < keys.length; i++) {
    if (ctx.isExhausted()) {
      const rest = keys.length - i;
      ArrayPrototypePush(parts, `... ${rest} more propert${rest > 1 ? "ies" : "y"}`);
      break;
    }
    ArrayPrototypePush(parts, formatProperty(ctx, value, depth, keys[i], partsKind));
  }
  if (inherited !== undefined) for (let i = 0; i < inherited.length; i++) ArrayPrototypePush(parts, inherited[i]);
  if (ctx.circular !== undefined) {
    const index = MapPrototypeGet(ctx.circular, value);
    if (index !== undefined) {
      const reference = ctx.stylize(`<ref *${index}>`, "special");
      if (ctx.compact !== true) base = base === "" ? reference : `${reference} ${base}`;
      else braces[0] = `${reference} ${braces[0]}`;
    }
  }
  ArrayPrototypePop(ctx.seen);
  // The items of a list stay in their order.
  if (ctx.sorted) sortParts(parts, partsKind === kArrayParts ? keys.length : parts.length, ctx.sorted);
  return layOut(ctx, parts, base, braces, partsKind, depth, partsKind === kArrayParts ? value : undefined);
}
