// Properties: keys, values, accessors, and with showHidden those that a class inherits.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import * as kinds from "./kinds.js";
import { kArrayItems, kObjectParts } from "./layout.js";
import { escape, quote, spaces, stringWidth } from "./strings.js";

const {
  ArrayPrototypePop, ArrayPrototypePush, ObjectGetOwnPropertyDescriptor, ObjectGetOwnPropertyNames,
  ObjectGetPrototypeOf, ObjectPrototypeHasOwnProperty, ReflectApply, ReflectOwnKeys, RegExpPrototypeExec, Set,
  SetPrototypeAdd, SetPrototypeHas, SymbolPrototypeToString, globalThis,
} = primordials;

// The constructors of the realm: their prototypes' properties are not worth printing with showHidden.
const builtinNames = { __proto__: null };
for (const name of ObjectGetOwnPropertyNames(globalThis)) {
  if (RegExpPrototypeExec(/^[A-Z][a-zA-Z0-9]+$/, name) !== null) builtinNames[name] = true;
}

/** True for the name of one of the realm's own constructors. */
export function isBuiltinName(name) {
  return builtinNames[name] === true;
}

const identifier = /^[a-zA-Z_][a-zA-Z_0-9]*$/;

export function keyText(ctx, key, enumerable) {
  if (typeof key === "symbol") return `[${ctx.stylize(escape(SymbolPrototypeToString(key), "'"), "symbol")}]`;
  if (key === "__proto__") return "['__proto__']";
  if (!enumerable) return `[${escape(key, "'")}]`;
  if (RegExpPrototypeExec(identifier, key) !== null) return ctx.stylize(key, "name");
  return ctx.stylize(quote(key), "string");
}

export function formatProperty(ctx, object, depth, key, kind, descriptor = undefined, receiver = object) {
  descriptor ??= ObjectGetOwnPropertyDescriptor(object, key) ??
    { __proto__: null, value: object[key], configurable: true, enumerable: true };
  // V8 keeps an error's stack behind an accessor of its own.
  if (key === "stack" && descriptor.get !== undefined && ops.valueKind(object) === kinds.kNativeError) {
    descriptor = { __proto__: null, value: object.stack, enumerable: descriptor.enumerable };
  }
  let text;
  let separator = " ";
  if (descriptor.value !== undefined) {
    const difference = ctx.compact !== true || kind !== kObjectParts ? 2 : 3;
    ctx.indentation += difference;
    text = ctx.formatValue(descriptor.value, depth);
    if (difference === 3 && ctx.breakLength < stringWidth(text, ctx.colors)) separator = `\n${spaces(ctx.indentation)}`;
    ctx.indentation -= difference;
  } else if (descriptor.get !== undefined) {
    text = formatAccessor(ctx, descriptor, depth, receiver);
  } else if (descriptor.set !== undefined) {
    text = ctx.stylize("[Setter]", "special");
  } else {
    text = ctx.stylize("undefined", "undefined");
  }
  if (kind === kArrayItems) return text;
  return `${keyText(ctx, key, descriptor.enumerable)}:${separator}${text}`;
}

function formatAccessor(ctx, descriptor, depth, receiver) {
  const label = descriptor.set !== undefined ? "Getter/Setter" : "Getter";
  const wanted = ctx.getters === true || (ctx.getters === "get" && descriptor.set === undefined) ||
    (ctx.getters === "set" && descriptor.set !== undefined);
  if (!wanted) return ctx.stylize(`[${label}]`, "special");
  let value;
  try {
    value = ReflectApply(descriptor.get, receiver, []);
  } catch (error) {
    let message = "";
    try {
      message = `${error.message}`;
    } catch {
      // Nothing more to say.
    }
    return ctx.stylize(`[${label}: <Inspection threw (${message})>]`, "special");
  }
  if (value === null || typeof value !== "object") {
    const text = value === null ? ctx.stylize("null", "null") : ctx.formatValue(value, depth);
    return `${ctx.stylize(`[${label}:`, "special")} ${text}${ctx.stylize("]", "special")}`;
  }
  ctx.indentation += 2;
  const text = `${ctx.stylize(`[${label}]`, "special")} ${ctx.formatValue(value, depth)}`;
  ctx.indentation -= 2;
  return text;
}

// With showHidden: the data properties of up to three prototypes that are not built-ins'.
export function addInheritedProperties(ctx, main, object, depth, output) {
  const shown = new Set();
  let keys = [];
  for (let level = 0; level < 3; level++) {
    if (level !== 0 || main === object) {
      object = ObjectGetPrototypeOf(object);
      if (object === null) return;
      const descriptor = ObjectGetOwnPropertyDescriptor(object, "constructor");
      if (
        descriptor !== undefined && typeof descriptor.value === "function" &&
        isBuiltinName(descriptor.value.name)
      ) return;
    }
    for (let i = 0; i < keys.length; i++) SetPrototypeAdd(shown, keys[i]);
    keys = ReflectOwnKeys(object);
    ArrayPrototypePush(ctx.seen, main);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (key === "constructor" || ObjectPrototypeHasOwnProperty(main, key) || SetPrototypeHas(shown, key)) continue;
      const descriptor = ObjectGetOwnPropertyDescriptor(object, key);
      if (typeof descriptor.value === "function") continue;
      const text = formatProperty(ctx, object, depth, key, kObjectParts, descriptor, main);
      ArrayPrototypePush(output, ctx.colors ? `\u001b[2m${text}\u001b[22m` : text);
    }
    ArrayPrototypePop(ctx.seen);
  }
}
