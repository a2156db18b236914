// The clocks (https://w3c.github.io/hr-time/). Both are rounded to microseconds: finer than browsers give to pages that
// share a process with others, which is fair here because a process holds one app only.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";

const { MathRound } = primordials;

/** Milliseconds since the time origin, by the monotonic clock, in steps of a microsecond. */
export function now() {
  return MathRound(ops.performanceNow() * 1000) / 1000;
}

let origin;

/** The time origin: milliseconds since the Unix epoch at which `now()` was 0. */
export function timeOrigin() {
  return origin ??= MathRound(ops.performanceTimeOrigin() * 1000) / 1000;
}
