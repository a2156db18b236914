// Deep equality (nodejs.org/api/assert.html#assertdeepstrictequalactual-expected-message): strict, loose, or of a part.

import { primordials } from "../../primordials.js";
import { moduleExports as types } from "./types.js";

const {
  ArrayBufferIsView, ArrayIsArray, ArrayPrototypePush, BigIntPrototypeValueOf, BooleanPrototypeValueOf, DatePrototypeGetTime, Map,
  MapPrototypeDelete, MapPrototypeForEach, MapPrototypeGet, MapPrototypeGetSize, MapPrototypeHas, MapPrototypeSet, NumberIsNaN,
  NumberPrototypeValueOf, ObjectGetOwnPropertySymbols, ObjectGetPrototypeOf, ObjectIs, ObjectKeys, ObjectPrototypeHasOwnProperty,
  ObjectPrototypePropertyIsEnumerable, ObjectPrototypeToString, RegExpPrototypeToString, SetPrototypeForEach, SetPrototypeGetSize,
  SetPrototypeHas, StringPrototypeValueOf, SymbolPrototypeValueOf, TypedArrayPrototypeGetSymbolToStringTag, Uint8Array,
} = primordials;

const kStrict = 0;
/** As `==` compares, whatever prototypes there are. */
const kLoose = 1;
/** What the other has; there may be more. */
const kPartial = 2;

/** `skipsPrototype`: whether prototypes may differ. */
export function isDeepStrictEqual(one, other, skipsPrototype = false) {
  return isSame(one, other, { mode: kStrict, skipsPrototype, pairs: new Map() });
}

export function isDeepEqual(one, other) {
  return isSame(one, other, { mode: kLoose, skipsPrototype: true, pairs: new Map() });
}

/** Whether `one` has all that `other` has. */
export function isPartialStrictEqual(one, other) {
  return isSame(one, other, { mode: kPartial, skipsPrototype: false, pairs: new Map() });
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}

/** `comparison.pairs`: those that are being compared, the first to the second. */
function isSame(one, other, comparison) {
  const { mode, pairs } = comparison;
  if (mode === kLoose) {
    if (one === other) return true;
    // eslint-disable-next-line eqeqeq
    if (!isObject(one) || !isObject(other)) return !isObject(one) && !isObject(other) && (one == other || bothNaN(one, other));
  } else {
    if (ObjectIs(one, other)) return true;
    if (!isObject(one) || !isObject(other)) return false;
    if (!comparison.skipsPrototype && ObjectGetPrototypeOf(one) !== ObjectGetPrototypeOf(other)) return false;
  }
  if (ObjectPrototypeToString(one) !== ObjectPrototypeToString(other)) return false;
  if (ArrayIsArray(one) !== ArrayIsArray(other)) return false;
  if (MapPrototypeHas(pairs, one)) return MapPrototypeGet(pairs, one) === other;
  if (!sameInside(one, other, comparison)) return false;
  MapPrototypeSet(pairs, one, other);
  const result = sameProperties(one, other, comparison) && sameEntries(one, other, comparison);
  MapPrototypeDelete(pairs, one);
  return result;
}

function bothNaN(one, other) {
  return NumberIsNaN(one) && NumberIsNaN(other);
}

/** What is in slots, not in properties. */
function sameInside(one, other, comparison) {
  const isPartial = comparison.mode === kPartial;
  if (types.isDate(one)) return types.isDate(other) && ObjectIs(DatePrototypeGetTime(one), DatePrototypeGetTime(other));
  if (types.isRegExp(one)) {
    return types.isRegExp(other) && RegExpPrototypeToString(one) === RegExpPrototypeToString(other) && one.lastIndex === other.lastIndex;
  }
  if (types.isNativeError(one)) return types.isNativeError(other) && sameError(one, other, comparison);
  if (types.isBoxedPrimitive(one)) return types.isBoxedPrimitive(other) && ObjectIs(primitiveOf(one), primitiveOf(other));
  if (types.isBoxedPrimitive(other)) return false;
  if (ArrayBufferIsView(one)) return ArrayBufferIsView(other) && sameView(one, other, comparison);
  if (types.isAnyArrayBuffer(one)) return types.isAnyArrayBuffer(other) && sameBytes(new Uint8Array(one), new Uint8Array(other), isPartial);
  if (types.isSet(one)) return types.isSet(other) && sameCount(SetPrototypeGetSize(one), SetPrototypeGetSize(other), isPartial);
  if (types.isMap(one)) return types.isMap(other) && sameCount(MapPrototypeGetSize(one), MapPrototypeGetSize(other), isPartial);
  // Nothing can be told of what these hold.
  return !types.isWeakMap(one) && !types.isWeakSet(one) && !types.isPromise(one);
}

function sameCount(one, other, isPartial) {
  return isPartial ? one >= other : one === other;
}

/** What an error has, which its properties do not list. */
function sameError(one, other, comparison) {
  if (one.message !== other.message || one.name !== other.name) return false;
  return sameHidden(one, other, "cause", comparison) && sameHidden(one, other, "errors", comparison);
}

function sameHidden(one, other, name, comparison) {
  const isThere = ObjectPrototypeHasOwnProperty(one, name);
  if (isThere !== ObjectPrototypeHasOwnProperty(other, name)) return comparison.mode === kPartial && isThere;
  return !isThere || isSame(one[name], other[name], comparison);
}

/** What a boxed primitive is of. */
function primitiveOf(box) {
  if (types.isNumberObject(box)) return NumberPrototypeValueOf(box);
  if (types.isStringObject(box)) return StringPrototypeValueOf(box);
  if (types.isBooleanObject(box)) return BooleanPrototypeValueOf(box);
  return types.isBigIntObject(box) ? BigIntPrototypeValueOf(box) : SymbolPrototypeValueOf(box);
}

function sameView(one, other, { mode }) {
  const kind = TypedArrayPrototypeGetSymbolToStringTag(one);
  if (mode === kLoose && (kind === "Float16Array" || kind === "Float32Array" || kind === "Float64Array")) {
    if (one.length !== other.length) return false;
    for (let at = 0; at < one.length; at++) {
      if (one[at] !== other[at] && !bothNaN(one[at], other[at])) return false;
    }
    return true;
  }
  return sameBytes(bytesOf(one), bytesOf(other), mode === kPartial);
}

function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function sameBytes(one, other, isPartial) {
  if (!sameCount(one.length, other.length, isPartial)) return false;
  for (let at = 0; at < other.length; at++) {
    if (one[at] !== other[at]) return false;
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

function sameProperties(one, other, comparison) {
  const { mode } = comparison;
  if (mode === kPartial && ArrayIsArray(one)) return hasItems(one, other, comparison);
  // The items of a view were compared as bytes.
  const isView = ArrayBufferIsView(one);
  if (!isView && !sameKeys(one, other, ObjectKeys(one), ObjectKeys(other), comparison)) return false;
  if (mode !== kLoose && !sameKeys(one, other, enumerableSymbols(one), enumerableSymbols(other), comparison)) return false;
  return !ArrayIsArray(one) || one.length === other.length;
}

function sameKeys(one, other, keys, others, comparison) {
  if (!sameCount(keys.length, others.length, comparison.mode === kPartial)) return false;
  for (let at = 0; at < others.length; at++) {
    if (!ObjectPrototypePropertyIsEnumerable(one, others[at])) return false;
    if (!isSame(one[others[at]], other[others[at]], comparison)) return false;
  }
  return true;
}

/** Whether a list has the items of another in their order, with more between them. */
function hasItems(one, other, comparison) {
  let at = 0;
  for (let index = 0; index < other.length; index++) {
    while (at < one.length && !isSame(one[at], other[index], comparison)) at++;
    if (at++ >= one.length) return false;
  }
  return true;
}

function sameEntries(one, other, comparison) {
  if (types.isSet(one)) return hasMembers(one, other, comparison);
  return !types.isMap(one) || hasEntries(one, other, comparison);
}

/** Whether each member of the other set is in the first one, or one that is the same. */
function hasMembers(one, other, comparison) {
  const wanted = [];
  const candidates = [];
  SetPrototypeForEach(other, (value) => {
    if (!SetPrototypeHas(one, value)) ArrayPrototypePush(wanted, value);
  });
  SetPrototypeForEach(one, (value) => {
    if (!SetPrototypeHas(other, value)) ArrayPrototypePush(candidates, value);
  });
  return match(wanted, candidates, comparison, (value, candidate) => isSame(candidate, value, comparison));
}

function hasEntries(one, other, comparison) {
  let result = true;
  const wanted = [];
  MapPrototypeForEach(other, (value, key) => {
    if (MapPrototypeHas(one, key)) result &&= isSame(MapPrototypeGet(one, key), value, comparison);
    else ArrayPrototypePush(wanted, { key, value });
  });
  if (!result || wanted.length === 0) return result;
  const candidates = [];
  MapPrototypeForEach(one, (value, key) => {
    if (!MapPrototypeHas(other, key)) ArrayPrototypePush(candidates, { key, value });
  });
  return match(wanted, candidates, comparison, (entry, candidate) => (
    (comparison.mode === kLoose || isObject(entry.key)) && isSame(candidate.key, entry.key, comparison) &&
    isSame(candidate.value, entry.value, comparison)
  ));
}

/** Whether each of a list has a candidate of its own. */
function match(wanted, candidates, { mode }, matches) {
  const taken = [];
  for (let at = 0; at < wanted.length; at++) {
    // A primitive that is not there is the same as no other one, but loosely.
    if (mode !== kLoose && typeof wanted[at] !== "object") return false;
    let found = false;
    for (let index = 0; index < candidates.length && !found; index++) {
      if (!taken[index]) found = taken[index] = matches(wanted[at], candidates[index]);
    }
    if (!found) return false;
  }
  return true;
}
