// URL (https://url.spec.whatwg.org/#url-class). The parser is native; a URL is its href and where its components are.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { configureInterface, converters, illegalInvocation, isObject, kInternal, requireArguments } from "../webidl.js";
import { createSearchParams, replaceSearchParams, searchParamsList, setSearchParamsOwnerUpdate } from "./search_params.js";
import { serializeUrlencoded } from "./urlencoded.js";

const { StringPrototypeSlice, StringPrototypeStartsWith, TypeError, Uint32Array } = primordials;
const { DOMString, USVString } = converters;

// What the native parser tells of the last URL; see ops/url.rs.
const components = new Uint32Array(8);
const NONE = 0xffffffff;

// The numbers of the setters in ops/url.rs.
const kProtocol = 0;
const kUsername = 1;
const kPassword = 2;
const kHost = 3;
const kHostname = 4;
const kPort = 5;
const kPathname = 6;
const kSearch = 7;
const kHash = 8;

function invalidUrl(input, base) {
  const shown = input.length > 200 ? `${StringPrototypeSlice(input, 0, 200)}\u2026` : input;
  if (base !== undefined && !ops.urlCanParse(base, undefined)) return new TypeError("Invalid base URL");
  return new TypeError(`Invalid URL: '${shown}'`);
}

let internals;

export class URL {
  // Everything in it before the query and after it is right at all times; the query is that of #searchParams where
  // #isStale, and is written when it is looked at.
  #href;
  #isStale = false;
  #schemeEnd;
  #usernameEnd;
  #hostStart;
  #hostEnd;
  #port;
  #pathStart;
  #queryStart;
  #fragmentStart;
  #searchParams = null;

  constructor(url, base = undefined) {
    if (url === kInternal) return;
    const prefix = "Failed to construct 'URL'";
    requireArguments(arguments.length, 1, prefix);
    url = DOMString(url, prefix, "Argument 1");
    if (base !== undefined) base = DOMString(base, prefix, "Argument 2");
    const href = ops.urlParse(url, base, components);
    if (href === undefined) throw invalidUrl(url, base);
    this.#take(href);
  }

  static parse(url, base = undefined) {
    const prefix = "Failed to execute 'parse' on 'URL'";
    requireArguments(arguments.length, 1, prefix);
    url = DOMString(url, prefix, "Argument 1");
    if (base !== undefined) base = DOMString(base, prefix, "Argument 2");
    const href = ops.urlParse(url, base, components);
    if (href === undefined) return null;
    const result = new URL(kInternal);
    result.#take(href);
    return result;
  }

  static canParse(url, base = undefined) {
    const prefix = "Failed to execute 'canParse' on 'URL'";
    requireArguments(arguments.length, 1, prefix);
    url = DOMString(url, prefix, "Argument 1");
    if (base !== undefined) base = DOMString(base, prefix, "Argument 2");
    return ops.urlCanParse(url, base);
  }

  get href() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#settled();
  }

  set href(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    value = DOMString(value, "Failed to set 'href' on 'URL'", "The value");
    const href = ops.urlParse(value, undefined, components);
    if (href === undefined) throw invalidUrl(value);
    this.#take(href);
    this.#updateSearchParams();
  }

  get origin() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#origin();
  }

  get protocol() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#protocol();
  }

  set protocol(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    this.#set(kProtocol, value, "Failed to set 'protocol' on 'URL'");
  }

  get username() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#username();
  }

  set username(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    this.#set(kUsername, value, "Failed to set 'username' on 'URL'");
  }

  get password() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#password();
  }

  set password(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    this.#set(kPassword, value, "Failed to set 'password' on 'URL'");
  }

  get host() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#hostAndPort();
  }

  set host(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    this.#set(kHost, value, "Failed to set 'host' on 'URL'");
  }

  get hostname() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#hostname();
  }

  set hostname(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    this.#set(kHostname, value, "Failed to set 'hostname' on 'URL'");
  }

  get port() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#port === NONE ? "" : `${this.#port}`;
  }

  set port(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    this.#set(kPort, value, "Failed to set 'port' on 'URL'");
  }

  get pathname() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#pathname();
  }

  set pathname(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    this.#set(kPathname, value, "Failed to set 'pathname' on 'URL'");
  }

  get search() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#search();
  }

  set search(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    this.#set(kSearch, value, "Failed to set 'search' on 'URL'");
    this.#updateSearchParams();
  }

  get searchParams() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#searchParams ??= createSearchParams(this, this.#query());
  }

  get hash() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#hash();
  }

  set hash(value) {
    if (!(#href in this)) throw illegalInvocation("URL");
    this.#set(kHash, value, "Failed to set 'hash' on 'URL'");
  }

  toString() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#settled();
  }

  toJSON() {
    if (!(#href in this)) throw illegalInvocation("URL");
    return this.#settled();
  }

  #take(href) {
    this.#href = href;
    this.#isStale = false;
    this.#schemeEnd = components[0];
    this.#usernameEnd = components[1];
    this.#hostStart = components[2];
    this.#hostEnd = components[3];
    this.#port = components[4];
    this.#pathStart = components[5];
    this.#queryStart = components[6];
    this.#fragmentStart = components[7];
  }

  // The href, with the query that the parameters make.
  #settled() {
    if (!this.#isStale) return this.#href;
    this.#isStale = false;
    const query = serializeUrlencoded(searchParamsList(this.#searchParams));
    const start = StringPrototypeSlice(this.#href, 0, this.#pathEnd());
    const end = this.#fragmentStart === NONE ? "" : StringPrototypeSlice(this.#href, this.#fragmentStart);
    this.#queryStart = query === "" ? NONE : start.length;
    // The serializer encodes more than a query needs, so the parser would change nothing.
    const before = query === "" ? start : `${start}?${query}`;
    if (this.#fragmentStart !== NONE) this.#fragmentStart = before.length;
    return this.#href = before + end;
  }

  #set(which, value, prefix) {
    const href = ops.urlSet(this.#settled(), which, USVString(value, prefix, "The value"), components);
    if (href !== undefined) this.#take(href);
  }

  #origin() {
    const protocol = StringPrototypeSlice(this.#href, 0, this.#schemeEnd + 1);
    switch (protocol) {
      case "http:":
      case "https:":
      case "ws:":
      case "wss:":
      case "ftp:":
        return `${protocol}//${this.#hostAndPort()}`;
      case "blob:": {
        const href = ops.urlParse(StringPrototypeSlice(this.#href, this.#pathStart, this.#pathEnd()), undefined, components);
        if (href === undefined) return "null";
        const inner = new URL(kInternal);
        inner.#take(href);
        const isHttp = StringPrototypeStartsWith(href, "http:") || StringPrototypeStartsWith(href, "https:");
        return isHttp ? `${StringPrototypeSlice(href, 0, inner.#schemeEnd + 1)}//${inner.#hostAndPort()}` : "null";
      }
      default:
        return "null";
    }
  }

  #protocol() {
    return StringPrototypeSlice(this.#href, 0, this.#schemeEnd + 1);
  }

  #username() {
    const start = this.#schemeEnd + 3;
    return this.#usernameEnd > start ? StringPrototypeSlice(this.#href, start, this.#usernameEnd) : "";
  }

  #password() {
    // Between the user name and the host stand ":password@", "@" or nothing.
    return this.#hostStart - this.#usernameEnd > 1
      ? StringPrototypeSlice(this.#href, this.#usernameEnd + 1, this.#hostStart - 1)
      : "";
  }

  #hostname() {
    return StringPrototypeSlice(this.#href, this.#hostStart, this.#hostEnd);
  }

  #pathname() {
    return StringPrototypeSlice(this.#href, this.#pathStart, this.#pathEnd());
  }

  #search() {
    const query = this.#query();
    return query === "" ? "" : `?${query}`;
  }

  #hash() {
    const start = this.#fragmentStart;
    return start === NONE || start + 1 === this.#href.length ? "" : StringPrototypeSlice(this.#href, start);
  }

  #hostAndPort() {
    return StringPrototypeSlice(this.#href, this.#hostStart, this.#port === NONE ? this.#hostEnd : this.#pathStart);
  }

  #pathEnd() {
    if (this.#queryStart !== NONE) return this.#queryStart;
    return this.#fragmentStart !== NONE ? this.#fragmentStart : this.#href.length;
  }

  #query() {
    const href = this.#settled();
    if (this.#queryStart === NONE) return "";
    return StringPrototypeSlice(href, this.#queryStart + 1, this.#fragmentStart === NONE ? href.length : this.#fragmentStart);
  }

  #updateSearchParams() {
    if (this.#searchParams !== null) replaceSearchParams(this.#searchParams, this.#query());
  }

  static {
    internals = {
      __proto__: null,
      is: (value) => isObject(value) && #href in value,
      describe: (url) => ({
        __proto__: null,
        href: url.#settled(),
        origin: url.#origin(),
        protocol: url.#protocol(),
        username: url.#username(),
        password: url.#password(),
        host: url.#hostAndPort(),
        hostname: url.#hostname(),
        port: url.#port === NONE ? "" : `${url.#port}`,
        pathname: url.#pathname(),
        search: url.#search(),
        searchParams: url.#searchParams ??= createSearchParams(url, url.#query()),
        hash: url.#hash(),
      }),
      queryChanged(url) {
        url.#isStale = true;
      },
    };
  }
}

configureInterface(URL);
setSearchParamsOwnerUpdate(internals.queryChanged);

/** What the console shows of a URL; undefined for any other value. */
export function describeURL(value) {
  return internals.is(value) ? internals.describe(value) : undefined;
}

/** The href of an absolute URL in `input`, or undefined where it is none. */
export function parseHref(input) {
  return ops.urlParse(input, undefined, components);
}

/** True where the URL that `parseHref` just parsed has a user name or a password. */
export function lastHasCredentials() {
  return components[1] > components[0] + 3 || components[2] - components[1] > 1;
}
