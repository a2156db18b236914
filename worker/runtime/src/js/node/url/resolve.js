// url.resolve() of the older API (nodejs.org/api/url.html#urlresolvefrom-to).

import { primordials } from "../../primordials.js";
import { createUrl, formatUrl, parse, slashed } from "./legacy.js";

const {
  ArrayPrototypeConcatApply, ArrayPrototypeJoin, ArrayPrototypePop, ArrayPrototypePush, ArrayPrototypeShift, ArrayPrototypeUnshift, ObjectAssign,
  ObjectKeys, RegExpPrototypeExec, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeSplit,
} = primordials;

function setPath(url) {
  if (url.pathname !== null || url.search !== null) url.path = (url.pathname || "") + (url.search || "");
}

function finish(url) {
  url.href = formatUrl(url);
  return url;
}

function isAbsolutePath(pathname) {
  return !!pathname && pathname[0] === "/";
}

function segments(pathname) {
  return pathname ? StringPrototypeSplit(pathname, "/") : [];
}

/** One of another scheme. */
function withScheme(result, relative) {
  if (!slashed[relative.protocol]) return finish(ObjectAssign(result, relative));
  result.protocol = relative.protocol;
  const isHostless = relative.protocol === "javascript:" || relative.protocol === "javascript";
  if (!relative.host && RegExpPrototypeExec(/^file:?$/, relative.protocol) === null && !isHostless) {
    const parts = StringPrototypeSplit(relative.pathname || "", "/");
    while (parts.length > 0 && !(relative.host = ArrayPrototypeShift(parts)));
    relative.host ||= "";
    relative.hostname ||= "";
    if (parts[0] !== "") ArrayPrototypeUnshift(parts, "");
    if (parts.length < 2) ArrayPrototypeUnshift(parts, "");
    result.pathname = ArrayPrototypeJoin(parts, "/");
  } else {
    result.pathname = relative.pathname;
  }
  result.search = relative.search;
  result.query = relative.query;
  result.host = relative.host || "";
  result.auth = relative.auth;
  result.hostname = relative.hostname || relative.host;
  result.port = relative.port;
  if (result.pathname || result.search) result.path = (result.pathname || "") + (result.search || "");
  result.slashes ||= relative.slashes;
  return finish(result);
}

/** `name@host`, of a URL whose host is the first part of its path. */
function splitAuth(result) {
  const at = result.host ? StringPrototypeIndexOf(result.host, "@") : -1;
  if (at <= 0) return;
  result.auth = StringPrototypeSlice(result.host, 0, at);
  result.host = result.hostname = StringPrototypeSplit(result.host, "@")[1];
}

/** Puts a host in front of a path. */
function prefix(path, host) {
  if (path[0] === "") path[0] = host;
  else ArrayPrototypeUnshift(path, host);
}

/** Without `.` and `..`; `up`: how many of those led out of it. */
function withoutDots(path) {
  const kept = [];
  let up = 0;
  for (let at = path.length - 1; at >= 0; at--) {
    if (path[at] === ".") continue;
    if (path[at] === "..") up++;
    else if (up > 0) up--;
    else ArrayPrototypePush(kept, path[at]);
  }
  const result = [];
  while (kept.length > 0) ArrayPrototypePush(result, ArrayPrototypePop(kept));
  return { path: result, up };
}

export function resolveObject(source, given) {
  const relative = typeof given === "string" ? parse(given, false, true) : given;
  const result = ObjectAssign(createUrl(), source);
  result.hash = relative.hash;
  if (relative.href === "") return finish(result);
  if (relative.slashes && !relative.protocol) {
    const keys = ObjectKeys(relative);
    for (let at = 0; at < keys.length; at++) {
      if (keys[at] !== "protocol") result[keys[at]] = relative[keys[at]];
    }
    if (slashed[result.protocol] && result.hostname && !result.pathname) result.path = result.pathname = "/";
    return finish(result);
  }
  if (relative.protocol && relative.protocol !== result.protocol) return withScheme(result, relative);
  return joinPaths(result, relative);
}

function joinPaths(result, relative) {
  const isRelativeAbsolute = relative.host || isAbsolutePath(relative.pathname);
  const removesAllDots = isRelativeAbsolute || isAbsolutePath(result.pathname) || (result.host && relative.pathname);
  let endsAbsolute = removesAllDots;
  let path = segments(result.pathname);
  const other = segments(relative.pathname);
  const hasNoSlashes = result.protocol && !slashed[result.protocol];
  if (hasNoSlashes) {
    result.hostname = "";
    result.port = null;
    if (result.host) prefix(path, result.host);
    result.host = "";
    if (relative.protocol) {
      relative.hostname = null;
      relative.port = null;
      result.auth = null;
      if (relative.host) prefix(other, relative.host);
      relative.host = null;
    }
    endsAbsolute &&= other[0] === "" || path[0] === "";
  }
  if (isRelativeAbsolute) {
    takeHost(result, relative);
    path = other;
  } else if (other.length > 0) {
    ArrayPrototypePop(path);
    path = ArrayPrototypeConcatApply(path, [other]);
    result.search = relative.search;
    result.query = relative.query;
  } else if (relative.search !== null && relative.search !== undefined) {
    if (hasNoSlashes) {
      result.hostname = result.host = ArrayPrototypeShift(path);
      splitAuth(result);
    }
    result.search = relative.search;
    result.query = relative.query;
    setPath(result);
    return finish(result);
  }
  if (path.length === 0) {
    result.pathname = null;
    result.path = result.search ? `/${result.search}` : null;
    return finish(result);
  }
  return endPath(result, relative, path, endsAbsolute, removesAllDots, hasNoSlashes);
}

function takeHost(result, relative) {
  if (relative.host || relative.host === "") {
    if (result.host !== relative.host) result.auth = null;
    result.host = relative.host;
    result.port = relative.port;
  }
  if (relative.hostname || relative.hostname === "") {
    if (result.hostname !== relative.hostname) result.auth = null;
    result.hostname = relative.hostname;
  }
  result.search = relative.search;
  result.query = relative.query;
}

function endPath(result, relative, given, endsAbsolute, removesAllDots, hasNoSlashes) {
  const last = given[given.length - 1];
  const isDots = last === "." || last === "..";
  const endsWithSlash = ((result.host || relative.host || given.length > 1) && isDots) || last === "";
  const { path: kept, up } = withoutDots(given);
  const path = [];
  for (let count = 0; count < up && !endsAbsolute && !removesAllDots; count++) ArrayPrototypePush(path, "..");
  for (let at = 0; at < kept.length; at++) ArrayPrototypePush(path, kept[at]);
  if (endsAbsolute && path[0] !== "" && (!path[0] || path[0][0] !== "/")) ArrayPrototypeUnshift(path, "");
  const joined = ArrayPrototypeJoin(path, "/");
  if (endsWithSlash && joined[joined.length - 1] !== "/") ArrayPrototypePush(path, "");
  const isAbsolute = path[0] === "" || (path[0] && path[0][0] === "/");
  if (hasNoSlashes) {
    result.hostname = result.host = isAbsolute || path.length === 0 ? "" : ArrayPrototypeShift(path);
    splitAuth(result);
  }
  const mustBeAbsolute = endsAbsolute || (result.host && path.length > 0);
  if (mustBeAbsolute && !isAbsolute) ArrayPrototypeUnshift(path, "");
  if (path.length === 0) {
    result.pathname = null;
    result.path = null;
  } else {
    result.pathname = ArrayPrototypeJoin(path, "/");
  }
  setPath(result);
  result.auth = relative.auth || result.auth;
  result.slashes ||= relative.slashes;
  return finish(result);
}
