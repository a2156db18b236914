// AES-CTR, AES-CBC, AES-GCM and AES-KW (https://w3c.github.io/webcrypto/#aes-ctr and the sections after it).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { dataError, notSupported, operationError } from "../errors.js";
import { checkAlg, checkJwk, createJwk } from "../jwk.js";
import { checkUsages, kDecrypt, kEncrypt, kUnwrapKey, kWrapKey } from "../key_usages.js";
import { registerAlgorithm } from "../normalize.js";
import { bitLength, checked, generateSecret, importSecret, jwkSecret } from "./secret.js";

const { TypedArrayPrototypeGetByteLength } = primordials;

function isKeyLength(length) {
  return length === 128 || length === 192 || length === 256;
}

function getKeyLength({ length }) {
  if (!isKeyLength(length)) throw operationError(`AES has keys of 128, 192 and 256 bits, not of ${length}`);
  return length;
}

// `suffix`: what the mode is called in "alg" of a JWK.
function keyOperations(name, suffix, allowedUsages) {
  return {
    __proto__: null,
    generateKey(algorithm, extractable, usages) {
      checkUsages(usages, allowedUsages, name);
      return generateSecret(extractable, { __proto__: null, name, length: getKeyLength(algorithm) }, usages);
    },
    importKey(format, keyData, algorithm, extractable, usages) {
      checkUsages(usages, allowedUsages, name);
      let data = keyData;
      if (format === "jwk") {
        checkJwk(keyData, "oct", "enc", extractable, usages);
        data = jwkSecret(keyData);
      } else if (format !== "raw") {
        throw notSupported(`Keys for ${name} have no format "${format}"`);
      }
      const length = bitLength(data);
      if (!isKeyLength(length)) throw dataError(`AES has keys of 128, 192 and 256 bits, not of ${length}`);
      if (format === "jwk") checkAlg(keyData, `A${length}${suffix}`);
      return importSecret(data, length, extractable, { __proto__: null, name, length }, usages);
    },
    exportKey(format, slots) {
      const { id } = slots.handle;
      if (format === "raw") return ops.secretBytes(id);
      if (format !== "jwk") throw notSupported(`Keys for ${name} have no format "${format}"`);
      return createJwk({ __proto__: null, kty: "oct", k: ops.keyToJwk(id)[0], alg: `A${slots.algorithm.length}${suffix}` }, slots);
    },
    getKeyLength,
  };
}

const forData = kEncrypt | kDecrypt | kWrapKey | kUnwrapKey;

function runCbc(encrypt, { iv }, slots, data) {
  if (TypedArrayPrototypeGetByteLength(iv) !== 16) throw operationError("The initialization vector is not 16 bytes long");
  return checked(ops.aesCbc(slots.handle.id, encrypt, iv, data), "The data is not what a key encrypted so");
}

function runCtr({ counter, length }, slots, data) {
  if (TypedArrayPrototypeGetByteLength(counter) !== 16) throw operationError("The counter is not 16 bytes long");
  if (length === 0 || length > 128) throw operationError("The counter's length is not from 1 to 128 bits");
  return checked(ops.aesCtr(slots.handle.id, counter, length, data), "The data has more blocks than the counter has values");
}

function tagBytes({ tagLength = 128 }) {
  switch (tagLength) {
    case 32:
    case 64:
    case 96:
    case 104:
    case 112:
    case 120:
    case 128:
      return tagLength / 8;
    default:
      throw operationError(`Tags of ${tagLength} bits are not supported`);
  }
}

function runGcm(encrypt, algorithm, slots, data) {
  const { iv, additionalData } = algorithm;
  const result = ops.aesGcm(slots.handle.id, encrypt, iv, additionalData, tagBytes(algorithm), data);
  return checked(result, encrypt ? "The data cannot be encrypted so" : "The data is not what this key encrypted");
}

export const aesCbc = keyOperations("AES-CBC", "CBC", forData);
aesCbc.encrypt = (algorithm, slots, data) => runCbc(true, algorithm, slots, data);
aesCbc.decrypt = (algorithm, slots, data) => runCbc(false, algorithm, slots, data);

export const aesCtr = keyOperations("AES-CTR", "CTR", forData);
aesCtr.encrypt = runCtr;
aesCtr.decrypt = runCtr;

export const aesGcm = keyOperations("AES-GCM", "GCM", forData);
aesGcm.encrypt = (algorithm, slots, data) => runGcm(true, algorithm, slots, data);
aesGcm.decrypt = (algorithm, slots, data) => runGcm(false, algorithm, slots, data);

export const aesKw = keyOperations("AES-KW", "KW", kWrapKey | kUnwrapKey);
aesKw.wrapKey = (_, slots, bytes) =>
  checked(ops.aesKeyWrap(slots.handle.id, true, bytes), "AES-KW wraps multiples of 8 bytes, at least 16");
aesKw.unwrapKey = (_, slots, bytes) =>
  checked(ops.aesKeyWrap(slots.handle.id, false, bytes), "The data is not what this key wrapped");

const keyParameters = {
  __proto__: null,
  generateKey: "AesKeyGenParams",
  importKey: null,
  exportKey: null,
  "get key length": "AesDerivedKeyParams",
};
registerAlgorithm("AES-CBC", { ...keyParameters, encrypt: "AesCbcParams", decrypt: "AesCbcParams" });
registerAlgorithm("AES-CTR", { ...keyParameters, encrypt: "AesCtrParams", decrypt: "AesCtrParams" });
registerAlgorithm("AES-GCM", { ...keyParameters, encrypt: "AesGcmParams", decrypt: "AesGcmParams" });
registerAlgorithm("AES-KW", { ...keyParameters, wrapKey: null, unwrapKey: null });
