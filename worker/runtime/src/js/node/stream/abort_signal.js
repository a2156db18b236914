// Streams that an AbortSignal destroys (nodejs.org/api/stream.html#streamaddabortsignalsignal-stream).

import { isObject } from "../../webidl.js";
import { moduleExports as EventEmitter } from "../events.js";
import { abortError, invalidArgType } from "../internal/errors.js";
import { primordials } from "../../primordials.js";
import { eos } from "./finished.js";
import { isNodeStream, isWebStream } from "./kinds.js";
import { errorWebStream } from "./web_state.js";

const { SymbolDispose } = primordials;

export function addAbortSignal(signal, stream) {
  if (!isObject(signal) || !("aborted" in signal)) throw invalidArgType("signal", "AbortSignal", signal);
  if (!isNodeStream(stream) && !isWebStream(stream)) {
    throw invalidArgType("stream", ["ReadableStream", "WritableStream", "Stream"], stream);
  }
  return addCheckedAbortSignal(signal, stream);
}

export function addCheckedAbortSignal(signal, stream) {
  const isNode = isNodeStream(stream);
  const onAbort = () => {
    const error = abortError(undefined, { cause: signal.reason });
    if (isNode) stream.destroy(error);
    else errorWebStream(stream, error);
  };
  if (signal.aborted) {
    onAbort();
  } else {
    const listening = EventEmitter.addAbortListener(signal, onAbort);
    eos(stream, listening[SymbolDispose]);
  }
  return stream;
}
