// node:path: the functions for POSIX (nodejs.org/api/path.html); those for Windows are its `win32`.

import { primordials } from "../primordials.js";
import { validateString } from "./internal/validators.js";
import { extensionAt, formatWith, matchesGlobOf, normalizeString } from "./path/shared.js";
import { win32 } from "./path/win32.js";

const { FunctionPrototypeBind, StringPrototypeCharCodeAt, StringPrototypeSlice } = primordials;

const kSlash = 47;

const codeAt = StringPrototypeCharCodeAt;
const slice = StringPrototypeSlice;

function isSlashCode(code) {
  return code === kSlash;
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
  // The working directory is that of the app's files.
  if (!isAbsolutePath) resolved = `/bundle/${resolved}`;
  resolved = normalizeString(resolved, false, "/", isSlashCode);
  return `/${resolved}`;
}

function normalize(path) {
  validateString(path, "path");
  if (path.length === 0) return ".";
  const isAbsolutePath = isSlash(path, 0);
  const endsWithSlash = isSlash(path, path.length - 1);
  let result = normalizeString(path, !isAbsolutePath, "/", isSlashCode);
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

function extname(path) {
  validateString(path, "path");
  const { start, end } = lastSegment(path);
  const at = extensionAt(path, start, end);
  return at === -1 ? "" : slice(path, at, end);
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
  matchesGlob: (path, pattern) => matchesGlobOf(path, pattern, /[/]/),
  sep: "/",
  delimiter: ":",
  posix: null,
  win32,
};
posix.posix = win32.posix = posix;

export const moduleExports = posix;
