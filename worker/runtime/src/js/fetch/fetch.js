// fetch() (https://fetch.spec.whatwg.org/#fetch-method). A worker has no network: each fetch, each hop of a redirect too,
// goes to the supervisor, which checks where it leads and sends it. What comes back arrives in fetchResponded and
// fetchFailed; the body stays on the native side until it is read.
//
// NANO: a server has no origin and no cookies: there is no CORS, no cache, nothing is a forbidden header. What frames a
// message (Host, Content-Length, Transfer-Encoding, Connection) is the supervisor's, and ignored if an app sets it. With
// `redirect: "manual"` the response is the redirect itself, as on other servers. A response that is decoded does not show
// `Content-Encoding` and `Content-Length` any more, so that a copy of its headers fits a copy of its body.

import { abortReason, addAbortAlgorithm, isAborted, removeAbortAlgorithm } from "../dom/abort.js";
import { ops, version } from "../ops.js";
import { primordials } from "../primordials.js";
import { createSteadyMap } from "../steady_map.js";
import { webSockets } from "../websocket/registry.js";
import { Deferred } from "../streams/promises.js";
import { Ring } from "../streams/queue_with_sizes.js";
import { seal } from "../streams/sealed_class.js";
import { requireArguments } from "../webidl.js";
import { setOwnTimer } from "../html/timers.js";
import { Body, isSource, takeContent } from "./body.js";
import { BodySender } from "./body_sender.js";
import { FetchSource, isChunk, sourceLength, uponChunk } from "./body_source.js";
import { CodedSource, acceptedCodings, isDecodable } from "./content_coding.js";
import { processDataUrl } from "./data_url.js";
import { listAppend, listDelete, listGet, listHas } from "./headers.js";
import { Request, requestForFetch } from "./request.js";
import { createNetworkResponse, isNullBodyStatus, isRedirectStatus } from "./response.js";

const {
  Error, FinalizationRegistry, FinalizationRegistryPrototypeRegister, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet,
  ObjectDefineProperty, PromiseReject, StringPrototypeSlice, StringPrototypeStartsWith, StringPrototypeToLowerCase, TypeError, Uint32Array,
} = primordials;

/** Redirects that one call of fetch() follows. */
const mostRedirects = 20;
/** Fetches that wait while the maximum is open. */
const mostWaiting = 1024;
/** WebSockets that are open or asked for: half of the fetches that may be open, so that there is room for others. */
const mostSockets = 32;
let sockets = 0;

const userAgent = `nano/${version}`;

const NONE = 0xffffffff;
// Places in what the URL parser tells; see ops/url.rs.
const kHostStart = 2;
const kSchemeEnd = 0;
const kPathStart = 5;
const kFragmentStart = 7;
const components = new Uint32Array(8);

/** Native key → Fetching, until there is a response. */
const pending = createSteadyMap();
/** Native key → BodySender, while a request's body is sent. */
const uploads = createSteadyMap();
const waiting = new Ring();
/** A little longer than the shortest time between two collections (fetch.rs). */
const LOOK_EVERY_MS = 1050;
/** Whether a timer looks for room. */
let looking = false;

// Responses that were dropped unread: their connections are closed when the collector finds them. Made on first use, because
// it cannot be in a snapshot.
let dropped;

const wire = {
  __proto__: null,
  chunk: ops.fetchChunk,
  end(key) {
    if (!ops.fetchEnd(key)) wire.fail(key, failure("the request's body ended before its announced length"));
  },
  fail(key, error) {
    const fetching = MapPrototypeGet(pending, key);
    ops.fetchAbort(key, error);
    if (fetching !== undefined) fetching.fail(error);
  },
};

function uploadOver(key) {
  MapPrototypeDelete(uploads, key);
}

function socketOver(key) {
  sockets--;
  MapPrototypeDelete(uploads, key);
}

function failure(message, code = undefined) {
  const cause = new Error(message);
  if (code !== undefined) {
    ObjectDefineProperty(cause, "code", { __proto__: null, value: code, writable: true, enumerable: true, configurable: true });
  }
  return new TypeError(`fetch failed: ${message}`, { __proto__: null, cause });
}

export function fetch(input, init = undefined) {
  let request;
  try {
    requireArguments(arguments.length, 1, "Failed to execute 'fetch'");
    request = requestForFetch(new Request(input, init));
  } catch (error) {
    return PromiseReject(error);
  }
  const fetching = new Fetching(request);
  fetching.begin();
  return fetching.deferred.promise;
}

/** `fetch` of the binding of static files, which was called with `count` arguments. */
export function fetchAsset(count, input, init) {
  let request;
  try {
    requireArguments(count, 1, "Failed to execute 'fetch' on 'Fetcher'");
    request = requestForFetch(new Request(input, init));
  } catch (error) {
    return PromiseReject(error);
  }
  const fetching = new Fetching(request);
  fetching.to = "assets";
  // The redirects for a client's request are the client's.
  if (request.cameIn) fetching.manual = true;
  fetching.begin();
  return fetching.deferred.promise;
}

/**
 * A call of a cache: what `fetchStart` takes as `to`, the request as `requestForFetch` has it, and the body that is to be kept. The
 * promise is for what the cache answers.
 */
export function callCache(to, request, content) {
  const fetching = new Fetching(request);
  fetching.to = to;
  fetching.manual = true;
  fetching.method = "GET";
  fetching.content = content;
  try {
    fetching.setUrl(fetching.url, undefined);
    fetching.send();
  } catch (error) {
    fetching.fail(error);
  }
  return fetching.deferred.promise;
}

/** One call of fetch(). */
class Fetching {
  constructor(request) {
    this.request = request;
    /** Who answers, as `ops.fetchStart` has it: undefined for the network, "assets", or a call of a cache. */
    this.to = undefined;
    /** Whether redirects are responses like others. */
    this.manual = request.redirect === "manual";
    /** Whether it asks for a WebSocket, and counts as one. */
    this.websocket = false;
    this.deferred = new Deferred();
    /** The current URL, without its fragment. */
    this.url = request.url;
    this.method = request.method;
    this.list = request.list;
    /** null, a string, a Uint8Array, or a source. */
    this.content = null;
    this.hops = 0;
    /** The native side's number of the current hop, while there is one. */
    this.key = 0;
    this.isSettled = false;
    /** The body of the response, once there is one. */
    this.source = null;
    this.onAbort = null;
  }

  begin() {
    const { request } = this;
    const { signal } = request;
    try {
      if (request.body !== null) this.content = takeContent(request.body);
      if (signal !== null) {
        if (isAborted(signal)) {
          this.fail(abortReason(signal));
          return;
        }
        this.onAbort = () => this.abort(abortReason(signal));
        addAbortAlgorithm(signal, this.onAbort);
      }
      if (request.integrity !== "") throw failure("`integrity` is not supported");
      if (this.to === undefined && this.method === "GET") this.askForWebSocket();
      this.setUrl(this.url, undefined);
      if (this.content !== null && (this.method === "GET" || this.method === "HEAD")) this.expectNothing();
      else this.start();
    } catch (error) {
      this.fail(error);
    }
  }

  /** What a request for a WebSocket has beside its header `Upgrade`. */
  askForWebSocket() {
    const { list } = this;
    const upgrade = listGet(list, "upgrade");
    if (upgrade === null || StringPrototypeToLowerCase(upgrade) !== "websocket") return;
    if (sockets >= mostSockets) throw failure(`${mostSockets} WebSockets are open, or asked for, already`);
    this.websocket = true;
    this.manual = true;
    sockets++;
    // Those of a request that came in are for another connection.
    listDelete(list, "sec-websocket-key");
    listDelete(list, "sec-websocket-version");
    listDelete(list, "sec-websocket-extensions");
    listAppend(list, "sec-websocket-extensions", ops.websocketOffer());
  }

  start() {
    if (StringPrototypeStartsWith(this.url, "data:")) this.answerData();
    else this.send();
  }

  /** A GET or HEAD that came in with a body of which it was not known whether it is any goes on if it is none. */
  expectNothing() {
    const first = this.content.pull();
    if (first === null || isChunk(first)) this.goOnWithout(first);
    else uponChunk(first, (chunk) => this.goOnWithout(chunk), (error) => this.fail(error));
  }

  goOnWithout(chunk) {
    if (this.isSettled) return;
    try {
      if (chunk !== null) throw new TypeError(`A request with the method ${this.method} cannot have a body`);
      this.content = null;
      this.start();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Takes a URL, whose relative form counts from `base`. Returns its origin. */
  setUrl(url, base) {
    const href = ops.urlParse(url, base, components);
    if (href === undefined) throw failure(`the URL '${url}' is not valid`);
    const fragment = components[kFragmentStart];
    this.url = fragment === NONE ? href : StringPrototypeSlice(href, 0, fragment);
    const scheme = StringPrototypeSlice(href, 0, components[kSchemeEnd]);
    if (this.websocket && (scheme === "ws" || scheme === "wss")) {
      return this.setUrl(`http${StringPrototypeSlice(this.url, 2)}`, base);
    }
    const isHttp = scheme === "http" || scheme === "https";
    if (!isHttp && (scheme !== "data" || base !== undefined || this.to !== undefined)) throw failure(`the scheme of '${scheme}:' URLs is not supported`);
    if (isHttp && components[kHostStart] > components[kSchemeEnd] + 3 && base !== undefined) {
      throw failure("a redirect led to a URL with a user name or a password");
    }
    return StringPrototypeSlice(href, 0, components[kPathStart]);
  }

  answerData() {
    const data = processDataUrl(this.url);
    if (data === undefined) throw failure("the data: URL is not valid");
    const list = ["content-type", data.type];
    this.respond(200, "OK", list, this.method === "HEAD" ? null : new Body(data.bytes, null));
  }

  /** Sends the current hop, now or when there is room. */
  send() {
    if (waiting.length === 0 && this.trySend()) return;
    if (waiting.length >= mostWaiting) throw failure(`${mostWaiting} requests wait already`);
    waiting.push(this);
    lookForRoom();
  }

  /** False if there is no room. */
  trySend() {
    const { content } = this;
    const streams = content !== null && isSource(content);
    if (!this.isForCache()) this.appendDefaults();
    const body = this.websocket ? -1 : streams ? sourceLength(content) : content;
    const key = ops.fetchStart(this.method, this.url, this.list, body, this.websocket ? "websocket" : this.to);
    if (key === 0) return false;
    this.key = key;
    MapPrototypeSet(pending, key, this);
    if (streams) {
      const sender = new BodySender(key, content, wire, uploadOver);
      MapPrototypeSet(uploads, key, sender);
      sender.pump();
    }
    return true;
  }

  isForCache() {
    return typeof this.to === "object";
  }

  appendDefaults() {
    if (!listHas(this.list, "accept")) listAppend(this.list, "accept", "*/*");
    if (!listHas(this.list, "accept-language")) listAppend(this.list, "accept-language", "*");
    if (!listHas(this.list, "user-agent")) listAppend(this.list, "user-agent", userAgent);
    if (!listHas(this.list, "accept-encoding")) {
      listAppend(this.list, "accept-encoding", listHas(this.list, "range") ? "identity" : acceptedCodings);
    }
  }

  /** The head of a response came. */
  responded(status, reason, list, hasBody) {
    const { key } = this;
    MapPrototypeDelete(pending, key);
    if (this.websocket) {
      if (status === 101) {
        this.upgraded(reason, list);
        return;
      }
      ops.fetchEnd(key);
      this.websocket = false;
      sockets--;
    }
    if (isRedirectStatus(status) && !this.manual) {
      const location = listGet(list, "location");
      if (this.to === "assets" && location !== null && this.leadsElsewhere(location)) {
        this.respond(status, reason, list, null);
        return;
      }
      if (location !== null || this.request.redirect === "error") {
        ops.fetchAbort(key, undefined);
        this.key = 0;
        if (this.request.redirect === "error") throw failure(`${this.url} is a redirect, and 'redirect' is 'error'`);
        this.follow(status, location);
        return;
      }
    }
    if (isNullBodyStatus(status) || this.method === "HEAD") {
      if (hasBody) ops.fetchAbort(key, undefined);
      this.respond(status, reason, list, null);
      return;
    }
    if (!hasBody) {
      this.respond(status, reason, list, new Body("", null));
      return;
    }
    /** @type {FetchSource | CodedSource} */
    let source = new FetchSource(key, this.onAbort === null ? null : () => this.unfollow());
    dropped ??= new FinalizationRegistry((orphan) => ops.fetchDropped(orphan));
    FinalizationRegistryPrototypeRegister(dropped, source, key);
    this.source = source;
    const codings = listGet(list, "content-encoding");
    // What is kept is as the app gave it.
    if (codings !== null && isDecodable(codings) && !this.isForCache()) {
      source = new CodedSource(source, codings);
      listDelete(list, "content-encoding");
      listDelete(list, "content-length");
    }
    this.respond(status, reason, list, new Body(source, null));
  }

  /** The server agreed to a WebSocket. */
  upgraded(reason, list) {
    const { key } = this;
    const extensions = listGet(list, "sec-websocket-extensions") ?? "";
    const protocol = listGet(list, "sec-websocket-protocol") ?? "";
    if (!ops.websocketAgreed(extensions)) {
      ops.fetchAbort(key, undefined);
      throw failure("the server answered with extensions that were not offered");
    }
    const { socket, wire } = webSockets().adopt(key, protocol, extensions, socketOver);
    // The wire counts it from now on.
    this.websocket = false;
    MapPrototypeSet(uploads, key, wire);
    this.respond(101, reason, list, null, socket);
  }

  /** Whether a redirect of a static file leads to another origin, where there are none of this app. */
  leadsElsewhere(location) {
    const origin = (href) => StringPrototypeSlice(href, 0, components[kPathStart]);
    const own = origin(ops.urlParse(this.url, undefined, components));
    const href = ops.urlParse(location, this.url, components);
    return href === undefined || origin(href) !== own;
  }

  /** "HTTP-redirect fetch". */
  follow(status, location) {
    if (++this.hops > mostRedirects) throw failure(`more than ${mostRedirects} redirects`);
    ops.urlParse(this.url, undefined, components);
    const origin = StringPrototypeSlice(this.url, 0, components[kPathStart]);
    const moved = this.setUrl(location, this.url);
    const streamed = this.content !== null && isSource(this.content);
    if (status !== 303 && streamed) throw failure(`a redirect (${status}) cannot be followed with a body that is a stream`);
    const becomesGet = status === 303 ? this.method !== "GET" && this.method !== "HEAD" : status < 303 && this.method === "POST";
    if (becomesGet) {
      this.method = "GET";
      this.content = null;
      listDelete(this.list, "content-encoding");
      listDelete(this.list, "content-language");
      listDelete(this.list, "content-location");
      listDelete(this.list, "content-type");
    }
    if (moved !== origin) {
      listDelete(this.list, "authorization");
      listDelete(this.list, "cookie");
    }
    this.send();
  }

  respond(status, reason, list, body, webSocket = null) {
    if (this.source === null) this.unfollow();
    this.isSettled = true;
    this.deferred.resolve(createNetworkResponse({
      __proto__: null, status, reason, list, body, url: this.url, redirected: this.hops > 0, webSocket,
    }));
  }

  /** There will be no response. */
  fail(error) {
    MapPrototypeDelete(pending, this.key);
    if (this.websocket) {
      this.websocket = false;
      sockets--;
    }
    this.unfollow();
    const { content, isSettled } = this;
    this.isSettled = true;
    this.content = null;
    const sender = MapPrototypeGet(uploads, this.key);
    if (sender !== undefined) sender.cancel(error);
    else if (content !== null && !isSettled && isSource(content)) content.cancel(error);
    if (!isSettled) this.deferred.reject(error);
  }

  /** The signal is aborted. */
  abort(reason) {
    const { key, source } = this;
    this.fail(reason);
    if (source !== null) source.abort(reason);
    else if (key !== 0) ops.fetchAbort(key, reason);
  }

  unfollow() {
    if (this.onAbort !== null) removeAbortAlgorithm(this.request.signal, this.onAbort);
    this.onAbort = null;
  }
}
seal(Fetching);

/** Called natively when the head of a response came. */
export function fetchResponded(key, status, reason, list, hasBody) {
  const fetching = MapPrototypeGet(pending, key);
  if (fetching === undefined) return;
  try {
    fetching.responded(status, reason, list, hasBody);
  } catch (error) {
    fetching.fail(error);
  }
}

/** Called natively when there will be no response. */
export function fetchFailed(key, code, message) {
  const fetching = MapPrototypeGet(pending, key);
  if (fetching !== undefined) fetching.fail(failure(message, code));
}

/** Called natively when there is room again for a fetch's body, or the fetch is over before its body was sent. */
export function resumeFetch(key) {
  const sender = MapPrototypeGet(uploads, key);
  if (sender === undefined) return;
  if (ops.fetchTakesBody(key)) sender.pump();
  else sender.cancel(failure("the response came to its end before the request's body did"));
}

/**
 * A fetch that finds no room has garbage collected, which may end responses that were dropped unread, but once a second at
 * most. Those that wait ask again when that time is over: nothing else might ever give room.
 */
function lookForRoom() {
  if (looking) return;
  try {
    setOwnTimer(() => {
      looking = false;
      fetchSlotFree();
      if (waiting.length > 0) lookForRoom();
    }, LOOK_EVERY_MS);
    looking = true;
  } catch {
    // The app has its maximum of timers; the next fetch that has to wait tries again.
  }
}

/** Called natively when a fetch that waits may be sent. */
export function fetchSlotFree() {
  while (waiting.length > 0) {
    const fetching = waiting.peek();
    try {
      if (!fetching.isSettled && !fetching.trySend()) return;
    } catch (error) {
      fetching.fail(error);
    }
    waiting.shift();
  }
}
