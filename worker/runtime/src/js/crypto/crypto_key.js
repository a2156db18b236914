// CryptoKey (https://w3c.github.io/webcrypto/#cryptokey-interface). What a key consists of stays native; here is a number for it.

import { registerInspector } from "../console/inspect.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, createInterfaceConverter, illegalConstructor, illegalInvocation, isObject, kInternal, setCloner,
} from "../webidl.js";
import { copyBytes } from "../fetch/body_source.js";
import { usageNames } from "./key_usages.js";

const { ObjectDefineProperty } = primordials;

let internals;

export class CryptoKey {
  // [[type]], [[extractable]], [[algorithm]], [[usages]] (a number, see key_usages.js) and [[handle]]; and the objects that the
  // attributes give out, which an app may change.
  #slots;
  #algorithm = null;
  #usages = null;

  constructor(brand = undefined, slots = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#slots = slots;
  }

  get type() {
    if (!(#slots in this)) throw illegalInvocation("CryptoKey");
    return this.#slots.type;
  }

  get extractable() {
    if (!(#slots in this)) throw illegalInvocation("CryptoKey");
    return this.#slots.extractable;
  }

  get algorithm() {
    if (!(#slots in this)) throw illegalInvocation("CryptoKey");
    this.#algorithm ??= algorithmObject(this.#slots.algorithm);
    return this.#algorithm;
  }

  get usages() {
    if (!(#slots in this)) throw illegalInvocation("CryptoKey");
    this.#usages ??= usageNames(this.#slots.usages);
    return this.#usages;
  }

  static {
    internals = {
      __proto__: null,
      is: (value) => isObject(value) && #slots in value,
      slots: (key) => key.#slots,
      describe: (key) => ({
        __proto__: null, type: key.type, extractable: key.extractable, algorithm: key.algorithm, usages: key.usages,
      }),
    };
  }
}

configureInterface(CryptoKey);

// A KeyAlgorithm as apps see it.
function algorithmObject(algorithm) {
  const object = {};
  for (const key in algorithm) {
    let value = algorithm[key];
    if (key === "hash") value = { name: value };
    else if (key === "publicExponent") value = copyBytes(value);
    ObjectDefineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

/** The brand check. */
export const isCryptoKey = internals.is;

/** The internal slots of a key. */
export const keySlots = internals.slots;

export const toCryptoKey = createInterfaceConverter("CryptoKey", isCryptoKey);

/** A key. `handle`: the object that owns the native key, with its number as `id`. `usages`: a number. */
export function createKey(type, extractable, algorithm, usages, handle) {
  return new CryptoKey(kInternal, { __proto__: null, type, extractable, algorithm, usages, handle });
}

/** What owns a native key: as long as it lives, so does that. */
export function createHandle() {
  return { __proto__: null, id: 0 };
}

setCloner(CryptoKey.prototype, (value) => (isCryptoKey(value) ? new CryptoKey(kInternal, keySlots(value)) : undefined));
registerInspector(CryptoKey.prototype, (value) => (isCryptoKey(value) ? internals.describe(value) : undefined));
