// The parts of DataViews and module namespaces, and the heads of boxed primitives.

import { primordials } from "../../primordials.js";
import * as kinds from "./kinds.js";
import { kObjectParts } from "./layout.js";
import { keyText } from "./properties.js";
import { formatNumber, formatPrimitive } from "./strings.js";

const {
  ArrayPrototypePush, ArrayPrototypeSplice, BigIntPrototypeValueOf, BooleanPrototypeValueOf, NumberPrototypeValueOf,
  StringPrototypeValueOf, SymbolPrototypeValueOf,
} = primordials;

export function dataViewParts(ctx, view, depth) {
  const parts = [
    `byteLength: ${formatNumber(ctx, primordials.DataViewPrototypeGetByteLength(view))}`,
    `byteOffset: ${formatNumber(ctx, primordials.DataViewPrototypeGetByteOffset(view))}`,
  ];
  const { indentation } = ctx;
  ctx.indentation += 2;
  const buffer = ctx.formatValue(primordials.DataViewPrototypeGetBuffer(view), depth);
  ctx.indentation = indentation;
  ArrayPrototypePush(parts, `buffer: ${buffer}`);
  return parts;
}

export function namespaceParts(ctx, namespace, names, depth) {
  const parts = [];
  for (let i = 0; i < names.length; i++) {
    if (ctx.isExhausted()) break;
    try {
      ArrayPrototypePush(parts, ctx.formatProperty(namespace, depth, names[i], kObjectParts));
    } catch {
      ArrayPrototypePush(parts, `${keyText(ctx, names[i], true)}: ${ctx.stylize("<uninitialized>", "special")}`);
    }
  }
  return parts;
}

export function boxedBase(ctx, value, kind, keys, constructor, tag) {
  let type;
  let style;
  let primitive;
  switch (kind) {
    case kinds.kNumberObject:
      type = "Number";
      style = "number";
      primitive = NumberPrototypeValueOf(value);
      break;
    case kinds.kStringObject:
      type = "String";
      style = "string";
      primitive = StringPrototypeValueOf(value);
      // The characters are own properties, too.
      ArrayPrototypeSplice(keys, 0, primitive.length);
      break;
    case kinds.kBooleanObject:
      type = "Boolean";
      style = "boolean";
      primitive = BooleanPrototypeValueOf(value);
      break;
    case kinds.kBigIntObject:
      type = "BigInt";
      style = "bigint";
      primitive = BigIntPrototypeValueOf(value);
      break;
    default:
      type = "Symbol";
      style = "symbol";
      primitive = SymbolPrototypeValueOf(value);
  }
  let base = `[${type}`;
  if (type !== constructor) base += constructor === null ? " (null prototype)" : ` (${constructor})`;
  const { colors } = ctx;
  ctx.colors = false;
  base += `: ${formatPrimitive(ctx, primitive)}]`;
  ctx.colors = colors;
  if (tag !== "" && tag !== constructor) base += ` [${tag}]`;
  return keys.length === 0 ? ctx.stylize(base, style) : base;
}
