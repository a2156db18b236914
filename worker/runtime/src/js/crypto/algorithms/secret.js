// Secret keys: what the algorithms with them have in common.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { createHandle, createKey } from "../crypto_key.js";
import { dataError, operationError } from "../errors.js";

const { ArrayBufferPrototypeGetByteLength, TypedArrayPrototypeFill, TypedArrayPrototypeGetByteLength, Uint8Array } = primordials;

/** A key of random bits; `algorithm.length` is their number. */
export function generateSecret(extractable, algorithm, usages) {
  const handle = createHandle();
  const id = ops.generateSecret(handle, algorithm.length);
  if (id === undefined) throw operationError("The system has no random bytes");
  handle.id = id;
  return createKey("secret", extractable, algorithm, usages, handle);
}

/** A key of the first `length` bits of `bytes`. */
export function importSecret(bytes, length, extractable, algorithm, usages) {
  const handle = createHandle();
  handle.id = ops.importSecret(handle, bytes, length);
  return createKey("secret", extractable, algorithm, usages, handle);
}

/** The bytes of the JWK member "k". */
export function jwkSecret(jwk) {
  if (jwk.k === undefined) throw dataError('The JWK lacks "k"');
  const bytes = ops.base64urlDecode(jwk.k);
  if (bytes === undefined) throw dataError('The JWK\'s "k" is not base64url');
  return new Uint8Array(bytes);
}

/** Bytes of a Uint8Array as bits. */
export function bitLength(bytes) {
  return 8 * TypedArrayPrototypeGetByteLength(bytes);
}

/** The result of an operation, which is undefined where it failed. */
export function checked(result, message) {
  if (result === undefined) throw operationError(message);
  return result;
}

/** Overwrites bytes that are not needed any more. */
export function wipe(buffer) {
  TypedArrayPrototypeFill(new Uint8Array(buffer), 0);
}

/** "Derive bits" ends so: the first `length` bits of a secret, all of it where `length` is null. */
export function firstBits(secret, length) {
  const bits = 8 * ArrayBufferPrototypeGetByteLength(secret);
  if (length === null || length === bits) return secret;
  if (length > bits) throw operationError(`The secret has ${bits} bits, fewer than ${length}`);
  const count = (length + 7) >>> 3;
  const result = new Uint8Array(count);
  const source = new Uint8Array(secret);
  for (let i = 0; i < count; i++) result[i] = source[i];
  if (length % 8 !== 0) result[count - 1] &= 0xff << (8 - length % 8);
  wipe(secret);
  return primordials.TypedArrayPrototypeGetBuffer(result);
}
