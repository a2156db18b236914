// node:timers/promises (nodejs.org/api/timers.html#timers-promises-api).

import { addAbortAlgorithm, isAborted, removeAbortAlgorithm } from "../../dom/abort.js";
import { clearInterval, clearTimeout, setInterval as startInterval, setTimeout as startTimeout } from "../../html/timers.js";
import { primordials } from "../../primordials.js";
import { abortError } from "../internal/errors.js";
import { validateAbortSignal, validateNumber, validateObject } from "../internal/validators.js";

const { Promise, PromiseReject } = primordials;

function wait(delay, value, options) {
  try {
    if (delay !== undefined) validateNumber(delay, "delay");
    validateObject(options, "options");
    validateAbortSignal(options.signal, "options.signal");
  } catch (error) {
    return PromiseReject(error);
  }
  const { signal } = options;
  if (signal !== undefined && isAborted(signal)) return PromiseReject(abortError(undefined, { cause: signal.reason }));
  return new Promise((resolve, reject) => {
    let stop;
    const id = startTimeout(() => {
      if (signal !== undefined) removeAbortAlgorithm(signal, stop);
      resolve(value);
    }, delay);
    if (signal === undefined) return;
    stop = () => {
      clearTimeout(id);
      reject(abortError(undefined, { cause: signal.reason }));
    };
    addAbortAlgorithm(signal, stop);
  });
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
  if (signal !== undefined && isAborted(signal)) throw abortError(undefined, { cause: signal.reason });
  let due = 0;
  let wake;
  const id = startInterval(() => {
    due++;
    wake?.();
  }, delay);
  const stop = () => {
    clearInterval(id);
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
    throw abortError(undefined, { cause: signal.reason });
  } finally {
    clearInterval(id);
    if (signal !== undefined) removeAbortAlgorithm(signal, stop);
  }
}

export const moduleExports = {
  scheduler: { wait: (delay, options) => wait(delay, undefined, options ?? {}), yield: () => setImmediate() },
  setImmediate,
  setInterval,
  setTimeout,
};
