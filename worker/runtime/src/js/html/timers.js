// setTimeout and its kin, by HTML "Timers" (https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html).
// Deadlines are kept natively; callbacks stay here. Timer ids are numbers, as in browsers.
// NANO: string handlers are refused, since compiling strings is off for apps.

import { DOMException } from "../dom/dom_exception.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { createSteadyMap } from "../steady_map.js";
import { converters } from "../webidl.js";
import { reportError } from "./error_reporting.js";

const {
  ArrayPrototypeSlice, FunctionPrototypeCall, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, MathMax,
  ReflectApply, TypeError, globalThis: global,
} = primordials;

/** From this nesting level on, delays are at least 4 ms (HTML, step 11 of "timer initialization steps"). */
const NESTING_LIMIT = 5;
const NESTED_MINIMUM = 4;

/** Timer id → { callback, args, delay, repeat, nesting, context, isOwn }. `isOwn`: of another builtin, and not the app's to clear. */
const timers = createSteadyMap();
/** The nesting level of the timer whose callback runs now; 0 outside of timers. */
let nestingLevel = 0;

// A `long`: from 2^31 on it wraps, as the standard and browsers have it (Node makes it 1).
function delayOf(value, prefix) {
  return MathMax(converters.long(value, prefix, "The delay"), 0);
}

// A new timer's number. Apps may have so many timers at a time.
function allocate() {
  const id = ops.timerAllocate();
  if (id === undefined) throw new DOMException("The app has too many pending timers", "QuotaExceededError");
  return id;
}

function start(name, callback, timeout, args, repeat, isOwn) {
  if (typeof callback !== "function") {
    throw new TypeError(`Failed to execute '${name}': the callback is not a function`);
  }
  let delay = delayOf(timeout, name);
  if (nestingLevel > NESTING_LIMIT && delay < NESTED_MINIMUM) delay = NESTED_MINIMUM;
  const id = allocate();
  const nesting = nestingLevel + 1;
  MapPrototypeSet(timers, id, { __proto__: null, callback, args, delay, repeat, nesting, context: ops.getAsyncContext(), isOwn });
  ops.timerStart(id, delay, true);
  return id;
}

/** For other builtins: setTimeout(), or setInterval(), whose timer the app cannot clear. Ended by cancelTimer(). */
export function setOwnTimer(callback, timeout, repeat = false) {
  return start("setTimeout", callback, timeout, null, repeat, true);
}

/** For other builtins: a timer that a program which has nothing else to do does not wait for. Ended by cancelTimer(). */
export function setBackgroundTimeout(callback, delay) {
  return startOwn(callback, delay, false);
}

/** Ends a timer, whosever it is. */
export function cancelTimer(id) {
  if (MapPrototypeDelete(timers, id)) ops.timerCancel(id);
}

/**
 * For other builtins: calls `callback` in a turn of its own, as soon as there is one, if cancelTimer() does not end it. Throws where
 * there are too many timers.
 */
export function queueTask(callback) {
  return startOwn(callback, 0, true);
}

function startOwn(callback, delay, isWaitedFor) {
  const id = allocate();
  const context = ops.getAsyncContext();
  MapPrototypeSet(timers, id, { __proto__: null, callback, args: null, delay, repeat: false, nesting: 0, context, isOwn: true });
  ops.timerStart(id, delay, isWaitedFor);
  return id;
}

/** For other builtins: lets a timer of the app begin anew. False: it is not there any more. */
export function restartTimer(id) {
  const timer = MapPrototypeGet(timers, id);
  if (timer === undefined || timer.isOwn) return false;
  ops.timerStart(id, timer.delay, true);
  return true;
}

function clear(id) {
  const number = +id;
  // Whoever clears every number that there may be means timers of its own.
  if (MapPrototypeGet(timers, number)?.isOwn === false) cancelTimer(number);
}

export function setTimeout(callback, timeout = 0) {
  return start("setTimeout", callback, timeout, arguments.length > 2 ? ArrayPrototypeSlice(arguments, 2) : null, false, false);
}

export function setInterval(callback, timeout = 0) {
  return start("setInterval", callback, timeout, arguments.length > 2 ? ArrayPrototypeSlice(arguments, 2) : null, true, false);
}

export function clearTimeout(id = undefined) {
  clear(id);
}

export function clearInterval(id = undefined) {
  clear(id);
}

/** Called natively when a timer is due. */
export function fireTimer(id) {
  const timer = MapPrototypeGet(timers, id);
  if (timer === undefined) return;
  if (!timer.repeat) MapPrototypeDelete(timers, id);
  nestingLevel = timer.nesting;
  ops.setAsyncContext(timer.context);
  try {
    if (timer.args === null) FunctionPrototypeCall(timer.callback, global);
    else ReflectApply(timer.callback, global, timer.args);
  } catch (error) {
    reportError(error);
  } finally {
    nestingLevel = 0;
    // The callback may have cleared its own interval.
    if (timer.repeat && MapPrototypeGet(timers, id) === timer) {
      if (timer.nesting <= NESTING_LIMIT) timer.nesting += 1;
      else if (timer.delay < NESTED_MINIMUM) timer.delay = NESTED_MINIMUM;
      ops.timerStart(id, timer.delay, true);
    }
  }
}
