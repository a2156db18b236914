// Checks of arguments, with Node.js's errors.

import { primordials } from "../../primordials.js";
import { invalidArgType, outOfRange } from "./errors.js";

const { ArrayIsArray, ArrayPrototypeJoin, ArrayPrototypePush, NumberIsInteger, NumberIsNaN } = primordials;

const kMaxSafe = 2 ** 53 - 1;

export function validateString(value, name) {
  if (typeof value !== "string") throw invalidArgType(name, "string", value);
}

export function validateBoolean(value, name) {
  if (typeof value !== "boolean") throw invalidArgType(name, "boolean", value);
}

export function validateFunction(value, name) {
  if (typeof value !== "function") throw invalidArgType(name, "Function", value);
}

/** `options`: `allowArray`, `allowFunction`, `nullable`. */
export function validateObject(value, name, options = undefined) {
  const isObject = typeof value === "object" || (options?.allowFunction && typeof value === "function");
  if ((value === null && !options?.nullable) || !isObject || (ArrayIsArray(value) && !options?.allowArray)) {
    throw invalidArgType(name, "Object", value);
  }
}

export function validateNumber(value, name, min = undefined, max = undefined) {
  if (typeof value !== "number") throw invalidArgType(name, "number", value);
  const isBounded = min !== undefined || max !== undefined;
  if (!(value < min) && !(value > max) && !(isBounded && NumberIsNaN(value))) return;
  const bounds = [];
  if (min !== undefined) ArrayPrototypePush(bounds, `>= ${min}`);
  if (max !== undefined) ArrayPrototypePush(bounds, `<= ${max}`);
  throw outOfRange(name, ArrayPrototypeJoin(bounds, " && "), value);
}

export function validateAbortSignal(signal, name) {
  if (signal !== undefined && (signal === null || typeof signal !== "object" || !("aborted" in signal))) {
    throw invalidArgType(name, "AbortSignal", signal);
  }
}

export function validateInteger(value, name, min = -kMaxSafe, max = kMaxSafe) {
  if (typeof value !== "number") throw invalidArgType(name, "number", value);
  if (!NumberIsInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

/** Whether there is a number; NaN is none. */
export function validateFiniteNumber(value, name) {
  if (value === undefined || NumberIsNaN(value)) return false;
  if (typeof value !== "number") throw invalidArgType(name, "number", value);
  if (value === Infinity || value === -Infinity) throw outOfRange(name, "a finite number", value);
  return true;
}
