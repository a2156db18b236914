// The contents of arrays, typed arrays, maps, sets, iterators, buffers and promises, as lists of parts.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { kArrayItems, kArrayParts, layOut } from "./layout.js";
import { formatBigInt, formatNumber, replaceAll } from "./strings.js";

const {
  ArrayPrototypePush, MapPrototypeForEach, MathMax, MathMin, NumberPrototypeToString, ObjectKeys,
  ObjectPrototypeHasOwnProperty, RegExpPrototypeExec, SetPrototypeForEach, StringPrototypePadStart,
  TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength, Uint8Array,
} = primordials;

function moreItems(count, unit = "item") {
  return `... ${count} more ${unit}${count > 1 ? "s" : ""}`;
}

function itemLimit(ctx, length) {
  return MathMin(MathMax(0, ctx.maxArrayLength), length);
}

export function arrayParts(ctx, array, depth) {
  const { length } = array;
  const limit = itemLimit(ctx, length);
  const parts = [];
  let i = 0;
  for (; i < limit; i++) {
    if (!ObjectPrototypeHasOwnProperty(array, i)) return sparseParts(ctx, array, depth, limit, parts, i);
    if (ctx.isExhausted()) break;
    ArrayPrototypePush(parts, ctx.formatProperty(array, depth, i, kArrayItems));
  }
  if (length > i) ArrayPrototypePush(parts, moreItems(length - i));
  return parts;
}

const arrayIndex = /^(0|[1-9][0-9]*)$/;

function emptyItems(count) {
  return `<${count} empty item${count > 1 ? "s" : ""}>`;
}

function sparseParts(ctx, array, depth, limit, parts, from) {
  const keys = ObjectKeys(array);
  let index = from;
  for (let i = from; i < keys.length && parts.length < limit; i++) {
    const key = keys[i];
    if (+key > 2 ** 32 - 2) break;
    if (`${index}` !== key) {
      if (RegExpPrototypeExec(arrayIndex, key) === null) break;
      ArrayPrototypePush(parts, ctx.stylize(emptyItems(+key - index), "undefined"));
      index = +key;
      if (parts.length === limit) break;
    }
    ArrayPrototypePush(parts, ctx.formatProperty(array, depth, key, kArrayItems));
    index++;
  }
  const remaining = array.length - index;
  if (remaining > 0) {
    ArrayPrototypePush(
      parts,
      parts.length === limit ? moreItems(remaining) : ctx.stylize(emptyItems(remaining), "undefined"),
    );
  }
  return parts;
}

export function typedArrayParts(ctx, array, depth) {
  const length = TypedArrayPrototypeGetLength(array);
  const limit = itemLimit(ctx, length);
  const format = length > 0 && typeof array[0] === "bigint" ? formatBigInt : formatNumber;
  const parts = [];
  for (let i = 0; i < limit; i++) ArrayPrototypePush(parts, format(ctx, array[i]));
  if (length > limit) ArrayPrototypePush(parts, moreItems(length - limit));
  if (ctx.showHidden) {
    ctx.indentation += 2;
    ArrayPrototypePush(parts, `[BYTES_PER_ELEMENT]: ${ctx.formatValue(array.BYTES_PER_ELEMENT, depth)}`);
    ArrayPrototypePush(parts, `[length]: ${ctx.formatValue(length, depth)}`);
    ArrayPrototypePush(parts, `[byteLength]: ${ctx.formatValue(TypedArrayPrototypeGetByteLength(array), depth)}`);
    ArrayPrototypePush(parts, `[byteOffset]: ${ctx.formatValue(TypedArrayPrototypeGetByteOffset(array), depth)}`);
    ArrayPrototypePush(parts, `[buffer]: ${ctx.formatValue(TypedArrayPrototypeGetBuffer(array), depth, true)}`);
    ctx.indentation -= 2;
  }
  return parts;
}

export function setParts(ctx, set, size, depth) {
  const limit = itemLimit(ctx, size);
  const parts = [];
  ctx.indentation += 2;
  SetPrototypeForEach(set, (value) => {
    if (parts.length < limit && !ctx.isExhausted()) ArrayPrototypePush(parts, ctx.formatValue(value, depth));
  });
  if (size > parts.length) ArrayPrototypePush(parts, moreItems(size - parts.length));
  ctx.indentation -= 2;
  return parts;
}

export function mapParts(ctx, map, size, depth) {
  const limit = itemLimit(ctx, size);
  const parts = [];
  ctx.indentation += 2;
  MapPrototypeForEach(map, (value, key) => {
    if (parts.length >= limit || ctx.isExhausted()) return;
    ArrayPrototypePush(parts, `${ctx.formatValue(key, depth)} => ${ctx.formatValue(value, depth)}`);
  });
  if (size > parts.length) ArrayPrototypePush(parts, moreItems(size - parts.length));
  ctx.indentation -= 2;
  return parts;
}

/** What a Map's or Set's iterator would still return. `braces` are changed for an iterator of entries. */
export function iteratorParts(ctx, iterator, depth, braces) {
  const preview = ops.previewEntries(iterator);
  const entries = preview[0];
  if (preview[1]) {
    braces[0] = replaceAll(braces[0], / Iterator] \{$/g, " Entries] {");
    return entryParts(ctx, entries, depth);
  }
  const limit = itemLimit(ctx, entries.length);
  const parts = [];
  ctx.indentation += 2;
  for (let i = 0; i < limit; i++) ArrayPrototypePush(parts, ctx.formatValue(entries[i], depth));
  ctx.indentation -= 2;
  if (entries.length > limit) ArrayPrototypePush(parts, moreItems(entries.length - limit));
  return parts;
}

function entryParts(ctx, entries, depth) {
  const count = entries.length / 2;
  const limit = itemLimit(ctx, count);
  const parts = [];
  ctx.indentation += 2;
  for (let i = 0; i < limit; i++) {
    const pair = [ctx.formatValue(entries[i * 2], depth), ctx.formatValue(entries[i * 2 + 1], depth)];
    ArrayPrototypePush(parts, layOut(ctx, pair, "", ["[", "]"], kArrayParts, depth));
  }
  ctx.indentation -= 2;
  if (count > limit) ArrayPrototypePush(parts, moreItems(count - limit));
  return parts;
}

export function arrayBufferParts(ctx, buffer) {
  let bytes;
  try {
    bytes = new Uint8Array(buffer);
  } catch {
    return [ctx.stylize("(detached)", "special")];
  }
  const length = TypedArrayPrototypeGetLength(bytes);
  const limit = itemLimit(ctx, length);
  let hex = "";
  for (let i = 0; i < limit; i++) {
    if (i > 0) hex += " ";
    hex += StringPrototypePadStart(NumberPrototypeToString(bytes[i], 16), 2, "0");
  }
  if (length > limit) hex += ` ${moreItems(length - limit, "byte")}`;
  return [`${ctx.stylize("[Uint8Contents]", "special")}: <${hex}>`];
}

export function promiseParts(ctx, promise, depth) {
  const details = ops.promiseDetails(promise);
  if (details[0] === 0) return [ctx.stylize("<pending>", "special")];
  ctx.indentation += 2;
  const text = ctx.formatValue(details[1], depth);
  ctx.indentation -= 2;
  return [details[0] === 2 ? `${ctx.stylize("<rejected>", "special")} ${text}` : text];
}
