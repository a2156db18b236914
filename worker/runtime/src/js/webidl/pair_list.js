// Lists of names and values, as FormData, URLSearchParams and Headers hold them: in order, with names that may be there
// more than once. Their size is a client's choice, and apps call one of these operations for each pair: so none of them
// looks at the whole list once it is long.
//
// The pairs stand in a flat array `[name, value, …]`. A long list has an index from names to places, and pairs that were
// deleted from it leave a gap, two nulls, until there are more gaps than pairs. What iterates counts pairs, not places;
// where there are gaps, a tree of counts (Fenwick's) finds the place of a pair by its number.

import { primordials } from "../primordials.js";

const {
  ArrayPrototypePush, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, Set, SetIteratorPrototypeNext,
  SetPrototypeAdd, SetPrototypeDelete, SetPrototypeForEach, SetPrototypeGetSize, SetPrototypeValues, Uint32Array,
} = primordials;

/** From so many pairs on, a list has an index. */
const indexFrom = 32;

/** Where something that iterates over a list is: the number of the next pair, and its place while the list stays as it is. */
export class Cursor {
  #pair = 0;
  #place = 0;
  #version = -1;

  /** The index in `items` of the next pair's name, -1 at the end; a pair that is appended later is still to come then. */
  static next(cursor, list) {
    if (cursor.#pair >= list.size) return -1;
    const place = list.placeOf(cursor.#pair, cursor.#version, cursor.#place);
    cursor.#version = list.version;
    cursor.#place = place;
    cursor.#place++;
    cursor.#pair++;
    return place * 2;
  }

  static copy(cursor) {
    const copy = new Cursor();
    copy.#pair = cursor.#pair;
    return copy;
  }
}

export class PairList {
  /** `[name, value, …]`, with gaps; `settled` closes them. Becomes the list's own. */
  items;
  /** Changes with every change that moves pairs. */
  version = 0;
  #gaps = 0;
  // Name → its place, or a Set of its places in ascending order; null until it is needed.
  #byName = null;
  // The same for names with their values.
  #byPair = null;
  #tree = null;

  constructor(items) {
    this.items = items;
  }

  /** The number of pairs. */
  get size() {
    return this.items.length / 2 - this.#gaps;
  }

  /** The array without gaps. */
  settled() {
    if (this.#gaps > 0) this.#closeGaps();
    return this.items;
  }

  /** Takes other pairs. */
  replace(items) {
    this.items = items;
    this.#gaps = 0;
    this.#forget();
  }

  append(name, value) {
    const place = this.items.length / 2;
    ArrayPrototypePush(this.items, name);
    ArrayPrototypePush(this.items, value);
    if (this.#byName !== null) add(this.#byName, name, place);
    if (this.#byPair !== null) add(this.#byPair, pairKey(name, value), place);
    if (this.#tree !== null) this.#count(place, 1);
  }

  /** The first value of a name; undefined where there is none. */
  get(name) {
    const place = this.#first(name);
    return place === -1 ? undefined : this.items[place * 2 + 1];
  }

  getAll(name) {
    const values = [];
    const { items } = this;
    this.#forEachPlace(name, (place) => ArrayPrototypePush(values, items[place * 2 + 1]));
    return values;
  }

  has(name) {
    return this.#first(name) !== -1;
  }

  hasPair(name, value) {
    if (this.#usesPairs(name)) return MapPrototypeGet(this.#byPair, pairKey(name, value)) !== undefined;
    let found = false;
    const { items } = this;
    this.#forEachPlace(name, (place) => {
      if (items[place * 2 + 1] === value) found = true;
    });
    return found;
  }

  /** Deletes all pairs of a name. */
  delete(name) {
    const { items } = this;
    if (!this.#isIndexed()) {
      this.#keep((i) => items[i] !== name);
      return;
    }
    const places = MapPrototypeGet(this.#byName, name);
    if (places === undefined) return;
    MapPrototypeDelete(this.#byName, name);
    forEach(places, (place) => this.#drop(place, null));
    this.#afterDrop();
  }

  /** Deletes the pairs of a name that have this value. */
  deletePair(name, value) {
    const { items } = this;
    if (!this.#isIndexed()) {
      this.#keep((i) => items[i] !== name || items[i + 1] !== value);
      return;
    }
    const places = [];
    const collect = (place) => {
      if (items[place * 2 + 1] === value) ArrayPrototypePush(places, place);
    };
    if (this.#usesPairs(name)) forEach(MapPrototypeGet(this.#byPair, pairKey(name, value)), collect);
    else forEach(MapPrototypeGet(this.#byName, name), collect);
    for (let i = 0; i < places.length; i++) this.#drop(places[i], name);
    this.#afterDrop();
  }

  /** Gives the first pair of a name this value and deletes the others, or appends one. */
  set(name, value) {
    const first = this.#first(name);
    if (first === -1) {
      this.append(name, value);
      return;
    }
    const { items } = this;
    if (!this.#isIndexed()) {
      this.#keep((i) => items[i] !== name || i === first * 2);
      items[first * 2 + 1] = value;
      return;
    }
    const places = MapPrototypeGet(this.#byName, name);
    if (typeof places !== "number") {
      forEach(places, (place) => {
        if (place !== first) this.#drop(place, null);
      });
      MapPrototypeSet(this.#byName, name, first);
    }
    if (this.#byPair !== null) {
      remove(this.#byPair, pairKey(name, items[first * 2 + 1]), first);
      add(this.#byPair, pairKey(name, value), first);
    }
    items[first * 2 + 1] = value;
    this.#afterDrop();
  }

  /** For Cursor: the place of a pair that is there, by its number, or known since `version` to be no earlier than `place`. */
  placeOf(pair, version, place) {
    if (this.#gaps === 0) return pair;
    if (version !== this.version) return this.#select(pair);
    const { items } = this;
    while (items[place * 2] === null) place++;
    return place;
  }

  // ---- the index ----

  #isIndexed() {
    if (this.#byName !== null) return true;
    const { items } = this;
    if (items.length < indexFrom * 2) return false;
    const byName = new Map();
    for (let i = 0; i < items.length; i += 2) add(byName, items[i], i / 2);
    this.#byName = byName;
    return true;
  }

  // Whether the name is there so often that its pairs are found by their values.
  #usesPairs(name) {
    if (!this.#isIndexed()) return false;
    const places = MapPrototypeGet(this.#byName, name);
    if (places === undefined || typeof places === "number" || SetPrototypeGetSize(places) < indexFrom) return false;
    if (this.#byPair !== null) return true;
    const byPair = new Map();
    const { items } = this;
    for (let i = 0; i < items.length; i += 2) if (items[i] !== null) add(byPair, pairKey(items[i], items[i + 1]), i / 2);
    this.#byPair = byPair;
    return true;
  }

  #first(name) {
    if (this.#isIndexed()) {
      const places = MapPrototypeGet(this.#byName, name);
      if (places === undefined) return -1;
      return typeof places === "number" ? places : SetIteratorPrototypeNext(SetPrototypeValues(places)).value;
    }
    const { items } = this;
    for (let i = 0; i < items.length; i += 2) if (items[i] === name) return i / 2;
    return -1;
  }

  #forEachPlace(name, visit) {
    if (this.#isIndexed()) {
      forEach(MapPrototypeGet(this.#byName, name), visit);
      return;
    }
    const { items } = this;
    for (let i = 0; i < items.length; i += 2) if (items[i] === name) visit(i / 2);
  }

  #forget() {
    this.version++;
    this.#byName = null;
    this.#byPair = null;
    this.#tree = null;
  }

  // ---- gaps ----

  // Makes a gap of the pair at `place`. `name`: where it is still to be taken out of the index.
  #drop(place, name) {
    const { items } = this;
    if (name !== null) remove(this.#byName, name, place);
    if (this.#byPair !== null) remove(this.#byPair, pairKey(items[place * 2], items[place * 2 + 1]), place);
    items[place * 2] = null;
    items[place * 2 + 1] = null;
    this.#gaps++;
    this.version++;
    if (this.#tree !== null) this.#count(place, -1);
  }

  #afterDrop() {
    if (this.#gaps > indexFrom && this.#gaps > this.size) this.#closeGaps();
  }

  #closeGaps() {
    const { items } = this;
    this.#keep((i) => items[i] !== null);
    this.#gaps = 0;
    this.#forget();
  }

  // Keeps the pairs at the indexes for which `isKept` says so, in a list without index.
  #keep(isKept) {
    const { items } = this;
    let to = 0;
    for (let from = 0; from < items.length; from += 2) {
      if (!isKept(from)) continue;
      if (to !== from) {
        items[to] = items[from];
        items[to + 1] = items[from + 1];
      }
      to += 2;
    }
    if (to === items.length) return;
    items.length = to;
    this.version++;
  }

  // ---- the tree: node i counts the pairs at the places from i - (i & -i) to i - 1 ----

  #count(place, change) {
    const tree = this.#tree;
    if (place + 1 >= tree.length) {
      this.#tree = null;
      return;
    }
    for (let i = place + 1; i < tree.length; i += i & -i) tree[i] += change;
  }

  #select(pair) {
    const tree = this.#tree ??= treeOf(this.items);
    let place = 0;
    let left = pair + 1;
    for (let step = (tree.length - 1) >>> 0; step > 0; step >>>= 1) {
      const next = place + step;
      if (next < tree.length && tree[next] < left) {
        place = next;
        left -= tree[next];
      }
    }
    return place;
  }
}

// A tree with room for twice as many pairs; its length is one more than a power of two.
function treeOf(items) {
  let capacity = 1;
  while (capacity < items.length) capacity *= 2;
  const tree = new Uint32Array(capacity + 1);
  for (let i = 0; i < items.length; i += 2) if (items[i] !== null) tree[i / 2 + 1] = 1;
  for (let i = 1; i <= capacity; i++) {
    const parent = i + (i & -i);
    if (parent <= capacity) tree[parent] += tree[i];
  }
  return tree;
}

// ---- maps to places ----

function pairKey(name, value) {
  return `${name.length} ${name}${value}`;
}

function add(map, key, place) {
  const places = MapPrototypeGet(map, key);
  if (places === undefined) {
    MapPrototypeSet(map, key, place);
  } else if (typeof places === "number") {
    const both = new Set();
    SetPrototypeAdd(both, places);
    SetPrototypeAdd(both, place);
    MapPrototypeSet(map, key, both);
  } else {
    SetPrototypeAdd(places, place);
  }
}

function remove(map, key, place) {
  const places = MapPrototypeGet(map, key);
  if (typeof places === "number") {
    MapPrototypeDelete(map, key);
  } else if (places !== undefined && SetPrototypeDelete(places, place) && SetPrototypeGetSize(places) === 0) {
    MapPrototypeDelete(map, key);
  }
}

function forEach(places, visit) {
  if (typeof places === "number") visit(places);
  else if (places !== undefined) SetPrototypeForEach(places, (place) => visit(place));
}
