// node:perf_hooks (nodejs.org/api/perf_hooks.html): the clock, marks and observers that are global.

import { moduleExports as observers } from "../performance/observer.js";
import { now } from "../performance/clock.js";
import { Performance, performance } from "../performance/performance.js";
import { userTiming } from "../performance/user_timing.js";
import { primordials } from "../primordials.js";
import { illegalConstructor } from "../webidl.js";
import { notImplemented } from "./internal/errors.js";
import { validateFunction } from "./internal/validators.js";

const { ObjectDefineProperties, ObjectGetOwnPropertyDescriptors } = primordials;

function refuse(name) {
  return () => {
    throw notImplemented(`perf_hooks.${name}`);
  };
}

/** No fetch is measured: there are no objects of it. */
class PerformanceResourceTiming {
  constructor() {
    throw illegalConstructor();
  }
}

const { PerformanceEntry, PerformanceMark, PerformanceMeasure } = userTiming();

/** The app's loop is its worker's, and nothing of it is measured. */
const eventLoopUtilization = () => ({ idle: 0, active: 0, utilization: 0 });

const timerify = (fn) => {
  validateFunction(fn, "fn");
  return fn;
};

/** What Node.js has in `performance` beside the web's. */
ObjectDefineProperties(Performance.prototype, ObjectGetOwnPropertyDescriptors({
  eventLoopUtilization,
  markResourceTiming() {},
  get nodeTiming() {
    return {
      name: "node", entryType: "node", startTime: 0, duration: now(), nodeStart: 0, v8Start: 0, bootstrapComplete: 0, environment: 0,
      loopStart: 0, loopExit: -1, idleTime: 0,
    };
  },
  timerify,
}));

export const moduleExports = {
  constants: {
    NODE_PERFORMANCE_GC_MAJOR: 4, NODE_PERFORMANCE_GC_MINOR: 1, NODE_PERFORMANCE_GC_INCREMENTAL: 8, NODE_PERFORMANCE_GC_WEAKCB: 16,
    NODE_PERFORMANCE_GC_FLAGS_NO: 0, NODE_PERFORMANCE_GC_FLAGS_CONSTRUCT_RETAINED: 2, NODE_PERFORMANCE_GC_FLAGS_FORCED: 4,
    NODE_PERFORMANCE_GC_FLAGS_SYNCHRONOUS_PHANTOM_PROCESSING: 8, NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE: 16,
    NODE_PERFORMANCE_GC_FLAGS_ALL_EXTERNAL_MEMORY: 32, NODE_PERFORMANCE_GC_FLAGS_SCHEDULE_IDLE: 64,
  },
  PerformanceResourceTiming,
  createHistogram: refuse("createHistogram"),
  eventLoopUtilization,
  monitorEventLoopDelay: refuse("monitorEventLoopDelay"),
  Performance,
  performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver: observers.PerformanceObserver,
  PerformanceObserverEntryList: observers.PerformanceObserverEntryList,
  timerify,
};
