// Headers (https://fetch.spec.whatwg.org/#headers-class).
//
// A header list is a flat array `[name, value, …]`: names in lower case, in the order they were added. Requests and
// responses own lists; a Headers object is made for one when it is looked at. From then on the list is the object's: it
// may have gaps, which `headersList` closes, and only `listGet`, `listHas` and `copyList` may be called on it.
//
// NANO: the guards "request" and "response" refuse nothing: a server sets cookies, hosts and origins as it likes.

import { registerInspector } from "../console/inspect.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, forEachOfIterable, illegalInvocation, isObject, kInternal, requireArguments,
} from "../webidl.js";
import { defineIterable } from "../webidl/iterable.js";
import { PairList } from "../webidl/pair_list.js";

const {
  ArrayPrototypePush, ArrayPrototypeSort, ArrayPrototypeSplice, ObjectPrototypePropertyIsEnumerable, ReflectOwnKeys,
  RegExpPrototypeExec, StringPrototypeCharCodeAt, StringPrototypeSlice, StringPrototypeToLowerCase, SymbolIterator, TypeError,
} = primordials;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notInValue = /[\0\n\r]/;
const notByte = /[^\0-\xff]/;
const needsCare = /[^\x21-\x7e]/;

// Names that need no check, as written by most programs.
const knownNames = { __proto__: null };
for (
  const name of [
    "Accept", "Accept-Encoding", "Accept-Language", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin", "Authorization", "Cache-Control", "Connection", "Content-Disposition", "Content-Encoding",
    "Content-Length", "Content-Type", "Cookie", "Date", "ETag", "Expires", "Host", "If-Modified-Since", "If-None-Match",
    "Last-Modified", "Location", "Origin", "Referer", "Set-Cookie", "User-Agent", "Vary", "X-Forwarded-For", "X-Request-Id",
  ]
) {
  knownNames[name] = knownNames[name.toLowerCase()] = name.toLowerCase();
}

/** A name as lists hold it; throws where it is none. */
function headerName(name, prefix) {
  if (typeof name === "string") {
    const known = knownNames[name];
    if (known !== undefined) return known;
  }
  name = converters.ByteString(name, prefix, "Header name");
  if (RegExpPrototypeExec(token, name) === null) throw conversionError(prefix, `Header name '${name}'`, "is not valid");
  return StringPrototypeToLowerCase(name);
}

/** A value as lists hold it ("normalize"); throws where it cannot be one. */
function headerValue(value, prefix) {
  if (typeof value !== "string") value = converters.DOMString(value, prefix, "Header value");
  if (RegExpPrototypeExec(needsCare, value) === null) return value;
  if (RegExpPrototypeExec(notByte, value) !== null) {
    throw conversionError(prefix, "Header value", "is not a valid ByteString: it contains a character greater than 255");
  }
  let start = 0;
  let end = value.length;
  while (start < end && isHttpSpace(StringPrototypeCharCodeAt(value, start))) start++;
  while (end > start && isHttpSpace(StringPrototypeCharCodeAt(value, end - 1))) end--;
  value = StringPrototypeSlice(value, start, end);
  if (RegExpPrototypeExec(notInValue, value) !== null) throw conversionError(prefix, "Header value", "contains a line break or a null");
  return value;
}

function isHttpSpace(code) {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

// ---- operations on lists ----

/** "Get": all values of a name, joined; null where there are none. */
export function listGet(list, name) {
  let result = null;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) result = result === null ? list[i + 1] : combined(result, list[i + 1]);
  }
  return result;
}

/** "Contains". */
export function listHas(list, name) {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) return true;
  return false;
}

/** "Append". */
export function listAppend(list, name, value) {
  ArrayPrototypePush(list, name);
  ArrayPrototypePush(list, value);
}

/** "Delete". */
export function listDelete(list, name) {
  let to = 0;
  for (let from = 0; from < list.length; from += 2) {
    if (list[from] === name) continue;
    list[to] = list[from];
    list[to + 1] = list[from + 1];
    to += 2;
  }
  list.length = to;
}

// "Sort and combine".
function listSorted(list) {
  const pairs = [];
  for (let i = 0; i < list.length; i += 2) ArrayPrototypePush(pairs, { __proto__: null, name: list[i], value: list[i + 1] });
  // The sort is stable: values of one name stay in order.
  ArrayPrototypeSort(pairs, (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const sorted = [];
  for (let i = 0; i < pairs.length; i++) {
    const { name, value } = pairs[i];
    const last = sorted.length - 2;
    if (last >= 0 && sorted[last] === name && name !== "set-cookie") sorted[last + 1] = combined(sorted[last + 1], value);
    else listAppend(sorted, name, value);
  }
  return sorted;
}

function combined(first, second) {
  return `${first}, ${second}`;
}

// What follows keeps a sorted list up to date: code that changes headers while iterating over them has it looked at after
// each change.

// The index of the first pair whose name is not before `name`.
function sortedPlace(sorted, name) {
  let low = 0;
  let high = sorted.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle * 2] < name) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}

function sortedEnd(sorted, name, start) {
  let end = start;
  while (end < sorted.length && sorted[end] === name) end += 2;
  return end;
}

function sortedAppend(sorted, name, value) {
  const start = sortedPlace(sorted, name);
  const end = sortedEnd(sorted, name, start);
  if (start === end || name === "set-cookie") ArrayPrototypeSplice(sorted, end, 0, name, value);
  else sorted[start + 1] = combined(sorted[start + 1], value);
}

function sortedDelete(sorted, name) {
  const start = sortedPlace(sorted, name);
  const count = sortedEnd(sorted, name, start) - start;
  if (count > 0) ArrayPrototypeSplice(sorted, start, count);
}

function sortedSet(sorted, name, value) {
  const start = sortedPlace(sorted, name);
  if (sortedEnd(sorted, name, start) === start + 2) {
    sorted[start + 1] = value;
    return;
  }
  sortedDelete(sorted, name);
  ArrayPrototypeSplice(sorted, start, 0, name, value);
}

/** A copy of a list. */
export function copyList(list) {
  const copy = [];
  for (let i = 0; i < list.length; i += 2) if (list[i] !== null) listAppend(copy, list[i], list[i + 1]);
  return copy;
}

/**
 * Converts a HeadersInit to a fresh flat array, its names and values byte strings that are not checked yet. All
 * conversions come before the first check, as Web IDL has it. A sequence's item of a wrong length stands there as two nulls.
 */
export function convertHeadersInit(init, prefix) {
  if (!isObject(init)) throw conversionError(prefix, "HeadersInit", "is not a sequence or a record");
  const method = init[SymbolIterator];
  if (method !== undefined && method !== null) {
    if (typeof method !== "function") throw conversionError(prefix, "HeadersInit", "is not iterable");
    if (method === originalIterator && iteratorPrototype.next === originalNext) {
      const source = listOfHeaders(init);
      if (source !== undefined) return copyList(source);
    }
    return convertSequence(init, method, prefix);
  }
  const pairs = [];
  const keys = ReflectOwnKeys(init);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    // One [[GetOwnProperty]], and no descriptor to allocate.
    if (!ObjectPrototypePropertyIsEnumerable(init, key)) continue;
    const name = typeof key === "string" && knownNames[key] !== undefined ? key : converters.ByteString(key, prefix, "Header name");
    listAppend(pairs, name, converters.ByteString(init[key], prefix, "Header value"));
  }
  return pairs;
}

function convertSequence(init, method, prefix) {
  const pairs = [];
  forEachOfIterable(init, method, prefix, "HeadersInit", (pair) => {
    const inner = isObject(pair) ? pair[SymbolIterator] : undefined;
    if (typeof inner !== "function") throw conversionError(prefix, "Item of HeadersInit", "is not a sequence");
    const items = [];
    forEachOfIterable(pair, inner, prefix, "Item of HeadersInit", (item) => {
      ArrayPrototypePush(items, converters.ByteString(item, prefix, "Item of HeadersInit"));
    });
    const isPair = items.length === 2;
    listAppend(pairs, isPair ? items[0] : null, isPair ? items[1] : null);
  });
  return pairs;
}

/** "Fill" an empty list with converted pairs: checks and normalizes them where they are; they are the list then. */
export function listFromPairs(pairs, prefix) {
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] === null) throw conversionError(prefix, "Item of HeadersInit", "is not a pair of name and value");
    const value = headerValue(pairs[i + 1], prefix);
    pairs[i] = headerName(pairs[i], prefix);
    pairs[i + 1] = value;
  }
  return pairs;
}

// ---- the class ----

let createHeadersImpl;
let isImmutableImpl;
let listOfHeaders;
let sortedPairs;

export class Headers {
  // A PairList of the header list.
  #list;
  #isImmutable = false;
  // The same sorted and combined, once it was looked at.
  #sorted = null;

  constructor(init = undefined) {
    if (init === kInternal) return;
    const prefix = "Failed to construct 'Headers'";
    this.#list = new PairList(init === undefined ? [] : listFromPairs(convertHeadersInit(init, prefix), prefix));
  }

  append(name, value) {
    if (!(#list in this)) throw illegalInvocation("Headers");
    const prefix = "Failed to execute 'append' on 'Headers'";
    requireArguments(arguments.length, 2, prefix);
    // Both are converted before either is checked.
    if (typeof name !== "string") name = converters.ByteString(name, prefix, "Header name");
    value = headerValue(converters.ByteString(value, prefix, "Header value"), prefix);
    name = headerName(name, prefix);
    this.#checkMutable(prefix);
    this.#list.append(name, value);
    if (this.#sorted !== null) sortedAppend(this.#sorted.items, name, value);
  }

  delete(name) {
    if (!(#list in this)) throw illegalInvocation("Headers");
    const prefix = "Failed to execute 'delete' on 'Headers'";
    requireArguments(arguments.length, 1, prefix);
    name = headerName(name, prefix);
    this.#checkMutable(prefix);
    this.#list.delete(name);
    if (this.#sorted !== null) sortedDelete(this.#sorted.items, name);
  }

  get(name) {
    if (!(#list in this)) throw illegalInvocation("Headers");
    const prefix = "Failed to execute 'get' on 'Headers'";
    requireArguments(arguments.length, 1, prefix);
    const values = this.#list.getAll(headerName(name, prefix));
    if (values.length === 0) return null;
    let result = values[0];
    for (let i = 1; i < values.length; i++) result = combined(result, values[i]);
    return result;
  }

  getSetCookie() {
    if (!(#list in this)) throw illegalInvocation("Headers");
    return this.#list.getAll("set-cookie");
  }

  has(name) {
    if (!(#list in this)) throw illegalInvocation("Headers");
    const prefix = "Failed to execute 'has' on 'Headers'";
    requireArguments(arguments.length, 1, prefix);
    return this.#list.has(headerName(name, prefix));
  }

  set(name, value) {
    if (!(#list in this)) throw illegalInvocation("Headers");
    const prefix = "Failed to execute 'set' on 'Headers'";
    requireArguments(arguments.length, 2, prefix);
    if (typeof name !== "string") name = converters.ByteString(name, prefix, "Header name");
    value = headerValue(converters.ByteString(value, prefix, "Header value"), prefix);
    name = headerName(name, prefix);
    this.#checkMutable(prefix);
    this.#list.set(name, value);
    if (this.#sorted !== null) sortedSet(this.#sorted.items, name, value);
  }

  #checkMutable(prefix) {
    if (this.#isImmutable) throw new TypeError(`${prefix}: these headers are immutable; copy them with new Headers(headers)`);
  }

  static {
    createHeadersImpl = (list, isImmutable) => {
      const headers = new Headers(kInternal);
      headers.#list = new PairList(list);
      headers.#isImmutable = isImmutable;
      return headers;
    };
    isImmutableImpl = (headers) => headers.#isImmutable;
    listOfHeaders = (value) => (isObject(value) && #list in value ? value.#list.settled() : undefined);
    sortedPairs = (headers) => {
      if (!isObject(headers) || !(#list in headers)) throw illegalInvocation("Headers");
      return headers.#sorted ??= new PairList(listSorted(headers.#list.settled()));
    };
  }
}

configureInterface(Headers);
const { prototype: iteratorPrototype } = defineIterable(Headers, "Headers", sortedPairs);
const originalIterator = Headers.prototype[SymbolIterator];
const originalNext = iteratorPrototype.next;
registerInspector(Headers.prototype, describeHeaders);

/** What the console shows: each name once, with all its values. */
export function describeHeaders(value) {
  const list = listOfHeaders(value);
  if (list === undefined) return undefined;
  const description = { __proto__: null };
  for (let i = 0; i < list.length; i += 2) {
    const before = description[list[i]];
    description[list[i]] = before === undefined ? list[i + 1] : combined(before, list[i + 1]);
  }
  return description;
}

/** A Headers object for a list that its owner keeps. An immutable one throws when it is to be changed. */
export function createHeaders(list, isImmutable) {
  return createHeadersImpl(list, isImmutable);
}

/** The list of a Headers object, without gaps; undefined for any other value. */
export function headersList(value) {
  return listOfHeaders(value);
}

/** True where `headers`, a Headers object, refuses changes. */
export function isImmutable(headers) {
  return isImmutableImpl(headers);
}
