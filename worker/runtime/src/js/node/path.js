// node:path: the functions for POSIX (nodejs.org/api/path.html).
// NANO: `win32` is not here.

import { primordials } from "../primordials.js";
import { validateObject, validateString } from "./internal/validators.js";

const {
  FunctionPrototypeBind, StringPrototypeCharCodeAt, StringPrototypeLastIndexOf, StringPrototypeSlice, StringPrototypeSplit,
} = primordials;

const kSlash = 47;
const kDot = 46;

const codeAt = StringPrototypeCharCodeAt;
const slice = StringPrototypeSlice;

/** Resolves `.` and `..`. `allowAboveRoot`: `..` at the start stays. */
function normalizeString(path, allowAboveRoot) {
  let result = "";
  let lastSegmentLength = 0;
  let lastSlash = -1;
  let dots = 0;
  for (let at = 0; at <= path.length; at++) {
    const code = at < path.length ? codeAt(path, at) : kSlash;
    if (code !== kSlash) {
      dots = code === kDot && dots !== -1 ? dots + 1 : -1;
      continue;
    }
    if (lastSlash !== at - 1 && dots !== 1) {
      if (dots === 2) {
        const isParent = result.length >= 2 && lastSegmentLength === 2 && slice(result, result.length - 2) === "..";
        if (result.length > 0 && !isParent) {
          const cut = StringPrototypeLastIndexOf(result, "/");
          result = cut === -1 ? "" : slice(result, 0, cut);
          lastSegmentLength = result.length - 1 - StringPrototypeLastIndexOf(result, "/");
        } else if (allowAboveRoot) {
          result += result.length > 0 ? "/.." : "..";
          lastSegmentLength = 2;
        }
      } else {
        const segment = slice(path, lastSlash + 1, at);
        result += result.length > 0 ? `/${segment}` : segment;
        lastSegmentLength = at - lastSlash - 1;
      }
    }
    lastSlash = at;
    dots = 0;
  }
  return result;
}

function isSlash(path, at) {
  return codeAt(path, at) === kSlash;
}

function resolve(...paths) {
  let resolved = "";
  let isAbsolutePath = false;
  for (let at = paths.length - 1; at >= 0 && !isAbsolutePath; at--) {
    const path = paths[at];
    validateString(path, `paths[${at}]`);
    if (path.length === 0) continue;
    resolved = `${path}/${resolved}`;
    isAbsolutePath = isSlash(path, 0);
  }
  // The working directory is the root.
  resolved = normalizeString(resolved, false);
  return `/${resolved}`;
}

function normalize(path) {
  validateString(path, "path");
  if (path.length === 0) return ".";
  const isAbsolutePath = isSlash(path, 0);
  const endsWithSlash = isSlash(path, path.length - 1);
  let result = normalizeString(path, !isAbsolutePath);
  if (result.length === 0) {
    if (isAbsolutePath) return "/";
    return endsWithSlash ? "./" : ".";
  }
  if (endsWithSlash) result += "/";
  return isAbsolutePath ? `/${result}` : result;
}

function isAbsolute(path) {
  validateString(path, "path");
  return path.length > 0 && isSlash(path, 0);
}

function join(...paths) {
  let joined;
  for (let at = 0; at < paths.length; at++) {
    validateString(paths[at], "path");
    if (paths[at].length > 0) joined = joined === undefined ? paths[at] : `${joined}/${paths[at]}`;
  }
  return joined === undefined ? "." : normalize(joined);
}

function relative(from, to) {
  validateString(from, "from");
  validateString(to, "to");
  if (from === to) return "";
  const source = resolve(from);
  const target = resolve(to);
  if (source === target) return "";
  const sourceLength = source.length - 1;
  const targetLength = target.length - 1;
  const length = sourceLength < targetLength ? sourceLength : targetLength;
  let lastCommon = -1;
  let at = 0;
  for (; at < length; at++) {
    const code = codeAt(source, at + 1);
    if (code !== codeAt(target, at + 1)) break;
    if (code === kSlash) lastCommon = at;
  }
  if (at === length) {
    if (targetLength > length) {
      if (isSlash(target, at + 1)) return slice(target, at + 2);
      if (at === 0) return slice(target, 1);
    } else if (sourceLength > length) {
      if (isSlash(source, at + 1)) lastCommon = at;
      else if (at === 0) lastCommon = 0;
    }
  }
  let result = "";
  for (at = lastCommon + 2; at <= source.length; at++) {
    if (at === source.length || isSlash(source, at)) result += result.length === 0 ? ".." : "/..";
  }
  return `${result}${slice(target, lastCommon + 1)}`;
}

function toNamespacedPath(path) {
  return path;
}

function dirname(path) {
  validateString(path, "path");
  if (path.length === 0) return ".";
  const hasRoot = isSlash(path, 0);
  let end = -1;
  let isInName = false;
  for (let at = path.length - 1; at >= 1; at--) {
    if (!isSlash(path, at)) {
      isInName = true;
    } else if (isInName) {
      end = at;
      break;
    }
  }
  if (end === -1) return hasRoot ? "/" : ".";
  if (hasRoot && end === 1) return "//";
  return slice(path, 0, end);
}

/** Where the last segment begins and ends, without slashes behind it. */
function lastSegment(path) {
  let end = path.length;
  while (end > 0 && isSlash(path, end - 1)) end--;
  let start = end;
  while (start > 0 && !isSlash(path, start - 1)) start--;
  return { start, end };
}

function basename(path, suffix = undefined) {
  if (suffix !== undefined) validateString(suffix, "suffix");
  validateString(path, "path");
  const { start, end } = lastSegment(path);
  if (suffix === undefined || suffix.length === 0 || suffix.length > path.length) return slice(path, start, end);
  if (suffix === path) return "";
  const name = slice(path, start, end);
  const cut = name.length - suffix.length;
  // A name that is the end of a longer suffix keeps its slashes: as Node.js has it.
  if (cut < 0 && slice(suffix, -cut) === name) return slice(path, start === end ? 0 : start);
  return cut > 0 && slice(name, cut) === suffix ? slice(name, 0, cut) : name;
}

/** Where the extension of the last segment begins; -1: it has none. */
function extensionAt(path, start, end) {
  for (let at = end - 1; at > start; at--) {
    if (codeAt(path, at) !== kDot) continue;
    // `..` alone is no name with an extension.
    return end - start === 2 && codeAt(path, start) === kDot ? -1 : at;
  }
  return -1;
}

function extname(path) {
  validateString(path, "path");
  const { start, end } = lastSegment(path);
  const at = extensionAt(path, start, end);
  return at === -1 ? "" : slice(path, at, end);
}

function formatWith(separator, object) {
  validateObject(object, "pathObject");
  const extension = object.ext ? `${codeAt(object.ext, 0) === kDot ? "" : "."}${object.ext}` : "";
  const base = object.base || `${object.name || ""}${extension}`;
  const directory = object.dir || object.root;
  if (!directory) return base;
  return directory === object.root ? `${directory}${base}` : `${directory}${separator}${base}`;
}

function parse(path) {
  validateString(path, "path");
  const result = { root: "", dir: "", base: "", ext: "", name: "" };
  if (path.length === 0) return result;
  const hasRoot = isSlash(path, 0);
  if (hasRoot) result.root = "/";
  const { start, end } = lastSegment(path);
  if (start < end) {
    const extension = extensionAt(path, start, end);
    result.base = slice(path, start, end);
    result.name = extension === -1 ? result.base : slice(path, start, extension);
    result.ext = extension === -1 ? "" : slice(path, extension, end);
  }
  if (start > (hasRoot ? 1 : 0)) result.dir = slice(path, 0, start - 1);
  else if (hasRoot) result.dir = "/";
  return result;
}

/** Whether a path matches a pattern of `*`, `**` and `?`; only `**` stands for several segments. */
function matchesGlob(path, pattern) {
  validateString(path, "path");
  validateString(pattern, "pattern");
  const segments = StringPrototypeSplit(path, "/");
  const patterns = StringPrototypeSplit(pattern, "/");
  return matchesAll(segments, patterns, (one) => one === "**", matchesSegment);
}

function matchesSegment(segment, pattern) {
  return matchesAll(segment, pattern, (one) => one === "*", (one, other) => one === other || other === "?");
}

/** Whether a list matches one of patterns, of which some stand for any number of items: those try further on. */
function matchesAll(list, patterns, isAny, matches) {
  let at = 0;
  let next = 0;
  let star = -1;
  let starAt = 0;
  while (at < list.length) {
    if (next < patterns.length && isAny(patterns[next])) {
      star = ++next;
      starAt = at;
    } else if (next < patterns.length && matches(list[at], patterns[next])) {
      at++;
      next++;
    } else if (star === -1) {
      return false;
    } else {
      at = ++starAt;
      next = star;
    }
  }
  while (next < patterns.length && isAny(patterns[next])) next++;
  return next === patterns.length;
}

const posix = {
  resolve,
  normalize,
  isAbsolute,
  join,
  relative,
  toNamespacedPath,
  dirname,
  basename,
  extname,
  format: FunctionPrototypeBind(formatWith, null, "/"),
  parse,
  matchesGlob,
  sep: "/",
  delimiter: ":",
  posix: null,
};
posix.posix = posix;

export const moduleExports = posix;
