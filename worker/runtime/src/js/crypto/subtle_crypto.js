// SubtleCrypto (https://w3c.github.io/webcrypto/#subtlecrypto-interface). The work is done before a method returns its promise: a
// worker has one thread for everything.

import { copyBytes } from "../fetch/body_source.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, converters, createEnumConverter, illegalConstructor, illegalInvocation, isArrayBuffer,
  isObject, kInternal, requireArguments,
} from "../webidl.js";
import { aesCbc, aesCtr, aesGcm, aesKw } from "./algorithms/aes.js";
import { hkdf, pbkdf2 } from "./algorithms/derivation.js";
import { ecdh, ecdsa } from "./algorithms/ec.js";
import { digest } from "./algorithms/hash.js";
import { hmac } from "./algorithms/hmac.js";
import { ed25519, x25519 } from "./algorithms/okp.js";
import { rsaOaep, rsaPkcs1, rsaPss } from "./algorithms/rsa.js";
import { wipe } from "./algorithms/secret.js";
import { isCryptoKey, keySlots, toCryptoKey } from "./crypto_key.js";
import { invalidAccess, notSupported, syntaxError } from "./errors.js";
import { jwkBytes, parseJwk, toJsonWebKey } from "./jwk.js";
import {
  kDecrypt, kDeriveBits, kDeriveKey, kEncrypt, kSign, kUnwrapKey, kVerify, kWrapKey, toUsages,
} from "./key_usages.js";
import { normalizeAlgorithm, supports, toAlgorithmIdentifier } from "./normalize.js";

const {
  ArrayBufferIsView, DataViewPrototypeGetByteLength, PromiseReject, PromiseResolve, TypeError, Uint8Array,
  ArrayBufferPrototypeGetByteLength, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetSymbolToStringTag,
} = primordials;

const { BufferSource } = converters;
const toKeyFormat = createEnumConverter("KeyFormat", ["raw", "spki", "pkcs8", "jwk"]);

const algorithms = {
  __proto__: null,
  "AES-CBC": aesCbc,
  "AES-CTR": aesCtr,
  "AES-GCM": aesGcm,
  "AES-KW": aesKw,
  ECDH: ecdh,
  ECDSA: ecdsa,
  Ed25519: ed25519,
  HKDF: hkdf,
  HMAC: hmac,
  PBKDF2: pbkdf2,
  "RSA-OAEP": rsaOaep,
  "RSA-PSS": rsaPss,
  "RSASSA-PKCS1-v1_5": rsaPkcs1,
  X25519: x25519,
};

const prefixes = { __proto__: null };
const methods = [
  "encrypt", "decrypt", "sign", "verify", "digest", "generateKey", "deriveKey", "deriveBits", "importKey", "exportKey", "wrapKey",
  "unwrapKey", "timingSafeEqual",
];
for (let i = 0; i < methods.length; i++) prefixes[methods[i]] = `Failed to execute '${methods[i]}' on 'SubtleCrypto'`;

// Throws unless the key is for this algorithm and may be used so.
function checkKey(slots, algorithm, usage) {
  if (slots.algorithm.name !== algorithm.name) {
    throw invalidAccess(`The key is for ${slots.algorithm.name}, not for ${algorithm.name}`);
  }
  if ((slots.usages & usage) === 0) throw invalidAccess("The key's usages do not permit this");
}

// A secret or private key must be of some use.
function checkSomeUsage(key) {
  const slots = keySlots(key);
  if (slots.type !== "public" && slots.usages === 0) throw syntaxError("A key that is not public needs usages");
  return key;
}

function translate(operation, usage, algorithm, key, data) {
  const prefix = prefixes[operation];
  const identifier = toAlgorithmIdentifier(algorithm, prefix, "Argument 1");
  const slots = keySlots(toCryptoKey(key, prefix, "Argument 2"));
  const source = BufferSource(data, prefix, "Argument 3");
  const normalized = normalizeAlgorithm(identifier, operation, prefix);
  checkKey(slots, normalized, usage);
  return algorithms[normalized.name][operation](normalized, slots, source);
}

function verify(algorithm, key, signature, data) {
  const prefix = prefixes.verify;
  const identifier = toAlgorithmIdentifier(algorithm, prefix, "Argument 1");
  const slots = keySlots(toCryptoKey(key, prefix, "Argument 2"));
  const signatureSource = BufferSource(signature, prefix, "Argument 3");
  const source = BufferSource(data, prefix, "Argument 4");
  const normalized = normalizeAlgorithm(identifier, "verify", prefix);
  checkKey(slots, normalized, kVerify);
  return algorithms[normalized.name].verify(normalized, slots, signatureSource, source);
}

function generateKey(algorithm, extractable, keyUsages) {
  const prefix = prefixes.generateKey;
  const identifier = toAlgorithmIdentifier(algorithm, prefix, "Argument 1");
  const usages = toUsages(keyUsages, prefix, "Argument 3");
  const normalized = normalizeAlgorithm(identifier, "generateKey", prefix);
  const result = algorithms[normalized.name].generateKey(normalized, !!extractable, usages);
  checkSomeUsage(isCryptoKey(result) ? result : result.privateKey);
  return result;
}

function deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
  const prefix = prefixes.deriveKey;
  const identifier = toAlgorithmIdentifier(algorithm, prefix, "Argument 1");
  const slots = keySlots(toCryptoKey(baseKey, prefix, "Argument 2"));
  const typeIdentifier = toAlgorithmIdentifier(derivedKeyType, prefix, "Argument 3");
  const usages = toUsages(keyUsages, prefix, "Argument 5");
  const normalized = normalizeAlgorithm(identifier, "deriveBits", prefix);
  const imported = normalizeAlgorithm(typeIdentifier, "importKey", prefix);
  const sized = normalizeAlgorithm(typeIdentifier, "get key length", prefix);
  checkKey(slots, normalized, kDeriveKey);
  const length = algorithms[sized.name].getKeyLength(sized);
  const secret = algorithms[normalized.name].deriveBits(normalized, slots, length);
  try {
    return checkSomeUsage(algorithms[imported.name].importKey("raw", new Uint8Array(secret), imported, !!extractable, usages));
  } finally {
    wipe(secret);
  }
}

function deriveBits(algorithm, baseKey, length) {
  const prefix = prefixes.deriveBits;
  const identifier = toAlgorithmIdentifier(algorithm, prefix, "Argument 1");
  const slots = keySlots(toCryptoKey(baseKey, prefix, "Argument 2"));
  const bits = length === undefined || length === null ? null : converters["unsigned long"](length, prefix, "Argument 3");
  const normalized = normalizeAlgorithm(identifier, "deriveBits", prefix);
  checkKey(slots, normalized, kDeriveBits);
  return algorithms[normalized.name].deriveBits(normalized, slots, bits);
}

/** `importKey()` without a promise. */
export function importKey(format, keyData, algorithm, extractable, keyUsages) {
  const prefix = prefixes.importKey;
  const keyFormat = toKeyFormat(format, prefix, "Argument 1");
  const isBytes = ArrayBufferIsView(keyData) || isArrayBuffer(keyData);
  const source = isBytes ? BufferSource(keyData, prefix, "Argument 2") : toJsonWebKey(keyData, prefix, "Argument 2");
  const identifier = toAlgorithmIdentifier(algorithm, prefix, "Argument 3");
  const usages = toUsages(keyUsages, prefix, "Argument 5");
  const normalized = normalizeAlgorithm(identifier, "importKey", prefix);
  if (isBytes === (keyFormat === "jwk")) {
    throw new TypeError(`${prefix}: Argument 2 is ${isBytes ? "bytes" : "an object"}, which the format "${keyFormat}" is not`);
  }
  const data = isBytes ? copyBytes(source) : source;
  return checkSomeUsage(algorithms[normalized.name].importKey(keyFormat, data, normalized, !!extractable, usages));
}

// "exportKey" for a key that was converted: an ArrayBuffer or a JWK.
function exportSlots(format, slots) {
  const { name } = slots.algorithm;
  if (!supports(name, "exportKey")) throw notSupported(`Keys for ${name} cannot be exported`);
  if (!slots.extractable) throw invalidAccess("The key is not extractable");
  return algorithms[name].exportKey(format, slots);
}

// wrapKey and unwrapKey are done with algorithms that have these operations, or that encrypt.
function normalizeWrapping(identifier, operation, otherwise, prefix) {
  try {
    return [operation, normalizeAlgorithm(identifier, operation, prefix)];
  } catch {
    return [otherwise, normalizeAlgorithm(identifier, otherwise, prefix)];
  }
}

function wrapKey(format, key, wrappingKey, wrapAlgorithm) {
  const prefix = prefixes.wrapKey;
  const keyFormat = toKeyFormat(format, prefix, "Argument 1");
  const slots = keySlots(toCryptoKey(key, prefix, "Argument 2"));
  const wrappingSlots = keySlots(toCryptoKey(wrappingKey, prefix, "Argument 3"));
  const identifier = toAlgorithmIdentifier(wrapAlgorithm, prefix, "Argument 4");
  const wrapping = normalizeWrapping(identifier, "wrapKey", "encrypt", prefix);
  const operation = wrapping[0];
  const normalized = wrapping[1];
  checkKey(wrappingSlots, normalized, kWrapKey);
  const exported = exportSlots(keyFormat, slots);
  const bytes = keyFormat === "jwk" ? jwkBytes(exported) : new Uint8Array(exported);
  try {
    return algorithms[normalized.name][operation](normalized, wrappingSlots, bytes);
  } finally {
    wipe(primordials.TypedArrayPrototypeGetBuffer(bytes));
  }
}

function unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
  const prefix = prefixes.unwrapKey;
  const keyFormat = toKeyFormat(format, prefix, "Argument 1");
  const source = BufferSource(wrappedKey, prefix, "Argument 2");
  const slots = keySlots(toCryptoKey(unwrappingKey, prefix, "Argument 3"));
  const identifier = toAlgorithmIdentifier(unwrapAlgorithm, prefix, "Argument 4");
  const keyIdentifier = toAlgorithmIdentifier(unwrappedKeyAlgorithm, prefix, "Argument 5");
  const usages = toUsages(keyUsages, prefix, "Argument 7");
  const wrapping = normalizeWrapping(identifier, "unwrapKey", "decrypt", prefix);
  const operation = wrapping[0];
  const normalized = wrapping[1];
  const keyAlgorithm = normalizeAlgorithm(keyIdentifier, "importKey", prefix);
  checkKey(slots, normalized, kUnwrapKey);
  const bytes = algorithms[normalized.name][operation](normalized, slots, source);
  try {
    const data = keyFormat === "jwk" ? parseJwk(bytes) : new Uint8Array(bytes);
    return checkSomeUsage(algorithms[keyAlgorithm.name].importKey(keyFormat, data, keyAlgorithm, !!extractable, usages));
  } finally {
    wipe(bytes);
  }
}

function byteLength(source) {
  if (!ArrayBufferIsView(source)) return ArrayBufferPrototypeGetByteLength(source);
  const isDataView = TypedArrayPrototypeGetSymbolToStringTag(source) === undefined;
  return isDataView ? DataViewPrototypeGetByteLength(source) : TypedArrayPrototypeGetByteLength(source);
}

export class SubtleCrypto {
  #brand;

  constructor(brand = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
  }

  // A method's result as a promise, or its error.
  static #promise(subtle, operation, count, required, run) {
    try {
      if (!isObject(subtle) || !(#brand in subtle)) throw illegalInvocation("SubtleCrypto");
      requireArguments(count, required, prefixes[operation]);
      return PromiseResolve(run());
    } catch (error) {
      return PromiseReject(error);
    }
  }

  encrypt(algorithm, key, data) {
    return SubtleCrypto.#promise(this, "encrypt", arguments.length, 3, () => translate("encrypt", kEncrypt, algorithm, key, data));
  }

  decrypt(algorithm, key, data) {
    return SubtleCrypto.#promise(this, "decrypt", arguments.length, 3, () => translate("decrypt", kDecrypt, algorithm, key, data));
  }

  sign(algorithm, key, data) {
    return SubtleCrypto.#promise(this, "sign", arguments.length, 3, () => translate("sign", kSign, algorithm, key, data));
  }

  verify(algorithm, key, signature, data) {
    return SubtleCrypto.#promise(this, "verify", arguments.length, 4, () => verify(algorithm, key, signature, data));
  }

  digest(algorithm, data) {
    return SubtleCrypto.#promise(this, "digest", arguments.length, 2, () => {
      const identifier = toAlgorithmIdentifier(algorithm, prefixes.digest, "Argument 1");
      const source = BufferSource(data, prefixes.digest, "Argument 2");
      return digest(normalizeAlgorithm(identifier, "digest", prefixes.digest), source);
    });
  }

  generateKey(algorithm, extractable, keyUsages) {
    return SubtleCrypto.#promise(this, "generateKey", arguments.length, 3, () => generateKey(algorithm, extractable, keyUsages));
  }

  deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    return SubtleCrypto.#promise(this, "deriveKey", arguments.length, 5, () =>
      deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages));
  }

  deriveBits(algorithm, baseKey, length = null) {
    return SubtleCrypto.#promise(this, "deriveBits", arguments.length, 2, () => deriveBits(algorithm, baseKey, length));
  }

  importKey(format, keyData, algorithm, extractable, keyUsages) {
    return SubtleCrypto.#promise(this, "importKey", arguments.length, 5, () =>
      importKey(format, keyData, algorithm, extractable, keyUsages));
  }

  exportKey(format, key) {
    return SubtleCrypto.#promise(this, "exportKey", arguments.length, 2, () => {
      const keyFormat = toKeyFormat(format, prefixes.exportKey, "Argument 1");
      return exportSlots(keyFormat, keySlots(toCryptoKey(key, prefixes.exportKey, "Argument 2")));
    });
  }

  wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    return SubtleCrypto.#promise(this, "wrapKey", arguments.length, 4, () => wrapKey(format, key, wrappingKey, wrapAlgorithm));
  }

  unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
    return SubtleCrypto.#promise(this, "unwrapKey", arguments.length, 7, () =>
      unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages));
  }

  // NANO: not in the standard; as Cloudflare Workers have it.
  timingSafeEqual(a, b) {
    if (!(#brand in this)) throw illegalInvocation("SubtleCrypto");
    const prefix = prefixes.timingSafeEqual;
    requireArguments(arguments.length, 2, prefix);
    const left = BufferSource(a, prefix, "Argument 1");
    const right = BufferSource(b, prefix, "Argument 2");
    if (byteLength(left) !== byteLength(right)) throw new TypeError(`${prefix}: The arguments differ in length`);
    return ops.timingSafeEqual(left, right);
  }
}

configureInterface(SubtleCrypto);

export const subtle = new SubtleCrypto(kInternal);
