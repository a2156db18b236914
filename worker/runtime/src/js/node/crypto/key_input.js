// Keys as arguments: KeyObjects, CryptoKeys, texts, bytes and JSON Web Keys (nodejs.org/api/crypto.html#cryptocreateprivatekeykey).

import { isCryptoKey } from "../../crypto/crypto_key.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { encodingNumber } from "../buffer/encodings.js";
import { invalidArgType, invalidArgValue, typeError } from "../internal/errors.js";
import { validateObject, validateString } from "../internal/validators.js";
import { keyEncoding } from "./key_encoding.js";
import { fromCryptoKey, handleOf, isKeyObject, keyObject, makeHandle, publicHandle, secretOf, typeOf, wrongType } from "./keys.js";
import { badDecrypt, bytesOf, isBytes, opensslError, unsupportedKey } from "./util.js";

const { ArrayPrototypeJoin, ArrayPrototypePush } = primordials;

/** What a key is wanted for. */
export const kPublicOrPrivate = 0;
export const kPrivate = 1;
const kCreatePublic = 2;
const kCreatePrivate = 3;

const bytesKinds = ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"];
const allKinds = ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView", "KeyObject", "CryptoKey"];

/** Node.js's prepareSecretKey: the bytes of what a MAC or a cipher is keyed with. */
export function secretBytes(key, encoding = undefined) {
  if (isKeyObject(key) || isCryptoKey(key)) return secretOf(key);
  if (typeof key !== "string" && !isBytes(key)) throw invalidArgType("key", allKinds, key);
  return bytesOf(key, "key", encoding);
}

function handleFor(key, purpose) {
  if (purpose === kCreatePrivate) throw invalidArgType("key", bytesKinds, key);
  const object = isCryptoKey(key) ? fromCryptoKey(key) : key;
  const type = typeOf(object);
  if (type !== "private") {
    if (purpose === kPrivate || purpose === kCreatePublic) throw wrongType(type, "private");
    if (type !== "public") throw wrongType(type, "private or public");
  }
  const handle = handleOf(object);
  return purpose === kCreatePublic ? publicHandle(handle) : handle;
}

function invalidJwk(message) {
  return typeError("ERR_CRYPTO_INVALID_JWK", message);
}

function oneOf(name, value, list) {
  for (let at = 0; at < list.length; at++) {
    if (list[at] === value) return;
  }
  throw invalidArgValue(name, value, `must be one of: '${ArrayPrototypeJoin(list, "', '")}'`);
}

function number(jwk, name) {
  validateString(jwk[name], `key.${name}`);
  return ops.textToBytes(jwk[name], encodingNumber("base64url"));
}

function numbersOf(jwk, names) {
  const numbers = [];
  for (let at = 0; at < names.length; at++) ArrayPrototypePush(numbers, number(jwk, names[at]));
  return numbers;
}

const privateRsa = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];

function fromJwk(jwk, purpose) {
  validateObject(jwk, "key");
  oneOf("key.kty", jwk.kty, ["RSA", "EC", "OKP"]);
  const wantsPublic = purpose === kPublicOrPrivate || purpose === kCreatePublic;
  const isPrivate = !wantsPublic || (purpose === kPublicOrPrivate && jwk.d !== undefined);
  let kind = "rsa";
  let numbers;
  let message = "Invalid JWK RSA key";
  if (jwk.kty === "RSA") {
    numbers = numbersOf(jwk, isPrivate ? privateRsa : ["n", "e"]);
  } else if (jwk.kty === "EC") {
    validateString(jwk.crv, "key.crv");
    oneOf("key.crv", jwk.crv, ["P-256", "secp256k1", "P-384", "P-521"]);
    kind = jwk.crv;
    numbers = numbersOf(jwk, isPrivate ? ["x", "y", "d"] : ["x", "y"]);
    message = "Invalid JWK EC key";
  } else {
    validateString(jwk.crv, "key.crv");
    oneOf("key.crv", jwk.crv, ["Ed25519", "Ed448", "X25519", "X448"]);
    kind = jwk.crv === "Ed25519" ? "ed25519" : "x25519";
    if (jwk.crv !== "Ed25519" && jwk.crv !== "X25519") throw unsupportedKey();
    numbers = numbersOf(jwk, isPrivate ? ["x", "d"] : ["x"]);
    message = "Invalid JWK data";
  }
  const { handle, made } = makeHandle((owner) => ops.nodeKeyFromNumbers(owner, kind, isPrivate, numbers));
  if (made === undefined) throw invalidJwk(message);
  return handle;
}

/** Why a key could not be read, by the native's word for it. */
function unread(word, isDer) {
  switch (word) {
    case "passphrase": {
      const reason = "interrupted or cancelled";
      return opensslError("ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED", "07880109", "common libcrypto routines", reason);
    }
    case "decrypt":
      return badDecrypt();
    default:
      return isDer ? opensslError("ERR_OSSL_ASN1_WRONG_TAG", "068000A8", "asn1 encoding routines", "wrong tag") : unsupportedKey();
  }
}

function parse(data, encoding, purpose) {
  const { format, type, passphrase } = encoding;
  const form = format === "der" ? type : "pem";
  const isPrivate = purpose === kPrivate || purpose === kCreatePrivate;
  const { handle, made } = makeHandle((owner) => ops.nodeKeyParse(owner, isPrivate, form, data, passphrase));
  if (typeof made !== "number") throw unread(made, format === "der");
  return handle;
}

/** The native key that an argument names. */
export function asymmetricKey(key, purpose) {
  if (isKeyObject(key) || isCryptoKey(key)) return handleFor(key, purpose);
  if (typeof key === "string" || isBytes(key)) return parse(bytesOf(key, "key"), { __proto__: null, format: "pem" }, purpose);
  const kinds = purpose === kCreatePrivate ? bytesKinds : allKinds;
  if (typeof key !== "object" || key === null) throw invalidArgType("key", kinds, key);
  const data = key.key;
  if (isKeyObject(data) || isCryptoKey(data)) return handleFor(data, purpose);
  if (key.format === "jwk") {
    validateObject(data, "key.key");
    return fromJwk(data, purpose);
  }
  if (typeof data !== "string" && !isBytes(data)) throw invalidArgType("key.key", kinds, data);
  const isPublic = purpose === kPrivate || purpose === kCreatePrivate ? false : undefined;
  return parse(bytesOf(data, "key", key.encoding), keyEncoding(key, undefined, isPublic), purpose);
}

export function createPublicKey(key) {
  return keyObject("public", asymmetricKey(key, kCreatePublic));
}

export function createPrivateKey(key) {
  return keyObject("private", asymmetricKey(key, kCreatePrivate));
}
