// URLSearchParams (https://url.spec.whatwg.org/#interface-urlsearchparams).

import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, createRecordConverter, forEachOfIterable, illegalInvocation, isObject, kInternal,
  requireArguments,
} from "../webidl.js";
import { defineIterable } from "../webidl/iterable.js";
import { PairList } from "../webidl/pair_list.js";
import { parseUrlencoded, serializeUrlencoded } from "./urlencoded.js";

const {
  ArrayPrototypePush, ArrayPrototypeSort, MapPrototypeForEach, StringPrototypeCharCodeAt, StringPrototypeSlice,
  SymbolIterator, TypeError,
} = primordials;
const { USVString } = converters;

const toRecord = createRecordConverter(USVString, USVString);

// What happens when the list of a URL's own parameters changes; url.js sets it.
let updateOwner;

/** Sets `update(url)`, called after each change of the parameters that belong to `url`. */
export function setSearchParamsOwnerUpdate(update) {
  updateOwner = update;
}

let internals;

export class URLSearchParams {
  #list;
  // The URL whose query this is, or null.
  #owner = null;

  constructor(init = "") {
    if (init === kInternal) return;
    this.#list = new PairList(listFrom(init));
  }

  get size() {
    if (!(#list in this)) throw illegalInvocation("URLSearchParams");
    return this.#list.size;
  }

  append(name, value) {
    if (!(#list in this)) throw illegalInvocation("URLSearchParams");
    const prefix = "Failed to execute 'append' on 'URLSearchParams'";
    requireArguments(arguments.length, 2, prefix);
    name = USVString(name, prefix, "Argument 1");
    value = USVString(value, prefix, "Argument 2");
    this.#list.append(name, value);
    this.#changed();
  }

  delete(name, value = undefined) {
    if (!(#list in this)) throw illegalInvocation("URLSearchParams");
    const prefix = "Failed to execute 'delete' on 'URLSearchParams'";
    requireArguments(arguments.length, 1, prefix);
    name = USVString(name, prefix, "Argument 1");
    if (value !== undefined) value = USVString(value, prefix, "Argument 2");
    if (value === undefined) this.#list.delete(name);
    else this.#list.deletePair(name, value);
    this.#changed();
  }

  get(name) {
    if (!(#list in this)) throw illegalInvocation("URLSearchParams");
    const prefix = "Failed to execute 'get' on 'URLSearchParams'";
    requireArguments(arguments.length, 1, prefix);
    name = USVString(name, prefix, "Argument 1");
    return this.#list.get(name) ?? null;
  }

  getAll(name) {
    if (!(#list in this)) throw illegalInvocation("URLSearchParams");
    const prefix = "Failed to execute 'getAll' on 'URLSearchParams'";
    requireArguments(arguments.length, 1, prefix);
    name = USVString(name, prefix, "Argument 1");
    return this.#list.getAll(name);
  }

  has(name, value = undefined) {
    if (!(#list in this)) throw illegalInvocation("URLSearchParams");
    const prefix = "Failed to execute 'has' on 'URLSearchParams'";
    requireArguments(arguments.length, 1, prefix);
    name = USVString(name, prefix, "Argument 1");
    if (value !== undefined) value = USVString(value, prefix, "Argument 2");
    return value === undefined ? this.#list.has(name) : this.#list.hasPair(name, value);
  }

  set(name, value) {
    if (!(#list in this)) throw illegalInvocation("URLSearchParams");
    const prefix = "Failed to execute 'set' on 'URLSearchParams'";
    requireArguments(arguments.length, 2, prefix);
    name = USVString(name, prefix, "Argument 1");
    value = USVString(value, prefix, "Argument 2");
    this.#list.set(name, value);
    this.#changed();
  }

  sort() {
    if (!(#list in this)) throw illegalInvocation("URLSearchParams");
    const pairs = [];
    const list = this.#list.settled();
    for (let i = 0; i < list.length; i += 2) {
      ArrayPrototypePush(pairs, { __proto__: null, name: list[i], value: list[i + 1] });
    }
    // Strings compare by code units, and the sort is stable.
    ArrayPrototypeSort(pairs, (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    for (let i = 0; i < pairs.length; i++) {
      list[i * 2] = pairs[i].name;
      list[i * 2 + 1] = pairs[i].value;
    }
    this.#list.replace(list);
    this.#changed();
  }

  toString() {
    if (!(#list in this)) throw illegalInvocation("URLSearchParams");
    return serializeUrlencoded(this.#list.settled());
  }

  #changed() {
    if (this.#owner !== null) updateOwner(this.#owner);
  }

  static {
    internals = {
      __proto__: null,
      list: (value) => (isObject(value) && #list in value ? value.#list : undefined),
      create(owner, query) {
        const params = new URLSearchParams(kInternal);
        params.#list = new PairList(parseUrlencoded(query));
        params.#owner = owner;
        return params;
      },
      replace(params, query) {
        params.#list.replace(parseUrlencoded(query));
      },
    };
  }
}

function listFrom(init) {
  const prefix = "Failed to construct 'URLSearchParams'";
  if (!isObject(init)) {
    init = USVString(init, prefix, "Argument 1");
    if (StringPrototypeCharCodeAt(init, 0) === 63) init = StringPrototypeSlice(init, 1);
    return parseUrlencoded(init);
  }
  const list = [];
  const method = init[SymbolIterator];
  if (method === undefined || method === null) {
    MapPrototypeForEach(toRecord(init, prefix, "Argument 1"), (value, name) => {
      ArrayPrototypePush(list, name);
      ArrayPrototypePush(list, value);
    });
    return list;
  }
  if (typeof method !== "function") throw conversionError(prefix, "Argument 1", "is not iterable");
  let isMalformed = false;
  forEachOfIterable(init, method, prefix, "Argument 1", (pair) => {
    const inner = isObject(pair) ? pair[SymbolIterator] : undefined;
    if (typeof inner !== "function") throw conversionError(prefix, "Item of argument 1", "is not a sequence");
    let count = 0;
    forEachOfIterable(pair, inner, prefix, "Item of argument 1", (item) => {
      ArrayPrototypePush(list, USVString(item, prefix, "Item of argument 1"));
      count++;
    });
    if (count !== 2) isMalformed = true;
  });
  if (isMalformed) throw new TypeError(`${prefix}: Item of argument 1 is not a pair of name and value`);
  return list;
}

configureInterface(URLSearchParams);
defineIterable(URLSearchParams, "URLSearchParams", (value) => {
  const list = internals.list(value);
  if (list === undefined) throw illegalInvocation("URLSearchParams");
  return list;
});

/** The pairs of a URLSearchParams, `[name, value, …]`; undefined for any other value. */
export function searchParamsList(value) {
  return internals.list(value)?.settled();
}

/** The parameters of a URL, which follow it and lead it. */
export function createSearchParams(owner, query) {
  return internals.create(owner, query);
}

/** Replaces the pairs after the owner's query has changed. */
export function replaceSearchParams(params, query) {
  internals.replace(params, query);
}
