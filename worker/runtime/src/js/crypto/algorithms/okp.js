// Ed25519 and X25519 (https://w3c.github.io/webcrypto/#ed25519 and #x25519).

import { ops } from "../../ops.js";
import { createKey, keySlots } from "../crypto_key.js";
import { dataError, invalidAccess } from "../errors.js";
import { checkJwk, createJwk } from "../jwk.js";
import { checkUsages, kDeriveBits, kDeriveKey, kSign, kVerify } from "../key_usages.js";
import { registerAlgorithm } from "../normalize.js";
import { createPair, importHandle, requireType } from "./pair.js";
import { checked, firstBits } from "./secret.js";

// `curve`: as numbered in ../../../ops/subtle/octet_keys.rs.
function keyOperations(name, curve, use, publicUsages, privateUsages) {
  const algorithm = { __proto__: null, name };

  function fromJwk(jwk, extractable, usages) {
    const { crv, x, d, alg } = jwk;
    const type = d === undefined ? "public" : "private";
    checkUsages(usages, type === "public" ? publicUsages : privateUsages, `${name} that is ${type}`);
    checkJwk(jwk, "OKP", use, extractable, usages);
    if (crv !== name) throw dataError(`The JWK's "crv" is not "${name}"`);
    if (name === "Ed25519" && alg !== undefined && alg !== "Ed25519" && alg !== "EdDSA") {
      throw dataError('The JWK\'s "alg" is neither "Ed25519" nor "EdDSA"');
    }
    if (x === undefined) throw dataError('The JWK lacks "x"');
    return importHandle((owner) => ops.octetFromJwk(owner, curve, x, d));
  }

  return {
    __proto__: null,
    generateKey(_, extractable, usages) {
      checkUsages(usages, publicUsages | privateUsages, name);
      const generate = (privateOwner, publicOwner) => ops.octetGenerate(privateOwner, publicOwner, curve);
      return createPair(generate, algorithm, extractable, usages, publicUsages, privateUsages);
    },
    importKey(format, keyData, _, extractable, usages) {
      let handle;
      let type = format === "pkcs8" ? "private" : "public";
      if (format === "jwk") {
        if (keyData.d !== undefined) type = "private";
        handle = fromJwk(keyData, extractable, usages);
      } else {
        checkUsages(usages, type === "public" ? publicUsages : privateUsages, `${name} that is ${type}`);
        handle = importHandle((owner) => ops.octetImport(owner, curve, format, keyData));
      }
      return createKey(type, extractable, algorithm, usages, handle);
    },
    exportKey(format, slots) {
      const { id } = slots.handle;
      if (format === "jwk") {
        const members = ops.keyToJwk(id);
        const jwk = { __proto__: null, kty: "OKP", crv: name, x: members[0] };
        if (name === "Ed25519") jwk.alg = name;
        if (slots.type === "private") jwk.d = members[1];
        return createJwk(jwk, slots);
      }
      requireType(slots, format === "pkcs8" ? "private" : "public");
      return ops.octetExport(id, format === "raw");
    },
  };
}

export const ed25519 = keyOperations("Ed25519", 0, "sig", kVerify, kSign);

ed25519.sign = (_, slots, data) => {
  requireType(slots, "private");
  return checked(ops.ed25519Sign(slots.handle.id, data), "The data could not be signed");
};

ed25519.verify = (_, slots, signature, data) => {
  requireType(slots, "public");
  return ops.ed25519Verify(slots.handle.id, signature, data);
};

export const x25519 = keyOperations("X25519", 1, "enc", 0, kDeriveKey | kDeriveBits);

x25519.deriveBits = (algorithm, slots, length) => {
  const peer = keySlots(algorithm.public);
  requireType(slots, "private");
  requireType(peer, "public");
  if (peer.algorithm.name !== "X25519") throw invalidAccess("The public key is not for X25519");
  return firstBits(checked(ops.x25519Derive(slots.handle.id, peer.handle.id), "The keys have no secret in common"), length);
};

const keyParameters = { __proto__: null, generateKey: null, importKey: null, exportKey: null };
registerAlgorithm("Ed25519", { ...keyParameters, sign: null, verify: null });
registerAlgorithm("X25519", { ...keyParameters, deriveBits: "EcdhKeyDeriveParams" });
