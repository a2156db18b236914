// The body of a response to HEAD. Nobody wants it, but its app may not expect that: as in Workers it is read, and dropped, so that what
// writes it comes to its end. HEAD costs a client nothing, so there are bounds; beyond them the body is cancelled.

import { DOMException } from "../dom/dom_exception.js";
import { BodySender } from "../fetch/body_sender.js";
import { FetchSource, IncomingSource } from "../fetch/body_source.js";
import { cancelTimer, setBackgroundTimeout } from "../html/timers.js";
import { primordials } from "../primordials.js";
import { pumpLater } from "./first_pull.js";

const { TypedArrayPrototypeGetByteLength } = primordials;

/** Bodies that are read at a time, and bytes and milliseconds of each. */
const MAX_BODIES = 16;
const MAX_BYTES = 1 << 20;
const MAX_MS = 5000;

let count = 0;

export function dropBody(id, source) {
  // What comes from elsewhere is not of the app's making.
  const isForeign = source instanceof IncomingSource || source instanceof FetchSource;
  if (isForeign || count === MAX_BODIES) return cancel(source);
  let timer;
  try {
    timer = setBackgroundTimeout(() => cancel(body), MAX_MS);
  } catch {
    // There are too many timers.
    return cancel(source);
  }
  let left = MAX_BYTES;
  const nothing = {
    __proto__: null,
    chunk(_id, bytes) {
      left -= TypedArrayPrototypeGetByteLength(bytes);
      if (left >= 0) return 1;
      cancel(body);
      return 0;
    },
    end() {},
    fail() {},
  };
  const body = new BodySender(id, source, nothing, () => {
    count--;
    cancelTimer(timer);
  });
  count++;
  pumpLater(body);
}

function cancel(body) {
  body.cancel(new DOMException("A response to HEAD has no body", "AbortError"));
}
