// Performance (https://w3c.github.io/hr-time/#sec-performance): the clock; marks and
// measures are kept by user_timing.js.

import { EventTarget } from "../dom/event_target.js";
import {
  configureInterface, converters, illegalConstructor, illegalInvocation, kInternal, requireArguments,
} from "../webidl.js";
import { now, timeOrigin } from "./clock.js";
import { userTiming } from "./user_timing.js";

let isPerformanceImpl;

export class Performance extends EventTarget {
  #brand;

  constructor(brand = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    super();
  }

  now() {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    return now();
  }

  get timeOrigin() {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    return timeOrigin();
  }

  mark(markName, markOptions = undefined) {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    requireArguments(arguments.length, 1, "Failed to execute 'mark' on 'Performance'");
    return userTiming().mark(markName, markOptions);
  }

  measure(measureName, startOrMeasureOptions = undefined, endMark = undefined) {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    requireArguments(arguments.length, 1, "Failed to execute 'measure' on 'Performance'");
    return userTiming().measure(measureName, startOrMeasureOptions, endMark);
  }

  clearMarks(markName = undefined) {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    userTiming().clearMarks(markName === undefined ? undefined : converters.DOMString(markName));
  }

  clearMeasures(measureName = undefined) {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    userTiming().clearMeasures(measureName === undefined ? undefined : converters.DOMString(measureName));
  }

  /** No fetch is measured: there is nothing to clear. */
  clearResourceTimings() {
    if (!(#brand in this)) throw illegalInvocation("Performance");
  }

  setResourceTimingBufferSize(maxSize) {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    const prefix = "Failed to execute 'setResourceTimingBufferSize' on 'Performance'";
    requireArguments(arguments.length, 1, prefix);
    converters["unsigned long"](maxSize, prefix, "Argument 1");
  }

  getEntries() {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    return userTiming().list();
  }

  getEntriesByType(type) {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    requireArguments(arguments.length, 1, "Failed to execute 'getEntriesByType' on 'Performance'");
    return userTiming().list(converters.DOMString(type));
  }

  getEntriesByName(name, type = undefined) {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    requireArguments(arguments.length, 1, "Failed to execute 'getEntriesByName' on 'Performance'");
    return userTiming().list(type === undefined ? undefined : converters.DOMString(type), converters.DOMString(name));
  }

  toJSON() {
    if (!(#brand in this)) throw illegalInvocation("Performance");
    return { timeOrigin: timeOrigin() };
  }

  static {
    isPerformanceImpl = (object) => #brand in object;
  }
}

configureInterface(Performance);

export const performance = new Performance(kInternal);

/** The brand check of an object. */
export function isPerformance(object) {
  return isPerformanceImpl(object);
}
