// Iterable declarations of pairs (https://webidl.spec.whatwg.org/#idl-iterable): entries, keys, values, forEach,
// @@iterator, and the iterator objects behind them.

import { primordials } from "../primordials.js";
import { converters, isObject, requireArguments } from "../webidl.js";
import { Cursor } from "./pair_list.js";

const { IteratorPrototype, ObjectDefineProperties, ObjectDefineProperty, ObjectSetPrototypeOf, ReflectApply, SymbolIterator, SymbolToStringTag, TypeError } =
  primordials;

const kKeys = 0;
const kValues = 1;
const kEntries = 2;

/**
 * Makes `constructor` iterable. `listOf(object)` returns the PairList of its pairs now, and throws for what is no instance.
 * Returns `{ prototype, inspect }`: the iterators' prototype, and what an iterator has left, for the console.
 */
export function defineIterable(constructor, name, listOf) {
  let create;
  let remaining;

  class PairIterator {
    #target;
    #kind;
    #cursor = new Cursor();

    constructor(target, kind) {
      this.#target = target;
      this.#kind = kind;
    }

    next() {
      if (!isObject(this) || !(#target in this)) throw new TypeError(`next method called on an object that is not a ${name} Iterator`);
      const list = listOf(this.#target);
      const index = Cursor.next(this.#cursor, list);
      if (index === -1) return { value: undefined, done: true };
      return { value: itemAt(list.items, index, this.#kind), done: false };
    }

    static {
      create = (target, kind) => new PairIterator(target, kind);
      remaining = (iterator) => {
        if (!(#target in iterator)) return undefined;
        const list = listOf(iterator.#target);
        const cursor = Cursor.copy(iterator.#cursor);
        const items = [];
        for (let i = Cursor.next(cursor, list); i !== -1; i = Cursor.next(cursor, list)) {
          items[items.length] = itemAt(list.items, i, iterator.#kind);
        }
        return items;
      };
    }
  }

  const { prototype } = PairIterator;
  ObjectSetPrototypeOf(prototype, IteratorPrototype);
  delete prototype.constructor;
  ObjectDefineProperties(prototype, {
    __proto__: null,
    next: { __proto__: null, enumerable: true },
    [SymbolToStringTag]: { __proto__: null, value: `${name} Iterator`, writable: false, enumerable: false, configurable: true },
  });

  const methods = {
    entries() {
      listOf(this);
      return create(this, kEntries);
    },
    keys() {
      listOf(this);
      return create(this, kKeys);
    },
    values() {
      listOf(this);
      return create(this, kValues);
    },
    forEach(callback, thisArg = undefined) {
      listOf(this);
      const prefix = `Failed to execute 'forEach' on '${name}'`;
      requireArguments(arguments.length, 1, prefix);
      converters.Function(callback, prefix, "Argument 1");
      const cursor = new Cursor();
      for (;;) {
        const list = listOf(this);
        const index = Cursor.next(cursor, list);
        if (index === -1) return;
        ReflectApply(callback, thisArg, [list.items[index + 1], list.items[index], this]);
      }
    },
  };
  // eslint-disable-next-line no-restricted-syntax -- runs while the snapshot is made
  for (const key of ["entries", "keys", "values", "forEach"]) {
    ObjectDefineProperty(constructor.prototype, key, {
      __proto__: null, value: methods[key], writable: true, enumerable: true, configurable: true,
    });
  }
  ObjectDefineProperty(constructor.prototype, SymbolIterator, {
    __proto__: null, value: methods.entries, writable: true, enumerable: false, configurable: true,
  });
  return { __proto__: null, prototype, remaining };
}

function itemAt(pairs, index, kind) {
  if (kind === kKeys) return pairs[index];
  if (kind === kValues) return pairs[index + 1];
  return [pairs[index], pairs[index + 1]];
}
