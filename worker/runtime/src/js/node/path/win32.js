// node:path's functions for Windows (nodejs.org/api/path.html#windows-vs-posix).

import { primordials } from "../../primordials.js";
import { validateString } from "../internal/validators.js";
import { extensionAt, formatWith, matchesGlobOf, normalizeString } from "./shared.js";

const {
  ArrayPrototypeIncludes, ArrayPrototypeJoin, ArrayPrototypePush, ArrayPrototypeSlice, RegExpPrototypeExec, StringPrototypeCharCodeAt,
  StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeRepeat, StringPrototypeReplaceAll, StringPrototypeSlice,
  StringPrototypeSplit, StringPrototypeToLowerCase, StringPrototypeToUpperCase,
} = primordials;

const slice = StringPrototypeSlice;
const lower = StringPrototypeToLowerCase;

/** Names that are devices, whatever stands behind their colon. */
const kDevices = ["CON", "PRN", "AUX", "NUL"];
const digits = "123456789\u00b9\u00b2\u00b3";
for (let at = 0; at < digits.length; at++) ArrayPrototypePush(kDevices, `COM${digits[at]}`, `LPT${digits[at]}`);

function isDevice(text, colon) {
  return ArrayPrototypeIncludes(kDevices, StringPrototypeToUpperCase(slice(text, 0, colon)));
}

function isSeparatorCode(code) {
  return code === 47 || code === 92;
}

function isSeparator(path, at) {
  return isSeparatorCode(StringPrototypeCharCodeAt(path, at));
}

function hasDrive(path) {
  return RegExpPrototypeExec(/^[a-z]:/i, path) !== null;
}

/** `\\server\share`: its parts, and where they end; undefined: there is no share. */
function shareOf(path) {
  const found = RegExpPrototypeExec(/^[\\/]{2}([^\\/]+)[\\/]+([^\\/]*)/, path);
  if (found === null) return undefined;
  return { server: found[1], share: found[2], end: found[0].length };
}

/** What a path begins with: a device or share, and whether it is absolute there. `end`: where its other parts begin. */
function rootOf(path) {
  if (isSeparator(path, 0)) {
    const found = path.length > 1 && isSeparator(path, 1) ? shareOf(path) : undefined;
    if (found === undefined || found.share === "") return { device: "", isAbsolute: true, end: 1, share: undefined };
    const isLocal = found.server === "." || found.server === "?";
    const device = isLocal ? `\\\\${found.server}` : `\\\\${found.server}\\${found.share}`;
    return { device, isAbsolute: true, end: isLocal ? 4 : found.end, share: isLocal ? undefined : found };
  }
  if (!hasDrive(path)) return { device: "", isAbsolute: false, end: 0, share: undefined };
  const isAbsolute = path.length > 2 && isSeparator(path, 2);
  return { device: slice(path, 0, 2), isAbsolute, end: isAbsolute ? 3 : 2, share: undefined };
}

function normalizeTail(tail, allowAboveRoot) {
  return normalizeString(tail, allowAboveRoot, "\\", isSeparatorCode);
}

function resolve(...paths) {
  let device = "";
  let tail = "";
  let isAbsolute = false;
  for (let at = paths.length - 1; at >= -1; at--) {
    // The working directory is the root, of each device.
    let path = device === "" ? "/" : `${device}\\`;
    if (at >= 0) {
      path = paths[at];
      validateString(path, `paths[${at}]`);
      if (path.length === 0) continue;
    } else if (device === "" && (paths.length === 0 || (paths.length === 1 && (paths[0] === "" || paths[0] === ".")))) {
      return "\\";
    }
    const root = rootOf(path);
    if (root.device !== "") {
      if (device === "") ({ device } = root);
      else if (lower(root.device) !== lower(device)) continue;
    }
    if (!isAbsolute) {
      tail = `${slice(path, root.end)}\\${tail}`;
      ({ isAbsolute } = root);
    }
    if (isAbsolute && device !== "") break;
  }
  tail = normalizeTail(tail, !isAbsolute);
  return isAbsolute ? `${device}\\${tail}` : `${device}${tail}` || ".";
}

/** The root that normalize() goes by: devices by name are one too. */
function normalRootOf(path) {
  const root = rootOf(path);
  if (!isSeparator(path, 0) && !hasDrive(path)) {
    const colon = StringPrototypeIndexOf(path, ":");
    if (colon > 0 && isDevice(path, colon)) return { ...root, device: slice(path, 0, colon + 1), end: colon + 1 };
  }
  if (root.device === "\\\\." || root.device === "\\\\?") {
    const device = slice(path, 4, StringPrototypeIndexOf(path, ":") + 1);
    if (isDevice(device, device.length - 1)) return { ...root, device: `\\\\?\\${device}`, end: 4 + device.length };
  }
  return root;
}

/** Whether a relative path would be taken for a drive or a stream of a file. */
function looksLikeDrive(path, tail) {
  if (tail.length >= 2 && hasDrive(tail)) return true;
  for (let colon = StringPrototypeIndexOf(path, ":"); colon !== -1; colon = StringPrototypeIndexOf(path, ":", colon + 1)) {
    if (colon === path.length - 1 || isSeparator(path, colon + 1)) return true;
  }
  return false;
}

function normalize(path) {
  validateString(path, "path");
  if (path.length === 0) return ".";
  if (path.length === 1) return path === "/" ? "\\" : path;
  const { device, isAbsolute, end, share } = normalRootOf(path);
  if (share !== undefined && end === path.length) return `\\\\${share.server}\\${share.share}\\`;
  let tail = end < path.length ? normalizeTail(slice(path, end), !isAbsolute) : "";
  if (tail.length === 0 && !isAbsolute) tail = ".";
  if (tail.length > 0 && isSeparator(path, path.length - 1)) tail += "\\";
  if (!isAbsolute && device === "" && StringPrototypeIncludes(path, ":") && looksLikeDrive(path, tail)) return `.\\${tail}`;
  const colon = StringPrototypeIndexOf(path, ":");
  if (isDevice(path, colon)) return `.\\${device}${tail}`;
  return isAbsolute ? `${device}\\${tail}` : `${device}${tail}`;
}

function isAbsolute(path) {
  validateString(path, "path");
  return path.length > 0 && rootOf(path).isAbsolute;
}

function join(...paths) {
  const parts = [];
  for (let at = 0; at < paths.length; at++) {
    validateString(paths[at], "path");
    if (paths[at].length > 0) ArrayPrototypePush(parts, paths[at]);
  }
  if (parts.length === 0) return ".";
  let joined = ArrayPrototypeJoin(parts, "\\");
  // Two separators at the start are a share's only where the first part has them, with a name behind them.
  if (RegExpPrototypeExec(/^[\\/]{2}[^\\/]/, parts[0]) === null) {
    const separators = RegExpPrototypeExec(/^[\\/]*/, joined)?.[0].length ?? 0;
    if (separators >= 2) joined = `\\${slice(joined, separators)}`;
  }
  const names = StringPrototypeSplit(joined, "\\");
  for (let at = 0; at < names.length; at++) {
    const colon = StringPrototypeIndexOf(names[at], ":");
    if (colon !== -1 && isDevice(names[at], colon)) return StringPrototypeReplaceAll(joined, "/", "\\");
  }
  return normalize(joined);
}

function segments(path) {
  const found = RegExpPrototypeExec(/^\\*(.*?)\\*$/s, path);
  return StringPrototypeSplit(found?.[1] ?? "", "\\");
}

function relative(from, to) {
  validateString(from, "from");
  validateString(to, "to");
  if (from === to) return "";
  const source = resolve(from);
  const target = resolve(to);
  if (lower(source) === lower(target)) return "";
  const sources = segments(source);
  const targets = segments(target);
  let common = 0;
  while (common < sources.length && common < targets.length && lower(sources[common]) === lower(targets[common])) common++;
  if (common === 0 && lower(rootOf(source).device) !== lower(rootOf(target).device)) return target;
  const isRoot = (list) => list.length === 1 && list[0] === "";
  return up(isRoot(sources) ? [] : sources, isRoot(targets) ? [] : targets, common);
}

function up(sources, targets, common) {
  const ups = StringPrototypeRepeat("..\\", sources.length - common);
  const rest = ArrayPrototypeJoin(ArrayPrototypeSlice(targets, common), "\\");
  return rest === "" ? slice(ups, 0, -1) : ups + rest;
}

function toNamespacedPath(path) {
  if (typeof path !== "string" || path.length === 0) return path;
  const resolved = resolve(path);
  if (resolved.length <= 2) return path;
  if (RegExpPrototypeExec(/^\\\\[^?.]/, resolved) !== null) return `\\\\?\\UNC\\${slice(resolved, 2)}`;
  return RegExpPrototypeExec(/^[a-z]:\\/i, resolved) !== null ? `\\\\?\\${resolved}` : resolved;
}

/** Where the root ends, with its separator. */
function rootEnd(path) {
  if (path.length > 1 && isSeparator(path, 0) && isSeparator(path, 1)) {
    const found = shareOf(path);
    if (found === undefined || found.share === "") return 1;
    return found.end < path.length ? found.end + 1 : found.end;
  }
  return rootOf(path).end;
}

function dirname(path) {
  validateString(path, "path");
  if (path.length === 0) return ".";
  if (path.length === 1) return isSeparator(path, 0) ? path : ".";
  const root = rootEnd(path);
  if (root === path.length && shareOf(path) !== undefined) return path;
  let end = path.length;
  while (end > root && isSeparator(path, end - 1)) end--;
  while (end > root && !isSeparator(path, end - 1)) end--;
  if (end > root) return slice(path, 0, end - 1);
  return root === 0 ? "." : slice(path, 0, root);
}

/** Where the last segment begins and ends. */
function lastSegment(path) {
  const root = hasDrive(path) ? 2 : 0;
  let end = path.length;
  while (end > root && isSeparator(path, end - 1)) end--;
  let start = end;
  while (start > root && !isSeparator(path, start - 1)) start--;
  return { start, end };
}

function basename(path, suffix = undefined) {
  if (suffix !== undefined) validateString(suffix, "suffix");
  validateString(path, "path");
  const { start, end } = lastSegment(path);
  const name = slice(path, start, end);
  if (suffix === undefined || suffix.length === 0 || suffix.length > path.length) return name;
  if (suffix === path) return "";
  const cut = name.length - suffix.length;
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
  const root = path.length === 1 ? (isSeparator(path, 0) ? 1 : 0) : rootEnd(path);
  result.root = slice(path, 0, root);
  let end = path.length;
  while (end > root && isSeparator(path, end - 1)) end--;
  let start = end;
  while (start > root && !isSeparator(path, start - 1)) start--;
  if (start < end) {
    const extension = extensionAt(path, start, end);
    result.base = slice(path, start, end);
    result.name = extension === -1 ? result.base : slice(path, start, extension);
    result.ext = extension === -1 ? "" : slice(path, extension, end);
  }
  result.dir = start > root ? slice(path, 0, start - 1) : result.root;
  return result;
}

/** @type {any} */
export const win32 = {
  resolve,
  normalize,
  isAbsolute,
  join,
  relative,
  toNamespacedPath,
  dirname,
  basename,
  extname,
  format: (object) => formatWith("\\", object),
  parse,
  matchesGlob: (path, pattern) => matchesGlobOf(path, pattern, /[\\/]/),
  sep: "\\",
  delimiter: ";",
  win32: null,
  posix: null,
};
win32.win32 = win32;
