// What console.log(stream) shows; console/inspect.js does the formatting.

import { IsReadableStreamLocked } from "./readable/stream_operations.js";
import { readableStreamSlots } from "./readable_stream.js";
import { IsWritableStreamLocked } from "./writable/stream_operations.js";
import { WritableStreamGetDesiredSize } from "./writable/writer_operations.js";
import { writableStreamSlots } from "./writable_stream.js";

/** `[className, properties]` of a stream, properties in the order to print; undefined for anything else. */
export function describeStream(value) {
  const writable = writableStreamSlots(value);
  if (writable !== undefined) {
    return ["WritableStream", {
      __proto__: null,
      locked: IsWritableStreamLocked(writable),
      state: writable.state === "erroring" ? "errored" : writable.state,
      desiredSize: WritableStreamGetDesiredSize(writable),
    }];
  }
  const readable = readableStreamSlots(value);
  if (readable !== undefined) {
    return ["ReadableStream", {
      __proto__: null,
      locked: IsReadableStreamLocked(readable),
      state: readable.state,
      supportsBYOB: readable.controller.isByte,
    }];
  }
  return undefined;
}
