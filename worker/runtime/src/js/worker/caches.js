// The Cache API of Workers (https://developers.cloudflare.com/workers/runtime-apis/cache/): `caches.default`, `caches.open(name)`.
// The supervisor keeps the responses, in memory, for this app alone; it has the rules of what is kept and for how long.
// Evaluated when an app looks at one of the names.
//
// NANO: a response that is not to be kept, or for which there is no room, is not kept, and put() does not say so; as on Workers.

import { callCache } from "../fetch/fetch.js";
import { listGet } from "../fetch/headers.js";
import { isRequest, Request, requestForFetch } from "../fetch/request.js";
import { responseHead, responseParts } from "../fetch/response.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, converters, createDictionaryConverter, illegalConstructor, illegalInvocation, isObject, kInternal,
  requireArguments,
} from "../webidl.js";

const {
  ArrayPrototypePush, Error, PromiseReject, PromiseResolve, StringPrototypeSplit, StringPrototypeToLowerCase, StringPrototypeTrim,
  TypeError,
} = primordials;

const toQueryOptions = createDictionaryConverter("CacheQueryOptions", [{ key: "ignoreMethod", converter: converters.boolean }]);

/** What the request of a call is; its body is left alone. */
function requestOf(input) {
  return requestForFetch(isRequest(input) ? input : new Request(input));
}

/** The headers of a request that a response's `Vary` names: those that count when it is looked for. */
function selectingHeaders(list, vary) {
  const selecting = [];
  const names = StringPrototypeSplit(vary, ",");
  for (let i = 0; i < names.length; i++) {
    const name = StringPrototypeToLowerCase(StringPrototypeTrim(names[i]));
    if (name === "*") throw new TypeError("Cannot cache response with 'Vary: *' header.");
    for (let j = 0; j < list.length; j += 2) {
      if (list[j] === name) ArrayPrototypePush(selecting, name, list[j + 1]);
    }
  }
  return selecting;
}

class Cache {
  #name = "";

  constructor(brand = undefined, name = "") {
    if (brand !== kInternal) throw illegalConstructor();
    this.#name = name;
  }

  async match(request, options = undefined) {
    if (!isObject(this) || !(#name in this)) throw illegalInvocation("Cache");
    const prefix = "Failed to execute 'match' on 'Cache'";
    requireArguments(arguments.length, 1, prefix);
    const { ignoreMethod } = toQueryOptions(options, prefix, "Argument 2");
    const asked = requestOf(request);
    if (asked.method !== "GET" && ignoreMethod !== true) return undefined;
    const response = await callCache({ __proto__: null, cache: this.#name, call: "match" }, asked, null);
    return response.status === 504 ? undefined : response;
  }

  async put(request, response) {
    if (!isObject(this) || !(#name in this)) throw illegalInvocation("Cache");
    const prefix = "Failed to execute 'put' on 'Cache'";
    requireArguments(arguments.length, 2, prefix);
    const asked = requestOf(request);
    if (asked.method !== "GET") throw new TypeError("Cannot cache response to non-GET request.");
    const head = responseHead(response);
    if (head === null) throw new TypeError(`${prefix}: Argument 2 is not a Response`);
    if (head.status === 206) throw new TypeError("Cannot cache response to a range request (206 Partial Content).");
    if (head.status < 200) throw new TypeError(`${prefix}: a response with the status ${head.status} cannot be kept`);
    const vary = listGet(head.list, "vary");
    asked.list = vary === null ? [] : selectingHeaders(asked.list, vary);
    const { status, headers, body } = responseParts(response);
    const answer = await callCache({ __proto__: null, cache: this.#name, call: "put", status, headers }, asked, body);
    if (answer.status !== 204 && answer.status !== 413) throw new Error(`${prefix}: the cache answered ${answer.status}`);
  }

  async delete(request, options = undefined) {
    if (!isObject(this) || !(#name in this)) throw illegalInvocation("Cache");
    const prefix = "Failed to execute 'delete' on 'Cache'";
    requireArguments(arguments.length, 1, prefix);
    const { ignoreMethod } = toQueryOptions(options, prefix, "Argument 2");
    const asked = requestOf(request);
    if (asked.method !== "GET" && ignoreMethod !== true) return false;
    const response = await callCache({ __proto__: null, cache: this.#name, call: "delete" }, asked, null);
    return response.status === 200;
  }
}
configureInterface(Cache);

/** The caches of the app. The default one has a name that none of open() has. */
function notThere(name) {
  return new Error(`Failed to execute '${name}' on 'CacheStorage': the method is not implemented.`);
}

class CacheStorage {
  #default = null;

  constructor(brand = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
  }

  get default() {
    if (!isObject(this) || !(#default in this)) throw illegalInvocation("CacheStorage");
    return this.#default ??= new Cache(kInternal, "");
  }

  open(name) {
    const prefix = "Failed to execute 'open' on 'CacheStorage'";
    try {
      if (!isObject(this) || !(#default in this)) throw illegalInvocation("CacheStorage");
      requireArguments(arguments.length, 1, prefix);
      return PromiseResolve(new Cache(kInternal, `/${converters.DOMString(name, prefix, "Argument 1")}`));
    } catch (error) {
      return PromiseReject(error);
    }
  }

  // Of the standard, and not of Workers.
  async delete(_name) {
    throw notThere("delete");
  }

  async has(_name) {
    throw notThere("has");
  }

  async keys() {
    throw notThere("keys");
  }

  async match(_request) {
    throw notThere("match");
  }
}
configureInterface(CacheStorage);

export const moduleExports = { __proto__: null, Cache, CacheStorage, caches: new CacheStorage(kInternal) };
