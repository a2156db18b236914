// "Normalizing an algorithm" (https://w3c.github.io/webcrypto/#algorithm-normalization-normalize-an-algorithm).

import { copyBytes } from "../fetch/body_source.js";
import { primordials } from "../primordials.js";
import { converters, createDictionaryConverter, isObject } from "../webidl.js";
import { toCryptoKey } from "./crypto_key.js";
import { notSupported } from "./errors.js";

const { RegExpPrototypeExec, StringPrototypeToUpperCase } = primordials;

const { BufferSource, DOMString, Uint8Array: BigInteger } = converters;
const octet = converters.octet.enforceRange;
const unsignedShort = converters["unsigned short"].enforceRange;
const unsignedLong = converters["unsigned long"].enforceRange;

/** AlgorithmIdentifier, `(object or DOMString)`. */
export function toAlgorithmIdentifier(value, prefix, context) {
  return isObject(value) ? value : DOMString(value, prefix, context);
}

const algorithm = [{ key: "name", converter: DOMString, required: true }];
const toAlgorithm = createDictionaryConverter("Algorithm", algorithm);

function dictionary(name, ...levels) {
  // eslint-disable-next-line no-restricted-syntax -- runs while the snapshot is made
  return createDictionaryConverter(name, algorithm, ...levels);
}

const hash = { key: "hash", converter: toAlgorithmIdentifier, required: true };
const namedCurve = { key: "namedCurve", converter: DOMString, required: true };
const rsaKeyGenParams = [
  { key: "modulusLength", converter: unsignedLong, required: true },
  { key: "publicExponent", converter: BigInteger, required: true },
];

/** The dictionaries, by their names in the standard. */
const dictionaries = {
  __proto__: null,
  AesCbcParams: dictionary("AesCbcParams", [{ key: "iv", converter: BufferSource, required: true }]),
  AesCtrParams: dictionary("AesCtrParams", [
    { key: "counter", converter: BufferSource, required: true },
    { key: "length", converter: octet, required: true },
  ]),
  AesGcmParams: dictionary("AesGcmParams", [
    { key: "iv", converter: BufferSource, required: true },
    { key: "additionalData", converter: BufferSource },
    { key: "tagLength", converter: octet },
  ]),
  AesKeyGenParams: dictionary("AesKeyGenParams", [{ key: "length", converter: unsignedShort, required: true }]),
  AesDerivedKeyParams: dictionary("AesDerivedKeyParams", [{ key: "length", converter: unsignedShort, required: true }]),
  EcKeyGenParams: dictionary("EcKeyGenParams", [namedCurve]),
  EcKeyImportParams: dictionary("EcKeyImportParams", [namedCurve]),
  EcdsaParams: dictionary("EcdsaParams", [hash]),
  EcdhKeyDeriveParams: dictionary("EcdhKeyDeriveParams", [{ key: "public", converter: toCryptoKey, required: true }]),
  HkdfParams: dictionary("HkdfParams", [
    hash,
    { key: "salt", converter: BufferSource, required: true },
    { key: "info", converter: BufferSource, required: true },
  ]),
  HmacImportParams: dictionary("HmacImportParams", [hash, { key: "length", converter: unsignedLong }]),
  HmacKeyGenParams: dictionary("HmacKeyGenParams", [hash, { key: "length", converter: unsignedLong }]),
  Pbkdf2Params: dictionary("Pbkdf2Params", [
    { key: "salt", converter: BufferSource, required: true },
    { key: "iterations", converter: unsignedLong, required: true },
    hash,
  ]),
  RsaHashedImportParams: dictionary("RsaHashedImportParams", [hash]),
  RsaHashedKeyGenParams: dictionary("RsaHashedKeyGenParams", rsaKeyGenParams, [hash]),
  RsaOaepParams: dictionary("RsaOaepParams", [{ key: "label", converter: BufferSource }]),
  RsaPssParams: dictionary("RsaPssParams", [{ key: "saltLength", converter: unsignedLong, required: true }]),
};

// Operation → name in upper case → { name, parameters }.
const registered = { __proto__: null };

/** "Define an algorithm": `operations` names a dictionary for each operation, null where there is none beyond the name. */
export function registerAlgorithm(name, operations) {
  for (const operation in operations) {
    registered[operation] ??= { __proto__: null };
    const parameters = operations[operation];
    registered[operation][StringPrototypeToUpperCase(name)] = {
      __proto__: null, name, toParameters: parameters === null ? null : dictionaries[parameters],
    };
  }
}

/** Whether an algorithm has an operation; `name` as registered. */
export function supports(name, operation) {
  return find(name, operation) !== undefined;
}

const notAscii = /[^\0-\x7f]/;

// Case does not count, of ASCII letters.
function find(name, operation) {
  if (RegExpPrototypeExec(notAscii, name) !== null) return undefined;
  return registered[operation][StringPrototypeToUpperCase(name)];
}

/** The parameters in a null-prototype object: bytes are copied, hash functions are names. */
export function normalizeAlgorithm(identifier, operation, prefix) {
  const source = typeof identifier === "string" ? { __proto__: null, name: identifier } : identifier;
  const { name } = toAlgorithm(source, prefix, "The algorithm");
  const entry = find(name, operation);
  if (entry === undefined) throw notSupported(`${prefix}: Unrecognized algorithm name "${name}" for ${operation}`);
  if (entry.toParameters === null) return { __proto__: null, name: entry.name };
  const parameters = entry.toParameters(source, prefix, "The algorithm");
  parameters.name = entry.name;
  for (const key in parameters) {
    const value = parameters[key];
    if (key === "hash") parameters.hash = normalizeAlgorithm(value, "digest", prefix).name;
    else if (isObject(value) && key !== "public") parameters[key] = copyBytes(value);
  }
  return parameters;
}
