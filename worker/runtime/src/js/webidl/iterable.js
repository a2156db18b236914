// Iterable declarations of pairs (https://webidl.spec.whatwg.org/#idl-iterable): entries, keys, values, forEach,
// @@iterator, and the iterator objects behind them.

import { primordials } from "../primordials.js";
import { converters, isObject, requireArguments } from "../webidl.js";

const { IteratorPrototype, ObjectDefineProperties, ObjectDefineProperty, ObjectSetPrototypeOf, ReflectApply, SymbolIterator, SymbolToStringTag, TypeError } =
  primordials;

const kKeys = 0;
const kValues = 1;
const kEntries = 2;

/**
 * Makes `constructor` iterable. `pairsOf(object)` returns its pairs now, as one flat array `[key, value, …]` that later
 * changes of the object leave alone or not as it likes, and throws for what is no instance.
 * Returns `{ prototype, inspect }`: the iterators' prototype, and what an iterator has left, for the console.
 */
export function defineIterable(constructor, name, pairsOf) {
  let create;
  let remaining;

  class PairIterator {
    #target;
    #kind;
    #index = 0;

    constructor(target, kind) {
      this.#target = target;
      this.#kind = kind;
    }

    next() {
      if (!isObject(this) || !(#target in this)) throw new TypeError(`next method called on an object that is not a ${name} Iterator`);
      const pairs = pairsOf(this.#target);
      const index = this.#index * 2;
      if (index >= pairs.length) return { value: undefined, done: true };
      this.#index++;
      return { value: itemAt(pairs, index, this.#kind), done: false };
    }

    static {
      create = (target, kind) => new PairIterator(target, kind);
      remaining = (iterator) => {
        if (!(#target in iterator)) return undefined;
        const pairs = pairsOf(iterator.#target);
        const items = [];
        for (let i = iterator.#index * 2; i < pairs.length; i += 2) items[items.length] = itemAt(pairs, i, iterator.#kind);
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
      pairsOf(this);
      return create(this, kEntries);
    },
    keys() {
      pairsOf(this);
      return create(this, kKeys);
    },
    values() {
      pairsOf(this);
      return create(this, kValues);
    },
    forEach(callback, thisArg = undefined) {
      pairsOf(this);
      const prefix = `Failed to execute 'forEach' on '${name}'`;
      requireArguments(arguments.length, 1, prefix);
      converters.Function(callback, prefix, "Argument 1");
      let pairs = pairsOf(this);
      for (let i = 0; i < pairs.length; i += 2) {
        ReflectApply(callback, thisArg, [pairs[i + 1], pairs[i], this]);
        pairs = pairsOf(this);
      }
    },
  };
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
