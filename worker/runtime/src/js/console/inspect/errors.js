// Errors: the stack, headed by what the error really is, without what its properties or its cause repeat.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { kNativeError } from "./kinds.js";
import { prefixOf } from "./names.js";
import { indentLines } from "./strings.js";

const {
  ArrayIsArray, ArrayPrototypeIncludes, ArrayPrototypeIndexOf, ArrayPrototypeJoin, ArrayPrototypePush, ArrayPrototypeSplice, Error,
  ErrorPrototypeToString, MathMin, ObjectPrototypeIsPrototypeOf, RegExpPrototypeExec, StringPrototypeEndsWith, StringPrototypeIncludes,
  StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeSplit, StringPrototypeStartsWith,
} = primordials;

const errorPrototype = Error.prototype;

/** Native errors, and what inherits from Error.prototype, as DOMException does. */
export function isError(value) {
  return typeof value === "object" && value !== null &&
    (ops.valueKind(value) === kNativeError || ObjectPrototypeIsPrototypeOf(errorPrototype, value));
}

/** The text of an error; `keys`, the properties to print after it, is changed in place. */
export function formatError(ctx, error, constructor, tag, keys) {
  const name = error.name === null || error.name === undefined ? "Error" : `${error.name}`;
  let stack = stackOf(error);
  if (!ctx.showHidden && keys.length > 0) {
    dropRepeated(keys, "name", error, stack);
    dropRepeated(keys, "message", error, stack);
    dropRepeated(keys, "stack", error, stack);
  }
  if ("cause" in error && !ArrayPrototypeIncludes(keys, "cause")) ArrayPrototypePush(keys, "cause");
  if (ArrayIsArray(error.errors) && !ArrayPrototypeIncludes(keys, "errors")) ArrayPrototypePush(keys, "errors");
  stack = improveHead(stack, constructor, name, tag);

  const { message } = error;
  let position = (typeof message === "string" && message !== "" && StringPrototypeIndexOf(stack, message)) || -1;
  if (position !== -1) position += message.length;
  const framesStart = StringPrototypeIndexOf(stack, "\n    at", position);
  if (framesStart === -1) {
    stack = `[${stack}]`;
  } else {
    const frames = framesOf(error, StringPrototypeSlice(stack, framesStart + 1));
    stack = `${StringPrototypeSlice(stack, 0, framesStart)}\n${ArrayPrototypeJoin(frames, "\n")}`;
  }
  return indentLines(stack, ctx.indentation);
}

function stackOf(error) {
  const { stack } = error;
  return stack ? `${stack}` : ErrorPrototypeToString(error);
}

// A property that the stack shows already is not printed again.
function dropRepeated(keys, key, error, stack) {
  const index = ArrayPrototypeIndexOf(keys, key);
  if (index === -1) return;
  const value = error[key];
  if (typeof value !== "string" || StringPrototypeIncludes(stack, value)) ArrayPrototypeSplice(keys, index, 1);
}

const headWithText = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/;
const headAlone = /^([a-z_A-Z0-9-]*Error)$/;

// The stack was made with the name that the error had then. Says what class it is, where that differs.
function improveHead(stack, constructor, name, tag) {
  let length = name.length;
  const isRegular = StringPrototypeEndsWith(name, "Error") && StringPrototypeStartsWith(stack, name) &&
    (stack.length === length || stack[length] === ":" || stack[length] === "\n");
  if (constructor !== null && !isRegular) return stack;
  let fallback = "Error";
  if (constructor === null) {
    const start = RegExpPrototypeExec(headWithText, stack) ?? RegExpPrototypeExec(headAlone, stack);
    fallback = (start !== null && start[1]) || "";
    length = fallback.length;
    fallback = fallback || "Error";
  }
  const prefix = StringPrototypeSlice(prefixOf(constructor, tag, fallback), 0, -1);
  if (name === prefix) return stack;
  if (!StringPrototypeIncludes(prefix, name)) return `${prefix} [${name}]${StringPrototypeSlice(stack, length)}`;
  return length === 0 ? `${prefix}: ${stack}` : `${prefix}${StringPrototypeSlice(stack, length)}`;
}

// The frames of a stack; those that the cause's stack has too are printed there only.
function framesOf(error, text) {
  const frames = StringPrototypeSplit(text, "\n");
  let cause;
  try {
    ({ cause } = error);
  } catch {
    return frames;
  }
  if (!isError(cause)) return frames;
  const causeStack = stackOf(cause);
  const causeStart = StringPrototypeIndexOf(causeStack, "\n    at");
  if (causeStart === -1) return frames;
  const causeFrames = StringPrototypeSplit(StringPrototypeSlice(causeStack, causeStart + 1), "\n");
  const { length, offset } = commonRun(frames, causeFrames);
  if (length > 3) {
    const skipped = length - 2;
    ArrayPrototypeSplice(frames, offset + 1, skipped, `    ... ${skipped} lines matching cause stack trace ...`);
  }
  return frames;
}

// The first run of more than three frames of `a` that appears in `b`.
function commonRun(a, b) {
  for (let i = 0; i < a.length - 3; i++) {
    const position = ArrayPrototypeIndexOf(b, a[i]);
    if (position === -1) continue;
    const rest = b.length - position;
    if (rest <= 3) continue;
    let length = 1;
    const max = MathMin(a.length - i, rest);
    while (length < max && a[i + length] === b[position + length]) length++;
    if (length > 3) return { __proto__: null, length, offset: i };
  }
  return { __proto__: null, length: 0, offset: 0 };
}
