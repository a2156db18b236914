// Request (https://fetch.spec.whatwg.org/#request-class), and the requests that come in.
//
// Of an incoming request nothing is made before the app looks at it: its headers come over from the native side with the
// first look, its URL is normalized then, its signal exists from then on.
//
// NANO: there is no document: no base URL, no origin, no client. Any referrer is kept; `mode`, `credentials`, `cache` and
// the like are checked and remembered, and mean nothing to a server.

import { registerInspector } from "../console/inspect.js";
import { createAbortSignal, createDependentAbortSignal, signalAbort, toAbortSignal } from "../dom/abort.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { lastHasCredentials, parseHref } from "../url/url.js";
import {
  configureInterface, conversionError, converters, createDictionaryConverter, createEnumConverter, createNullableConverter,
  illegalInvocation, isObject, kInternal, requireArguments,
} from "../webidl.js";
import {
  Body, bodyStream, cloneBody, consumeBody, extractBody, forms, isBodyInDoubt, isBodyUnusable, isBodyUsed, toBodyInit,
  transferBody, unusableBody,
} from "./body.js";
import { blobOfBody, formDataOfBody } from "./form_body.js";
import { IncomingSource } from "./body_source.js";
import { normalizeIncomingUrl } from "./incoming_url.js";
import { convertHeadersInit, copyList, createHeaders, listAppend, listFromPairs, listGet, listHas } from "./headers.js";
import { callableHeaders, callableString } from "./method_accessors.js";

const { ObjectKeys, RegExpPrototypeExec, StringPrototypeToUpperCase, TypeError } = primordials;

// ---- RequestInit (§5.4) ----

const toInit = createDictionaryConverter("RequestInit", [
  { key: "body", converter: toBodyInit },
  {
    key: "cache",
    converter: createEnumConverter("RequestCache", ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"]),
  },
  { key: "credentials", converter: createEnumConverter("RequestCredentials", ["omit", "same-origin", "include"]) },
  { key: "duplex", converter: createEnumConverter("RequestDuplex", ["half"]) },
  { key: "headers", converter: convertHeadersInit },
  { key: "integrity", converter: converters.DOMString },
  { key: "keepalive", converter: converters.boolean },
  { key: "method", converter: converters.ByteString },
  { key: "mode", converter: createEnumConverter("RequestMode", ["navigate", "same-origin", "no-cors", "cors"]) },
  { key: "priority", converter: createEnumConverter("RequestPriority", ["high", "low", "auto"]) },
  { key: "redirect", converter: createEnumConverter("RequestRedirect", ["follow", "error", "manual"]) },
  { key: "referrer", converter: converters.USVString },
  {
    key: "referrerPolicy",
    converter: createEnumConverter("ReferrerPolicy", [
      "", "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin", "origin-when-cross-origin",
      "strict-origin-when-cross-origin", "unsafe-url",
    ]),
  },
  { key: "signal", converter: createNullableConverter(toAbortSignal) },
  { key: "window", converter: converters.any },
], [
  // Of workerd: whatever the app gives.
  { key: "cf", converter: converters.any },
]);

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

// Checks and normalizes a method.
function toMethod(method, prefix) {
  switch (method) {
    case "GET":
    case "HEAD":
    case "POST":
    case "PUT":
    case "DELETE":
    case "OPTIONS":
    case "PATCH":
      return method;
  }
  if (RegExpPrototypeExec(token, method) === null) throw conversionError(prefix, `'${method}'`, "is not a valid HTTP method");
  const upper = StringPrototypeToUpperCase(method);
  switch (upper) {
    case "CONNECT":
    case "TRACE":
    case "TRACK":
      throw conversionError(prefix, `'${method}'`, "is a forbidden HTTP method");
    case "GET":
    case "HEAD":
    case "POST":
    case "PUT":
    case "DELETE":
    case "OPTIONS":
      return upper;
  }
  return method;
}

// The concepts of a request that are seldom other than here.
class Settings {
  mode = "cors";
  credentials = "same-origin";
  cache = "default";
  redirect = "follow";
  referrer = "about:client";
  referrerPolicy = "";
  integrity = "";
  keepalive = false;
  // Whether it came in, and its maker was not asked what to do with redirects.
  cameIn = false;
}
const defaultSettings = new Settings();
const incomingSettings = new Settings();
incomingSettings.cameIn = true;

function settingsFrom(base, init, prefix) {
  const settings = new Settings();
  for (const key in base) settings[key] = base[key];
  if (init.window !== undefined && init.window !== null) throw conversionError(prefix, "'window' of 'RequestInit'", "must be null");
  settings.referrer = "about:client";
  settings.referrerPolicy = "";
  if (init.referrer === "") {
    settings.referrer = "";
  } else if (init.referrer !== undefined) {
    const href = parseHref(init.referrer);
    if (href === undefined) throw conversionError(prefix, `The referrer '${init.referrer}'`, "is not a valid absolute URL");
    settings.referrer = href;
  }
  if (init.referrerPolicy !== undefined) settings.referrerPolicy = init.referrerPolicy;
  if (init.mode === "navigate") throw conversionError(prefix, "'mode' of 'RequestInit'", "must not be 'navigate'");
  if (init.mode !== undefined) settings.mode = init.mode;
  if (init.credentials !== undefined) settings.credentials = init.credentials;
  if (init.cache !== undefined) settings.cache = init.cache;
  if (settings.cache === "only-if-cached" && settings.mode !== "same-origin") {
    throw conversionError(prefix, "The cache mode 'only-if-cached'", "needs the mode 'same-origin'");
  }
  if (init.redirect !== undefined) {
    settings.redirect = init.redirect;
    settings.cameIn = false;
  }
  if (init.integrity !== undefined) settings.integrity = init.integrity;
  if (init.keepalive !== undefined) settings.keepalive = init.keepalive;
  return settings;
}

// ---- the class ----

let internals;

export class Request {
  #method = "GET";
  #url = "";
  // The header list; null while it is on the native side.
  #list = null;
  // The Headers object for #list, made when it is looked at.
  #headers = null;
  // A Body, or null.
  #body = null;
  #signal = null;
  // What #signal will follow: an AbortSignal, a Request that has one, or null.
  #leader = null;
  #settings = defaultSettings;
  // Of an incoming request, its id; else 0.
  #id = 0;
  #urlIsNormalized = true;
  // Of workerd: what is known of the connection. Of an incoming request it is made when it is looked at.
  #cf = undefined;
  // Of an incoming request whose accessors are methods, what they returned; else null.
  #accessors = null;

  constructor(input, init = undefined) {
    if (input === kInternal) return;
    const prefix = "Failed to construct 'Request'";
    requireArguments(arguments.length, 1, prefix);
    const source = isObject(input) && #settings in input ? input : null;
    if (source === null) input = converters.USVString(input, prefix, "Argument 1");
    const options = toInit(init, prefix, "Argument 2");

    if (source === null) {
      const href = parseHref(input);
      if (href === undefined) throw conversionError(prefix, `'${input}'`, "is not a valid absolute URL");
      if (lastHasCredentials()) throw conversionError(prefix, `'${input}'`, "is a URL with a user name or a password");
      this.#url = href;
    } else {
      this.#url = source.#normalizedUrl();
      this.#method = source.#method;
      this.#settings = source.#settings;
      this.#leader = source;
      this.#cf = source.#cfObject();
    }
    if (init !== undefined && init !== null && ObjectKeys(options).length > 0) {
      this.#settings = settingsFrom(this.#settings, options, prefix);
      if (options.method !== undefined) this.#method = toMethod(options.method, prefix);
      if (options.signal !== undefined) this.#leader = options.signal;
      if (options.cf !== undefined) this.#cf = options.cf;
    }
    if (this.#settings.mode === "no-cors" && this.#method !== "GET" && this.#method !== "HEAD" && this.#method !== "POST") {
      throw conversionError(prefix, `'${this.#method}'`, "is not a method for the mode 'no-cors'");
    }
    if (options.headers !== undefined) {
      this.#list = listFromPairs(options.headers, prefix);
    } else {
      this.#list = source === null ? [] : copyList(source.#headerList());
    }

    const inputBody = source === null ? null : source.#body;
    const initBody = options.body === undefined ? null : options.body;
    const newBody = initBody === null ? null : extractBody(initBody);
    if ((newBody !== null || inputBody !== null) && (this.#method === "GET" || this.#method === "HEAD")) {
      // NANO: a GET may come in with a body of no length, which ends before it begins. Whoever hands it on does not know
      // that; fetch() waits and sees.
      if (!isBodyInDoubt(newBody ?? inputBody)) {
        throw new TypeError(`${prefix}: a request with the method ${this.#method} cannot have a body`);
      }
    }
    if (newBody !== null) {
      const body = newBody;
      // NANO: the standard wants `duplex` beside a stream. Workers do not, and apps that were made for them leave it out.
      this.#body = body;
      if (body.type !== null && !listHas(this.#list, "content-type")) listAppend(this.#list, "content-type", body.type);
    } else if (inputBody !== null) {
      this.#body = transferBody(inputBody);
    }
  }

  get method() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    if (this.#accessors !== null) return this.#accessors.method ??= callableString(this.#method);
    return this.#method;
  }

  get url() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    if (this.#accessors !== null) return this.#accessors.url ??= callableString(this.#normalizedUrl());
    return this.#normalizedUrl();
  }

  get headers() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    if (this.#accessors !== null) return this.#accessors.headers ??= callableHeaders(this.#headersObject());
    return this.#headersObject();
  }

  get cf() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#cfObject();
  }

  get destination() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return "";
  }

  get referrer() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#settings.referrer;
  }

  get referrerPolicy() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#settings.referrerPolicy;
  }

  get mode() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#settings.mode;
  }

  get credentials() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#settings.credentials;
  }

  get cache() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#settings.cache;
  }

  get redirect() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#settings.redirect;
  }

  get integrity() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#settings.integrity;
  }

  get keepalive() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#settings.keepalive;
  }

  get isReloadNavigation() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return false;
  }

  get isHistoryNavigation() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return false;
  }

  get signal() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return this.#abortSignal();
  }

  get duplex() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return "half";
  }

  get body() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return bodyStream(this.#body);
  }

  get bodyUsed() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    return isBodyUsed(this.#body);
  }

  arrayBuffer() {
    return consumeBody(internals.body(this), forms.arrayBuffer, "Request");
  }

  blob() {
    return consumeBody(internals.body(this), (content) => blobOfBody(content, internals.contentType(this)), "Request");
  }

  bytes() {
    return consumeBody(internals.body(this), forms.bytes, "Request");
  }

  formData() {
    return consumeBody(internals.body(this), (content) => formDataOfBody(content, internals.contentType(this)), "Request");
  }

  json() {
    return consumeBody(internals.body(this), forms.json, "Request");
  }

  text() {
    return consumeBody(internals.body(this), forms.text, "Request");
  }

  clone() {
    if (!(#settings in this)) throw illegalInvocation("Request");
    if (isBodyUnusable(this.#body)) throw unusableBody();
    const request = new Request(kInternal);
    request.#method = this.#method;
    request.#url = this.#normalizedUrl();
    request.#list = copyList(this.#headerList());
    if (this.#id !== 0) request.#headers = createHeaders(request.#list, true);
    request.#settings = this.#settings;
    request.#leader = this;
    request.#cf = this.#cfObject();
    if (this.#body !== null) request.#body = cloneBody(this.#body);
    if (this.#accessors !== null) request.#accessors = new Accessors();
    return request;
  }

  #normalizedUrl() {
    if (!this.#urlIsNormalized) {
      this.#url = normalizeIncomingUrl(this.#url);
      this.#urlIsNormalized = true;
    }
    return this.#url;
  }

  #headerList() {
    return this.#list ??= ops.requestHeaders(this.#id);
  }

  #cfObject() {
    if (this.#cf === undefined && this.#id !== 0) {
      this.#cf = { clientAcceptEncoding: listGet(this.#headerList(), "accept-encoding") ?? "" };
    }
    return this.#cf;
  }

  // What came in is as the client sent it: its headers do not change.
  #headersObject() {
    return this.#headers ??= createHeaders(this.#headerList(), this.#id !== 0);
  }

  #abortSignal() {
    if (this.#signal === null) {
      const leader = this.#leader;
      if (leader === null) {
        this.#signal = createAbortSignal();
      } else {
        this.#signal = createDependentAbortSignal([#settings in leader ? leader.#abortSignal() : leader]);
        this.#leader = null;
      }
    }
    return this.#signal;
  }

  static {
    internals = {
      __proto__: null,
      contentType: (request) => listGet(request.#headerList(), "content-type"),
      body: (value) => (isObject(value) && #settings in value ? value.#body : undefined),
      createIncoming(id, method, url, style, hasBody) {
        const request = new Request(kInternal);
        request.#id = id;
        request.#settings = incomingSettings;
        request.#method = method;
        request.#url = url;
        request.#urlIsNormalized = false;
        if (hasBody) request.#body = new Body(new IncomingSource(id), null);
        if (style === "method") request.#accessors = new Accessors();
        return request;
      },
      abort: (request, reason) => signalAbort(request.#abortSignal(), reason),
      describe: (request) => ({
        __proto__: null,
        method: request.#method,
        url: request.#normalizedUrl(),
        headers: request.#headersObject(),
        destination: "",
        referrer: request.#settings.referrer,
        referrerPolicy: request.#settings.referrerPolicy,
        mode: request.#settings.mode,
        credentials: request.#settings.credentials,
        cache: request.#settings.cache,
        redirect: request.#settings.redirect,
        integrity: request.#settings.integrity,
        keepalive: request.#settings.keepalive,
        isReloadNavigation: false,
        isHistoryNavigation: false,
        signal: request.#abortSignal(),
      }),
      header: (request, name) => listGet(request.#headerList(), name),
      forFetch(request) {
        const { redirect, cameIn, integrity } = request.#settings;
        return {
          __proto__: null,
          method: request.#method,
          url: request.#normalizedUrl(),
          list: copyList(request.#headerList()),
          body: request.#body,
          redirect,
          cameIn,
          integrity,
          // Only fetch() has this request: without a leader nothing can abort it.
          signal: request.#leader === null ? null : request.#abortSignal(),
        };
      },
      retain: (request) => request.#headerList(),
    };
  }
}

class Accessors {
  method = null;
  url = null;
  headers = null;
}

configureInterface(Request);
registerInspector(Request.prototype, (value) => (internals.body(value) === undefined ? undefined : internals.describe(value)));

/**
 * The request with the native side's number `id`, for the app's handler. `style`: "property", or "method" for apps of the
 * older nano, see method_accessors.js.
 */
export function createIncomingRequest(id, method, url, style, hasBody) {
  return internals.createIncoming(id, method, url, style, hasBody);
}

/** Fires `request.signal`. */
export function abortIncomingRequest(request, reason) {
  internals.abort(request, reason);
}

/** Takes over what the native side forgets when the request is answered, for code that runs after that. */
export function retainIncomingRequest(request) {
  internals.retain(request);
}

/** A header of a request that came in; null if it has none of this name. */
export function incomingHeader(request, name) {
  return internals.header(request, name);
}

/** Whether a value is a Request. */
export function isRequest(value) {
  return internals.body(value) !== undefined;
}

/**
 * What `fetch` needs of a request that it made for itself: `{ method, url, list, body, redirect, cameIn, integrity, signal }`.
 * `cameIn`: it is a copy of one that came in, and `redirect` is nobody's choice.
 */
export function requestForFetch(request) {
  return internals.forFetch(request);
}
