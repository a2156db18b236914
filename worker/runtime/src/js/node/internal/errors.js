// Errors of Node.js's modules: a `code`, and a name and message as Node.js writes them (nodejs.org/api/errors.html).

import { inspect } from "../../console/inspect.js";
import { primordials } from "../../primordials.js";

const {
  ArrayIsArray, ArrayPrototypeIndexOf, ArrayPrototypeJoin, ArrayPrototypePush, ArrayPrototypeSplice, Error, NumberIsInteger, ObjectDefineProperties, RangeError,
  RegExpPrototypeExec, String, StringPrototypeEndsWith, StringPrototypeIncludes, StringPrototypeSlice,
  StringPrototypeStartsWith, StringPrototypeToLowerCase, TypeError,
} = primordials;

/** Gives an error its code, as Node.js does: its name in a stack has it, its `name` does not. */
function coded(error, code) {
  const { name } = error;
  const hidden = { __proto__: null, enumerable: false, writable: true, configurable: true };
  ObjectDefineProperties(error, {
    name: { ...hidden, value: `${name} [${code}]` },
    // Read once, so that the stack begins with both.
    stack: { ...hidden, value: stackOf(error, name, code) },
    code: { __proto__: null, enumerable: true, writable: true, configurable: true, value: code },
    toString: { ...hidden, value: describe },
  });
  ObjectDefineProperties(error, { name: { ...hidden, value: name } });
  return error;
}

/** What an error is as a text: its code is in it. @this {any} */
function describe() {
  return `${this.name} [${this.code}]: ${this.message}`;
}

function stackOf(error, name, code) {
  const { stack } = error;
  if (typeof stack !== "string" || !StringPrototypeStartsWith(stack, name)) return stack;
  return `${name} [${code}]${StringPrototypeSlice(stack, name.length)}`;
}

export function typeError(code, message) {
  return coded(new TypeError(message), code);
}

export function rangeError(code, message) {
  return coded(new RangeError(message), code);
}

export function plainError(code, message, properties) {
  const error = coded(new Error(message), code);
  for (const name in properties) error[name] = properties[name];
  return error;
}

const KINDS = ["string", "function", "number", "object", "boolean", "bigint", "symbol"];

function isAmong(list, value) {
  for (let at = 0; at < list.length; at++) {
    if (list[at] === value) return true;
  }
  return false;
}

/** `a, b, or c` */
function enumerate(list) {
  if (list.length < 3) return ArrayPrototypeJoin(list, " or ");
  let text = "";
  for (let at = 0; at < list.length - 1; at++) text += `${list[at]}, `;
  return `${text}or ${list[list.length - 1]}`;
}

/** What was received, in Node.js's words. */
function received(value) {
  if (value === undefined || value === null) return ` Received ${value}`;
  if (typeof value === "function") return ` Received function ${value.name}`;
  if (typeof value === "object") {
    const name = value.constructor?.name;
    if (name) return ` Received an instance of ${name}`;
    return ` Received ${inspect(value, { depth: -1 })}`;
  }
  let shown = inspect(value, { colors: false });
  if (shown.length > 28) shown = `${StringPrototypeSlice(shown, 0, 25)}...`;
  return ` Received type ${typeof value} (${shown})`;
}

/** ERR_INVALID_ARG_TYPE. `expected`: types, classes and other words. */
export function invalidArgType(name, expected, actual) {
  const list = ArrayIsArray(expected) ? expected : [expected];
  let message = "The ";
  if (StringPrototypeEndsWith(name, " argument")) message += `${name} `;
  else message += `"${name}" ${StringPrototypeIncludes(name, ".") ? "property" : "argument"} `;
  message += "must be ";
  const types = [];
  const instances = [];
  const other = [];
  for (let at = 0; at < list.length; at++) {
    const value = list[at];
    if (isAmong(KINDS, value) || value === "Function" || value === "Object") {
      ArrayPrototypePush(types, StringPrototypeToLowerCase(value));
    } else if (RegExpPrototypeExec(/^([A-Z][a-z0-9]*)+$/, value) !== null) {
      ArrayPrototypePush(instances, value);
    } else {
      ArrayPrototypePush(other, value);
    }
  }
  // Beside classes, an object is an instance too.
  const object = ArrayPrototypeIndexOf(types, "object");
  if (instances.length > 0 && object !== -1) {
    ArrayPrototypeSplice(types, object, 1);
    ArrayPrototypePush(instances, "Object");
  }
  if (types.length > 0) {
    message += `${types.length > 1 ? "one of type" : "of type"} ${enumerate(types)}`;
    if (instances.length > 0 || other.length > 0) message += " or ";
  }
  if (instances.length > 0) {
    message += `an instance of ${enumerate(instances)}`;
    if (other.length > 0) message += " or ";
  }
  if (other.length > 0) {
    if (other.length > 1) {
      message += `one of ${enumerate(other)}`;
    } else {
      if (StringPrototypeToLowerCase(other[0]) !== other[0]) message += "an ";
      message += other[0];
    }
  }
  return typeError("ERR_INVALID_ARG_TYPE", `${message}.${received(actual)}`);
}

/** A number with `_` between its thousands. */
function withSeparators(value) {
  const text = String(value);
  const start = StringPrototypeStartsWith(text, "-") ? 1 : 0;
  let end = "";
  let at = text.length;
  for (; at >= start + 4; at -= 3) end = `_${StringPrototypeSlice(text, at - 3, at)}${end}`;
  return `${StringPrototypeSlice(text, 0, at)}${end}`;
}

/** ERR_OUT_OF_RANGE. */
export function outOfRange(name, range, actual, isWholeMessage = false) {
  let shown;
  if (NumberIsInteger(actual) && (actual > 2 ** 32 || actual < -(2 ** 32))) {
    shown = withSeparators(actual);
  } else if (typeof actual === "bigint") {
    shown = actual > 2n ** 32n || actual < -(2n ** 32n) ? `${withSeparators(actual)}n` : `${actual}n`;
  } else {
    shown = inspect(actual);
  }
  const message = isWholeMessage ? name : `The value of "${name}" is out of range.`;
  return rangeError("ERR_OUT_OF_RANGE", `${message} It must be ${range}. Received ${shown}`);
}

/** What is in Node.js and not here. */
export function notImplemented(what) {
  return plainError("ERR_METHOD_NOT_IMPLEMENTED", `The ${what} method is not implemented`);
}

/** The error that an aborted operation ends with. */
export function abortError(message = "The operation was aborted", options = undefined) {
  const error = new Error(message, options);
  ObjectDefineProperties(error, {
    name: { __proto__: null, value: "AbortError", enumerable: true, writable: true, configurable: true },
    code: { __proto__: null, value: "ABORT_ERR", enumerable: true, writable: true, configurable: true },
  });
  return error;
}

/** ERR_BUFFER_OUT_OF_BOUNDS. */
export function bufferOutOfBounds(name = undefined) {
  const message = name === undefined
    ? "Attempt to access memory outside buffer bounds"
    : `"${name}" is outside of buffer bounds`;
  return rangeError("ERR_BUFFER_OUT_OF_BOUNDS", message);
}

/** ERR_UNKNOWN_ENCODING. */
export function unknownEncoding(name) {
  return typeError("ERR_UNKNOWN_ENCODING", `Unknown encoding: ${typeof name === "object" ? inspect(name) : String(name)}`);
}

/** ERR_INVALID_ARG_VALUE. */
export function invalidArgValue(name, value, reason = "is invalid") {
  let shown = inspect(value);
  if (shown.length > 128) shown = `${StringPrototypeSlice(shown, 0, 128)}...`;
  const kind = StringPrototypeIncludes(name, ".") ? "property" : "argument";
  return typeError("ERR_INVALID_ARG_VALUE", `The ${kind} '${name}' ${reason}. Received ${shown}`);
}
