// Performance (https://w3c.github.io/hr-time/#sec-performance): the clock. Marks and measures are not kept.

import { EventTarget } from "../dom/event_target.js";
import { configureInterface, illegalConstructor, illegalInvocation, kInternal } from "../webidl.js";
import { now, timeOrigin } from "./clock.js";

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
