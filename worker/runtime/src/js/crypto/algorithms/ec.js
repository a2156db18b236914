// ECDSA and ECDH (https://w3c.github.io/webcrypto/#ecdsa and #ecdh).

import { ops } from "../../ops.js";
import { createKey, keySlots } from "../crypto_key.js";
import { dataError, invalidAccess, notSupported } from "../errors.js";
import { checkAlg, checkJwk, createJwk } from "../jwk.js";
import { checkUsages, kDeriveBits, kDeriveKey, kSign, kVerify } from "../key_usages.js";
import { registerAlgorithm } from "../normalize.js";
import { hashNumber } from "./hash.js";
import { createPair, importHandle, requireType } from "./pair.js";
import { checked, firstBits } from "./secret.js";

// As numbered in ../../../ops/subtle/ec.rs.
const curves = { __proto__: null, "P-256": 0, "P-384": 1, "P-521": 2 };
const jwkAlgorithms = { __proto__: null, "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };

function keyOperations(name, use, publicUsages, privateUsages) {
  function fromJwk(jwk, namedCurve, extractable, usages) {
    const { crv, x, y, d } = jwk;
    const type = d === undefined ? "public" : "private";
    checkUsages(usages, type === "public" ? publicUsages : privateUsages, `${name} that is ${type}`);
    checkJwk(jwk, "EC", use, extractable, usages);
    if (crv !== namedCurve) throw dataError(`The JWK's "crv" is not "${namedCurve}"`);
    if (name === "ECDSA") checkAlg(jwk, jwkAlgorithms[namedCurve]);
    if (x === undefined || y === undefined) throw dataError('The JWK lacks "x" or "y"');
    return importHandle((owner) => ops.ecFromJwk(owner, curves[namedCurve], x, y, d));
  }

  return {
    __proto__: null,
    generateKey({ namedCurve }, extractable, usages) {
      checkUsages(usages, publicUsages | privateUsages, name);
      const curve = curves[namedCurve];
      if (curve === undefined) throw notSupported(`The curve "${namedCurve}" is not supported`);
      const generate = (privateOwner, publicOwner) => ops.ecGenerate(privateOwner, publicOwner, curve);
      return createPair(generate, { __proto__: null, name, namedCurve }, extractable, usages, publicUsages, privateUsages);
    },
    importKey(format, keyData, { namedCurve }, extractable, usages) {
      const curve = curves[namedCurve];
      let handle;
      let type = format === "pkcs8" ? "private" : "public";
      if (format === "jwk") {
        if (keyData.d !== undefined) type = "private";
        handle = fromJwk(keyData, namedCurve, extractable, usages);
      } else {
        checkUsages(usages, type === "public" ? publicUsages : privateUsages, `${name} that is ${type}`);
        handle = importHandle((owner) => ops.ecImport(owner, curve, format, keyData));
      }
      return createKey(type, extractable, { __proto__: null, name, namedCurve }, usages, handle);
    },
    exportKey(format, slots) {
      const { id } = slots.handle;
      if (format === "jwk") {
        const members = ops.keyToJwk(id);
        const jwk = { __proto__: null, kty: "EC", crv: slots.algorithm.namedCurve, x: members[0], y: members[1] };
        if (slots.type === "private") jwk.d = members[2];
        return createJwk(jwk, slots);
      }
      requireType(slots, format === "pkcs8" ? "private" : "public");
      return ops.ecExport(id, format === "raw");
    },
  };
}

export const ecdsa = keyOperations("ECDSA", "sig", kVerify, kSign);

ecdsa.sign = ({ hash }, slots, data) => {
  requireType(slots, "private");
  return checked(ops.ecdsaSign(slots.handle.id, hashNumber(hash), data), "The data could not be signed");
};

ecdsa.verify = ({ hash }, slots, signature, data) => {
  requireType(slots, "public");
  return ops.ecdsaVerify(slots.handle.id, hashNumber(hash), signature, data);
};

export const ecdh = keyOperations("ECDH", "enc", 0, kDeriveKey | kDeriveBits);

ecdh.deriveBits = (algorithm, slots, length) => {
  const peer = keySlots(algorithm.public);
  requireType(slots, "private");
  requireType(peer, "public");
  if (peer.algorithm.name !== "ECDH") throw invalidAccess("The public key is not for ECDH");
  if (peer.algorithm.namedCurve !== slots.algorithm.namedCurve) throw invalidAccess("The keys are on different curves");
  return firstBits(checked(ops.ecdhDerive(slots.handle.id, peer.handle.id), "The keys have no secret in common"), length);
};

const keyParameters = { __proto__: null, generateKey: "EcKeyGenParams", importKey: "EcKeyImportParams", exportKey: null };
registerAlgorithm("ECDSA", { ...keyParameters, sign: "EcdsaParams", verify: "EcdsaParams" });
registerAlgorithm("ECDH", { ...keyParameters, deriveBits: "EcdhKeyDeriveParams" });
