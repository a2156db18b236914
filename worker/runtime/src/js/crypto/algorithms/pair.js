// Key pairs: what the algorithms with public keys have in common.

import { createHandle, createKey } from "../crypto_key.js";
import { dataError, invalidAccess, operationError } from "../errors.js";

/** A CryptoKeyPair; `generate` makes the native keys for two owners and returns their numbers. */
export function createPair(generate, algorithm, extractable, usages, publicUsages, privateUsages) {
  const privateHandle = createHandle();
  const publicHandle = createHandle();
  const ids = generate(privateHandle, publicHandle);
  if (ids === undefined) throw operationError("A pair of keys could not be made");
  privateHandle.id = ids[0];
  publicHandle.id = ids[1];
  return {
    privateKey: createKey("private", extractable, algorithm, usages & privateUsages, privateHandle),
    publicKey: createKey("public", true, algorithm, usages & publicUsages, publicHandle),
  };
}

/** An owner of the native key that `make` makes for it. */
export function importHandle(make) {
  const handle = createHandle();
  const id = make(handle);
  if (id === undefined) throw dataError("The key data is not a valid key of this kind");
  handle.id = id;
  return handle;
}

export function requireType(slots, type) {
  if (slots.type !== type) throw invalidAccess(`The key is ${slots.type}, not ${type}`);
}
