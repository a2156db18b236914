// `scheduler.wait(milliseconds, { signal })`, of workerd: a timer as a promise. Made when an app looks at it.

import { abortReason, addAbortAlgorithm, isAborted, removeAbortAlgorithm, toAbortSignal } from "../dom/abort.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, converters, createDictionaryConverter, illegalConstructor, illegalInvocation, isObject, kInternal,
  requireArguments,
} from "../webidl.js";
import { clearTimeout, setTimeout } from "./timers.js";

const { Promise, PromiseReject } = primordials;

export function createScheduler() {
  const toOptions = createDictionaryConverter("SchedulerWaitOptions", [{ key: "signal", converter: toAbortSignal }]);

  class Scheduler {
    #brand;

    constructor(brand = undefined) {
      if (brand !== kInternal) throw illegalConstructor();
    }

    wait(delay, options = undefined) {
      if (!isObject(this) || !(#brand in this)) throw illegalInvocation("Scheduler");
      const prefix = "Failed to execute 'wait' on 'Scheduler'";
      requireArguments(arguments.length, 1, prefix);
      delay = converters.long(delay, prefix, "Argument 1");
      const { signal } = toOptions(options, prefix, "Argument 2");
      if (signal === undefined) return new Promise((resolve) => setTimeout(() => resolve(undefined), delay));
      if (isAborted(signal)) return PromiseReject(abortReason(signal));
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          clearTimeout(timer);
          reject(abortReason(signal));
        };
        const timer = setTimeout(() => {
          removeAbortAlgorithm(signal, onAbort);
          resolve(undefined);
        }, delay);
        addAbortAlgorithm(signal, onAbort);
      });
    }
  }

  configureInterface(Scheduler);
  return new Scheduler(kInternal);
}
