// node:timers/promises (nodejs.org/api/timers.html#timers-promises-api).

import { abortReason, addAbortAlgorithm, isAborted, removeAbortAlgorithm } from "../../dom/abort.js";
import { timeoutPromise } from "../../html/timeout_promise.js";
import { cancelTimer, setOwnTimer } from "../../html/timers.js";
import { primordials } from "../../primordials.js";
import { abortError } from "../internal/errors.js";
import { validateAbortSignal, validateNumber, validateObject } from "../internal/validators.js";

const { Promise, PromiseReject } = primordials;

/** What an operation ends with whose signal was aborted. */
function aborted(signal) {
  return abortError(undefined, { cause: abortReason(signal) });
}

function wait(delay, value, options) {
  try {
    if (delay !== undefined) validateNumber(delay, "delay");
    validateObject(options, "options");
    validateAbortSignal(options.signal, "options.signal");
  } catch (error) {
    return PromiseReject(error);
  }
  return timeoutPromise(delay, value, options.signal, aborted);
}

function setTimeout(delay = undefined, value = undefined, options = {}) {
  return wait(delay, value, options);
}

function setImmediate(value = undefined, options = {}) {
  return wait(0, value, options);
}

async function* setInterval(delay = undefined, value = undefined, options = {}) {
  if (delay !== undefined) validateNumber(delay, "delay");
  validateObject(options, "options");
  validateAbortSignal(options.signal, "options.signal");
  const { signal } = options;
  if (signal !== undefined && isAborted(signal)) throw aborted(signal);
  let due = 0;
  let wake;
  const id = setOwnTimer(() => {
    due++;
    wake?.();
  }, delay, true);
  const stop = () => {
    cancelTimer(id);
    wake?.();
  };
  if (signal !== undefined) addAbortAlgorithm(signal, stop);
  try {
    while (signal === undefined || !isAborted(signal)) {
      if (due === 0) {
        await new Promise((resolve) => {
          wake = resolve;
        });
      }
      for (; due > 0; due--) yield value;
    }
    throw aborted(signal);
  } finally {
    cancelTimer(id);
    if (signal !== undefined) removeAbortAlgorithm(signal, stop);
  }
}

export const moduleExports = {
  scheduler: { wait: (delay, options) => wait(delay, undefined, options ?? {}), yield: () => setImmediate() },
  setImmediate,
  setInterval,
  setTimeout,
};
