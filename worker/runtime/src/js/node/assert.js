// node:assert (nodejs.org/api/assert.html).
// NANO: what was asserted is not read from the program's text: a failed assert.ok(value) says that the value is not true.

import { inspect } from "../console/inspect.js";
import { primordials } from "../primordials.js";
import { AssertionError } from "./assert/assertion_error.js";
import { expectError, expectNoError, fail as failWith, rejectionOf, thrownBy } from "./assert/exceptions.js";
import { invalidArgType, invalidArgValue, typeError } from "./internal/errors.js";
import { missingArgument } from "./stream/errors.js";
import { isDeepEqual, isDeepStrictEqual, isPartialStrictEqual } from "./util/deep_equal.js";
import { moduleExports as types } from "./util/types.js";

const {
  ArrayPrototypeIndexOf, ArrayPrototypeJoin, ArrayPrototypeSlice, Error, NumberIsNaN, ObjectAssign, ObjectDefineProperty, ObjectIs,
  RegExpPrototypeExec, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeSplit, Symbol,
} = primordials;

/** How much an Assert shows of what differs. */
const kDiff = Symbol("diff");

function requireTrue(method, args) {
  if (args[0]) return;
  if (args.length === 0) {
    const error = new AssertionError({
      actual: undefined, expected: true, message: "No value argument passed to `assert.ok()`", operator: "==", stackStartFn: method,
    });
    error.generatedMessage = true;
    throw error;
  }
  failWith({ actual: args[0], expected: true, message: args[1], operator: "==", stackStartFn: method });
}

function ok(...args) {
  requireTrue(ok, args);
}

function strict(...args) {
  requireTrue(strict, args);
}

/** A method that compares two values; `operator`: as errors name it. */
function comparison(name, operator, isRight) {
  const method = function (...args) {
    if (args.length < 2) throw missingArgument("", 'The "actual" and "expected" arguments must be specified');
    const actual = args[0];
    const expected = args[1];
    if (isRight(actual, expected)) return;
    failWith({ actual, expected, message: args[2], operator, stackStartFn: method, diff: this?.[kDiff] });
  };
  ObjectDefineProperty(method, "name", { __proto__: null, value: name, configurable: true });
  return method;
}

function looselyEqual(actual, expected) {
  // eslint-disable-next-line eqeqeq
  return actual == expected || (NumberIsNaN(actual) && NumberIsNaN(expected));
}

const equal = comparison("equal", "==", looselyEqual);
const notEqual = comparison("notEqual", "!=", (actual, expected) => !looselyEqual(actual, expected));
const strictEqual = comparison("strictEqual", "strictEqual", ObjectIs);
const notStrictEqual = comparison("notStrictEqual", "notStrictEqual", (actual, expected) => !ObjectIs(actual, expected));
const deepEqual = comparison("deepEqual", "deepEqual", isDeepEqual);
const notDeepEqual = comparison("notDeepEqual", "notDeepEqual", (actual, expected) => !isDeepEqual(actual, expected));
const deepStrictEqual = comparison("deepStrictEqual", "deepStrictEqual", (actual, expected) => isDeepStrictEqual(actual, expected));
const notDeepStrictEqual = comparison(
  "notDeepStrictEqual", "notDeepStrictEqual", (actual, expected) => !isDeepStrictEqual(actual, expected),
);
const partialDeepStrictEqual = comparison("partialDeepStrictEqual", "partialDeepStrictEqual", isPartialStrictEqual);

function fail(...args) {
  let message = args[2];
  let operator = args[3] ?? "fail";
  let actual = args[0];
  const isGenerated = (actual === undefined || actual === null) && args.length <= 1;
  if (isGenerated) {
    message = "Failed";
  } else if (args.length === 1) {
    message = actual;
    actual = undefined;
  } else if (args.length === 2) {
    operator = "!=";
  }
  if (message instanceof Error) throw message;
  const error = new AssertionError({ actual, expected: args[1], operator, stackStartFn: args[4] || fail, message });
  if (isGenerated) error.generatedMessage = true;
  throw error;
}

function throws(fn, ...args) {
  expectError(throws, thrownBy(fn), args, "exception");
}

async function rejects(promise, ...args) {
  expectError(rejects, await rejectionOf(promise), args, "rejection");
}

function doesNotThrow(fn, ...args) {
  expectNoError(doesNotThrow, thrownBy(fn), args, "exception");
}

async function doesNotReject(promise, ...args) {
  expectNoError(doesNotReject, await rejectionOf(promise), args, "rejection");
}

function ifError(value) {
  if (value === null || value === undefined) return;
  let message = "ifError got unwanted exception: ";
  if (typeof value !== "object" || typeof value.message !== "string") message += inspect(value);
  else message += value.message.length === 0 && value.constructor ? value.constructor.name : value.message;
  const error = new AssertionError({ actual: value, expected: null, operator: "ifError", message, stackStartFn: ifError });
  if (typeof value.stack === "string") error.stack = joinedStack(error.stack, value.stack);
  throw error;
}

/** The frames that two stacks have in common are shown once. */
function joinedStack(stack, original) {
  const start = StringPrototypeIndexOf(original, "\n    at");
  if (start === -1) return stack;
  const originals = StringPrototypeSplit(StringPrototypeSlice(original, start + 1), "\n");
  let frames = StringPrototypeSplit(stack, "\n");
  for (let at = 0; at < originals.length; at++) {
    const common = ArrayPrototypeIndexOf(frames, originals[at]);
    if (common === -1) continue;
    frames = ArrayPrototypeSlice(frames, 0, common);
    break;
  }
  return `${ArrayPrototypeJoin(frames, "\n")}\n${ArrayPrototypeJoin(originals, "\n")}`;
}

function checkMatch(method, text, pattern, message, isWanted) {
  if (!types.isRegExp(pattern)) throw invalidArgType("regexp", "RegExp", pattern);
  if (typeof text === "string" && (RegExpPrototypeExec(pattern, text) !== null) === isWanted) return;
  if (message instanceof Error) throw message;
  let generated = `The input ${isWanted ? "did not match" : "was expected to not match"} the regular expression `;
  generated += `${inspect(pattern)}. Input:\n\n${inspect(text)}\n`;
  if (typeof text !== "string") {
    generated = `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`;
  }
  const error = new AssertionError({
    actual: text, expected: pattern, message: message || generated, operator: method.name, stackStartFn: method,
  });
  error.generatedMessage = !message;
  throw error;
}

function match(text, pattern, message = undefined) {
  checkMatch(match, text, pattern, message, true);
}

function doesNotMatch(text, pattern, message = undefined) {
  checkMatch(doesNotMatch, text, pattern, message, false);
}

const methods = {
  AssertionError, fail, deepStrictEqual, notDeepStrictEqual, strictEqual, notStrictEqual, partialDeepStrictEqual, throws, rejects,
  doesNotThrow, doesNotReject, ifError, match, doesNotMatch,
};

/**
 * assert.Assert: the methods with options of their own.
 * @type {any}
 */
const Assert = function (options = undefined) {
  if (!new.target) throw typeError("ERR_CONSTRUCT_CALL_REQUIRED", "Class constructor Assert cannot be invoked without `new`");
  const { diff = "simple", strict: isStrict = true } = options ?? {};
  if (diff !== "simple" && diff !== "full") throw invalidArgValue("options.diff", diff, "must be one of: 'simple', 'full'");
  ObjectAssign(this, methods, isStrict ? strictMethods : looseMethods, { ok: (...args) => requireTrue(ok, args) });
  this[kDiff] = diff;
};

const looseMethods = { equal, notEqual, deepEqual, notDeepEqual };
const strictMethods = { equal: strictEqual, notEqual: notStrictEqual, deepEqual: deepStrictEqual, notDeepEqual: notDeepStrictEqual };
const assert = ObjectAssign(ok, methods, looseMethods, { Assert, ok, strict });
ObjectAssign(strict, methods, strictMethods, { Assert, ok: strict });
strict.strict = strict;

export const moduleExports = assert;
