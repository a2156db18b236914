// `scheduler.wait(milliseconds, { signal })`, of workerd: a timer as a promise. Made when an app looks at it.

import { abortReason, toAbortSignal } from "../dom/abort.js";
import {
  configureInterface, converters, createDictionaryConverter, illegalConstructor, illegalInvocation, isObject, kInternal,
  requireArguments,
} from "../webidl.js";
import { timeoutPromise } from "./timeout_promise.js";

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
      return timeoutPromise(delay, undefined, signal, abortReason);
    }
  }

  configureInterface(Scheduler);
  return new Scheduler(kInternal);
}
