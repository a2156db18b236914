// Maps of what is under way, by number: requests, fetches, timers. V8 rehashes a Map when it falls below a quarter of its
// capacity, to a smaller one, and when it is full; one that holds few entries, each for a moment, is rehashed twice for each
// of them, which costs as much as a small handler. Some entries that stay keep it from shrinking, so that it is rehashed
// once for some fifty.

import { primordials } from "./primordials.js";

const { Map, MapPrototypeSet } = primordials;

const STAYING = 16;

/** A Map for keys that are numbers. It must not be iterated, nor asked for its size. */
export function createSteadyMap() {
  const map = new Map();
  for (let i = 0; i < STAYING; i++) MapPrototypeSet(map, `stays ${i}`, undefined);
  return map;
}
