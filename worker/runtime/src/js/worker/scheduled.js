// Scheduled events (https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/), by workerd's
// src/workerd/api/scheduled.h. Evaluated with the first of them.
//
// A run is a call of the app's `scheduled` with all that `waitUntil` is given in it: it is over when all of that is settled, and
// has failed when any of it did.

import { dispatchTrusted, globalEventTarget, hasListeners, listenerThrew } from "../dom/event_target.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { createSteadyMap } from "../steady_map.js";
import { configureInterface, illegalConstructor, illegalInvocation, isObject, kInternal } from "../webidl.js";
import { appParts, CLASS, LISTENERS } from "./dispatch.js";
import { createExecutionContext } from "./execution_context.js";
import { ExtendableEvent } from "./fetch_event.js";

const {
  FunctionPrototypeCall, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, ObjectDefineProperty, PromisePrototypeThen,
  PromiseResolve, ReflectConstruct,
} = primordials;

/** What `scheduledDone` is told. */
const SUCCEEDED = 0;
const FAILED = 1;
const NO_HANDLER = 2;

/** Number of a run → what is known of it, until it is over or aborted. */
const runs = createSteadyMap();

// As in workerd, the values are the object's own.
function defineValues(object, values) {
  for (const name in values) {
    ObjectDefineProperty(object, name, { __proto__: null, value: values[name], writable: false, enumerable: true, configurable: true });
  }
}

/** What the handler of a module gets. */
class ScheduledController {
  #brand = true;

  constructor(key, cron, time) {
    if (key !== kInternal) throw illegalConstructor();
    defineValues(this, { __proto__: null, scheduledTime: time, cron, type: "scheduled" });
  }

  // NANO: a run that failed is not tried again in any case.
  noRetry() {
    if (!isObject(this) || !(#brand in this)) throw illegalInvocation("ScheduledController");
  }
}
configureInterface(ScheduledController);

/** What listeners of the global scope get. */
class ScheduledEvent extends ExtendableEvent {
  #brand = true;

  constructor(key, id, cron, time) {
    if (key !== kInternal) throw illegalConstructor();
    super(kInternal, "scheduled", id, undefined);
    defineValues(this, { __proto__: null, scheduledTime: time, cron });
  }

  noRetry() {
    if (!isObject(this) || !(#brand in this)) throw illegalInvocation("ScheduledEvent");
  }
}
configureInterface(ScheduledEvent);

/** Calls the app. Returns what it returned; NO_HANDLER as an object of its own. */
function callApp(run, cron, time) {
  const { kind, app, env } = appParts();
  if (kind === LISTENERS) {
    const target = globalEventTarget();
    if (!hasListeners(target, "scheduled")) return noHandler;
    dispatchTrusted(target, new ScheduledEvent(kInternal, run.id, cron, time));
    if (listenerThrew()) run.failed = true;
    return undefined;
  }
  const context = createExecutionContext(run.id, undefined);
  const entrypoint = kind === CLASS ? ReflectConstruct(app, [context, env]) : app;
  const { scheduled } = entrypoint;
  if (typeof scheduled !== "function") return noHandler;
  const controller = new ScheduledController(kInternal, cron, time);
  if (kind === CLASS) return FunctionPrototypeCall(scheduled, entrypoint, controller);
  return FunctionPrototypeCall(scheduled, entrypoint, controller, env, context);
}
const noHandler = { __proto__: null };

/** One of a run's promises is settled. */
function settle(run) {
  run.pending -= 1;
  if (run.pending > 0) return;
  if (run.aborted) {
    ops.handlerSettled(run.id);
  } else {
    MapPrototypeDelete(runs, run.id);
    ops.scheduledDone(run.id, run.failed ? FAILED : SUCCEEDED);
  }
}

function hold(run, promise) {
  const settled = PromiseResolve(promise);
  run.pending += 1;
  PromisePrototypeThen(settled, () => settle(run), (reason) => {
    run.failed = true;
    ops.reportError(reason);
    settle(run);
  });
}

/** Calls the app for run number `id`. */
function dispatch(id, cron, time) {
  const run = { __proto__: null, id, pending: 1, failed: false, aborted: false };
  MapPrototypeSet(runs, id, run);
  try {
    const result = callApp(run, cron, time);
    if (result === noHandler) {
      MapPrototypeDelete(runs, id);
      ops.log("error", "A cron is due, and the app has no handler for it: it exports no `scheduled` function");
      ops.scheduledDone(id, NO_HANDLER);
      return;
    }
    // What is no promise is settled.
    if (isObject(result)) hold(run, result);
  } catch (error) {
    run.failed = true;
    ops.reportError(error);
  }
  settle(run);
}

/** `waitUntil(promise)` for number `id`. False if that is no run, or one that is over. */
function holdRun(id, promise) {
  const run = MapPrototypeGet(runs, id);
  if (run === undefined) return false;
  hold(run, promise);
  return true;
}

/** The supervisor gave number `id` up. False if that is no run. */
function abortRun(id) {
  const run = MapPrototypeGet(runs, id);
  if (run === undefined) return false;
  MapPrototypeDelete(runs, id);
  run.aborted = true;
  return true;
}

export const moduleExports = { __proto__: null, ScheduledController, ScheduledEvent, abortRun, dispatch, holdRun };
