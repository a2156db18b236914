// util.isDeepStrictEqual() (nodejs.org/api/util.html#utilisdeepstrictequalval1-val2-options).

import { primordials } from "../../primordials.js";
import { moduleExports as types } from "./types.js";

const {
  ArrayBufferIsView, ArrayIsArray, ArrayPrototypePop, ArrayPrototypePush, BigIntPrototypeValueOf, BooleanPrototypeValueOf, DatePrototypeGetTime,
  MapPrototypeForEach, MapPrototypeGet, NumberPrototypeValueOf, StringPrototypeValueOf, SymbolPrototypeValueOf,
  MapPrototypeGetSize, MapPrototypeHas, ObjectGetOwnPropertySymbols, ObjectGetPrototypeOf, ObjectIs, ObjectKeys,
  ObjectPrototypeHasOwnProperty, ObjectPrototypePropertyIsEnumerable, ObjectPrototypeToString, RegExpPrototypeToString, SetPrototypeForEach,
  SetPrototypeGetSize, SetPrototypeHas, Uint8Array,
} = primordials;

/** Whether two values are the same, with what they contain. `pairs`: those that are being compared. */
export function isDeepStrictEqual(one, other, pairs = []) {
  if (ObjectIs(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (ObjectGetPrototypeOf(one) !== ObjectGetPrototypeOf(other)) return false;
  if (ObjectPrototypeToString(one) !== ObjectPrototypeToString(other)) return false;
  if (ArrayIsArray(one) !== ArrayIsArray(other)) return false;
  for (let at = 0; at < pairs.length; at++) {
    if (pairs[at].one === one) return pairs[at].other === other;
  }
  if (!sameInside(one, other)) return false;
  ArrayPrototypePush(pairs, { one, other });
  const isSame = sameProperties(one, other, pairs) && sameEntries(one, other, pairs);
  ArrayPrototypePop(pairs);
  return isSame;
}

/** What is in slots, not in properties. */
function sameInside(one, other) {
  if (types.isDate(one)) return types.isDate(other) && ObjectIs(DatePrototypeGetTime(one), DatePrototypeGetTime(other));
  if (types.isRegExp(one)) {
    return types.isRegExp(other) && RegExpPrototypeToString(one) === RegExpPrototypeToString(other) && one.lastIndex === other.lastIndex;
  }
  if (types.isNativeError(one)) {
    return types.isNativeError(other) && one.message === other.message && one.name === other.name;
  }
  if (types.isBoxedPrimitive(one)) return types.isBoxedPrimitive(other) && ObjectIs(primitiveOf(one), primitiveOf(other));
  if (ArrayBufferIsView(one)) return ArrayBufferIsView(other) && sameBytes(one, other);
  if (types.isAnyArrayBuffer(one)) return types.isAnyArrayBuffer(other) && sameBytes(new Uint8Array(one), new Uint8Array(other));
  if (types.isSet(one)) return types.isSet(other) && SetPrototypeGetSize(one) === SetPrototypeGetSize(other);
  if (types.isMap(one)) return types.isMap(other) && MapPrototypeGetSize(one) === MapPrototypeGetSize(other);
  // Nothing can be told of what these hold.
  return !types.isWeakMap(one) && !types.isWeakSet(one) && !types.isPromise(one);
}

/** What a boxed primitive is of. */
function primitiveOf(box) {
  if (types.isNumberObject(box)) return NumberPrototypeValueOf(box);
  if (types.isStringObject(box)) return StringPrototypeValueOf(box);
  if (types.isBooleanObject(box)) return BooleanPrototypeValueOf(box);
  return types.isBigIntObject(box) ? BigIntPrototypeValueOf(box) : SymbolPrototypeValueOf(box);
}

function sameBytes(one, other) {
  if (one.byteLength !== other.byteLength) return false;
  const a = new Uint8Array(one.buffer, one.byteOffset, one.byteLength);
  const b = new Uint8Array(other.buffer, other.byteOffset, other.byteLength);
  for (let at = 0; at < a.length; at++) {
    if (a[at] !== b[at]) return false;
  }
  return true;
}

function enumerableSymbols(object) {
  const symbols = ObjectGetOwnPropertySymbols(object);
  const found = [];
  for (let at = 0; at < symbols.length; at++) {
    if (ObjectPrototypePropertyIsEnumerable(object, symbols[at])) ArrayPrototypePush(found, symbols[at]);
  }
  return found;
}

function sameProperties(one, other, pairs) {
  // The items of a view were compared as bytes.
  const isView = ArrayBufferIsView(one);
  const lists = [isView ? [] : ObjectKeys(one), enumerableSymbols(one)];
  const others = [isView ? [] : ObjectKeys(other), enumerableSymbols(other)];
  for (let list = 0; list < lists.length; list++) {
    if (lists[list].length !== others[list].length) return false;
    for (let at = 0; at < lists[list].length; at++) {
      const key = lists[list][at];
      if (!ObjectPrototypeHasOwnProperty(other, key) || !ObjectPrototypePropertyIsEnumerable(other, key)) return false;
      if (!isDeepStrictEqual(one[key], other[key], pairs)) return false;
    }
  }
  return !ArrayIsArray(one) || one.length === other.length;
}

function sameEntries(one, other, pairs) {
  if (types.isSet(one)) return sameMembers(members(one), members(other), (value) => SetPrototypeHas(other, value), pairs);
  if (!types.isMap(one)) return true;
  let isSame = true;
  const rest = [];
  MapPrototypeForEach(one, (value, key) => {
    if (MapPrototypeHas(other, key)) isSame &&= isDeepStrictEqual(value, MapPrototypeGet(other, key), pairs);
    else ArrayPrototypePush(rest, [key, value]);
  });
  if (!isSame || rest.length === 0) return isSame;
  const candidates = [];
  MapPrototypeForEach(other, (value, key) => {
    if (!MapPrototypeHas(one, key)) ArrayPrototypePush(candidates, [key, value]);
  });
  return sameMembers(rest, candidates, () => false, pairs);
}

function members(set) {
  const list = [];
  SetPrototypeForEach(set, (value) => ArrayPrototypePush(list, value));
  return list;
}

/** Whether each of a list has one in the other that is the same; `has` knows those that are there themselves. */
function sameMembers(list, others, has, pairs) {
  const taken = [];
  for (let at = 0; at < list.length; at++) {
    if (has(list[at])) continue;
    if (typeof list[at] !== "object" || list[at] === null) return false;
    let found = false;
    for (let index = 0; index < others.length && !found; index++) {
      if (taken[index] || typeof others[index] !== "object") continue;
      found = taken[index] = isDeepStrictEqual(list[at], others[index], pairs);
    }
    if (!found) return false;
  }
  return true;
}
