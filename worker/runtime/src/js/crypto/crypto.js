// Crypto (https://w3c.github.io/webcrypto/#crypto-interface): random numbers, and `subtle` for the rest.

import { DOMException } from "../dom/dom_exception.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, converters, illegalConstructor, illegalInvocation, kInternal, requireArguments,
} from "../webidl.js";
import { subtle } from "./subtle_crypto.js";

const { TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetSymbolToStringTag } = primordials;

/** Bytes that one call may ask for (§10.1.1). */
const maxRandomBytes = 65536;

export class Crypto {
  #brand;

  constructor(brand = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
  }

  get subtle() {
    if (!(#brand in this)) throw illegalInvocation("Crypto");
    return subtle;
  }

  getRandomValues(array) {
    if (!(#brand in this)) throw illegalInvocation("Crypto");
    const prefix = "Failed to execute 'getRandomValues' on 'Crypto'";
    requireArguments(arguments.length, 1, prefix);
    converters.ArrayBufferView(array, prefix, "Argument 1");
    switch (TypedArrayPrototypeGetSymbolToStringTag(array)) {
      case "Int8Array":
      case "Uint8Array":
      case "Uint8ClampedArray":
      case "Int16Array":
      case "Uint16Array":
      case "Int32Array":
      case "Uint32Array":
      case "BigInt64Array":
      case "BigUint64Array":
        break;
      default:
        throw new DOMException(`${prefix}: Argument 1 is not an array of integers`, "TypeMismatchError");
    }
    const length = TypedArrayPrototypeGetByteLength(array);
    if (length > maxRandomBytes) {
      throw new DOMException(`${prefix}: ${length} bytes were asked for, ${maxRandomBytes} is the most`, "QuotaExceededError");
    }
    if (length > 0) ops.randomFill(array);
    return array;
  }

  randomUUID() {
    if (!(#brand in this)) throw illegalInvocation("Crypto");
    return ops.randomUuid();
  }
}

configureInterface(Crypto);

export const crypto = new Crypto(kInternal);
