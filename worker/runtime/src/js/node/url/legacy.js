// The older API of node:url (nodejs.org/api/url.html#legacy-url-api): URLs as objects of texts, by no standard.

import { primordials } from "../../primordials.js";
import { typeError } from "../internal/errors.js";
import { validateString } from "../internal/validators.js";
import { moduleExports as querystring } from "../querystring.js";
import { asciiHost } from "./host.js";

const {
  ObjectCreate, RegExpPrototypeExec, StringPrototypeCharCodeAt, StringPrototypeIncludes, StringPrototypeIndexOf,
  StringPrototypeReplaceAll, StringPrototypeSlice, StringPrototypeToLowerCase, decodeURIComponent, encodeURIComponent,
} = primordials;

const slice = StringPrototypeSlice;
const codeAt = StringPrototypeCharCodeAt;
const test = (pattern, text) => RegExpPrototypeExec(pattern, text) !== null;

/** Schemes whose URLs are as they stand, have no host, or have one behind `//`; with and without their colon. */
const unsafe = { __proto__: null, "javascript": true, "javascript:": true };
const hostless = unsafe;
export const slashed = { __proto__: null };
const schemes = ["http", "https", "ftp", "gopher", "file", "ws", "wss"];
for (let at = 0; at < schemes.length; at++) slashed[schemes[at]] = slashed[`${schemes[at]}:`] = true;

/** Node.js's Url: a function, since older code calls it without `new`. */
export function Url() {
  this.protocol = null;
  this.slashes = null;
  this.auth = null;
  this.host = null;
  this.port = null;
  this.hostname = null;
  this.hash = null;
  this.search = null;
  this.query = null;
  this.pathname = null;
  this.path = null;
  this.href = null;
}

/** @returns {any} */
export function createUrl() {
  return new (/** @type {any} */ (Url))();
}

function isSpace(code) {
  return code < 33 || code === 0xa0 || code === 0xfeff;
}

/** Without space around it, and with slashes for backslashes before the query. */
function cleaned(url) {
  let start = 0;
  let end = url.length;
  while (start < end && isSpace(codeAt(url, start))) start++;
  while (end > start && isSpace(codeAt(url, end - 1))) end--;
  const trimmed = slice(url, start, end);
  const rest = RegExpPrototypeExec(/[?#]/, trimmed)?.index ?? trimmed.length;
  return {
    hasHash: StringPrototypeIncludes(trimmed, "#"),
    hasAt: StringPrototypeIncludes(slice(trimmed, 0, rest), "@"),
    text: StringPrototypeReplaceAll(slice(trimmed, 0, rest), "\\", "/") + slice(trimmed, rest),
  };
}

function isIpv6(hostname) {
  return hostname.length > 0 && hostname[0] === "[" && hostname[hostname.length - 1] === "]";
}

function invalidUrl(input) {
  const error = typeError("ERR_INVALID_URL", "Invalid URL");
  error.input = input;
  return error;
}

/** Characters that a path may not have, as what stands for them. */
const escapes = { __proto__: null };
const escaped = "\t\n\r \"'<>\\^`{|}";
for (let at = 0; at < escaped.length; at++) {
  escapes[escaped[at]] = escaped[at] === "'" ? "%27" : encodeURIComponent(escaped[at]);
}

function escapePath(text) {
  if (!test(/[\t\n\r "'<>\\^`{|}]/, text)) return text;
  let result = "";
  for (let at = 0; at < text.length; at++) result += escapes[text[at]] ?? text[at];
  return result;
}

function setQuery(url, search, asObject) {
  url.search = search;
  const query = search === null ? "" : slice(search, 1);
  if (asObject) url.query = search === null ? ObjectCreate(null) : querystring.parse(query);
  else url.query = search === null ? null : query;
}

export function parseInto(url, input, asObject, slashesDenoteHost) {
  validateString(input, "url");
  const { hasHash, hasAt, text } = cleaned(input);
  let rest = text;
  if (!slashesDenoteHost && !hasHash && !hasAt) {
    const simple = RegExpPrototypeExec(/^(\/\/?(?!\/)[^?\s]*)(\?[^\s]*)?$/, rest);
    if (simple !== null) {
      url.path = url.href = rest;
      url.pathname = simple[1];
      if (simple[2]) setQuery(url, simple[2], asObject);
      else if (asObject) setQuery(url, null, true);
      return;
    }
  }
  const scheme = RegExpPrototypeExec(/^[a-z0-9.+-]+:/i, rest)?.[0];
  const protocol = scheme === undefined ? undefined : StringPrototypeToLowerCase(scheme);
  if (scheme !== undefined && protocol !== undefined) {
    url.protocol = protocol;
    rest = slice(rest, scheme.length);
  }
  let slashes = false;
  if (slashesDenoteHost || scheme !== undefined || test(/^\/\/[^@/]+@[^@/]+/, rest)) {
    slashes = rest[0] === "/" && rest[1] === "/";
    if (slashes && !hostless[protocol ?? ""]) {
      rest = slice(rest, 2);
      url.slashes = true;
    }
  }
  if (!hostless[protocol ?? ""] && (slashes || (scheme !== undefined && !slashed[scheme]))) rest = takeHost(url, rest, input);
  if (!unsafe[protocol ?? ""]) rest = escapePath(rest);
  takePath(url, rest, asObject);
  if (slashed[protocol ?? ""] && url.hostname && !url.pathname) url.pathname = "/";
  if (url.pathname || url.search) url.path = (url.pathname || "") + (url.search || "");
  url.href = formatUrl(url);
}

function takePath(url, text, asObject) {
  const hash = StringPrototypeIndexOf(text, "#");
  const end = hash === -1 ? text.length : hash;
  if (hash !== -1) url.hash = slice(text, hash);
  const question = StringPrototypeIndexOf(slice(text, 0, end), "?");
  if (question !== -1) setQuery(url, slice(text, question, end), asObject);
  else if (asObject) setQuery(url, null, true);
  const pathname = slice(text, 0, question === -1 ? end : question);
  if (pathname.length > 0) url.pathname = pathname;
}

/** Where the host ends, and where what logs in does; -1: nowhere. */
function findHost(text) {
  let at = -1;
  let end = -1;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === "@") {
      at = index;
      end = -1;
    } else if (character === "#" || character === "/" || character === "?") {
      return { at, end: end === -1 ? index : end };
    } else if (end === -1 && StringPrototypeIncludes(" \"%';<>\\^`{|}", character)) {
      end = index;
    }
  }
  return { at, end };
}

/** Takes the host from the beginning of a text, and returns what is behind it. */
function takeHost(url, given, input) {
  const stop = RegExpPrototypeExec(/[#/?]/, given)?.index ?? given.length;
  let head = slice(given, 0, stop);
  const dropped = ["\t", "\n", "\r"];
  for (let at = 0; at < dropped.length; at++) head = StringPrototypeReplaceAll(head, dropped[at], "");
  const text = head + slice(given, stop);
  const { at, end } = findHost(text);
  if (at !== -1) url.auth = decodeURIComponent(slice(text, 0, at));
  url.host = end === -1 ? slice(text, at + 1) : slice(text, at + 1, end);
  let rest = end === -1 ? "" : slice(text, end);
  parseHost(url);
  if (typeof url.hostname !== "string") url.hostname = "";
  const isAddress = isIpv6(url.hostname);
  if (!isAddress) {
    const wrong = RegExpPrototypeExec(/[/\\#?:]/, url.hostname)?.index;
    if (wrong !== undefined) {
      rest = `/${slice(url.hostname, wrong)}${rest}`;
      url.hostname = slice(url.hostname, 0, wrong);
    }
  }
  url.hostname = url.hostname.length > 255 ? "" : StringPrototypeToLowerCase(url.hostname);
  if (url.hostname !== "") checkHostname(url, isAddress, input);
  url.host = url.hostname + (url.port ? `:${url.port}` : "");
  if (isAddress) {
    url.hostname = slice(url.hostname, 1, -1);
    if (rest[0] !== "/") rest = `/${rest}`;
  }
  return rest;
}

function checkHostname(url, isAddress, input) {
  if (isAddress) {
    if (test(/[\0\t\n\r #%/<>?@\\^|]/, url.hostname)) throw invalidUrl(input);
    return;
  }
  url.hostname = asciiHost(url.hostname);
  if (url.hostname === "" || test(/[\0\t\n\r #%/:<>?@[\\\]^|]/, url.hostname)) throw invalidUrl(input);
}

export function parseHost(url) {
  const port = RegExpPrototypeExec(/:[0-9]*$/, url.host)?.[0];
  if (port !== undefined && port !== ":") url.port = slice(port, 1);
  const host = slice(url.host, 0, url.host.length - (port?.length ?? 0));
  if (host) url.hostname = host;
}

/** What logs in, with a colon that stays. */
function escapeAuth(auth) {
  return StringPrototypeReplaceAll(encodeURIComponent(auth), "%3A", ":");
}

/** Of anything that has some of a Url's properties. */
export function formatUrl(url) {
  const auth = url.auth ? `${escapeAuth(url.auth)}@` : "";
  let protocol = url.protocol || "";
  if (protocol && protocol[protocol.length - 1] !== ":") protocol += ":";
  let pathname = url.pathname || "";
  let host = "";
  if (url.host) {
    host = auth + url.host;
  } else if (url.hostname) {
    const isAddress = StringPrototypeIncludes(url.hostname, ":") && !isIpv6(url.hostname);
    host = `${auth}${isAddress ? `[${url.hostname}]` : url.hostname}${url.port ? `:${url.port}` : ""}`;
  }
  const query = url.query !== null && typeof url.query === "object" ? querystring.stringify(url.query) : "";
  let search = url.search || (query && `?${query}`) || "";
  let hash = url.hash || "";
  pathname = StringPrototypeReplaceAll(StringPrototypeReplaceAll(pathname, "#", "%23"), "?", "%3F");
  if (url.slashes || slashed[protocol]) {
    if (url.slashes || host) {
      if (pathname && pathname[0] !== "/") pathname = `/${pathname}`;
      host = `//${host}`;
    } else if (slice(protocol, 0, 4) === "file") {
      host = "//";
    }
  }
  search = StringPrototypeReplaceAll(search, "#", "%23");
  if (hash && hash[0] !== "#") hash = `#${hash}`;
  if (search && search[0] !== "?") search = `?${search}`;
  return protocol + host + pathname + search + hash;
}

export function parse(input, asObject = false, slashesDenoteHost = false) {
  if (input instanceof Url) return input;
  const url = createUrl();
  parseInto(url, input, asObject, slashesDenoteHost);
  return url;
}
