// What streams fail with (nodejs.org/api/errors.html).

import { primordials } from "../../primordials.js";
import { plainError, typeError } from "../internal/errors.js";

const { AggregateError, ArrayIsArray, ArrayPrototypePush } = primordials;

export function pushAfterEnd() {
  return plainError("ERR_STREAM_PUSH_AFTER_EOF", "stream.push() after EOF");
}

export function unshiftAfterEnd() {
  return plainError("ERR_STREAM_UNSHIFT_AFTER_END_EVENT", "stream.unshift() after end event");
}

export function writeAfterEnd() {
  return plainError("ERR_STREAM_WRITE_AFTER_END", "write after end");
}

export function streamDestroyed(name) {
  return plainError("ERR_STREAM_DESTROYED", `Cannot call ${name} after a stream was destroyed`);
}

export function alreadyFinished(name) {
  return plainError("ERR_STREAM_ALREADY_FINISHED", `Cannot call ${name} after a stream was finished`);
}

export function cannotPipe() {
  return plainError("ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable");
}

export function nullValues() {
  return typeError("ERR_STREAM_NULL_VALUES", "May not write null values to stream");
}

export function prematureClose() {
  return plainError("ERR_STREAM_PREMATURE_CLOSE", "Premature close");
}

export function multipleCallback() {
  return plainError("ERR_MULTIPLE_CALLBACK", "Callback called multiple times");
}

/** ERR_MISSING_ARGS, with another message where one is given. */
export function missingArgument(name, message = `The "${name}" argument must be specified`) {
  return typeError("ERR_MISSING_ARGS", message);
}

export function invalidReturnValue(expected, name, value) {
  let kind = value === undefined || value === null ? `${value}` : `type ${typeof value}`;
  if (value?.constructor?.name) kind = `an instance of ${value.constructor.name}`;
  return typeError("ERR_INVALID_RETURN_VALUE", `Expected ${expected} to be returned from the "${name}" function but got ${kind}.`);
}

/** One error for two of which neither may be lost. */
export function bothErrors(inner, outer) {
  if (!inner || !outer || inner === outer) return inner || outer;
  if (ArrayIsArray(outer.errors)) {
    ArrayPrototypePush(outer.errors, inner);
    return outer;
  }
  /** @type {any} */
  const error = new AggregateError([outer, inner], outer.message);
  error.code = outer.code;
  return error;
}
