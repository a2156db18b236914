// How much streams hold before they say that it is enough (nodejs.org/api/stream.html#buffering).

import { primordials } from "../../primordials.js";
import { invalidArgValue } from "../internal/errors.js";
import { validateInteger } from "../internal/validators.js";

const { NumberIsInteger } = primordials;

let bytes = 65536;
let objects = 16;

export function getDefaultHighWaterMark(objectMode) {
  return objectMode ? objects : bytes;
}

export function setDefaultHighWaterMark(objectMode, value) {
  validateInteger(value, "value", 0);
  if (objectMode) objects = value;
  else bytes = value;
}

/** That of one side. `own`: the option that a stream of two sides has for it. */
export function highWaterMarkOf(objectMode, options, own, isDuplex) {
  if (!options) return getDefaultHighWaterMark(false);
  const given = options.highWaterMark ?? (isDuplex ? options[own] : undefined);
  if (given === undefined || given === null) return getDefaultHighWaterMark(objectMode);
  if (!NumberIsInteger(given) || given < 0) {
    throw invalidArgValue(isDuplex ? `options.${own}` : "options.highWaterMark", given);
  }
  return given;
}
