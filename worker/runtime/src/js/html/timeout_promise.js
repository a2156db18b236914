// A timer as a promise, for scheduler.wait() and node:timers/promises.

import { addAbortAlgorithm, isAborted, removeAbortAlgorithm } from "../dom/abort.js";
import { primordials } from "../primordials.js";
import { clearTimeout, setTimeout } from "./timers.js";

const { Promise, PromiseReject } = primordials;

/** Fulfilled with `value` after the delay; rejected with `reasonOf(signal)` where the signal, if there is one, is aborted before. */
export function timeoutPromise(delay, value, signal, reasonOf) {
  if (signal === undefined) return new Promise((resolve) => setTimeout(() => resolve(value), delay));
  if (isAborted(signal)) return PromiseReject(reasonOf(signal));
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      removeAbortAlgorithm(signal, onAbort);
      resolve(value);
    }, delay);
    addAbortAlgorithm(signal, onAbort);
  });
}
