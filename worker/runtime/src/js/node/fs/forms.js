// The two other forms of each synchronous call: with a callback, and with a promise.

import { primordials } from "../../primordials.js";
import { invalidArgType } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { isSystemError } from "./system_error.js";

const { ArrayPrototypeSlice, ObjectDefineProperty, ReflectApply } = primordials;

function named(call, name) {
  ObjectDefineProperty(call, "name", { __proto__: null, value: name, configurable: true });
  return call;
}

/** What is wrong with arguments is thrown, what is wrong with files is told. `results(value)`: what the callback gets. */
export function withCallback(name, call, results = (value) => (value === undefined ? [null] : [null, value])) {
  return named((...args) => {
    const callback = args[args.length - 1];
    if (typeof callback !== "function") throw invalidArgType("cb", "Function", args.length > 1 ? callback : undefined);
    let told;
    try {
      told = results(ReflectApply(call, undefined, ArrayPrototypeSlice(args, 0, args.length - 1)));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      told = [error];
    }
    nextTick(() => ReflectApply(callback, undefined, told));
  }, name);
}

export function withPromise(name, call) {
  return named(async (...args) => ReflectApply(call, undefined, args), name);
}
