// What a scenario's steps, and its hooks, can do. Each action returns what it gave, if that is to be recorded.

import { give } from "./hooks.js";

const bytes = (count, first) => Uint8Array.from({ length: count }, (_, i) => (first + i) & 255);

const gate = (stage, { gate, reason }) => {
  const { resolve, reject } = stage.gate(gate);
  if (reason === undefined) resolve();
  else reject(stage.reason(reason));
};

export const actions = {
  // WritableStream
  getWriter: (stage) => { stage.writer = stage.writable.getWriter(); },
  write: (stage, { chunk }) => stage.writer.write(chunk),
  close: (stage) => stage.writer.close(),
  abort: (stage, { reason }) => stage.writer.abort(stage.reason(reason)),
  ready: (stage) => stage.writer.ready,
  closed: (stage) => stage.writer.closed,
  desiredSize: (stage) => String(stage.writer.desiredSize),
  releaseWriter: (stage) => stage.writer.releaseLock(),
  streamAbort: (stage, { reason }) => stage.writable.abort(stage.reason(reason)),
  streamClose: (stage) => stage.writable.close(),
  sinkError: (stage, { reason }) => stage.sinkController.error(stage.reason(reason)),
  signal: (stage) => {
    const { signal } = stage.sinkController;
    signal.addEventListener("abort", () => stage.say("signal aborts"));
    return String(signal.aborted);
  },

  // ReadableStream; `on` says which, where there are several
  getReader: (stage, { on }) => { stage.readers[on] = stage.readables[on].getReader(); },
  getByobReader: (stage, { on }) => { stage.readers[on] = stage.readables[on].getReader({ mode: "byob" }); },
  read: (stage, { on }) => stage.readers[on].read(),
  readInto: (stage, { on, size, min, wide }) => {
    const view = wide ? new Uint16Array(size) : new Uint8Array(new ArrayBuffer(size + 2), 1, size);
    return stage.readers[on].read(view, { min });
  },
  readerClosed: (stage, { on }) => stage.readers[on].closed,
  cancel: (stage, { on, reason }) => stage.readers[on].cancel(stage.reason(reason)),
  releaseReader: (stage, { on }) => stage.readers[on].releaseLock(),
  streamCancel: (stage, { on, reason }) => stage.readables[on].cancel(stage.reason(reason)),
  iterate: (stage, { on, preventCancel }) => { stage.iterators[on] = stage.readables[on].values({ preventCancel }); },
  next: (stage, { on }) => stage.iterators[on].next(),
  return: (stage, { on, reason }) => stage.iterators[on].return(stage.reason(reason)),
  tee: (stage, { on }) => { stage.readables.push(...stage.readables[on].tee()); },
  enqueue: (stage, { chunk }) => stage.sourceController.enqueue(chunk),
  enqueueThenable: (stage, { gives }) => stage.sourceController.enqueue(give(stage, "chunk", gives)),
  sourceClose: (stage) => stage.sourceController.close(),
  sourceError: (stage, { reason }) => stage.sourceController.error(stage.reason(reason)),
  sourceDesiredSize: (stage) => String(stage.sourceController.desiredSize),

  // byte streams
  enqueueBytes: (stage, { count, first }) => stage.sourceController.enqueue(bytes(count, first)),
  respond: (stage, { count }) => {
    const request = stage.sourceController.byobRequest;
    if (request === null) return "no request";
    request.view.fill(count);
    request.respond(count);
  },
  respondWithNewView: (stage, { count }) => {
    const request = stage.sourceController.byobRequest;
    if (request === null) return "no request";
    const { view } = request;
    request.respondWithNewView(new Uint8Array(view.buffer, view.byteOffset, Math.min(count, view.byteLength)));
  },
  byobRequest: (stage) => {
    const request = stage.sourceController.byobRequest;
    return request === null ? "no request" : stage.show(request.view);
  },

  // TransformStream
  transformEnqueue: (stage, { chunk }) => stage.transformController.enqueue(chunk),
  transformError: (stage, { reason }) => stage.transformController.error(stage.reason(reason)),
  terminate: (stage) => stage.transformController.terminate(),
  transformDesiredSize: (stage) => String(stage.transformController.desiredSize),

  // pipes
  pipeTo: (stage, { on, options }) => {
    stage.abortController ??= new AbortController();
    const { signal } = stage.abortController;
    return stage.readables[on].pipeTo(stage.writable, options.signal ? { ...options, signal } : { ...options, signal: undefined });
  },
  pipeAbort: (stage, { reason }) => { stage.abortController?.abort(stage.reason(reason)); },

  gate,
};

/** The parts of the stage that an action is about: without them it is left out. */
export function needs({ do: name }) {
  for (const [part, names] of Object.entries(about)) if (names.includes(name)) return part.split(" ");
  return undefined;
}

const about = {
  writable: ["getWriter", "streamAbort", "streamClose"],
  writer: ["write", "close", "abort", "ready", "closed", "desiredSize", "releaseWriter"],
  sinkController: ["sinkError", "signal"],
  readables: ["getReader", "getByobReader", "streamCancel", "iterate", "tee"],
  readers: ["read", "readInto", "readerClosed", "cancel", "releaseReader"],
  iterators: ["next", "return"],
  sourceController: [
    "enqueue", "enqueueThenable", "sourceClose", "sourceError", "sourceDesiredSize", "enqueueBytes", "respond", "respondWithNewView", "byobRequest",
  ],
  transformController: ["transformEnqueue", "transformError", "terminate", "transformDesiredSize"],
  "readables writable": ["pipeTo"],
};
