// KeyUsage (https://w3c.github.io/webcrypto/#cryptokey-interface): sets of them are numbers here, a bit each, in which an app
// can change nothing.

import { primordials } from "../primordials.js";
import { createEnumConverter, createSequenceConverter } from "../webidl.js";
import { syntaxError } from "./errors.js";

const { ObjectDefineProperty } = primordials;

const names = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

export const kEncrypt = 1;
export const kDecrypt = 2;
export const kSign = 4;
export const kVerify = 8;
export const kDeriveKey = 16;
export const kDeriveBits = 32;
export const kWrapKey = 64;
export const kUnwrapKey = 128;

const bits = { __proto__: null };
for (let i = 0; i < names.length; i++) bits[names[i]] = 1 << i;

const toSequence = createSequenceConverter(createEnumConverter("KeyUsage", names));

/** Converts to a set of usages. */
export function toUsages(value, prefix, context) {
  const list = toSequence(value, prefix, context);
  let usages = 0;
  for (let i = 0; i < list.length; i++) usages |= bits[list[i]];
  return usages;
}

/** The bit of a usage; 0 for what is none. */
export function usageBit(name) {
  return bits[name] ?? 0;
}

/** A fresh array of the usages' names. */
export function usageNames(usages) {
  const list = [];
  for (let i = 0; i < names.length; i++) {
    if ((usages & (1 << i)) === 0) continue;
    ObjectDefineProperty(list, list.length, {
      __proto__: null, value: names[i], writable: true, enumerable: true, configurable: true,
    });
  }
  return list;
}

/** Throws where there are usages that the key cannot have. */
export function checkUsages(usages, allowed, name) {
  if ((usages & ~allowed) !== 0) throw syntaxError(`A key for ${name} cannot be used so: ${usageNames(usages & ~allowed)[0]}`);
}
