// node:stream/promises (nodejs.org/api/stream.html#streams-promises-api).

import { primordials } from "../../primordials.js";
import { isObject } from "../../webidl.js";
import { validateAbortSignal } from "../internal/validators.js";
import { finished } from "./finished.js";
import { isIterable, isNodeStream, isWebStream } from "./kinds.js";
import { runPipeline } from "./pipeline.js";

const { ArrayPrototypePop, Promise } = primordials;

function pipeline(...streams) {
  return new Promise((resolve, reject) => {
    let options;
    const last = streams[streams.length - 1];
    if (last && isObject(last) && typeof last === "object" && !isNodeStream(last) && !isIterable(last) && !isWebStream(last)) {
      options = ArrayPrototypePop(streams);
      validateAbortSignal(options.signal, "options.signal");
    }
    runPipeline(streams, (error, value) => {
      if (error) reject(error);
      else resolve(value);
    }, options);
  });
}

/** @type {any} */
const promises = { finished, pipeline };
// As on Workers.
promises.promises = promises;

export const moduleExports = promises;
