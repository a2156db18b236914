// The formatter of the console (https://console.spec.whatwg.org/#formatter): `%` specifiers, then the rest, by Node's rules.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { inspect, outputLimit } from "./inspect.js";
import { kDate, kProxy } from "./inspect/kinds.js";
import { isBuiltinName } from "./inspect/properties.js";

const {
  BigIntPrototypeToString, JSONStringify, Number, NumberParseFloat, NumberParseInt, ObjectGetOwnPropertyDescriptor, ObjectGetPrototypeOf,
  ObjectIs, ObjectPrototypeHasOwnProperty, String, StringPrototypeCharCodeAt, StringPrototypeSlice, SymbolToPrimitive,
} = primordials;

/** One line of the console from its arguments, an array. `options`: of inspect(), for values as they are. Never throws. */
export function format(args, options = undefined) {
  if (args.length === 0) return "";
  const first = args[0];
  let text = "";
  let next = 0;
  let separator = "";
  if (typeof first === "string") {
    // Where it goes decides what is too long.
    if (args.length === 1) return first;
    let from = 0;
    for (let i = 0; i < first.length - 1; i++) {
      if (StringPrototypeCharCodeAt(first, i) !== 37) continue;
      const specifier = StringPrototypeCharCodeAt(first, ++i);
      if (specifier === 37) {
        text += StringPrototypeSlice(first, from, i);
        from = i + 1;
        continue;
      }
      if (next + 1 === args.length || !isSpecifier(specifier)) continue;
      text += StringPrototypeSlice(first, from, i - 1) + formatArgument(specifier, args[++next], options);
      from = i + 1;
    }
    if (from !== 0) {
      next++;
      separator = " ";
      if (from < first.length) text += StringPrototypeSlice(first, from);
    }
  }
  for (; next < args.length && text.length <= outputLimit; next++) {
    const value = args[next];
    text += separator + (typeof value === "string" ? value : inspect(value, options));
    separator = " ";
  }
  return bounded(text);
}

function bounded(text) {
  if (text.length <= outputLimit) return text;
  return `${StringPrototypeSlice(text, 0, outputLimit)}... ${text.length - outputLimit} more characters`;
}

function isSpecifier(code) {
  switch (code) {
    case 79: // O
    case 99: // c
    case 100: // d
    case 102: // f
    case 105: // i
    case 106: // j
    case 111: // o
    case 115: // s
      return true;
    default:
      return false;
  }
}

function formatArgument(specifier, value, options) {
  try {
    switch (specifier) {
      case 115:
        return formatAsString(value);
      case 106:
        return formatAsJson(value);
      case 100:
        if (typeof value === "bigint") return `${BigIntPrototypeToString(value)}n`;
        return typeof value === "symbol" ? "NaN" : numberText(Number(value));
      case 105:
        if (typeof value === "bigint") return `${BigIntPrototypeToString(value)}n`;
        return typeof value === "symbol" ? "NaN" : numberText(NumberParseInt(value));
      case 102:
        return typeof value === "symbol" ? "NaN" : numberText(NumberParseFloat(value));
      case 111:
        return inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 });
      case 99:
        return "";
      default:
        return inspect(value, options);
    }
  } catch {
    // A conversion that the value itself sabotages.
    return inspect(value, { __proto__: null, depth: 0, customInspect: false });
  }
}

function numberText(number) {
  return ObjectIs(number, -0) ? "-0" : `${number}`;
}

function formatAsString(value) {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "bigint") return `${BigIntPrototypeToString(value)}n`;
  if (typeof value !== "object" || value === null || !hasBuiltinToString(value)) return String(value);
  return inspect(value, { __proto__: null, depth: 0 });
}

function formatAsJson(value) {
  try {
    return `${JSONStringify(value)}`;
  } catch (error) {
    const message = ObjectGetOwnPropertyDescriptor(error, "message")?.value;
    if (typeof message === "string" && StringPrototypeSlice(message, 0, 29) === "Converting circular structure") return "[Circular]";
    throw error;
  }
}

function hasBuiltinToString(value) {
  while (ops.valueKind(value) === kProxy) {
    value = ops.proxyDetails(value)[0];
    if (value === null) return true;
  }
  if (typeof value[SymbolToPrimitive] === "function" && ops.valueKind(value) !== kDate) return false;
  if (typeof value.toString !== "function") return true;
  if (ObjectPrototypeHasOwnProperty(value, "toString")) return false;
  let object = value;
  do {
    object = ObjectGetPrototypeOf(object);
  } while (!ObjectPrototypeHasOwnProperty(object, "toString"));
  const descriptor = ObjectGetOwnPropertyDescriptor(object, "constructor");
  return descriptor !== undefined && typeof descriptor.value === "function" && isBuiltinName(descriptor.value.name);
}
