// Primitives and strings as Node prints them: which quotes, which escapes, how wide on a terminal.

import { primordials } from "../../primordials.js";

const {
  BigIntPrototypeToString, NumberPrototypeToString, ObjectIs, RegExpPrototypeExec,
  StringPrototypeCharCodeAt, StringPrototypeCodePointAt, StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeNormalize,
  StringPrototypePadStart, StringPrototypeSlice, StringPrototypeToUpperCase, SymbolPrototypeToString,
} = primordials;

// Control characters, quotes' own escape, the C1 range, and surrogates (paired ones are let through below).
const needsEscape = /[\x00-\x1f\x27\x5c\x7f-\x9f\ud800-\udfff]/;
const ansiSequence = /\u001b\[\d\d?m/g;

const shortEscapes = {
  __proto__: null, 8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 92: "\\\\",
};

function escapeCode(code) {
  const short = shortEscapes[code];
  if (short !== undefined) return short;
  return `\\x${StringPrototypePadStart(StringPrototypeToUpperCase(NumberPrototypeToString(code, 16)), 2, "0")}`;
}

/** A string in the quotes that need the fewest escapes: single, else double, else backticks. */
export function quote(string) {
  if (RegExpPrototypeExec(needsEscape, string) === null) return `'${string}'`;
  let mark = "'";
  if (StringPrototypeIncludes(string, "'")) {
    if (!StringPrototypeIncludes(string, '"')) mark = '"';
    else if (!StringPrototypeIncludes(string, "`") && !StringPrototypeIncludes(string, "${")) mark = "`";
  }
  return mark + escape(string, mark) + mark;
}

/** Escapes what cannot be printed as it is, and `mark` where it is the single quote. */
export function escape(string, mark = "") {
  let result = "";
  let from = 0;
  for (let i = 0; i < string.length; i++) {
    const code = StringPrototypeCharCodeAt(string, i);
    let replacement;
    if (code === 39) {
      if (mark !== "'") continue;
      replacement = "\\'";
    } else if (code === 92 || code < 32 || (code > 126 && code < 160)) {
      replacement = escapeCode(code);
    } else if (code >= 0xd800 && code <= 0xdfff) {
      const next = code <= 0xdbff && i + 1 < string.length ? StringPrototypeCharCodeAt(string, i + 1) : 0;
      if (next >= 0xdc00 && next <= 0xdfff) {
        i++;
        continue;
      }
      replacement = `\\u${NumberPrototypeToString(code, 16)}`;
    } else {
      continue;
    }
    result += StringPrototypeSlice(string, from, i) + replacement;
    from = i + 1;
  }
  return from === 0 ? string : result + StringPrototypeSlice(string, from);
}

export function formatNumber(ctx, number) {
  return ctx.stylize(ObjectIs(number, -0) ? "-0" : `${number}`, "number");
}

export function formatBigInt(ctx, bigint) {
  return ctx.stylize(`${BigIntPrototypeToString(bigint)}n`, "bigint");
}

/** Any primitive but null. */
export function formatPrimitive(ctx, value) {
  switch (typeof value) {
    case "string":
      return formatString(ctx, value);
    case "number":
      return formatNumber(ctx, value);
    case "bigint":
      return formatBigInt(ctx, value);
    case "boolean":
      return ctx.stylize(`${value}`, "boolean");
    case "undefined":
      return ctx.stylize("undefined", "undefined");
    default:
      return ctx.stylize(SymbolPrototypeToString(value), "symbol");
  }
}

function formatString(ctx, value) {
  let trailer = "";
  if (value.length > ctx.maxStringLength) {
    const remaining = value.length - ctx.maxStringLength;
    value = StringPrototypeSlice(value, 0, ctx.maxStringLength);
    trailer = `... ${remaining} more character${remaining > 1 ? "s" : ""}`;
  }
  if (ctx.compact !== true && value.length > 16 && value.length > ctx.breakLength - ctx.indentation - 4) {
    return formatLines(ctx, value) + trailer;
  }
  return ctx.stylize(quote(value), "string") + trailer;
}

// A long string of several lines becomes one literal per line, joined by plus signs.
function formatLines(ctx, value) {
  const glue = ` +\n${spaces(ctx.indentation + 2)}`;
  let result = "";
  let from = 0;
  while (from < value.length) {
    const newline = StringPrototypeIndexOf(value, "\n", from);
    const to = newline === -1 ? value.length : newline + 1;
    if (from > 0) result += glue;
    result += ctx.stylize(quote(StringPrototypeSlice(value, from, to)), "string");
    from = to;
  }
  return result;
}

/** `count` spaces. */
export function spaces(count) {
  return StringPrototypePadStart("", count, " ");
}

/** Every line but the first moved right by `count`. */
export function indentLines(string, count) {
  if (count === 0) return string;
  return replaceAll(string, /\n/g, `\n${spaces(count)}`);
}

/** `string` with each match of `pattern`, a global one, replaced; whatever the app made of RegExp.prototype. */
export function replaceAll(string, pattern, replacement) {
  let result = "";
  let from = 0;
  pattern.lastIndex = 0;
  for (let match = RegExpPrototypeExec(pattern, string); match !== null; match = RegExpPrototypeExec(pattern, string)) {
    result += StringPrototypeSlice(string, from, match.index) + replacement;
    from = match.index + match[0].length;
  }
  return from === 0 ? string : result + StringPrototypeSlice(string, from);
}

const plain = /[^\x20-\x7e]/;

/** Columns that a string takes on a terminal: wide characters take two, combining ones none. */
export function stringWidth(string, hasColors = false) {
  if (hasColors) string = replaceAll(string, ansiSequence, "");
  if (RegExpPrototypeExec(plain, string) === null) return string.length;
  string = StringPrototypeNormalize(string, "NFC");
  let width = 0;
  for (let i = 0; i < string.length; i++) {
    const code = StringPrototypeCodePointAt(string, i);
    if (code > 0xffff) i++;
    if (isWide(code)) width += 2;
    else if (!isZeroWidth(code)) width += 1;
  }
  return width;
}

function isWide(code) {
  return code >= 0x1100 && (
    code <= 0x115f || code === 0x2329 || code === 0x232a ||
    (code >= 0x2e80 && code <= 0x3247 && code !== 0x303f) || (code >= 0x3250 && code <= 0x4dbf) ||
    (code >= 0x4e00 && code <= 0xa4c6) || (code >= 0xa960 && code <= 0xa97c) || (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe10 && code <= 0xfe19) || (code >= 0xfe30 && code <= 0xfe6b) ||
    (code >= 0xff01 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1b000 && code <= 0x1b001) ||
    (code >= 0x1f200 && code <= 0x1f251) || (code >= 0x1f300 && code <= 0x1f64f) || (code >= 0x1f680 && code <= 0x1f6ff) ||
    (code >= 0x1f900 && code <= 0x1f9ff) || (code >= 0x20000 && code <= 0x3fffd)
  );
}

function isZeroWidth(code) {
  return code <= 0x1f || (code >= 0x7f && code <= 0x9f) || (code >= 0x300 && code <= 0x36f) ||
    (code >= 0x200b && code <= 0x200f) || (code >= 0x20d0 && code <= 0x20ff) || (code >= 0xfe00 && code <= 0xfe0f) ||
    (code >= 0xfe20 && code <= 0xfe2f) || (code >= 0xe0100 && code <= 0xe01ef);
}
