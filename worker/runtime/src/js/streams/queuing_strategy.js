// The queuing strategy API (https://streams.spec.whatwg.org/#qs-api) and its abstract operations (#qs-abstract-ops).

import { primordials } from "../primordials.js";
import { conversionError, converters, isObject } from "../webidl.js";
import { countQueuingStrategySize } from "./count_queuing_strategy.js";

const { NumberIsNaN, RangeError } = primordials;
const toUnrestrictedDouble = converters["unrestricted double"];

/** Converts to the dictionary QueuingStrategy: `{ highWaterMark, size }`, undefined where absent. */
export function convertQueuingStrategy(value, prefix, context) {
  const dictionary = { __proto__: null, highWaterMark: undefined, size: undefined };
  if (value === undefined || value === null) return dictionary;
  if (!isObject(value)) throw conversionError(prefix, context, "cannot be converted to a dictionary (QueuingStrategy)");
  const { highWaterMark } = value;
  if (highWaterMark !== undefined) {
    dictionary.highWaterMark = toUnrestrictedDouble(highWaterMark, prefix, "'highWaterMark' of 'QueuingStrategy'");
  }
  const { size } = value;
  if (size !== undefined) dictionary.size = converters.Function(size, prefix, "'size' of 'QueuingStrategy'");
  return dictionary;
}

export function ExtractHighWaterMark(strategy, defaultHWM) {
  const { highWaterMark } = strategy;
  if (highWaterMark === undefined) return defaultHWM;
  if (NumberIsNaN(highWaterMark) || highWaterMark < 0) {
    throw new RangeError(`The high-water mark must be a number that is not negative, not ${highWaterMark}`);
  }
  return highWaterMark;
}

/** Null stands for "an algorithm that returns 1". */
export function ExtractSizeAlgorithm(strategy) {
  const { size } = strategy;
  // CountQueuingStrategy's own function returns 1 whatever it is given.
  if (size === undefined || size === countQueuingStrategySize) return null;
  return (chunk) => {
    const result = size(chunk);
    return typeof result === "number" ? result : toUnrestrictedDouble(result, undefined, "The size of a chunk");
  };
}
