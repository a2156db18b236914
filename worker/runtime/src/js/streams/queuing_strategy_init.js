// The dictionary QueuingStrategyInit (https://streams.spec.whatwg.org/#dictdef-queuingstrategyinit).

import { primordials } from "../primordials.js";
import { conversionError, converters, isObject } from "../webidl.js";

const { TypeError } = primordials;
const toUnrestrictedDouble = converters["unrestricted double"];

/** Converts, and returns the one member. */
export function convertQueuingStrategyInit(value, prefix) {
  if (value !== undefined && value !== null && !isObject(value)) {
    throw conversionError(prefix, "Argument 1", "cannot be converted to a dictionary (QueuingStrategyInit)");
  }
  const highWaterMark = value?.highWaterMark;
  if (highWaterMark === undefined) {
    throw new TypeError(`${prefix}: 'highWaterMark' is required in 'QueuingStrategyInit'`);
  }
  return toUnrestrictedDouble(highWaterMark, prefix, "'highWaterMark' of 'QueuingStrategyInit'");
}
