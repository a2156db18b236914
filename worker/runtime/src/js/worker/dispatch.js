// Requests to the app's `fetch` and responses back. Native code calls `startApp` once, then `dispatchRequest` for each
// request: one call in, one `ops.respond` out, unless the response's body comes in chunks.

import { DOMException } from "../dom/dom_exception.js";
import { isSource } from "../fetch/body.js";
import { BodySender } from "../fetch/body_sender.js";
import { FetchSource, IncomingSource } from "../fetch/body_source.js";
import { CodedSource, acceptsCodings } from "../fetch/content_coding.js";
import { copyList, listAppend } from "../fetch/headers.js";
import { abortIncomingRequest, createIncomingRequest, incomingHeader } from "../fetch/request.js";
import { responseParts } from "../fetch/response.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { createSteadyMap } from "../steady_map.js";
import { createExecutionContext, onRejectedWait } from "./execution_context.js";

const {
  FunctionPrototypeCall, MapPrototypeDelete, MapPrototypeGet, MapPrototypeHas, MapPrototypeSet, ObjectDefineProperty,
  PromisePrototypeThen, PromiseResolve,
} = primordials;

/** The app's default export, whose `fetch` is looked up for each request, as workerd does. */
let app;
let env;
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

onRejectedWait((reason) => ops.reportError(reason));

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
 * not. Returns what is wrong with the app whatever those will be, or undefined.
 */
export function checkExports(namespace) {
  return "default" in namespace ? undefined : lacksDefault("fetch" in namespace);
}

/**
 * Takes the app's module namespace, its environment as `[name, value, …]`, and the accessor style. Returns what is wrong
 * with the app in words, or undefined.
 */
export function startApp(namespace, environment, style) {
  const exported = namespace.default;
  if (exported === undefined) return lacksDefault(typeof namespace.fetch === "function");
  if (exported === null || (typeof exported !== "object" && typeof exported !== "function")) {
    return `its default export is ${describe(exported)}; nano needs ${expected}`;
  }
  if (typeof exported.fetch !== "function") {
    return `its default export has no \`fetch\` function (\`fetch\` is ${describe(exported.fetch)}); nano needs ${expected}${
      typeof exported === "function" ? ": give it the name `fetch`" : ""}`;
  }
  app = exported;
  accessorStyle = style;
  env = {};
  for (let i = 0; i < environment.length; i += 2) {
    ObjectDefineProperty(env, environment[i], {
      __proto__: null, value: environment[i + 1], writable: true, enumerable: true, configurable: true,
    });
  }
  return undefined;
}

/** Called natively for each request, with its id as the async context. */
export function dispatchRequest(id, method, url, hasBody) {
  const request = createIncomingRequest(id, method, url, accessorStyle, hasBody);
  try {
    const result = FunctionPrototypeCall(app.fetch, app, request, env, createExecutionContext(id, request));
    // A Response that is there already needs no turn of the microtask queue.
    const parts = responseParts(result);
    if (parts !== null && isWhole(parts.body)) return send(id, parts.status, parts.headers, parts.body);
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
  const { status, headers, body } = parts;
  if (isWhole(body)) {
    send(id, status, headers, body);
  } else if (!MapPrototypeHas(inFlight, id)) {
    body.cancel(new DOMException("The client closed the connection", "AbortError"));
  } else if (method === "HEAD") {
    send(id, status, headers, null);
    body.cancel(new DOMException("A response to HEAD has no body", "AbortError"));
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
  body.pump();
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
  const request = MapPrototypeGet(inFlight, id);
  if (request === undefined) return;
  MapPrototypeDelete(inFlight, id);
  const reason = new DOMException(message, "AbortError");
  const body = MapPrototypeGet(bodies, id);
  if (body !== undefined) body.cancel(reason);
  abortIncomingRequest(request, reason);
}
