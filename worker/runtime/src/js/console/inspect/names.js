// What a value calls itself: its constructor's name, its @@toStringTag, and how functions and classes are headed.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { kAsyncFunction, kAsyncGeneratorFunction, kGeneratorFunction } from "./kinds.js";
import { replaceAll } from "./strings.js";

const {
  FunctionPrototypeToString, ObjectGetOwnPropertyDescriptor, ObjectGetPrototypeOf, ObjectPrototypeHasOwnProperty,
  RegExpPrototypeExec, StringPrototypeEndsWith, StringPrototypeIncludes, StringPrototypeIndexOf,
  StringPrototypeSlice, StringPrototypeStartsWith,
} = primordials;

/**
 * The name of the constructor that a value inherits from; null where its prototype is null. `onPrototype` is called
 * with each prototype on the way that is not a built-in's, for `showHidden`.
 */
export function constructorName(ctx, value, depth, onPrototype = undefined) {
  let firstPrototype;
  let object = value;
  while (object !== null && object !== undefined) {
    const descriptor = ObjectGetOwnPropertyDescriptor(object, "constructor");
    if (descriptor !== undefined && typeof descriptor.value === "function") {
      const { name } = descriptor.value;
      if (name !== "" && isInstance(value, descriptor.value)) {
        if (onPrototype !== undefined) onPrototype(object, firstPrototype === object, `${name}`);
        return `${name}`;
      }
    }
    object = ObjectGetPrototypeOf(object);
    if (firstPrototype === undefined) firstPrototype = object;
  }
  if (firstPrototype === null) return null;
  const own = ops.constructorName(value);
  if (ctx.depth !== null && depth > ctx.depth) return `${own} <Complex prototype>`;
  const inherited = constructorName(ctx, firstPrototype, depth + 1);
  if (inherited !== null) return `${own} <${inherited}>`;
  return `${own} <[Object: null prototype]${ops.ownNonIndexProperties(firstPrototype, true).length === 0 ? " {}" : ""}>`;
}

function isInstance(value, constructor) {
  try {
    return value instanceof constructor;
  } catch {
    return false;
  }
}

/** `Foo(2) [tag] `, with a trailing space. */
export function prefixOf(constructor, tag, fallback, size = "") {
  if (constructor === null) {
    if (tag !== "" && fallback !== tag) return `[${fallback}${size}: null prototype] [${tag}] `;
    return `[${fallback}${size}: null prototype] `;
  }
  if (tag !== "" && constructor !== tag) return `${constructor}${size} [${tag}] `;
  return `${constructor}${size} `;
}

const comments = /(\/\/.*?\n)|(\/\*(.|\n)*?\*\/)/g;
const classHead = /^(\s+[^(]*?)\s*{/;

/** `[Function: name]`, `[class X extends Y]` and their kin. */
export function functionBase(value, kind, constructor, tag) {
  const source = FunctionPrototypeToString(value);
  if (StringPrototypeStartsWith(source, "class") && StringPrototypeEndsWith(source, "}")) {
    const rest = StringPrototypeSlice(source, 5, -1);
    const brace = StringPrototypeIndexOf(rest, "{");
    if (
      brace !== -1 &&
      (!StringPrototypeIncludes(StringPrototypeSlice(rest, 0, brace), "(") ||
        RegExpPrototypeExec(classHead, replaceAll(rest, comments, "")) !== null)
    ) return classBase(value, constructor, tag);
  }
  const type = kind === kAsyncGeneratorFunction
    ? "AsyncGeneratorFunction"
    : kind === kGeneratorFunction
    ? "GeneratorFunction"
    : kind === kAsyncFunction
    ? "AsyncFunction"
    : "Function";
  let base = `[${type}`;
  if (constructor === null) base += " (null prototype)";
  const { name } = value;
  base += name === "" ? " (anonymous)" : `: ${typeof name === "symbol" ? primordials.SymbolPrototypeToString(name) : name}`;
  base += "]";
  if (constructor !== type && constructor !== null) base += ` ${constructor}`;
  if (tag !== "" && constructor !== tag) base += ` [${tag}]`;
  return base;
}

function classBase(value, constructor, tag) {
  const name = (ObjectPrototypeHasOwnProperty(value, "name") && value.name) || "(anonymous)";
  let base = `class ${name}`;
  if (constructor !== "Function" && constructor !== null) base += ` [${constructor}]`;
  if (tag !== "" && constructor !== tag) base += ` [${tag}]`;
  if (constructor === null) {
    base += " extends [null prototype]";
  } else {
    const superName = ObjectGetPrototypeOf(value).name;
    if (superName) base += ` extends ${superName}`;
  }
  return `[${base}]`;
}
