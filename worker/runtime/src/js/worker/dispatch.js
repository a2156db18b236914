// Requests to the app's `fetch` and responses back, and scheduled events. Native code calls `startApp` once, then `dispatchRequest` for each
// request: one call in, one `ops.respond` out, unless the response's body comes in chunks.

import { DOMException } from "../dom/dom_exception.js";
import { isSource } from "../fetch/body.js";
import { BodySender } from "../fetch/body_sender.js";
import { FetchSource, IncomingSource } from "../fetch/body_source.js";
import { CodedSource, acceptsCodings } from "../fetch/content_coding.js";
import { copyList, listAppend, listDelete, listGet } from "../fetch/headers.js";
import { abortIncomingRequest, createIncomingRequest, incomingHeader } from "../fetch/request.js";
import { responseParts } from "../fetch/response.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { createSteadyMap } from "../steady_map.js";
import { webSockets } from "../websocket/registry.js";
import { getExports, getTracing, isEntrypointClass, requestsFrom, setMainNamespace } from "./cloudflare_workers.js";
import { getEnvironment } from "./environment.js";
import { createExecutionContext, exportsFrom, onRejectedWait, runsHeldBy, tracingFrom } from "./execution_context.js";
import { fireFetchEvent, hasAppListener } from "./fetch_event.js";
import { pumpLater } from "./first_pull.js";
import { dropBody } from "./head_body.js";

const {
  FunctionPrototypeCall, MapPrototypeDelete, MapPrototypeGet, MapPrototypeHas, MapPrototypeSet, PromisePrototypeThen, PromiseResolve,
  ReflectConstruct, TypeError,
} = primordials;

/** What the app is: an object with a `fetch`, a class of WorkerEntrypoint, or listeners of the global scope. */
const OBJECT = 0;
export const CLASS = 1;
export const LISTENERS = 2;

let kind = OBJECT;
/** The app's default export, whose `fetch` is looked up for each request, as workerd does. */
let app;
const env = getEnvironment();
/** "property" | "method": how the incoming request's accessors behave. */
let accessorStyle = "property";

/** Request id → Request, from when its handler has returned until it is answered to the end. */
const inFlight = createSteadyMap();
/** Request id → BodySender, while its response is being sent. */
const bodies = createSteadyMap();

const wire = {
  __proto__: null,
  chunk: ops.responseChunk,
  end: ops.responseEnd,
  fail: (id, error) => ops.requestFailed(id, "body", error),
};

/** The number of the request whose handler has not returned yet, and the request. */
let runningId = 0;
let running;

onRejectedWait((reason) => ops.reportError(reason));
exportsFrom(getExports);
tracingFrom(getTracing);
requestsFrom((id) => (id === runningId ? running : MapPrototypeGet(inFlight, id)));

function describe(value) {
  if (value === null) return "null";
  if (typeof value === "object") return "an object";
  if (typeof value === "function") return "a function";
  return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
}

const expected = "`export default { async fetch(request, env, ctx) { \u2026 } }`";

function lacksDefault(hasFetch) {
  const named = hasFetch ? "; it exports `fetch` by name: `export default { fetch }`" : "";
  return `it has no default export; nano needs ${expected}${named}`;
}

/**
 * Takes the namespace of a module that is linked and may not be evaluated: the names of its exports are known, their values are
 * not. `mayListen`: it may add a listener for requests. Returns what is wrong with the app whatever those will be, or undefined.
 */
export function checkExports(namespace, mayListen) {
  return "default" in namespace || mayListen ? undefined : lacksDefault("fetch" in namespace);
}

/** Takes the app's module namespace and the accessor style. Returns what is wrong with the app in words, or undefined. */
export function startApp(namespace, style) {
  const exported = namespace.default;
  accessorStyle = style;
  setMainNamespace(namespace);
  if (exported === undefined) {
    if (!hasAppListener("fetch") && !hasAppListener("scheduled")) return lacksDefault(typeof namespace.fetch === "function");
    kind = LISTENERS;
    return undefined;
  }
  if (exported === null || (typeof exported !== "object" && typeof exported !== "function")) {
    return `its default export is ${describe(exported)}; nano needs ${expected}`;
  }
  if (isEntrypointClass(exported)) {
    const { fetch, scheduled } = exported.prototype;
    if (typeof fetch !== "function" && typeof scheduled !== "function") {
      return "the class that it exports as default has no `fetch` method";
    }
    kind = CLASS;
    app = exported;
    return undefined;
  }
  if (typeof exported.fetch !== "function" && typeof exported.scheduled !== "function") {
    if (typeof exported === "function" && typeof exported.prototype?.fetch === "function") {
      return "its default export is a class that is no entrypoint: it must extend WorkerEntrypoint of \"cloudflare:workers\"";
    }
    return `its default export has no \`fetch\` function (\`fetch\` is ${describe(exported.fetch)}); nano needs ${expected}${
      typeof exported === "function" ? ": give it the name `fetch`" : ""}`;
  }
  app = exported;
  return undefined;
}

/** Whether the app, once it is started, has a handler for scheduled events. */
export function handlesScheduled() {
  if (kind === LISTENERS) return hasAppListener("scheduled");
  return typeof (kind === CLASS ? app.prototype : app).scheduled === "function";
}

/** What the app is. */
export function appParts() {
  return { __proto__: null, kind, app, env };
}

/** What there is for scheduled events; null before the first. */
let scheduledEvents = null;

/** Called natively for each scheduled event, with its number as the async context. */
export function dispatchScheduled(id, cron, time) {
  if (scheduledEvents === null) {
    scheduledEvents = ops.lazyBuiltin("worker/scheduled.js");
    runsHeldBy(scheduledEvents.holdRun);
  }
  scheduledEvents.dispatch(id, cron, time);
}

function callApp(id, request) {
  if (kind === OBJECT) {
    const { fetch } = app;
    if (typeof fetch !== "function") throw new TypeError("The app's default export has no `fetch` function");
    return FunctionPrototypeCall(fetch, app, request, env, createExecutionContext(id, request));
  }
  if (kind === LISTENERS) return fireFetchEvent(id, request);
  const entrypoint = ReflectConstruct(app, [createExecutionContext(id, request), env]);
  const { fetch } = entrypoint;
  if (typeof fetch !== "function") throw new TypeError("The app's entrypoint has no `fetch` method");
  return FunctionPrototypeCall(fetch, entrypoint, request);
}

/** Called natively for each request, with its id as the async context. */
export function dispatchRequest(id, method, url, hasBody) {
  const request = createIncomingRequest(id, method, url, accessorStyle, hasBody);
  runningId = id;
  running = request;
  try {
    const result = callApp(id, request);
    // A Response that is there already needs no turn of the microtask queue.
    const parts = responseParts(result);
    if (parts !== null && parts.webSocket === null && isWhole(parts.body)) return send(id, parts.status, parts.headers, parts.body);
    MapPrototypeSet(inFlight, id, request);
    if (parts !== null) return respond(id, method, parts);
    PromisePrototypeThen(
      PromiseResolve(result),
      (response) => {
        settled(id);
        try {
          respond(id, method, responseParts(response), response);
        } catch (error) {
          // A body that was read already.
          fail(id, error);
        }
      },
      (error) => {
        settled(id);
        fail(id, error);
      },
    );
  } catch (error) {
    fail(id, error);
  } finally {
    runningId = 0;
    running = undefined;
  }
}

/** Says of a handler whose request was aborted that it no longer runs. */
function settled(id) {
  if (!MapPrototypeHas(inFlight, id)) ops.handlerSettled(id);
}

function isWhole(body) {
  return body === null || typeof body === "string" || !isSource(body);
}

function respond(id, method, parts, response) {
  if (parts === null) {
    MapPrototypeDelete(inFlight, id);
    ops.requestFailed(id, "no-response", `The handler returned ${describe(response)}, not a Response`);
    return;
  }
  const { status, headers, body, webSocket } = parts;
  if (webSocket !== null) {
    upgrade(id, headers, webSocket);
  } else if (isWhole(body)) {
    send(id, status, headers, body);
  } else if (!MapPrototypeHas(inFlight, id)) {
    body.cancel(new DOMException("The client closed the connection", "AbortError"));
  } else if (method === "HEAD") {
    send(id, status, headers, null);
    dropBody(id, body);
  } else {
    sendInChunks(id, status, headers, body);
  }
}

function send(id, status, headers, body) {
  MapPrototypeDelete(inFlight, id);
  try {
    ops.respond(id, status, headers, body);
  } catch (error) {
    ops.requestFailed(id, "threw", error);
  }
}

/** Makes the client's connection a WebSocket. */
function upgrade(id, headers, socket) {
  const request = MapPrototypeGet(inFlight, id);
  if (request === undefined) {
    // The client left.
    webSockets().abandon(socket);
    return;
  }
  try {
    if (!ops.websocketAsked(id)) {
      throw new TypeError("The handler answered with a WebSocket to a request that does not have the header \"Upgrade: websocket\"");
    }
    const { checkAnswer, serve } = webSockets();
    checkAnswer(socket);
    const extensions = ops.websocketAnswer(incomingHeader(request, "sec-websocket-extensions") ?? "");
    headers = copyList(headers);
    listDelete(headers, "sec-websocket-extensions");
    if (extensions !== "") listAppend(headers, "sec-websocket-extensions", extensions);
    ops.websocketSwitch(id, 101, headers);
    // What is kept of the request is not needed for the socket.
    MapPrototypeDelete(inFlight, id);
    const wire = serve(id, socket, listGet(headers, "sec-websocket-protocol") ?? "", extensions, socketOver);
    MapPrototypeSet(bodies, id, wire);
  } catch (error) {
    webSockets().abandon(socket);
    fail(id, error);
  }
}

function socketOver(id) {
  MapPrototypeDelete(bodies, id);
}

function sendInChunks(id, status, headers, source) {
  try {
    if (source instanceof IncomingSource && source.id === id) {
      // The request's body was not looked at: it is handed on natively.
      if (ops.respondWithRequestBody(id, status, headers)) responseHandedOn(id);
      return;
    }
    if (source instanceof CodedSource && acceptsCodings(incomingHeader(MapPrototypeGet(inFlight, id), "accept-encoding"), source.codings)) {
      // The client can decode it as well as we can.
      headers = copyList(headers);
      listAppend(headers, "content-encoding", source.codings);
      listAppend(headers, "vary", "accept-encoding");
      source = source.coded;
    }
    if (source instanceof FetchSource && !source.aborted) {
      // It was not looked at: what another server sends is handed on natively.
      if (ops.respondWithFetchBody(id, status, headers, source.key)) responseHandedOn(id);
      return;
    }
    ops.respondInChunks(id, status, headers);
  } catch (error) {
    fail(id, error);
    source.cancel(error);
    return;
  }
  const body = new BodySender(id, source, wire, responseHandedOn);
  MapPrototypeSet(bodies, id, body);
  pumpLater(body);
}

/** Called natively when a request's body was handed on to its end as the body of its response. */
export function responseHandedOn(id) {
  MapPrototypeDelete(bodies, id);
  MapPrototypeDelete(inFlight, id);
}

/** Called natively when there is room again for a body that `ops.responseChunk` had no room for. */
export function resumeResponse(id) {
  const body = MapPrototypeGet(bodies, id);
  if (body !== undefined) body.pump();
}

function fail(id, error) {
  MapPrototypeDelete(inFlight, id);
  ops.requestFailed(id, "threw", error);
}

/** Called natively when the supervisor ended a request: the client left, or it took too long. */
export function abortRequest(id, message) {
  if (scheduledEvents !== null && scheduledEvents.abortRun(id)) return;
  const request = MapPrototypeGet(inFlight, id);
  if (request === undefined) {
    // A WebSocket outlives its request.
    MapPrototypeGet(bodies, id)?.cancel();
    return;
  }
  MapPrototypeDelete(inFlight, id);
  const reason = new DOMException(message, "AbortError");
  const body = MapPrototypeGet(bodies, id);
  if (body !== undefined) body.cancel(reason);
  abortIncomingRequest(request, reason);
}
