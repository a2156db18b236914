// ECDH and diffieHellman() (nodejs.org/api/crypto.html#class-ecdh).

import { copyBytes } from "../../fetch/body_source.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { invalidArgValue, plainError, rangeError, typeError } from "../internal/errors.js";
import { validateFunction, validateObject, validateString } from "../internal/validators.js";
import { handleOf, isKeyObject, typeOf, wrongType } from "./keys.js";
import { byteLength, bytesOf, copyBuffer, encode, invalidCurve, operationFailed, runLater } from "./util.js";

const { ArrayPrototypeSlice, ReflectConstruct, Symbol, TypedArrayPrototypeSubarray } = primordials;

const curves = ["prime256v1", "secp224r1", "secp256k1", "secp384r1", "secp521r1"];

export function getCurves() {
  return ArrayPrototypeSlice(curves);
}

function isCurve(name) {
  for (let at = 0; at < curves.length; at++) {
    if (curves[at] === name) return true;
  }
  return false;
}

function formOf(format) {
  if (!format) return "uncompressed";
  if (format === "compressed" || format === "hybrid" || format === "uncompressed") return format;
  throw typeError("ERR_CRYPTO_ECDH_INVALID_FORMAT", `Invalid ECDH format: ${format}`);
}

function invalidPair() {
  return rangeError("ERR_CRYPTO_INVALID_KEYPAIR", "Invalid key pair");
}

/** A number's bytes as OpenSSL gives them. */
function withoutZeros(bytes) {
  let at = 0;
  while (at < byteLength(bytes) - 1 && bytes[at] === 0) at++;
  return TypedArrayPrototypeSubarray(bytes, at);
}

const kPair = Symbol("kPair");

/** @this {any} */
export function ECDH(curve) {
  if (!new.target) return ReflectConstruct(ECDH, [curve]);
  validateString(curve, "curve");
  if (!isCurve(curve)) throw invalidCurve();
  this[kPair] = { __proto__: null, curve, private: undefined, public: undefined };
}

ECDH.prototype = {
  constructor: ECDH,

  generateKeys(encoding, format) {
    const pair = this[kPair];
    pair.private = ops.nodeEcGenerate(pair.curve);
    pair.public = ops.nodeEcPublic(pair.curve, pair.private);
    return this.getPublicKey(encoding, format);
  },

  computeSecret(otherPublicKey, inputEncoding, outputEncoding) {
    const peer = bytesOf(otherPublicKey, "otherPublicKey", inputEncoding);
    const pair = this[kPair];
    if (pair.private === undefined) throw invalidPair();
    const secret = ops.nodeEcAgree(pair.curve, pair.private, peer);
    if (secret === undefined) {
      throw plainError("ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", "Public key is not valid for specified curve");
    }
    return encode(secret, outputEncoding);
  },

  getPrivateKey(encoding) {
    const pair = this[kPair];
    if (pair.private === undefined) throw operationFailed("Failed to get ECDH private key");
    return encode(copyBuffer(pair.private), encoding);
  },

  getPublicKey(encoding, format) {
    const form = formOf(format);
    const pair = this[kPair];
    if (pair.public === undefined) throw operationFailed("Failed to get ECDH public key");
    return encode(ops.nodeEcConvert(pair.curve, pair.public, form), encoding);
  },

  setPrivateKey(key, encoding) {
    const bytes = copyBytes(bytesOf(key, "key", encoding));
    const pair = this[kPair];
    const point = ops.nodeEcPublic(pair.curve, bytes);
    if (point === undefined) throw rangeError("ERR_CRYPTO_INVALID_KEYTYPE", "Private key is not valid for specified curve.");
    pair.private = withoutZeros(bytes);
    pair.public = point;
  },

  setPublicKey(key, encoding) {
    const bytes = bytesOf(key, "key", encoding);
    const pair = this[kPair];
    const point = ops.nodeEcConvert(pair.curve, bytes, "uncompressed");
    if (point === undefined) throw operationFailed("Failed to convert Buffer to EC_POINT");
    pair.public = point;
  },
};

ECDH.convertKey = function convertKey(key, curve, inputEncoding, outputEncoding, format) {
  validateString(curve, "curve");
  const bytes = bytesOf(key, "key", inputEncoding);
  const form = formOf(format);
  if (!isCurve(curve)) throw invalidCurve();
  const point = ops.nodeEcConvert(curve, bytes, form);
  if (point === undefined) throw operationFailed("Failed to convert Buffer to EC_POINT");
  return encode(point, outputEncoding);
};

export function createECDH(curve) {
  return ReflectConstruct(ECDH, [curve]);
}

export function diffieHellman(options, callback) {
  validateObject(options, "options");
  if (callback !== undefined) validateFunction(callback, "callback");
  const { privateKey, publicKey } = options;
  if (!isKeyObject(privateKey)) throw invalidArgValue("options.privateKey", privateKey);
  if (!isKeyObject(publicKey)) throw invalidArgValue("options.publicKey", publicKey);
  if (typeOf(privateKey) !== "private") throw wrongType(typeOf(privateKey), "private");
  if (typeOf(publicKey) === "secret") throw wrongType("secret", "private or public");
  const own = handleOf(privateKey);
  const peer = handleOf(publicKey);
  if (own.kind !== peer.kind || (own.kind !== "ec" && own.kind !== "x25519")) {
    const kinds = `${own.kind} and ${peer.kind}`;
    throw plainError("ERR_CRYPTO_INCOMPATIBLE_KEY", `Incompatible key types for Diffie-Hellman: ${kinds}`);
  }
  const run = () => {
    const secret = ops.nodeAgree(own.id, peer.id);
    if (secret === undefined) throw operationFailed("diffieHellman failed");
    return encode(secret);
  };
  if (callback === undefined) return run();
  runLater(callback, run);
}
