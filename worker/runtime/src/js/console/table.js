// console.table: rows and columns in a box, as Node draws it.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { inspect } from "./inspect.js";
import { kMap, kMapIterator, kSet, kSetIterator } from "./inspect/kinds.js";
import { spaces, stringWidth } from "./inspect/strings.js";

const {
  ArrayIsArray, ArrayPrototypeIncludes, ArrayPrototypeJoin, ArrayPrototypePush, ArrayPrototypeUnshift, MapPrototypeForEach, MathMax,
  ObjectKeys, ObjectPrototypeHasOwnProperty, SetPrototypeForEach, StringPrototypeRepeat,
} = primordials;

/** The table of `data`, an object; `properties` names the columns wanted, or is undefined. */
export function formatTable(data, properties) {
  const kind = ops.valueKind(data);
  if (kind === kMap || kind === kMapIterator) {
    const entries = [];
    let isKeyed = true;
    if (kind === kMap) {
      MapPrototypeForEach(data, (value, key) => {
        ArrayPrototypePush(entries, key);
        ArrayPrototypePush(entries, value);
      });
    } else {
      const preview = ops.previewEntries(data);
      isKeyed = preview[1];
      if (!isKeyed) return valuesTable(preview[0]);
      for (let i = 0; i < preview[0].length; i++) ArrayPrototypePush(entries, preview[0][i]);
    }
    const keys = [];
    const values = [];
    for (let i = 0; i < entries.length; i += 2) {
      ArrayPrototypePush(keys, cell(entries[i]));
      ArrayPrototypePush(values, cell(entries[i + 1]));
    }
    return draw(["(iteration index)", "Key", "Values"], [indexes(keys.length), keys, values]);
  }
  if (kind === kSet || kind === kSetIterator) {
    if (kind === kSetIterator) return valuesTable(ops.previewEntries(data)[0]);
    const values = [];
    SetPrototypeForEach(data, (value) => ArrayPrototypePush(values, value));
    return valuesTable(values);
  }

  const rowKeys = ObjectKeys(data);
  const columnNames = [];
  const columns = [];
  const values = [];
  let hasPrimitives = false;
  for (let i = 0; i < rowKeys.length; i++) {
    const row = data[rowKeys[i]];
    if (row === null || (typeof row !== "object" && typeof row !== "function")) {
      hasPrimitives = true;
      values[i] = cell(row);
      continue;
    }
    const keys = properties ?? ObjectKeys(row);
    for (let j = 0; j < keys.length; j++) {
      const key = `${keys[j]}`;
      let column = columnNames.length;
      if (ArrayPrototypeIncludes(columnNames, key)) {
        column = primordials.ArrayPrototypeIndexOf(columnNames, key);
      } else {
        ArrayPrototypePush(columnNames, key);
        ArrayPrototypePush(columns, []);
      }
      columns[column][i] = ObjectPrototypeHasOwnProperty(row, key) ? cell(row[key]) : "";
    }
  }
  if (hasPrimitives) {
    ArrayPrototypePush(columnNames, "Values");
    ArrayPrototypePush(columns, values);
  }
  ArrayPrototypeUnshift(columnNames, "(index)");
  ArrayPrototypeUnshift(columns, rowKeys);
  return draw(columnNames, columns);
}

function valuesTable(list) {
  const values = [];
  for (let i = 0; i < list.length; i++) ArrayPrototypePush(values, cell(list[i]));
  return draw(["(iteration index)", "Values"], [indexes(values.length), values]);
}

function indexes(count) {
  const result = [];
  for (let i = 0; i < count; i++) ArrayPrototypePush(result, `${i}`);
  return result;
}

function cell(value) {
  const isLarge = value !== null && typeof value === "object" && !ArrayIsArray(value) && ObjectKeys(value).length > 2;
  return inspect(value, { __proto__: null, depth: isLarge ? -1 : 0, maxArrayLength: 3, breakLength: Infinity });
}

function draw(head, columns) {
  let rowCount = 0;
  for (let i = 0; i < columns.length; i++) rowCount = MathMax(rowCount, columns[i].length);
  const widths = [];
  for (let i = 0; i < head.length; i++) {
    let width = stringWidth(head[i]);
    for (let j = 0; j < rowCount; j++) width = MathMax(width, stringWidth(columns[i][j] ?? ""));
    ArrayPrototypePush(widths, width + 2);
  }
  let text = `${rule(widths, "\u250c", "\u252c", "\u2510")}\n${row(head, widths)}\n${rule(widths, "\u251c", "\u253c", "\u2524")}\n`;
  for (let j = 0; j < rowCount; j++) {
    const cells = [];
    for (let i = 0; i < columns.length; i++) ArrayPrototypePush(cells, columns[i][j] ?? "");
    text += `${row(cells, widths)}\n`;
  }
  return text + rule(widths, "\u2514", "\u2534", "\u2518");
}

function rule(widths, left, middle, right) {
  const parts = [];
  for (let i = 0; i < widths.length; i++) ArrayPrototypePush(parts, StringPrototypeRepeat("\u2500", widths[i]));
  return left + ArrayPrototypeJoin(parts, middle) + right;
}

function row(cells, widths) {
  const parts = [];
  for (let i = 0; i < cells.length; i++) {
    ArrayPrototypePush(parts, ` ${cells[i]}${spaces(widths[i] - stringWidth(cells[i]) - 1)}`);
  }
  return `\u2502${ArrayPrototypeJoin(parts, "\u2502")}\u2502`;
}
