// HTMLRewriter, of Cloudflare Workers (https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/). The parser is
// lol_html, as there. Evaluated when an app looks at the name.
//
// NANO: the document is read when the response's body is; Workers begin with it at once. The response has no `content-length`.

import { Body, isBodyUnusable, isSource, takeContent, unusableBody } from "../fetch/body.js";
import { WholeSource } from "../fetch/body_source.js";
import { listGet } from "../fetch/headers.js";
import { extractMimeType } from "../fetch/mime_type.js";
import { responseHead, responseWithBody } from "../fetch/response.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, createDictionaryConverter, illegalInvocation, isObject, requireArguments,
} from "../webidl.js";
import { Rewriting } from "./rewriting.js";

const { ArrayPrototypePush, ArrayPrototypeSlice, RangeError, TypeError } = primordials;

/** Calls of `on` and `onDocument`. Each token is compared with all of them. */
const MOST_REGISTRATIONS = 1000;
/** Parts that all selectors have together: elements, and items of lists. */
const MOST_PARTS = 4096;
/** Characters that they have together: selectors are compared with each other. */
const MOST_TEXT = 65536;

const handler = (key) => ({ key, converter: converters.Function });
const toElementHandlers = createDictionaryConverter(
  "ElementContentHandlers", [handler("element"), handler("comments"), handler("text")],
);
const toDocumentHandlers = createDictionaryConverter(
  "DocumentContentHandlers", [handler("doctype"), handler("comments"), handler("text"), handler("end")],
);

/** The label of the encoding of a response with these headers. */
function encodingOf(list) {
  const type = extractMimeType(listGet(list, "content-type"));
  const charset = type === null ? undefined : type.parameters.charset;
  return charset === undefined || charset === "" ? "utf-8" : charset;
}

class HTMLRewriter {
  /** Of each `on`: its selector or null, and `{ receiver, functions }`, the functions in the order of their bits. */
  #registrations = [];
  #parts = 0;
  #text = 0;

  on(selector, handlers) {
    if (!isObject(this) || !(#parts in this)) throw illegalInvocation("HTMLRewriter");
    const prefix = "Failed to execute 'on' on 'HTMLRewriter'";
    requireArguments(arguments.length, 2, prefix);
    selector = converters.DOMString(selector, prefix, "Argument 1");
    const { element, comments, text: texts } = toElementHandlers(handlers, prefix, "Argument 2");
    const parts = this.#parts + ops.rewriterSelector(selector);
    const text = this.#text + selector.length;
    if (parts > MOST_PARTS || text > MOST_TEXT) {
      throw new RangeError(`${prefix}: all selectors may have ${MOST_PARTS} parts and ${MOST_TEXT} characters together`);
    }
    this.#register(prefix, selector, { __proto__: null, receiver: handlers, functions: [element, comments, texts, undefined] });
    this.#parts = parts;
    this.#text = text;
    return this;
  }

  onDocument(handlers) {
    if (!isObject(this) || !(#parts in this)) throw illegalInvocation("HTMLRewriter");
    const prefix = "Failed to execute 'onDocument' on 'HTMLRewriter'";
    requireArguments(arguments.length, 1, prefix);
    const { doctype, comments, text, end } = toDocumentHandlers(handlers, prefix, "Argument 1");
    this.#register(prefix, null, { __proto__: null, receiver: handlers, functions: [doctype, comments, text, end] });
    return this;
  }

  transform(response) {
    if (!isObject(this) || !(#parts in this)) throw illegalInvocation("HTMLRewriter");
    const prefix = "Failed to execute 'transform' on 'HTMLRewriter'";
    requireArguments(arguments.length, 1, prefix);
    const head = responseHead(response);
    if (head === null) throw conversionError(prefix, "Argument 1", "is not of type Response");
    const { status, list, body } = head;
    if (status === 0) throw new TypeError("HTMLRewriter cannot transform an error response");
    if (body === null) return response;
    if (isBodyUnusable(body)) throw unusableBody();
    const rewriting = new Rewriting(encodingOf(list), ArrayPrototypeSlice(this.#registrations));
    const content = takeContent(body);
    rewriting.begin(isSource(content) ? content : new WholeSource(content));
    return responseWithBody(response, new Body(rewriting, null));
  }

  #register(prefix, selector, registration) {
    if (this.#registrations.length >= MOST_REGISTRATIONS * 2) {
      throw new RangeError(`${prefix}: an HTMLRewriter may have ${MOST_REGISTRATIONS} of them`);
    }
    ArrayPrototypePush(this.#registrations, selector, registration);
  }
}
configureInterface(HTMLRewriter);

export const moduleExports = { __proto__: null, HTMLRewriter };
