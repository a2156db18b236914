// What node:stream sees of streams of the web from outside, without a reader or writer: their end, and an error put into them.

import { primordials } from "../../primordials.js";
import { ReadableByteStreamControllerError } from "../../streams/readable/byte_controller_operations.js";
import { ReadableStreamDefaultControllerError } from "../../streams/readable/default_controller_operations.js";
import { readableStreamSlots } from "../../streams/readable_stream.js";
import { WritableStreamDefaultControllerErrorIfNeeded } from "../../streams/writable/controller_operations.js";
import { writableStreamSlots } from "../../streams/writable_stream.js";

const { ArrayPrototypePush, ObjectDefineProperty, Symbol } = primordials;

const kWatchers = Symbol("kWatchers");

/** Errors a stream of the web, of either kind. */
export function errorWebStream(stream, error) {
  const readable = readableStreamSlots(stream) ?? readableStreamSlots(stream.readable);
  const writable = writableStreamSlots(stream) ?? writableStreamSlots(stream.writable);
  if (readable?.controller.isByte) ReadableByteStreamControllerError(readable.controller, error);
  else if (readable !== undefined) ReadableStreamDefaultControllerError(readable.controller, error);
  if (writable !== undefined) WritableStreamDefaultControllerErrorIfNeeded(writable.controller, error);
}

/** Calls `callback`, with the error if there was one, when a stream of the web is closed or errored. False: it is no such. */
export function whenWebStreamEnds(stream, callback) {
  const slots = readableStreamSlots(stream) ?? writableStreamSlots(stream);
  if (slots === undefined) return false;
  if (isOver(slots.state)) callback(slots.storedError);
  else if (slots[kWatchers] !== undefined) ArrayPrototypePush(slots[kWatchers], callback);
  else watch(slots, callback);
  return true;
}

function isOver(state) {
  return state === "closed" || state === "errored";
}

/** The state of a stream that is watched is behind accessors: streams that nobody watches carry nothing for this. */
function watch(slots, callback) {
  const watchers = slots[kWatchers] = [callback];
  let { state, storedError } = slots;
  const tell = () => {
    slots[kWatchers] = undefined;
    for (let at = 0; at < watchers.length; at++) watchers[at](state === "errored" ? storedError : undefined);
  };
  ObjectDefineProperty(slots, "state", {
    __proto__: null,
    get: () => state,
    set(value) {
      const isNews = !isOver(state) && isOver(value);
      state = value;
      // A writable stream has its error by then; a readable one gets it next.
      if (isNews && (value === "closed" || slots.writeRequests !== undefined)) tell();
    },
  });
  ObjectDefineProperty(slots, "storedError", {
    __proto__: null,
    get: () => storedError,
    set(value) {
      storedError = value;
      if (state === "errored" && slots[kWatchers] !== undefined) tell();
    },
  });
}
