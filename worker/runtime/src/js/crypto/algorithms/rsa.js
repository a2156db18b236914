// RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP (https://w3c.github.io/webcrypto/#rsassa-pkcs1 and the sections after it).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { createKey } from "../crypto_key.js";
import { dataError, notSupported, operationError } from "../errors.js";
import { checkAlg, checkJwk, checkPrivateRsa, createJwk } from "../jwk.js";
import { checkUsages, kDecrypt, kEncrypt, kSign, kUnwrapKey, kVerify, kWrapKey } from "../key_usages.js";
import { registerAlgorithm } from "../normalize.js";
import { hashNumber, jwkSuffix } from "./hash.js";
import { createPair, importHandle, requireType } from "./pair.js";
import { checked } from "./secret.js";

const { TypedArrayPrototypeGetByteLength } = primordials;

// Whether a BigInteger is 65537, the one exponent that keys are made with.
function isF4(exponent) {
  const length = TypedArrayPrototypeGetByteLength(exponent);
  let value = 0;
  for (let i = 0; i < length; i++) {
    if (value > 65537) return false;
    value = value * 256 + exponent[i];
  }
  return value === 65537;
}

// `jwkName(hash)`: "alg" of a JWK. `use`: its "use".
function keyOperations(name, jwkName, use, publicUsages, privateUsages) {
  function keyAlgorithm(id, hash) {
    const numbers = ops.rsaNumbers(id);
    return { __proto__: null, name, modulusLength: numbers[0], publicExponent: numbers[1], hash };
  }

  function fromJwk(jwk, hash, extractable, usages) {
    const isPrivate = jwk.d !== undefined;
    checkUsages(usages, isPrivate ? privateUsages : publicUsages, `${name} that is ${isPrivate ? "private" : "public"}`);
    checkJwk(jwk, "RSA", use, extractable, usages);
    checkAlg(jwk, jwkName(hash));
    const { n, e, d, p, q, dp, dq, qi } = jwk;
    if (n === undefined || e === undefined) throw dataError('The JWK lacks "n" or "e"');
    if (!isPrivate) return importHandle((owner) => ops.rsaFromJwk(owner, n, e));
    checkPrivateRsa(jwk);
    return importHandle((owner) => ops.rsaFromJwk(owner, n, e, d, p, q, dp, dq, qi));
  }

  return {
    __proto__: null,
    generateKey({ modulusLength, publicExponent, hash }, extractable, usages) {
      checkUsages(usages, publicUsages | privateUsages, name);
      if (modulusLength !== 2048 && modulusLength !== 3072 && modulusLength !== 4096) {
        throw operationError(`Keys are made with 2048, 3072 or 4096 bits, not with ${modulusLength}`);
      }
      if (!isF4(publicExponent)) throw operationError("Keys are made with the public exponent 65537 only");
      const algorithm = { __proto__: null, name, modulusLength, publicExponent, hash };
      const generate = (privateOwner, publicOwner) => ops.rsaGenerate(privateOwner, publicOwner, modulusLength);
      return createPair(generate, algorithm, extractable, usages, publicUsages, privateUsages);
    },
    importKey(format, keyData, { hash }, extractable, usages) {
      let handle;
      let type;
      if (format === "jwk") {
        handle = fromJwk(keyData, hash, extractable, usages);
        type = keyData.d === undefined ? "public" : "private";
      } else if (format === "spki" || format === "pkcs8") {
        type = format === "spki" ? "public" : "private";
        checkUsages(usages, type === "public" ? publicUsages : privateUsages, `${name} that is ${type}`);
        handle = importHandle((owner) => ops.rsaImport(owner, type === "private", keyData));
      } else {
        throw notSupported(`Keys for ${name} have no format "${format}"`);
      }
      return createKey(type, extractable, keyAlgorithm(handle.id, hash), usages, handle);
    },
    exportKey(format, slots) {
      const { id } = slots.handle;
      if (format === "spki" || format === "pkcs8") {
        requireType(slots, format === "spki" ? "public" : "private");
        return ops.rsaExport(id);
      }
      if (format !== "jwk") throw notSupported(`Keys for ${name} have no format "${format}"`);
      const members = ops.keyToJwk(id);
      const jwk = { __proto__: null, kty: "RSA", alg: jwkName(slots.algorithm.hash), n: members[0], e: members[1] };
      if (slots.type === "private") {
        jwk.d = members[2];
        jwk.p = members[3];
        jwk.q = members[4];
        jwk.dp = members[5];
        jwk.dq = members[6];
        jwk.qi = members[7];
      }
      return createJwk(jwk, slots);
    },
  };
}

function sign(slots, saltLength, data) {
  requireType(slots, "private");
  const signature = ops.rsaSign(slots.handle.id, hashNumber(slots.algorithm.hash), saltLength, data);
  return checked(signature, "The key is too short for this hash function and salt");
}

function verify(slots, saltLength, signature, data) {
  requireType(slots, "public");
  return ops.rsaVerify(slots.handle.id, hashNumber(slots.algorithm.hash), saltLength, signature, data);
}

export const rsaPkcs1 = keyOperations("RSASSA-PKCS1-v1_5", (hash) => `RS${jwkSuffix[hash]}`, "sig", kVerify, kSign);
rsaPkcs1.sign = (_, slots, data) => sign(slots, undefined, data);
rsaPkcs1.verify = (_, slots, signature, data) => verify(slots, undefined, signature, data);

export const rsaPss = keyOperations("RSA-PSS", (hash) => `PS${jwkSuffix[hash]}`, "sig", kVerify, kSign);
rsaPss.sign = ({ saltLength }, slots, data) => sign(slots, saltLength, data);
rsaPss.verify = ({ saltLength }, slots, signature, data) => verify(slots, saltLength, signature, data);

function oaepName(hash) {
  return hash === "SHA-1" ? "RSA-OAEP" : `RSA-OAEP-${jwkSuffix[hash]}`;
}

function runOaep(type, { label }, slots, data) {
  requireType(slots, type);
  const result = ops.rsaOaep(slots.handle.id, hashNumber(slots.algorithm.hash), label, data);
  return checked(result, type === "public" ? "The data is too long for the key" : "The data is not what the public key encrypted");
}

export const rsaOaep = keyOperations("RSA-OAEP", oaepName, "enc", kEncrypt | kWrapKey, kDecrypt | kUnwrapKey);
rsaOaep.encrypt = (algorithm, slots, data) => runOaep("public", algorithm, slots, data);
rsaOaep.decrypt = (algorithm, slots, data) => runOaep("private", algorithm, slots, data);

const keyParameters = {
  __proto__: null, generateKey: "RsaHashedKeyGenParams", importKey: "RsaHashedImportParams", exportKey: null,
};
registerAlgorithm("RSASSA-PKCS1-v1_5", { ...keyParameters, sign: null, verify: null });
registerAlgorithm("RSA-PSS", { ...keyParameters, sign: "RsaPssParams", verify: "RsaPssParams" });
registerAlgorithm("RSA-OAEP", { ...keyParameters, encrypt: "RsaOaepParams", decrypt: "RsaOaepParams" });
