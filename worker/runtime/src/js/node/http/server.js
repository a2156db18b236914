// http.Server and http.ServerResponse (nodejs.org/api/http.html#class-httpserver). A server listens to nothing: the app's requests
// are its clients, by httpServerHandler() of `cloudflare:node`, which finds it by the number of its port.

import { addAbortAlgorithm, removeAbortAlgorithm } from "../../dom/abort.js";
import { bodyStream } from "../../fetch/body.js";
import { listGet } from "../../fetch/headers.js";
import { requestForFetch } from "../../fetch/request.js";
import { Response } from "../../fetch/response.js";
import { primordials } from "../../primordials.js";
import { URL } from "../../url/url.js";
import { moduleExports as EventEmitter } from "../events.js";
import { invalidArgType, plainError, rangeError } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { BodySink } from "./body_sink.js";
import { eachHeader, headersSent } from "./headers.js";
import { fill, IncomingMessage } from "./incoming_message.js";
import { headerPairs, kIsSent, kSink, kWhole, OutgoingMessage } from "./outgoing_message.js";
import { MessageSocket } from "./socket.js";
import { STATUS_CODES } from "./statuses.js";

const {
  FunctionPrototypeCall, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeHas, MapPrototypeSet, Number, ObjectSetPrototypeOf,
  Promise, Symbol, SymbolAsyncDispose,
} = primordials;

/** Port → server. */
const listening = new Map();
const kPort = Symbol("port");
/** `resolve` and `reject` of the response's promise. */
const kDelivery = Symbol("delivery");
/** Ports that are given to servers which ask for any. */
let nextPort = 49152;

function hasNoBody(response) {
  const { statusCode } = response;
  return statusCode === 204 || statusCode === 205 || statusCode === 304 || response.req?.method === "HEAD";
}

/**
 * Node.js's ServerResponse: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const ServerResponse = function (request, options) {
  FunctionPrototypeCall(OutgoingMessage, this, options);
  this.req = request;
  this.socket = request?.socket ?? null;
  this.statusCode = 200;
  this.statusMessage = undefined;
  this[kDelivery] = null;
};
ObjectSetPrototypeOf(ServerResponse.prototype, OutgoingMessage.prototype);
ObjectSetPrototypeOf(ServerResponse, OutgoingMessage);

const { prototype } = ServerResponse;

prototype.writeHead = function (statusCode, reason = undefined, headers = undefined) {
  if (this[kIsSent]) throw headersSent("write");
  const status = statusCode | 0;
  if (status < 100 || status > 999) throw rangeError("ERR_HTTP_INVALID_STATUS_CODE", `Invalid status code: ${statusCode}`);
  this.statusCode = status;
  if (typeof reason === "string") this.statusMessage = reason;
  const given = typeof reason === "string" ? headers : headers ?? reason;
  if (given !== undefined && given !== null) {
    const seen = { __proto__: null };
    eachHeader(given, (name, value) => {
      if (seen[name]) this.appendHeader(name, value);
      else this.setHeader(name, value);
      seen[name] = true;
    });
  }
  this.statusMessage ??= STATUS_CODES[status] ?? "unknown";
  this[kIsSent] = true;
  return this;
};

prototype._implicitHeader = function () {
  this.writeHead(this.statusCode);
};

prototype._open = function () {
  const whole = this[kWhole];
  const isEmpty = hasNoBody(this);
  if (!this[kIsSent]) {
    if (whole !== undefined && !isEmpty && !this.hasHeader("content-length") && !this.hasHeader("transfer-encoding")) {
      this.setHeader("content-length", whole === null ? 0 : whole.length);
    }
    this._implicitHeader();
  }
  let body = null;
  if (!isEmpty && whole === undefined) {
    this[kSink] = new BodySink((reason) => this.destroy(reason));
    body = this[kSink].stream;
  } else if (!isEmpty && whole !== null) {
    body = whole;
  }
  const delivery = this[kDelivery];
  this[kDelivery] = null;
  if (delivery === null) return;
  try {
    const headers = headerPairs(this);
    delivery.resolve(new Response(body, { __proto__: null, status: this.statusCode, statusText: this.statusMessage, headers }));
  } catch (error) {
    delivery.reject(error);
    this.destroy();
  }
};

prototype._destroy = function (error, callback) {
  const delivery = this[kDelivery];
  this[kDelivery] = null;
  if (delivery !== null) delivery.reject(error ?? plainError("ECONNRESET", "The server closed the connection without a response"));
  FunctionPrototypeCall(OutgoingMessage.prototype._destroy, this, error, (failure) => {
    callback(failure && this.listenerCount("error") === 0 ? null : failure);
  });
};

prototype.writeContinue = prototype.writeProcessing = function (callback = undefined) {
  if (typeof callback === "function") nextTick(callback);
};
prototype.writeEarlyHints = function (_hints, callback = undefined) {
  if (typeof callback === "function") nextTick(callback);
};
prototype.assignSocket = function (socket) {
  this.socket = socket;
};
prototype.detachSocket = function () {
  this.socket = null;
};

/**
 * Node.js's Server: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const Server = function (options, listener) {
  if (!(this instanceof Server)) return new Server(options, listener);
  FunctionPrototypeCall(EventEmitter, this);
  const settings = typeof options === "object" && options !== null ? options : {};
  this.listening = false;
  this.timeout = 0;
  this.keepAliveTimeout = settings.keepAliveTimeout ?? 5000;
  this.headersTimeout = settings.headersTimeout ?? 60000;
  this.requestTimeout = settings.requestTimeout ?? 300000;
  this.maxHeadersCount = null;
  this.maxRequestsPerSocket = 0;
  this[kPort] = null;
  const onRequest = typeof options === "function" ? options : listener;
  if (onRequest) this.on("request", onRequest);
};
ObjectSetPrototypeOf(Server.prototype, EventEmitter.prototype);
ObjectSetPrototypeOf(Server, EventEmitter);

function portOf(given) {
  if (given === undefined || given === null) return 0;
  const port = Number(given);
  if (!(port >= 0 && port < 65536)) {
    throw rangeError("ERR_SOCKET_BAD_PORT", `options.port should be >= 0 and < 65536. Received ${typeof given} (${given}).`);
  }
  return port;
}

function freePort() {
  while (MapPrototypeHas(listening, nextPort)) nextPort = nextPort === 65535 ? 49152 : nextPort + 1;
  return nextPort++;
}

Server.prototype.listen = function (...args) {
  if (this.listening) throw plainError("ERR_SERVER_ALREADY_LISTEN", "Listen method has been called more than once without closing.");
  const last = args[args.length - 1];
  const first = typeof args[0] === "function" ? undefined : args[0];
  const port = portOf(typeof first === "object" && first !== null ? first.port : first) || freePort();
  if (typeof last === "function") this.once("listening", last);
  if (MapPrototypeHas(listening, port)) {
    const details = { __proto__: null, errno: -98, syscall: "listen", address: "::", port };
    nextTick(() => this.emit("error", plainError("EADDRINUSE", `listen EADDRINUSE: address already in use :::${port}`, details)));
    return this;
  }
  MapPrototypeSet(listening, port, this);
  this[kPort] = port;
  this.listening = true;
  nextTick(() => this.emit("listening"));
  return this;
};

Server.prototype.address = function () {
  return this.listening ? { address: "::", family: "IPv6", port: this[kPort] } : null;
};

Server.prototype.close = function (callback = undefined) {
  const wasListening = this.listening;
  if (typeof callback === "function") {
    const error = wasListening ? undefined : plainError("ERR_SERVER_NOT_RUNNING", "Server is not running.");
    this.once("close", () => callback(error));
  }
  if (wasListening) MapPrototypeDelete(listening, this[kPort]);
  this.listening = false;
  nextTick(() => this.emit("close"));
  return this;
};

Server.prototype.closeAllConnections = Server.prototype.closeIdleConnections = function () {};
Server.prototype.getConnections = function (callback) {
  nextTick(callback, null, 0);
  return this;
};
Server.prototype.ref = Server.prototype.unref = function () {
  return this;
};
Server.prototype.setTimeout = function (milliseconds, callback = undefined) {
  this.timeout = typeof milliseconds === "number" ? milliseconds : 0;
  if (typeof callback === "function") this.on("timeout", callback);
  return this;
};
Server.prototype[SymbolAsyncDispose] = function () {
  return new Promise((resolve) => this.close(() => resolve(undefined)));
};

export function serverAt(port) {
  const server = MapPrototypeGet(listening, port);
  if (server !== undefined) return server;
  throw plainError("ERR_INVALID_ARG_VALUE", `No http server listens on port ${port}: call server.listen(${port}) when the module is evaluated`);
}

/** The response of a server to a Request. */
export function handle(server, request) {
  const { method, url, list, body } = requestForFetch(request);
  const { protocol, pathname, search } = new URL(url);
  const isEncrypted = protocol === "https:";
  const message = new IncomingMessage(undefined);
  fill(message, list, body === null ? null : bodyStream(body));
  // nano sets this header itself, and drops a client's.
  const remoteAddress = listGet(list, "cf-connecting-ip") ?? undefined;
  message.socket = message.client = new MessageSocket(isEncrypted, remoteAddress);
  message.method = method;
  message.url = `${pathname}${search}`;
  const response = new ServerResponse(message);
  const { signal } = request;
  const onAbort = () => {
    // Nobody waits for it any more.
    response[kDelivery]?.resolve(new Response(null, { __proto__: null, status: 499 }));
    response[kDelivery] = null;
    message.destroy();
    response.destroy();
  };
  addAbortAlgorithm(signal, onAbort);
  response.on("close", () => removeAbortAlgorithm(signal, onAbort));
  return new Promise((resolve, reject) => {
    response[kDelivery] = { __proto__: null, resolve, reject };
    if (!server.emit("request", message, response)) reject(plainError("ERR_INVALID_STATE", "The http server has no listener for requests"));
  });
}

/** `server`, or the one that listens on a port. */
export function serverOf(given) {
  if (given instanceof Server) return given;
  if (given === null || typeof given !== "object") throw invalidArgType("options", "Object", given);
  if (given.port === undefined) throw invalidArgType("options.port", "number", given.port);
  return serverAt(portOf(given.port));
}
