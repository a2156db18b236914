// HMAC (https://w3c.github.io/webcrypto/#hmac).

import { ops } from "../../ops.js";
import { dataError, notSupported, operationError } from "../errors.js";
import { checkAlg, checkJwk, createJwk } from "../jwk.js";
import { checkUsages, kSign, kVerify } from "../key_usages.js";
import { registerAlgorithm } from "../normalize.js";
import { primordials } from "../../primordials.js";
import { blockSize, hashNumber, jwkSuffix } from "./hash.js";
import { bitLength, generateSecret, importSecret, jwkSecret } from "./secret.js";

const { TypeError } = primordials;

const name = "HMAC";

function keyAlgorithm(hash, length) {
  return { __proto__: null, name, length, hash };
}

function generateKey({ hash, length = blockSize[hash] }, extractable, usages) {
  checkUsages(usages, kSign | kVerify, name);
  if (length === 0) throw operationError("A key of no bits cannot be made");
  return generateSecret(extractable, keyAlgorithm(hash, length), usages);
}

function importKey(format, keyData, algorithm, extractable, usages) {
  checkUsages(usages, kSign | kVerify, name);
  const { hash } = algorithm;
  let data = keyData;
  if (format === "jwk") {
    checkJwk(keyData, "oct", "sig", extractable, usages);
    data = jwkSecret(keyData);
    checkAlg(keyData, `HS${jwkSuffix[hash]}`);
  } else if (format !== "raw") {
    throw notSupported(`Keys for HMAC have no format "${format}"`);
  }
  const bits = bitLength(data);
  if (bits === 0) throw dataError("The key is empty");
  const { length = bits } = algorithm;
  if (length > bits || length <= bits - 8) throw dataError(`The key has ${bits} bits, which does not fit the length of ${length}`);
  return importSecret(data, length, extractable, keyAlgorithm(hash, length), usages);
}

function exportKey(format, slots) {
  const { id } = slots.handle;
  if (format === "raw") return ops.secretBytes(id);
  if (format !== "jwk") throw notSupported(`Keys for HMAC have no format "${format}"`);
  return createJwk({ __proto__: null, kty: "oct", k: ops.keyToJwk(id)[0], alg: `HS${jwkSuffix[slots.algorithm.hash]}` }, slots);
}

export const hmac = {
  __proto__: null,
  generateKey,
  importKey,
  exportKey,
  sign: (_, slots, data) => ops.hmacSign(slots.handle.id, hashNumber(slots.algorithm.hash), data),
  verify: (_, slots, signature, data) => ops.hmacVerify(slots.handle.id, hashNumber(slots.algorithm.hash), signature, data),
  getKeyLength({ hash, length = blockSize[hash] }) {
    if (length === 0) throw new TypeError("A key of no bits cannot be made");
    return length;
  },
};

registerAlgorithm(name, {
  __proto__: null,
  sign: null,
  verify: null,
  generateKey: "HmacKeyGenParams",
  importKey: "HmacImportParams",
  exportKey: null,
  "get key length": "HmacImportParams",
});
