// Names and values of headers, as node:http checks them, and how it shows those that are there more than once
// (nodejs.org/api/http.html#messageheaders).

import { primordials } from "../../primordials.js";
import { plainError, typeError } from "../internal/errors.js";

const {
  ArrayIsArray, ArrayPrototypeJoin, ArrayPrototypePush, ObjectHasOwn, ObjectKeys, RegExpPrototypeExec, String,
  StringPrototypeToLowerCase, Symbol,
} = primordials;

/** What IncomingMessage has of a message: a flat list of names, in lower case, and values. */
export const kList = Symbol("list");

const TOKEN = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** Headers of which the first counts. */
const SINGLE = {
  __proto__: null, age: true, authorization: true, "content-length": true, "content-type": true, etag: true, expires: true, from: true,
  host: true, "if-modified-since": true, "if-unmodified-since": true, "last-modified": true, location: true, "max-forwards": true,
  "proxy-authorization": true, referer: true, "retry-after": true, server: true, "user-agent": true,
};

export function validateHeaderName(name, label = undefined) {
  if (typeof name !== "string" || RegExpPrototypeExec(TOKEN, name) === null) {
    throw typeError("ERR_INVALID_HTTP_TOKEN", `${label || "Header name"} must be a valid HTTP token ["${name}"]`);
  }
}

export function validateHeaderValue(name, value) {
  if (value === undefined) throw typeError("ERR_HTTP_INVALID_HEADER_VALUE", `Invalid value "${value}" for header "${name}"`);
  if (RegExpPrototypeExec(NO_VALUE, String(value)) !== null) {
    throw typeError("ERR_INVALID_CHAR", `Invalid character in header content ["${name}"]`);
  }
}

/** A value, or each of a list of them. */
export function validateHeader(name, value) {
  validateHeaderName(name);
  if (ArrayIsArray(value)) {
    for (let at = 0; at < value.length; at++) validateHeaderValue(name, value[at]);
  } else {
    validateHeaderValue(name, value);
  }
}

export function headersSent(what) {
  return plainError("ERR_HTTP_HEADERS_SENT", `Cannot ${what} headers after they are sent to the client`);
}

/** `message.headers` of a flat list. */
export function joined(list) {
  const headers = {};
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at];
    const value = list[at + 1];
    const before = ObjectHasOwn(headers, name) ? headers[name] : undefined;
    if (name === "set-cookie") {
      if (before === undefined) headers[name] = [value];
      else ArrayPrototypePush(before, value);
    } else if (before === undefined) {
      headers[name] = value;
    } else if (SINGLE[name] === undefined) {
      headers[name] = `${before}${name === "cookie" ? "; " : ", "}${value}`;
    }
  }
  return headers;
}

/** `message.headersDistinct` of a flat list. */
export function distinct(list) {
  const headers = { __proto__: null };
  for (let at = 0; at < list.length; at += 2) {
    const values = headers[list[at]] ??= [];
    ArrayPrototypePush(values, list[at + 1]);
  }
  return headers;
}

/**
 * What an app gives as headers, one by one: an object, a flat list, or a list of pairs. `each(name, value)`; a name may come more
 * than once.
 */
export function eachHeader(headers, each) {
  if (!ArrayIsArray(headers)) {
    const names = ObjectKeys(headers);
    for (let at = 0; at < names.length; at++) each(names[at], headers[names[at]]);
  } else if (ArrayIsArray(headers[0])) {
    for (let at = 0; at < headers.length; at++) each(headers[at][0], headers[at][1]);
  } else {
    if (headers.length % 2 !== 0) throw typeError("ERR_INVALID_ARG_VALUE", "The argument 'headers' is invalid.");
    for (let at = 0; at < headers.length; at += 2) each(headers[at], headers[at + 1]);
  }
}

/** The values of a header that is sent: one for each line. */
export function valuesOf(name, value) {
  if (!ArrayIsArray(value)) return [String(value)];
  if (StringPrototypeToLowerCase(name) === "cookie") return [ArrayPrototypeJoin(value, "; ")];
  const values = [];
  for (let at = 0; at < value.length; at++) ArrayPrototypePush(values, String(value[at]));
  return values;
}
