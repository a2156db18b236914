// A timer as a promise, for scheduler.wait() and node:timers/promises.

import { addAbortAlgorithm, isAborted, removeAbortAlgorithm } from "../dom/abort.js";
import { primordials } from "../primordials.js";
import { cancelTimer, setOwnTimer } from "./timers.js";

const { Promise, PromiseReject } = primordials;

/** Fulfilled with `value` after the delay; rejected with `reasonOf(signal)` where the signal, if there is one, is aborted before. */
export function timeoutPromise(delay, value, signal, reasonOf) {
  if (signal === undefined) return new Promise((resolve) => setOwnTimer(() => resolve(value), delay));
  if (isAborted(signal)) return PromiseReject(reasonOf(signal));
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancelTimer(timer);
      reject(reasonOf(signal));
    };
    const timer = setOwnTimer(() => {
      removeAbortAlgorithm(signal, onAbort);
      resolve(value);
    }, delay);
    addAbortAlgorithm(signal, onAbort);
  });
}
