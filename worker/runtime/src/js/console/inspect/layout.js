// Layout: whether the parts of a value go on one line, on a line each, or in columns.

import { primordials } from "../../primordials.js";
import { spaces, stringWidth } from "./strings.js";

const {
  ArrayPrototypeJoin, ArrayPrototypePush, ArrayPrototypeSlice, ArrayPrototypeSort, MathFloor, MathMax, MathMin, MathRound, MathSqrt, StringPrototypeIncludes,
  StringPrototypePadEnd, StringPrototypePadStart,
} = primordials;

/** What the parts are, which decides on columns and on how keys are printed. */
export const kObjectParts = 0;
export const kArrayItems = 1;
export const kArrayParts = 2;

/** Sorts the last `count` parts; `order`: true, or a function that compares two. */
export function sortParts(parts, count, order) {
  const start = parts.length - count;
  const sorted = ArrayPrototypeSort(ArrayPrototypeSlice(parts, start), typeof order === "function" ? order : undefined);
  for (let at = 0; at < count; at++) parts[start + at] = sorted[at];
}

/** Puts braces and parts together. `value` is the array the parts came from, where there is one. */
export function layOut(ctx, parts, base, braces, kind, depth, value = undefined) {
  const lead = base === "" ? "" : `${base} `;
  if (ctx.compact !== true) {
    if (typeof ctx.compact === "number" && ctx.compact >= 1) {
      const entries = parts.length;
      if (kind === kArrayParts && entries > 6) parts = groupInColumns(ctx, parts, value);
      // At most `compact` inner levels share a line, and never what was grouped in columns.
      if (ctx.currentDepth - depth < ctx.compact && entries === parts.length) {
        const start = parts.length + ctx.indentation + braces[0].length + base.length + 10;
        if (fitsOnLine(ctx, parts, start, base)) {
          const joined = ArrayPrototypeJoin(parts, ", ");
          if (!StringPrototypeIncludes(joined, "\n")) return `${lead}${braces[0]} ${joined} ${braces[1]}`;
        }
      }
    }
    const newline = `\n${spaces(ctx.indentation)}`;
    return `${lead}${braces[0]}${newline}  ${ArrayPrototypeJoin(parts, `,${newline}  `)}${newline}${braces[1]}`;
  }
  if (fitsOnLine(ctx, parts, 0, base)) {
    return `${braces[0]}${base === "" ? "" : ` ${base}`} ${ArrayPrototypeJoin(parts, ", ")} ${braces[1]}`;
  }
  const newline = `\n${spaces(ctx.indentation)}`;
  const opening = base === "" && braces[0].length === 1 ? " " : `${base === "" ? "" : ` ${base}`}${newline}  `;
  return `${braces[0]}${opening}${ArrayPrototypeJoin(parts, `,${newline}  `)} ${braces[1]}`;
}

function fitsOnLine(ctx, parts, start, base) {
  let total = parts.length + start;
  if (total + parts.length > ctx.breakLength) return false;
  for (let i = 0; i < parts.length; i++) {
    total += ctx.colors ? stringWidth(parts[i], true) : parts[i].length;
    if (total > ctx.breakLength) return false;
  }
  return base === "" || !StringPrototypeIncludes(base, "\n");
}

// Arrays of more than six short entries are printed in columns, of about the shape of a square.
function groupInColumns(ctx, parts, value) {
  let totalLength = 0;
  let maxLength = 0;
  let count = parts.length;
  const hasRest = ctx.maxArrayLength < parts.length;
  if (hasRest) count--;
  const separator = 2;
  const widths = [];
  for (let i = 0; i < count; i++) {
    const width = stringWidth(parts[i], ctx.colors);
    ArrayPrototypePush(widths, width);
    totalLength += width + separator;
    if (width > maxLength) maxLength = width;
  }
  const actualMax = maxLength + separator;
  if (actualMax * 3 + ctx.indentation >= ctx.breakLength) return parts;
  if (totalLength / actualMax <= 5 && maxLength > 6) return parts;

  const bias = MathSqrt(actualMax - totalLength / parts.length);
  const biasedMax = MathMax(actualMax - 3 - bias, 1);
  const columns = MathMin(
    // A character is about 2.5 times as high as it is wide.
    MathRound(MathSqrt(2.5 * biasedMax * count) / biasedMax),
    MathFloor((ctx.breakLength - ctx.indentation) / actualMax),
    ctx.compact * 4,
    15,
  );
  if (columns <= 1) return parts;

  const columnWidths = [];
  for (let i = 0; i < columns; i++) {
    let width = 0;
    for (let j = i; j < count; j += columns) if (widths[j] > width) width = widths[j];
    ArrayPrototypePush(columnWidths, width + separator);
  }
  const pad = isNumeric(value, parts.length) ? StringPrototypePadStart : StringPrototypePadEnd;
  const rows = [];
  for (let i = 0; i < count; i += columns) {
    const max = MathMin(i + columns, count);
    let row = "";
    let j = i;
    for (; j < max - 1; j++) {
      row += pad(`${parts[j]}, `, columnWidths[j - i] + parts[j].length - widths[j], " ");
    }
    row += pad === StringPrototypePadStart
      ? StringPrototypePadStart(parts[j], columnWidths[j - i] + parts[j].length - widths[j] - separator, " ")
      : parts[j];
    ArrayPrototypePush(rows, row);
  }
  if (hasRest) ArrayPrototypePush(rows, parts[count]);
  return rows;
}

// Numbers are aligned to the right, if there is nothing else.
function isNumeric(value, count) {
  if (value === undefined) return true;
  for (let i = 0; i < count; i++) {
    const type = typeof value[i];
    if (type !== "number" && type !== "bigint") return false;
  }
  return true;
}
