// What node:path's functions for POSIX and for Windows have in common.

import { primordials } from "../../primordials.js";
import { validateObject, validateString } from "../internal/validators.js";

const {
  ArrayPrototypePush, RegExpPrototypeExec, StringPrototypeCharCodeAt, StringPrototypeLastIndexOf, StringPrototypeSlice,
} = primordials;

const kSlash = 47;
const kDot = 46;

const codeAt = StringPrototypeCharCodeAt;
const slice = StringPrototypeSlice;

/** Resolves `.` and `..`. `allowAboveRoot`: `..` at the start stays. `isSeparator`: of a character's code. */
export function normalizeString(path, allowAboveRoot, separator, isSeparator) {
  let result = "";
  let lastSegmentLength = 0;
  let lastSlash = -1;
  let dots = 0;
  for (let at = 0; at <= path.length; at++) {
    const code = at < path.length ? codeAt(path, at) : kSlash;
    if (!isSeparator(code)) {
      dots = code === kDot && dots !== -1 ? dots + 1 : -1;
      continue;
    }
    if (lastSlash !== at - 1 && dots !== 1) {
      if (dots === 2) {
        const isParent = result.length >= 2 && lastSegmentLength === 2 && slice(result, result.length - 2) === "..";
        if (result.length > 0 && !isParent) {
          const cut = StringPrototypeLastIndexOf(result, separator);
          result = cut === -1 ? "" : slice(result, 0, cut);
          lastSegmentLength = result.length - 1 - StringPrototypeLastIndexOf(result, separator);
        } else if (allowAboveRoot) {
          result += result.length > 0 ? `${separator}..` : "..";
          lastSegmentLength = 2;
        }
      } else {
        const segment = slice(path, lastSlash + 1, at);
        result += result.length > 0 ? `${separator}${segment}` : segment;
        lastSegmentLength = at - lastSlash - 1;
      }
    }
    lastSlash = at;
    dots = 0;
  }
  return result;
}

/** Where the extension of the last segment begins; -1: it has none. */
export function extensionAt(path, start, end) {
  for (let at = end - 1; at > start; at--) {
    if (codeAt(path, at) !== kDot) continue;
    // `..` alone is no name with an extension.
    return end - start === 2 && codeAt(path, start) === kDot ? -1 : at;
  }
  return -1;
}

export function formatWith(separator, object) {
  validateObject(object, "pathObject");
  const extension = object.ext ? `${codeAt(object.ext, 0) === kDot ? "" : "."}${object.ext}` : "";
  const base = object.base || `${object.name || ""}${extension}`;
  const directory = object.dir || object.root;
  if (!directory) return base;
  return directory === object.root ? `${directory}${base}` : `${directory}${separator}${base}`;
}

/** `separator`: a pattern of one character. */
function splitAt(text, separator) {
  const parts = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    if (at < text.length && RegExpPrototypeExec(separator, text[at]) === null) continue;
    ArrayPrototypePush(parts, slice(text, start, at));
    start = at + 1;
  }
  return parts;
}

/** Whether a path matches a pattern of `*`, `**` and `?`; only `**` stands for several segments. */
export function matchesGlobOf(path, pattern, separator) {
  validateString(path, "path");
  validateString(pattern, "pattern");
  const segments = splitAt(path, separator);
  const patterns = splitAt(pattern, separator);
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
