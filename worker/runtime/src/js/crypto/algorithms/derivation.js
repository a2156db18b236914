// HKDF and PBKDF2 (https://w3c.github.io/webcrypto/#hkdf and #pbkdf2).

import { ops } from "../../ops.js";
import { notSupported, operationError, syntaxError } from "../errors.js";
import { checkUsages, kDeriveBits, kDeriveKey } from "../key_usages.js";
import { registerAlgorithm } from "../normalize.js";
import { hashNumber } from "./hash.js";
import { bitLength, checked, importSecret } from "./secret.js";

function keyOperations(name) {
  return {
    __proto__: null,
    importKey(format, keyData, _, extractable, usages) {
      if (format !== "raw") throw notSupported(`Keys for ${name} have no format "${format}"`);
      checkUsages(usages, kDeriveKey | kDeriveBits, name);
      if (extractable) throw syntaxError(`Keys for ${name} cannot be extractable`);
      return importSecret(keyData, bitLength(keyData), false, { __proto__: null, name }, usages);
    },
    getKeyLength: () => null,
  };
}

function toBytes(length) {
  if (length === null || length % 8 !== 0) throw operationError("The length is not a multiple of 8 bits");
  return length / 8;
}

export const hkdf = keyOperations("HKDF");

hkdf.deriveBits = ({ hash, salt, info }, slots, length) => {
  const bytes = toBytes(length);
  const bits = ops.hkdf(slots.handle.id, hashNumber(hash), salt, info, bytes);
  return checked(bits, "HKDF derives at most 255 times the length of its hash function");
};

/**
 * Calls a native step until it was the last, and ends where `cpu_ms` does: V8 looks for that when it enters a function of JavaScript,
 * and in a loop without such calls after some thousand rounds only.
 */
export function runSteps(step) {
  while (!takeStep(step));
}

function takeStep(step) {
  return step();
}

export const pbkdf2 = keyOperations("PBKDF2");

pbkdf2.deriveBits = ({ hash, salt, iterations }, slots, length) => {
  const bytes = toBytes(length);
  if (iterations === 0) throw operationError("PBKDF2 needs at least one iteration");
  ops.pbkdf2Start(slots.handle.id, hashNumber(hash), salt, iterations, bytes);
  runSteps(ops.pbkdf2Step);
  return ops.pbkdf2Result();
};

const keyParameters = { __proto__: null, importKey: null, "get key length": null };
registerAlgorithm("HKDF", { ...keyParameters, deriveBits: "HkdfParams" });
registerAlgorithm("PBKDF2", { ...keyParameters, deriveBits: "Pbkdf2Params" });
