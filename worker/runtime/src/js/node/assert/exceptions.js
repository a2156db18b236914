// throws(), rejects() and their opposites of node:assert: whether an error is what was expected.

import { inspect } from "../../console/inspect.js";
import { primordials } from "../../primordials.js";
import { invalidArgType, invalidArgValue, typeError } from "../internal/errors.js";
import { validateFunction } from "../internal/validators.js";
import { invalidReturnValue } from "../stream/errors.js";
import { isDeepStrictEqual } from "../util/deep_equal.js";
import { moduleExports as types } from "../util/types.js";
import { AssertionError } from "./assertion_error.js";

const {
  ArrayPrototypePush, Error, ObjectKeys, ObjectPrototypeIsPrototypeOf, ReflectApply, RegExpPrototypeExec, String,
} = primordials;

/** What there is in place of an error where nothing was thrown. */
const kNothing = { __proto__: null };

const kExpectations = ["Object", "Error", "Function", "RegExp"];

/** Throws; a message that is an error itself is what is thrown. */
export function fail(options) {
  if (options.message instanceof Error) throw options.message;
  throw new AssertionError(options);
}

export function thrownBy(fn) {
  validateFunction(fn, "fn");
  try {
    fn();
  } catch (error) {
    return error;
  }
  return kNothing;
}

function isPromise(value) {
  return types.isPromise(value) ||
    (typeof value === "object" && value !== null && typeof value.then === "function" && typeof value.catch === "function");
}

export async function rejectionOf(given) {
  let promise = given;
  if (typeof given === "function") {
    promise = given();
    if (!isPromise(promise)) throw invalidReturnValue("instance of Promise", "promiseFn", promise);
  } else if (!isPromise(given)) {
    throw invalidArgType("promiseFn", ["Function", "Promise"], given);
  }
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return kNothing;
}

/** What of an error is shown beside what was expected: a text that matches a pattern is shown as itself. */
class Comparison {
  constructor(object, keys, actual = undefined) {
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at];
      if (!(key in object)) continue;
      const isMatch = actual !== undefined && typeof actual[key] === "string" && types.isRegExp(object[key]) &&
        RegExpPrototypeExec(object[key], actual[key]) !== null;
      this[key] = isMatch ? actual[key] : object[key];
    }
  }
}

function checkKeys(actual, expected, message, method) {
  const keys = ObjectKeys(expected);
  if (expected instanceof Error) ArrayPrototypePush(keys, "name", "message");
  else if (keys.length === 0) throw invalidArgValue("error", expected, "may not be an empty object");
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at];
    const isPattern = typeof actual[key] === "string" && types.isRegExp(expected[key]);
    if (isPattern && RegExpPrototypeExec(expected[key], actual[key]) !== null) continue;
    if (key in actual && isDeepStrictEqual(actual[key], expected[key])) continue;
    if (message) fail({ actual, expected, message, operator: method.name, stackStartFn: method });
    const error = new AssertionError({
      actual: new Comparison(actual, keys),
      expected: new Comparison(expected, keys, actual),
      operator: "deepStrictEqual",
      stackStartFn: method,
    });
    error.actual = actual;
    error.expected = expected;
    error.operator = method.name;
    throw error;
  }
}

/** What is wrong with an error; undefined: nothing. */
function complaintOf(actual, expected) {
  if (types.isRegExp(expected)) {
    const text = String(actual);
    if (RegExpPrototypeExec(expected, text) !== null) return undefined;
    return `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`;
  }
  if (expected.prototype !== undefined && actual instanceof expected) return undefined;
  if (ObjectPrototypeIsPrototypeOf(Error, expected)) return otherClass(actual, expected);
  const result = ReflectApply(expected, {}, [actual]);
  if (result === true) return undefined;
  const name = expected.name ? `"${expected.name}" ` : "";
  const caught = types.isNativeError(actual) ? `\n\nCaught error:\n\n${actual}` : "";
  return `The ${name}validation function is expected to return "true". Received ${inspect(result)}${caught}`;
}

function otherClass(actual, expected) {
  const start = `The error is expected to be an instance of "${expected.name}". Received `;
  if (!(actual instanceof Error)) return `${start}"${inspect(actual, { depth: -1 })}"`;
  const name = actual.constructor?.name || actual.name;
  const which = expected.name === name ? "an error with identical name but a different prototype." : `"${name}"`;
  return `${start}${which}${actual.message ? `\n\nError message:\n\n${actual.message}` : ""}`;
}

function checkError(actual, expected, message, method) {
  if (typeof expected !== "function" && !types.isRegExp(expected)) {
    if (typeof actual === "object" && actual !== null) return checkKeys(actual, expected, message, method);
    const error = new AssertionError({ actual, expected, message, operator: "deepStrictEqual", stackStartFn: method });
    error.operator = method.name;
    throw error;
  }
  const complaint = complaintOf(actual, expected);
  if (complaint === undefined) return undefined;
  if (message instanceof Error) throw message;
  const error = new AssertionError({ actual, expected, message: message || complaint, operator: method.name, stackStartFn: method });
  error.generatedMessage = !message;
  throw error;
}

function ambiguous(what) {
  return typeError("ERR_AMBIGUOUS_ARGUMENT", `The "error/message" argument is ambiguous. ${what} is identical to the message.`);
}

/** `args`: what was expected, and a message. */
export function expectError(method, actual, args, word) {
  let expected = args[0];
  let message = args[1];
  if (typeof expected === "string") {
    if (args.length === 2) throw invalidArgType("error", kExpectations, expected);
    if (typeof actual === "object" && actual !== null) {
      if (actual.message === expected) throw ambiguous(`The error message "${actual.message}"`);
    } else if (actual === expected) {
      throw ambiguous(`The error "${actual}"`);
    }
    message = expected;
    expected = undefined;
  } else if (expected !== undefined && expected !== null && typeof expected !== "object" && typeof expected !== "function") {
    throw invalidArgType("error", kExpectations, expected);
  }
  if (actual === kNothing) {
    const details = `${expected?.name ? ` (${expected.name})` : ""}${message ? `: ${message}` : "."}`;
    fail({
      actual: undefined, expected, operator: method.name, message: `Missing expected ${word}${details}`, stackStartFn: method,
    });
  }
  if (expected) checkError(actual, expected, message, method);
}

function isExpected(actual, expected) {
  if (typeof expected !== "function") {
    if (types.isRegExp(expected)) return RegExpPrototypeExec(expected, String(actual)) !== null;
    throw invalidArgType("expected", ["Function", "RegExp"], expected);
  }
  if (expected.prototype !== undefined && actual instanceof expected) return true;
  return !ObjectPrototypeIsPrototypeOf(Error, expected) && ReflectApply(expected, {}, [actual]) === true;
}

export function expectNoError(method, actual, args, word) {
  if (actual === kNothing) return;
  const isMessage = typeof args[0] === "string";
  const expected = isMessage ? undefined : args[0];
  const message = isMessage ? args[0] : args[1];
  if (expected && !isExpected(actual, expected)) throw actual;
  fail({
    actual,
    expected,
    operator: method.name,
    message: `Got unwanted ${word}${message ? `: ${message}` : "."}\nActual message: "${actual?.message}"`,
    stackStartFn: method,
  });
}
