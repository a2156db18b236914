// http.ClientRequest and http.Agent (nodejs.org/api/http.html#class-httpclientrequest), over fetch().
//
// NANO: redirects are not followed, as in Node.js. A body that came compressed is decoded already, and `content-encoding` is gone.
// Connections are the supervisor's: an Agent has no sockets.

import { fetch } from "../../fetch/fetch.js";
import { bodyStream } from "../../fetch/body.js";
import { responseHead } from "../../fetch/response.js";
import { AbortController } from "../../dom/abort.js";
import { ops } from "../../ops.js";
import { encodingNumber } from "../buffer/encodings.js";
import { cancelTimer, setOwnTimer } from "../../html/timers.js";
import { primordials } from "../../primordials.js";
import { URL } from "../../url/url.js";
import { moduleExports as buffer } from "../buffer.js";
import { moduleExports as EventEmitter } from "../events.js";
import { abortError, invalidArgType, plainError, typeError } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { validateAbortSignal, validateFunction } from "../internal/validators.js";
import { urlToHttpOptions } from "../url/http_options.js";
import { BodySink } from "./body_sink.js";
import { eachHeader, validateHeaderName } from "./headers.js";
import { fill, IncomingMessage } from "./incoming_message.js";
import { headerPairs, kIsSent, kSink, kWhole, OutgoingMessage } from "./outgoing_message.js";
import { MessageSocket } from "./socket.js";

const {
  FunctionPrototypeCall, ObjectAssign, ObjectDefineProperty, ObjectSetPrototypeOf, PromisePrototypeThen, RegExpPrototypeExec, String,
  StringPrototypeToUpperCase, Symbol,
} = primordials;

const { Buffer } = buffer;

const kAbort = Symbol("abort");
const kUrl = Symbol("url");
const kTimer = Symbol("timer");
/** Set when an error has been told, or none may be any more. */
const kIsOver = Symbol("isOver");

/** What fetch() calls a failure, in the system's words. */
const CODES = {
  __proto__: null, CLOSED: "ECONNRESET", CONNECT_FAILED: "ECONNREFUSED", RESOLVE_FAILED: "ENOTFOUND", TIMED_OUT: "ETIMEDOUT",
};

/**
 * Has no connections; kept for what reads its fields. A function, since older code calls it without `new`.
 * @type {any}
 */
export const Agent = function (options) {
  if (!(this instanceof Agent)) return new Agent(options);
  FunctionPrototypeCall(EventEmitter, this);
  this.options = ObjectAssign({ __proto__: null }, options);
  this.requests = { __proto__: null };
  this.sockets = { __proto__: null };
  this.freeSockets = { __proto__: null };
  this.keepAlive = !!this.options.keepAlive;
  this.keepAliveMsecs = this.options.keepAliveMsecs ?? 1000;
  this.maxSockets = this.options.maxSockets ?? Infinity;
  this.maxFreeSockets = this.options.maxFreeSockets ?? 256;
  this.maxTotalSockets = this.options.maxTotalSockets ?? Infinity;
  this.defaultPort = 80;
  this.protocol = "http:";
};
ObjectSetPrototypeOf(Agent.prototype, EventEmitter.prototype);
ObjectSetPrototypeOf(Agent, EventEmitter);
Agent.prototype.destroy = function () {};
Agent.prototype.getName = function (options = {}) {
  return `${options.host || "localhost"}:${options.port ?? ""}:${options.localAddress ?? ""}`;
};

/** `(url | options[, options][, callback])` as `{ options, callback }`. */
function clientArguments(input, options, callback) {
  const isUrl = typeof input === "string" || input instanceof URL;
  const first = isUrl ? urlToHttpOptions(typeof input === "string" ? new URL(input) : input) : input;
  const second = isUrl && typeof options !== "function" ? options : undefined;
  const listener = typeof options === "function" ? options : callback;
  return { __proto__: null, options: ObjectAssign({ __proto__: null }, first, second), callback: listener };
}

function hostWithPort(options, defaultPort) {
  const host = options.hostname || options.host || "localhost";
  const bracketed = RegExpPrototypeExec(/:/, host) !== null && host[0] !== "[" ? `[${host}]` : host;
  const { port } = options;
  return port === undefined || port === null || port === "" || +port === defaultPort ? bracketed : `${bracketed}:${port}`;
}

/**
 * Node.js's ClientRequest: a function, since classes of older code call it without `new`. `secure`: of node:https.
 * @type {any}
 */
export const ClientRequest = function (input, given, callback, secure = false) {
  const { options, callback: listener } = clientArguments(input, given, callback);
  FunctionPrototypeCall(OutgoingMessage, this, options, false);
  const protocol = options.protocol || options.agent?.protocol || (secure ? "https:" : "http:");
  if (protocol !== "http:" && protocol !== "https:") {
    throw typeError("ERR_INVALID_PROTOCOL", `Protocol "${protocol}" not supported. Expected "${secure ? "https:" : "http:"}"`);
  }
  const method = options.method ?? "GET";
  if (typeof method !== "string") throw invalidArgType("options.method", "string", method);
  validateHeaderName(method, "Method");
  const path = options.path ? String(options.path) : "/";
  if (RegExpPrototypeExec(/[^\u0021-\u00ff]/, path) !== null) {
    throw typeError("ERR_UNESCAPED_CHARACTERS", "Request path contains unescaped characters");
  }
  if (options.insecureHTTPParser !== undefined && typeof options.insecureHTTPParser !== "boolean") {
    throw invalidArgType("options.insecureHTTPParser", "boolean", options.insecureHTTPParser);
  }
  validateAbortSignal(options.signal, "options.signal");
  this.method = StringPrototypeToUpperCase(method);
  this.path = path;
  this.protocol = protocol;
  this.host = options.hostname || options.host || "localhost";
  this.agent = options.agent;
  this.reusedSocket = false;
  this.maxHeadersCount = null;
  this.aborted = false;
  this.res = null;
  this.timeout = options.timeout;
  this[kAbort] = new AbortController();
  this[kTimer] = undefined;
  this[kIsOver] = false;
  const authority = hostWithPort(options, protocol === "https:" ? 443 : 80);
  this[kUrl] = `${protocol}//${authority}${path[0] === "/" ? "" : "/"}${path}`;
  if (options.headers) eachHeader(options.headers, (name, value) => this.appendHeader(name, value));
  if (!this.hasHeader("host") && options.setHost !== false) this.setHeader("Host", authority);
  if (options.auth && !this.hasHeader("authorization")) {
    this.setHeader("Authorization", `Basic ${ops.bytesToText(Buffer.from(options.auth), encodingNumber("base64"))}`);
  }
  this.socket = new MessageSocket(protocol === "https:");
  if (listener) {
    validateFunction(listener, "callback");
    this.once("response", listener);
  }
  if (options.signal) follow(this, options.signal);
  if (options.timeout) this.setTimeout(options.timeout);
  nextTick(() => {
    if (!this.destroyed) this.emit("socket", this.socket);
  });
};
ObjectSetPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
ObjectSetPrototypeOf(ClientRequest, OutgoingMessage);

function follow(request, signal) {
  const abort = () => request.destroy(abortError(undefined, { cause: signal.reason }));
  if (signal.aborted) return void nextTick(abort);
  signal.addEventListener("abort", abort, { once: true });
  request.on("close", () => signal.removeEventListener("abort", abort));
}

const { prototype } = ClientRequest;

ObjectDefineProperty(prototype, "_header", {
  __proto__: null,
  configurable: true,
  get() {
    return this[kIsSent] ? `${this.method} ${this.path} HTTP/1.1\r\n\r\n` : null;
  },
});

prototype._implicitHeader = function () {
  this[kIsSent] = true;
};

prototype._open = function () {
  const whole = this[kWhole];
  this._implicitHeader();
  const hasBody = this.method !== "GET" && this.method !== "HEAD";
  let body = null;
  if (whole === undefined) {
    // A body of a GET is read and goes nowhere: fetch() knows none.
    const sink = new BodySink(() => {});
    if (hasBody) {
      body = sink.stream;
      this[kSink] = sink;
    }
  } else if (whole !== null && hasBody) {
    body = whole;
  }
  const init = { __proto__: null, method: this.method, headers: headerPairs(this), redirect: "manual", signal: this[kAbort].signal };
  if (body !== null) {
    init.body = body;
    init.duplex = "half";
  }
  PromisePrototypeThen(fetch(this[kUrl], init), (response) => responded(this, response), (error) => failed(this, error));
};

function responded(request, response) {
  if (request.destroyed) return;
  const { status, reason, list, body } = responseHead(response);
  const message = new IncomingMessage(request.socket);
  fill(message, list, body === null ? null : bodyStream(body));
  message.statusCode = status;
  message.statusMessage = reason;
  message.req = request;
  request.res = message;
  message.on("close", () => close(request));
  message.on("end", () => close(request));
  if (!request.emit("response", message)) message._dump();
}

/** The exchange is over. */
function close(request) {
  clearTimer(request);
  request[kIsOver] = true;
  if (!request.destroyed) request.destroy();
}

function failed(request, error) {
  if (request.destroyed) return;
  const cause = error?.cause;
  const code = CODES[cause?.code] ?? cause?.code ?? "ECONNRESET";
  const { host } = request;
  request.destroy(plainError(code, cause?.message ?? error?.message ?? "fetch failed", { __proto__: null, host, hostname: host, cause: error }));
}

prototype._destroy = function (error, callback) {
  clearTimer(this);
  this[kAbort].abort();
  this[kSink]?.fail(error ?? abortError());
  const hadResponse = this.res !== null;
  if (hadResponse && !this.res.complete && !this.res.destroyed) this.res.destroy(error);
  let told = error;
  if (told === null && !hadResponse && !this[kIsOver]) told = plainError("ECONNRESET", "socket hang up");
  if (hadResponse && this[kIsOver]) told = null;
  this.socket?.destroy();
  callback(told);
};

prototype.abort = function () {
  if (this.aborted) return;
  this.aborted = true;
  nextTick(() => this.emit("abort"));
  this.destroy();
};

function clearTimer(request) {
  if (request[kTimer] !== undefined) cancelTimer(request[kTimer]);
  request[kTimer] = undefined;
}

prototype.setTimeout = function (milliseconds, callback = undefined) {
  if (typeof callback === "function") this.once("timeout", callback);
  clearTimer(this);
  this.timeout = milliseconds;
  if (milliseconds > 0 && !this.destroyed) {
    this[kTimer] = setOwnTimer(() => {
      this[kTimer] = undefined;
      this.socket?.emit("timeout");
      this.emit("timeout");
    }, milliseconds);
  }
  return this;
};

prototype.setNoDelay = prototype.setSocketKeepAlive = function () {};
prototype.onSocket = function () {};

/** Methods of the module, for one protocol. */
export function createClient(secure) {
  const request = (input, options = undefined, callback = undefined) => new ClientRequest(input, options, callback, secure);
  const get = (input, options = undefined, callback = undefined) => {
    const sent = request(input, options, callback);
    sent.end();
    return sent;
  };
  return { __proto__: null, request, get };
}
