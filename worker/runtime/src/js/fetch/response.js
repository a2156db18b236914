// Response (https://fetch.spec.whatwg.org/#response-class), and what dispatch needs to send one.

import { registerInspector } from "../console/inspect.js";
import { primordials } from "../primordials.js";
import { parseHref } from "../url/url.js";
import { configureInterface, conversionError, converters, illegalInvocation, isObject, kInternal, requireArguments } from "../webidl.js";
import {
  Body, bodyStream, cloneBody, consumeBody, extractBody, forms, isBodyUnusable, isBodyUsed, takeContent, toBodyInit, unusableBody,
} from "./body.js";
import { isWebSocket } from "../websocket/registry.js";
import { blobOfBody, formDataOfBody } from "./form_body.js";
import { convertHeadersInit, copyList, createHeaders, headersList, isImmutable, listAppend, listDelete, listFromPairs, listGet, listHas } from "./headers.js";

const { JSONStringify, RangeError, RegExpPrototypeExec, StringPrototypeToWellFormed, TypeError } = primordials;

const notInReasonPhrase = /[^\t\x20-\x7e\x80-\xff]/;

/** "Null body status". */
export function isNullBodyStatus(status) {
  return status === 204 || status === 205 || status === 304 || status === 101 || status === 103;
}

/** "Redirect status". */
export function isRedirectStatus(status) {
  return status === 302 || status === 301 || status === 303 || status === 307 || status === 308;
}

let internals;

export class Response {
  #status = 200;
  #statusText = "";
  #list;
  // The Headers object for #list, made when it is looked at.
  #headers = null;
  // A Body, or null.
  #body = null;
  #type = "default";
  // Of a response that came from elsewhere: where from, at last.
  #url = "";
  #redirected = false;
  // Of an answer that makes the connection a WebSocket.
  #webSocket = null;

  constructor(body = null, init = undefined) {
    if (body === kInternal) return;
    const prefix = "Failed to construct 'Response'";
    body = toBodyInit(body, prefix);
    this.#initialize(init, prefix);
    if (body !== null) this.#setBody(extractBody(body), prefix);
  }

  get webSocket() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return this.#webSocket;
  }

  static error() {
    const response = new Response(kInternal);
    response.#type = "error";
    response.#status = 0;
    response.#list = [];
    response.#headers = createHeaders(response.#list, true);
    return response;
  }

  static redirect(url, status = 302) {
    const prefix = "Failed to execute 'redirect' on 'Response'";
    requireArguments(arguments.length, 1, prefix);
    url = converters.USVString(url, prefix, "Argument 1");
    status = converters["unsigned short"](status, prefix, "Argument 2");
    const href = parseHref(url);
    if (href === undefined) throw conversionError(prefix, "Argument 1", `'${url}' is not a valid absolute URL`);
    if (!isRedirectStatus(status)) throw new RangeError(`${prefix}: ${status} is not the status of a redirect`);
    const response = new Response(kInternal);
    response.#status = status;
    response.#list = ["location", href];
    response.#headers = createHeaders(response.#list, true);
    return response;
  }

  static json(data, init = undefined) {
    const prefix = "Failed to execute 'json' on 'Response'";
    requireArguments(arguments.length, 1, prefix);
    // The dictionary is converted before the data is serialized.
    const response = new Response(kInternal);
    const converted = convertInit(init, prefix);
    const text = JSONStringify(data);
    if (text === undefined) throw conversionError(prefix, "Argument 1", "cannot be serialized as JSON");
    response.#apply(converted, prefix);
    response.#setBody(new Body(StringPrototypeToWellFormed(text), "application/json"), prefix);
    return response;
  }

  get type() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return this.#type;
  }

  get url() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return this.#url;
  }

  get redirected() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return this.#redirected;
  }

  get status() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return this.#status;
  }

  get ok() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return this.#status >= 200 && this.#status <= 299;
  }

  get statusText() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return this.#statusText;
  }

  get headers() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return this.#headers ??= createHeaders(this.#list, false);
  }

  get body() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return bodyStream(this.#body);
  }

  get bodyUsed() {
    if (!(#list in this)) throw illegalInvocation("Response");
    return isBodyUsed(this.#body);
  }

  arrayBuffer() {
    return consumeBody(internals.body(this), forms.arrayBuffer, "Response");
  }

  blob() {
    return consumeBody(internals.body(this), (content) => blobOfBody(content, internals.contentType(this)), "Response");
  }

  bytes() {
    return consumeBody(internals.body(this), forms.bytes, "Response");
  }

  formData() {
    return consumeBody(internals.body(this), (content) => formDataOfBody(content, internals.contentType(this)), "Response");
  }

  json() {
    return consumeBody(internals.body(this), forms.json, "Response");
  }

  text() {
    return consumeBody(internals.body(this), forms.text, "Response");
  }

  clone() {
    if (!(#list in this)) throw illegalInvocation("Response");
    if (isBodyUnusable(this.#body)) throw unusableBody();
    if (this.#webSocket !== null) throw new TypeError("A response with a WebSocket cannot be cloned");
    const response = new Response(kInternal);
    response.#status = this.#status;
    response.#statusText = this.#statusText;
    response.#type = this.#type;
    response.#url = this.#url;
    response.#redirected = this.#redirected;
    response.#list = copyList(this.#list);
    if (this.#headers !== null && isImmutable(this.#headers)) response.#headers = createHeaders(response.#list, true);
    if (this.#body !== null) response.#body = cloneBody(this.#body);
    return response;
  }

  // "Initialize a response", its first half: the dictionary ResponseInit.
  #initialize(init, prefix) {
    if (init === undefined) {
      this.#list = [];
      return;
    }
    this.#apply(convertInit(init, prefix), prefix);
  }

  #apply(init, prefix) {
    const { status, statusText, webSocket } = init;
    if (webSocket !== null) {
      if (status !== 101) throw new RangeError(`${prefix}: a response with a WebSocket has the status 101`);
      this.#webSocket = webSocket;
    } else if (status < 200 || status > 599) throw new RangeError(`${prefix}: the status ${status} is not in the range of 200 to 599`);
    if (statusText !== "" && RegExpPrototypeExec(notInReasonPhrase, statusText) !== null) {
      throw conversionError(prefix, "'statusText'", "is not a valid reason phrase");
    }
    this.#status = status;
    this.#statusText = statusText;
    this.#list = init.headers === null ? [] : listFromPairs(init.headers, prefix);
  }

  // Its second half.
  #setBody(body, prefix) {
    if (isNullBodyStatus(this.#status)) throw new TypeError(`${prefix}: a response of status ${this.#status} cannot have a body`);
    this.#body = body;
    if (body.type !== null && !listHas(this.#list, "content-type")) listAppend(this.#list, "content-type", body.type);
  }

  static {
    internals = {
      __proto__: null,
      forWasm(value) {
        if (!isObject(value) || !(#list in value)) return null;
        const list = value.#headers === null ? value.#list : headersList(value.#headers);
        return { __proto__: null, ok: value.#status >= 200 && value.#status <= 299, type: listGet(list, "content-type") };
      },
      head(value) {
        if (!isObject(value) || !(#list in value)) return null;
        const list = value.#headers === null ? value.#list : headersList(value.#headers);
        return { __proto__: null, status: value.#status, reason: value.#statusText, list, body: value.#body, url: value.#url };
      },
      contentType: (response) => listGet(response.#list, "content-type"),
      body: (value) => (isObject(value) && #list in value ? value.#body : undefined),
      parts(value) {
        if (!isObject(value) || !(#list in value)) return null;
        if (value.#type === "error") throw new TypeError("The handler returned Response.error(), which no client can be sent");
        const body = value.#body === null ? null : takeContent(value.#body);
        return {
          status: value.#status,
          headers: value.#headers === null ? value.#list : headersList(value.#headers),
          body,
          webSocket: value.#webSocket,
        };
      },
      webSocket: (response) => response.#webSocket,
      withBody(value, body) {
        const response = new Response(kInternal);
        response.#status = value.#status;
        response.#statusText = value.#statusText;
        response.#list = copyList(value.#headers === null ? value.#list : headersList(value.#headers));
        listDelete(response.#list, "content-length");
        response.#body = body;
        return response;
      },
      fromNetwork({ status, reason, list, body, url, redirected, webSocket = null }) {
        const response = new Response(kInternal);
        response.#status = status;
        response.#statusText = reason;
        response.#list = list;
        response.#headers = createHeaders(list, true);
        response.#body = body;
        response.#type = "basic";
        response.#url = url;
        response.#redirected = redirected;
        response.#webSocket = webSocket;
        return response;
      },
      describe: (response) => ({
        __proto__: null,
        status: response.#status,
        statusText: response.#statusText,
        headers: response.#headers ??= createHeaders(response.#list, false),
        body: bodyStream(response.#body),
        bodyUsed: isBodyUsed(response.#body),
        ok: response.#status >= 200 && response.#status <= 299,
        redirected: response.#redirected,
        type: response.#type,
        url: response.#url,
      }),
    };
  }
}

configureInterface(Response);

registerInspector(Response.prototype, (value) => (internals.body(value) === undefined ? undefined : internals.describe(value)));

// The dictionary ResponseInit, its members in lexicographical order.
function convertInit(init, prefix) {
  const result = { headers: null, status: 200, statusText: "", webSocket: null };
  if (init === undefined || init === null) return result;
  if (!isObject(init)) throw conversionError(prefix, "Argument 2", "cannot be converted to a dictionary (ResponseInit)");
  // NANO: of Workers. Bodies go out as they are, so that "manual" is what there is; "automatic" compresses nothing either.
  const { encodeBody } = init;
  if (encodeBody !== undefined && encodeBody !== "automatic" && encodeBody !== "manual") {
    throw new TypeError(`encodeBody: unexpected value: ${encodeBody}`);
  }
  const { headers } = init;
  if (headers !== undefined) result.headers = convertHeadersInit(headers, prefix);
  const { status } = init;
  if (status !== undefined) result.status = converters["unsigned short"](status, prefix, "'status' of 'ResponseInit'");
  const { statusText } = init;
  if (statusText !== undefined) result.statusText = converters.ByteString(statusText, prefix, "'statusText' of 'ResponseInit'");
  const { webSocket } = init;
  if (webSocket !== undefined && webSocket !== null) {
    if (!isWebSocket(webSocket)) throw conversionError(prefix, "'webSocket' of 'ResponseInit'", "is not of type WebSocket");
    result.webSocket = webSocket;
  }
  return result;
}

/** The WebSocket of a response to fetch(), or null. */
export function responseWebSocket(response) {
  return internals.webSocket(response);
}

/**
 * What is to be sent of a response, whose body is used up by that: `{ status, headers, body, webSocket }`; headers as a flat array;
 * body null, a string, a Uint8Array that must not be changed, or a source (body_source.js). Null if `value` is no Response.
 * Throws where the body is used up already, or there is nothing that could be sent.
 */
export function responseParts(value) {
  return internals.parts(value);
}

/** Of a Response, `{ status, reason, list, body, url }`, the body a Body or null; null for anything else. */
export function responseHead(value) {
  return internals.head(value);
}

/** A Response like another, with a Body whose length is not known in its place. */
export function responseWithBody(response, body) {
  return internals.withBody(response, body);
}

/** Of a Response, whether its status is ok and its content-type; null for anything else. */
export function responseForWasm(value) {
  return internals.forWasm(value);
}

/** A response that came from elsewhere: `{ status, reason, list, body, url, redirected, webSocket }`, the body a Body or null, and so the
 * WebSocket. */
export function createNetworkResponse(parts) {
  return internals.fromNetwork(parts);
}
